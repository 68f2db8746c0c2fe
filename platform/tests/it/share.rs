//! Share links, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::{PASSWORD, sign_up_form};
use alumia_models::{Provider, builtin::Builtin};
use alumia_platform::{
    Error, OrgScope, Parts, Platform,
    audit::Origin,
    billing::Packages,
    canvas,
    clock::ManualClock,
    engine::EngineLimits,
    mail::Mailbox,
    models::Models,
    secrets::MasterKeys,
    share::{Piece, View},
    store::testing::TestStore,
};
use alumia_protocol::{
    BlockId, ProjectId, Timestamp,
    audit::AuditFilter,
    blocks::{Content, CreateBlock, UpdateBlock},
    dataspec::{Card, DataSpec, Markdown},
    projects::{CreateProject, Visibility},
    share::{MadeShare, NewShare, ShareExpiry, ShareMode},
    show::Show,
};
use alumia_sandbox::Disabled;
use futures::{Stream, StreamExt as _};
use std::{pin::Pin, sync::Arc, time::Duration};
use tempfile::TempDir;

const LIVE: NewShare = NewShare { expires_in: ShareExpiry::Never, files: false, mode: ShareMode::Live };
const FROZEN: NewShare = NewShare { mode: ShareMode::Frozen, ..LIVE };

/// What streams end within.
const SECOND: Duration = Duration::from_secs(1);

struct World {
    platform: Platform,
    store: TestStore,
    clock: ManualClock,
    ada: OrgScope,
    project: ProjectId,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), TestStore::new().await);
        let clock = ManualClock::new(Timestamp(1_790_000_000_000_000));
        let model: Arc<dyn Provider> = Arc::new(Builtin::with_pace(Duration::ZERO));
        let platform = Platform::build(Parts {
            store: store.store(),
            clock: Arc::new(clock.clone()),
            data_dir: folder.path().to_owned(),
            models: Models::new(vec![(model, vec![Builtin::model()])]),
            packages: Packages::new(&[], "scale").unwrap(),
            sandbox: Arc::new(Disabled::new("this is a test")),
            browsers: Arc::new(alumia_browser::Disabled::new("this is a test")),
            browsing: alumia_platform::browser::BrowsingLimits::default(),
            master_keys: MasterKeys::parse(&"07".repeat(32)).unwrap(),
            mail: Arc::new(Mailbox::new(Arc::new(clock.clone()))),
            net: alumia_net::Client::new().unwrap(),
            tools: None,
            limits: EngineLimits::default(),
        })
        .await
        .unwrap();
        let ada = person(&platform, "Ada").await;
        let new =
            CreateProject { name: "Rain".into(), prompt: "A secret prompt.".into(), ..Default::default() };
        let project = platform.projects.create(&ada, new).await.unwrap().id;
        Self { platform, store, clock, ada, project, _folder: folder }
    }

    async fn make(&self, new: NewShare) -> MadeShare {
        self.platform.shares.make(&self.ada, self.project, new).await.unwrap()
    }

    async fn put(&self, title: &str, content: Content) -> BlockId {
        let new = CreateBlock { id: None, title: title.into(), content, position: None };
        let made = self.platform.canvas.create(&self.ada, self.project, new, canvas::Origin::default()).await;
        made.unwrap().id
    }

    async fn note(&self, title: &str) -> BlockId {
        self.put(title, Content::Data(DataSpec::Markdown(Markdown { text: "Text.".into() }))).await
    }

    async fn open(&self, token: &str) -> View {
        self.platform.shares.open(token).await.unwrap()
    }

    /// What somebody with a dead link is told.
    async fn refusal(&self, token: &str) -> String {
        match self.platform.shares.open(token).await {
            Err(error @ Error::NotFound(_)) => format!("{error:?}"),
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("{token} opens something"),
        }
    }
}

