use super::{Files, Place};
use crate::{
    Error,
    billing::{Allowance, Caps, Package, Packages},
    projects::Projects,
    sessions::testing::House,
};
use alumia_protocol::{ProjectId, SessionId, billing::PackageLimit};
use futures::future::join_all;
use std::{fs, path::Path};

const PIECE: usize = 100 * 1_024;

/// A house whose package includes a megabyte of files.
struct Shed {
    house: House,
    files: Files,
    root: tempfile::TempDir,
}

impl Shed {
    async fn new() -> Self {
        let (house, root) = (House::new().await, tempfile::tempdir().unwrap());
        let caps = Caps { storage_mb: Some(1), ..Caps::default() };
        let first = Packages::new(&[], "personal").unwrap().first().clone();
        let packages = Packages::new(&[Package { caps, ..first }], "personal").unwrap();
        let projects = Projects { allowance: Allowance::of(packages), ..house.projects() };
        let files = Files { root: root.path().join("files"), projects };
        Self { house, files, root }
    }

    async fn write(&self, project: ProjectId, path: &str, bytes: usize) -> Result<(), Error> {
        self.files.write(&self.house.owner, project, path, &vec![b'x'; bytes]).await.map(drop)
    }

    async fn used(&self) -> i64 {
        self.files.room(self.house.org).await.unwrap().1
    }

    fn on_disk(&self) -> i64 {
        i64::try_from(super::disk::total(&self.root.path().join("files"))).unwrap()
    }
}

fn full(result: Result<(), Error>) -> String {
    match result {
        Err(Error::PaymentRequired(blocked)) => {
            assert_eq!(blocked.lacks, Some(PackageLimit::Storage));
            assert_eq!(blocked.included_in, ["Pro", "Team", "Scale"]);
            blocked.message
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writes_at_once_as_many_are_made_as_fit() {
    let shed = Shed::new().await;
    let other = shed.house.project("team").await;
    let paths: Vec<String> = (0..30).map(|number| format!("folder/{number}.bin")).collect();
    let project = |number: usize| if number % 2 == 0 { shed.house.project } else { other };
    let writes = paths.iter().enumerate().map(|(number, path)| shed.write(project(number), path, PIECE));
    let results = join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 10);
    for result in results.into_iter().filter(Result::is_err) {
        let said = full(result);
        assert!(said.contains("1 MB of files") && said.contains("under Billing"), "{said}");
    }
    assert_eq!((shed.used().await, shed.on_disk()), (10 * 102_400, 10 * 102_400));
}

#[tokio::test]
async fn what_is_refused_leaves_the_disk_alone_and_what_makes_room_counts() {
    let shed = Shed::new().await;
    let project = shed.house.project;
    shed.write(project, "a", 1 << 20).await.unwrap();
    full(shed.write(project, "b", 1).await);
    full(shed.write(project, "a", (1 << 20) + 1).await);
    assert_eq!((shed.used().await, shed.on_disk()), (1 << 20, 1 << 20));
    // The same again and less fit; so does nothing.
    shed.write(project, "a", 1 << 20).await.unwrap();
    shed.write(project, "empty", 0).await.unwrap();
    shed.write(project, "a", 10).await.unwrap();
    shed.write(project, "b", 1_000).await.unwrap();
    assert_eq!((shed.used().await, shed.on_disk()), (1_010, 1_010));
    // What can't be written isn't counted.
    shed.write(project, "folder/c", 5).await.unwrap();
    assert!(matches!(shed.write(project, "folder", 7).await, Err(Error::Invalid(_))));
    assert_eq!((shed.used().await, shed.on_disk()), (1_015, 1_015));
    // A project that is deleted holds nothing any more.
    let other = shed.house.project("team").await;
    shed.write(other, "d", 500).await.unwrap();
    assert_eq!(shed.used().await, 1_515);
    shed.files.projects.delete(&shed.house.owner, other).await.unwrap();
    assert_eq!(shed.used().await, 1_015);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_many_times_at_once_counts_once() {
    let shed = Shed::new().await;
    let writes = (1..20).map(|number| shed.write(shed.house.project, "a", number * 1_000));
    for result in join_all(writes).await {
        result.unwrap();
    }
    assert_eq!(shed.used().await, shed.on_disk());
}

#[tokio::test]
async fn what_others_write_is_counted_anew() {
    let shed = Shed::new().await;
    let (project, session) = (shed.house.project, SessionId::new());
    let work = shed.files.sandbox_dir(&shed.house.owner, project, session).await.unwrap();
    let put = |path: &Path, bytes: usize| fs::write(path, vec![b'x'; bytes]).unwrap();
    put(&work.join("out.bin"), 2_000);
    fs::create_dir(work.join("deep")).unwrap();
    put(&work.join("deep/more.bin"), 300);
    std::os::unix::fs::symlink("/etc/passwd", work.join("link")).unwrap();
    // A file of holes takes no room.
    fs::File::create(work.join("holes")).unwrap().set_len(1 << 40).unwrap();
    let place = Place::sandbox(&shed.house.owner, project, session);
    shed.files.recount(&place).await.unwrap();
    assert_eq!(shed.used().await, 2_300);
    fs::remove_file(work.join("out.bin")).unwrap();
    shed.files.recount(&place).await.unwrap();
    assert_eq!(shed.used().await, 300);
    // A number that a crash, or somebody's hand, has left wrong is put right; a folder that is gone holds nothing.
    shed.write(project, "a", 77).await.unwrap();
    let mut tx = shed.house.store.begin().await.unwrap();
    sqlx::query("UPDATE stored_bytes SET bytes = 999999").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    fs::remove_dir_all(&work).unwrap();
    let elsewhere = shed.files.sandbox_dir(&shed.house.owner, project, SessionId::new()).await.unwrap();
    put(&elsewhere.join("b"), 5);
    shed.files.recount_all().await.unwrap();
    assert_eq!((shed.used().await, shed.on_disk()), (82, 82));
}
