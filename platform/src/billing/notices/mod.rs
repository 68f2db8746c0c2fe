//! Letters to those who look after money: half of a budget is used, most of it, all of it; credits are no longer bought
//! by themselves.
mod store;

use super::Billing;
use crate::{
    Result,
    mail::{Letter, Outbox},
    orgs::Members,
};
use alumia_protocol::billing::{BudgetPeriod, BudgetScope};
use std::time::Duration;
use store::{Passed, Stopped};
use tokio_util::sync::CancellationToken;

/// How often it is looked for marks that were passed.
const LOOK: Duration = Duration::from_secs(15);
/// Told in one go.
const MOST: i64 = 100;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Notices {
    billing: Billing,
    members: Members,
    outbox: Outbox,
}

impl Notices {
    /// Letters about this billing's budgets.
    pub const fn new(billing: Billing, members: Members, outbox: Outbox) -> Self {
        Self { billing, members, outbox }
    }

    /// Tells until `ending` fires. Every server may: a mark is told once.
    pub async fn work(&self, ending: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.tell().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "nobody is told of budgets and payments for now"
                );
            }
        }
    }

    /// Tells of the marks that were passed, and of what was turned off; how many those were.
    pub async fn tell(&self) -> Result<usize> {
        Ok(self.tell_marks().await? + self.tell_stopped().await?)
    }

    async fn tell_stopped(&self) -> Result<usize> {
        let queue = &self.billing.queue;
        let mut told = 0;
        for stopped in store::stopped(&queue.store, MOST).await? {
            let people = self.members.treasurers(stopped.org).await?;
            let mut tx = queue.store.begin().await?;
            if !store::tell_stopped(&mut tx, &stopped, queue.clock.now()).await? {
                continue;
            }
            let link = self.outbox.links().to(&format!("/{}/billing#auto-top-up", stopped.slug));
            let Stopped { org_name, reason, .. } = &stopped;
            let subject = format!("Automatic top-up of {org_name} was turned off");
            let text = format!(
                "Credits of {org_name} are no longer bought by themselves: {reason}\n\nIt stays off until somebody \
                 turns it on again. Work goes on while there are credits, and then waits.\n\nSee and change it \
                 here:\n\n{link}\n"
            );
            for person in people {
                let letter = Letter { to: person.email, subject: subject.clone(), text: text.clone() };
                self.outbox.post(&mut tx, &letter).await?;
            }
            tx.commit().await?;
            told += 1;
        }
        Ok(told)
    }

    async fn tell_marks(&self) -> Result<usize> {
        let queue = &self.billing.queue;
        let mut told = 0;
        for passed in store::untold(&queue.store, MOST).await? {
            let people = self.members.treasurers(passed.org).await?;
            let mut tx = queue.store.begin().await?;
            if !store::tell(&mut tx, &passed, queue.clock.now()).await? {
                continue;
            }
            let link = self.outbox.links().to(&format!("/{}/billing", passed.slug));
            let (subject, text) = (subject(&passed), text(&passed, &link));
            for person in people {
                let letter = Letter { to: person.email, subject: subject.clone(), text: text.clone() };
                self.outbox.post(&mut tx, &letter).await?;
            }
            tx.commit().await?;
            told += 1;
        }
        Ok(told)
    }
}

fn subject(passed: &Passed) -> String {
    match passed.percent {
        100 => format!("A budget of {} is used up", passed.org_name),
        percent => format!("{percent} % of a budget of {} is used", passed.org_name),
    }
}

fn text(passed: &Passed, link: &str) -> String {
    let of = match passed.scope {
        BudgetScope::Org => "the whole organization",
        BudgetScope::Workspace => "a workspace",
        BudgetScope::User => "a person",
        BudgetScope::Project => "a project",
        BudgetScope::Agent => "an agent",
        BudgetScope::Session => "a session",
        BudgetScope::Run => "a run",
    };
    let when = match passed.period {
        BudgetPeriod::Day => "today",
        BudgetPeriod::Week => "this week",
        BudgetPeriod::Month => "this month",
        BudgetPeriod::Total => "in all",
    };
    let then = match (passed.hard, passed.percent) {
        (false, _) => "It only gives notice: work goes on.",
        (true, 100) => "What it is for waits until the budget is raised or its next period begins.",
        (true, _) => "When it is used up, what it is for waits.",
    };
    format!(
        "The budget for {of} in {} is used to {} %: {} of {} {when}.\n\n{then}\n\nSee and change it here:\n\n{link}\n",
        passed.org_name, passed.percent, passed.spent, passed.limit
    )
}
