//! Paying for model calls: the worst case is set aside before, what was used is settled with the event that
//! records it, and what cost nothing is given free.

use super::{Draft, Effect, Halt, Machine, Phase, Purpose};
use crate::models::cost;
use alumia_protocol::{
    Microcredits, ReservationId,
    billing::{Blocked, BudgetScope},
    events::{EventData, Usage},
    sessions::{MessagePart, SessionStatus},
};

/// What is set aside for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub id: ReservationId,
    /// What the call reads, for providers that don't count.
    pub input_tokens: i64,
}

impl Machine {
    /// What is set aside for calls that are going on.
    pub fn held(&self) -> impl Iterator<Item = ReservationId> {
        let model = self.held.map(|held| held.id);
        model.into_iter().chain(self.calls.iter().filter_map(|call| call.held))
    }

    /// The next model call, or what must come before it.
    pub(super) fn pay_for(&mut self, purpose: Purpose) -> Effect {
        if !self.metered {
            return self.make(purpose);
        }
        self.phase = Phase::Reserving(purpose);
        Effect::Reserve(purpose)
    }

    fn make(&mut self, purpose: Purpose) -> Effect {
        match purpose {
            Purpose::Answer => self.call_model(),
            Purpose::Summary => {
                self.phase = Phase::Compacting;
                Effect::Compact
            }
        }
    }

    pub(super) fn reserved(&mut self, purpose: Purpose, id: ReservationId, input_tokens: i64) -> Vec<Effect> {
        self.held = Some(Held { id, input_tokens });
        vec![self.make(purpose)]
    }

    /// Lets go of the run; whoever takes it up when it can be paid makes the call.
    pub(super) fn blocked(&mut self, blocked: Blocked) -> Vec<Effect> {
        if let Some(limit) = own_limit(&blocked) {
            return self.halt(Halt::Credits(limit));
        }
        self.phase = Phase::Unpaid;
        vec![self.suspend_unpaid(blocked)]
    }

    pub(super) fn suspend_unpaid(&mut self, blocked: Blocked) -> Effect {
        let status = SessionStatus::AwaitingPayment;
        let events = vec![EventData::BillingBlocked(blocked), EventData::StatusChanged { status }];
        Effect::Suspend(self.take_pending(events))
    }

    /// The call that was paid for cost nothing.
    pub(super) fn let_go(&mut self) {
        self.unneeded.extend(self.held.take().map(|held| held.id));
    }

    /// What a call used whose provider didn't count, where something was said: its own estimate.
    pub(super) fn uncounted(&self, draft: &Draft) -> Option<Usage> {
        let held = self.held?;
        let said: usize = draft
            .parts
            .iter()
            .map(|part| match part {
                MessagePart::Text { text } | MessagePart::Reasoning { text, .. } => text.len(),
                MessagePart::ToolCall { arguments, .. } => arguments.to_string().len(),
            })
            .sum();
        if said == 0 {
            return None;
        }
        let output_tokens = i64::try_from(said / 4 + 1).unwrap_or(i64::MAX);
        Some(Usage { input_tokens: held.input_tokens, cached_tokens: 0, output_tokens })
    }

    /// Puts a model call's tokens and cost on the bill.
    pub(super) fn record(&mut self, usage: Usage) {
        // A provider that counts below zero has counted nothing.
        let usage = Usage {
            input_tokens: usage.input_tokens.max(0),
            cached_tokens: usage.cached_tokens.max(0),
            output_tokens: usage.output_tokens.max(0),
        };
        let price = self.price.unwrap_or_default();
        let cost_microcredits = cost(&price, &usage).unwrap_or(i64::MAX);
        self.usage += usage;
        self.cost = self.cost.saturating_add(cost_microcredits);
        let reservation_id = self.held.take().map(|held| held.id);
        self.pending.push(EventData::UsageRecorded {
            model: self.model.clone(),
            usage,
            cost_microcredits,
            reservation_id,
            byok: self.byok,
        });
    }

    /// Ends the payment of an answer: by what the provider counted, or by an estimate of what was said.
    pub(super) fn bill(&mut self, counted: Option<Usage>, uncounted: Option<Usage>) {
        match counted.or(uncounted) {
            Some(usage) => self.record(usage),
            None => self.let_go(),
        }
    }
}

/// The run's own limit, where that is what blocks it: no credits that come and no budget that changes would let it
/// go on, so it ends instead of waiting.
pub(super) fn own_limit(blocked: &Blocked) -> Option<Microcredits> {
    let budget = blocked.budget.as_ref().filter(|budget| budget.scope == BudgetScope::Run)?;
    Some(budget.limit)
}
