//! A browser without Chromium, for tests of whatever uses one: its pages come from a map, and it can be slow, stuck
//! or crash where it is told to.

use crate::{Browser, BrowserError, Browsers, Page, Screenshot, Seen, Watch};
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// One white dot.
const PICTURE: &str = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=";

/// A page of a [`Fake`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FakePage {
    /// Its title.
    pub title: String,
    /// Its outline, numbers included, as `[1] link "More"`.
    pub text: String,
    /// Its status; 200 when not given.
    pub status: Option<u16>,
    /// Whether it never finishes loading.
    pub loading: bool,
    /// What it wants and doesn't get.
    pub notes: Vec<String>,
    /// Where a click on a number leads, or Enter in it.
    pub links: HashMap<u32, String>,
}

/// Browsers whose pages come from a map. Clones share everything.
#[derive(Clone, Default)]
pub struct Fake {
    script: Arc<Script>,
    seen: Arc<Log>,
}

#[derive(Clone, Default)]
struct Script {
    off: Option<String>,
    pages: HashMap<String, FakePage>,
    slow: Duration,
    stuck: HashSet<String>,
    crashes: HashSet<String>,
    fails: Option<String>,
}

#[derive(Default)]
struct Log {
    started: AtomicUsize,
    alive: AtomicUsize,
    calls: Mutex<Vec<String>>,
}

impl Fake {
    /// Browsers without any page.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, change: impl FnOnce(&mut Script)) -> Self {
        change(Arc::make_mut(&mut self.script));
        self
    }

    /// With one more page.
    #[must_use]
    pub fn page(self, url: &str, page: FakePage) -> Self {
        self.with(|script| {
            script.pages.insert(url.into(), page);
        })
    }

    /// Off, for this reason.
    #[must_use]
    pub fn off(self, reason: &str) -> Self {
        self.with(|script| script.off = Some(reason.into()))
    }

    /// Every start fails, for this reason.
    #[must_use]
    pub fn fails(self, reason: &str) -> Self {
        self.with(|script| script.fails = Some(reason.into()))
    }

    /// Everything takes so long.
    #[must_use]
    pub fn slow(self, time: Duration) -> Self {
        self.with(|script| script.slow = time)
    }

    /// Whoever opens this never hears of it again.
    #[must_use]
    pub fn stuck(self, url: &str) -> Self {
        self.with(|script| {
            script.stuck.insert(url.into());
        })
    }

    /// The browser that opens this crashes.
    #[must_use]
    pub fn crashes(self, url: &str) -> Self {
        self.with(|script| {
            script.crashes.insert(url.into());
        })
    }

    /// How many browsers were started.
    pub fn started(&self) -> usize {
        self.seen.started.load(Ordering::SeqCst)
    }

    /// How many are neither closed nor dropped nor crashed.
    pub fn alive(&self) -> usize {
        self.seen.alive.load(Ordering::SeqCst)
    }

    /// What was asked of all of them, as `open https://…`, `click 3`, `type 4 text`, `read`, `screenshot`, `close`.
    pub fn calls(&self) -> Vec<String> {
        lock(&self.seen.calls).clone()
    }
}

#[async_trait]
impl Browsers for Fake {
    fn off_reason(&self) -> Option<String> {
        self.script.off.clone()
    }

    async fn start(&self, watch: Watch) -> Result<Arc<dyn Browser>, BrowserError> {
        tokio::time::sleep(self.script.slow).await;
        if let Some(reason) = &self.script.off {
            return Err(BrowserError::Off(reason.clone()));
        }
        if let Some(reason) = &self.script.fails {
            return Err(BrowserError::Start(reason.clone()));
        }
        self.seen.started.fetch_add(1, Ordering::SeqCst);
        self.seen.alive.fetch_add(1, Ordering::SeqCst);
        let empty = Shown { url: "about:blank".into(), page: FakePage::default(), fields: vec![] };
        let (script, seen) = (self.script.clone(), self.seen.clone());
        Ok(Arc::new(FakeBrowser {
            script,
            seen,
            watch,
            shown: Mutex::new(empty),
            alive: AtomicBool::new(true),
        }))
    }
}

