//! What apps have stored, in duplicates and archives.

use super::*;
use alumia_protocol::{
    BlockId,
    apps::{App, AppQuery, AppRows},
};

impl World {
    async fn app(&self, project: ProjectId) -> BlockId {
        let content = Content::App(App::example());
        let new = CreateBlock { id: None, title: "App".into(), content, position: None };
        self.platform.canvas.create(&self.ada, project, new, canvas::Origin::default()).await.unwrap().id
    }

    async fn store(&self, app: BlockId, sql: &str) {
        self.platform.apps.execute(&self.ada, app, query(sql)).await.unwrap();
    }

    async fn rows(&self, app: BlockId, sql: &str) -> Vec<Vec<Value>> {
        let found: AppRows = self.platform.apps.query(&self.ada, app, query(sql)).await.unwrap();
        found.rows
    }

    /// A project's apps, oldest first.
    pub(super) async fn apps(&self, project: ProjectId) -> Vec<BlockId> {
        let all = self.blocks(project).await.into_iter();
        all.filter(|block| matches!(block.content, Content::App(_))).map(|block| block.id).collect()
    }

    /// The one app of a project that has stored something.
    pub(super) async fn notes(&self, project: ProjectId) -> Vec<Vec<Value>> {
        let apps = self.apps(project).await;
        self.rows(apps[0], NOTES).await
    }

    /// A project with two apps, of which the first has stored two notes and forgotten one.
    async fn with_apps(&self) -> (Project, BlockId) {
        let project = self.full().await;
        let (app, _idle) = (self.app(project.id).await, self.app(project.id).await);
        self.store(
            app,
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, text); CREATE INDEX by_text ON notes (text)",
        )
        .await;
        self.store(app, "INSERT INTO notes (text) VALUES ('rain'), ('confidential'), ('snow')").await;
        self.store(app, "DELETE FROM notes WHERE id = 2").await;
        (project, app)
    }

    fn databases(&self, project: ProjectId) -> Vec<PathBuf> {
        walk(&self.org_folder().join(project.to_string()).join("apps"))
    }

    /// Files that are on their way.
    fn coming(&self) -> Vec<PathBuf> {
        walk(&self.org_folder().join("coming"))
    }
}

const NOTES: &str = "SELECT id, text FROM notes ORDER BY id";

fn query(sql: &str) -> AppQuery {
    AppQuery { sql: sql.into(), params: vec![] }
}

/// A database as a file, made by an app's statements.
pub(super) fn database(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("app"), folder.path().join("copy"));
    let limits = alumia_appdb::Limits::default();
    alumia_appdb::run(&path, &limits, alumia_appdb::Access::Write, sql, &[]).unwrap();
    alumia_appdb::copy(&path, &copy, &limits).unwrap();
    fs::read(copy).unwrap()
}

/// A database as SQLite makes it of any statements.
fn forged(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    fs::read(path).unwrap()
}

pub(super) fn some() -> Vec<u8> {
    database(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text); INSERT INTO notes (text) VALUES ('rain'), ('snow')",
    )
}

