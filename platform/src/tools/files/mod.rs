//! Tools for the project's folder.

mod list;
mod read;
mod write;

pub use list::FileList;
pub use read::FileRead;
pub use write::FileWrite;

/// A path as models also write it: the project's folder is `/project` in the sandbox.
fn inside(path: &str) -> &str {
    let path = path.trim();
    let path = if path == "/project" { "" } else { path.strip_prefix("/project/").unwrap_or(path) };
    path.strip_prefix("./").unwrap_or(if path == "." || path == "/" { "" } else { path })
}
