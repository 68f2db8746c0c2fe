//! What is known of a browser's page, as its events tell.

use crate::{BrowserError, Seen, Watch};
use alumia_net::{NetError, Url};
use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};
use tokio::sync::watch;

/// What is kept of one kind of thing that a page can make any number of.
const MOST: usize = 1000;

/// An error status without a page; what some browsers show in its place is the page then.
pub(super) const EMPTY: &str = "net::ERR_HTTP_RESPONSE_CODE_FAILURE";

/// Kept up to date by the events; calls wait for it to change.
#[derive(Debug)]
pub(super) struct State {
    /// The page, once it is there.
    pub page: Option<Ids>,
    pub url: String,
    pub title: String,
    /// Whether the page itself is loading; what its frames do doesn't count.
    pub loading: bool,
    /// How often another document was shown.
    pub commits: u64,
    /// The request that brought the document that is shown, and its status.
    pub shown: (String, Option<u16>),
    /// The request for the document that was asked for last.
    pub document: Document,
    /// Requests that are under way.
    pub requests: HashSet<String>,
    /// When a request began or ended.
    pub stirred: Instant,
    /// The address of a file that would have been saved.
    pub download: Option<String>,
    /// What the proxy didn't reach, by `host:port`.
    pub unreached: HashMap<String, NetError>,
    pub notes: Notes,
    /// Why it can't be used any more.
    pub gone: Option<BrowserError>,
}

/// How the page is spoken to and spoken of.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub session: String,
    /// Of the target and of the page's main frame.
    pub target: String,
}

/// A request for a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub request: String,
    /// After all redirects so far.
    pub url: String,
    pub status: Option<u16>,
    /// Whether it is the page now, if perhaps not the whole of it.
    pub is_shown: bool,
    /// The network stack's word for what failed.
    pub failure: Option<String>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            page: None,
            url: "about:blank".into(),
            title: String::new(),
            loading: false,
            commits: 0,
            shown: Default::default(),
            document: Document::default(),
            requests: HashSet::new(),
            stirred: Instant::now(),
            download: None,
            unreached: HashMap::new(),
            notes: Notes::default(),
            gone: None,
        }
    }

    /// Forgets what an earlier action came to.
    pub(super) fn begin(&mut self) {
        self.document.failure = None;
        self.download = None;
        self.unreached.clear();
        self.stirred = Instant::now();
    }

    pub(super) fn is_main(&self, frame: Option<&str>) -> bool {
        frame.is_some() && frame == self.page.as_ref().map(|ids| ids.target.as_str())
    }

    pub(super) fn requested(&mut self, request: &str) {
        if self.requests.len() < MOST {
            self.requests.insert(request.to_owned());
        }
        self.stirred = Instant::now();
    }

    pub(super) fn answered(&mut self, request: &str) {
        if self.requests.remove(request) {
            self.stirred = Instant::now();
        }
    }

    pub(super) fn unreached(&mut self, authority: String, fault: NetError) {
        if self.unreached.len() < MOST {
            self.unreached.insert(authority, fault);
        }
    }

    /// What the last action came to for the page as a whole, where that is a failure.
    pub(super) fn outcome(&self) -> Result<(), BrowserError> {
        let Document { url, status, failure, .. } = &self.document;
        match failure.as_deref() {
            Some("net::ERR_ABORTED" | EMPTY) => Ok(()),
            Some(word) => {
                self.refusal(url)?;
                Err(failed(url, word))
            }
            // What the proxy answered stands where the page would.
            None if matches!(status, Some(403 | 502 | 503)) => self.refusal(url),
            None => Ok(()),
        }
    }

    /// Why the proxy didn't reach the host of an address, if it didn't.
    pub(super) fn refusal(&self, url: &str) -> Result<(), BrowserError> {
        let fault = authority(url).and_then(|authority| self.unreached.get(&authority));
        fault.map_or(Ok(()), |fault| Err(BrowserError::Refused(fault.clone())))
    }
}

