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
        lacks: None,
        included_in: Vec::new(),
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
    assert_eq!(rig.machine.held().next(), None);
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

fn call_reserved(call: u128, reservation: u128) -> Event {
    Event::CallReserved { call_id: id(call), id: ReservationId(Uuid::from_u128(reservation)) }
}

fn call_blocked(call: u128) -> Event {
    let Event::Blocked(blocked) = blocked() else { unreachable!() };
    Event::CallBlocked { call_id: id(call), blocked }
}

/// What the newest end of a call says of its payment.
fn call_bill(rig: &Rig, kind: &str) -> (Option<u128>, i64) {
    match rig.last(kind) {
        EventData::ToolCompleted { reservation_id, cost_microcredits, .. }
        | EventData::ToolFailed { reservation_id, cost_microcredits, .. } => {
            (reservation_id.map(|id| id.0.as_u128()), *cost_microcredits)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_that_is_paid_by_time_begins_when_its_worst_case_is_set_aside() {
    let (mut rig, effects) = Rig::asked([called(1, "dig"), called(2, "look")]);
    assert_eq!(effects, "persist message.completed tool.started; reserve call 1; run look 2");
    rig.table([
        (ended(2), "persist tool.completed"),
        (call_reserved(1, 9), "persist tool.started; run dig 1"),
        (ended(1), "prepare"),
        (ready(), "persist tool.completed step.started; call"),
    ]);
    // A second with a microcredit a millisecond.
    assert_eq!(call_bill(&rig, "tool.completed"), (Some(9), 1_000));
    assert_eq!(rig.machine.held().next(), None);
    rig.table([(text("Dug."), "emit text.delta"), (answered(), "complete message.completed completed")]);
    assert_eq!(rig.run_end().map(|end| end.cost_microcredits), Some(1_000));
}

#[test]
fn a_call_that_fails_or_is_stopped_is_paid_for_its_time() {
    for (event, kind) in
        [(broke(1, "timeout"), "prepare"), (Event::CancelCall { call_id: id(1) }, "cancel 1")]
    {
        let (mut rig, _) = Rig::asked([called(1, "dig")]);
        rig.send(call_reserved(1, 9));
        assert_eq!(rig.send(event), kind);
        if kind != "prepare" {
            rig.send(broke(1, "cancelled"));
        }
        rig.send(ready());
        let (reservation, cost) = call_bill(&rig, "tool.failed");
        assert!(reservation == Some(9) && cost >= 1_000, "{reservation:?} {cost}");
    }
    let (mut rig, _) = Rig::asked([called(1, "dig")]);
    rig.table([
        (call_reserved(1, 9), "persist tool.started; run dig 1"),
        (Event::Stop, "drop; cancel 1"),
        (broke(1, "cancelled"), "persist tool.failed status.changed run.cancelled; end"),
    ]);
    assert_eq!(call_bill(&rig, "tool.failed"), (Some(9), 2_000));
    assert_eq!(rig.run_end().map(|end| end.cost_microcredits), Some(2_000));
    // Where there is no sandbox, nobody pays for having asked.
    let (mut rig, _) = Rig::asked([called(1, "dig")]);
    rig.send(call_reserved(1, 9));
    rig.send(broke(1, "unavailable"));
    rig.send(ready());
    assert_eq!(call_bill(&rig, "tool.failed"), (Some(9), 0));
}

#[test]
fn a_call_that_can_not_be_paid_waits_and_is_asked_for_again() {
    let (mut rig, effects) = Rig::asked([called(1, "dig"), called(2, "note"), called(3, "send")]);
    let expected = "persist message.completed tool.started approval.requested; reserve call 1; run note 2";
    assert_eq!(effects, expected);
    rig.table([
        (call_blocked(1), ""),
        (ended(2), "suspend tool.completed billing.blocked status.changed"),
        (
            Event::Resolved { call_id: id(3), approval: Approval::Deny },
            "suspend tool.failed billing.blocked status.changed",
        ),
    ]);
    let mut rig = Rig::resumed(rig.log);
    rig.table([
        (Event::Begin { attempt: 2 }, "persist run.started; reserve call 1"),
        (call_blocked(1), "suspend billing.blocked status.changed"),
    ]);
    let mut rig = Rig::resumed(rig.log);
    rig.table([
        (Event::Begin { attempt: 3 }, "persist run.started; reserve call 1"),
        (call_reserved(1, 4), "persist tool.started; run dig 1"),
        (ended(1), "prepare"),
    ]);
    // Or a person has enough of it.
    let (mut rig, _) = Rig::asked([called(1, "dig")]);
    rig.table([
        (call_blocked(1), "suspend billing.blocked status.changed"),
        (Event::CancelCall { call_id: id(1) }, "prepare"),
        (call_reserved(1, 5), "release 5"),
    ]);
}

#[test]
fn a_paid_call_that_was_interrupted_is_reported_and_not_paid() {
    let (mut rig, _) = Rig::asked([called(1, "dig")]);
    rig.send(call_reserved(1, 9));
    let mut rig = Rig::resumed(rig.log);
    rig.table([
        (Event::Begin { attempt: 2 }, "prepare"),
        (ready(), "persist run.started tool.failed step.started; call"),
    ]);
    assert_eq!(call_bill(&rig, "tool.failed"), (None, 0));
}
