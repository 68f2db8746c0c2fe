//! What the model says, and what happens when it doesn't.

use super::*;

#[test]
fn a_plain_answer() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (Event::Reasoning("Hm".into()), "emit reasoning.delta"),
        (Event::Signature("proof".into()), ""),
        (text("Hel"), "emit text.delta"),
        (text("lo"), "emit text.delta"),
        (usage(10, 0, 5), ""),
        (answered(), "complete message.completed usage.recorded completed"),
        (Event::Completed, "end"),
        (text("too late"), ""),
        (Event::Stop, ""),
    ]);
    let EventData::MessageCompleted { message } = rig.last("message.completed") else { panic!() };
    assert_eq!(message.text(), "Hello");
    let proof = Some("proof".to_owned());
    assert_eq!(message.parts[0], MessagePart::Reasoning { text: "Hm".into(), signature: proof });
}

#[test]
fn a_message_in_the_queue_goes_on_with_the_run() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (text("Hello"), "emit text.delta"),
        (answered(), "complete message.completed completed"),
        (Event::QueueWaits, "prepare"),
        (ready(), "persist step.started; call"),
        (text("Yes"), "emit text.delta"),
        (answered(), "complete message.completed completed"),
        (Event::Completed, "end"),
    ]);
}

#[test]
fn tokens_and_cost_add_up_over_steps_and_retries() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (usage(100, 40, 3), ""),
        (rate_limited(None), "persist usage.recorded model.retrying; pause 500"),
        (Event::PauseOver, "call"),
        (called(1, "look"), ""),
        // The last count of an answer is its whole count; below zero is nothing.
        (usage(1, 0, 1), ""),
        (usage(100, -5, 10), ""),
        (answered(), "persist message.completed usage.recorded tool.started; run look 1"),
        (ended(1), "prepare"),
        (ready_as(|ready| ready.price = None), "persist tool.completed step.started; call"),
        (text("Done"), "emit text.delta"),
        (usage(7, 0, 7), ""),
        (answered(), "complete message.completed usage.recorded completed"),
    ]);
    let end = rig.run_end().unwrap();
    assert_eq!(end.usage, Usage { input_tokens: 207, cached_tokens: 40, output_tokens: 20 });
    assert_eq!(end.cost_microcredits, (60 * 2 + 40 + 3 * 10) + (100 * 2 + 10 * 10));
}

#[test]
fn a_refused_call_is_made_again_four_times_at_most_and_ever_later() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (text("I will"), "emit text.delta"),
        (rate_limited(None), "persist message.discarded model.retrying; pause 500"),
        (Event::PauseOver, "call"),
        (failed(ModelError::Timeout { detail: String::new() }), "persist model.retrying; pause 1000"),
        (Event::PauseOver, "call"),
        (
            failed(ModelError::Overloaded { retry_after: None, detail: String::new() }),
            "persist model.retrying; pause 2000",
        ),
        (Event::PauseOver, "call"),
        (rate_limited(Some(Duration::from_secs(7))), "persist model.retrying; pause 7000"),
        (Event::PauseOver, "call"),
        (rate_limited(None), "persist status.changed run.failed; end"),
    ]);
    assert_eq!(rig.end(), Some(("failed".into(), "rate_limited".into())));
    let EventData::ModelRetrying { attempt, delay_ms, error } = rig.last("model.retrying") else { panic!() };
    assert_eq!((*attempt, *delay_ms, error.code.as_str()), (5, 7_000, "rate_limited"));
}

#[test]
fn luck_spreads_retries_but_never_before_what_the_provider_asked_for() {
    for (luck, pause) in [(0, 7_000), (500, 7_875), (999, 8_748), (u16::MAX, 8_748)] {
        let mut rig = Rig::new();
        rig.send(begin());
        rig.send(ready());
        let error =
            ModelError::RateLimited { retry_after: Some(Duration::from_secs(7)), detail: String::new() };
        let effects = rig.send(Event::AnswerFailed { error, luck });
        assert_eq!(effects, format!("persist model.retrying; pause {pause}"));
    }
    // Nobody waits for a provider that asks for a day.
    let mut rig = Rig::new();
    rig.send(begin());
    rig.send(ready());
    let effects = rig.send(rate_limited(Some(Duration::from_hours(24))));
    assert_eq!(effects, "persist model.retrying; pause 600000");
}

#[test]
fn a_step_begins_with_all_its_retries() {
    let (mut rig, _) = Rig::asked([called(1, "look")]);
    rig.send(ended(1));
    for _ in 0..2 {
        rig.send(ready());
        for _ in 0..4 {
            assert!(rig.send(rate_limited(None)).starts_with("persist model.retrying"));
            rig.send(Event::PauseOver);
        }
        rig.answer([called(2, "look")]);
        rig.send(ended(2));
    }
}

