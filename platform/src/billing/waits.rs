//! Runs that wait until they can be paid.

use super::{
    byok,
    model::{Act, Ask},
    post::open,
    service::Billing,
    store,
};
use crate::{Error, Result, store::Tx};
use alumia_protocol::{OrgId, ReservationId, RunId, billing::BlockReason};
use std::collections::BTreeSet;

/// Runs looked at in one go.
const MOST: i64 = 500;

impl Billing {
    /// Returns when credits have come or a budget has changed in this process.
    pub(crate) async fn news(&self) {
        self.queue.news.notified().await;
    }

    /// Notes that the run of `ask` waits to be paid, in the transaction that lets go of it.
    pub(crate) async fn wait_within(&self, tx: &mut Tx, org: OrgId, ask: &Ask) -> Result<()> {
        store::insert_wait(tx, org, ask, self.queue.clock.now()).await
    }

    /// The run has a worker again.
    pub(crate) async fn end_wait_within(&self, tx: &mut Tx, org: OrgId, run: RunId) -> Result<()> {
        store::delete_wait(tx, org, run).await
    }

    /// Waiting runs that could be paid now, those that wait longest first: as many of each organisation as
    /// could be paid together. Nobody overtakes one that waits for credits.
    pub(crate) async fn payable(&self) -> Result<Vec<(OrgId, Ask)>> {
        Ok(self.tried().await?.0)
    }

    /// Organisations of which a run waits for credits.
    pub(super) async fn short(&self) -> Result<BTreeSet<OrgId>> {
        Ok(self.tried().await?.1)
    }

    /// Waiting runs that could be paid, and organisations whose credits don't reach for the next one.
    async fn tried(&self) -> Result<(Vec<(OrgId, Ask)>, BTreeSet<OrgId>)> {
        let mut waits = store::waits(&self.queue.store, MOST).await?;
        if waits.is_empty() {
            return Ok((waits, BTreeSet::new()));
        }
        for (_, ask) in &mut waits {
            ask.id = ReservationId::new();
        }
        let orgs: Vec<OrgId> =
            waits.iter().map(|(org, _)| *org).collect::<BTreeSet<_>>().into_iter().collect();
        // What a key pays for waits for nothing.
        let owners = byok::owners(&self.queue.store, &orgs).await?;
        let acts: Vec<(OrgId, Act)> =
            waits.iter().map(|(org, ask)| (*org, Act::Reserve(ask.clone()))).collect();
        // Tried out on books that nobody writes back.
        let mut tx = self.queue.store.begin().await?;
        let mut books = open(self.queue.desk(), &mut tx, &acts).await?;
        tx.rollback().await?;
        let mut payable = Vec::new();
        let mut stuck = BTreeSet::new();
        for (org, ask) in waits {
            let Some(book) = books.get_mut(&org) else { continue };
            if book.package.own_keys && owners.contains(&(org, ask.provider.clone())) {
                payable.push((org, ask));
                continue;
            }
            if stuck.contains(&org) {
                continue;
            }
            match book.act(Act::Reserve(ask.clone())) {
                Ok(_) => payable.push((org, ask)),
                Err(Error::PaymentRequired(blocked)) if blocked.reason == BlockReason::NoCredits => {
                    stuck.insert(org);
                }
                Err(Error::PaymentRequired(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((payable, stuck))
    }
}
