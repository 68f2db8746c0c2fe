//! Setting limits of spending.

use super::{
    book::Counted,
    model::{Act, MOST},
    post::open,
    service::Billing,
    store,
};
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry},
    text::Fields,
};
use alumia_protocol::{
    BudgetId, Microcredits, TargetId, Timestamp,
    billing::{Budget, BudgetLimit, BudgetPeriod, BudgetScope},
};
use serde_json::json;
use std::collections::HashSet;

/// Budgets of one organisation.
const MOST_BUDGETS: usize = 200;

type Key = (BudgetScope, Option<TargetId>, BudgetPeriod, bool);

const fn key(limit: &BudgetLimit) -> Key {
    (limit.scope, limit.target_id, limit.period, limit.hard)
}

impl Billing {
    /// The organisation's budgets with what is used of them.
    pub async fn budgets(&self, scope: &OrgScope) -> Result<Vec<Budget>> {
        let now = self.queue.clock.now();
        let mut tx = self.queue.store.moment().await?;
        let mut budgets = store::budgets(&mut tx, &[scope.org_id()]).await?;
        let starts: HashSet<Timestamp> =
            budgets.iter().map(|(_, counted)| counted.start(now)).collect::<Result<_>>()?;
        let starts: Vec<Timestamp> = starts.into_iter().collect();
        for (id, start, counter) in store::counters(&mut tx, scope.org_id(), &starts).await? {
            if let Some((_, counted)) = budgets.iter_mut().find(|(_, counted)| counted.id == Some(id)) {
                counted.counters.insert(start, counter);
            }
        }
        budgets.into_iter().map(|(_, counted)| shown(&counted, now)).collect()
    }

    /// [`Self::set_budgets`] for budgets of things that the organisation has.
    ///
    /// # Errors
    /// `Invalid` by field, also for what there isn't.
    pub async fn change_budgets(&self, scope: &OrgScope, limits: Vec<BudgetLimit>) -> Result<Vec<Budget>> {
        check(&limits)?;
        self.check_targets(scope, &limits).await?;
        self.set_budgets(scope, limits).await
    }

    /// Sets one budget, in the place of one for the same; the others stay, whoever changes them meanwhile.
    ///
    /// # Errors
    /// `Invalid` by field, as if it were the only one: `budgets[0].limit`.
    pub async fn put_budget(&self, scope: &OrgScope, limit: BudgetLimit) -> Result<Vec<Budget>> {
        let one = std::slice::from_ref(&limit);
        check(one)?;
        self.check_targets(scope, one).await?;
        self.write_budgets(scope, move |mut all| {
            all.retain(|other| key(other) != key(&limit));
            all.push(limit);
            all
        })
        .await
    }

    /// Removes the budget for the same as `limit`, whatever its amount.
    pub async fn remove_budget(&self, scope: &OrgScope, limit: &BudgetLimit) -> Result<Vec<Budget>> {
        self.write_budgets(scope, |mut all| {
            all.retain(|other| key(other) != key(limit));
            all
        })
        .await
    }

    async fn check_targets(&self, scope: &OrgScope, limits: &[BudgetLimit]) -> Result<()> {
        let mut fields = Fields::default();
        for (index, limit) in limits.iter().enumerate() {
            if let Some(target) = limit.target_id
                && !store::target_exists(&self.queue.store, scope.org_id(), limit.scope, target).await?
            {
                fields.refuse(&format!("budgets[{index}].targetId"), "There is no such thing here.");
            }
        }
        fields.done()
    }

    /// Makes `limits` the organisation's budgets. One that was there goes on with what is used of it; a new
    /// one counts what was used before it in its period.
    ///
    /// # Errors
    /// `Invalid` by field: `budgets[2].limit`.
    pub async fn set_budgets(&self, scope: &OrgScope, limits: Vec<BudgetLimit>) -> Result<Vec<Budget>> {
        self.write_budgets(scope, |_| limits).await
    }

    /// Makes what `wanted` says of the present limits the organisation's budgets.
    async fn write_budgets(
        &self,
        scope: &OrgScope,
        wanted: impl FnOnce(Vec<BudgetLimit>) -> Vec<BudgetLimit>,
    ) -> Result<Vec<Budget>> {
        let (org, now) = (scope.org_id(), self.queue.clock.now());
        let mut tx = self.queue.store.begin().await?;
        // Locks the account: nothing is reserved between counting and writing.
        let books = open(self.queue.desk(), &mut tx, &[(org, Act::Tidy)]).await?;
        let book = books.get(&org).ok_or(Error::NotFound("organization"))?;
        let mut before: Vec<Counted> = book.budgets.clone();
        let limits = wanted(before.iter().map(|counted| counted.limit.clone()).collect());
        check(&limits)?;
        let mut all = Vec::with_capacity(limits.len());
        for limit in limits {
            let known = before.iter().position(|counted| key(&counted.limit) == key(&limit));
            let counted = if let Some(place) = known {
                let counted = Counted { limit, ..before.swap_remove(place) };
                store::update_budget(&mut tx, org, &counted).await?;
                counted
            } else {
                let mut counted = Counted::new(Some(BudgetId::new()), limit);
                let start = counted.start(now)?;
                let used = store::count(&mut tx, org, &counted.limit, start).await?;
                counted.counters.insert(start, used);
                store::insert_budget(&mut tx, org, &counted, now).await?;
                counted
            };
            all.push(counted);
        }
        for counted in before {
            store::delete_budget(&mut tx, org, &counted).await?;
        }
        super::post::save(&mut tx, &books).await?;
        let limits: Vec<&BudgetLimit> = all.iter().map(|counted| &counted.limit).collect();
        let entry = Entry::by(scope, "budgets.updated").with(json!({ "budgets": limits }));
        Audit::new(self.queue.store.clone(), self.queue.clock.clone()).record(&mut tx, entry).await?;
        tx.commit().await?;
        self.queue.news.notify_one();
        all.iter().map(|counted| shown(counted, now)).collect()
    }
}

fn shown(counted: &Counted, now: Timestamp) -> Result<Budget> {
    let period_start = counted.start(now)?;
    let used = counted.counters.get(&period_start).copied().unwrap_or_default();
    Ok(Budget {
        id: counted.id.ok_or_else(|| Error::internal("a budget has no id"))?,
        limit: counted.limit.clone(),
        spent: used.spent,
        reserved: used.reserved,
        period_start,
    })
}

fn check(limits: &[BudgetLimit]) -> Result<()> {
    let mut fields = Fields::default();
    if limits.len() > MOST_BUDGETS {
        fields.refuse("budgets", format!("There can be at most {MOST_BUDGETS} budgets."));
    }
    let mut seen = HashSet::new();
    for (index, limit) in limits.iter().enumerate() {
        if limit.limit < Microcredits::ZERO || limit.limit > MOST {
            fields.refuse(&format!("budgets[{index}].limit"), format!("A budget must be from 0 to {MOST}."));
        }
        match (limit.scope, limit.target_id) {
            (BudgetScope::Org, Some(_)) => fields.refuse(
                &format!("budgets[{index}].targetId"),
                "A budget of the organization has no target. Leave it out.",
            ),
            (BudgetScope::Org, None) | (_, Some(_)) => {}
            (_, None) => fields.refuse(
                &format!("budgets[{index}].targetId"),
                "Name the workspace, person, project, agent, session or run that it is for.",
            ),
        }
        if !seen.insert(key(limit)) {
            fields.refuse(
                &format!("budgets[{index}]"),
                "There is another budget for the same. Keep one of the two.",
            );
        }
    }
    fields.done()
}
