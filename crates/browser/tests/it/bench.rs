//! What the tests stand on: a site, a place that must not be reached, browsers, and the list of processes.

use alumia_browser::{Browser, Browsers, Chromium, Forwarder, Limits, Page, Seen, Settings};
use alumia_net::{Client, Dns};
use async_trait::async_trait;
use axum::Router;
use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::MutexGuard};

/// `site.test` and `other.test` are 127.0.0.1, which is allowed; `inside.test` is 127.0.0.2, which is not.
struct Names;

#[async_trait]
impl Dns for Names {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let address = match host {
            "site.test" | "other.test" => "127.0.0.1",
            "inside.test" => "127.0.0.2",
            "metadata.test" => "169.254.169.254",
            _ => return Err(std::io::Error::other("no such name")),
        };
        Ok(vec![address.parse().unwrap()])
    }
}

pub struct Bench {
    pub dir: TempDir,
    pub chromium: Chromium,
    pub port: u16,
    /// The port of 127.0.0.2 that must not be reached, and how often it was.
    pub inside: u16,
    hits: Arc<AtomicUsize>,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    // Processes are counted, so tests that run in one process take turns.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// As short as tests can bear.
pub fn limits() -> Limits {
    Limits { load: Duration::from_secs(4), answer: Duration::from_secs(4), ..Limits::default() }
}

impl Bench {
    pub async fn new(site: Router) -> Self {
        Self::with(site, limits()).await
    }

    pub async fn with(site: Router, limits: Limits) -> Self {
        Self::allowing(&["127.0.0.1/32"], site, limits).await
    }

    pub async fn allowing(allow: &[&str], site: Router, limits: Limits) -> Self {
        let alone = ALONE.lock().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, site).await });
        let canary = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let (inside, hits) = (canary.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counter = hits.clone();
        tokio::spawn(async move {
            while canary.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let chromium = Chromium::new(settings(dir.path().join("state"), allow, limits)).unwrap();
        assert_eq!(chromium.off_reason(), None, "these tests need Chromium and bubblewrap");
        assert_eq!(processes(), Vec::<u32>::new(), "the trial left something");
        Self { dir, chromium, port, inside, hits, seen: Arc::default(), _alone: alone }
    }

    pub async fn start(&self) -> Arc<dyn Browser> {
        let seen = self.seen.clone();
        self.chromium.start(Arc::new(move |one| seen.lock().unwrap().push(one))).await.unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://site.test:{}{path}", self.port)
    }

    /// How often the place was reached that must not be.
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    pub fn pictures(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|one| matches!(one, Seen::Frame(_))).count()
    }
}

/// `ALUMIA_TEST_CHROMIUM` names another browser than the one that is found.
pub fn settings(state: PathBuf, allow: &[&str], limits: Limits) -> Settings {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(|deps| deps.parent()).unwrap().join("examples/forwarder");
    let allow = allow.iter().map(|range| range.parse().unwrap()).collect();
    Settings {
        executable: std::env::var_os("ALUMIA_TEST_CHROMIUM").map(Into::into),
        forwarder: Forwarder { path, arguments: vec![] },
        client: Client::with(Arc::new(Names), allow).unwrap(),
        state,
        limits,
    }
}

/// The processes below this one.
pub fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let all: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            (!line("State:")?.starts_with('Z')).then_some((pid, line("PPid:")?.parse().ok()?))
        })
        .collect();
    let mut below = vec![];
    let mut parents = vec![std::process::id()];
    while let Some(parent) = parents.pop() {
        for (pid, _) in all.iter().filter(|(_, above)| *above == parent) {
            below.push(*pid);
            parents.push(*pid);
        }
    }
    below
}

/// The processes below this one whose command line has all of these in it.
pub fn processes_with(marks: &[&str]) -> Vec<u32> {
    let has = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        marks.iter().all(|mark| line.contains(mark))
    };
    processes().into_iter().filter(has).collect()
}

/// Waits until none is left.
pub async fn all_gone(within: Duration) {
    let started = Instant::now();
    while !processes().is_empty() {
        assert!(started.elapsed() < within, "{:?} left after {:?}", processes(), started.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The number of the first thing in an outline whose description begins so.
pub fn number(page: &Page, what: &str) -> u32 {
    let found = page.text.split('[').skip(1).find_map(|part| {
        let (number, rest) = part.split_once("] ")?;
        rest.starts_with(what).then(|| number.parse().unwrap())
    });
    found.unwrap_or_else(|| panic!("no {what} in:\n{}", page.text))
}