fn size(path: &Path) -> i64 {
    i64::try_from(fs::metadata(path).unwrap().len()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_has_what_its_apps_stored_and_goes_its_own_way() {
    let world = World::new().await;
    let (project, app) = world.with_apps().await;
    let before = world.standing().await.2;
    let copy = world.duplicate(project.id).await.unwrap();
    let [theirs, idle] = world.apps(copy.id).await[..] else { panic!("two apps") };
    let kept = [[json!(1), json!("rain")], [json!(3), json!("snow")]];
    assert_eq!(world.rows(theirs, NOTES).await, kept);
    assert!(world.platform.apps.query(&world.ada, idle, query(NOTES)).await.is_err(), "it had none");
    let databases = world.databases(copy.id);
    assert_eq!(databases.len(), 1);
    assert!(databases[0].ends_with(format!("apps/{theirs}.sqlite")));
    assert_eq!(world.standing().await.2, before + 300_006 + size(&databases[0]), "its bytes are counted");
    world.platform.files.recount_all().await.unwrap();
    assert_eq!(world.standing().await.2, before + 300_006 + size(&databases[0]));
    world.store(theirs, "DELETE FROM notes").await;
    world.store(app, "INSERT INTO notes (text) VALUES ('hail')").await;
    assert_eq!(world.rows(app, NOTES).await.len(), 3);
    assert_eq!(world.rows(theirs, NOTES).await.len(), 0);
    assert!(world.coming().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_has_what_apps_stored_and_not_what_they_deleted() {
    let world = World::new().await;
    let (project, app) = world.with_apps().await;
    let archive = world.export(project.id).await;
    assert!(world.coming().is_empty());
    let mut zip = ZipArchive::new(Cursor::new(&archive)).unwrap();
    let name = format!("apps/{app}.sqlite");
    let (mut database, mut manifest) = (Vec::new(), String::new());
    zip.by_name(&name).unwrap().read_to_end(&mut database).unwrap();
    zip.by_name("manifest.json").unwrap().read_to_string(&mut manifest).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let listed = json!([{ "block": app, "size": database.len(), "sha256": sha256(&database) }]);
    assert_eq!((&manifest["databases"], &manifest["version"]), (&listed, &json!(2)));
    assert_eq!(zip.file_names().filter(|name| name.starts_with("apps/")).count(), 1);
    assert!(!database.windows(12).any(|piece| piece == b"confidential"), "it was deleted");
    let before = world.standing().await;
    let (told, _) = world.restore(&archive, DRY).await.unwrap();
    assert!(told.restorable, "{told:?}");
    assert_eq!((told.databases, told.bytes), (1, 300_006 + database.len() as u64));
    assert_eq!(world.standing().await, before, "nothing was changed");
    // The one that it came from is gone.
    world.platform.projects.delete(&world.ada, project.id).await.unwrap();
    let restored = world.restore(&archive, WET).await.unwrap().1.unwrap();
    assert_eq!(world.notes(restored.id).await, [[json!(1), json!("rain")], [json!(3), json!("snow")]]);
    let theirs = world.apps(restored.id).await[0];
    assert_ne!(theirs, app);
    world.store(theirs, "INSERT INTO notes (text) VALUES ('hail')").await;
    assert_eq!(world.notes(restored.id).await.len(), 3);
    // And so on.
    let again = world.export(restored.id).await;
    let again = world.restore(&again, WET).await.unwrap().1.unwrap();
    assert_eq!(world.notes(again.id).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_apps_that_write_are_of_one_moment() {
    let world = World::new().await;
    let project = world.project(CreateProject { name: "Busy".into(), ..CreateProject::default() }).await;
    let app = world.app(project.id).await;
    world.store(app, "CREATE TABLE a (x); CREATE TABLE b (x, pad)").await;
    let (apps, ada) = (world.platform.apps.clone(), world.ada.clone());
    let writing = tokio::spawn(async move {
        let both = "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, hex('some bytes more than a few'))";
        for _ in 0..2_000 {
            apps.execute(&ada, app, query(both)).await.unwrap();
        }
    });
    let asked = "SELECT (SELECT count(*) FROM a) - (SELECT count(*) FROM b)";
    for _ in 0..4 {
        let copy = world.duplicate(project.id).await.unwrap();
        let archive = world.export(project.id).await;
        let restored = world.restore(&archive, WET).await.unwrap().1.unwrap();
        for made in [copy, restored] {
            let theirs = world.apps(made.id).await[0];
            assert_eq!(world.rows(theirs, asked).await, [[json!(0)]]);
        }
    }
    assert!(!writing.is_finished(), "it wrote all the time");
    writing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_apps_stored_fits_to_the_byte_in_copies_or_is_refused() {
    const ROOM: i64 = 1 << 20;
    let world = World::within(Caps { storage_mb: Some(1), ..Caps::default() }).await;
    let (project, _) = world.with_apps().await;
    let archive = world.export(project.id).await;
    let copy = i64::try_from(world.restore(&archive, DRY).await.unwrap().0.bytes).unwrap();
    let other = world.project(CreateProject { name: "Other".into(), ..CreateProject::default() }).await;
    let used = world.standing().await.2;
    let fill = async |left: i64| {
        let filler = vec![b'x'; usize::try_from(ROOM - used - left).unwrap()];
        world.write(other.id, "filler", &filler).await;
    };
    fill(copy - 1).await;
    let before = world.standing().await;
    let refused = world.duplicate(project.id).await;
    assert!(matches!(refused, Err(Error::PaymentRequired(_))), "{refused:?}");
    let refused = world.restore(&archive, WET).await;
    assert!(matches!(refused, Err(Error::PaymentRequired(_))), "{refused:?}");
    let (told, _) = world.restore(&archive, DRY).await.unwrap();
    assert!(!told.restorable && told.problems.contains_key("package"), "{told:?}");
    assert_eq!(world.standing().await, before);
    fill(copy).await;
    let made = world.duplicate(project.id).await.unwrap();
    assert_eq!(world.standing().await.2, ROOM);
    world.platform.projects.delete(&world.ada, made.id).await.unwrap();
    let made = world.restore(&archive, WET).await.unwrap().1.unwrap();
    assert_eq!(world.notes(made.id).await.len(), 2);
    let refused = world.duplicate(project.id).await;
    assert!(matches!(refused, Err(Error::PaymentRequired(_))), "{refused:?}");
    assert!(world.coming().is_empty());
}

#[tokio::test]
async fn archives_from_before_apps_stored_anything_still_restore_with_apps() {
    let world = World::new().await;
    let mut forge = Forge::new();
    let app = forge.app(None);
    assert_eq!((&forge.manifest["version"], forge.manifest.get("databases")), (&json!(1), None));
    let (told, made) = world.restore(&forge.bytes(), WET).await.unwrap();
    assert_eq!((told.files, told.databases), (2, 0));
    let theirs = world.apps(made.unwrap().id).await[0];
    assert_ne!(theirs.to_string(), app);
    world.store(theirs, "CREATE TABLE notes (text)").await;
}

/// Databases that mean ill, and a word of what is said of them.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let rows = "CREATE TABLE t (a); INSERT INTO t VALUES (1);";
    let schema = |sql: &str| forged(&format!("{rows} PRAGMA writable_schema = ON; {sql}"));
    let good = some();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    let could = "an app could have made";
    vec![
        ("empty", vec![], could),
        ("not SQLite", b"no database, however long this text may be ".repeat(200), could),
        ("cut", with(&|it| it.truncate(4096)), "as long as it says"),
        ("longer", with(&|it| it.extend([0; 4096])), "as long as it says"),
        ("damaged", with(&|it| it[4096..4200].fill(0xff)), could),
        ("one that says 1 GB", with(&|it| it[28..32].copy_from_slice(&(1_u32 << 18).to_be_bytes())), could),
        ("a write-ahead log", with(&|it| it[18..20].fill(2)), "the form"),
        ("a virtual table", forged("CREATE VIRTUAL TABLE v USING fts5(a)"), "virtual table"),
        (
            "an attached path",
            schema("INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'ATTACH ''/etc/passwd'' AS x')"),
            could,
        ),
        (
            "a trigger that reaches out",
            schema(
                "INSERT INTO sqlite_schema VALUES ('trigger', 'x', 't', 0, \
                 'CREATE TRIGGER x AFTER INSERT ON t BEGIN ATTACH ''/etc/passwd'' AS x; END')",
            ),
            could,
        ),
        (
            "a function that no app has",
            forged("CREATE TABLE z (a CHECK (length(randomblob(9)) > 0))"),
            "not authorized",
        ),
        (
            "a large row",
            forged(&format!("{rows} INSERT INTO t VALUES (zeroblob(3000000))")),
            "more than 1 MB",
        ),
        ("statistics", forged(&format!("{rows} CREATE INDEX i ON t (a); ANALYZE")), could),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_database_is_told_by_its_entry_and_stores_nothing() {
    let world = World::new().await;
    let before = world.standing().await;
    let check = async |what: &str, forge: Forge, entry: &str, word: &str| {
        let archive = forge.bytes();
        let (told, made) = world.restore(&archive, DRY).await.unwrap();
        assert!(made.is_none() && !told.restorable, "{what}");
        assert!(told.problems.get(entry).is_some_and(|it| it.contains(word)), "{what}: {:?}", told.problems);
        let refused = world.restore(&archive, WET).await;
        assert!(matches!(&refused, Err(Error::Invalid(it)) if *it == told.problems), "{what}: {refused:?}");
        assert_eq!(world.standing().await, before, "{what}");
    };
    for (what, database, word) in hostile() {
        let mut forge = Forge::new();
        let app = forge.app(Some(&database));
        check(what, forge, &format!("apps/{app}.sqlite"), word).await;
    }
    let mut good = Forge::new();
    let app = good.app(Some(&some()));
    let entry = format!("apps/{app}.sqlite");
    assert!(world.restore(&good.bytes(), DRY).await.unwrap().0.restorable, "the forge works");
    let with = |change: &dyn Fn(&mut Forge)| {
        let mut forge = good.clone();
        change(&mut forge);
        forge
    };
    let listed = |change: &dyn Fn(&mut Value)| with(&|it| change(&mut it.manifest["databases"]));
    let (note, nobody) = (good.manifest["blocks"][0]["id"].clone(), json!(uuid::Uuid::now_v7()));
    let named = |id: &Value| {
        let name = format!("apps/{}.sqlite", id.as_str().unwrap());
        let forge = with(&|it| {
            it.manifest["databases"][0]["block"] = id.clone();
            it.files[2].0.clone_from(&name);
        });
        (forge, name)
    };
    for (what, id) in [("of a note", note), ("of nothing", nobody)] {
        let (forge, name) = named(&id);
        check(what, forge, &name, "no app with this id").await;
    }
    let upper = format!("apps/{}.sqlite", app.to_uppercase());
    check("another spelling", with(&|it| it.files[2].0.clone_from(&upper)), &upper, "belong").await;
    check("outside", with(&|it| it.files[2].0 = "apps/../x.sqlite".into()), "apps/../x.sqlite", "belong")
        .await;
    let twice = |it: &mut Value| {
        let first = it[0].clone();
        it.as_array_mut().unwrap().push(first);
    };
    check("two for one", listed(&twice), &entry, "another database").await;
    check("not listed", listed(&|it| *it = json!([])), &entry, "doesn't list").await;
    check("missing", with(&|it| drop(it.files.pop())), &entry, "missing").await;
    check("no digest", listed(&|it| it[0]["sha256"] = json!("x")), &entry, "SHA-256").await;
    check("another one", with(&|it| it.files[2].1[5000] ^= 1), &entry, "checksum").await;
    check("huge", listed(&|it| it[0]["size"] = json!(1 << 30)), &entry, "at most 16 MB").await;
    let bomb = |it: &mut Forge| it.files[2].1.resize(40 << 20, 0);
    check("a bomb", with(&bomb), &entry, "more than the").await;
    check("too short", listed(&|it| it[0]["size"] = json!(8193)), &entry, "has 8192 bytes").await;
    check("all that may be", listed(&|it| it[0]["rights"] = json!(1)), "manifest.json", "rights").await;
    assert!(world.coming().is_empty(), "{:?}", world.coming());
}

/// With the right digest, so that nothing but SQLite and what binds it sees what was flipped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bytes_of_a_database_are_refused_or_leave_copies_that_can_be_read() {
    let world = World::new().await;
    let good = some();
    for at in (0..good.len()).step_by(89) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        let mut forge = Forge::new();
        forge.app(Some(&bytes));
        match world.restore(&forge.bytes(), WET).await {
            Err(Error::Invalid(problems)) => assert!(problems.keys().all(|entry| entry.starts_with("apps/"))),
            Ok((_, Some(project))) => {
                let app = world.apps(project.id).await[0];
                world.rows(app, "SELECT count(*) FROM sqlite_schema").await;
            }
            other => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(world.coming().is_empty());
}
