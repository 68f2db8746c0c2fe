//! Browsers for those who browse on somebody's behalf: a trait, confined headless Chromium behind it, and a fake.
//!
//! A [`Browser`] has one page and an empty profile. What it loads goes through the proxy of
//! [`alumia_net::Client`], so it reaches public addresses and what an operator allows; what a page wants beside
//! being shown (windows, dialogs, downloads, files, permissions) is refused and noted.
#![warn(missing_docs)]

#[cfg(target_os = "linux")]
mod cdp;
#[cfg(target_os = "linux")]
mod chromium;
mod disabled;
mod error;
mod fake;
#[cfg(unix)]
pub mod forwarder;
#[cfg(target_os = "linux")]
mod outline;
mod settings;

#[cfg(target_os = "linux")]
pub use chromium::Chromium;
pub use disabled::Disabled;
pub use error::BrowserError;
pub use fake::{Fake, FakePage};
pub use settings::{Forwarder, Settings};

use async_trait::async_trait;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

/// What a watched browser shows and tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A JPEG picture of the page, at most [`SIZE`] large and at most two a second.
    Frame(Bytes),
    /// The page has another address or title.
    Page {
        /// Its address.
        url: String,
        /// Its title.
        title: String,
    },
    /// Something that the page wanted and didn't get, in a sentence.
    Note(String),
}

/// Hears what a browser shows and tells; must not block.
pub type Watch = Arc<dyn Fn(Seen) + Send + Sync>;

/// Width and height of a browser's window in pixels.
pub const SIZE: (u32, u32) = (1024, 640);

/// A page as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its address, after all redirects.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its outline: headings, text, lists, tables, and with a number in brackets whatever can be acted on. At most
    /// [`Limits::text`] characters, and a line that says so where it is cut.
    pub text: String,
    /// The HTTP status of its answer, where it has one.
    pub status: Option<u16>,
    /// Whether it was still loading when it was read.
    pub loading: bool,
    /// What it wanted and didn't get since it was read last, a sentence each.
    pub notes: Vec<String>,
}

/// A picture of what the window shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screenshot {
    /// The picture.
    pub bytes: Bytes,
    /// Its type.
    pub media_type: &'static str,
}

/// What one browser may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory of all its processes together.
    pub memory: u64,
    /// Processes and threads at a time; Chromium has about 60 for one simple page.
    pub processes: u64,
    /// Bytes of its profile, which is held in memory beside [`Self::memory`]. No file in it can be larger.
    pub profile: u64,
    /// Bytes that it loads and sends in its life.
    pub bytes: u64,
    /// Connections at a time.
    pub connections: usize,
    /// How long a page may load before it is shown as it is.
    pub load: Duration,
    /// How long a page may take to answer what the browser asks of it, like a picture of itself.
    pub answer: Duration,
    /// How long a browser may take to start.
    pub start: Duration,
    /// Characters of a page's outline.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            memory: 1536 * MIB,
            processes: 512,
            profile: 256 * MIB,
            bytes: 200 * MIB,
            connections: 128,
            load: Duration::from_secs(15),
            answer: Duration::from_secs(10),
            start: Duration::from_secs(20),
            text: 20_000,
        }
    }
}

/// Starts browsers.
#[async_trait]
pub trait Browsers: Send + Sync {
    /// Why none can run here, if none can. Finding out starts one the first time, and blocks.
    fn off_reason(&self) -> Option<String>;

    /// A fresh browser with an empty profile, on an empty page.
    ///
    /// # Errors
    /// [`BrowserError::Off`] and [`BrowserError::Start`].
    async fn start(&self, watch: Watch) -> Result<Arc<dyn Browser>, BrowserError>;
}

/// One browser. Calls take turns, but for [`Self::close`]. A call whose future is dropped leaves the browser as it
/// is then; dropping the last handle ends it with all its processes.
#[async_trait]
pub trait Browser: Send + Sync {
    /// Goes to a web page and waits until it is there and quiet, at most [`Limits::load`]. What shows something by
    /// then is answered as it is, with `loading` set.
    ///
    /// # Errors
    /// [`BrowserError::Refused`] for an address that can't be visited, also at the end of a redirect.
    async fn open(&self, url: &str) -> Result<Page, BrowserError>;

    /// The page as it is now.
    ///
    /// # Errors
    /// When the page doesn't answer.
    async fn read(&self) -> Result<Page, BrowserError>;

    /// Clicks what has this number in the outline that was given last, and waits for what comes of it as
    /// [`Self::open`] does.
    ///
    /// # Errors
    /// [`BrowserError::Stale`] for a number that isn't there, [`BrowserError::Hidden`] for what isn't seen, and as
    /// [`Self::open`] when it leads to another page.
    async fn click(&self, reference: u32) -> Result<Page, BrowserError>;

    /// Writes into a field in place of what it held, or chooses a list's entry by its name. `submit` presses Enter
    /// afterwards. Waits as [`Self::click`] does.
    ///
    /// # Errors
    /// As [`Self::click`]; [`BrowserError::NoField`] and [`BrowserError::NoOption`].
    async fn type_text(&self, reference: u32, text: &str, submit: bool) -> Result<Page, BrowserError>;

    /// What the window shows now.
    ///
    /// # Errors
    /// When the page doesn't answer.
    async fn screenshot(&self) -> Result<Screenshot, BrowserError>;

    /// Ends it; none of its processes is left when this returns.
    async fn close(&self);

    /// Whether it can still be used. One whose page crashed can't.
    fn is_alive(&self) -> bool;
}

/// The browsers of this system: Chromium on Linux, off elsewhere.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "nothing to set there"))]
pub fn standard(settings: Settings) -> Arc<dyn Browsers> {
    #[cfg(target_os = "linux")]
    match Chromium::new(settings) {
        Ok(browsers) => Arc::new(browsers),
        Err(fault) => Arc::new(Disabled::new(fault.to_string())),
    }
    #[cfg(not(target_os = "linux"))]
    Arc::new(Disabled::new("browsers are confined on Linux only"))
}
