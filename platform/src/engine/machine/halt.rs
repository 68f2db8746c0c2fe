//! The end of a run that fails or is stopped.

use super::{CallPhase, Effect, Halt, Machine, Phase, words};
use alumia_protocol::{
    events::{EventData, RunEnd, RunError},
    sessions::SessionStatus,
};

impl Machine {
    pub(super) fn fail(&mut self, error: RunError) -> Vec<Effect> {
        match self.draft.usage.take() {
            Some(usage) => self.record(usage),
            None => self.let_go(),
        }
        if std::mem::take(&mut self.draft).shown {
            self.pending.push(EventData::MessageDiscarded { message_id: self.message_id() });
        }
        let end = self.end("failed", Some(error));
        self.finish(SessionStatus::Failed, EventData::RunFailed(end))
    }

    pub(super) fn end(&self, status: &str, error: Option<RunError>) -> RunEnd {
        RunEnd { status: status.into(), error, usage: self.usage, cost_microcredits: self.cost }
    }

    pub(super) fn finish(&mut self, status: SessionStatus, end: EventData) -> Vec<Effect> {
        self.phase = Phase::Ended;
        vec![self.persist(vec![EventData::StatusChanged { status }, end]), Effect::End]
    }

    /// Brings the run to an end at any point: cancels what is going on, waits for running calls to let
    /// go (which the driver bounds), keeps what the model had said.
    pub(super) fn halt(&mut self, why: Halt) -> Vec<Effect> {
        let mut effects = vec![Effect::DropModel];
        self.phase = Phase::Halting(why);
        for call in self.calls.iter().filter(|call| call.phase == CallPhase::Running) {
            effects.push(Effect::CancelCall(call.id));
        }
        effects.extend(self.halted(why));
        effects
    }

    /// The end of a halted run, once no call runs.
    pub(super) fn halted(&mut self, why: Halt) -> Vec<Effect> {
        if self.calls.iter().any(|call| call.phase == CallPhase::Running) {
            return Vec::new();
        }
        self.keep_partial();
        for call in 0..self.calls.len() {
            if self.calls[call].phase != CallPhase::Over {
                let event = self.failed(call, words::stopped_call());
                self.pending.push(event);
            }
        }
        match why {
            Halt::Stop => {
                let end = self.end("cancelled", Some(words::stopped()));
                self.finish(SessionStatus::Idle, EventData::RunCancelled(end))
            }
            Halt::Credits(limit) => {
                let end = self.end("failed", Some(words::max_credits(limit)));
                self.finish(SessionStatus::Failed, EventData::RunFailed(end))
            }
            Halt::Time => {
                let end = self.end("failed", Some(words::time_limit(self.limits.time)));
                self.finish(SessionStatus::Failed, EventData::RunFailed(end))
            }
        }
    }
}
