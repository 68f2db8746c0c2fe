//! Looks after a running sandbox from outside: finds its first process, counts what the kernel's own
//! limits don't (memory of all processes together, the work folder), and ends it.

use crate::{Limits, SandboxError};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::{
    collections::HashSet,
    fs,
    ops::Not,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const TICK: Duration = Duration::from_millis(100);

/// The first process inside a sandbox. With it end all others.
pub(crate) struct First {
    pid: u32,
    handle: OwnedFd,
}

impl First {
    /// Waits until the process below `ours` that is number 1 of its own namespace is there.
    pub(crate) async fn find(ours: u32) -> Self {
        loop {
            if let Some(first) = Self::look(ours) {
                return first;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn look(ours: u32) -> Option<Self> {
        let children = fs::read_to_string(format!("/proc/{ours}/task/{ours}/children")).ok()?;
        let pid: u32 = children.split_whitespace().next()?.parse().ok()?;
        let handle = pidfd_open(Pid::from_raw(pid.try_into().ok()?)?, PidfdFlags::empty()).ok()?;
        // Read after the handle is there: a number that was given anew meanwhile shows here.
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        // The last of several numbers is the one in the process's own namespace.
        let inner = numbers.split_whitespace().skip(1).last();
        (inner == Some("1")).then_some(Self { pid, handle })
    }

    /// Kills it; that it is gone shows in the end of the process that waits for it.
    pub(crate) fn kill(&self) {
        // Fails only when it is gone already.
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
    }

    /// Returns when all processes together take more than so many bytes of memory.
    pub(crate) async fn outgrow(&self, memory: u64) {
        loop {
            let (started, pid) = (Instant::now(), self.pid);
            let grown = tokio::task::spawn_blocking(move || Inside::memory(pid, memory) > memory).await;
            if grown.unwrap_or_default() {
                return;
            }
            tokio::time::sleep(TICK.max(started.elapsed() * 4)).await;
        }
    }

    /// Returns when a limit is broken.
    pub(crate) async fn watch(&self, workdir: &Path, room: Room) -> SandboxError {
        loop {
            let started = Instant::now();
            let (pid, workdir) = (self.pid, workdir.to_owned());
            let found = tokio::task::spawn_blocking(move || breach(pid, &workdir, room)).await;
            if let Ok(Some(breach)) = found {
                return breach;
            }
            tokio::time::sleep(TICK.max(started.elapsed() * 4)).await;
        }
    }
}

fn breach(pid: u32, workdir: &Path, room: Room) -> Option<SandboxError> {
    let inside = Inside::measure(pid);
    if inside.memory > room.memory {
        return Some(SandboxError::Memory);
    }
    room.is_left(workdir, inside.deleted).not().then_some(SandboxError::Full)
}

/// What a command may take of what is counted here.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    memory: u64,
    bytes: u64,
    files: u64,
}

impl Room {
    /// The limits; a little more where the folder is full already, so that a command can clear it up.
    pub(crate) async fn above(workdir: &Path, limits: &Limits, growth: Option<u64>) -> Self {
        let Limits { memory, work: bytes, files, .. } = *limits;
        let room = Self { memory, bytes, files };
        let folder = workdir.to_owned();
        let used = tokio::task::spawn_blocking(move || usage(&folder, u64::MAX, u64::MAX)).await;
        let (used, entries) = used.unwrap_or_default();
        let bytes = if used < bytes { bytes } else { used + (1 << 20) };
        Self {
            bytes: growth.map_or(bytes, |growth| bytes.min(used.saturating_add(growth).saturating_add(1))),
            files: if entries < files { files } else { entries + 16 },
            ..room
        }
    }

    /// Whether the folder holds all that it may.
    pub(crate) async fn is_used_up(self, workdir: &Path) -> bool {
        let workdir = workdir.to_owned();
        !tokio::task::spawn_blocking(move || self.is_left(&workdir, 0)).await.unwrap_or(true)
    }

    fn is_left(self, workdir: &Path, elsewhere: u64) -> bool {
        let (bytes, files) = usage(workdir, self.bytes, self.files);
        bytes + elsewhere < self.bytes && files < self.files
    }
}

/// What the processes of a sandbox hold.
#[derive(Default)]
struct Inside {
    /// Bytes of memory that are not a file's.
    memory: u64,
    /// Bytes of files that have no name any more but are open.
    deleted: u64,
}

impl Inside {
    fn measure(first: u32) -> Self {
        let mut seen = HashSet::new();
        let mut inside = Self::default();
        for process in processes(first) {
            inside.memory += share(&process);
            inside.deleted += deleted(&process, &mut seen);
        }
        inside
    }

    /// Bytes of memory alone. What is shared is counted for each process at first, which is quickly done, and by
    /// shares only when that would be too much.
    fn memory(first: u32, most: u64) -> u64 {
        let whole = processes(first).iter().map(|process| resident(process)).sum();
        if whole <= most { whole } else { processes(first).iter().map(|process| share(process)).sum() }
    }
}

/// The processes of a sandbox, as folders of a `/proc`.
fn processes(first: u32) -> Vec<PathBuf> {
    // The sandbox's own /proc lists its processes and no others. Until it has its own, which can take a while on a
    // busy machine, what is found there is the one that lists us and everybody else.
    let proc = PathBuf::from(format!("/proc/{first}/root/proc"));
    if fs::read_link(proc.join("self")).is_ok() {
        return vec![];
    }
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    let numbers = entries.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    numbers.map(|entry| entry.path()).collect()
}

/// Bytes of memory of a process that are not a file's.
fn resident(process: &Path) -> u64 {
    sum(&process.join("status"), &["RssAnon", "RssShmem"])
}

/// As [`resident`], with its share of what it has together with others.
fn share(process: &Path) -> u64 {
    sum(&process.join("smaps_rollup"), &["Pss_Anon", "Pss_Shmem"])
}

/// The sum of some lines of a file of `/proc` that stand in kibibytes, in bytes.
fn sum(path: &Path, names: &[&str]) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let kibibytes = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        names.contains(&name).then(|| value.trim().trim_end_matches(" kB").parse::<u64>().ok())?
    });
    kibibytes.sum::<u64>() * 1024
}

fn deleted(process: &Path, seen: &mut HashSet<(u64, u64)>) -> u64 {
    let Ok(open) = fs::read_dir(process.join("fd")) else { return 0 };
    let nameless = open.flatten().filter_map(|file| {
        let file = fs::metadata(file.path()).ok()?;
        (file.is_file() && file.nlink() == 0 && seen.insert((file.dev(), file.ino())))
            .then(|| file.blocks() * 512)
    });
    nameless.sum()
}

/// Bytes on disk and entries of a folder; counting ends where either reaches its bound.
fn usage(folder: &Path, most_bytes: u64, most_files: u64) -> (u64, u64) {
    let (mut bytes, mut files) = (0, 0);
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            bytes += found.blocks() * 512;
            files += 1;
            if bytes >= most_bytes || files >= most_files {
                return (bytes, files);
            }
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    (bytes, files)
}

#[cfg(test)]
mod tests {
    use super::Inside;

    #[test]
    fn what_runs_outside_is_not_counted_before_the_sandbox_has_its_own_list() {
        // As it is between the making of the namespaces and the change of the root.
        assert_eq!(Inside::measure(std::process::id()).memory, 0);
    }
}
