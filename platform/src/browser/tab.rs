//! One session's browser.

use alumia_browser::{Browser, Seen};
use alumia_protocol::{BlockId, tools::SCREENSHOT};
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Where a call's partial output goes: channel and text.
pub type Output = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What a browser shows, and who is told.
#[derive(Default)]
pub struct Screen(Mutex<Shown>);

#[derive(Default)]
struct Shown {
    picture: Option<Bytes>,
    number: u64,
    output: Option<Output>,
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what happened in the browser.
    pub fn see(&self, seen: Seen) {
        let mut shown = self.lock();
        let (channel, text) = match seen {
            Seen::Frame(picture) => {
                shown.picture = Some(picture);
                shown.number += 1;
                (SCREENSHOT, format!("{}\n", shown.number))
            }
            Seen::Page { url, title } if title.is_empty() => ("page", format!("{url}\n")),
            Seen::Page { url, title } => ("page", format!("{title} · {url}\n")),
            Seen::Note(text) => ("note", format!("{text}\n")),
        };
        let output = shown.output.clone();
        drop(shown);
        if let Some(output) = output {
            output(channel, &text);
        }
    }

    /// Has this call told from now on; `None` for nobody.
    pub fn tell(&self, output: Option<Output>) {
        self.lock().output = output;
    }

    /// The last picture, a JPEG.
    pub fn picture(&self) -> Option<Bytes> {
        self.lock().picture.clone()
    }
}

/// A browser that is open.
pub struct Tab {
    pub browser: Arc<dyn Browser>,
    pub screen: Arc<Screen>,
    /// One call at a time, which may put the block on the canvas.
    pub turn: tokio::sync::Mutex<Option<BlockId>>,
    pub used: Mutex<Instant>,
}

impl Tab {
    pub fn new(browser: Arc<dyn Browser>, screen: Arc<Screen>) -> Self {
        Self { browser, screen, turn: tokio::sync::Mutex::default(), used: Mutex::new(Instant::now()) }
    }

    pub fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub fn last_used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call is using it.
    pub fn is_busy(&self) -> bool {
        self.turn.try_lock().is_err()
    }
}
