//! Drivers that vanish, workers that meet.

use super::*;
use crate::engine::testing::Say;
use alumia_models::Role;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Text and two calls side by side, then an answer.
fn two_steps() -> Arc<Scripted> {
    Scripted::by(|request, _| match request.messages.last().map(|message| message.role) {
        Some(Role::Tool) => vec![Say::text("All "), Say::text("done.")],
        _ => vec![
            Say::text("Looking."),
            Say::call("look", json!({ "n": 1 })),
            Say::call("note", json!({ "n": 2 })),
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driver_may_vanish_around_any_commit() {
    let (look, note) = (Arc::new(FakeTool::new("look")), Arc::new(FakeTool::new("note").once()));
    let office = Office::new(two_steps(), &[&look, &note]).await;
    let (mut nth, mut interrupted, mut billed) = (1, 0, 0);
    loop {
        let mut went_off = false;
        for after in [false, true] {
            let (looked, noted) = (look.runs(), note.runs());
            let engine = office.next_engine();
            engine.here.trap.set(nth, after);
            let worker = Working::start(&engine);
            let session = office.open(&engine, "go").await.session_id;
            let (trap, office) = (&engine.here.trap, &office);
            office
                .until("the trap or the end", || async {
                    trap.is_over() || kinds(&office.events(session).await).contains(&"run.completed")
                })
                .await;
            went_off |= trap.is_over();
            worker.kill().await;
            office.leases_end();
            let next = office.next_engine();
            let worker = Working::start(&next);
            office.first(session, "run.completed").await;
            worker.shut_down().await;

            let events = office.events(session).await;
            let case = format!("{nth}, after: {after}: {:?}", kinds(&events));
            assert!(events.windows(2).all(|two| two[0].seq < two[1].seq), "{case}");
            assert_eq!(said(&events), ["Looking.", "All done."], "{case}");
            billed += paying::bills(&events);
            assert_eq!(paying::books(office).await, (billed, 0), "{case}: charged what the log says");
            let ends = events.iter().filter(|event| event.data.ends_run()).count();
            assert_eq!((ends, events.last().unwrap().data.ends_run()), (1, true), "{case}");
            let once = note.runs() - noted;
            assert!(once <= 1, "{case}: once only, yet {once} times");
            assert!((1..=2).contains(&(look.runs() - looked)), "{case}");
            match outcomes(&events).as_slice() {
                [(a, fine), (b, how)] if a == "look" && b == "note" && fine == "completed" => {
                    match how.as_str() {
                        "completed" => assert_eq!(once, 1, "{case}"),
                        "interrupted" => interrupted += 1,
                        _ => panic!("{case}: {how}"),
                    }
                }
                other => panic!("{case}: {other:?}"),
            }
        }
        if !went_off {
            break;
        }
        nth += 1;
    }
    assert!(nth > 4, "such a run has at least four commits");
    assert!(interrupted > 0, "no call was ever cut");
    let told =
        office.model.requests().iter().any(|request| format!("{request:?}").contains("outcome is unknown"));
    assert!(told, "the model is told of an interrupted call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_lease_can_not_write() {
    let (gate, first) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(true)));
    let (opened, slow) = (gate.clone(), first.clone());
    let look = Arc::new(FakeTool::new("look").doing(move |_, arguments| {
        let (gate, slow) = (opened.clone(), slow.swap(false, Ordering::SeqCst));
        Box::pin(async move {
            if slow {
                gate.notified().await;
                return Ok(json!("from the stale worker"));
            }
            Ok(arguments)
        })
    }));
    let model = Scripted::answers([vec![Say::call("look", json!({ "n": 1 }))], vec![Say::text("Done.")]]);
    let mut office = Office::new(model, &[&look]).await;
    // So long that the first worker never renews it in time.
    office.limits.lease = Duration::from_hours(1);
    let (one, other) = (office.engine(), office.engine());
    let stale = Working::start(&one);
    let accepted = office.open(&one, "go").await;
    let session = accepted.session_id;
    office.first(session, "tool.started").await;
    office.until("the tool runs", || async { look.runs() == 1 }).await;
    office.leases_end();
    let worker = Working::start(&other);
    office.first(session, "run.completed").await;
    let before = office.events(session).await;
    gate.notify_one();
    office.until("the stale driver lets go", || async { !one.here.is_busy() }).await;
    let after = office.events(session).await;
    assert_eq!(kinds(&after), kinds(&before));
    assert_eq!(outcomes(&after), [("look".to_owned(), "completed".to_owned())]);
    let attempts = after.iter().filter_map(|event| match &event.data {
        EventData::RunStarted { attempt, .. } => Some(*attempt),
        _ => None,
    });
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 2]);
    assert!(!format!("{after:?}").contains("stale worker"));
    stale.shut_down().await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutting_down_gives_runs_back_and_the_next_engine_completes_them() {
    let look = Arc::new(FakeTool::new("look").doing({
        let first = AtomicBool::new(true);
        move |_, arguments| {
            let hangs = first.swap(false, Ordering::SeqCst);
            Box::pin(async move { if hangs { std::future::pending().await } else { Ok(arguments) } })
        }
    }));
    let streaming = AtomicBool::new(true);
    let model = Scripted::by(move |request, _| {
        let words = format!("{:?}", request.messages);
        if words.contains("tool, please") && !words.contains("ToolResult") {
            return vec![Say::call("look", json!({ "n": 1 }))];
        }
        if words.contains("text, please") && streaming.swap(false, Ordering::SeqCst) {
            return vec![Say::text("Half of "), Say::Hang];
        }
        vec![Say::text("Whole.")]
    });
    let office = Office::new(model, &[&look]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let tool = office.open(&engine, "tool, please").await.session_id;
    let text = office.open(&engine, "text, please").await.session_id;
    office.until("the tool hangs", || async { look.runs() == 1 }).await;
    office.until("the model hangs", || async { office.model.requests().len() == 2 }).await;
    worker.shut_down().await;
    let cut = office.events(text).await;
    assert_eq!(said(&cut), Vec::<String>::new());

    // Nothing has to run out: they were given back.
    let next = office.next_engine();
    let worker = Working::start(&next);
    for session in [tool, text] {
        office.first(session, "run.completed").await;
        let events = office.events(session).await;
        assert_eq!(said(&events).last().unwrap(), "Whole.");
    }
    let events = office.events(text).await;
    assert!(kinds(&events).contains(&"message.discarded"), "watchers drop the half that they saw");
    worker.shut_down().await;
}
