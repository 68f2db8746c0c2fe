//! One person's way through the API, kept as snapshots.

use super::snapshot::Chapter;
use crate::support::{
    App,
    client::Answer,
    frames::Frames,
    people::{PASSWORD, Person, note, text},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn signing_up_in_and_out() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let mut ada = app.nobody();
    let form = json!({ "name": "Ada Lovelace", "email": "ada@example.com", "password": PASSWORD });
    let answer = ada.post("/auth/signup", &form).await;
    ada.keep(&answer);
    chapter.note_whole("POST /auth/signup", &answer);
    chapter.note("GET /me", &ada.get("/me").await);
    let answer = ada.post("/auth/logout", &json!(null)).await;
    chapter.note_whole("POST /auth/logout", &answer);
    chapter.note("GET /me with the old cookie", &ada.get("/me").await);
    ada.keep(&answer);
    let answer = ada.post("/auth/login", &json!({ "email": "ADA@example.com ", "password": PASSWORD })).await;
    ada.keep(&answer);
    chapter.note("POST /auth/login", &answer);
    let taken = json!({ "name": "Eve", "email": "Ada@Example.com", "password": PASSWORD });
    chapter.note("POST /auth/signup again", &app.nobody().post("/auth/signup", &taken).await);
    let models = ada.get("/models").await.data();
    let built_in = models["items"].as_array().unwrap().iter().find(|it| it["provider"] == "builtin");
    chapter.add("the built-in model in GET /models", built_in.unwrap().clone());
    chapter.note("GET /agents/ala", &ada.get("/agents/ala").await);
    let off = ada.api(Method::PUT, "/agents/ala/tools/http_fetch").json(&json!({ "enabled": false }));
    let tools = Answer::of(off).await.data()["allowedTools"].clone();
    assert!(tools.as_array().unwrap().iter().all(|tool| tool != "http_fetch"));
    chapter.end("accounts");
}

#[tokio::test]
async fn a_project_with_blocks() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let form =
        json!({ "name": "  Spring   rain ", "emoji": "🌧", "tags": ["weather"], "prompt": "Be brief." });
    let answer = ada.post("/projects", &form).await;
    chapter.note("POST /projects", &answer);
    let project = text(&answer.data()["id"]);
    let at = format!("/projects/{project}");
    chapter.note("GET /projects?limit=1", &ada.get("/projects?limit=1").await);
    let change = json!({ "name": "Rain", "status": "archived", "metadata": { "a": [1] } });
    chapter.note("PATCH /projects/:id", &ada.patch(&at, &change).await);
    let answer = ada.post(&format!("{at}/blocks"), &note("# Rain\n\nIt rained.")).await;
    chapter.note("POST /projects/:id/blocks", &answer);
    let block = text(&answer.data()["id"]);
    let rename = json!({ "version": 1, "title": "The rain" });
    chapter.note("PATCH /blocks/:id", &ada.patch(&format!("/blocks/{block}"), &rename).await);
    chapter.note("PATCH /blocks/:id, stale", &ada.patch(&format!("/blocks/{block}"), &rename).await);
    let position = json!({ "x": 24, "y": -48, "width": 240, "height": 0, "z": 3, "groupId": "board" });
    let moves = json!({ "moves": [{ "node": { "type": "block", "id": block }, "position": position }] });
    let answer = ada.patch(&format!("{at}/blocks/positions"), &moves).await;
    chapter.note("PATCH /projects/:id/blocks/positions", &answer);
    chapter.note("GET /blocks/:id", &ada.get(&format!("/blocks/{block}")).await);
    chapter.note("GET /projects/:id/snapshot", &ada.get(&format!("{at}/snapshot")).await);
    chapter.note("DELETE /blocks/:id", &ada.delete(&format!("/blocks/{block}")).await);
    chapter.note("DELETE /blocks/:id again", &ada.delete(&format!("/blocks/{block}")).await);
    chapter.note("GET /projects/:id/blocks", &ada.get(&format!("{at}/blocks")).await);
    chapter.note("DELETE /projects/:id", &ada.delete(&at).await);
    chapter.note("GET /projects/:id", &ada.get(&at).await);
    chapter.end("projects");
}

