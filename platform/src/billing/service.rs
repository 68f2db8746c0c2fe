use super::{
    byok,
    model::{Act, Ask, Done, Grant, Paid, Reservation, Used},
    packages::{Package, Packages},
    post::post,
    queue::{Queue, only},
    store,
};
use crate::{
    Error, OrgScope, Result,
    clock::Clock,
    store::{Store, Tx},
};
use alumia_protocol::{BucketId, Microcredits, OrgId, ReservationId, RunId, billing::Bucket};
use std::sync::Arc;

/// Credits of organisations. Cheap to clone.
///
/// What holds whatever happens in parallel: nothing available is ever below zero; a reservation is settled
/// or released once; a hard budget is never passed; what was granted is what is available, reserved, consumed,
/// expired and reversed together.
///
/// An account is opened at sign-up, and each month's credits are granted, by whatever touches it first in that
/// month; the sweeper sees to those that nothing touches.
#[derive(Clone)]
pub struct Billing {
    pub(super) queue: Queue,
}

impl Billing {
    /// Credits in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, packages: Packages) -> Self {
        Self { queue: Queue::new(store, clock, packages) }
    }

    /// The packages of this server.
    pub const fn packages(&self) -> &Packages {
        &self.queue.packages
    }

    /// An organisation's package, as a write sees it.
    pub(crate) async fn package_within(&self, tx: &mut Tx, org: OrgId) -> Result<&Package> {
        let id = store::package(tx, org).await?;
        Ok(id.map_or_else(|| self.packages().first(), |id| self.packages().get(&id)))
    }

    /// Sets the worst case of a call aside, from credits and in every budget that applies.
    ///
    /// # Errors
    /// `PaymentRequired` with what blocks it.
    pub async fn reserve(&self, scope: &OrgScope, ask: Ask) -> Result<Reservation> {
        reservation(self.queue.act(scope.org_id(), Act::Reserve(ask)).await?)
    }

    /// [`Self::reserve`] in the place of an `earlier` reservation, which is given free where it is still open.
    /// When the new one can't be paid, the earlier one is free all the same.
    pub async fn reserve_instead(
        &self,
        scope: &OrgScope,
        earlier: ReservationId,
        ask: Ask,
    ) -> Result<Reservation> {
        reservation(self.queue.act(scope.org_id(), Act::Replace(earlier, ask)).await?)
    }

    /// Charges what a call used in the end and gives the rest of its reservation free.
    ///
    /// A call that used more than was set aside is charged what credits and hard budgets still allow. What is
    /// beyond that is nobody's to pay: the books show it as written off, and the reservation with it.
    ///
    /// # Errors
    /// `Conflict` when it has been settled or released, `NotFound` when there is none.
    pub async fn settle(&self, scope: &OrgScope, id: ReservationId, used: Used) -> Result<Reservation> {
        reservation(self.queue.act(scope.org_id(), Act::Settle(id, used)).await?)
    }

    /// Gives a reservation free without a charge. Errors as [`Self::settle`].
    pub async fn release(&self, scope: &OrgScope, id: ReservationId) -> Result<Reservation> {
        reservation(self.queue.act(scope.org_id(), Act::Release(id)).await?)
    }

    /// [`Self::settle`], in the transaction that writes down what the call brought.
    pub async fn settle_within(
        &self,
        tx: &mut Tx,
        scope: &OrgScope,
        id: ReservationId,
        used: Used,
    ) -> Result<Reservation> {
        let acts = vec![(scope.org_id(), Act::Settle(id, used))];
        reservation(only(post(self.queue.desk(), tx, acts).await?)?)
    }

    /// Writes down a call that a key of the organisation's own has paid for, in the transaction that records it.
    pub(crate) async fn note_within(
        &self,
        tx: &mut Tx,
        scope: &OrgScope,
        ask: Ask,
        used: Used,
    ) -> Result<()> {
        byok::count(tx, scope.org_id(), &ask.provider, self.queue.clock.now()).await?;
        let acts = vec![(scope.org_id(), Act::Note(ask, used))];
        only(post(self.queue.desk(), tx, acts).await?).map(drop)
    }

    /// [`Self::grant`], in the transaction that says what for.
    pub(super) async fn grant_within(&self, tx: &mut Tx, org: OrgId, grant: Grant) -> Result<Bucket> {
        bucket(only(post(self.queue.desk(), tx, vec![(org, Act::Grant(grant))]).await?)?)
    }

    /// [`Self::reverse`], in the transaction that says why.
    pub(super) async fn reverse_within(
        &self,
        tx: &mut Tx,
        org: OrgId,
        id: BucketId,
        total: Microcredits,
    ) -> Result<Bucket> {
        bucket(only(post(self.queue.desk(), tx, vec![(org, Act::Reverse(id, total))]).await?)?)
    }

    /// Another package, in the transaction that says why; `None` for one that is free.
    pub(super) async fn subscribe_within(
        &self,
        tx: &mut Tx,
        org: OrgId,
        package: &Package,
        paid: Option<Paid>,
    ) -> Result<()> {
        let acts = vec![(org, Act::Subscribe(Box::new(package.clone()), paid))];
        only(post(self.queue.desk(), tx, acts).await?).map(drop)
    }

    /// Gives free what is still held for a run, in the caller's transaction: for whoever takes it over.
    pub async fn release_run_within(&self, tx: &mut Tx, scope: &OrgScope, run: RunId) -> Result<()> {
        let open = store::open_of_run(tx, scope.org_id(), run).await?;
        if !open.is_empty() {
            let acts = open.into_iter().map(|id| (scope.org_id(), Act::Release(id))).collect();
            post(self.queue.desk(), tx, acts).await?;
        }
        Ok(())
    }

    /// Opens an organisation's account and grants its first month, if that has yet to be done.
    pub async fn open(&self, org: OrgId) -> Result<()> {
        self.queue.act(org, Act::Tidy).await.map(drop)
    }

    /// Grants credits; a key that was granted for before grants nothing and answers with what it did then.
    pub async fn grant(&self, org: OrgId, grant: Grant) -> Result<Bucket> {
        bucket(self.queue.act(org, Act::Grant(grant)).await?)
    }

    /// Gives a charge back, as a bucket of its own.
    ///
    /// # Errors
    /// `Conflict` when less than that was charged and not given back yet.
    pub async fn refund(&self, org: OrgId, id: ReservationId, amount: Microcredits) -> Result<Bucket> {
        bucket(self.queue.act(org, Act::Refund(id, amount)).await?)
    }

    /// Takes so much of a bucket back in all, because its payment was: more as far as it is free, less where a
    /// dispute was won.
    pub async fn reverse(&self, org: OrgId, id: BucketId, total: Microcredits) -> Result<Bucket> {
        bucket(self.queue.act(org, Act::Reverse(id, total)).await?)
    }
}

fn reservation(done: Done) -> Result<Reservation> {
    match done {
        Done::Reservation(reservation) => Ok(*reservation),
        Done::Bucket(_) | Done::Tidied => Err(mixed_up()),
    }
}

fn bucket(done: Done) -> Result<Bucket> {
    match done {
        Done::Bucket(bucket) => Ok(bucket),
        Done::Reservation(_) | Done::Tidied => Err(mixed_up()),
    }
}

fn mixed_up() -> Error {
    Error::internal("the ledger answered something else than was asked")
}
