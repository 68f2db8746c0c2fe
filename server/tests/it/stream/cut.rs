//! A run's stream, cut at every event and resumed, is the uncut one.

use super::{
    fold::Known,
    scripts::{Step, app, step},
};
use crate::support::{
    client::Answer,
    frames::{Frame, Frames},
    people::{Person, unknown},
};
use futures::future::join_all;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use tokio::runtime::Runtime;

/// Runs made at random; each is cut at each of its events, in both ways.
const CASES: u32 = 12;

/// A stream's path, from after a position: a browser's way and a program's way of saying so.
fn resume(person: &Person, path: &str, after: i64, by_header: bool) -> RequestBuilder {
    if by_header {
        person.api(Method::GET, path).header("last-event-id", after)
    } else {
        person.api(Method::GET, &format!("{path}?after={after}"))
    }
}

fn raw(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.raw.as_str()).collect()
}

/// Says something in a new session; gives the session and the position before it.
async fn begin(person: &Person) -> (String, i64) {
    let session = person.session(&person.project("Cuts").await).await;
    let accepted = person.say(&session, "go").await;
    (session, accepted["seq"].as_i64().unwrap())
}

/// Reads a run from its beginning, hanging up after `cut` frames and coming back. Returns all frames.
async fn cut_once(person: &Person, path: &str, from: i64, cut: usize, by_header: bool) -> Vec<Frame> {
    let mut stream = Frames::open(resume(person, path, from, by_header)).await;
    let mut frames = Vec::new();
    while frames.len() < cut {
        match stream.next().await {
            Some(frame) => frames.push(frame),
            None => return frames,
        }
    }
    drop(stream);
    let last = frames.last().and_then(|frame| frame.id).unwrap_or(from);
    frames.extend(Frames::open(resume(person, path, last, by_header)).await.all().await);
    frames
}

async fn check(steps: Vec<Step>) {
    let app = app(steps, Duration::from_millis(2)).await;
    let ada = app.person("Ada").await;
    // While it goes on: everybody hangs up somewhere else.
    let (session, from) = begin(&ada).await;
    let path = format!("/chat/{session}/stream");
    let uncut = async { Frames::open(resume(&ada, &path, from, true)).await.all().await };
    let cut = join_all((0..80).map(|cut| cut_once(&ada, &path, from, cut, cut % 2 == 0)));
    let (uncut, cut) = tokio::join!(uncut, cut);
    assert!(uncut.last().is_some_and(|frame| frame.event == "run.completed"), "{uncut:#?}");
    assert!(uncut.windows(2).all(|pair| pair[0].id < pair[1].id));
    for (at, frames) in cut.iter().enumerate() {
        assert_eq!(raw(frames), raw(&uncut), "cut after {at} while it went on");
    }
    // When it is over.
    let expected = Known::after(&uncut);
    assert!(expected.unfinished.is_empty(), "{expected:#?}");
    for (at, after) in std::iter::once(from).chain(uncut.iter().filter_map(|frame| frame.id)).enumerate() {
        for by_header in [true, false] {
            let rest = Frames::open(resume(&ada, &path, after, by_header)).await.all().await;
            assert_eq!(raw(&rest), raw(&uncut[at..]), "cut after {at} when it was over");
        }
    }
    // The log has what is durable of it, the same.
    let log = ada.events(&session).await;
    let durable: Vec<Value> = uncut
        .iter()
        .map(Frame::json)
        .filter(|event| !event["kind"].as_str().unwrap().contains("delta"))
        .collect();
    let of_run: Vec<_> = log.into_iter().filter(|event| event["seq"].as_i64().unwrap() > from).collect();
    assert_eq!(durable, of_run);
    check_steps(&durable);
    // Without a position: a snapshot, which says the same.
    let whole = Frames::open(ada.api(Method::GET, &path)).await.all().await;
    assert_eq!(whole[0].event, "snapshot");
    assert_eq!(Known::after(&whole).events, expected.events);
}

