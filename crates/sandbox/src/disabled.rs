use crate::{Command, Outcome, OutputSink, Sandbox, SandboxError};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// A sandbox that is off: it runs nothing and says why.
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
impl Sandbox for Disabled {
    fn off_reason(&self) -> Option<String> {
        Some(self.reason.clone())
    }

    async fn exec(&self, _: Command, _: OutputSink, _: CancellationToken) -> Result<Outcome, SandboxError> {
        Err(SandboxError::Off(self.reason.clone()))
    }
}
