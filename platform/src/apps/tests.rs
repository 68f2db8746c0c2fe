use super::Apps;
use crate::{
    Error, OrgScope,
    canvas::Origin,
    files::Files,
    sessions::{LogLimits, testing::*},
};
use alumia_protocol::{
    BlockId,
    apps::{App, AppQuery},
    blocks::{Content, CreateBlock},
    people::Role,
};
use serde_json::json;

struct Desk {
    house: House,
    apps: Apps,
    app: BlockId,
    note: BlockId,
    _folder: tempfile::TempDir,
}

async fn desk() -> Desk {
    let house = House::new().await;
    let canvas = house.canvas(&house.log(LogLimits::default()));
    let make = async |content: Content| {
        let new = CreateBlock { id: None, title: String::new(), content, position: None };
        canvas.create(&house.owner, house.project, new, Origin::default()).await.unwrap().id
    };
    let (app, note) = (make(Content::App(App::example())).await, make(markdown("note")).await);
    let folder = tempfile::tempdir().unwrap();
    let files = Files { root: folder.path().into(), projects: house.projects() };
    let apps = Apps::new(canvas, files, house.clock.clone());
    Desk { house, apps, app, note, _folder: folder }
}

fn sql(sql: &str) -> AppQuery {
    AppQuery { sql: sql.into(), params: vec![] }
}

#[tokio::test]
async fn an_app_keeps_what_it_is_told() {
    let Desk { house, apps, app, .. } = &desk().await;
    let (owner, clicks) = (&house.owner, "SELECT count(*) AS n FROM clicks");
    let none = apps.query(owner, *app, sql(clicks)).await;
    assert!(matches!(&none, Err(Error::BadRequest(words)) if words.contains("no such table")), "{none:?}");
    apps.execute(owner, *app, sql("CREATE TABLE clicks (at)")).await.unwrap();
    let put =
        AppQuery { sql: "INSERT INTO clicks VALUES (?1), (?2)".into(), params: vec![json!(1), json!("b")] };
    assert_eq!(apps.execute(owner, *app, put).await.unwrap().changes, 2);
    let viewer = house.member(Role::Viewer).await;
    let rows = apps.query(&viewer, *app, sql(clicks)).await.unwrap();
    assert_eq!((rows.columns, rows.rows), (vec!["n".to_owned()], vec![vec![json!(2)]]));
    let refused = apps.execute(&viewer, *app, sql("DELETE FROM clicks")).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let sly = apps.query(owner, *app, sql("DELETE FROM clicks")).await;
    assert!(matches!(sly, Err(Error::BadRequest(_))), "{sly:?}");
    assert_eq!(apps.query(owner, *app, sql(clicks)).await.unwrap().rows, [[json!(2)]]);
    let used = apps.files().room(house.org).await.unwrap().1;
    assert!(used >= 4096, "counted like files: {used}");
}

#[tokio::test]
async fn nobody_reaches_what_they_dont_see_or_what_is_no_app() {
    let Desk { house, apps, app, note, .. } = &desk().await;
    let (stranger, _) = house.neighbour().await;
    let gone = |done: Result<(), Error>| matches!(done, Err(Error::NotFound(_)));
    let all = async |scope: &OrgScope, block: BlockId| {
        [
            apps.open(scope, block).await.map(drop),
            apps.query(scope, block, sql("SELECT 1")).await.map(drop),
            apps.execute(scope, block, sql("CREATE TABLE t (a)")).await.map(drop),
        ]
    };
    assert!(all(&stranger, *app).await.into_iter().all(gone));
    assert!(all(&house.owner, *note).await.into_iter().all(gone));
    assert!(all(&house.owner, BlockId::new()).await.into_iter().all(gone));
}

#[tokio::test]
async fn a_frame_shows_the_app_as_it_was_when_it_was_opened() {
    let Desk { house, apps, app, .. } = &desk().await;
    let frame = apps.open(&house.owner, *app).await.unwrap();
    let secret = frame.url.strip_prefix("/apps/").and_then(|rest| rest.strip_suffix("/index.html")).unwrap();
    assert_eq!(apps.shown(secret).as_deref(), Some(&App::example()));
    assert_eq!(apps.shown(&secret.to_uppercase()), None);
    assert_ne!(apps.open(&house.owner, *app).await.unwrap().url, frame.url);
}
