//! The calls of an answer: side by side, malformed, failing, asking.

use super::*;
use alumia_protocol::sessions::SessionStatus;

#[test]
fn calls_of_one_answer_run_side_by_side() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (Event::Arguments { call_id: id(1), tool: "look".into(), text: "{".into() }, "emit tool.args.delta"),
        (called(1, "look"), ""),
        (called(2, "note"), ""),
        (
            Event::Answered(StopReason::ToolCalls),
            "persist message.completed tool.started tool.started; run look 1; run note 2",
        ),
        (
            Event::Output { call_id: id(2), channel: "stdout".into(), text: "a".into() },
            "emit tool.output.delta",
        ),
        (ended(2), "persist tool.completed"),
        (Event::Output { call_id: id(2), channel: "stdout".into(), text: "late".into() }, ""),
        (ended(2), ""),
        // The last end is written with what follows from it.
        (broke(1, "failed"), "prepare"),
        (ready(), "persist tool.failed step.started; call"),
    ]);
    let EventData::ToolStarted { title, idempotent, deadline_at, arguments, .. } = rig.last("tool.started")
    else {
        panic!()
    };
    assert_eq!((title.as_str(), *idempotent), ("note …", false));
    assert_eq!(arguments, &json!({ "n": 1 }));
    assert_eq!(*deadline_at, Timestamp(6_000_000 + 60_000_000));
    let EventData::ToolCompleted { duration_ms, title, .. } = rig.last("tool.completed") else { panic!() };
    assert_eq!((*duration_ms, title.as_str()), (2_000, "note, done"));
}

#[test]
fn a_malformed_call_goes_back_three_times_then_its_tool_is_off() {
    let (mut rig, effects) = Rig::asked([malformed(1, "look"), malformed(2, "look")]);
    assert_eq!(effects, "prepare", "nothing runs");
    for attempt in 2..=3 {
        assert_eq!(
            rig.send(ready()).rsplit_once("; ").unwrap().1,
            "call",
            "the tool is still there for attempt {attempt}"
        );
        rig.answer([malformed(attempt, "look"), called(10 + attempt, "note")]);
        let EventData::ToolRetrying { attempt: counted, error, arguments, .. } = rig.last("tool.retrying")
        else {
            panic!()
        };
        assert_eq!(u128::from(*counted), attempt);
        assert_eq!((error.code.as_str(), arguments), ("invalid_arguments", &json!({ "n": 1 })));
        rig.send(ended(10 + attempt));
    }
    rig.send(ready());
    assert_eq!(rig.answer([malformed(4, "look")]), "prepare");
    assert_eq!(rig.send(ready()), "persist message.completed tool.failed step.started; call without look");
    let EventData::ToolFailed { attempt: 4, error, .. } = rig.last("tool.failed") else { panic!() };
    assert!(error.message.contains("off for the rest of this run"), "{}", error.message);
    // The model calls it all the same; the run goes on.
    rig.answer([called(5, "look"), malformed(6, "look"), called(7, "note")]);
    let EventData::ToolFailed { error, .. } = rig.last("tool.failed") else { panic!() };
    assert_eq!(error.code, "withdrawn");
    rig.send(ended(7));
    assert_eq!(rig.send(ready()), "persist tool.completed step.started; call without look");
}

#[test]
fn calls_of_one_answer_count_in_their_order() {
    let worn = || {
        let (mut rig, _) = Rig::asked([malformed(1, "look")]);
        for call in 2..=3 {
            rig.send(ready());
            rig.answer([malformed(call, "look")]);
        }
        rig.send(ready());
        rig
    };
    // Right, then wrong: a new row begins.
    let mut rig = worn();
    rig.answer([called(4, "look"), malformed(5, "look")]);
    let EventData::ToolRetrying { attempt: 1, .. } = rig.last("tool.retrying") else { panic!() };
    rig.send(ended(4));
    assert!(rig.send(ready()).ends_with("; call"));
    // Wrong once too often, then right: it is off already.
    let mut rig = worn();
    assert_eq!(rig.answer([malformed(4, "look"), called(5, "look"), malformed(6, "look")]), "prepare");
    assert!(rig.send(ready()).ends_with("; call without look"));
    let mut rig = Rig::resumed(rig.log);
    rig.send(begin());
    assert!(rig.send(ready()).ends_with("; call without look"));
}

#[test]
fn a_call_that_fits_ends_the_row_of_malformed_ones() {
    let (mut rig, _) = Rig::asked([malformed(1, "look")]);
    for round in 1..=5_u128 {
        assert!(rig.send(ready()).ends_with("call"), "round {round}");
        let wrong = round % 2 == 0;
        rig.answer([if wrong { malformed(round, "look") } else { called(round, "look") }]);
        if wrong {
            let EventData::ToolRetrying { attempt, .. } = rig.machine_pending("tool.retrying") else {
                panic!()
            };
            assert_eq!(attempt, 1);
        } else {
            rig.send(ended(round));
        }
    }
}

impl Rig {
    /// An event that goes with the next commit.
    fn machine_pending(&self, kind: &str) -> EventData {
        self.machine.pending.iter().rev().find(|data| data.kind() == kind).unwrap().clone()
    }
}

