use crate::{Browser, BrowserError, Browsers, Watch};
use async_trait::async_trait;
use std::sync::Arc;

/// Browsers that are off: none starts, and it says why.
#[derive(Clone, Debug)]
pub struct Disabled {
    reason: String,
}

impl Disabled {
    /// Off for a reason that a person can read.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

#[async_trait]
impl Browsers for Disabled {
    fn off_reason(&self) -> Option<String> {
        Some(self.reason.clone())
    }

    async fn start(&self, _: Watch) -> Result<Arc<dyn Browser>, BrowserError> {
        Err(BrowserError::Off(self.reason.clone()))
    }
}
