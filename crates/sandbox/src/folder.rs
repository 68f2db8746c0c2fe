//! The files of a work folder, read and written from outside the sandbox. What is in there was made by
//! programs that nobody trusts: no link is followed, and each step of a path is opened from the one
//! before, so that swapping a folder for a link in between leads nowhere either.

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, fchown, fstat, mkdirat, openat, renameat, unlinkat},
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

/// A session's work folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`, which is the caller's own and no link.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The first `most` bytes of a file, and its whole length.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` for a path that leads out, through a link or to no plain file.
    pub fn read(&self, path: &str, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let (folder, name) = self.parent(path, false)?;
        // Without NONBLOCK, opening a pipe would wait for its other end.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = openat(&folder, name, flags, Mode::empty()).map_err(plain)?;
        let about = fstat(&file)?;
        match FileType::from_raw_mode(about.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(refused("it is a folder, not a file")),
            _ => return Err(refused("it is no plain file")),
        }
        let mut bytes = Vec::new();
        File::from(file).take(most as u64).read_to_end(&mut bytes)?;
        Ok((bytes, u64::try_from(about.st_size).unwrap_or_default()))
    }

    /// Writes a file as a whole, making folders on the way.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (folder, name) = self.parent(path, true)?;
        let fresh = format!(".{}.{}.new", name.chars().take(100).collect::<String>(), std::process::id());
        let _ = unlinkat(&folder, &fresh, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&folder, &fresh, flags, Mode::from_raw_mode(0o644)).map_err(plain)?;
        let written = own(&folder, &file).and_then(|()| File::from(file).write_all(bytes));
        let placed = written.and_then(|()| renameat(&folder, &fresh, &folder, name).map_err(plain));
        if placed.is_err() {
            let _ = unlinkat(&folder, &fresh, AtFlags::empty());
        }
        placed
    }

    /// The folder that holds a path's last part, and that part.
    fn parent<'a>(&self, path: &'a str, make: bool) -> io::Result<(OwnedFd, &'a str)> {
        let inside = path.strip_prefix("/work/").unwrap_or(path);
        if inside.starts_with('/') {
            return Err(refused("it must be relative to the work folder"));
        }
        let parts: Vec<_> = inside.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.iter().any(|part| *part == ".." || part.contains('\0')) {
            return Err(refused("it must stay in the work folder"));
        }
        let Some((name, folders)) = parts.split_last() else {
            return Err(refused("it names no file"));
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = |at: &OwnedFd, name: &str| openat(at, name, flags, Mode::empty());
        let mut folder = open_root(&self.root)?;
        for part in folders {
            folder = match open(&folder, part) {
                Err(Errno::NOENT) if make => {
                    match mkdirat(&folder, *part, Mode::from_raw_mode(0o755)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(fault) => return Err(fault.into()),
                    }
                    let made = open(&folder, part).map_err(plain)?;
                    own(&folder, &made)?;
                    made
                }
                opened => opened.map_err(plain)?,
            };
        }
        Ok((folder, name))
    }
}

fn open_root(root: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(root, flags, Mode::empty())?)
}

/// As root, gives what was made to the folder's owner, so that commands can change it.
fn own(folder: &OwnedFd, made: &OwnedFd) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        let owner = fstat(folder)?;
        let user = rustix::fs::Uid::from_raw(owner.st_uid);
        fchown(made, Some(user), Some(rustix::fs::Gid::from_raw(owner.st_gid)))?;
    }
    Ok(())
}

fn plain(fault: Errno) -> io::Error {
    match fault {
        Errno::LOOP => refused("it leads through a link"),
        Errno::NOTDIR => refused("a part of it is no folder"),
        Errno::ISDIR => refused("it is a folder, not a file"),
        Errno::NXIO => refused("it is no plain file"),
        Errno::NAMETOOLONG => refused("it is too long"),
        other => other.into(),
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