#[test]
fn errors_that_no_retry_mends_end_the_run() {
    for (error, code) in [
        (ModelError::BadKey { detail: "no".into() }, "bad_key"),
        (ModelError::Refused { detail: "no".into() }, "refused"),
        (ModelError::Malformed { detail: "{".into() }, "malformed"),
    ] {
        let mut rig = Rig::new();
        rig.send(begin());
        rig.send(ready());
        assert_eq!(rig.send(failed(error)), "persist status.changed run.failed; end");
        assert_eq!(rig.end(), Some(("failed".into(), code.into())));
        let action = rig.run_end().unwrap().error.clone().unwrap().action;
        assert!(action.is_some_and(|action| !action.is_empty()), "{code} says what to do");
    }
}

#[test]
fn what_can_not_be_prepared_ends_the_run() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (
            Event::Prepared(Err(words::agent_disabled("Ala"))),
            "persist run.started status.changed run.failed; end",
        ),
    ]);
    assert_eq!(rig.end(), Some(("failed".into(), "agent_disabled".into())));
}

#[test]
fn a_refusal_keeps_what_was_said_before_it() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (text("First"), "emit text.delta"),
        (called(1, "note"), ""),
        (usage(5, 0, 5), ""),
        (
            Event::Answered(StopReason::Refused),
            "persist message.completed usage.recorded status.changed run.failed; end",
        ),
    ]);
    let EventData::MessageCompleted { message } = rig.last("message.completed") else { panic!() };
    assert_eq!(message.parts, [MessagePart::Text { text: "First".into() }]);
    assert_eq!(rig.end(), Some(("failed".into(), "refused".into())));
}

#[test]
fn an_empty_answer_is_asked_for_again_once() {
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (text(" \n"), "emit text.delta"),
        (answered(), "persist message.discarded model.retrying; pause 500"),
        (Event::PauseOver, "call"),
        (Event::Reasoning("Hm".into()), "emit reasoning.delta"),
        (answered(), "persist message.discarded status.changed run.failed; end"),
    ]);
    assert_eq!(rig.end(), Some(("failed".into(), "malformed".into())));
}

#[test]
fn a_conversation_that_is_too_long_is_compacted_once() {
    let compacted = || Event::Compacted {
        summary: "They talked.".into(),
        up_to: MessageId::new(),
        usage: Some(Usage { input_tokens: 50, cached_tokens: 0, output_tokens: 5 }),
    };
    let too_long = || failed(ModelError::ContextTooLong { detail: String::new() });
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready(), "persist run.started step.started; call"),
        (text("I"), "emit text.delta"),
        (too_long(), "persist message.discarded; compact"),
        (compacted(), "persist usage.recorded context.compacted; call"),
        (too_long(), "persist status.changed run.failed; end"),
    ]);
    assert_eq!(rig.end(), Some(("failed".into(), "context_too_long".into())));
    assert_eq!(rig.run_end().unwrap().cost_microcredits, 150);

    // It is seen coming; and where nothing can be left out, the provider has the last word.
    let mut rig = Rig::new();
    rig.table([
        (begin(), "prepare"),
        (ready_as(|ready| ready.crowded = true), "persist run.started step.started; compact"),
        (Event::CompactionFailed, "call"),
        (text("Fits"), "emit text.delta"),
        (answered(), "complete message.completed completed"),
    ]);
}

#[test]
fn limits_of_steps_and_time_hold_between_steps() {
    for own in [None, Some(2), Some(0)] {
        let mut rig = Rig::new();
        rig.send(begin());
        let limit = own.unwrap_or(LIMITS.steps).clamp(1, LIMITS.steps);
        for step in 1..=limit {
            assert!(rig.send(ready_as(|ready| ready.max_steps = own)).ends_with("call"), "step {step}");
            rig.answer([called(u128::from(step), "look")]);
            assert_eq!(rig.send(ended(step.into())), "prepare");
        }
        let effects = rig.send(ready_as(|ready| ready.max_steps = own));
        assert_eq!(effects, "persist tool.completed status.changed run.failed; end");
        assert_eq!(rig.end(), Some(("failed".into(), "max_steps".into())));
    }
    let (mut rig, _) = Rig::asked([called(1, "look")]);
    rig.at = Timestamp(200_000_000);
    rig.table([(ended(1), "prepare"), (ready(), "persist tool.completed status.changed run.failed; end")]);
    assert_eq!(rig.end(), Some(("failed".into(), "time_limit".into())));
}
