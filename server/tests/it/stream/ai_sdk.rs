//! The Vercel AI SDK's UI message stream, held against what its client accepts: each part's exact fields, and
//! the order that it insists on.

use super::scripts::{Step, app};
use crate::support::{
    App,
    frames::{Frame, Frames},
    people::{Person, unknown},
};
use alumia_models::ModelError;
use alumia_platform::engine::testing::{Say, Scripted};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Type, fields that must be there, fields that may be there. The SDK refuses any other.
const PARTS: &[(&str, &[&str], &[&str])] = &[
    ("start", &[], &["messageId", "messageMetadata"]),
    ("start-step", &[], &[]),
    ("finish-step", &[], &[]),
    ("text-start", &["id"], &[]),
    ("text-delta", &["id", "delta"], &[]),
    ("text-end", &["id"], &[]),
    ("reasoning-start", &["id"], &[]),
    ("reasoning-delta", &["id", "delta"], &[]),
    ("reasoning-end", &["id"], &[]),
    ("tool-input-start", &["toolCallId", "toolName"], &["dynamic"]),
    ("tool-input-delta", &["toolCallId", "inputTextDelta"], &[]),
    ("tool-input-available", &["toolCallId", "toolName", "input"], &["dynamic"]),
    ("tool-input-error", &["toolCallId", "toolName", "input", "errorText"], &["dynamic"]),
    ("tool-output-available", &["toolCallId", "output"], &["dynamic", "preliminary"]),
    ("tool-output-error", &["toolCallId", "errorText"], &["dynamic"]),
    ("error", &["errorText"], &[]),
    ("abort", &[], &["reason"]),
    ("finish", &[], &["messageMetadata"]),
];

/// What a client makes of a stream.
#[derive(Default, Debug)]
struct Message {
    texts: Vec<String>,
    reasoning: Vec<String>,
    /// How each call stands, in the order in which they came.
    calls: BTreeMap<String, Vec<String>>,
    /// Types in order, each run of equal ones once.
    order: Vec<String>,
}

/// Reads a stream as the SDK's client does, which throws where this panics.
fn read(frames: &[Frame]) -> Message {
    let mut message = Message::default();
    let (mut open, mut ended, mut in_step) = (BTreeMap::<String, usize>::new(), BTreeSet::new(), false);
    let (done, parts) = frames.split_last().expect("a stream says something");
    assert_eq!(done.data, "[DONE]");
    for (at, frame) in parts.iter().enumerate() {
        assert!(frame.id.is_none() && frame.event.is_empty(), "only data lines: {}", frame.raw);
        let part = frame.json();
        let kind = part["type"].as_str().unwrap();
        let known = PARTS.iter().find(|(name, ..)| *name == kind);
        let (_, must, may) = known.unwrap_or_else(|| panic!("no such part: {part}"));
        let fields: BTreeSet<&str> = part.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(must.iter().all(|field| fields.contains(field)), "{part}");
        assert!(fields.iter().all(|it| *it == "type" || must.contains(it) || may.contains(it)), "{part}");
        let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(kind == "start", at == 0, "one start, and first: {part}");
        let last = matches!(kind, "finish" | "error" | "abort");
        assert_eq!(last, at + 1 == parts.len(), "one end, and last: {part}");
        if message.order.last().is_none_or(|before| before != kind) {
            message.order.push(kind.to_owned());
        }
        match kind {
            "start-step" => assert!(!std::mem::replace(&mut in_step, true), "a step in a step"),
            "finish-step" => {
                assert!(std::mem::take(&mut in_step) && open.is_empty(), "still open: {open:?}");
            }
            "text-start" | "reasoning-start" => {
                let written = if kind == "text-start" { &mut message.texts } else { &mut message.reasoning };
                written.push(String::new());
                assert!(open.insert(text("id"), written.len() - 1).is_none(), "open already: {part}");
            }
            "text-delta" => message.texts[open[&text("id")]].push_str(&text("delta")),
            "reasoning-delta" => message.reasoning[open[&text("id")]].push_str(&text("delta")),
            "text-end" | "reasoning-end" => assert!(open.remove(&text("id")).is_some(), "not open: {part}"),
            kind if kind.starts_with("tool-") => {
                let id = text("toolCallId");
                let calls = message.calls.entry(id.clone()).or_default();
                assert_eq!(kind == "tool-input-start", calls.is_empty(), "a call begins once: {part}");
                assert!(!ended.contains(&id), "it was over: {part}");
                if kind.starts_with("tool-output") {
                    assert!(calls.iter().any(|it| it == "tool-input-available"), "no input: {part}");
                    ended.insert(id);
                }
                if calls.last().is_none_or(|before| before != kind) {
                    calls.push(kind.to_owned());
                }
            }
            _ => {}
        }
    }
    assert!(open.is_empty() && !in_step, "left open: {open:?}");
    message
}

async fn chat(person: &Person, content: &str) -> (Vec<Frame>, String) {
    let project = person.project("SDK").await;
    let session = person.session(&project).await;
    let body = json!({ "sessionId": session, "message": { "id": unknown(), "content": content } });
    let stream = Frames::open(person.api(Method::POST, "/chat?protocol=ai-sdk").json(&body)).await;
    assert_eq!(stream.header("x-vercel-ai-ui-message-stream"), Some("v1"));
    (stream.all().await, session)
}