/// An error of Chromium's network stack in words.
pub(super) fn failed(url: &str, word: &str) -> BrowserError {
    let short = word.trim_start_matches("net::");
    let reason = match short {
        "ERR_ABORTED" => "there is nothing to show at this address".into(),
        "ERR_EMPTY_RESPONSE" => "the server closed the connection without an answer".into(),
        "ERR_CONNECTION_CLOSED" | "ERR_CONNECTION_RESET" => "the connection was closed".into(),
        "ERR_TOO_MANY_REDIRECTS" => "it redirects in a circle".into(),
        "ERR_UNSAFE_REDIRECT" | "ERR_DISALLOWED_URL_SCHEME" | "ERR_UNKNOWN_URL_SCHEME" => {
            "it leads to an address that is neither http nor https".into()
        }
        "ERR_BLOCKED_BY_RESPONSE" => "its own rules forbid showing it here".into(),
        short if short.starts_with("ERR_CERT") => format!("its certificate is not valid ({short})"),
        short if short.starts_with("ERR_SSL") => format!("no encrypted connection is possible ({short})"),
        short => short.to_owned(),
    };
    BrowserError::Load { url: cut(url, 200), reason }
}

/// `host:port` of an address, as a proxy is asked for it.
fn authority(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Keeps a note and tells it, unless there are many already.
pub(super) fn note(state: &watch::Sender<State>, watch: &Watch, note: String) {
    let mut told = false;
    state.send_modify(|state| told = state.notes.add(note.clone()));
    if told {
        watch(Seen::Note(note));
    }
}

/// Keeps the page's address and title, and tells them when they are others.
pub(super) fn named(state: &watch::Sender<State>, watch: &Watch, url: &str, title: &str) {
    let changed = state.send_if_modified(|state| {
        let changed = (state.url.as_str(), state.title.as_str()) != (url, title);
        (state.url, state.title) = (url.to_owned(), title.to_owned());
        changed
    });
    if changed {
        watch(Seen::Page { url: url.to_owned(), title: title.to_owned() });
    }
}

/// What a page wanted and didn't get. A page that wants the same without end fills nothing up.
#[derive(Debug, Default)]
pub(super) struct Notes {
    kept: Vec<String>,
    more: u64,
}

impl Notes {
    const MOST: usize = 10;

    /// Whether it is worth telling at once.
    pub(super) fn add(&mut self, note: String) -> bool {
        let kept = self.kept.len() < Self::MOST && !self.kept.contains(&note);
        if kept {
            self.kept.push(note);
        } else {
            self.more += 1;
        }
        kept
    }

    /// All of them, which are forgotten.
    pub(super) fn take(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.kept);
        match std::mem::take(&mut self.more) {
            0 => {}
            1 => notes.push("and once more something like that".into()),
            more => notes.push(format!("and {more} more times something like that")),
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_do_not_pile_up() {
        let mut notes = Notes::default();
        assert!(notes.add("a".into()));
        assert!(!notes.add("a".into()));
        for number in 0..200 {
            notes.add(format!("note {number}"));
        }
        let taken = notes.take();
        assert_eq!(taken.len(), 11);
        assert_eq!(taken[10], "and 192 more times something like that");
        assert!(notes.take().is_empty());
    }

    #[test]
    fn a_failure_is_the_rule_that_caused_it() {
        let mut state = State::new();
        state.document.url = "https://Example.org/x".into();
        assert_eq!(state.outcome(), Ok(()));
        state.document.failure = Some("net::ERR_TUNNEL_CONNECTION_FAILED".into());
        assert!(matches!(state.outcome(), Err(BrowserError::Load { .. })));
        state.unreached("example.org:443".into(), NetError::Port(443));
        assert_eq!(state.outcome(), Err(BrowserError::Refused(NetError::Port(443))));
        state.document.failure = None;
        state.document.status = Some(200);
        assert_eq!(state.outcome(), Ok(()));
        state.document.status = Some(403);
        assert_eq!(state.outcome(), Err(BrowserError::Refused(NetError::Port(443))));
        state.begin();
        assert_eq!(state.outcome(), Ok(()));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 2), "äö…");
    }
}
