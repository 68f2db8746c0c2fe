//! Stop and the time limit, wherever a run is.

use super::*;

const CANCELLED: &str = "status.changed run.cancelled; end";

/// Stops a run after these events; what the machine does then.
#[track_caller]
fn stopped_after(events: Vec<Event>) -> (Rig, String) {
    let mut rig = Rig::new();
    for event in events {
        rig.send(event);
    }
    let effects = rig.send(Event::Stop);
    (rig, effects)
}

#[test]
fn stop_ends_a_run_in_every_phase() {
    let retrying = || vec![begin(), ready(), rate_limited(None)];
    let compacting = || vec![begin(), ready_as(|ready| ready.crowded = true)];
    let asking = || vec![begin(), ready(), called(1, "send"), answered()];
    let next_step = || vec![begin(), ready(), called(1, "look"), answered(), ended(1)];
    for (phase, events, expected) in [
        ("new", vec![], format!("drop; persist {CANCELLED}")),
        ("preparing", vec![begin()], format!("drop; persist run.started {CANCELLED}")),
        ("calling", vec![begin(), ready()], format!("drop; persist {CANCELLED}")),
        (
            "answering",
            vec![begin(), ready(), text("So"), usage(1, 0, 1)],
            format!("drop; persist message.completed usage.recorded {CANCELLED}"),
        ),
        (
            "thinking",
            vec![begin(), ready(), Event::Reasoning("Hm".into())],
            format!("drop; persist message.discarded {CANCELLED}"),
        ),
        (
            "asking for calls",
            vec![begin(), ready(), text("So"), called(1, "look")],
            format!("drop; persist message.completed {CANCELLED}"),
        ),
        ("pausing", retrying(), format!("drop; persist {CANCELLED}")),
        ("compacting", compacting(), format!("drop; persist {CANCELLED}")),
        ("waiting for approval", asking(), format!("drop; persist tool.failed {CANCELLED}")),
        ("between steps", next_step(), format!("drop; persist tool.completed {CANCELLED}")),
        ("completing", vec![begin(), ready(), text("So"), answered()], format!("drop; persist {CANCELLED}")),
    ] {
        let (mut rig, effects) = stopped_after(events);
        assert_eq!(effects, expected, "{phase}");
        assert_eq!(rig.end(), Some(("cancelled".into(), "stopped".into())), "{phase}");
        for late in [begin(), ready(), text("x"), answered(), Event::PauseOver, ended(1), Event::Completed] {
            assert_eq!(rig.send(late), "", "{phase}");
        }
    }
}

#[test]
fn stop_waits_for_running_calls_only() {
    let (mut rig, _) = Rig::asked([called(1, "look"), called(2, "note"), called(3, "send")]);
    rig.table([
        (ended(2), "persist tool.completed"),
        (Event::Stop, "drop; cancel 1"),
        (Event::Stop, ""),
        (Event::TimeUp, ""),
        // A person's answer comes too late to start anything.
        (resolved(3, Approval::Once), ""),
        (Event::CancelCall { call_id: id(3) }, ""),
        (
            Event::Output { call_id: id(1), channel: "stdout".into(), text: "bye".into() },
            "emit tool.output.delta",
        ),
        (broke(1, "cancelled"), "persist tool.failed tool.failed status.changed run.cancelled; end"),
    ]);
    let codes = rig.log.iter().filter_map(|event| match &event.data {
        EventData::ToolFailed { call_id, error, .. } => Some((*call_id, error.code.as_str())),
        _ => None,
    });
    assert_eq!(codes.collect::<Vec<_>>(), [(id(1), "stopped"), (id(3), "stopped")]);
}

#[test]
fn what_a_call_did_before_it_let_go_is_kept() {
    let (mut rig, _) = Rig::asked([called(1, "note")]);
    rig.table([
        (Event::Stop, "drop; cancel 1"),
        (ended(1), "persist tool.completed status.changed run.cancelled; end"),
    ]);
}

#[test]
fn the_time_limit_ends_a_run_like_stop_but_as_a_failure() {
    let (mut rig, _) = Rig::asked([called(1, "look")]);
    assert_eq!(rig.machine.time_up_at(), Some(Timestamp(1_000_000 + 100_000_000)));
    rig.table([
        (Event::TimeUp, "drop; cancel 1"),
        (broke(1, "cancelled"), "persist tool.failed status.changed run.failed; end"),
    ]);
    assert_eq!(rig.end(), Some(("failed".into(), "time_limit".into())));
    // A person who stops it meanwhile has stopped it.
    let (mut rig, _) = Rig::asked([called(1, "look")]);
    rig.table([
        (Event::TimeUp, "drop; cancel 1"),
        (Event::Stop, ""),
        (broke(1, "cancelled"), "persist tool.failed status.changed run.cancelled; end"),
    ]);
}
