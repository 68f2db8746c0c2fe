//! Messages: the queue, and the same one twice.

use super::*;
use crate::{Error, engine::testing::Say};
use futures::future::join_all;
use serde_json::json;
use std::collections::HashSet;
use tokio::sync::{Notify, Semaphore};

/// A tool that waits for a permit.
fn gated(gate: &Arc<Semaphore>) -> Arc<FakeTool> {
    let gate = gate.clone();
    Arc::new(FakeTool::new("look").doing(move |_, arguments| {
        let gate = gate.clone();
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            Ok(arguments)
        })
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_messages_join_at_the_next_step() {
    let gate = Arc::new(Semaphore::new(0));
    let look = gated(&gate);
    let model = Scripted::answers([vec![Say::call("look", json!({ "n": 1 }))], vec![Say::text("Yes.")]]);
    let office = Office::new(model, &[&look]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let first = office.open(&engine, "first wish").await;
    let (session, owner) = (first.session_id, &office.house.owner);
    office.until("the tool runs", || async { look.runs() == 1 }).await;

    let mut ids = Vec::new();
    for words in ["second wish", "third wish", "fourth wish"] {
        let request = office.request(Some(session), words);
        ids.push(request.message.id);
        let accepted = engine.chat(owner, request).await.unwrap();
        assert_eq!((accepted.queued, accepted.run_id), (true, first.run_id));
    }
    engine.edit_queued(owner, session, ids[1], Some("third wish, put better".into())).await.unwrap();
    engine.edit_queued(owner, session, ids[2], None).await.unwrap();
    let gone = engine.edit_queued(owner, session, ids[2], Some("back".into())).await;
    assert!(matches!(gone, Err(Error::Conflict { .. })), "{gone:?}");
    let unknown = engine.edit_queued(owner, session, MessageId::new(), None).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");

    gate.add_permits(1);
    office.first(session, "run.completed").await;
    let late = engine.edit_queued(owner, session, ids[0], None).await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    worker.shut_down().await;

    let requests = office.model.requests();
    let (before, after) = (format!("{:?}", requests[0].messages), format!("{:?}", requests[1].messages));
    assert!(!before.contains("second wish"));
    assert_eq!(requests.len(), 2);
    assert!(after.contains("second wish") && after.contains("third wish, put better"), "{after}");
    assert!(!after.contains("fourth wish") && !after.contains("third wish\""), "{after}");
    // They stand in the log before the step that reads them, once.
    let events = office.events(session).await;
    let joined: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.data {
            EventData::MessageCompleted { message } if message.role == MessageRole::User => Some(message.id),
            _ => None,
        })
        .collect();
    assert_eq!(joined, ids[..2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_during_the_last_answer_goes_on_with_the_run() {
    let told = Arc::new(Notify::new());
    let answers = [vec![Say::text("One."), Say::Wait(told.clone())], vec![Say::text("Two.")]];
    let office = Office::new(Scripted::answers(answers), &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let first = office.open(&engine, "one").await;
    office.heard(first.session_id, "One.").await;
    let second = office.say(&engine, first.session_id, "two").await;
    assert!(second.queued);
    told.notify_one();
    office.first(first.session_id, "run.completed").await;
    let events = office.events(first.session_id).await;
    assert_eq!(said(&events), ["One.", "Two."]);
    assert_eq!(events.iter().filter(|event| event.data.ends_run()).count(), 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_bounded_and_survives_a_stop() {
    let office = Office::new(Scripted::answers([vec![Say::Hang], vec![Say::text("Yes.")]]), &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let (first, owner) = (office.open(&engine, "go").await, &office.house.owner);
    let session = first.session_id;
    office.first(session, "step.started").await;
    for number in 0..office.limits.queue {
        office.say(&engine, session, &format!("wish {number}")).await;
    }
    let full = engine.chat(owner, office.request(Some(session), "one more")).await;
    assert!(matches!(full, Err(Error::Conflict { .. })), "{full:?}");
    engine.stop(owner, session).await.unwrap();
    office.first(session, "run.cancelled").await;
    // What waits is taken up on request, all of it in one run.
    engine.resume(owner, session).await.unwrap();
    office.first(session, "run.completed").await;
    let asked = format!("{:?}", office.model.requests().last().unwrap().messages);
    for number in 0..office.limits.queue {
        assert!(asked.contains(&format!("wish {number}")), "{asked}");
    }
    let nothing = engine.resume(owner, session).await;
    assert!(matches!(nothing, Err(Error::Conflict { .. })), "{nothing:?}");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_many_times_at_once_makes_one_run() {
    let office = Office::new(Scripted::answers([vec![Say::text("Yes.")]]), &[]).await;
    // Two servers get it, ten times each.
    let (one, other) = (office.engine(), office.engine());
    let worker = Working::start(&one);
    let request = office.request(None, "go");
    let owner = &office.house.owner;
    let calls = (0..20).map(|number| {
        let engine = if number % 2 == 0 { &one } else { &other };
        engine.chat(owner, request.clone())
    });
    let accepted: Vec<ChatAccepted> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    let runs: HashSet<_> = accepted.iter().map(|accepted| (accepted.session_id, accepted.run_id)).collect();
    assert_eq!(runs.len(), 1, "{accepted:?}");
    assert!(accepted.iter().all(|answer| !answer.queued && answer.seq == accepted[0].seq), "{accepted:?}");
    let session = accepted[0].session_id;
    office.first(session, "run.completed").await;
    // And long afterwards.
    let again = other.chat(owner, request.clone()).await.unwrap();
    assert_eq!(again, accepted[0]);
    assert!(one.knows_message(owner, request.message.id).await.unwrap());
    let events = office.events(session).await;
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == "run.queued").count(), 1);
    let sessions = office.house.sessions(&office.log).list(owner, None, None).await.unwrap();
    assert_eq!(sessions.items.len(), 1, "no empty sessions are left");
    assert_eq!(office.model.requests().len(), 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_get_the_same_message_for_one_session_take_it_once() {
    let office = Office::new(Scripted::answers([]), &[]).await;
    let engines: Vec<Engine> = (0..6).map(|_| office.engine()).collect();
    let owner = &office.house.owner;
    for _ in 0..5 {
        let session = office.house.session(&office.log).await;
        let request = office.request(Some(session), "go");
        let calls = engines.iter().map(|engine| engine.chat(owner, request.clone()));
        let accepted: Vec<ChatAccepted> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert!(accepted.iter().all(|answer| *answer == accepted[0]), "{accepted:?}");
        assert_eq!(
            kinds(&office.events(session).await).iter().filter(|kind| kind.ends_with(".queued")).count(),
            1
        );
    }
}
