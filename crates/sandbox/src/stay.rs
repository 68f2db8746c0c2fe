//! Programs that stay: confined like commands, spoken to over their standard input and output.

use crate::{
    bubblewrap::end,
    layout::{Cage, Mount},
    watch::First,
};
use std::{ffi::OsString, io, path::PathBuf, process::ExitStatus};
use tokio::{
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    sync::{OnceCell, watch},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A program for [`Bubblewrap::stay`](crate::Bubblewrap::stay).
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments, by the names that they have inside.
    pub command: Vec<OsString>,
    /// Up to three files and folders of the host and the names under which they are seen inside, read-only. A Unix
    /// socket can be connected to; see [`give`](crate::give).
    pub mounts: Vec<(PathBuf, PathBuf)>,
    /// Further folders of the system, seen read-only under their own names where they are there. Any user must be
    /// able to reach them.
    pub system: Vec<PathBuf>,
}

impl Program {
    pub(crate) fn cage(&self) -> Cage {
        let mounts = self.mounts.iter().cloned();
        Cage {
            mounts: mounts.map(|(host, inside)| Mount { host, inside, writable: false }).collect(),
            system: self.system.clone(),
            fleeting: true,
            data: None,
            cpu: None,
            command: self.command.clone(),
        }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or because somebody killed it.
    Exit(ExitStatus),
    /// Its processes together took more memory than they may.
    Memory,
    /// It was told to.
    Told,
}

/// A running program. Dropping it ends the whole process tree.
#[derive(Debug)]
pub struct Confined {
    /// Its standard input.
    pub stdin: Option<ChildStdin>,
    /// Its standard output.
    pub stdout: Option<ChildStdout>,
    /// Its standard error. Whoever doesn't read it closes it.
    pub stderr: Option<ChildStderr>,
    stop: CancellationToken,
    _ends: DropGuard,
    ended: watch::Receiver<Option<Ended>>,
}

impl Confined {
    pub(crate) fn over(mut child: Child, memory: u64) -> io::Result<Self> {
        let ours = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let stop = CancellationToken::new();
        let (tell, ended) = watch::channel(None);
        let stopped = stop.clone();
        tokio::spawn(async move {
            let how = look_after(child, ours, memory, stopped).await;
            tell.send_replace(Some(how));
        });
        Ok(Self { stdin, stdout, stderr, _ends: stop.clone().drop_guard(), stop, ended })
    }

    /// How it ended, if it has.
    pub fn has_ended(&self) -> Option<Ended> {
        // A task that is gone with its runtime has dropped the child, which ends it too.
        let gone = self.ended.has_changed().is_err().then_some(Ended::Told);
        self.ended.borrow().or(gone)
    }

    /// Waits for its end. No process of it is left then.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(how) => how.unwrap_or(Ended::Told),
            Err(_) => Ended::Told,
        }
    }

    /// Ends it; no process of it is left when this returns.
    pub async fn end(&self) {
        self.stop.cancel();
        self.ended().await;
    }
}

async fn look_after(mut child: Child, ours: u32, memory: u64, stop: CancellationToken) -> Ended {
    let first = OnceCell::new();
    let outgrown = async { first.get_or_init(|| First::find(ours)).await.outgrow(memory).await };
    let how = tokio::select! {
        () = stop.cancelled() => Ended::Told,
        () = outgrown => Ended::Memory,
        status = child.wait() => return status.map_or(Ended::Told, Ended::Exit),
    };
    // Only a process that is gone already can't be ended.
    let _ = end(&mut child, &first, ours).await;
    how
}