async fn person(platform: &Platform, name: &str) -> OrgScope {
    let form = sign_up_form(name, &format!("{}@example.com", name.to_lowercase()));
    assert_eq!(form.password, PASSWORD);
    let signed = platform.identity.sign_up(form).await.unwrap();
    platform.orgs.scope(signed.user.id, &signed.org.slug).await.unwrap()
}

/// Somebody in Ada's organisation.
async fn member(world: &World, name: &str, role: &str) -> OrgScope {
    let theirs = person(&world.platform, name).await;
    let mut tx = world.store.begin().await.unwrap();
    for sql in [
        "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, 1)",
        "INSERT INTO workspace_members (org_id, workspace_id, user_id, created_at) \
         SELECT $1, id, $2, 1 FROM workspaces WHERE org_id = $1 AND is_default = 1 AND $3 <> ''",
    ] {
        sqlx::query(sql)
            .bind(world.ada.org_id().to_string())
            .bind(theirs.user_id().to_string())
            .bind(role.to_owned())
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    world.platform.orgs.scope(theirs.user_id(), "ada").await.unwrap()
}

type Pieces = Pin<Box<dyn Stream<Item = Piece> + Send>>;

async fn frame(pieces: &mut Pieces) -> Option<String> {
    let next = tokio::time::timeout(Duration::from_secs(5), pieces.next()).await;
    match next.expect("the stream says nothing") {
        Some(Piece::Frame(frame)) => Some(String::from_utf8(frame.to_vec()).unwrap()),
        Some(Piece::Lagged) => Some("lagged".into()),
        None => None,
    }
}

/// The stream has nothing more to say and ends at once.
async fn ends(pieces: &mut Pieces, what: &str) {
    let over = tokio::time::timeout(SECOND, async { while pieces.next().await.is_some() {} }).await;
    assert!(over.is_ok(), "{what}: the stream goes on");
}

#[tokio::test]
async fn a_link_is_shown_once_replaced_and_turned_off() {
    let world = World::new().await;
    let shares = &world.platform.shares;
    let state = shares.state(&world.ada, world.project).await.unwrap();
    assert!(!state.enabled && state.share.is_none(), "off by default");
    let first = world.make(LIVE).await;
    assert_eq!(first.token.len(), 72);
    assert!(first.url.ends_with(&format!("/share/{}", first.token)), "{}", first.url);
    assert_eq!(world.open(&first.token).await.shown().project.name, "Rain");
    let state = shares.state(&world.ada, world.project).await.unwrap();
    assert!(state.enabled && !serde_json::to_string(&state).unwrap().contains(&first.token));
    let kept: Vec<(String,)> =
        sqlx::query_as("SELECT token_hash FROM shares").fetch_all(world.store.read()).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].0.len() == 64 && !first.token.contains(&kept[0].0) && !kept[0].0.contains(&first.token));

    let second = world.make(NewShare { expires_in: ShareExpiry::Week, files: true, ..LIVE }).await;
    assert_ne!(second.token, first.token);
    world.refusal(&first.token).await;
    let week = second.share.expires_at.unwrap().millis_since(second.share.created_at);
    assert_eq!(week, 7 * 24 * 60 * 60 * 1_000);
    shares.turn_off(&world.ada, world.project).await.unwrap();
    shares.turn_off(&world.ada, world.project).await.unwrap();
    world.refusal(&second.token).await;
    assert!(!shares.state(&world.ada, world.project).await.unwrap().enabled);
    // Enabled again, the old ones stay dead.
    let third = world.make(LIVE).await;
    for dead in [&first, &second] {
        world.refusal(&dead.token).await;
    }
    world.open(&third.token).await;
    let lines =
        world.platform.audit.list(&world.ada, &AuditFilter::default(), None, 100).await.unwrap().items;
    let of = |action: &str| lines.iter().filter(|line| line.action == action).count();
    assert_eq!((of("project.shared"), of("project.unshared")), (3, 1));
    assert!(lines.iter().all(|line| !line.details.to_string().contains(&third.token)));
}

