//! Claiming runs and keeping them: leases, orders from other processes, take-over.

use super::{
    Engine,
    driver::{Driver, Left, Order},
    here::{Handed, Worker},
    orders,
    places::Look,
    store,
};
use crate::{Result, fault::fault};
use alumia_protocol::RunId;
use futures::FutureExt as _;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often runs of workers that have gone away are looked for.
const CLAIM: Duration = Duration::from_secs(1);
/// Runs that are claimed in one go.
const AT_ONCE: usize = 64;
/// How often orders that came in through other processes are looked for.
const ORDERS: Duration = Duration::from_millis(300);
/// How often it is looked whether what waits can be paid, by credits that came through other processes or
/// that another call gave free.
const PAID: Duration = Duration::from_secs(2);

impl Engine {
    /// Claims and drives runs until `shutdown` fires; then lets go of what is going on so that the next
    /// process takes it over.
    pub async fn work(&self, shutdown: CancellationToken) {
        let owner: Arc<str> = Uuid::now_v7().to_string().into();
        let (hand, mut handed) = mpsc::unbounded_channel();
        self.here.set_worker(Some(Worker { owner: owner.clone(), hand }));
        // Drivers hold their tasks: dropping this, or aborting the task that polls it, ends them all.
        let mut drivers = JoinSet::new();
        let ending = shutdown.child_token();
        let mut claim = ticker(CLAIM);
        let mut renew = ticker(self.parts.limits.lease / 3);
        let mut look = ticker(ORDERS);
        let mut paid = ticker(PAID);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = renew.tick() => warn("leases are not renewed", self.renew(&owner).await),
                Some(Handed { run, place }) = handed.recv() => {
                    drivers.spawn(self.clone().one(run, owner.clone(), Some(place), ending.clone()));
                }
                () = self.here.wake.notified() => {
                    warn("runs are not claimed", self.claim(&owner, &mut drivers, &ending).await);
                }
                _ = claim.tick() => {
                    warn("waits for agents are not ended", self.end_waits().await);
                    warn("questions are not ended", self.end_questions().await);
                    warn("runs are not claimed", self.claim(&owner, &mut drivers, &ending).await);
                }
                _ = look.tick(), if self.here.is_busy() => {
                    warn("orders are not read", self.look(&owner).await);
                }
                () = self.parts.billing.news() => {
                    warn("paid runs are not woken", self.resume_paid().await.map(drop));
                }
                _ = paid.tick() => warn("paid runs are not woken", self.resume_paid().await.map(drop)),
                // Keeps the set small; room for another run may have become free.
                Some(_) = drivers.join_next() => {
                    if self.here.places.available_permits() == 1 {
                        self.here.wake.notify_one();
                    }
                }
            }
        }
        self.here.set_worker(None);
        // What was handed over at the last moment is given back with the rest.
        handed.close();
        while drivers.join_next().await.is_some() {}
        warn("runs are not given back", self.give_back(&owner, None).await);
    }

    /// Claims as many runs as there is room for.
    async fn claim(
        &self,
        owner: &Arc<str>,
        drivers: &mut JoinSet<()>,
        ending: &CancellationToken,
    ) -> Result<()> {
        // A run that has only to be ended needs no place: nobody waits for a stop until others are done.
        let mut places = Vec::new();
        while places.len() < AT_ONCE
            && let Ok(place) = self.here.places.clone().try_acquire_owned()
        {
            places.push(place);
        }
        let full = places.is_empty();
        let limit = if full { AT_ONCE } else { places.len() };
        let Look { claimed, delayed, more } = self.take(owner, limit, full).await?;
        if !claimed.is_empty() {
            fault!("claim.after");
        }
        if more {
            self.here.wake.notify_one();
        }
        let mut places = places.into_iter();
        for run in claimed {
            drivers.spawn(self.clone().one(run, owner.clone(), places.next(), ending.clone()));
        }
        for run in &delayed {
            // One that can't be told hinders nobody else.
            warn("a run is not told that it waits", self.tell(run).await);
        }
        Ok(())
    }

    /// Drives one run; its place is free again afterwards.
    async fn one(
        self,
        run: store::Claimed,
        owner: Arc<str>,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
        ending: CancellationToken,
    ) {
        let id = run.id;
        let orders = self.here.register(id);
        let drive = async {
            match Driver::new(self.clone(), run, orders, ending).await {
                Ok(driver) => driver.drive().await,
                Err(error) => Left::Broken(error),
            }
        };
        let left = AssertUnwindSafe(drive).catch_unwind().await;
        self.here.unregister(id);
        drop(place);
        if self.here.places_of_orgs.are_wanted() {
            self.here.wake.notify_one();
        }
        match left {
            Ok(Left::Done) => {}
            Ok(Left::Stale) => tracing::debug!(run = %id, "another worker has the run"),
            Ok(Left::Broken(error)) => {
                tracing::warn!(run = %id, error = &error as &dyn std::error::Error, "a run is given back");
                self.later(&owner, id).await;
            }
            Err(_) => {
                tracing::error!(run = %id, "a driver panicked; its run is given back");
                self.later(&owner, id).await;
            }
        }
    }

    /// Gives a run back after a pause, so that a lasting fault doesn't spin.
    async fn later(&self, owner: &str, run: RunId) {
        tokio::time::sleep(CLAIM).await;
        warn("a run is not given back", self.give_back(owner, Some(run)).await);
    }

    async fn give_back(&self, owner: &str, run: Option<RunId>) -> Result<()> {
        let mut tx = self.parts.store.begin().await?;
        store::release(&mut tx, owner, run).await?;
        tx.commit().await?;
        self.here.wake.notify_one();
        Ok(())
    }

    async fn renew(&self, owner: &str) -> Result<()> {
        if !self.here.is_busy() {
            return Ok(());
        }
        let mut tx = self.parts.store.begin().await?;
        store::renew(&mut tx, owner, self.lease_until()).await?;
        Ok(tx.commit().await?)
    }

    /// Passes on what people said through other processes. A driver knows what it has heard before.
    async fn look(&self, owner: &str) -> Result<()> {
        for run in store::stops(&self.parts.store, owner).await? {
            self.here.order(run, Order::Stop);
        }
        for order in store::orders(&self.parts.store, owner).await? {
            if let Some(said) = orders::said(&order) {
                self.here.order(order.run_id, said);
            }
        }
        Ok(())
    }
}

fn ticker(every: Duration) -> tokio::time::Interval {
    let mut ticker = tokio::time::interval(every.max(Duration::from_millis(10)));
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticker
}

fn warn(what: &'static str, result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(error = &error as &dyn std::error::Error, "{what}; trying again");
    }
}
