//! Paying for calls of tools that are paid by time: the worst case is set aside before one begins, and the time
//! that it took is settled with the event that reports its end.

use super::{Call, CallPhase, Effect, Halt, Machine, ToolFacts, pay::own_limit, words};
use alumia_protocol::{CallId, ReservationId, billing::Blocked, events::EventData};

impl Machine {
    /// Begins a call that may run: at once, or when its worst case is set aside. There is nothing to do for one that
    /// waits for other agents.
    pub(super) fn launch(&mut self, call: &mut Call, facts: ToolFacts) -> Option<Effect> {
        if facts.awaits_peers {
            call.phase = CallPhase::Awaiting;
            // Whoever takes the run over doesn't make it wait longer.
            if !call.begun {
                call.started = self.last;
            }
            self.note_start(call, facts);
            return None;
        }
        let Some(second_price) = facts.second_price else { return Some(self.start(call, facts)) };
        call.phase = CallPhase::Paying;
        Some(Effect::ReserveCall {
            call_id: call.id,
            tool: call.tool.clone(),
            second_price,
            timeout: facts.timeout,
        })
    }

    fn start(&mut self, call: &mut Call, facts: ToolFacts) -> Effect {
        call.phase = CallPhase::Running;
        call.started = self.last;
        self.note_start(call, facts);
        Effect::Run { call_id: call.id, tool: call.tool.clone(), arguments: call.arguments.clone() }
    }

    /// One that had begun under another driver begins no second time in the log.
    fn note_start(&mut self, call: &mut Call, facts: ToolFacts) {
        if !std::mem::replace(&mut call.begun, true) {
            let timeout = super::micros(facts.timeout);
            self.pending.push(EventData::ToolStarted {
                call_id: call.id,
                tool: call.tool.clone(),
                title: facts.doing,
                effect: facts.effect,
                idempotent: facts.idempotent,
                deadline_at: self.last.plus_micros(timeout),
                arguments: call.arguments.clone(),
            });
        }
    }

    pub(super) fn call_reserved(&mut self, id: CallId, reservation: ReservationId) -> Vec<Effect> {
        let Some(index) = self.call(id, CallPhase::Paying) else {
            self.unneeded.push(reservation);
            return Vec::new();
        };
        let mut call = self.calls[index].clone();
        let Some(facts) = (self.catalog)(&call.tool, &call.arguments) else {
            self.unneeded.push(reservation);
            let event = self.failed(index, words::gone(&call.tool));
            self.pending.push(event);
            return self.settle();
        };
        call.held = Some(reservation);
        let run = self.start(&mut call, facts);
        self.calls[index] = call;
        vec![self.persist(Vec::new()), run]
    }

    pub(super) fn call_blocked(&mut self, id: CallId, blocked: Blocked) -> Vec<Effect> {
        let Some(index) = self.call(id, CallPhase::Paying) else { return Vec::new() };
        if let Some(limit) = own_limit(&blocked) {
            return self.halt(Halt::Credits(limit));
        }
        self.calls[index].phase = CallPhase::Unpaid;
        self.unpaid = Some(blocked);
        self.settle()
    }

    /// Puts what a call's time cost on the bill; nothing for a call that could do no work.
    pub(super) fn charge(&mut self, index: usize, worked: bool) -> (i64, Option<ReservationId>) {
        let call = &mut self.calls[index];
        let Some(reservation) = call.held.take() else { return (0, None) };
        let price = (self.catalog)(&call.tool, &call.arguments).and_then(|facts| facts.second_price);
        let price = price.unwrap_or_default().0;
        let millis = if worked { self.last.millis_since(call.started).max(0) } else { 0 };
        let cost = (i128::from(millis) * i128::from(price) + 999) / 1_000;
        let cost = i64::try_from(cost).unwrap_or(i64::MAX);
        self.cost = self.cost.saturating_add(cost);
        (cost, Some(reservation))
    }
}