#[tokio::test]
async fn a_turn_with_a_tool_is_what_the_client_expects() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let (frames, session) = chat(&ada, "note: buy milk").await;
    let message = read(&frames);
    let tool = ["tool-input-start", "tool-input-delta", "tool-input-available", "tool-output-available"];
    let text = ["text-start", "text-delta", "text-end"];
    let order =
        [&["start", "start-step"], &text[..2], &tool[..2], &text[2..], &tool[2..], &["finish-step"]].concat();
    let order = [&order[..], &["start-step"], &text, &["finish-step", "finish"]].concat();
    assert_eq!(message.order, order);
    assert_eq!(message.calls.values().collect::<Vec<_>>(), [&tool]);
    // The texts are the log's.
    let said = ada.get(&format!("/sessions/{session}/messages")).await.data();
    let parts = said["items"].as_array().unwrap().iter().filter(|message| message["role"] == "assistant");
    let parts =
        parts.flat_map(|message| message["parts"].as_array().unwrap()).filter(|part| part["type"] == "text");
    let texts: Vec<&str> = parts.map(|part| part["text"].as_str().unwrap()).collect();
    assert_eq!(message.texts, texts);
    // Nothing goes on any more: there is nothing to attach to, and this protocol has a word for it.
    let over = ada.get(&format!("/chat/{session}/stream?protocol=ai-sdk")).await;
    assert_eq!((over.status, over.bytes.len()), (204, 0));
}

#[tokio::test]
async fn malformed_denied_and_failed_calls_have_their_parts() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let (frames, _) = chat(&ada, "call data_block {\"title\": 5}").await;
    let message = read(&frames);
    let calls: Vec<_> = message.calls.values().map(|parts| parts.last().unwrap().as_str()).collect();
    assert_eq!(calls, ["tool-input-error", "tool-output-available"], "{message:#?}");

    let session = ada.session(&ada.project("Asks").await).await;
    ada.say(&session, "fetch http://127.0.0.1:9/").await;
    assert_eq!(ada.settled(&session).await, "awaiting_approval");
    // Attached while it waits, this client gets what happened and then the rest.
    let path = format!("/chat/{session}/stream?protocol=ai-sdk");
    let stream = tokio::spawn(Frames::open(ada.api(Method::GET, &path)).await.all());
    let events = ada.events(&session).await;
    let asked = events.iter().find(|event| event["kind"] == "approval.requested").unwrap();
    let path = format!("/sessions/{session}/calls/{}/approve", asked["data"]["callId"].as_str().unwrap());
    assert_eq!(ada.post(&path, &json!({ "approval": "deny" })).await.status, 200);
    let message = read(&stream.await.unwrap());
    let calls: Vec<_> = message.calls.values().map(|parts| parts.last().unwrap().as_str()).collect();
    assert_eq!(calls, ["tool-output-error"], "{message:#?}");
}

#[tokio::test]
async fn whoever_attaches_in_the_middle_gets_one_whole_message() {
    let steps = vec![
        Step::Thought("Hm. ".into(), "First. ".into()),
        Step::Breaks("Lost".into()),
        Step::Calls("Then. ".into(), vec![3, 1]),
        Step::Malformed,
    ];
    let app = app(steps, Duration::from_millis(15)).await;
    let ada = app.person("Ada").await;
    let session = ada.session(&ada.project("Middle").await).await;
    ada.say(&session, "go").await;
    let path = format!("/chat/{session}/stream?protocol=ai-sdk");
    let mut streams = Vec::new();
    while ada.get(&format!("/sessions/{session}")).await.data()["status"] == "active" {
        let response = ada.api(Method::GET, &path).send().await.unwrap();
        if response.status() == 200 {
            streams.push(tokio::spawn(Frames::of(response).all()));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(streams.len() > 3);
    let mut messages = Vec::new();
    for stream in streams {
        messages.push(read(&stream.await.unwrap()));
    }
    let last = messages.last().unwrap();
    for message in &messages {
        assert_eq!(message.reasoning, ["Hm. "]);
        // Who saw the broken attempt keeps it as a part of its own; the others never saw it.
        let texts: Vec<_> = message.texts.iter().filter(|text| *text != "Lost").collect();
        assert_eq!(texts, ["First. ", "Again.", "Then. ", "Done."]);
        assert_eq!(message.calls.keys().collect::<Vec<_>>(), last.calls.keys().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn the_end_says_how_it_ended() {
    let refusal = ModelError::BadKey { detail: "no".into() };
    let model =
        Scripted::answers([vec![Say::text("So"), Say::Fail(refusal)], vec![Say::text("Forever"), Say::Hang]]);
    let app = App::scripted(model, vec![]).await;
    let ada = app.person("Ada").await;
    let (frames, _) = chat(&ada, "go").await;
    assert_eq!(read(&frames).order.last().unwrap(), "error");

    let session = ada.session(&ada.project("Stopped").await).await;
    let body = json!({ "sessionId": session, "message": { "id": unknown(), "content": "go" } });
    let mut stream = Frames::open(ada.api(Method::POST, "/chat?protocol=ai-sdk").json(&body)).await;
    let mut frames = Vec::new();
    while !frames.last().is_some_and(|frame: &Frame| frame.data.contains("Forever")) {
        frames.push(stream.next().await.unwrap());
    }
    assert_eq!(ada.post(&format!("/chat/{session}/stop"), &Value::Null).await.status, 200);
    frames.extend(stream.all().await);
    let message = read(&frames);
    assert_eq!(
        (message.order.last().unwrap().as_str(), message.texts),
        ("abort", vec!["Forever".to_owned()])
    );
}
