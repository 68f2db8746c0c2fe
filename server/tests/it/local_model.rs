//! A model on this machine in the real program: the smallest one, with a real turn and a real tool call.
//! `ALUMIA_TEST_MODELS` names a folder with its weights, which `scripts/test rust` sets up.

use crate::support::{
    client::Client,
    people::Person,
    process::{Home, Process},
};
use alumia_local::weights::{Shelf, find};
use alumia_platform::sample::FIRST_MESSAGE;
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// More than a turn takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
const MODEL: &str = "smollm2-135m";

#[expect(clippy::disallowed_methods, reason = "where tests find weights is no setting of the server")]
fn weights() -> PathBuf {
    let folder = std::env::var("ALUMIA_TEST_MODELS").expect("ALUMIA_TEST_MODELS is set by scripts/test");
    PathBuf::from(folder).join(format!("{}.gguf", find(MODEL).unwrap().sha256))
}

async fn home() -> Home {
    let mut home = Home::new().await;
    home.settings =
        vec![("ALUMIA_LOCAL_MODEL__MODEL", MODEL.into()), ("ALUMIA_LOCAL_MODEL__THREADS", "1".into())];
    home
}

/// Puts the weights where an install puts them.
fn install(home: &Home, from: &PathBuf) {
    let shelf = Shelf::of(&home.data_dir());
    fs::create_dir_all(shelf.folder()).unwrap();
    fs::copy(from, shelf.path(find(MODEL).unwrap())).expect("ALUMIA_TEST_MODELS holds the weights");
}

/// The durable events of a session after something was said in it.
async fn turn(person: &Person, session: &str, message: &str) -> Vec<Value> {
    person.say(session, message).await;
    let begun = Instant::now();
    loop {
        let events = person.events(session).await;
        let over = |event: &Value| {
            ["run.completed", "run.failed", "run.cancelled"].iter().any(|kind| event["kind"] == *kind)
        };
        if events.iter().any(over) {
            return events;
        }
        assert!(begun.elapsed() < PATIENCE, "the turn is not over: {events:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["kind"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_answers_with_a_real_call_and_the_tour_stays_the_guides() {
    let weights = weights();
    let home = home().await;
    let server = Process::start(&home, None).await;
    let person = Person::sign_up(Client::new(&server.url), "Ada").await;
    let project = person.project("Small").await;
    let model = |catalog: Value| {
        let found = catalog["items"].as_array().unwrap().iter().find(|model| model["id"] == MODEL).cloned();
        found.expect("it is in the catalog")
    };
    let before = model(person.get("/models").await.data());
    assert_eq!(before["available"], false);
    assert!(before["unavailableReason"].as_str().unwrap().contains("alumia model install"), "{before}");
    // Installed while the server runs.
    install(&home, &weights);
    assert_eq!(model(person.get("/models").await.data())["available"], true);

    // So small a model goes on calling tools; one real call is enough, and stopping it in the middle of the next is
    // looked at too.
    let session = person.session(&project).await;
    person.say(&session, "Call the tool list_agents.").await;
    let begun = Instant::now();
    while !kinds(&person.events(&session).await).contains(&"tool.completed") {
        assert!(begun.elapsed() < PATIENCE, "no tool was called: {:?}", person.events(&session).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    person.post(&format!("/chat/{session}/stop"), &serde_json::json!({})).await;
    let stopped = Instant::now();
    person.settled(&session).await;
    assert!(stopped.elapsed() < Duration::from_secs(10), "it stops soon");
    let events = person.events(&session).await;
    let usage = events.iter().find(|event| event["kind"] == "usage.recorded").expect("it is counted");
    assert_eq!(usage["data"]["model"], MODEL);
    assert_eq!(usage["data"]["costMicrocredits"], 0);
    assert!(usage["data"]["usage"]["inputTokens"].as_i64().unwrap() > 100, "{usage}");

    let tour = person.session(&project).await;
    let events = turn(&person, &tour, FIRST_MESSAGE).await;
    assert_eq!(events.last().unwrap()["kind"], "run.completed", "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_fails_the_run_with_what_to_do() {
    let home = home().await;
    let shelf = Shelf::of(&home.data_dir());
    fs::create_dir_all(shelf.folder()).unwrap();
    fs::write(shelf.path(find(MODEL).unwrap()), b"GGUF").unwrap();
    let server = Process::start(&home, None).await;
    let person = Person::sign_up(Client::new(&server.url), "Ada").await;
    let session = person.session(&person.project("Broken").await).await;
    let events = turn(&person, &session, "hello").await;
    let failed = events.iter().find(|event| event["kind"] == "run.failed").expect("it fails");
    let error = &failed["data"]["error"];
    assert_eq!(error["code"], "model_unavailable", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("damaged") && message.contains(&format!("alumia model install {MODEL}")),
        "{message}"
    );
}
