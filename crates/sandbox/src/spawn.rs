//! The thread that starts sandboxes. The kernel ties "die with parent" to the thread that started the
//! process, and a runtime's worker thread may end at any time.

use std::{io, sync::mpsc, thread};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

type Job = (Command, Handle, oneshot::Sender<io::Result<Child>>);

pub(crate) struct Spawner {
    jobs: mpsc::Sender<Job>,
}

impl Spawner {
    pub(crate) fn new() -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        thread::Builder::new().name("sandbox".into()).spawn(move || {
            for (mut command, runtime, answer) in waiting {
                let _inside = runtime.enter();
                // Nobody waits any more when the caller was dropped; the child then ends with its handle.
                let _ = answer.send(command.spawn());
            }
        })?;
        Ok(Self { jobs })
    }

    pub(crate) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = |_| io::Error::other("the sandbox's thread has ended");
        let (answer, started) = oneshot::channel();
        self.jobs.send((command, Handle::current(), answer)).map_err(|_| gone(()))?;
        started.await.map_err(|_| gone(()))?
    }
}
