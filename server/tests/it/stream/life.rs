//! How a stream begins, stays open, and ends.

use crate::support::{App, Wishes, frames::Frames};
use alumia_protocol::people::Role;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_silent_stream_says_that_it_is_there_until_its_reader_has_signed_out() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Silent").await;
    let path = format!("/projects/{project}/stream");
    let mut stream = Frames::open(ada.api(Method::GET, &path)).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("x-accel-buffering", "no"),
        ("cache-control", "no-cache, no-transform"),
        ("content-encoding", ""),
    ] {
        assert_eq!(stream.header(name).unwrap_or_default(), value, "{name}");
    }
    assert!(stream.any().await.unwrap().is_comment(), "open before anything happens");
    let snapshot = stream.any().await.unwrap();
    assert_eq!(snapshot.event, "snapshot");
    // Another tab of the same session, and somebody else's.
    let mut tab = Frames::open(ada.api(Method::GET, &path)).await;
    tab.until("snapshot").await;
    let mia = app.person("Mia").await;
    app.join(&mia, &ada, Role::Member).await;
    let mut other = Frames::open(mia.api(Method::GET, &path)).await;
    other.until("snapshot").await;
    let begun = Instant::now();
    assert_eq!(ada.post("/auth/logout", &json!(null)).await.status, 200);
    assert!(other.any().await.unwrap().is_comment());
    let silent = begun.elapsed().as_secs();
    assert!((10..=25).contains(&silent), "a comment every 15 seconds, not after {silent}");
    let (first, second) = tokio::join!(stream.next(), tab.next());
    assert_eq!((first, second), (None, None), "who signed out sees no more");
    let block = mia.block(&project).await;
    assert!(other.next().await.unwrap().data.contains(&block), "the other one goes on");
}

#[tokio::test]
async fn a_run_belongs_to_the_server_and_not_to_the_socket() {
    let settings = "[limits]\nchat_per_minute = 100";
    let app = App::with(Wishes { settings, ..Wishes::default() }).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Socket").await;
    let body = json!({ "projectId": project, "message": { "id": project, "content": "count to 300" } });
    let mut stream = Frames::open(ada.api(Method::POST, "/chat").json(&body)).await;
    let first = stream.next().await.unwrap().json();
    drop(stream);
    let session = first["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(ada.settled(&session).await, "idle");
    let events = ada.events(&session).await;
    assert_eq!(events.iter().filter(|event| event["kind"] == "run.completed").count(), 1);
}

#[tokio::test]
async fn stop_ends_the_stream_with_the_run_within_a_second() {
    let slow = vec![super::scripts::Step::Text((0..2_000).map(|number| format!("{number} ")).collect())];
    let app = super::scripts::app(slow, Duration::from_millis(10)).await;
    let ada = app.person("Ada").await;
    let session = ada.session(&ada.project("Stop").await).await;
    ada.say(&session, "go").await;
    let mut stream = Frames::open(ada.api(Method::GET, &format!("/chat/{session}/stream"))).await;
    stream.until("text.delta").await;
    let begun = Instant::now();
    assert_eq!(ada.post(&format!("/chat/{session}/stop"), &json!(null)).await.status, 200);
    let frames = stream.all().await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(frames.last().unwrap().event, "run.cancelled");
    // What it had said is kept.
    assert!(frames.iter().any(|frame| frame.event == "message.completed"));
    // Attached again, it is over at once.
    let whole = Frames::open(ada.api(Method::GET, &format!("/chat/{session}/stream"))).await.all().await;
    assert_eq!(whole.len(), 1);
}
