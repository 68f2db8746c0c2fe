//! What is used of the limits that apply to a call.

use super::time;
use crate::{Error, Result};
use alumia_protocol::{
    BudgetId, Microcredits, Timestamp,
    billing::{BudgetLimit, BudgetScope, ChargedTo},
};
use std::collections::BTreeMap;

/// At which shares of a budget its people are told.
pub const MARKS: [i64; 3] = [50, 80, 100];

/// What is used of a budget in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    pub spent: Microcredits,
    pub reserved: Microcredits,
}

/// A limit with its counters.
#[derive(Clone, Debug)]
pub struct Counted {
    /// `None` for a limit that is nowhere but in what was asked: a run's own.
    pub id: Option<BudgetId>,
    pub limit: BudgetLimit,
    /// By the beginning of the period.
    pub counters: BTreeMap<Timestamp, Counter>,
    /// Those that changed.
    pub touched: Vec<Timestamp>,
}

/// A mark that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub budget: BudgetId,
    pub starts_at: Timestamp,
    pub percent: i64,
}

impl Counted {
    pub const fn new(id: Option<BudgetId>, limit: BudgetLimit) -> Self {
        Self { id, limit, counters: BTreeMap::new(), touched: Vec::new() }
    }

    /// Whether it looks at what is charged to these.
    pub fn applies(&self, to: &ChargedTo) -> bool {
        let its = match self.limit.scope {
            BudgetScope::Org => return true,
            BudgetScope::Workspace => to.workspace_id.map(|id| id.0),
            BudgetScope::User => to.user_id.map(|id| id.0),
            BudgetScope::Project => to.project_id.map(|id| id.0),
            BudgetScope::Agent => to.agent_id.map(|id| id.0),
            BudgetScope::Session => to.session_id.map(|id| id.0),
            BudgetScope::Run => to.run_id.map(|id| id.0),
        };
        its.is_some() && its == self.limit.target_id.map(|id| id.0)
    }

    pub fn start(&self, at: Timestamp) -> Result<Timestamp> {
        time::period_start(self.limit.period, at)
    }

    /// What is left of it in the period; below zero when the limit was lowered.
    pub fn left(&self, start: Timestamp) -> Result<Microcredits> {
        let counter = self.counters.get(&start).copied().unwrap_or_default();
        let left = self.limit.limit.checked_sub(counter.spent);
        left.and_then(|left| left.checked_sub(counter.reserved)).ok_or_else(overflow)
    }

    /// Counts what was set aside now.
    pub fn reserve(&mut self, start: Timestamp, amount: Microcredits) -> Result<()> {
        let counter = self.counters.entry(start).or_default();
        counter.reserved = counter.reserved.checked_add(amount).ok_or_else(overflow)?;
        self.touched.push(start);
        Ok(())
    }

    /// Counts the end of what was set aside. A period without a counter was over before the budget was set.
    pub fn close(
        &mut self,
        start: Timestamp,
        amount: Microcredits,
        cost: Microcredits,
    ) -> Result<Option<Notice>> {
        let Some(counter) = self.counters.get_mut(&start) else { return Ok(None) };
        let before = counter.spent;
        counter.reserved = counter.reserved.checked_sub(amount).ok_or_else(overflow)?;
        counter.spent = counter.spent.checked_add(cost).ok_or_else(overflow)?;
        let after = counter.spent;
        self.touched.push(start);
        let (Some(budget), limit) = (self.id, i128::from(self.limit.limit.0)) else { return Ok(None) };
        let passed = |percent: &&i64| {
            let mark = limit * i128::from(**percent);
            i128::from(before.0) * 100 < mark && i128::from(after.0) * 100 >= mark
        };
        // The highest that was passed says it all.
        let passed = MARKS.iter().rev().find(passed);
        Ok(passed.map(|&percent| Notice { budget, starts_at: start, percent }))
    }

    /// Counts what was given back.
    pub fn refund(&mut self, start: Timestamp, amount: Microcredits) -> Result<()> {
        if let Some(counter) = self.counters.get_mut(&start) {
            counter.spent = counter.spent.checked_sub(amount).ok_or_else(overflow)?;
            self.touched.push(start);
        }
        Ok(())
    }
}

pub fn overflow() -> Error {
    Error::internal("an amount of credits doesn't fit its type")
}
