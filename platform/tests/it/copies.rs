//! Duplicates and archives of projects, on whichever engine `ALUMIA_TEST_DATABASE` names.

mod apps;

use crate::common::sign_up_form;
use alumia_models::{Provider, builtin::Builtin};
use alumia_platform::{
    Error, OrgScope, Parts, Platform,
    billing::{Caps, Package, Packages},
    canvas,
    clock::SystemClock,
    copies::Restore,
    engine::EngineLimits,
    mail::Mailbox,
    models::Models,
    secrets::MasterKeys,
    store::testing::TestStore,
};
use alumia_protocol::{
    ProjectId,
    audit::AuditFilter,
    blocks::{Block, Content, CreateBlock, Position},
    copies::{DuplicateProject, RestoredProject},
    dataspec::{DataSpec, Markdown},
    projects::{CreateProject, Project, Visibility},
    sessions::CreateSession,
};
use alumia_sandbox::Disabled;
use bytes::Bytes;
use futures::{StreamExt as _, future::join_all, stream};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

struct World {
    platform: Platform,
    store: TestStore,
    ada: OrgScope,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::within(Caps::default()).await
    }

    async fn within(caps: Caps) -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), TestStore::new().await);
        let model: Arc<dyn Provider> = Arc::new(Builtin::with_pace(Duration::ZERO));
        let first = Packages::new(&[], "scale").unwrap().first().clone();
        let packages = Packages::new(&[Package { caps, ..first }], "scale").unwrap();
        let clock = Arc::new(SystemClock);
        let platform = Platform::build(Parts {
            store: store.store(),
            clock: clock.clone(),
            data_dir: folder.path().to_owned(),
            models: Models::new(vec![(model, vec![Builtin::model()])]),
            packages,
            sandbox: Arc::new(Disabled::new("this is a test")),
            browsers: Arc::new(alumia_browser::Disabled::new("this is a test")),
            browsing: alumia_platform::browser::BrowsingLimits::default(),
            master_keys: MasterKeys::parse(&"07".repeat(32)).unwrap(),
            mail: Arc::new(Mailbox::new(clock)),
            net: alumia_net::Client::new().unwrap(),
            tools: None,
            limits: EngineLimits::default(),
        })
        .await
        .unwrap();
        let ada = person(&platform, "Ada").await;
        Self { platform, store, ada, folder }
    }

    async fn project(&self, new: CreateProject) -> Project {
        self.platform.projects.create(&self.ada, new).await.unwrap()
    }

    /// A project with blocks of a workboard, one that names another, a session and files.
    async fn full(&self) -> Project {
        let project = self
            .project(CreateProject {
                name: "Rain".into(),
                description: "How much.".into(),
                prompt: "Be brief.".into(),
                emoji: "🌧".into(),
                tags: vec!["weather".into()],
                metadata: Some(json!({ "station": 7 })),
                ..CreateProject::default()
            })
            .await;
        let first = self.note(project.id, "One", "Text.").await;
        self.note(project.id, "Two", &format!("See {}.", first.id)).await;
        self.write(project.id, "plan.md", b"# Plan").await;
        self.write(project.id, "data/2026/\u{fc}bersicht.csv", &vec![b'7'; 300_000]).await;
        self.write(project.id, "empty", b"").await;
        let new = CreateSession { project_id: Some(project.id), ..CreateSession::default() };
        self.platform.sessions.create(&self.ada, new).await.unwrap();
        project
    }

    async fn note(&self, project: ProjectId, title: &str, text: &str) -> Block {
        let content = Content::Data(DataSpec::Markdown(Markdown { text: text.into() }));
        let position = Position {
            x: -40.5,
            y: 80.0,
            width: 300.0,
            height: 0.0,
            z: 3,
            group_id: Some("board".into()),
            group_label: Some("Board".into()),
            group_kind: Some("triage-queue".into()),
        };
        let new = CreateBlock { id: None, title: title.into(), content, position: Some(position) };
        self.platform.canvas.create(&self.ada, project, new, canvas::Origin::default()).await.unwrap()
    }

    async fn write(&self, project: ProjectId, path: &str, bytes: &[u8]) {
        self.platform.files.write(&self.ada, project, path, bytes).await.unwrap();
    }

    async fn blocks(&self, project: ProjectId) -> Vec<Block> {
        self.platform.canvas.list(&self.ada, project, None, 500).await.unwrap().items
    }

    /// Every file of a project by its path, as it lies on the disk.
    fn files(&self, project: ProjectId) -> BTreeMap<String, Vec<u8>> {
        let root = self.org_folder().join(project.to_string()).join("files");
        let mut files = BTreeMap::new();
        for path in walk(&root) {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
        files
    }

    fn org_folder(&self) -> PathBuf {
        self.folder.path().join("files").join(self.ada.org_id().to_string())
    }

    async fn projects(&self) -> Vec<String> {
        let all = self.platform.projects.list(&self.ada, None, 100).await.unwrap().items;
        all.into_iter().map(|project| project.name).collect()
    }

    /// Names of projects, files on the disk (of this organisation and on their way), and bytes that are counted.
    async fn standing(&self) -> (Vec<String>, Vec<PathBuf>, i64) {
        let mut projects = self.projects().await;
        projects.sort();
        let row: (i64,) = sqlx::query_as("SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM stored_bytes")
            .fetch_one(self.store.read())
            .await
            .unwrap();
        (projects, walk(&self.folder.path().join("files")), row.0)
    }

    async fn duplicate(&self, of: ProjectId) -> Result<Project, Error> {
        self.platform.copies.duplicate(&self.ada, of, DuplicateProject::default()).await
    }

    async fn export(&self, project: ProjectId) -> Vec<u8> {
        let export = self.platform.copies.export(&self.ada, project).await.unwrap();
        let pieces: Vec<_> = export.into_stream().collect().await;
        pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect()
    }

    async fn restore(
        &self,
        archive: &[u8],
        wishes: Restore,
    ) -> Result<(RestoredProject, Option<Project>), Error> {
        let pieces = archive.chunks(70_000).map(|piece| Ok::<_, Error>(Bytes::copy_from_slice(piece)));
        let upload = self.platform.copies.upload(stream::iter(pieces.collect::<Vec<_>>())).await?;
        self.platform.copies.restore(&self.ada, upload, wishes).await
    }

    async fn actions(&self) -> Vec<String> {
        let lines = self.platform.audit.list(&self.ada, &AuditFilter::default(), None, 100).await.unwrap();
        lines.items.into_iter().map(|line| line.action).collect()
    }
}

