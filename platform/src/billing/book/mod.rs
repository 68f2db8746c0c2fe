//! The ledger of one organisation: pure rules over what was read of it. What changes is marked, to be written.
//!
//! A rule refuses before it changes anything. `Internal` errors alone may leave a book half changed; whoever
//! gets one throws the book away.

mod budgets;
mod close;
mod reserve;
pub mod time;

pub use budgets::{Counted, Counter, Notice, overflow};

use super::{
    model::{Account, Act, Done, Grant, MOST, Paid, Reservation, State},
    packages::{Package, Packages},
};
use crate::{Error, Result};
use alumia_protocol::{
    BucketId, LedgerEntryId, Microcredits, ReservationId, Timestamp,
    billing::{Bucket, BucketKind, EntryKind, LedgerEntry, Operation, Place},
};
use std::collections::{BTreeSet, HashMap};

/// A bucket with what it was granted for.
#[derive(Clone, Debug)]
pub struct Kept {
    pub key: String,
    pub bucket: Bucket,
}

/// See the module.
#[derive(Clone)]
pub struct Book {
    pub account: Account,
    pub package: Package,
    /// All that there are.
    pub packages: Packages,
    pub now: Timestamp,
    pub buckets: Vec<Kept>,
    pub budgets: Vec<Counted>,
    pub reservations: HashMap<ReservationId, Reservation>,
    /// Milliseconds of each operation that is paid by time in the package's month, where somebody asks for more.
    pub millis: HashMap<Operation, i64>,
    pub changes: Changes,
}

/// What is to be written.
#[derive(Clone, Default)]
pub struct Changes {
    pub account: bool,
    pub buckets: BTreeSet<BucketId>,
    pub reservations: BTreeSet<ReservationId>,
    pub entries: Vec<LedgerEntry>,
    pub notices: Vec<Notice>,
}

/// One act's movements.
#[derive(Clone, Copy)]
struct Moves {
    kind: EntryKind,
    transaction: LedgerEntryId,
    reservation: Option<ReservationId>,
}

impl Book {
    /// A book of this moment, with nothing read into it yet.
    pub fn new(account: Account, package: Package, packages: Packages, now: Timestamp) -> Self {
        Self {
            account,
            package,
            packages,
            now,
            buckets: Vec::new(),
            budgets: Vec::new(),
            reservations: HashMap::new(),
            millis: HashMap::new(),
            changes: Changes::default(),
        }
    }

    /// Does one thing.
    pub fn act(&mut self, act: Act) -> Result<Done> {
        Ok(match act {
            Act::Reserve(ask) => Done::Reservation(Box::new(self.reserve(ask)?)),
            Act::Replace(earlier, ask) => {
                if self.reservations.get(&earlier).is_some_and(|held| held.state == State::Open) {
                    self.close(earlier, None)?;
                }
                Done::Reservation(Box::new(self.reserve(ask)?))
            }
            Act::Settle(id, used) => Done::Reservation(Box::new(self.close(id, Some(used))?)),
            Act::Release(id) => Done::Reservation(Box::new(self.close(id, None)?)),
            Act::Note(ask, used) => Done::Reservation(Box::new(self.note(ask, used))),
            Act::Grant(grant) => Done::Bucket(self.grant(grant)?),
            Act::Refund(id, amount) => Done::Bucket(self.refund(id, amount)?),
            Act::Reverse(id, amount) => Done::Bucket(self.reverse(id, amount)?),
            Act::Subscribe(package, paid) => {
                self.subscribe(*package, paid)?;
                Done::Tidied
            }
            Act::Tidy => Done::Tidied,
        })
    }