#[test]
fn the_same_failure_of_the_same_call_is_counted() {
    let mut rig = Rig::new();
    rig.send(begin());
    let rounds = [("failed", 1), ("failed", 2), ("timeout", 1), ("failed", 3), ("timeout", 2)];
    for (call, (code, attempt)) in (1..).zip(rounds) {
        rig.send(ready());
        rig.answer([called(call, "look")]);
        rig.send(broke(call, code));
        let EventData::ToolFailed { attempt: counted, .. } = rig.machine_pending("tool.failed") else {
            panic!()
        };
        assert_eq!(counted, attempt, "call {call}");
    }
}

#[test]
fn a_tool_that_is_gone_is_no_reason_to_stop() {
    let (mut rig, effects) = Rig::asked([called(1, "fly"), called(2, "look")]);
    assert_eq!(effects, "persist message.completed tool.failed tool.started; run look 2");
    let EventData::ToolFailed { error, .. } = rig.last("tool.failed") else { panic!() };
    assert_eq!(error.code, "not_found");
    assert_eq!(rig.send(ended(2)), "prepare");
}

#[test]
fn an_external_call_waits_for_a_person() {
    for approval in [Approval::Once, Approval::Session, Approval::Agent] {
        let (mut rig, effects) = Rig::asked([called(1, "send")]);
        assert_eq!(effects, "suspend message.completed approval.requested status.changed");
        assert!(rig.machine.asks(id(1)));
        rig.table([
            (resolved(9, approval), ""),
            (resolved(1, approval), "persist tool.started; run send 1"),
            (resolved(1, Approval::Deny), ""),
            (ended(1), "prepare"),
            (ready(), "persist tool.completed step.started; call"),
        ]);
    }
    let (mut rig, _) = Rig::asked([called(1, "send")]);
    rig.table([
        (resolved(1, Approval::Deny), "prepare"),
        (ready(), "persist tool.failed step.started; call"),
    ]);
    let EventData::ToolFailed { error, .. } = rig.last("tool.failed") else { panic!() };
    assert_eq!(error.code, "denied");
    // Whom a person has allowed it before doesn't ask again.
    let (_, effects) = Rig::asked([granted(1, "send")]);
    assert_eq!(effects, "persist message.completed tool.started; run send 1");
}

#[test]
fn others_run_while_a_call_waits_for_a_person() {
    let (mut rig, effects) = Rig::asked([called(1, "send"), called(2, "look"), called(3, "send")]);
    let asked = "persist message.completed approval.requested tool.started approval.requested; run look 2";
    assert_eq!(effects, asked);
    rig.table([
        (resolved(1, Approval::Once), "persist tool.started; run send 1"),
        (ended(2), "persist tool.completed"),
        (ended(1), "suspend tool.completed status.changed"),
        (Event::CancelCall { call_id: id(3) }, "prepare"),
        (ready(), "persist tool.failed step.started; call"),
    ]);
    let EventData::ToolFailed { error, .. } = rig.last("tool.failed") else { panic!() };
    assert_eq!(error.code, "cancelled");
}

#[test]
fn a_person_ends_one_call() {
    let (mut rig, _) = Rig::asked([called(1, "look"), called(2, "note")]);
    rig.table([
        (Event::CancelCall { call_id: id(1) }, "cancel 1"),
        (Event::CancelCall { call_id: id(1) }, ""),
        (broke(1, "whatever"), "persist tool.failed"),
        (Event::CancelCall { call_id: id(2) }, "cancel 2"),
        // It was done all the same.
        (ended(2), "prepare"),
        (ready(), "persist tool.completed step.started; call"),
    ]);
    let EventData::ToolFailed { error, .. } = rig.last("tool.failed") else { panic!() };
    assert_eq!(error.code, "cancelled");
}

#[test]
fn a_call_that_waits_for_agents_lets_go_of_the_run_and_is_no_longer_for_it_when_it_is_taken_over() {
    let (mut rig, effects) = Rig::asked([called(1, "wait"), called(2, "look")]);
    assert_eq!(effects, "persist message.completed tool.started tool.started; run look 2");
    // While another call runs there is nothing to let go of.
    assert_eq!(rig.send(ended(2)), "suspend tool.completed status.changed");
    assert_eq!(rig.last("status.changed"), &EventData::StatusChanged { status: SessionStatus::AwaitingPeer });
    let awaited = rig.machine.awaited();
    assert_eq!((awaited.len(), awaited[0].call_id), (1, id(1)));
    assert_eq!(awaited[0].until, awaited[0].since.plus_seconds(60));

    // Whoever takes it over looks again, with the deadline that it had.
    let mut next = Rig::resumed(rig.log.clone());
    next.at = next.at.plus_seconds(30);
    assert_eq!(next.send(Event::Begin { attempt: 2 }), "suspend run.started status.changed");
    assert_eq!(next.machine.awaited(), awaited);
    let mut stopped = Rig { machine: next.machine.clone(), log: next.log.clone(), at: next.at };
    // Time that it waited belongs to nobody; an answer lets it go on.
    assert_eq!(next.send(ended(1)), "prepare");
    assert!(next.send(ready()).starts_with("persist tool.completed step.started"));
    assert!(next.machine.awaited().is_empty());

    stopped.send(Event::Stop);
    let EventData::ToolFailed { error, .. } = stopped.last("tool.failed") else { panic!() };
    assert_eq!(error.code, "stopped");
    assert_eq!(stopped.end(), Some(("cancelled".into(), "stopped".into())));

    let (mut rig, _) = Rig::asked([called(1, "wait")]);
    assert!(rig.machine.waits(id(1)));
    assert_eq!(rig.send(Event::CancelCall { call_id: id(1) }), "prepare");
}
