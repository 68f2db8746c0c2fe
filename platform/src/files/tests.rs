use super::{Files, MAX_FILE};
use crate::{Error, sessions::testing::House};
use alumia_protocol::{ProjectId, SessionId, people::Role};
use std::{fs, os::unix::fs::symlink, path::PathBuf};

struct Place {
    house: House,
    files: Files,
    root: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let (house, root) = (House::new().await, tempfile::tempdir().unwrap());
        let files = Files { root: root.path().join("files"), projects: house.projects() };
        Self { house, files, root }
    }

    async fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        self.files.write(&self.house.owner, self.house.project, path, text.as_bytes()).await.map(drop)
    }

    async fn read(&self, path: &str) -> Result<String, Error> {
        let bytes = self.files.read(&self.house.owner, self.house.project, path, 1_000).await?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let entries = self.files.list(&self.house.owner, self.house.project, folder).await?;
        Ok(entries.into_iter().map(|it| if it.is_dir { it.path + "/" } else { it.path }).collect())
    }

    async fn dir(&self) -> PathBuf {
        self.files.project_dir(&self.house.owner, self.house.project).await.unwrap()
    }
}

fn invalid<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(&result, Err(Error::Invalid(fields)) if fields.contains_key("path")), "{result:?}");
}

fn missing<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
}

#[tokio::test]
async fn files_are_written_listed_and_read() {
    let place = Place::new().await;
    assert!(place.list("").await.unwrap().is_empty());
    for path in ["b.txt", "Data/2024/x.csv", "a.txt", "Data/Z.csv", "Data/a.csv", "日本/ü.md"] {
        place.write(path, path).await.unwrap();
        assert_eq!(place.read(path).await.unwrap(), path);
    }
    assert_eq!(place.list("").await.unwrap(), ["Data/", "日本/", "a.txt", "b.txt"]);
    assert_eq!(place.list("Data/").await.unwrap(), ["Data/2024/", "Data/a.csv", "Data/Z.csv"]);
    place.write("a.txt", "new").await.unwrap();
    assert_eq!(place.read("a.txt").await.unwrap(), "new");
    let entry = &place.files.list(&place.house.owner, place.house.project, "").await.unwrap()[2];
    assert_eq!((entry.path.as_str(), entry.size), ("a.txt", 3));
    assert!(entry.modified_at.0 > 1_600_000_000_000_000);
    // Nothing half-written is left, and nothing of it is listed.
    let incoming = place.dir().await.parent().unwrap().join("incoming");
    assert_eq!(fs::read_dir(incoming).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let place = Place::new().await;
    place.write("folder/file", "x").await.unwrap();
    invalid(place.read("folder").await);
    invalid(place.write("folder", "x").await);
    invalid(place.write("folder/file/below", "x").await);
    invalid(place.read("folder/file/below").await);
    invalid(place.list("folder/file").await);
    missing(place.read("folder/none").await);
    missing(place.read("none/none").await);
    missing(place.list("none").await);
    let read = place.files.read(&place.house.owner, place.house.project, "folder/file", 0).await;
    assert!(matches!(read, Err(Error::TooLarge(_))), "{read:?}");
    let big = vec![0; MAX_FILE + 1];
    let wrote = place.files.write(&place.house.owner, place.house.project, "big", &big).await;
    assert!(matches!(wrote, Err(Error::TooLarge(_))));
    missing(place.read("big").await);
}

#[tokio::test]
async fn no_path_leads_out() {
    let place = Place::new().await;
    fs::write(place.root.path().join("secret"), "secret").unwrap();
    place.write("inside", "x").await.unwrap();
    for path in [
        "../secret",
        "../../../secret",
        "inside/../../secret",
        "/etc/passwd",
        "//etc/passwd",
        "./inside",
        "a//b",
        "..",
        ".",
        "",
        "a\0b",
        "..\\secret",
        "a\nb",
    ] {
        invalid(place.read(path).await);
        invalid(place.write(path, "x").await);
        if !path.is_empty() {
            invalid(place.list(path).await);
        }
    }
    // What a server might decode is a plain name here.
    missing(place.read("%2e%2e/secret").await);
    assert_eq!(fs::read_to_string(place.root.path().join("secret")).unwrap(), "secret");
}

#[tokio::test]
async fn links_are_never_followed() {
    let place = Place::new().await;
    let (outside, dir) = (place.root.path().join("outside"), place.dir().await);
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    symlink(&outside, dir.join("folder")).unwrap();
    symlink(outside.join("secret"), dir.join("file")).unwrap();
    symlink(outside.join("new"), dir.join("dangling")).unwrap();
    missing(place.read("file").await);
    missing(place.read("folder/secret").await);
    missing(place.list("folder").await);
    invalid(place.write("folder/new", "x").await);
    assert!(place.list("").await.unwrap().is_empty());
    // Writing takes the link's place; what it pointed to stays.
    place.write("file", "mine").await.unwrap();
    place.write("dangling", "mine").await.unwrap();
    assert_eq!(place.read("file").await.unwrap(), "mine");
    assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "secret");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn a_pipe_is_no_file() {
    let place = Place::new().await;
    let pipe = place.dir().await.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), place.read("pipe")).await;
        missing(read.unwrap());
        assert!(place.list("").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn each_project_and_session_has_its_own_folder() {
    let place = Place::new().await;
    let (house, files) = (&place.house, &place.files);
    let (stranger, foreign) = house.neighbour().await;
    let viewer = house.member(Role::Viewer).await;
    place.write("a", "mine").await.unwrap();
    files.write(&stranger, foreign, "a", b"theirs").await.unwrap();
    assert_eq!(place.read("a").await.unwrap(), "mine");
    for project in [foreign, ProjectId::new()] {
        missing(files.read(&house.owner, project, "a", 10).await);
        missing(files.write(&house.owner, project, "a", b"x").await);
        missing(files.list(&house.owner, project, "").await);
        missing(files.project_dir(&house.owner, project).await);
        missing(files.sandbox_dir(&house.owner, project, SessionId::new()).await);
    }
    assert!(files.read(&viewer, house.project, "a", 10).await.is_ok());
    let wrote = files.write(&viewer, house.project, "a", b"x").await;
    assert!(matches!(wrote, Err(Error::Forbidden { .. })));
    let (one, two) = (SessionId::new(), SessionId::new());
    let first = files.sandbox_dir(&house.owner, house.project, one).await.unwrap();
    let second = files.sandbox_dir(&house.owner, house.project, two).await.unwrap();
    assert!(first.is_dir() && second.is_dir() && first != second);
    assert!(!first.starts_with(place.dir().await));
    assert_eq!(files.sandbox_dir(&house.owner, house.project, one).await.unwrap(), first);
}
