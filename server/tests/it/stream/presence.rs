//! Who is here: seen by those who are too, and by nobody else.

use crate::support::{App, client::Answer, frames::Frames, people::Person};
use alumia_protocol::{
    TabId,
    keys::Scope,
    people::Role,
    presence::{Guest, Presence, Spot, Whereabouts},
};
use reqwest::Method;

async fn open(person: &Person, project: &str, tab: TabId) -> Frames {
    Frames::open(person.api(Method::GET, &format!("/projects/{project}/stream?tab={tab}"))).await
}

async fn report(person: &Person, project: &str, at: &Whereabouts) -> u16 {
    let request = person.api(Method::PUT, &format!("/projects/{project}/presence")).json(at);
    Answer::of(request).await.status
}

/// Reads until those who are here are as `wanted`.
async fn until(stream: &mut Frames, wanted: impl Fn(&[Guest]) -> bool) -> Vec<Guest> {
    loop {
        let frame = stream.next().await.expect("the stream goes on");
        if frame.event == "presence" {
            assert_eq!(frame.id, None, "where a reader goes on from is the log's");
            let guests = serde_json::from_str::<Presence>(&frame.data).unwrap().guests;
            if wanted(&guests) {
                return guests;
            }
        }
    }
}

#[tokio::test]
async fn people_see_each_other_come_point_and_go() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Shared").await;
    let mia = app.person("Mia").await;
    app.join(&mia, &ada, Role::Viewer).await;
    let (tab, other) = (TabId::new(), TabId::new());
    let mut hers = open(&ada, &project, tab).await;
    let alone = until(&mut hers, |guests| !guests.is_empty()).await;
    assert_eq!((alone.len(), alone[0].name.as_str(), alone[0].tab), (1, "Ada", tab));
    let mut theirs = open(&mia, &project, other).await;
    until(&mut hers, |guests| guests.len() == 2).await;

    let at = Whereabouts { tab: other, cursor: Some(Spot { x: -12.5, y: 40.0 }), selection: vec![] };
    // Whoever may only read is seen as well.
    assert_eq!(report(&mia, &project, &at).await, 200);
    let guests = until(&mut hers, |guests| guests.iter().any(|guest| guest.cursor.is_some())).await;
    assert_eq!((guests[1].name.as_str(), guests[1].cursor), ("Mia", at.cursor));
    assert_eq!(guests[1].user_id, mia.user);

    let still = Whereabouts { cursor: None, ..at.clone() };
    // Word of a tab that isn't the caller's changes nothing, nor does word from elsewhere.
    assert_eq!(report(&ada, &project, &still).await, 200);
    let elsewhere = ada.project("Elsewhere").await;
    assert_eq!(report(&ada, &elsewhere, &still).await, 200);
    assert_eq!(report(&mia, &app.person("Zoe").await.project("Hers").await, &at).await, 404);
    let mut third = open(&ada, &project, TabId::new()).await;
    let guests = until(&mut third, |guests| guests.len() == 3).await;
    assert_eq!(guests[1].cursor, at.cursor);

    drop(theirs.next().await);
    drop(theirs);
    let left = until(&mut hers, |guests| guests.len() == 2).await;
    assert!(left.iter().all(|guest| guest.name == "Ada"));
}

#[tokio::test]
async fn a_stream_without_a_tab_or_by_a_key_is_nobodys_presence() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Quiet").await;
    let program = app.program(&ada, &ada.org, &[Scope::ProjectsRead]).await;
    let path = format!("/projects/{project}/stream");
    let mut hers = open(&ada, &project, TabId::new()).await;
    until(&mut hers, |guests| guests.len() == 1).await;
    let with_tab = format!("{path}?tab={}", TabId::new());
    let mut program = Frames::open(program.api(Method::GET, &with_tab)).await;
    program.until("snapshot").await;
    let mut plain = Frames::open(ada.api(Method::GET, &path)).await;
    plain.until("snapshot").await;
    ada.block(&project).await;
    for stream in [&mut hers, &mut program, &mut plain] {
        let frames = stream.until("block.created").await;
        assert!(frames.iter().all(|frame| frame.event != "presence"), "{frames:?}");
    }
    let refused = ada.get(&format!("{path}?tab=here")).await;
    assert_eq!(refused.status, 400, "{refused}");
}