/// A call's events belong to the step that asked for it, wherever they were written.
fn check_steps(events: &[Value]) {
    let mut step = Value::Null;
    let mut of_call = HashMap::new();
    for event in events {
        match event["kind"].as_str().unwrap() {
            "step.started" => step = event["stepId"].clone(),
            "message.completed" if event["data"]["message"]["role"] == "assistant" => {
                assert_eq!(event["stepId"], step);
                for part in event["data"]["message"]["parts"].as_array().unwrap() {
                    of_call.insert(part["callId"].clone(), step.clone());
                }
            }
            kind if kind.starts_with("tool.") => {
                assert_eq!(event["stepId"], of_call[&event["data"]["callId"]], "{event}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_cut_stream_goes_on_where_it_was() {
    let runtime = Runtime::new().unwrap();
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let steps = prop::collection::vec(step(), 0..4);
    let outcome = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(check(steps));
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn the_answer_to_a_message_is_the_same_stream() {
    let app = app(vec![Step::Calls("Look.".into(), vec![2, 1])], Duration::from_millis(1)).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Answer").await;
    let ask = json!({ "projectId": project, "message": { "id": unknown(), "content": "go" } });
    let chat = Frames::open(ada.api(Method::POST, "/chat").json(&ask)).await.all().await;
    assert_eq!(chat.first().map(|frame| frame.event.as_str()), Some("run.queued"));
    assert_eq!(chat.last().map(|frame| frame.event.as_str()), Some("run.completed"));
    // The same message again: the same answer, from its beginning.
    let again = Frames::open(ada.api(Method::POST, "/chat").json(&ask)).await.all().await;
    assert_eq!(raw(&again), raw(&chat));
    // The project's stream brings the same frames among its own.
    let accepted = ada.api(Method::POST, "/chat").header("accept", "application/json").json(&ask);
    let from = Answer::of(accepted).await.data()["seq"].as_i64().unwrap();
    let path = format!("/projects/{project}/stream");
    let whole = Frames::open(resume(&ada, &path, from, true)).await.until("run.completed").await;
    assert_eq!(raw(&whole), raw(&chat));
}

#[tokio::test]
async fn one_stream_carries_two_sessions_and_is_cut_like_any() {
    let steps = vec![Step::Text(vec!["one".into(), "two".into()]), Step::Calls("three".into(), vec![1])];
    let app = app(steps, Duration::from_millis(2)).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Two").await;
    let path = format!("/projects/{project}/stream");
    let mut tab = Frames::open(ada.api(Method::GET, &path)).await;
    let first = tab.next().await.unwrap();
    assert_eq!(first.event, "snapshot");
    let sessions = [ada.session(&project).await, ada.session(&project).await];
    tokio::join!(ada.say(&sessions[0], "go"), ada.say(&sessions[1], "go"));
    let block = ada.block(&project).await;
    for session in &sessions {
        assert_eq!(ada.settled(session).await, "idle");
    }
    let end = ada.get(&format!("/projects/{project}/snapshot")).await.data()["seq"].as_i64().unwrap();
    let mut frames = vec![first];
    while frames.last().unwrap().id.unwrap() < end {
        frames.push(tab.next().await.unwrap());
    }
    let of = |id: &str| frames.iter().filter(|frame| frame.data.contains(id)).count();
    assert!(of(&sessions[0]) > 5 && of(&sessions[1]) > 5 && of(&block) == 1);
    for at in 0..frames.len() {
        let mut stream = Frames::open(resume(&ada, &path, frames[at].id.unwrap(), at % 2 == 0)).await;
        for frame in &frames[at + 1..] {
            assert_eq!(stream.next().await.as_ref(), Some(frame), "cut after {at}");
        }
    }
    // A session's own stream has its own events and no other's.
    let own = Frames::open(ada.api(Method::GET, &format!("/chat/{}/stream?after={}", sessions[0], 0)));
    let own = own.await.all().await;
    assert!(own.iter().all(|frame| !frame.data.contains(&sessions[1]) && !frame.data.contains(&block)));
}
