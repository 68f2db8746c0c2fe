use std::sync::{Arc, OnceLock};

/// Where this server's pages are, for links in letters. Never made from what a request says about itself: a
/// forged `Host` would lead the reader of a letter elsewhere.
#[derive(Clone, Default)]
pub struct Links(Arc<OnceLock<String>>);

impl Links {
    /// An origin such as `https://alumia.example.org`.
    pub fn new(origin: impl Into<String>) -> Self {
        let links = Self::default();
        links.settle(origin);
        links
    }

    /// Says where, once it is known; what was said first stays.
    pub fn settle(&self, origin: impl Into<String>) {
        self.0.get_or_init(|| origin.into());
    }

    /// The address of a page; `path` begins with a slash.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0.get().map_or("http://localhost:3000", String::as_str))
    }
}
