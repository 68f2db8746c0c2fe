//! What a run shows while it goes on, and going on after a failure.

use super::*;
use crate::{engine::testing::Say, sessions::Feed};
use alumia_models::ModelError;
use futures::StreamExt as _;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_see_pieces_that_the_log_does_not_keep() {
    let look = Arc::new(FakeTool::new("look").doing(|context, arguments| {
        Box::pin(async move {
            (context.output)("stdout", "line one\n");
            tokio::task::yield_now().await;
            (context.output)("stdout", "line two\n");
            Ok(arguments)
        })
    }));
    let pause = || Say::Pause(Duration::from_millis(20));
    let answers = [
        vec![
            Say::Reasoning("Hm. ".into()),
            Say::text("Look"),
            pause(),
            Say::text("ing."),
            Say::call("look", json!({ "n": 41 })),
        ],
        vec![Say::text("Done.")],
    ];
    let office = Office::new(Scripted::answers(answers), &[&look]).await;
    let (engine, owner) = (office.engine(), &office.house.owner);
    let worker = Working::start(&engine);
    let session = office.house.session(&office.log).await;
    let mut feed = office.log.subscribe_session(owner, session, None).await.unwrap();
    office.say(&engine, session, "go").await;
    let mut seen = Vec::new();
    let watch = async {
        while let Some(Feed::Event(event)) = {
            let next = feed.next().await;
            if matches!(next, Some(Feed::Snapshot(_))) { feed.next().await } else { next }
        } {
            let over = event.data.ends_run();
            seen.push(event);
            if over {
                return;
            }
        }
        panic!("the feed ends before the run");
    };
    tokio::time::timeout(PATIENCE, watch).await.expect("the run ends");
    worker.shut_down().await;

    let (mut text, mut thoughts, mut arguments, mut output) = Default::default();
    let mut pieces = 0;
    let join = |all: &mut String, more: &str| all.push_str(more);
    for event in &seen {
        match &event.data {
            EventData::TextDelta { text: more, .. } => {
                pieces += 1;
                join(&mut text, more);
            }
            EventData::ReasoningDelta { text: more, .. } => join(&mut thoughts, more),
            EventData::ToolArgsDelta { text: more, tool, .. } => {
                assert_eq!(tool, "look");
                join(&mut arguments, more);
            }
            EventData::ToolOutputDelta { text: more, channel, .. } => {
                assert_eq!(channel, "stdout");
                join(&mut output, more);
            }
            _ => {}
        }
    }
    assert_eq!((text.as_str(), thoughts.as_str()), ("Looking.Done.", "Hm. "));
    assert!(pieces >= 3);
    assert_eq!((arguments.as_str(), output.as_str()), ("{\"n\":41}", "line one\nline two\n"));
    assert!(seen.windows(2).all(|two| two[0].seq < two[1].seq));
    // What is finished is what a reader of the log finds.
    let durable: Vec<_> =
        seen.iter().filter(|event| event.data.is_durable()).map(|event| event.seq).collect();
    let events = office.events(session).await;
    let stored = events.iter().map(|event| event.seq).filter(|seq| *seq >= durable[0]);
    assert_eq!(stored.collect::<Vec<_>>(), durable);
    assert!(events.iter().all(|event| event.data.is_durable()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_run_goes_on_when_it_is_resumed() {
    let answers = [
        vec![Say::call("look", json!({ "n": 1 }))],
        vec![Say::text("I was "), Say::Fail(ModelError::BadKey { detail: "no such key".into() })],
        vec![Say::text("Done.")],
    ];
    let look = Arc::new(FakeTool::new("look"));
    let office = Office::new(Scripted::answers(answers), &[&look]).await;
    let (engine, owner) = (office.engine(), &office.house.owner);
    let worker = Working::start(&engine);
    let accepted = office.open(&engine, "go").await;
    let session = accepted.session_id;
    let data = office.first(session, "run.failed").await;
    let error = end(&data).error.clone().unwrap();
    assert_eq!(error.code, "bad_key");
    assert!(error.message.contains("no such key") && error.action.is_some());
    engine.resume(owner, session).await.unwrap();
    office.first(session, "run.completed").await;
    let events = office.events(session).await;
    assert!(
        events
            .iter()
            .filter(|event| event.data.ends_run())
            .all(|event| event.run_id == Some(accepted.run_id))
    );
    assert_eq!(said(&events), ["", "Done."]);
    assert_eq!(look.runs(), 1, "what was done stays done");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_that_grew_too_long_is_summed_up_in_the_log() {
    let long = || Say::Fail(ModelError::ContextTooLong { detail: String::new() });
    let answers = [
        vec![Say::text("Noted: blue.")],
        vec![long()],
        vec![Say::text("The person likes blue.")],
        vec![Say::text("Blue.")],
        vec![Say::text("Still blue.")],
    ];
    let office = Office::new(Scripted::answers(answers), &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "I like blue").await.session_id;
    office.first(session, "run.completed").await;
    office.say(&engine, session, "What do I like?").await;
    office.nth(session, "run.completed", 2).await;
    let EventData::ContextCompacted { summary, .. } = office.first(session, "context.compacted").await else {
        panic!()
    };
    assert_eq!(summary, "The person likes blue.");
    worker.shut_down().await;
    // Whoever reads the log later reads the summary, too.
    let next = office.next_engine();
    let worker = Working::start(&next);
    office.say(&next, session, "And now?").await;
    office.nth(session, "run.completed", 3).await;
    let requests = office.model.requests();
    assert!(format!("{:?}", requests[2].messages).contains("I like blue"), "it is asked to sum that up");
    for request in &requests[3..] {
        let read = format!("{:?}", request.messages);
        assert!(read.contains("The person likes blue.") && !read.contains("I like blue"), "{read}");
    }
    assert_eq!(said(&office.events(session).await), ["Noted: blue.", "Blue.", "Still blue."]);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_is_switched_off_is_gone_from_the_next_step() {
    let look = Arc::new(FakeTool::new("look"));
    let answers = [vec![Say::call("look", json!({ "n": 1 }))], vec![Say::call("look", json!({ "n": 2 }))]];
    let office = Office::new(Scripted::answers(answers), &[&look]).await;
    let (engine, owner) = (office.engine(), &office.house.owner);
    let session = office.house.session(&office.log).await;
    office.say(&engine, session, "go").await;
    let worker = Working::start(&engine);
    office.first(session, "run.completed").await;
    let agents = &engine.parts.agents;
    agents.set_tool(owner, office.house.agent, "look", false).await.unwrap();
    office.say(&engine, session, "once more").await;
    office.nth(session, "run.completed", 2).await;
    worker.shut_down().await;
    let offered: Vec<usize> = office.model.requests().iter().map(|request| request.tools.len()).collect();
    assert_eq!(offered, [1, 1, 1, 0]);
    assert_eq!(look.runs(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_silence_of_a_call_is_told_once_and_ends_nothing() {
    let speaks = FakeTool::new("speaks").doing(|context, arguments| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            (context.output)("stdout", "still here\n");
            tokio::time::sleep(Duration::from_millis(700)).await;
            Ok(arguments)
        })
    });
    let (speaks, quick) = (Arc::new(speaks), Arc::new(FakeTool::new("quick")));
    let calls = vec![Say::call("speaks", json!({ "n": 1 })), Say::call("quick", json!({ "n": 2 }))];
    let mut office = Office::new(Scripted::answers([calls]), &[&speaks, &quick]).await;
    office.limits.silence = Duration::from_millis(200);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "run.completed").await;
    worker.shut_down().await;
    let events = office.events(session).await;
    let stalls: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.data {
            EventData::ToolStalled { tool, silent_ms, .. } => Some((tool.as_str(), *silent_ms)),
            _ => None,
        })
        .collect();
    assert_eq!(stalls.iter().map(|stall| stall.0).collect::<Vec<_>>(), ["speaks", "speaks"]);
    assert!(stalls.iter().all(|stall| (200..700).contains(&stall.1)), "{stalls:?}");
    assert!(!kinds(&events).contains(&"tool.failed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_says_nothing_for_long_is_told_of_once_and_goes_on() {
    let answer =
        vec![Say::Text("One".into()), Say::Pause(Duration::from_millis(900)), Say::Text(" two".into())];
    let mut office = Office::new(Scripted::answers([answer]), &[]).await;
    office.limits.silence = Duration::from_millis(200);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "run.completed").await;
    worker.shut_down().await;
    let events = office.events(session).await;
    let silences: Vec<i64> = events
        .iter()
        .filter_map(|event| match &event.data {
            EventData::ModelStalled { silent_ms } => Some(*silent_ms),
            _ => None,
        })
        .collect();
    assert!(silences.len() == 1 && (200..900).contains(&silences[0]), "{silences:?}");
    assert!(!kinds(&events).contains(&"model.retrying"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_takes_too_long_or_breaks_down_is_a_failure_that_the_model_reads() {
    let slow = FakeTool::new("slow").timeout(Duration::from_millis(50));
    let slow = Arc::new(slow.doing(|_, _| Box::pin(std::future::pending())));
    let broken =
        Arc::new(FakeTool::new("broken").doing(|_, _| Box::pin(async { panic!("as the test wants") })));
    let calls = vec![
        Say::call("slow", json!({ "n": 1 })),
        Say::call("broken", json!({ "n": 1 })),
        Say::call("broken", json!({ "n": "no number" })),
    ];
    let office = Office::new(Scripted::answers([calls]), &[&slow, &broken]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "run.completed").await;
    worker.shut_down().await;
    let events = office.events(session).await;
    let failed = |tool: &str, code: &str| (tool.to_owned(), code.to_owned());
    assert_eq!(outcomes(&events), [failed("broken", "failed"), failed("slow", "timeout")]);
    assert!(kinds(&events).contains(&"tool.retrying"), "the malformed one goes back");
    let read = format!("{:?}", office.model.requests()[1].messages);
    assert!(read.contains("stopped at its limit") && read.contains("invalid_arguments"), "{read}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_end_a_run_and_a_person_may_go_on() {
    let look = Arc::new(FakeTool::new("look"));
    let model = Scripted::by(|request, nth| match nth {
        0..4 => vec![Say::call("look", json!({ "n": request.messages.len() }))],
        4 => vec![Say::text("Enough."), Say::Hang],
        _ => vec![Say::text("Done.")],
    });
    let mut office = Office::new(model, &[&look]).await;
    office.limits.max_steps = 2;
    office.limits.max_time = Duration::from_secs(4);
    let (engine, owner) = (office.engine(), &office.house.owner);
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    let code = |data: &EventData| end(data).error.as_ref().map(|error| error.code.clone());
    for round in 1..=2 {
        let data = office.nth(session, "run.failed", round).await;
        assert_eq!(code(&data).as_deref(), Some("max_steps"));
        engine.resume(owner, session).await.unwrap();
    }
    let data = office.nth(session, "run.failed", 3).await;
    assert_eq!(code(&data).as_deref(), Some("time_limit"));
    engine.resume(owner, session).await.unwrap();
    office.first(session, "run.completed").await;
    let events = office.events(session).await;
    assert_eq!(said(&events), ["", "", "", "", "Enough.", "Done."]);
    assert_eq!(look.runs(), 4);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_runs_than_there_are_places_all_have_their_turn() {
    let model = Scripted::by(|_, _| vec![Say::Pause(Duration::from_millis(20)), Say::text("Done.")]);
    let mut office = Office::new(model, &[]).await;
    office.limits.workers = 2;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(office.open(&engine, "go").await.session_id);
    }
    for session in sessions {
        office.first(session, "run.completed").await;
    }
    assert_eq!(office.model.requests().len(), 8);
    worker.shut_down().await;
}
