//! Models whose weights the server's machine keeps, for those who look after it.

use alumia_protocol::models::LocalModel;

/// Why something could not be done with a model of this machine; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// There is no such model.
    #[error("There is no such model.")]
    Unknown,
    /// Something else goes on.
    #[error("{0}")]
    Busy(String),
    /// The machine won't.
    #[error("{0}")]
    Failed(String),
}

/// The models of this machine.
pub trait LocalModels: Send + Sync {
    /// All that there are.
    fn list(&self) -> Vec<LocalModel>;

    /// Begins to fetch one's weights; how that goes is told by [`Self::list`]. Nothing to do where they are here or
    /// coming.
    ///
    /// # Errors
    /// `Busy` while another one is fetched.
    fn install(&self, id: &str) -> Result<(), NotDone>;

    /// Stops fetching; what has come is kept.
    ///
    /// # Errors
    /// `Unknown`.
    fn stop(&self, id: &str) -> Result<(), NotDone>;

    /// Deletes its weights, and what of them has come. An answer that it is giving comes to its end.
    ///
    /// # Errors
    /// `Busy` while it is fetched.
    fn remove(&self, id: &str) -> Result<(), NotDone>;
}