    /// What is due whoever asks: ends buckets whose time is over and grants the month's credits, once.
    pub fn tidy(&mut self) -> Result<()> {
        for index in 0..self.buckets.len() {
            let bucket = &self.buckets[index].bucket;
            let left = bucket.left();
            if bucket.is_over(self.now) && left.is_positive() {
                let moves = Moves::new(EntryKind::Expire, None);
                self.shift(index, &moves, Place::Available, Place::Expired, left)?;
            }
        }
        let unpaid = self.account.paid_until.is_some_and(|until| until <= self.now);
        if unpaid || self.account.granted_until > self.now {
            return Ok(());
        }
        let (start, end) = time::month(self.account.anchor, self.now)?;
        self.account.granted_until = end;
        self.changes.account = true;
        if self.package.monthly_credits.is_positive() {
            self.grant(Grant {
                key: month_key(start),
                kind: BucketKind::Monthly,
                amount: self.package.monthly_credits,
                expires_at: Some(end),
            })?;
        }
        Ok(())
    }

    /// Changes the package to what is paid for, and grants its credits for the month, once: after a change to a
    /// larger package within a month, what it has more.
    fn subscribe(&mut self, package: Package, paid: Option<Paid>) -> Result<()> {
        self.account.package.clone_from(&package.id);
        self.package = package;
        // A period whose payment is tried again is over as far as grants go.
        self.account.paid_until = paid.map(|paid| if paid.paid { paid.end } else { paid.start });
        self.changes.account = true;
        let Some(paid) = paid.filter(|paid| paid.paid && paid.start <= self.now && self.now < paid.end)
        else {
            return Ok(());
        };
        self.account.anchor = paid.start;
        let (start, end) = time::month(paid.start, self.now)?;
        self.account.granted_until = end;
        let first = month_key(start);
        let of_month = |key: &str| key.split('/').next() == Some(first.as_str());
        let granted = self.buckets.iter().filter(|kept| of_month(&kept.key));
        let granted =
            Microcredits::checked_sum(granted.map(|kept| kept.bucket.granted)).ok_or_else(overflow)?;
        let missing = self.package.monthly_credits.checked_sub(granted).ok_or_else(overflow)?;
        if missing.is_positive() {
            let key = if granted.is_positive() { more_key(start, &self.package.id) } else { first };
            self.grant(Grant { key, kind: BucketKind::Monthly, amount: missing, expires_at: Some(end) })?;
        }
        Ok(())
    }

    /// What can be spent now.
    pub fn available(&self) -> Result<Microcredits> {
        let all = self.buckets.iter().map(|kept| kept.bucket.available(self.now));
        Microcredits::checked_sum(all).ok_or_else(overflow)
    }

    /// Takes `amount`, which is there, from the buckets in the order of their use.
    fn draw(
        &mut self,
        moves: &Moves,
        amount: Microcredits,
        target: Place,
    ) -> Result<Vec<(BucketId, Microcredits)>> {
        let mut order: Vec<usize> = (0..self.buckets.len())
            .filter(|&index| self.buckets[index].bucket.available(self.now).is_positive())
            .collect();
        order.sort_by_key(|&index| {
            let bucket = &self.buckets[index].bucket;
            (bucket.expires_at.unwrap_or(Timestamp(i64::MAX)), bucket.kind, bucket.created_at, bucket.id)
        });
        let (mut rest, mut parts) = (amount, Vec::new());
        for index in order {
            let bucket = &self.buckets[index].bucket;
            let (id, part) = (bucket.id, rest.min(bucket.available(self.now)));
            if !part.is_positive() {
                break;
            }
            self.shift(index, moves, Place::Available, target, part)?;
            rest = rest.checked_sub(part).ok_or_else(overflow)?;
            parts.push((id, part));
        }
        if rest.is_positive() {
            return Err(Error::internal("fewer credits were there than were counted"));
        }
        Ok(parts)
    }

    fn grant(&mut self, grant: Grant) -> Result<Bucket> {
        if let Some(kept) = self.buckets.iter().find(|kept| kept.key == grant.key) {
            return Ok(kept.bucket.clone());
        }
        self.put(grant, EntryKind::Grant, Place::Issued, None)
    }

