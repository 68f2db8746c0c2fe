use super::store;
use crate::{
    Error, OrgScope, Result,
    billing::{Billing, book::time, payments},
    store::Cursor,
};
use alumia_protocol::{
    BucketId, List, Microcredits, ReservationId, Timestamp,
    billing::{
        BillingOverview, Bucket, ChargedTo, LedgerEntry, Operation, PaidCall, Spent, UsageGroup, UsageReport,
    },
    projects::{Project, ProjectDetails},
};
use std::collections::HashMap;

/// How far back the daily rate looks.
const WEEK_DAYS: i64 = 7;
/// The time that a report covers when nobody says which.
const USUAL_DAYS: i64 = 30;
/// The longest time of a report.
const MOST_DAYS: i64 = 400;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// From a moment on, to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Span {
    /// What was asked for, else the last thirty days.
    ///
    /// # Errors
    /// `Invalid` for more than 400 days, or none.
    pub fn new(since: Option<Timestamp>, until: Option<Timestamp>, now: Timestamp) -> Result<Self> {
        let until = until.unwrap_or(now);
        let since = since.unwrap_or_else(|| until.plus_seconds(-USUAL_DAYS * DAY_SECONDS));
        if since >= until {
            return Err(Error::invalid("since", "since must be before until."));
        }
        if since < until.plus_seconds(-MOST_DAYS * DAY_SECONDS) {
            return Err(Error::invalid("since", format!("A report covers at most {MOST_DAYS} days.")));
        }
        Ok(Self { since, until })
    }
}

/// Which calls: those that fit all that is named.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    pub model: Option<String>,
    pub operation: Option<Operation>,
    pub charged_to: ChargedTo,
}

impl Billing {
    /// The organisation's credits at a glance.
    pub async fn overview(&self, scope: &OrgScope) -> Result<BillingOverview> {
        let (db, org, now) = (&self.queue.store, scope.org_id(), self.queue.clock.now());
        let sums = store::sums(db, org, now).await?;
        let account = store::account(db, org).await?;
        let packages = self.packages();
        let package = account.as_ref().map_or_else(|| packages.first(), |(id, ..)| packages.get(id));
        let month = match &account {
            Some((_, anchor, _)) => time::month(*anchor, now)?.0,
            None => now,
        };
        let week = store::spent_since(db, org, now.plus_seconds(-WEEK_DAYS * DAY_SECONDS)).await?;
        let burn = week.0 / WEEK_DAYS;
        Ok(BillingOverview {
            available: sums.available,
            reserved: sums.reserved,
            spent_this_month: store::spent_since(db, org, month).await?,
            burn_per_day: Microcredits(burn),
            lasts_days: (burn > 0).then(|| sums.available.0 / burn),
            package: package.offer(),
            subscription: payments::of_account(db, org).await?,
            month_ends_at: account.map(|(.., end)| end).filter(|end| *end > Timestamp(0)),
            waiting_runs: store::waiting(db, org).await?,
            used: store::used(db, org, month).await?,
        })
    }

    /// What was granted, newest first; `limit` from 1 to 500.
    pub async fn buckets(&self, scope: &OrgScope, cursor: Option<&str>, limit: u32) -> Result<List<Bucket>> {
        let before = Cursor::parse(cursor)?;
        let found = store::buckets(&self.queue.store, scope.org_id(), &before, most(limit)).await?;
        Ok(page(found, limit, |bucket| (bucket.created_at, bucket.id.to_string())))
    }

    /// Movements of credits, newest first; of one bucket, or for one call. `limit` from 1 to 500.
    pub async fn ledger(
        &self,
        scope: &OrgScope,
        bucket: Option<BucketId>,
        reservation: Option<ReservationId>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<LedgerEntry>> {
        let before = Cursor::parse(cursor)?;
        let bucket = bucket.map(|id| id.to_string()).unwrap_or_default();
        let reservation = reservation.map(|id| id.to_string()).unwrap_or_default();
        let which = (bucket.as_str(), reservation.as_str());
        let found = store::entries(&self.queue.store, scope.org_id(), which, &before, most(limit)).await?;
        Ok(page(found, limit, |entry| (entry.at, entry.id.to_string())))
    }

    /// What was used, summed up.
    pub async fn usage(
        &self,
        scope: &OrgScope,
        group: UsageGroup,
        span: Span,
        filter: &CallFilter,
    ) -> Result<UsageReport> {
        let (db, org) = (&self.queue.store, scope.org_id());
        let mut items = store::grouped(db, org, group, span, filter).await?;
        if group == UsageGroup::Day {
            for row in &mut items {
                row.key = date(&row.key);
            }
        }
        let ids: Vec<String> = items.iter().map(|row| row.key.clone()).collect();
        let mut names = store::names(db, scope, group, &ids).await?;
        for row in &mut items {
            row.name = names.remove(&row.key);
        }
        let total = store::total(db, org, span, filter).await?;
        Ok(UsageReport { group_by: group, since: span.since, until: span.until, items, total })
    }

    /// Projects with what they have used so far.
    pub async fn with_spent(&self, scope: &OrgScope, projects: Vec<Project>) -> Result<Vec<ProjectDetails>> {
        let ids: Vec<String> = projects.iter().map(|project| project.id.to_string()).collect();
        let mut spent = self.spent(scope, UsageGroup::Project, &ids).await?;
        let details = |project: Project| ProjectDetails {
            spent: spent.remove(&project.id.to_string()).unwrap_or_default(),
            project,
        };
        Ok(projects.into_iter().map(details).collect())
    }

    /// What sessions or projects that the caller sees have used so far, by their ids.
    pub(crate) async fn spent(
        &self,
        scope: &OrgScope,
        group: UsageGroup,
        ids: &[String],
    ) -> Result<HashMap<String, Spent>> {
        store::spent(&self.queue.store, scope.org_id(), group, ids).await
    }

    /// The calls themselves, newest first; `limit` from 1 to 1,000.
    pub async fn calls(
        &self,
        scope: &OrgScope,
        span: Span,
        filter: &CallFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<PaidCall>> {
        let before = Cursor::parse(cursor)?;
        let which = (span, filter);
        let found = store::calls(&self.queue.store, scope.org_id(), which, &before, most(limit)).await?;
        Ok(page(found, limit, |call| (call.at, call.id.to_string())))
    }
}

/// One more than asked for tells whether there is more.
fn most(limit: u32) -> i64 {
    i64::from(limit) + 1
}

fn page<T>(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> (Timestamp, String)) -> List<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more).map(place);
    let next_cursor = last.map(|(at, id)| Cursor { at, id }.encode());
    List { items, next_cursor, has_more }
}

/// The date of a day that is counted from the epoch.
fn date(day: &str) -> String {
    let micros = day.parse::<i64>().unwrap_or(0).saturating_mul(store::DAY_MICROS);
    let time = Timestamp(micros).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}
