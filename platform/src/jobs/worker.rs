//! Doing jobs.

use super::{Job, Jobs};
use crate::{Error, Result};
use async_trait::async_trait;
use futures::FutureExt as _;
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often jobs that became due, or that another process enqueued, are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// A job is known before its transaction has committed; by then it mostly has.
const BREATH: Duration = Duration::from_millis(15);
const LEASE: Duration = Duration::from_secs(60);
/// Jobs done at once.
const MOST: u32 = 8;

/// Does the jobs of one kind.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does a job; must bear to be called again for the same one. An error puts it back for later.
    async fn run(&self, job: &Job) -> Result<()>;
}

/// Does jobs, each by the handler of its kind. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    jobs: Jobs,
    handlers: HashMap<&'static str, Arc<dyn Handler>>,
}

impl Worker {
    /// Knows no kind yet.
    pub fn new(jobs: Jobs) -> Self {
        Self { jobs, handlers: HashMap::new() }
    }

    /// Does jobs of `kind` with `handler`.
    #[must_use]
    pub fn with(mut self, kind: &'static str, handler: impl Handler + 'static) -> Self {
        self.handlers.insert(kind, Arc::new(handler));
        self
    }

    /// Works until `ending` fires; jobs under way are finished first.
    pub async fn work(&self, ending: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                () = self.jobs.woken() => tokio::time::sleep(BREATH).await,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.do_due().await {
                tracing::warn!(%error, "jobs are not done for now");
            }
        }
    }

    /// Does every job that is due, and returns how many there were.
    pub async fn do_due(&self) -> Result<usize> {
        let owner = Uuid::now_v7().to_string();
        let mut count = 0;
        while self.jobs.any_due().await? {
            let claimed = self.jobs.claim(&owner, LEASE, MOST).await?;
            if claimed.is_empty() {
                break;
            }
            count += claimed.len();
            let mut at_work = JoinSet::new();
            for job in claimed {
                at_work.spawn(self.clone().one(job));
            }
            at_work.join_all().await;
        }
        Ok(count)
    }

    async fn one(self, job: Job) {
        let work = AssertUnwindSafe(self.run(&job)).catch_unwind();
        let outcome = tokio::select! {
            outcome = work => outcome.unwrap_or_else(|_| Err(Error::internal("the job's handler panicked"))),
            () = self.hold(&job) => return,
        };
        let put_away = match outcome {
            Ok(()) => self.jobs.finish(&job).await,
            Err(error) => {
                tracing::warn!(kind = job.kind, attempt = job.attempt, %error, "a job failed and is tried again later");
                self.jobs.fail(&job, &error.to_string()).await
            }
        };
        if let Err(error) = put_away {
            tracing::warn!(kind = job.kind, %error, "a job's end was not noted; it will be done again");
        }
    }

    async fn run(&self, job: &Job) -> Result<()> {
        match self.handlers.get(job.kind.as_str()) {
            Some(handler) => handler.run(job).await,
            None => Err(Error::internal(format!("this server does no jobs of the kind {:?}", job.kind))),
        }
    }

    /// Keeps a job's lease; returns when it is lost, and the work with it.
    async fn hold(&self, job: &Job) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            match self.jobs.extend(job, LEASE).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a job's lease was not extended"),
            }
        }
    }
}