const DRY: Restore = Restore { workspace_id: None, name: None, dry_run: true };
const WET: Restore = Restore { workspace_id: None, name: None, dry_run: false };

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

async fn person(platform: &Platform, name: &str) -> OrgScope {
    let form = sign_up_form(name, &format!("{}@example.com", name.to_lowercase()));
    let signed = platform.identity.sign_up(form).await.unwrap();
    platform.orgs.scope(signed.user.id, &signed.org.slug).await.unwrap()
}

/// Somebody in Ada's organisation and her workspace.
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

/// What is alike in a canvas and its copy: titles, words and places, in order.
fn alike(blocks: &[Block]) -> Vec<(String, Position)> {
    blocks.iter().map(|block| (block.title.clone(), block.position.clone())).collect()
}

fn words(block: &Block) -> &str {
    match &block.content {
        Content::Data(DataSpec::Markdown(note)) => &note.text,
        other => panic!("{other:?}"),
    }
}

fn check_copy(copy: &Project, of: &Project) {
    assert_ne!(copy.id, of.id);
    assert_ne!(copy.slug, of.slug);
    let fields = |it: &Project| {
        let texts = (it.description.clone(), it.prompt.clone(), it.emoji.clone(), it.tags.clone());
        (texts, it.metadata.clone(), it.visibility, it.workspace_id)
    };
    assert_eq!(fields(copy), fields(of));
}

