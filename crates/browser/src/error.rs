use alumia_net::NetError;

/// Why a browser did not do what it was asked. The messages are for people and models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrowserError {
    /// None can run here.
    #[error("the browser is off: {0}")]
    Off(String),
    /// It did not start.
    #[error("the browser could not start: {0}")]
    Start(String),
    /// A rule of addresses refused the page, or it can't be reached.
    #[error("{0}")]
    Refused(NetError),
    /// The page can't be shown.
    #[error("{url} could not be loaded: {reason}")]
    Load {
        /// Its address.
        url: String,
        /// What failed.
        reason: String,
    },
    /// It is a file to be saved.
    #[error("{0} is a download; this browser shows pages and saves no files")]
    Download(String),
    /// The number isn't in the outline that was given last.
    #[error(
        "[{0}] is not on the page as it was last read, or no longer; read the page again and take a number from there"
    )]
    Stale(u32),
    /// It takes no room in the page.
    #[error("[{0}] is hidden, so it can't be clicked; read the page again to see what is shown")]
    Hidden(u32),
    /// Nothing can be written into it.
    #[error("[{0}] is no field that can be written in ({1})")]
    NoField(u32, String),
    /// The list has no such entry.
    #[error("the list has no entry \"{wanted}\"; it has: {there}")]
    NoOption {
        /// What was asked for.
        wanted: String,
        /// Its entries, with commas.
        there: String,
    },
    /// The page is busy, perhaps for ever.
    #[error(
        "the page does not answer; it may be busy. Try again, or close the browser and open another page"
    )]
    Busy,
    /// The page holds more than can be read.
    #[error("the page is too large to be read; take a screenshot instead")]
    TooLarge,
    /// The page's process ended.
    #[error("the page crashed and the browser was closed; open the page again in a new one")]
    Crashed,
    /// All processes together took more memory than they may.
    #[error("the page used more memory than it may and the browser was closed")]
    Memory,
    /// It was closed, or it ended by itself.
    #[error("the browser is closed; open a page to start a new one")]
    Closed,
    /// The browser answered with something unexpected.
    #[error("the browser refused: {0}")]
    Unexpected(String),
}
