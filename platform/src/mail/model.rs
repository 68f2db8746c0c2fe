use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A letter in plain text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The address; one alone.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Lines of text; what looks like a link is one.
    pub text: String,
}

impl std::fmt::Debug for Letter {
    /// Without the text: it may hold a link that opens an account.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("to", &self.to).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Why a letter was not sent; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MailError(pub String);

/// Sends letters.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Hands one letter over. `id` is the same for every try of it, so that a receiver can tell that a second
    /// copy is one.
    async fn send(&self, id: &str, letter: &Letter) -> Result<(), MailError>;
}
