//! One transaction of the ledger: locks accounts, reads their books, does what is asked, writes what changed.
mod store;

pub(super) use store::save;

use super::{
    book::{Book, Counted, month_key, more_key, time},
    model::{Act, Ask, Done},
    packages::Packages,
    store as read,
};
use crate::{
    Error, Result,
    store::{Engine, Tx},
};
use alumia_protocol::{
    Microcredits, OrgId, ReservationId, RunId, TargetId, Timestamp,
    billing::{BudgetLimit, BudgetPeriod, BudgetScope},
};
use std::collections::{BTreeSet, HashMap};

/// Where and when acts are done.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub engine: Engine,
    pub packages: &'a Packages,
    pub now: Timestamp,
}

/// Does the acts in their order, in the caller's transaction. What one is refused leaves the others alone; an
/// outer error means that none is done and the transaction must be dropped.
pub(super) async fn post(desk: Desk<'_>, tx: &mut Tx, acts: Vec<(OrgId, Act)>) -> Result<Vec<Result<Done>>> {
    let mut books = open(desk, tx, &acts).await?;
    let mut done = Vec::with_capacity(acts.len());
    for (org, act) in acts {
        let result = match books.get_mut(&org) {
            Some(book) => book.act(act),
            None => Err(Error::NotFound("organization")),
        };
        match result {
            // The book may be half changed.
            Err(Error::Internal(cause)) => return Err(Error::Internal(cause)),
            result => done.push(result),
        }
    }
    save(tx, &books).await?;
    Ok(done)
}

/// The books of all that is acted on, with what is due anyway done.
pub(super) async fn open(desk: Desk<'_>, tx: &mut Tx, acts: &[(OrgId, Act)]) -> Result<HashMap<OrgId, Book>> {
    let orgs: Vec<OrgId> = acts.iter().map(|(org, _)| *org).collect::<BTreeSet<_>>().into_iter().collect();
    let mut accounts = read::lock(tx, desk.engine, &orgs).await?;
    if accounts.len() < orgs.len() {
        let known: BTreeSet<OrgId> = accounts.iter().map(|(org, _)| *org).collect();
        for org in orgs.iter().filter(|org| !known.contains(org)) {
            read::open_account(tx, *org, &desk.packages.first().id, desk.now).await?;
        }
        accounts = read::lock(tx, desk.engine, &orgs).await?;
    }
    let mut books: HashMap<OrgId, Book> = accounts
        .into_iter()
        .map(|(org, account)| {
            let package = desk.packages.get(&account.package).clone();
            (org, Book::new(account, package, desk.packages.clone(), desk.now))
        })
        .collect();
    for (org, kept) in read::live_buckets(tx, &orgs).await? {
        if let Some(book) = books.get_mut(&org) {
            book.buckets.push(kept);
        }
    }
    let ids: Vec<(OrgId, ReservationId)> =
        acts.iter().flat_map(|(org, act)| reservations_of(act).into_iter().map(|id| (*org, id))).collect();
    for (org, reservation) in read::reservations(tx, &ids).await? {
        if let Some(book) = books.get_mut(&org) {
            book.reservations.insert(reservation.id, reservation);
        }
    }
    read_named(desk, tx, &mut books, acts).await?;
    read_budgets(desk, tx, &mut books, &orgs).await?;
    read_runs(tx, &mut books, acts).await?;
    read_time(desk, tx, &mut books, acts).await?;
    for book in books.values_mut() {
        book.tidy()?;
    }
    Ok(books)
}

/// Buckets that acts name and that may hold nothing any more.
async fn read_named(
    desk: Desk<'_>,
    tx: &mut Tx,
    books: &mut HashMap<OrgId, Book>,
    acts: &[(OrgId, Act)],
) -> Result<()> {
    for (org, act) in acts {
        let Some(book) = books.get_mut(org) else { continue };
        let names = match act {
            Act::Grant(grant) => vec![(None, Some(grant.key.clone()))],
            Act::Reverse(id, _) => vec![(Some(*id), None)],
            Act::Subscribe(_, Some(paid)) => {
                let (start, _) = time::month(paid.start, desk.now)?;
                let more = desk.packages.all().iter().map(|package| more_key(start, &package.id));
                std::iter::once(month_key(start)).chain(more).map(|key| (None, Some(key))).collect()
            }
            _ => continue,
        };
        for (id, key) in names {
            if let Some(kept) = read::one_bucket(tx, *org, id, key.as_deref()).await?
                && !book.buckets.iter().any(|known| known.bucket.id == kept.bucket.id)
            {
                book.buckets.push(kept);
            }
        }
    }
    Ok(())
}