#[tokio::test]
async fn every_dead_link_is_told_the_same() {
    let world = World::new().await;
    let mut told = vec![world.refusal("").await, world.refusal("nonsense\0").await];
    told.push(world.refusal(&"0".repeat(72)).await);
    told.push(world.refusal(&"é".repeat(5_000)).await);
    let replaced = world.make(LIVE).await;
    let expired = world.make(NewShare { expires_in: ShareExpiry::Hour, ..LIVE }).await;
    told.push(world.refusal(&replaced.token).await);
    world.open(&expired.token).await;
    world.clock.advance(Duration::from_secs(3_599));
    world.open(&expired.token).await;
    world.clock.advance(Duration::from_secs(1));
    told.push(world.refusal(&expired.token).await);
    assert!(!world.platform.shares.state(&world.ada, world.project).await.unwrap().enabled);
    let off = world.make(FROZEN).await;
    world.platform.shares.turn_off(&world.ada, world.project).await.unwrap();
    told.push(world.refusal(&off.token).await);
    let deleted = world.make(LIVE).await;
    world.platform.projects.delete(&world.ada, world.project).await.unwrap();
    told.push(world.refusal(&deleted.token).await);
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn who_says_who_sees_a_project_shares_it() {
    let world = World::new().await;
    let shares = &world.platform.shares;
    for (name, role, may) in [
        ("Vera", "viewer", false),
        ("Ben", "billing", false),
        ("Mia", "member", false),
        ("Amy", "admin", true),
    ] {
        let scope = member(&world, name, role).await;
        let made = shares.make(&scope, world.project, LIVE).await;
        assert_eq!(made.is_ok(), may, "{role}: {made:?}");
        assert!(may || matches!(made, Err(Error::Forbidden { reason: "role", .. })), "{role}: {made:?}");
        assert_eq!(shares.turn_off(&scope, world.project).await.is_ok(), may, "{role}");
        assert!(shares.state(&scope, world.project).await.is_ok(), "{role} sees the project");
    }
    let mia = world.platform.orgs.scope(person(&world.platform, "Max").await.user_id(), "max").await.unwrap();
    assert!(matches!(shares.make(&mia, world.project, LIVE).await, Err(Error::NotFound(_))));
    assert!(matches!(shares.state(&mia, world.project).await, Err(Error::NotFound(_))));
    // A member shares what they made, also what only they see.
    let maker = member(&world, "Moe", "member").await;
    let new = CreateProject { name: "Own".into(), visibility: Visibility::Private, ..Default::default() };
    let own = world.platform.projects.create(&maker, new).await.unwrap().id;
    let made = shares.make(&maker, own, LIVE).await.unwrap();
    assert_eq!(world.open(&made.token).await.shown().project.id, own);
}

#[tokio::test]
async fn a_live_link_follows_and_a_frozen_one_does_not() {
    let world = World::new().await;
    let before = world.note("Before").await;
    let frozen = world.make(FROZEN).await;
    let kept = world.open(&frozen.token).await;
    let block = world.platform.canvas.get(&world.ada, before).await.unwrap();
    let change =
        UpdateBlock { version: block.version, title: Some("Changed".into()), content: None, position: None };
    world.platform.canvas.update(&world.ada, before, change, canvas::Origin::default()).await.unwrap();
    world.note("Later").await;
    tokio::time::sleep(SECOND).await;
    for view in [kept, world.open(&frozen.token).await] {
        let shown = view.shown();
        let titles: Vec<_> = shown.project.blocks.iter().map(|block| block.title.as_str()).collect();
        assert_eq!(titles, ["Before"], "what is frozen has changed");
    }

    let made = world.make(LIVE).await;
    let view = world.open(&made.token).await;
    let mut viewer: Pieces = Box::pin(view.follow(None));
    let first = frame(&mut viewer).await.unwrap();
    assert!(
        first.contains("event: snapshot\n") && first.contains("Changed") && first.contains("Later"),
        "{first}"
    );
    let added = world.note("Added").await;
    let next = frame(&mut viewer).await.unwrap();
    assert!(next.contains("event: block.shown\n") && next.contains("Added"), "{next}");
    world.platform.canvas.delete(&world.ada, before).await.unwrap();
    let last = frame(&mut viewer).await.unwrap();
    assert!(last.contains("event: block.gone\n") && last.contains(&before.to_string()), "{last}");
    // Whoever comes back gets what they missed, byte for byte; whoever is new, all of it.
    let seq = |frame: &str| frame.lines().next().unwrap()["id: ".len()..].parse::<i64>().unwrap();
    let mut back: Pieces = Box::pin(view.follow(Some(seq(&first))));
    assert_eq!(frame(&mut back).await.unwrap(), next);
    assert_eq!(frame(&mut back).await.unwrap(), last);
    for beyond in [Some(-5), Some(i64::MAX), None] {
        let mut new: Pieces = Box::pin(view.follow(beyond));
        let whole = frame(&mut new).await.unwrap();
        assert!(whole.contains("event: snapshot\n") && whole.contains(&added.to_string()), "{whole}");
        assert!(!whole.contains(&before.to_string()));
    }
    // However many look, it is written once.
    let (one, other) = (world.open(&made.token).await.shown(), world.open(&made.token).await.shown());
    assert!(std::ptr::eq(one.json.as_ptr(), other.json.as_ptr()));
}

#[tokio::test]
async fn whatever_ends_a_link_ends_its_streams_within_a_second() {
    let world = World::new().await;
    for new in [LIVE, FROZEN] {
        for end in ["off", "replaced", "expired", "deleted organisation", "deleted project"] {
            let hour = NewShare { expires_in: ShareExpiry::Hour, ..new };
            let made = world.make(hour).await;
            let mut viewers: Vec<Pieces> = Vec::new();
            for _ in 0..3 {
                let mut viewer: Pieces = Box::pin(world.open(&made.token).await.follow(None));
                assert!(frame(&mut viewer).await.unwrap().contains("event: snapshot\n"));
                viewers.push(viewer);
            }
            match end {
                "off" => world.platform.shares.turn_off(&world.ada, world.project).await.unwrap(),
                "replaced" => drop(world.make(hour).await),
                "expired" => world.clock.advance(Duration::from_secs(3_600)),
                // By another server on this database.
                "deleted organisation" => mark(&world, "orgs", world.ada.org_id().to_string(), Some(1)).await,
                _ => mark(&world, "projects", world.project.to_string(), Some(1)).await,
            }
            for viewer in &mut viewers {
                ends(viewer, end).await;
            }
            world.refusal(&made.token).await;
            mark(&world, "orgs", world.ada.org_id().to_string(), None).await;
            mark(&world, "projects", world.project.to_string(), None).await;
        }
    }
}

async fn mark(world: &World, table: &'static str, id: String, deleted_at: Option<i64>) {
    let sql = match table {
        "orgs" => "UPDATE orgs SET deleted_at = $2 WHERE id = $1",
        _ => "UPDATE projects SET deleted_at = $2 WHERE id = $1",
    };
    let mut tx = world.store.begin().await.unwrap();
    sqlx::query(sql).bind(id).bind(deleted_at).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_picture_that_a_block_shows_is_the_only_file_and_only_with_files() {
    let world = World::new().await;
    let (files, shares) = (&world.platform.files, &world.platform.shares);
    for path in ["maps/a.png", "cards/b.png", "secret.png"] {
        files.write(&world.ada, world.project, path, path.as_bytes()).await.unwrap();
    }
    world.put("Map", Content::Show(Show::Image { path: "maps/a.png".into(), alt: "A map".into() })).await;
    let card = Card { image: Some("cards/b.png".into()), ..card() };
    world.put("Card", Content::Data(DataSpec::Card(card))).await;
    let get = async |token: &str, path: &str| {
        let mut opened = shares.file(&world.open(token).await, path).await?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut opened.file, &mut bytes).map_err(Error::internal)?;
        Ok::<_, Error>(bytes)
    };

    let without = world.make(LIVE).await;
    assert!(matches!(get(&without.token, "maps/a.png").await, Err(Error::NotFound(_))));
    let json = world.open(&without.token).await.shown().json.clone();
    assert!(!String::from_utf8(json.to_vec()).unwrap().contains(".png"), "paths tell of files");

    for new in [LIVE, FROZEN] {
        let made = world.make(NewShare { files: true, ..new }).await;
        assert_eq!(get(&made.token, "maps/a.png").await.unwrap(), b"maps/a.png");
        assert_eq!(get(&made.token, "cards/b.png").await.unwrap(), b"cards/b.png");
        for path in ["secret.png", "", "maps", "maps/../secret.png", "/maps/a.png", "maps/./a.png", "../x"] {
            assert!(matches!(get(&made.token, path).await, Err(Error::NotFound(_))), "{path}");
        }
    }
    let frozen = world.make(NewShare { files: true, ..FROZEN }).await;
    files.write(&world.ada, world.project, "maps/a.png", b"another").await.unwrap();
    assert!(matches!(get(&frozen.token, "maps/a.png").await, Err(Error::NotFound(_))), "it wasn't shared");
    for _ in 0..2 {
        assert_eq!(get(&frozen.token, "cards/b.png").await.unwrap(), b"cards/b.png");
    }
}

#[tokio::test]
async fn every_file_of_every_primitive_comes_with_files_alone() {
    let world = World::new().await;
    let (files, shares) = (&world.platform.files, &world.platform.shares);
    let mut paths = Vec::new();
    for mut show in Show::examples() {
        show.each_path(|path| {
            if !path.is_empty() {
                paths.push(path.clone());
            }
        });
        world.put(show.type_name(), Content::Show(show)).await;
    }
    assert!(paths.len() >= 7, "{paths:?}");
    for path in &paths {
        files.write(&world.ada, world.project, path, path.as_bytes()).await.unwrap();
    }
    let without = world.make(LIVE).await;
    let json = String::from_utf8(world.open(&without.token).await.shown().json.to_vec()).unwrap();
    for path in &paths {
        assert!(!json.contains(path.as_str()), "{path} tells of a file");
        let refused = shares.file(&world.open(&without.token).await, path).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{path}");
    }
    for new in [LIVE, FROZEN] {
        let made = world.make(NewShare { files: true, ..new }).await;
        for path in &paths {
            assert!(shares.file(&world.open(&made.token).await, path).await.is_ok(), "{path}");
        }
    }
}

fn card() -> Card {
    let card = DataSpec::examples().into_iter().find_map(|spec| match spec {
        DataSpec::Card(card) => Some(card),
        _ => None,
    });
    card.unwrap()
}

#[tokio::test]
async fn viewers_are_counted_once_and_written_later() {
    let world = World::new().await;
    let made = world.make(LIVE).await;
    let viewer = |address: &str| Origin { address: address.into(), ..Origin::default() };
    for _ in 0..4 {
        for address in ["192.0.2.1", "192.0.2.2"] {
            world.platform.shares.view(&made.token, &viewer(address)).await.unwrap();
        }
    }
    let written: i64 =
        sqlx::query_scalar("SELECT views FROM shares").fetch_one(world.store.read()).await.unwrap();
    assert_eq!(written, 0, "a view costs no write");
    let views =
        async || world.platform.shares.state(&world.ada, world.project).await.unwrap().share.unwrap().views;
    assert_eq!(views().await, 2);
    world.platform.shares.view(&made.token, &viewer("192.0.2.3")).await.unwrap();
    assert_eq!(views().await, 3);
    world.make(LIVE).await;
    assert_eq!(views().await, 0, "a new link begins anew");
}
