use super::{
    model::{self, DeadJob, Job, JobId, NewJob},
    store,
};
use crate::{
    Error, Result,
    clock::Clock,
    store::{Store, Tx},
};
use alumia_protocol::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    clock: Arc<dyn Clock>,
    news: Arc<Notify>,
}

impl Jobs {
    /// The queue in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, news: Arc::default() }
    }

    /// Adds a job that exists when the caller's transaction commits.
    pub async fn enqueue(&self, tx: &mut Tx, new: NewJob) -> Result<JobId> {
        let id = JobId(uuid::Uuid::now_v7());
        store::insert(tx, id, &new, self.clock.now()).await?;
        self.news.notify_one();
        Ok(id)
    }

    /// Returns when a job was enqueued in this process.
    pub(super) async fn woken(&self) {
        self.news.notified().await;
    }

    /// Whether there may be something to claim; asks without taking the writer.
    pub async fn any_due(&self) -> Result<bool> {
        store::any_due(&self.store, self.clock.now()).await
    }

    /// Takes up to `most` due jobs, the longest due first, for the time of `lease`.
    pub async fn claim(&self, worker: &str, lease: Duration, most: u32) -> Result<Vec<Job>> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        store::bury_lost(&mut tx, now).await?;
        let jobs = store::claim(&mut tx, self.store.engine(), worker, now, later(now, lease), most).await?;
        tx.commit().await?;
        Ok(jobs)
    }

    /// Holds a job for `lease` from now; false when it is another's or gone, and its work must end.
    pub async fn extend(&self, job: &Job, lease: Duration) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let held = store::extend(&mut tx, job, later(self.clock.now(), lease)).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Removes a finished job, in the transaction of its results; false when it is another's by now, and
    /// the transaction must be dropped.
    pub async fn complete(&self, tx: &mut Tx, job: &Job) -> Result<bool> {
        store::complete(tx, job).await
    }

    /// Removes a finished job that leaves no results of its own; false when it is another's by now.
    pub async fn finish(&self, job: &Job) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let held = store::complete(&mut tx, job).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Puts a failed job back for later, or aside when its attempts are used up; false when it is another's
    /// by now.
    pub async fn fail(&self, job: &Job, error: &str) -> Result<bool> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let run_at = later(now, model::rest(job.attempt));
        let held = store::fail(&mut tx, job, &model::shorten(error), run_at, now).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Jobs put aside, the latest first.
    pub async fn dead(&self, most: u32) -> Result<Vec<DeadJob>> {
        store::dead(&self.store, most).await
    }

    /// Puts a dead job back to work at once, with as many attempts as it had.
    pub async fn rerun(&self, id: JobId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !store::revive(&mut tx, id, self.clock.now()).await? {
            return Err(Error::NotFound("job"));
        }
        tx.commit().await?;
        Ok(())
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}