/// Budgets with the counters of this moment's periods and of those that reservations were made in.
async fn read_budgets(
    desk: Desk<'_>,
    tx: &mut Tx,
    books: &mut HashMap<OrgId, Book>,
    orgs: &[OrgId],
) -> Result<()> {
    for (org, counted) in read::budgets(tx, orgs).await? {
        if let Some(book) = books.get_mut(&org) {
            book.budgets.push(counted);
        }
    }
    for (org, book) in books.iter_mut().filter(|(_, book)| !book.budgets.is_empty()) {
        let mut starts = BTreeSet::new();
        for counted in &book.budgets {
            starts.insert(counted.start(desk.now)?);
            for reservation in book.reservations.values() {
                starts.insert(counted.start(reservation.created_at)?);
            }
        }
        let starts: Vec<Timestamp> = starts.into_iter().collect();
        for (id, start, counter) in read::counters(tx, *org, &starts).await? {
            if let Some(counted) = book.budgets.iter_mut().find(|counted| counted.id == Some(id)) {
                counted.counters.insert(start, counter);
            }
        }
    }
    Ok(())
}

/// The limits that runs have of their own, as budgets that stand nowhere.
async fn read_runs(tx: &mut Tx, books: &mut HashMap<OrgId, Book>, acts: &[(OrgId, Act)]) -> Result<()> {
    let mut limits: HashMap<(OrgId, RunId), Microcredits> = HashMap::new();
    for (org, act) in acts {
        if let Act::Reserve(ask) | Act::Replace(_, ask) = act
            && let Ask { run_limit: Some(limit), charged_to, .. } = ask
            && let Some(run) = charged_to.run_id
        {
            let lowest = limits.entry((*org, run)).or_insert(*limit);
            *lowest = (*lowest).min(*limit);
        }
    }
    for ((org, run), limit) in limits {
        let Some(book) = books.get_mut(&org) else { continue };
        let limit = BudgetLimit {
            scope: BudgetScope::Run,
            target_id: Some(TargetId(run.0)),
            period: BudgetPeriod::Total,
            limit,
            hard: true,
        };
        let mut counted = Counted::new(None, limit);
        counted.counters.insert(Timestamp(0), read::of_run(tx, org, run).await?);
        book.budgets.push(counted);
    }
    Ok(())
}

/// The time that a package's cap looks at, where it is asked for.
async fn read_time(
    desk: Desk<'_>,
    tx: &mut Tx,
    books: &mut HashMap<OrgId, Book>,
    acts: &[(OrgId, Act)],
) -> Result<()> {
    let asked = acts.iter().filter_map(|(org, act)| match act {
        Act::Reserve(ask) | Act::Replace(_, ask) => Some((*org, ask.operation)),
        _ => None,
    });
    for (org, operation) in asked {
        if let Some(book) = books.get_mut(&org)
            && book.package.caps.minutes(operation).is_some()
            && !book.millis.contains_key(&operation)
        {
            let (start, _) = time::month(book.account.anchor, desk.now)?;
            book.millis.insert(operation, read::millis(tx, org, operation, start).await?);
        }
    }
    Ok(())
}

fn reservations_of(act: &Act) -> Vec<ReservationId> {
    match act {
        Act::Reserve(ask) => vec![ask.id],
        Act::Replace(earlier, ask) => vec![*earlier, ask.id],
        Act::Settle(id, _) | Act::Release(id) | Act::Refund(id, _) => vec![*id],
        Act::Note(..) | Act::Grant(_) | Act::Reverse(..) | Act::Subscribe(..) | Act::Tidy => Vec::new(),
    }
}
