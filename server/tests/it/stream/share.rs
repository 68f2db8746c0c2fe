//! A shared canvas's stream over real HTTP: cut and resumed like any, ended with its link.

use crate::support::{
    App,
    frames::{Frame, Frames},
    people::{Person, note, text},
};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

async fn shared(app: &App, wishes: serde_json::Value) -> (Person, String, String) {
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let project = ada.project("Shared").await;
    let made = ada.post(&format!("/projects/{project}/share"), &wishes).await;
    let token = text(&made.data()["token"]);
    (ada, project, token)
}

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was() {
    let app = App::start().await;
    let (ada, project, token) = shared(&app, json!({})).await;
    let (nobody, path) = (app.nobody(), format!("/share/project/{token}/stream"));
    let mut uncut = Frames::open(nobody.api(Method::GET, &path)).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("x-accel-buffering", "no"),
        ("cache-control", "no-store, no-transform"),
    ] {
        assert_eq!(uncut.header(name), Some(value), "{name}");
    }
    let first = uncut.next().await.unwrap();
    assert_eq!(first.event, "snapshot");
    // Chats go on beside it, whose events are none of the viewers' business.
    let session = ada.session(&project).await;
    let mut frames = vec![first];
    for number in 0..6 {
        ada.say(&session, "count to 3").await;
        assert_eq!(ada.settled(&session).await, "idle");
        assert_eq!(
            ada.post(&format!("/projects/{project}/blocks"), &note(&number.to_string())).await.status,
            201
        );
    }
    while frames.iter().filter(|frame| frame.event == "block.shown").count() < 6 {
        frames.push(uncut.next().await.unwrap());
    }
    let kinds: Vec<&str> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert!(
        kinds.iter().all(|kind| ["snapshot", "block.shown", "agent.shown", "agent.working"].contains(kind)),
        "{kinds:?}"
    );
    for (at, frame) in frames.iter().enumerate() {
        let after = frame.id.unwrap();
        let by_header = nobody.api(Method::GET, &path).header("last-event-id", after);
        let by_query = nobody.api(Method::GET, &format!("{path}?after={after}"));
        for request in [by_header, by_query] {
            let mut stream = Frames::open(request).await;
            for expected in &frames[at + 1..] {
                assert_eq!(stream.next().await.as_ref(), Some(expected), "cut after {at}");
            }
        }
    }
    let mut lost = Frames::open(nobody.api(Method::GET, &format!("{path}?after=999999999"))).await;
    assert_eq!(lost.next().await.unwrap().event, "snapshot", "a place that is not at hand");
    let bad = nobody.get(&format!("{path}?after=x")).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn turning_off_replacing_and_deleting_end_every_stream_within_a_second() {
    let app = App::start().await;
    let (ada, project, mut token) = shared(&app, json!({})).await;
    let path = format!("/projects/{project}/share");
    for end in ["replaced", "off", "deleted"] {
        if end == "deleted" {
            token = text(&ada.post(&path, &json!({ "mode": "frozen" })).await.data()["token"]);
        }
        let mut viewers = Vec::new();
        for _ in 0..20 {
            let request = app.nobody().api(Method::GET, &format!("/share/project/{token}/stream"));
            let mut viewer = Frames::open(request).await;
            assert_eq!(viewer.next().await.unwrap().event, "snapshot");
            viewers.push(viewer);
        }
        let begun = Instant::now();
        match end {
            "replaced" => token = text(&ada.post(&path, &json!({})).await.data()["token"]),
            "off" => drop(ada.delete(&path).await.data()),
            _ => drop(ada.delete(&format!("/projects/{project}")).await.data()),
        }
        for viewer in viewers {
            let rest: Vec<Frame> = viewer.all().await;
            assert!(rest.is_empty(), "{end}: {rest:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{end}: {:?}", begun.elapsed());
    }
}