#[tokio::test]
async fn a_turn_with_a_tool() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let project = ada.project("Notes").await;
    let message = json!({ "id": Uuid::now_v7(), "content": "note: buy milk" });
    let ask = json!({ "projectId": project, "message": message });
    let mut frames = Frames::open(ada.api(Method::POST, "/chat").json(&ask)).await;
    let heads = ["content-type", "cache-control", "x-accel-buffering"];
    let heads: Vec<_> = heads.iter().map(|name| json!([name, frames.header(name)])).collect();
    chapter.add("the stream's headers", heads.into());
    let frames = frames.until("run.completed").await;
    for kind in ["run.queued", "text.delta", "tool.started", "tool.completed", "run.completed"] {
        let frame = frames.iter().find(|frame| frame.event == kind).unwrap();
        assert!(frame.id.is_some_and(|id| frame.json()["seq"] == id) && frame.json()["kind"] == kind);
        chapter.add(kind, frame.json());
    }
    let again = ada.api(Method::POST, "/chat").header("accept", "application/json").json(&ask);
    let accepted = Answer::of(again).await;
    chapter.note("POST /chat again, for JSON", &accepted);
    let session = text(&accepted.data()["sessionId"]);
    let at = format!("/sessions/{session}");
    chapter.note("GET /sessions/:id", &ada.get(&at).await);
    chapter.note("GET /sessions/:id/messages", &ada.get(&format!("{at}/messages")).await);
    let kinds: Vec<Value> = ada.events(&session).await.iter().map(|event| event["kind"].clone()).collect();
    chapter.add("the kinds of GET /sessions/:id/events", kinds.into());
    chapter.note("GET …/events?limit=1", &ada.get(&format!("{at}/events?limit=1")).await);
    chapter.note("PATCH /sessions/:id", &ada.patch(&at, &json!({ "label": "Milk" })).await);
    let nothing = ada.post(&format!("/chat/{session}/resume"), &json!(null)).await;
    chapter.note("POST /chat/:id/resume, nothing waits", &nothing);
    chapter.note("POST /chat/:id/stop", &ada.post(&format!("/chat/{session}/stop"), &json!(null)).await);
    chapter.note("DELETE /sessions/:id", &ada.delete(&at).await);
    chapter.note("GET /sessions", &ada.get("/sessions").await);
    chapter.end("chat");
}

#[tokio::test]
async fn a_call_that_asks_first_and_a_message_that_waits() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let session = ada.session(&ada.project("Asking").await).await;
    ada.say(&session, "fetch http://127.0.0.1:9/").await;
    assert_eq!(ada.settled(&session).await, "awaiting_approval");
    let queued = ada.say(&session, "note: later").await;
    chapter.add("POST /sessions/:id/messages while a run goes on", queued);
    let view = ada.get(&format!("/sessions/{session}/events")).await.data()["items"].clone();
    let of =
        |kind: &str| view.as_array().unwrap().iter().rfind(|event| event["kind"] == kind).unwrap().clone();
    let (asked, waiting) = (of("approval.requested"), of("message.queued"));
    chapter.add("approval.requested", asked["data"].clone());
    let queue = format!("/sessions/{session}/queue/{}", text(&waiting["data"]["message"]["id"]));
    chapter.note("PATCH …/queue/:message", &ada.patch(&queue, &json!({ "content": "note: sooner" })).await);
    let call = format!("/sessions/{session}/calls/{}", text(&asked["data"]["callId"]));
    let say = json!({ "approval": "session" });
    chapter.note("POST …/approve", &ada.post(&format!("{call}/approve"), &say).await);
    chapter.note("POST …/approve again", &ada.post(&format!("{call}/approve"), &say).await);
    assert_eq!(ada.settled(&session).await, "idle");
    chapter.note("PATCH …/queue/:message, joined", &ada.patch(&queue, &json!({ "content": "x" })).await);
    chapter.note("DELETE …/queue/:message, joined", &ada.delete(&queue).await);
    chapter.note("POST …/cancel, no run", &ada.post(&format!("{call}/cancel"), &json!(null)).await);
    let said: Vec<Value> = messages(&ada, &session).await;
    chapter.add("who said what", said.into());
    chapter.end("approval");
}

async fn messages(person: &Person, session: &str) -> Vec<Value> {
    let page = person.get(&format!("/sessions/{session}/messages")).await.data();
    let part = |message: &Value| {
        let parts = message["parts"].as_array().unwrap();
        let kinds = parts.iter().map(|part| part["type"].clone()).collect::<Vec<_>>();
        json!([message["role"], kinds])
    };
    page["items"].as_array().unwrap().iter().map(part).collect()
}

#[tokio::test]
async fn files_go_in_and_come_out() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let at = format!("/projects/{}/files", ada.project("Files").await);
    chapter.note("GET …/files, empty", &ada.get(&at).await);
    let put =
        async |path: &str, bytes: &'static [u8]| ada.put(&format!("{at}/content?path={path}"), bytes).await;
    chapter.note("PUT …/content", &put("notes/plan.txt", b"one\ntwo\n").await);
    chapter.note("PUT …/content, a page", &put("page.html", b"<script>alert(1)</script>").await);
    chapter.note("GET …/files", &ada.get(&at).await);
    chapter.note("GET …/files?folder=notes", &ada.get(&format!("{at}?folder=notes")).await);
    let read = async |path: &str| ada.get(&format!("{at}/content?path={path}")).await;
    chapter.note_whole("GET …/content", &read("notes/plan.txt").await);
    chapter.note_whole("GET …/content, a page", &read("page.html").await);
    chapter.note("GET …/content, missing", &read("nowhere.txt").await);
    chapter.note("GET …/content, a folder", &read("notes").await);
    chapter.note("PUT …/content over a folder", &put("notes", b"x").await);
    chapter.note("PUT …/content below a file", &put("page.html/x", b"x").await);
    chapter.end("files");
}
