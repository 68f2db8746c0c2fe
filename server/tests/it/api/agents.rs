//! Agents over HTTP.

use super::snapshot::Chapter;
use crate::support::{
    App,
    client::Answer,
    people::{text, unknown},
};
use alumia_protocol::{keys::Scope, people::Role};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn an_agents_life() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let project = ada.project("Herons").await;
    let form = json!({
        "name": "  Heron   counter ", "description": "Counts herons.", "avatar": "🪶", "systemPrompt": "Count.",
        "settings": { "maxSteps": 5, "reasoningEffort": "low" },
    });
    let answer = ada.post("/agents", &form).await;
    chapter.note("POST /agents", &answer);
    let id = text(&answer.data()["id"]);
    let at = format!("/agents/{id}");
    chapter.note("GET /agents/:id by slug", &ada.get("/agents/heron-counter").await);
    let change = json!({ "version": 1, "name": "Heron guide", "allowedTools": ["file_list"], "settings": { "fastMode": true } });
    chapter.note("PATCH /agents/:id", &ada.patch(&at, &change).await);
    chapter.note("PATCH /agents/:id, stale", &ada.patch(&at, &change).await);
    let wrong = json!({ "version": 2, "name": "ALA", "model": "none", "allowedTools": ["fly"], "settings": { "maxSteps": 0 } });
    chapter.note("PATCH /agents/:id, out of range", &ada.patch(&at, &wrong).await);
    let session = json!({ "label": "Herons of May", "projectId": project });
    chapter.note("POST /agents/:id/sessions", &ada.post(&format!("{at}/sessions"), &session).await);
    let message = json!({ "id": unknown(), "content": "count to 2" });
    let told =
        ada.post(&format!("{at}/messages"), &json!({ "projectId": project, "message": message })).await;
    chapter.note("POST /agents/:id/messages", &told);
    let spoken = text(&told.data()["sessionId"]);
    assert_eq!(ada.settled(&spoken).await, "idle");
    let sessions = ada.get(&format!("{at}/sessions")).await.data();
    assert_eq!(sessions["items"].as_array().map(Vec::len), Some(2));
    assert!(sessions["items"].as_array().unwrap().iter().all(|session| session["agentId"] == json!(id)));
    chapter.note("DELETE /agents/:id", &ada.delete(&at).await);
    chapter.note("GET /agents/:id, deleted", &ada.get(&at).await);
    let say = json!({ "id": unknown(), "content": "still there?" });
    let path = format!("/sessions/{spoken}/messages");
    chapter.note("POST /sessions/:id/messages to a deleted agent", &ada.post(&path, &say).await);
    let kept = ada.get(&path).await.data();
    assert!(kept["items"].as_array().unwrap().len() >= 2, "what was said stays: {kept}");
    assert_eq!(ada.get(&format!("/sessions/{spoken}")).await.data()["agentName"], "Heron guide");
    chapter.note("DELETE /agents/ala", &ada.delete("/agents/ala").await);
    chapter
        .note("PATCH /agents/ala", &ada.patch("/agents/ala", &json!({ "version": 1, "name": "Eve" })).await);
    chapter.end("agents");
}

#[tokio::test]
async fn keys_and_roles_do_what_they_may() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let reader = app.program(&ada, &ada.org, &[Scope::AgentsRead]).await;
    let writer = app.program(&ada, &ada.org, &[Scope::AgentsWrite]).await;
    assert_eq!(reader.get("/agents").await.status, 200);
    assert_eq!(reader.post("/agents", &json!({ "name": "X" })).await.refusal().2, "scope");
    let made = writer.post("/agents", &json!({ "name": "X" })).await;
    assert_eq!(made.status, 201, "{made}");
    let at = format!("/agents/{}", text(&made.data()["id"]));
    assert_eq!(writer.get(&at).await.refusal().2, "scope");
    // Writing agents is not talking to them.
    let message =
        json!({ "projectId": ada.project("P").await, "message": { "id": unknown(), "content": "hello" } });
    assert_eq!(writer.post(&format!("{at}/messages"), &message).await.refusal().2, "scope");
    let vera = app.person("Vera").await;
    app.join(&vera, &ada, Role::Viewer).await;
    assert_eq!(vera.get(&at).await.status, 200);
    for refused in [vera.patch(&at, &json!({ "version": 1 })).await, vera.delete(&at).await] {
        assert_eq!(refused.refusal().2, "role");
    }
    // What was done stands in the log, with the key that did it.
    app.step_up(&ada).await;
    assert_eq!(writer.delete(&at).await.status, 200);
    let log = ada.get("/audit?action=agent").await.data();
    let lines: Vec<(Value, Value)> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["action"].clone(), line["actor"]["kind"].clone()))
        .collect();
    let line = |action: &str| (json!(action), json!("key"));
    assert_eq!(lines, [line("agent.deleted"), line("agent.created")]);
}

#[tokio::test]
async fn the_same_request_again_makes_no_second_agent() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let make = async || {
        let request = ada.api(Method::POST, "/agents").header("idempotency-key", "once");
        Answer::of(request.json(&json!({ "name": "Scout" }))).await
    };
    let (first, again) = (make().await, make().await);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(ada.get("/agents").await.data()["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn hostile_agents_are_refused_field_by_field() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let made = ada.post("/agents", &json!({ "name": "<script>alert(1)</script>" })).await;
    // Kept as it is written: pages escape it.
    assert_eq!((made.status, made.data()["name"].as_str()), (201, Some("<script>alert(1)</script>")));
    let at = format!("/agents/{}", text(&made.data()["id"]));
    for (body, status) in [
        (json!({ "name": "x" }), 400),
        (json!({ "version": "1" }), 400),
        (json!({ "version": 1, "settings": { "maxSteps": -1 } }), 400),
        (json!({ "version": 1, "settings": { "reasoningEffort": "extreme" } }), 400),
        (json!({ "version": 1, "allowedPeers": ["ala"] }), 400),
        (json!({ "version": 1, "allowedTools": "file_list" }), 400),
        (json!({ "version": i64::MAX }), 409),
        (json!({ "version": 1, "name": "\u{202e}x" }), 422),
        (json!({ "version": 1, "systemPrompt": "x".repeat(20_001) }), 422),
        (json!({ "version": 1, "allowedTools": vec!["file_list"; 501] }), 422),
        (json!({ "version": 1, "allowedConnectors": ["../../etc"] }), 422),
        (json!({ "version": 1, "workspaceId": unknown() }), 422),
        (json!({ "version": 1, "systemPrompt": "x".repeat(200_000) }), 413),
    ] {
        let answer = ada.patch(&at, &body).await;
        assert_eq!(
            answer.refusal().0,
            status,
            "{}: {answer}",
            body.to_string().chars().take(80).collect::<String>()
        );
    }
    assert_eq!(ada.get(&at).await.data()["version"], 1);
    assert_eq!(ada.patch(&at, &json!({ "version": 1, "workspaceId": null })).await.status, 200);
}
