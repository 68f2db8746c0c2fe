//! Calls that are paid.

use super::*;
use alumia_protocol::{Microcredits, billing::BlockReason};

fn metered() -> Event {
    ready_as(|ready| ready.metered = true)
}

fn reserved(id: u128) -> Event {
    Event::Reserved { id: ReservationId(Uuid::from_u128(id)), input_tokens: 40 }
}

pub fn blocked() -> Event {
    Event::Blocked(Blocked {
        reason: BlockReason::NoCredits,
        message: "Nothing is left.".into(),
        needed: Microcredits(5),
        missing: Microcredits(5),
        budget: None,
        package: None,
    })
}

/// The reservation and the cost of the newest bill.
fn bill(rig: &Rig) -> (Option<u128>, i64) {
    match rig.last("usage.recorded") {
        EventData::UsageRecorded { reservation_id, cost_microcredits, .. } => {
            (reservation_id.map(|id| id.0.as_u128()), *cost_microcredits)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_worst_case_is_reserved_before_a_call_and_its_bill_names_it() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (text("too early"), ""),
        (reserved(9), "call"),
        (usage(10, 0, 5), ""),
        (text("Hello"), "emit text.delta"),
        (answered(), "complete message.completed usage.recorded completed"),
    ]);
    assert_eq!(bill(&rig), (Some(9), 70));
    assert_eq!(rig.machine.held(), None);
}

#[test]
fn a_provider_that_does_not_count_is_paid_by_estimate() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (reserved(9), "call"),
        (text("Hello, you."), "emit text.delta"),
        (answered(), "complete message.completed usage.recorded completed"),
    ]);
    assert_eq!(bill(&rig), (Some(9), 2 * 40 + 10 * 3));
}

#[test]
fn a_call_that_failed_is_given_free_and_the_next_attempt_is_paid_anew() {
    let mut rig = Rig::new();
    let away = || ModelError::Overloaded { retry_after: None, detail: String::new() };
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (reserved(9), "call"),
        (failed(away()), "release 9; persist model.retrying; pause 500"),
        (Event::PauseOver, "reserve Answer"),
        (reserved(10), "call"),
        (usage(1, 0, 0), ""),
        (failed(away()), "persist usage.recorded model.retrying; pause 1000"),
    ]);
    // What a provider counted before it failed is what it takes.
    assert_eq!(bill(&rig), (Some(10), 2));
    rig.table([
        (Event::PauseOver, "reserve Answer"),
        (Event::Stop, "drop; persist status.changed run.cancelled; end"),
        (reserved(11), "release 11"),
    ]);
}

#[test]
fn summing_up_is_a_call_of_its_own() {
    let mut rig = Rig::new();
    let crowded = ready_as(|ready| (ready.metered, ready.crowded) = (true, true));
    let usage = Some(Usage { input_tokens: 3, ..Usage::default() });
    let compacted = Event::Compacted { summary: "so far".into(), up_to: MessageId::new(), usage };
    rig.table([
        (begin(), "prepare"),
        (crowded, "persist run.started step.started; reserve Summary"),
        (reserved(1), "compact"),
        (compacted, "persist usage.recorded context.compacted; reserve Answer"),
    ]);
    assert_eq!(bill(&rig), (Some(1), 6));
    let too_long = ModelError::ContextTooLong { detail: String::new() };
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (reserved(1), "call"),
        (failed(too_long), "release 1; persist; reserve Summary"),
        (reserved(2), "compact"),
        (Event::CompactionFailed, "release 2; reserve Answer"),
        (reserved(3), "call"),
        (Event::TimeUp, "release 3; drop; persist status.changed run.failed; end"),
    ]);
}

#[test]
fn what_can_not_be_paid_waits_and_begins_its_step_again() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (blocked(), "suspend billing.blocked status.changed"),
    ]);
    let steps = rig.machine.step;
    let mut rig = Rig::resumed(rig.log);
    rig.table([
        (Event::Begin { attempt: 2 }, "prepare"),
        (metered(), "persist run.started message.discarded; reserve Answer"),
        (reserved(4), "call"),
        (text("Paid."), "emit text.delta"),
        (usage(1, 0, 1), ""),
        (answered(), "complete message.completed usage.recorded completed"),
    ]);
    assert_eq!(rig.machine.step, steps, "the step goes on, and is not counted twice");
    assert_eq!(bill(&rig), (Some(4), 12));
}

#[test]
fn a_stop_ends_what_waits_for_payment() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (blocked(), "suspend billing.blocked status.changed"),
        (Event::Stop, "drop; persist status.changed run.cancelled; end"),
    ]);
}

#[test]
fn a_stopped_answer_is_paid_for_what_it_said() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (metered(), "persist run.started step.started; reserve Answer"),
        (reserved(5), "call"),
        (text("Four"), "emit text.delta"),
        (Event::Stop, "drop; persist message.completed usage.recorded status.changed run.cancelled; end"),
    ]);
    assert_eq!(bill(&rig), (Some(5), 2 * 40 + 10 * 2));
}
