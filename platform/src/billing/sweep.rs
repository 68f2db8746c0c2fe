//! What is done without being asked: reservations past their deadline, buckets and months that are over.

use super::{model::Act, service::Billing, store};
use crate::{Error, Result};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked for what is due.
const LOOK: Duration = Duration::from_secs(15);
/// Done in one go.
const MOST: i64 = 500;

impl Billing {
    /// Sweeps until `ending` fires. Every server may: what another has done is done.
    pub async fn work(&self, ending: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.sweep().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "credits are not swept for now");
            }
        }
    }

    /// Does what is due; returns how many reservations and accounts that was.
    pub async fn sweep(&self) -> Result<usize> {
        let now = self.queue.clock.now();
        let mut acts = Vec::new();
        for (org, id) in store::past_deadline(&self.queue.store, now, MOST).await? {
            acts.push((org, Act::Release(id)));
        }
        for org in store::untidy(&self.queue.store, now, MOST).await? {
            acts.push((org, Act::Tidy));
        }
        let count = acts.len();
        let done = acts.into_iter().map(|(org, act)| self.queue.act(org, act));
        for result in futures::future::join_all(done).await {
            match result {
                // Settled at the last moment, or swept by another server.
                Ok(_) | Err(Error::Conflict { .. } | Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }
}