    /// A new bucket.
    fn put(
        &mut self,
        grant: Grant,
        kind: EntryKind,
        source: Place,
        reservation: Option<ReservationId>,
    ) -> Result<Bucket> {
        if !grant.amount.is_positive() || grant.amount > MOST {
            return Err(Error::BadRequest(format!("{} can't be granted.", grant.amount)));
        }
        let bucket = Bucket {
            id: BucketId::new(),
            kind: grant.kind,
            granted: grant.amount,
            consumed: Microcredits::ZERO,
            reserved: Microcredits::ZERO,
            expired: Microcredits::ZERO,
            reversed: Microcredits::ZERO,
            expires_at: grant.expires_at,
            created_at: self.now,
        };
        self.changes.buckets.insert(bucket.id);
        self.buckets.push(Kept { key: grant.key, bucket: bucket.clone() });
        let moves = Moves::new(kind, reservation);
        self.write(&moves, source, Place::Available, Some(bucket.id), grant.amount);
        Ok(bucket)
    }

    fn reverse(&mut self, id: BucketId, total: Microcredits) -> Result<Bucket> {
        let index = self.bucket(id).ok_or(Error::NotFound("bucket"))?;
        let bucket = &self.buckets[index].bucket;
        let (left, reversed) = (bucket.left(), bucket.reversed);
        let more = total.max(Microcredits::ZERO).checked_sub(reversed).ok_or_else(overflow)?;
        let less = Microcredits::ZERO.checked_sub(more).ok_or_else(overflow)?;
        let moves = Moves::new(EntryKind::Reverse, None);
        self.shift(index, &moves, Place::Available, Place::Reversed, more.min(left))?;
        self.shift(index, &moves, Place::Reversed, Place::Available, less)?;
        Ok(self.buckets[index].bucket.clone())
    }

    fn bucket(&self, id: BucketId) -> Option<usize> {
        self.buckets.iter().position(|kept| kept.bucket.id == id)
    }

    /// Moves credits of one bucket.
    fn shift(
        &mut self,
        index: usize,
        moves: &Moves,
        source: Place,
        target: Place,
        amount: Microcredits,
    ) -> Result<()> {
        if !amount.is_positive() {
            return Ok(());
        }
        let bucket = &mut self.buckets[index].bucket;
        if let Some(place) = column(bucket, source) {
            *place = place.checked_sub(amount).ok_or_else(overflow)?;
        }
        if let Some(place) = column(bucket, target) {
            *place = place.checked_add(amount).ok_or_else(overflow)?;
        }
        let id = bucket.id;
        self.changes.buckets.insert(id);
        self.write(moves, source, target, Some(id), amount);
        Ok(())
    }

    fn write(
        &mut self,
        moves: &Moves,
        source: Place,
        target: Place,
        bucket_id: Option<BucketId>,
        amount: Microcredits,
    ) {
        self.changes.entries.push(LedgerEntry {
            id: LedgerEntryId::new(),
            transaction_id: moves.transaction,
            kind: moves.kind,
            source,
            target,
            bucket_id,
            reservation_id: moves.reservation,
            amount,
            at: self.now,
        });
    }
}

/// What the grant for the month that begins then is known by.
pub fn month_key(start: Timestamp) -> String {
    format!("monthly:{}", start.0)
}

/// The same for what a larger package has more.
pub fn more_key(start: Timestamp, package: &str) -> String {
    format!("{}/{package}", month_key(start))
}

impl Moves {
    fn new(kind: EntryKind, reservation: Option<ReservationId>) -> Self {
        Self { kind, transaction: LedgerEntryId::new(), reservation }
    }
}

/// What is available is what is nowhere else, so it has no column.
const fn column(bucket: &mut Bucket, place: Place) -> Option<&mut Microcredits> {
    match place {
        Place::Reserved => Some(&mut bucket.reserved),
        Place::Spent => Some(&mut bucket.consumed),
        Place::Expired => Some(&mut bucket.expired),
        Place::Reversed => Some(&mut bucket.reversed),
        Place::Available | Place::Issued | Place::WrittenOff => None,
    }
}

fn closed() -> Error {
    Error::conflict("This reservation has been settled or released already.")
}
