//! Tools for the session's sandbox: commands, and the files in its work folder.

mod exec;
mod read;
#[cfg(all(test, unix))]
mod tests;
mod write;

pub use exec::SandboxExec;
pub use read::SandboxRead;
pub use write::SandboxWrite;

use super::{ToolContext, errors};
use crate::files::Files;
use alumia_protocol::tools::ToolError;
use alumia_sandbox::Folder;
use std::io;

/// The session's work folder.
async fn folder(files: &Files, context: &ToolContext) -> Result<Folder, ToolError> {
    let path = files.sandbox_dir(&context.scope, context.project_id, context.session_id).await;
    Ok(Folder::new(path.map_err(errors::service)?))
}

/// Works on the folder away from the threads that serve everybody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ToolError> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|fault| Err(io::Error::other(fault)));
    done.map_err(|fault| refusal(&fault))
}

fn refusal(fault: &io::Error) -> ToolError {
    match fault.kind() {
        io::ErrorKind::NotFound => {
            let message =
                "There is no such file in the work folder. Run ls in sandbox_exec to see what is there.";
            errors::error("not_found", message)
        }
        io::ErrorKind::InvalidInput => errors::invalid("/path", &format!("can't be used: {fault}")),
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            errors::invalid("/path", "is a folder or leads through a file")
        }
        _ => {
            tracing::warn!(%fault, "a work folder can't be used");
            errors::failed(format!("The work folder can't be used: {fault}."))
        }
    }
}