struct FakeBrowser {
    script: Arc<Script>,
    seen: Arc<Log>,
    watch: Watch,
    shown: Mutex<Shown>,
    alive: AtomicBool,
}

struct Shown {
    url: String,
    page: FakePage,
    /// What was typed into which number.
    fields: Vec<(u32, String)>,
}

impl Shown {
    fn has(&self, reference: u32) -> bool {
        self.page.links.contains_key(&reference) || self.page.text.contains(&format!("[{reference}]"))
    }
}

impl FakeBrowser {
    async fn call(&self, what: String) -> Result<(), BrowserError> {
        lock(&self.seen.calls).push(what);
        tokio::time::sleep(self.script.slow).await;
        if self.is_alive() { Ok(()) } else { Err(BrowserError::Closed) }
    }

    async fn go(&self, url: &str) -> Result<Page, BrowserError> {
        if self.script.stuck.contains(url) {
            return std::future::pending().await;
        }
        if self.script.crashes.contains(url) {
            self.end();
            return Err(BrowserError::Crashed);
        }
        let Some(page) = self.script.pages.get(url) else {
            return Err(BrowserError::Load { url: url.into(), reason: "there is no such page".into() });
        };
        *lock(&self.shown) = Shown { url: url.into(), page: page.clone(), fields: vec![] };
        (self.watch)(Seen::Page { url: url.into(), title: page.title.clone() });
        (self.watch)(Seen::Frame(picture()));
        for note in &page.notes {
            (self.watch)(Seen::Note(note.clone()));
        }
        Ok(self.shown(true))
    }

    fn shown(&self, noted: bool) -> Page {
        let shown = lock(&self.shown);
        let mut text = shown.page.text.clone();
        for (reference, typed) in &shown.fields {
            let _ = write!(text, "\n[{reference}] = \"{typed}\"");
        }
        Page {
            url: shown.url.clone(),
            title: shown.page.title.clone(),
            text,
            status: Some(shown.page.status.unwrap_or(200)),
            loading: shown.page.loading,
            notes: if noted { shown.page.notes.clone() } else { vec![] },
        }
    }

    /// Where something leads, if it is there at all.
    fn link(&self, reference: u32) -> Result<Option<String>, BrowserError> {
        let shown = lock(&self.shown);
        if shown.has(reference) {
            Ok(shown.page.links.get(&reference).cloned())
        } else {
            Err(BrowserError::Stale(reference))
        }
    }

    fn end(&self) {
        if self.alive.swap(false, Ordering::SeqCst) {
            self.seen.alive.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Browser for FakeBrowser {
    async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        self.call(format!("open {url}")).await?;
        self.go(url).await
    }

    async fn read(&self) -> Result<Page, BrowserError> {
        self.call("read".into()).await?;
        Ok(self.shown(false))
    }

    async fn click(&self, reference: u32) -> Result<Page, BrowserError> {
        self.call(format!("click {reference}")).await?;
        match self.link(reference)? {
            Some(url) => self.go(&url).await,
            None => Ok(self.shown(false)),
        }
    }

    async fn type_text(&self, reference: u32, text: &str, submit: bool) -> Result<Page, BrowserError> {
        self.call(format!("type {reference} {text}")).await?;
        let link = self.link(reference)?;
        if submit && let Some(url) = link {
            return self.go(&url).await;
        }
        {
            let mut shown = lock(&self.shown);
            shown.fields.retain(|(field, _)| *field != reference);
            shown.fields.push((reference, text.into()));
        }
        Ok(self.shown(false))
    }

    async fn screenshot(&self) -> Result<Screenshot, BrowserError> {
        self.call("screenshot".into()).await?;
        Ok(Screenshot { bytes: picture(), media_type: "image/jpeg" })
    }

    async fn close(&self) {
        lock(&self.seen.calls).push("close".into());
        self.end();
    }

    fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }
}

impl Drop for FakeBrowser {
    fn drop(&mut self) {
        self.end();
    }
}

fn picture() -> Bytes {
    BASE64_STANDARD.decode(PICTURE).unwrap_or_default().into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
