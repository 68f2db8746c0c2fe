//! The Unix socket that is one browser's way out, in a folder of its own that is seen inside its sandbox.

use std::{
    fs::{self, File},
    io,
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::net::UnixListener;

/// The socket's name in the folder.
const SOCKET: &str = "proxy";

/// The folder, gone with this.
pub(super) struct Outlet {
    pub(super) folder: PathBuf,
    /// Its lock says that somebody uses it.
    opened: File,
}

/// Makes the place for outlets and clears away what servers left there that were killed.
pub(super) fn prepare(state: &Path) -> io::Result<PathBuf> {
    let outlets = state.join("outlets");
    fs::create_dir_all(&outlets)?;
    for left in fs::read_dir(&outlets)?.flatten() {
        if File::open(left.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(left.path());
        }
    }
    outlets.canonicalize()
}

impl Outlet {
    pub(super) fn new(outlets: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = outlets.join(format!("{}-{number}", std::process::id()));
        // Left by a process that had our number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let opened = File::open(&folder)?;
        opened.lock()?;
        Ok(Self { folder, opened })
    }

    /// Listens, and lets those in the sandbox connect.
    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        // The name of a socket has at most 107 bytes, so the folder is named by its descriptor.
        let name = format!("/proc/self/fd/{}/{SOCKET}", self.opened.as_raw_fd());
        let listener = UnixListener::bind(name)?;
        alumia_sandbox::give(&self.folder)?;
        alumia_sandbox::give(&self.folder.join(SOCKET))?;
        Ok(listener)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The socket as it is called inside.
pub(super) fn socket(inside: &str) -> String {
    format!("{inside}/{SOCKET}")
}
