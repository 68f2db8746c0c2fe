//! Stop, wherever a run is.

use super::*;
use crate::{
    engine::{store, testing::Say},
    store::Store,
};
use alumia_models::ModelError;
use alumia_protocol::tools::Effect;
use serde_json::json;
use std::time::Instant;

/// A stop takes a second at most; three on a machine that does much else.
const LIMIT: Duration = Duration::from_secs(3);

async fn stopped(office: &Office, engine: &Engine, session: SessionId) -> Vec<Event> {
    let started = Instant::now();
    engine.stop(&office.house.owner, session).await.unwrap();
    let data = office.first(session, "run.cancelled").await;
    assert!(started.elapsed() < LIMIT, "it took {:?}", started.elapsed());
    assert_eq!(end(&data).error.as_ref().map(|error| error.code.as_str()), Some("stopped"));
    let sessions = office.house.sessions(&office.log);
    let session = sessions.get(&office.house.owner, session).await.unwrap();
    assert_eq!(session.status, alumia_protocol::sessions::SessionStatus::Idle);
    office.events(session.id).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_model_is_stopped_from_this_process_and_another() {
    let model = Scripted::by(|_, _| vec![Say::text("So far, "), Say::text("so good."), Say::Hang]);
    let office = Office::new(model, &[]).await;
    let (engine, elsewhere) = (office.engine(), office.engine());
    let worker = Working::start(&engine);
    for told in [&engine, &elsewhere] {
        let session = office.open(&engine, "go").await.session_id;
        office.heard(session, "So far, so good.").await;
        // What was said and seen is kept.
        let events = stopped(&office, told, session).await;
        assert_eq!(said(&events), ["So far, so good."]);
    }
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_tool_is_stopped_whether_it_listens_or_not() {
    let deaf = Arc::new(FakeTool::new("deaf").doing(|_, _| Box::pin(std::future::pending())));
    let polite = Arc::new(FakeTool::new("polite").doing(|context, _| {
        Box::pin(async move {
            context.cancel.cancelled().await;
            Ok(json!("left in order"))
        })
    }));
    let calls = vec![Say::call("deaf", json!({ "n": 1 })), Say::call("polite", json!({ "n": 1 }))];
    let office = Office::new(Scripted::answers([calls]), &[&deaf, &polite]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.until("both run", || async { deaf.runs() + polite.runs() == 2 }).await;
    let events = stopped(&office, &engine, session).await;
    let expected = [("deaf", "stopped"), ("polite", "completed")];
    assert_eq!(outcomes(&events), expected.map(|(tool, how)| (tool.to_owned(), how.to_owned())));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_and_a_compaction_are_stopped() {
    let slow = ModelError::RateLimited { retry_after: Some(Duration::from_mins(10)), detail: String::new() };
    let long = ModelError::ContextTooLong { detail: String::new() };
    let answers = [vec![Say::Fail(slow)], vec![Say::text("One.")], vec![Say::Fail(long)], vec![Say::Hang]];
    let office = Office::new(Scripted::answers(answers), &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "model.retrying").await;
    stopped(&office, &engine, session).await;

    let session = office.open(&engine, "a second one").await.session_id;
    office.first(session, "run.completed").await;
    office.say(&engine, session, "and more").await;
    office.until("the summary is asked for", || async { office.model.requests().len() == 4 }).await;
    stopped(&office, &engine, session).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_a_person_or_for_a_worker_is_stopped() {
    let send = Arc::new(FakeTool::new("send").effect(Effect::External));
    let model = Scripted::by(|request, _| {
        let asks = format!("{:?}", request.messages).contains("send it");
        if asks { vec![Say::call("send", json!({ "n": 1 }))] } else { vec![Say::Hang] }
    });
    let mut office = Office::new(model, &[&send]).await;
    office.limits.workers = 1;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let waiting = office.open(&engine, "send it").await.session_id;
    office.first(waiting, "approval.requested").await;
    let here = &engine.here;
    office.until("it holds no worker", || async { here.places.available_permits() == 1 }).await;
    assert_eq!(
        outcomes(&stopped(&office, &engine, waiting).await),
        [("send".to_owned(), "stopped".to_owned())]
    );
    assert_eq!(send.runs(), 0);

    // Another run has the only place.
    let busy = office.open(&engine, "hang").await.session_id;
    office.first(busy, "step.started").await;
    let queued = office.open(&engine, "hang, too").await.session_id;
    let events = stopped(&office, &engine, queued).await;
    assert!(!kinds(&events).contains(&"step.started"));
    stopped(&office, &engine, busy).await;
    worker.shut_down().await;
}

/// Stops a run as another process does at the very moment at which its last running call ends.
async fn stop_unheard(store: &Store, office: &House, session: SessionId) {
    let mut tx = store.begin().await.unwrap();
    let stopped = store::request_stops(&mut tx, office.org, &session.to_string()).await.unwrap();
    assert_eq!(stopped.len(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_just_before_a_run_begins_to_wait_is_not_lost() {
    let house: Arc<Mutex<Option<Arc<Office>>>> = Arc::default();
    let shared = house.clone();
    let look = Arc::new(FakeTool::new("look").doing(move |context, arguments| {
        let office = shared.lock().unwrap().clone().unwrap();
        Box::pin(async move {
            stop_unheard(&office.house.store, &office.house, context.session_id).await;
            Ok(arguments)
        })
    }));
    let send = Arc::new(FakeTool::new("send").effect(Effect::External));
    let calls = vec![Say::call("look", json!({ "n": 1 })), Say::call("send", json!({ "n": 1 }))];
    let office = Arc::new(Office::new(Scripted::answers([calls]), &[&look, &send]).await);
    *house.lock().unwrap() = Some(office.clone());
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "go").await.session_id;
    office.first(session, "run.cancelled").await;
    worker.shut_down().await;
    // The tool holds the office that holds the tool.
    house.lock().unwrap().take();
}