async fn check_contents(world: &World, copy: &Project, of: &Project) {
    let (old, new) = (world.blocks(of.id).await, world.blocks(copy.id).await);
    assert_eq!(alike(&new), alike(&old));
    assert_eq!(new.len(), 2);
    assert_eq!(words(&new[0]), "Text.");
    assert_eq!(words(&new[1]), format!("See {}.", new[0].id), "a reference goes along");
    for (new, old) in new.iter().zip(&old) {
        assert_ne!(new.id, old.id);
        assert_eq!((new.version, new.session_id, new.run_id), (1, None, None));
    }
    assert_eq!(world.files(copy.id), world.files(of.id));
    assert_eq!(world.files(copy.id).len(), 3);
    let snapshot = world.platform.log.snapshot(&world.ada, copy.id).await.unwrap();
    assert!(snapshot.sessions.is_empty());
    assert_eq!(snapshot.blocks, new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_has_blocks_and_files_and_no_sessions() {
    let world = World::new().await;
    let project = world.full().await;
    let before = world.standing().await.2;
    let copy = world.duplicate(project.id).await.unwrap();
    assert_eq!(copy.name, "Rain (copy)");
    check_copy(&copy, &project);
    check_contents(&world, &copy, &project).await;
    assert_eq!(world.standing().await.2, before + 300_006, "its bytes are counted");
    assert_eq!(world.duplicate(project.id).await.unwrap().name, "Rain (copy 2)");
    assert_eq!(world.duplicate(copy.id).await.unwrap().name, "Rain (copy 3)");
    let named = DuplicateProject { name: Some("  Snow ".into()) };
    let snow = world.platform.copies.duplicate(&world.ada, project.id, named).await.unwrap();
    assert_eq!(snow.name, "Snow");
    let wrong = DuplicateProject { name: Some(" ".into()) };
    let refused = world.platform.copies.duplicate(&world.ada, project.id, wrong).await;
    assert!(matches!(refused, Err(Error::Invalid(fields)) if fields.contains_key("name")));
    let lines = world.actions().await;
    assert_eq!(lines.iter().filter(|action| *action == "project.duplicated").count(), 4);
    // A copy is a project of its own.
    world.write(copy.id, "plan.md", b"other").await;
    world.note(copy.id, "Three", "More.").await;
    assert_eq!(world.files(project.id)["plan.md"], b"# Plan");
    assert_eq!(world.blocks(project.id).await.len(), 2);
}

#[tokio::test]
async fn who_sees_a_project_copies_it_and_nobody_else() {
    let world = World::new().await;
    let (grace, bob) = (member(&world, "Grace", "member").await, member(&world, "Bob", "viewer").await);
    let open = world.full().await;
    let hidden = world
        .project(CreateProject {
            name: "Hidden".into(),
            visibility: Visibility::Private,
            ..CreateProject::default()
        })
        .await;
    let copies = &world.platform.copies;
    let ask = DuplicateProject::default;
    for who in [&grace, &bob] {
        let exported = copies.export(who, hidden.id).await.map(|_| ());
        assert!(matches!(exported, Err(Error::NotFound(_))));
    }
    assert!(matches!(copies.duplicate(&grace, hidden.id, ask()).await, Err(Error::NotFound(_))));
    assert!(matches!(copies.duplicate(&bob, open.id, ask()).await, Err(Error::Forbidden { .. })));
    assert!(copies.export(&bob, open.id).await.is_ok(), "whoever reads may take a copy away");
    // Theirs, and seen by the same people.
    let hers = copies.duplicate(&grace, open.id, ask()).await.unwrap();
    assert_eq!((hers.created_by, hers.visibility), (grace.user_id(), Visibility::Team));
    let secret = world.duplicate(hidden.id).await.unwrap();
    assert_eq!(secret.visibility, Visibility::Private);
    let seen = world.platform.projects.get(&grace, secret.id).await;
    assert!(matches!(seen, Err(Error::NotFound(_))), "a private project's copy is private");
    let stranger = person(&world.platform, "Mallory").await;
    assert!(matches!(copies.duplicate(&stranger, open.id, ask()).await, Err(Error::NotFound(_))));
    assert!(matches!(copies.export(&stranger, open.id).await.map(|_| ()), Err(Error::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_copies_at_once_as_many_are_made_as_fit_and_the_rest_leaves_nothing() {
    let world = World::within(Caps { storage_mb: Some(1), ..Caps::default() }).await;
    let project = world.full().await;
    // 300,006 of 1,048,576 bytes are used; two more copies fit.
    let results = join_all((0..6).map(|_| world.duplicate(project.id))).await;
    let made = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(made, 2, "{results:?}");
    for result in results.into_iter().filter(Result::is_err) {
        assert!(matches!(result, Err(Error::PaymentRequired(_))), "{result:?}");
    }
    let (projects, files, bytes) = world.standing().await;
    // The project that everybody begins with is there too.
    assert_eq!((projects.len(), files.len(), bytes), (4, 9, 900_018));
    let left = fs::read_dir(world.org_folder().join("coming")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_package_caps_copies_by_number() {
    let world = World::within(Caps { projects: Some(2), ..Caps::default() }).await;
    let project = world.full().await;
    let archive = world.export(project.id).await;
    let before = world.standing().await;
    assert!(matches!(world.duplicate(project.id).await, Err(Error::PaymentRequired(_))));
    assert!(matches!(world.restore(&archive, WET).await, Err(Error::PaymentRequired(_))));
    let (told, made) = world.restore(&archive, DRY).await.unwrap();
    assert!(made.is_none() && !told.restorable);
    assert!(told.problems["package"].contains("2 projects"), "{told:?}");
    assert_eq!(world.standing().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_is_restored_as_it_was() {
    let world = World::new().await;
    let project = world.full().await;
    let archive = world.export(project.id).await;
    let mut zip = ZipArchive::new(Cursor::new(&archive)).unwrap();
    let mut names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    names.sort();
    let expected = [
        "files/data/2026/übersicht.csv",
        "files/empty",
        "files/plan.md",
        "manifest.json",
        "manifest.json.sha256",
    ];
    assert_eq!(names, expected);
    let mut manifest = String::new();
    zip.by_name("manifest.json").unwrap().read_to_string(&mut manifest).unwrap();
    for secret in [
        world.ada.org_id().to_string(),
        world.ada.user_id().to_string(),
        project.id.to_string(),
        project.workspace_id.to_string(),
        "ada@example.com".into(),
        "session".into(),
    ] {
        assert!(!manifest.contains(&secret), "{secret} in {manifest}");
    }
    let before = world.standing().await;
    let (told, made) = world.restore(&archive, DRY).await.unwrap();
    assert!(made.is_none() && told.restorable && told.dry_run, "{told:?}");
    assert_eq!((told.name.as_str(), told.blocks, told.files, told.bytes), ("Rain", 2, 3, 300_006));
    assert_eq!(world.standing().await, before, "nothing was changed");
    let (told, made) = world.restore(&archive, WET).await.unwrap();
    let restored = made.unwrap();
    assert!(told.restorable && !told.dry_run && told.problems.is_empty());
    assert_eq!(restored.name, "Rain");
    check_copy(&restored, &project);
    check_contents(&world, &restored, &project).await;
    // Into another organisation, under another name, after the first is gone.
    world.platform.projects.delete(&world.ada, project.id).await.unwrap();
    let grace = person(&world.platform, "Grace").await;
    let pieces = stream::iter([Ok::<_, Error>(Bytes::from(archive.clone()))]);
    let upload = world.platform.copies.upload(pieces).await.unwrap();
    let named = Restore { name: Some("Hers".into()), ..WET };
    let (_, made) = world.platform.copies.restore(&grace, upload, named).await.unwrap();
    let hers = made.unwrap();
    assert_eq!((hers.name.as_str(), hers.org_id), ("Hers", grace.org_id()));
    // What is exported twice differs in its time alone.
    let again = world.export(restored.id).await;
    assert_eq!(world.restore(&again, DRY).await.unwrap().0.blocks, 2);
    let lines = world.actions().await;
    for action in ["project.exported", "project.restored"] {
        assert!(lines.iter().any(|line| line == action), "{action}");
    }
}

#[tokio::test]
async fn what_a_dead_server_left_is_cleared_up() {
    let world = World::new().await;
    let project = world.full().await;
    let before = world.standing().await;
    // One that was made whole, but whose marker stayed; one that never was, before and after its files had their place.
    let (never, placed) = (ProjectId::new(), ProjectId::new());
    let coming = world.org_folder().join("coming");
    for id in [project.id, never, placed] {
        fs::create_dir_all(coming.join(id.to_string()).join("files/deep")).unwrap();
        fs::write(coming.join(id.to_string()).join("lock"), "").unwrap();
        fs::write(coming.join(id.to_string()).join("files/deep/a"), "half").unwrap();
        fs::create_dir_all(coming.join(id.to_string()).join("apps")).unwrap();
        for name in ["apps/a.sqlite", "apps/a.sqlite-journal", "aside"] {
            fs::write(coming.join(id.to_string()).join(name), "half").unwrap();
        }
    }
    let home = world.org_folder().join(placed.to_string());
    for folder in ["files", "apps"] {
        fs::create_dir_all(home.join(folder)).unwrap();
        fs::write(home.join(folder).join("a"), "whole").unwrap();
    }
    // One that a living server is at.
    let held = coming.join(ProjectId::new().to_string());
    fs::create_dir_all(held.join("files")).unwrap();
    let lock = fs::File::create(held.join("lock")).unwrap();
    lock.lock().unwrap();
    world.platform.files.clear_up().await.unwrap();
    let left: Vec<PathBuf> = fs::read_dir(&coming).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [held]);
    assert!(!world.org_folder().join(placed.to_string()).exists());
    drop(lock);
    world.platform.files.clear_up().await.unwrap();
    assert_eq!(world.standing().await, before);
}

/// An archive as somebody forges it.
#[derive(Clone)]
struct Forge {
    manifest: Value,
    files: Vec<(String, Vec<u8>)>,
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Forge {
    fn new() -> Self {
        let note = |text: &str| {
            json!({
                "id": uuid::Uuid::now_v7(), "title": "Note",
                "content": { "kind": "data", "data": { "type": "markdown", "text": text } },
                "position": { "x": 0.0, "y": 0.0, "width": 300.0, "height": 0.0 },
            })
        };
        let mut forge = Self {
            manifest: json!({
                "format": "alumia-project", "version": 1, "exportedAt": "2026-11-28T07:00:00.000Z",
                "project": { "name": "Forged" }, "blocks": [note("a"), note("b")], "files": [],
            }),
            files: vec![],
        };
        forge.file("a.txt", b"alpha");
        forge.file("deep/b.txt", b"beta");
        forge
    }

    fn file(&mut self, path: &str, bytes: &[u8]) {
        let about = json!({ "path": path, "size": bytes.len(), "sha256": sha256(bytes) });
        self.manifest["files"].as_array_mut().unwrap().push(about);
        self.files.push((format!("files/{path}"), bytes.to_vec()));
    }

    /// A block that is an app, with what it has stored; its id.
    fn app(&mut self, database: Option<&[u8]>) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        let mut block = self.manifest["blocks"][0].clone();
        block["id"] = json!(id);
        block["content"] = json!({ "kind": "app", "data": alumia_protocol::apps::App::example() });
        self.manifest["blocks"].as_array_mut().unwrap().push(block);
        if let Some(bytes) = database {
            let about = json!({ "block": id, "size": bytes.len(), "sha256": sha256(bytes) });
            self.manifest["version"] = json!(2);
            self.manifest["databases"] = json!([about]);
            self.files.push((format!("apps/{id}.sqlite"), bytes.to_vec()));
        }
        id
    }

    fn bytes(&self) -> Vec<u8> {
        let text = serde_json::to_vec(&self.manifest).unwrap();
        let mut entries = self.files.clone();
        entries.push((
            "manifest.json.sha256".into(),
            format!("{}  manifest.json\n", sha256(&text)).into_bytes(),
        ));
        entries.push(("manifest.json".into(), text));
        pack(&entries)
    }
}

fn pack(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        match name.strip_prefix("link:") {
            Some(name) => zip.add_symlink(name, "/etc/passwd", SimpleFileOptions::default()).unwrap(),
            None => {
                zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
                zip.write_all(bytes).unwrap();
            }
        }
    }
    zip.finish().unwrap().into_inner()
}

fn swap(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{from} is not there");
    bytes
}

/// Archives that are wrong, with the entry that must be named and a word of what is said.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let good = Forge::new();
    let with = |change: &dyn Fn(&mut Forge)| {
        let mut forge = good.clone();
        change(&mut forge);
        forge.bytes()
    };
    let bytes = good.bytes();
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 30);
    let mut trailing = bytes.clone();
    trailing.extend_from_slice(b"PK and more");
    let mut flipped = bytes.clone();
    let at = bytes.windows(5).position(|piece| piece == b"files").unwrap();
    flipped[at + 12] ^= 0xff;
    let mut many = bytes.clone();
    let end = many.len() - 22;
    many[end + 8..end + 12].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let central = bytes.windows(4).position(|piece| piece == b"PK\x01\x02").unwrap();
    let mut encrypted = bytes.clone();
    encrypted[central + 8] |= 1;
    let mut odd = bytes.clone();
    odd[central + 10] = 12;
    let mut overlapping = bytes.clone();
    overlapping[central + 20..central + 24].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        ("nothing", vec![], "archive", "zip archive"),
        ("no zip", b"PK\x03\x04 this is none at all, however long it is".to_vec(), "archive", "zip archive"),
        ("cut", cut, "archive", "zip archive"),
        ("something behind its end", trailing, "archive", "zip archive"),
        ("a count that lies", many, "archive", "damaged"),
        ("entries in one place", overlapping, "archive", "damaged"),
        ("encrypted", encrypted, "files/a.txt", "encrypted"),
        ("packed oddly", odd, "files/a.txt", "deflate"),
        ("damaged bytes", flipped, "files/a.txt", "damaged"),
        ("up", swap(&bytes, "files/a.txt", "files/../ax"), "files/../ax", ".. parts"),
        ("from the root", swap(&bytes, "files/a.txt", "files//.txt"), "files//.txt", "slash"),
        ("backslashes", swap(&bytes, "files/a.txt", "files/a\\txt"), "files/a\\txt", "backslashes"),
        ("outside", swap(&bytes, "files/a.txt", "filez/a.txt"), "filez/a.txt", "belong"),
        ("absolute", swap(&bytes, "files/a.txt", "/etc/passwd"), "/etc/passwd", "belong"),
        (
            "no UTF-8",
            {
                let mut bytes = swap(&bytes, "files/a.txt", "files/~.txt");
                for byte in &mut bytes {
                    if *byte == b'~' {
                        *byte = 0xff;
                    }
                }
                bytes
            },
            "files/\u{fffd}.txt",
            "UTF-8",
        ),
        (
            "twice",
            {
                let mut forge = good.clone();
                forge.file("z.txt", b"zeta");
                swap(&forge.bytes(), "files/z.txt", "files/a.txt")
            },
            "files/a.txt",
            "twice",
        ),
        ("a file as a folder", with(&|it| it.file("a.txt/x", b"")), "files/a.txt/x", "is a file"),
        (
            "a link",
            {
                let mut forge = good.clone();
                forge.manifest["files"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({ "path": "l", "size": 1, "sha256": "" }));
                forge.files.push(("link:files/l".into(), vec![]));
                forge.bytes()
            },
            "files/l",
            "link",
        ),
        (
            "a bomb",
            with(&|it| {
                it.file("bomb", &vec![0; 2_000_000]);
                it.manifest["files"][2]["size"] = json!(10);
            }),
            "files/bomb",
            "more than the 10 bytes",
        ),
        ("too short", with(&|it| it.manifest["files"][0]["size"] = json!(6)), "files/a.txt", "has 5 bytes"),
        ("another file", with(&|it| it.files[0].1 = b"omega".to_vec()), "files/a.txt", "checksum"),
        (
            "no digest",
            with(&|it| it.manifest["files"][0]["sha256"] = json!("abc")),
            "manifest.json#/files/0/sha256",
            "SHA-256",
        ),
        (
            "huge",
            with(&|it| it.manifest["files"][0]["size"] = json!(200 << 20)),
            "manifest.json#/files/0/size",
            "at most",
        ),
        (
            "listed twice",
            with(&|it| {
                let first = it.manifest["files"][0].clone();
                it.manifest["files"].as_array_mut().unwrap().push(first);
            }),
            "manifest.json#/files/2/path",
            "same path",
        ),
        ("missing", with(&|it| drop(it.files.remove(0))), "files/a.txt", "missing"),
        (
            "not listed",
            with(&|it| it.files.push(("files/more".into(), vec![]))),
            "files/more",
            "doesn't list",
        ),
        ("no manifest", pack(&good.files), "manifest.json", "missing"),
        (
            "another manifest",
            swap(&bytes, "manifest.json.sha256", "manifest.json.sha255"),
            "manifest.json.sha255",
            "belong",
        ),
        ("newer", with(&|it| it.manifest["version"] = json!(3)), "manifest.json", "version 3"),
        (
            "of something else",
            with(&|it| it.manifest["format"] = json!("other")),
            "manifest.json",
            "not the manifest",
        ),
        ("more fields", with(&|it| it.manifest["sessions"] = json!([])), "manifest.json", "sessions"),
        (
            "no name",
            with(&|it| it.manifest["project"]["name"] = json!("")),
            "manifest.json#/project/name",
            "character",
        ),
        (
            "a long prompt",
            with(&|it| it.manifest["project"]["prompt"] = json!("x".repeat(12_001))),
            "manifest.json#/project/prompt",
            "12000",
        ),
        (
            "a wrong block",
            with(&|it| it.manifest["blocks"][1]["content"]["data"]["type"] = json!("virus")),
            "manifest.json#/blocks/1",
            "not a block",
        ),
        (
            "an invalid spec",
            with(&|it| it.manifest["blocks"][1]["content"]["data"] = json!({ "type": "list", "items": [] })),
            "manifest.json#/blocks/1",
            "",
        ),
        (
            "far away",
            with(&|it| it.manifest["blocks"][0]["position"]["x"] = json!(1e9)),
            "manifest.json#/blocks/0/position/x",
            "between",
        ),
        (
            "a long title",
            with(&|it| it.manifest["blocks"][0]["title"] = json!("x".repeat(256))),
            "manifest.json#/blocks/0/title",
            "255",
        ),
        (
            "no id",
            with(&|it| it.manifest["blocks"][0]["id"] = json!("1")),
            "manifest.json#/blocks/0",
            "not a block",
        ),
        (
            "ids twice",
            with(&|it| it.manifest["blocks"][1]["id"] = it.manifest["blocks"][0]["id"].clone()),
            "manifest.json#/blocks/1",
            "same id",
        ),
        (
            "a NUL",
            with(&|it| it.manifest["blocks"][0]["title"] = json!("a\0b")),
            "manifest.json#/blocks/0",
            "NUL",
        ),
        (
            "deep",
            with(&|it| it.manifest["project"]["metadata"] = json!({ "a": deep })),
            "manifest.json#/project/metadata",
            "deeply",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_archive_is_told_by_its_entry_and_stores_nothing() {
    let world = World::new().await;
    let before = world.standing().await;
    assert!(world.restore(&Forge::new().bytes(), DRY).await.unwrap().0.restorable, "the forge works");
    for (what, archive, entry, word) in hostile() {
        let (told, made) = world.restore(&archive, DRY).await.unwrap();
        assert!(made.is_none() && !told.restorable, "{what}");
        let find = |problems: &BTreeMap<String, String>| {
            let found = problems.iter().find(|(at, message)| at.starts_with(entry) && message.contains(word));
            assert!(found.is_some(), "{what}: {problems:?}");
        };
        find(&told.problems);
        match world.restore(&archive, WET).await {
            Err(Error::Invalid(fields)) => find(&fields),
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(world.standing().await, before, "{what}");
    }
    assert!(
        !world.org_folder().join("coming").exists() || walk(&world.org_folder().join("coming")).is_empty()
    );
}

/// Whatever is changed in an archive, it is refused or restored, and never half.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bytes_never_panic_and_never_leave_half_a_project() {
    let world = World::new().await;
    let mut forge = Forge::new();
    forge.app(Some(&apps::some()));
    let good = forge.bytes();
    for at in (0..good.len()).step_by(3) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        match world.restore(&bytes, WET).await {
            Err(Error::Invalid(problems)) => assert!(!problems.is_empty()),
            // What isn't looked at may be anything: times, rights.
            Ok((_, Some(project))) => {
                assert_eq!(world.blocks(project.id).await.len(), 3, "byte {at}");
                assert_eq!(world.files(project.id).len(), 2, "byte {at}");
                assert_eq!(world.notes(project.id).await.len(), 2, "byte {at}");
            }
            other => panic!("byte {at}: {other:?}"),
        }
    }
    let coming = walk(&world.org_folder().join("coming"));
    assert!(coming.is_empty(), "{coming:?}");
}
