//! Calls that ask a person.

use super::*;
use crate::{Error, engine::testing::Say};
use alumia_protocol::tools::{Approval, Effect};
use serde_json::json;
use tokio::sync::Semaphore;

fn send() -> Arc<FakeTool> {
    Arc::new(FakeTool::new("send").effect(Effect::External).once())
}

fn sends(calls: i64) -> Vec<Say> {
    (1..=calls).map(|n| Say::call("send", json!({ "n": n }))).collect()
}

/// The calls that ask, in order.
async fn asked(office: &Office, session: SessionId) -> Vec<CallId> {
    let events = office.events(session).await;
    let asked = events.iter().filter_map(|event| match &event.data {
        EventData::ApprovalRequested { call_id, .. } => Some(*call_id),
        _ => None,
    });
    asked.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_run_holds_no_worker_and_goes_on_from_another_process() {
    let send = send();
    let office = Office::new(Scripted::answers([sends(1)]), &[&send]).await;
    let (engine, elsewhere) = (office.engine(), office.engine());
    let worker = Working::start(&engine);
    let (session, owner) = (office.open(&engine, "go").await.session_id, &office.house.owner);
    office.first(session, "approval.requested").await;
    let free = engine.here.places.clone();
    office
        .until("it lets go", || async {
            !engine.here.is_busy() && free.available_permits() == office.limits.workers
        })
        .await;
    let call = asked(&office, session).await[0];
    let nobody = elsewhere.approve(owner, session, CallId::new(), Approval::Once).await;
    assert!(matches!(nobody, Err(Error::NotFound(_))), "{nobody:?}");
    elsewhere.approve(owner, session, call, Approval::Once).await.unwrap();
    let again = elsewhere.approve(owner, session, call, Approval::Deny).await;
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    office.first(session, "run.completed").await;
    assert_eq!(send.runs(), 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_reaches_a_run_that_is_busy_in_another_process() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = gate.clone();
    let look = Arc::new(FakeTool::new("look").doing(move |_, arguments| {
        let gate = opened.clone();
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            Ok(arguments)
        })
    }));
    let send = send();
    let calls = [sends(1), vec![Say::call("look", json!({ "n": 1 }))]].concat();
    let office = Office::new(Scripted::answers([calls]), &[&send, &look]).await;
    let (engine, elsewhere) = (office.engine(), office.engine());
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "tool.started").await;
    let call = asked(&office, session).await[0];
    elsewhere.approve(&office.house.owner, session, call, Approval::Once).await.unwrap();
    office.until("it is sent", || async { send.runs() == 1 }).await;
    gate.add_permits(1);
    office.first(session, "run.completed").await;
    assert!(!kinds(&office.events(session).await).contains(&"run.cancelled"));
    assert_eq!(send.runs(), 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answer_holds_for_as_long_as_it_says() {
    // Each run asks once, some twice.
    let model = Scripted::by(|request, _| match request.messages.last().map(|message| message.role) {
        Some(alumia_models::Role::Tool) => vec![Say::text("Done.")],
        _ => sends(2),
    });
    let send = send();
    let office = Office::new(model, &[&send]).await;
    let engine = office.engine();
    let (worker, owner) = (Working::start(&engine), &office.house.owner);

    // Once: both calls are asked for, and the next run asks again.
    let session = office.open(&engine, "go").await.session_id;
    office.nth(session, "approval.requested", 2).await;
    let calls = asked(&office, session).await;
    engine.approve(owner, session, calls[0], Approval::Once).await.unwrap();
    engine.approve(owner, session, calls[1], Approval::Deny).await.unwrap();
    office.first(session, "run.completed").await;
    let fine = |how: &str| ("send".to_owned(), how.to_owned());
    assert_eq!(outcomes(&office.events(session).await), [fine("completed"), fine("denied")]);
    assert_eq!(send.runs(), 1);

    // Session: the other call is answered with it, and the next run doesn't ask.
    office.say(&engine, session, "again").await;
    office.nth(session, "approval.requested", 4).await;
    let calls = asked(&office, session).await;
    engine.approve(owner, session, calls[2], Approval::Session).await.unwrap();
    office.nth(session, "run.completed", 2).await;
    office.say(&engine, session, "and again").await;
    office.nth(session, "run.completed", 3).await;
    assert_eq!((asked(&office, session).await.len(), send.runs()), (4, 5));

    // Another session asks; always for this agent means there, too.
    let session = office.open(&engine, "elsewhere").await.session_id;
    office.nth(session, "approval.requested", 2).await;
    let calls = asked(&office, session).await;
    engine.approve(owner, session, calls[1], Approval::Agent).await.unwrap();
    office.first(session, "run.completed").await;
    let session = office.open(&engine, "and there").await.session_id;
    office.first(session, "run.completed").await;
    assert_eq!((asked(&office, session).await.len(), send.runs()), (0, 9));

    // Until it is taken back.
    let ala = engine.parts.agents.get(owner, office.house.agent).await.unwrap();
    let grants = engine.grants(owner, ala.id).await.unwrap().items;
    assert_eq!((grants.len(), grants[0].tool.as_str()), (1, "send"));
    for _ in 0..2 {
        engine.revoke_grant(owner, &ala, "send").await.unwrap();
    }
    assert!(engine.grants(owner, ala.id).await.unwrap().items.is_empty());
    let session = office.open(&engine, "and now").await.session_id;
    office.nth(session, "approval.requested", 2).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_cancels_a_call_that_asks_and_one_that_runs() {
    let look = Arc::new(FakeTool::new("look").doing(|_, _| Box::pin(std::future::pending())));
    let send = send();
    let answers = [sends(1), vec![Say::call("look", json!({ "n": 1 }))]];
    let office = Office::new(Scripted::answers(answers), &[&send, &look]).await;
    let engine = office.engine();
    let (worker, owner) = (Working::start(&engine), &office.house.owner);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "approval.requested").await;
    let call = asked(&office, session).await[0];
    engine.cancel_call(owner, session, call).await.unwrap();
    let EventData::ToolStarted { call_id, .. } = office.first(session, "tool.started").await else {
        panic!()
    };
    engine.cancel_call(owner, session, call_id).await.unwrap();
    office.first(session, "run.completed").await;
    let events = office.events(session).await;
    let cancelled = |tool: &str| (tool.to_owned(), "cancelled".to_owned());
    assert_eq!(outcomes(&events), [cancelled("look"), cancelled("send")]);
    assert_eq!(send.runs(), 0);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_nobody_answers_ends_by_itself() {
    let send = send();
    let office = Office::new(Scripted::answers([sends(2)]), &[&send]).await;
    let engine = office.engine();
    let (worker, owner) = (Working::start(&engine), &office.house.owner);
    let session = office.open(&engine, "go").await.session_id;
    let EventData::ApprovalRequested { call_id, expires_at, .. } =
        office.nth(session, "approval.requested", 2).await
    else {
        panic!()
    };
    office.until("it lets go", || async { !engine.here.is_busy() }).await;
    let day = Duration::from_hours(24);
    let asked_at = office.events(session).await.last().unwrap().at;
    assert!(expires_at.unwrap() <= asked_at.plus_seconds(24 * 3_600));
    office.clock.advance(day - Duration::from_mins(1));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(outcomes(&office.events(session).await), []);
    office.clock.advance(Duration::from_mins(2));
    office.first(session, "run.completed").await;
    let unanswered = ("send".to_owned(), "unanswered".to_owned());
    assert_eq!(outcomes(&office.events(session).await), [unanswered.clone(), unanswered]);
    assert_eq!(send.runs(), 0);
    let late = engine.approve(owner, session, call_id, Approval::Once).await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    worker.shut_down().await;
}
