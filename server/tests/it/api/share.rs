//! Share links as those who make them and those who have one meet them.

use super::snapshot::Chapter;
use crate::support::{
    App, Wishes,
    client::Answer,
    frames::Frames,
    people::{Person, note, text},
};
use alumia_models::StopReason;
use alumia_platform::engine::testing::{FakeTool, Say, Scripted};
use alumia_protocol::keys::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn sharer(app: &App) -> (Person, String) {
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let project = ada.project("Shared").await;
    (ada, project)
}

async fn share(ada: &Person, project: &str, wishes: Value) -> String {
    let made = ada.post(&format!("/projects/{project}/share"), &wishes).await;
    assert_eq!(made.status, 201, "{made}");
    text(&made.data()["token"])
}

/// An answer as it is kept, without what is a secret or nobody's word.
fn hide(answer: Answer, secret: &str) -> Answer {
    let text = String::from_utf8(answer.bytes).unwrap().replace(secret, "[token]");
    let port = text.split("localhost:").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned);
    let text = match port {
        Some(port) => text.replace(&format!("localhost:{port}"), "localhost"),
        None => text,
    };
    Answer { bytes: text.into_bytes(), ..answer }
}

#[tokio::test]
async fn the_story_of_a_link() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let project = ada.project("Shared").await;
    let path = format!("/projects/{project}/share");
    ada.block(&project).await;
    ada.session(&project).await;
    chapter.note("POST without step-up", &ada.post(&path, &json!({})).await);
    app.step_up(&ada).await;
    let key = app.program(&ada, &ada.org, &[Scope::Everything]).await;
    chapter.note("POST with a key", &key.post(&path, &json!({})).await);
    chapter.note("GET, off", &ada.get(&path).await);
    chapter.note("POST, wrong", &ada.post(&path, &json!({ "expiresIn": "2d" })).await);
    let wishes = json!({ "expiresIn": "7d", "files": true, "mode": "frozen" });
    let made = ada.post(&path, &wishes).await;
    let token = text(&made.data()["token"]);
    chapter.note("POST", &hide(made, &token));
    let nobody = app.nobody();
    let public = format!("/share/project/{token}");
    chapter.note_whole("the canvas", &hide(nobody.get(&public).await, &token));
    chapter.note("GET, on", &ada.get(&path).await);
    chapter.note("DELETE", &ada.delete(&path).await);
    chapter.note_whole("the canvas, off", &nobody.get(&public).await);
    chapter.end("share");
}

/// Everything of an answer but what differs between any two.
fn told(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let id = answer.header("x-request-id").unwrap_or_default().to_owned();
    let mut body = String::from_utf8_lossy(&answer.bytes).replace(&id, "[id]");
    let mut headers = Vec::new();
    let nonce = answer
        .header("content-security-policy")
        .and_then(|policy| Some(policy.split("'nonce-").nth(1)?.split('\'').next()?.to_owned()));
    for (name, value) in &answer.headers {
        let name = name.to_string();
        if ["date", "x-request-id", "ratelimit-remaining", "ratelimit-reset"].contains(&name.as_str()) {
            continue;
        }
        let value = value.to_str().unwrap();
        headers
            .push((name, nonce.as_ref().map_or(value.to_owned(), |nonce| value.replace(nonce, "[nonce]"))));
    }
    if let Some(nonce) = nonce {
        body = body.replace(&nonce, "[nonce]");
    }
    headers.sort();
    (answer.status, body, headers)
}

#[tokio::test]
async fn every_link_that_does_not_work_is_answered_alike() {
    let app = App::with_settings(super::places::ROOMY).await;
    let (ada, project) = sharer(&app).await;
    ada.put(&format!("/projects/{project}/files/content?path=a.png"), "png").await;
    let replaced = share(&ada, &project, json!({})).await;
    let off = share(&ada, &project, json!({ "mode": "frozen", "files": true })).await;
    assert_eq!(ada.delete(&format!("/projects/{project}/share")).await.status, 200);
    let gone = ada.project("Gone").await;
    let deleted = share(&ada, &gone, json!({})).await;
    assert_eq!(ada.delete(&format!("/projects/{gone}")).await.status, 200);
    let old = ada.project("Old").await;
    let expired = share(&ada, &old, json!({ "expiresIn": "1h" })).await;
    let mut tx = app.store.begin().await.unwrap();
    sqlx::query("UPDATE shares SET expires_at = 1 WHERE expires_at > $1")
        .bind(0_i64)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let wrong = "0".repeat(72);
    let kinds: Vec<String> = [&off, &replaced, &deleted, &expired, &wrong]
        .into_iter()
        .cloned()
        .chain(["x".into(), "%00".into(), "%ff".into(), "é".repeat(9), "0".repeat(2_000), "..%2f..".into()])
        .collect();
    let nobody = app.nobody();
    for path in [
        "/api/v1/share/project/{}",
        "/api/v1/share/project/{}/stream",
        "/api/v1/share/project/{}/files/content?path=a.png",
        "/share/{}",
        "/share/project/{}",
    ] {
        let mut first = None;
        for token in &kinds {
            let answer = Answer::of(nobody.request(Method::GET, &path.replace("{}", token))).await;
            assert_eq!(answer.status, 404, "{path} {token}: {answer}");
            assert!(
                !String::from_utf8_lossy(&answer.bytes).contains(token.as_str()) || token.len() < 3,
                "{path} repeats {token}"
            );
            let told = told(&answer);
            assert_eq!(first.get_or_insert_with(|| told.clone()), &told, "{path} {token}");
        }
    }
    // Timing: nothing is looked for longer than anything else. Medians of interleaved requests, generously.
    let mut times = vec![Vec::new(); 5];
    for _ in 0..60 {
        for (token, times) in kinds.iter().take(5).zip(&mut times) {
            let begun = Instant::now();
            nobody.get(&format!("/share/project/{token}")).await;
            times.push(begun.elapsed());
        }
    }
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[times.len() / 2]
        })
        .collect();
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(*most < *least * 3 + Duration::from_millis(5), "{medians:?}");
}

#[tokio::test]
async fn links_are_not_guessed_at_from_one_address() {
    let settings = "[limits]\nshares_per_minute = 5\n[server]\ntrusted_proxies = [\"127.0.0.1\"]";
    let app = App::with(Wishes { settings, ..Wishes::default() }).await;
    let (ada, project) = sharer(&app).await;
    let token = share(&ada, &project, json!({})).await;
    let ask = async |path: &str, address: &str| {
        let request = app.nobody().request(Method::GET, path).header("x-forwarded-for", address);
        Answer::of(request).await
    };
    for guess in 0..5 {
        let path = if guess % 2 == 0 { "/api/v1/share/project/" } else { "/share/" };
        assert_eq!(ask(&format!("{path}{guess}"), "203.0.113.1").await.status, 404);
    }
    for path in [format!("/api/v1/share/project/{token}"), format!("/share/{token}")] {
        let refused = ask(&path, "203.0.113.1").await;
        assert_eq!(refused.status, 429, "{path}: {refused}");
        assert_eq!(refused.json()["error"], "Too many requests");
        assert!(refused.header("retry-after").is_some() && refused.json()["retryAfterMs"].is_u64());
        assert_eq!(ask(&path, "203.0.113.2").await.status, 200, "another address");
    }
    // Who is signed in has no other bucket for it.
    let signed_in =
        ada.request(Method::GET, &format!("/share/{token}")).header("x-forwarded-for", "203.0.113.1");
    assert_eq!(Answer::of(signed_in).await.status, 429);
}

#[tokio::test]
async fn nothing_but_the_canvas_is_shown() {
    const PLANTED: &str = "xyzzy-planted-secret";
    const ARGUMENT: i64 = 918_273_645_546_372;
    let secret = |what: &str| format!("{PLANTED}-{what}");
    let model = Scripted::by(|_, turn| {
        if turn == 0 {
            vec![
                Say::Reasoning(format!("{PLANTED}-thought")),
                Say::text(format!("{PLANTED}-answer")),
                Say::call("file_list", json!({ "n": ARGUMENT })),
                Say::End(StopReason::ToolCalls),
            ]
        } else {
            vec![Say::text(format!("{PLANTED}-last"))]
        }
    });
    let tool = FakeTool::new("file_list")
        .doing(|_, _| Box::pin(async { Ok(json!({ "output": "xyzzy-planted-secret-output" })) }));
    let app = App::scripted(model, vec![std::sync::Arc::new(tool)]).await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let new = json!({
        "name": "Shared", "prompt": secret("project-prompt"), "description": secret("description"),
        "tags": [secret("tag")], "metadata": { "a": secret("metadata") },
    });
    let project = text(&ada.post("/projects", &new).await.data()["id"]);
    let mut tx = app.store.begin().await.unwrap();
    for sql in [
        "UPDATE agents SET system_prompt = $1, description = $1",
        "UPDATE users SET name = $1, email = $1",
        "UPDATE orgs SET name = $1",
    ] {
        sqlx::query(sql).bind(secret("row")).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    ada.put(&format!("/projects/{project}/files/content?path={PLANTED}.png"), "png").await;
    let picture = json!({ "title": "Map", "content": { "kind": "show", "data": { "type": "image", "path": format!("{PLANTED}.png"), "alt": "A map" } } });
    assert_eq!(ada.post(&format!("/projects/{project}/blocks"), &picture).await.status, 201);
    let session = ada.session(&project).await;
    assert_eq!(
        ada.patch(
            &format!("/sessions/{session}"),
            &json!({ "label": secret("label"), "metadata": { "a": secret("session") } })
        )
        .await
        .status,
        200
    );

    let token = share(&ada, &project, json!({})).await;
    let nobody = app.nobody();
    let mut stream = Frames::open(nobody.api(Method::GET, &format!("/share/project/{token}/stream"))).await;
    let mut seen = vec![stream.next().await.unwrap().raw];
    ada.say(&session, &secret("message")).await;
    assert_eq!(ada.settled(&session).await, "idle");
    assert_eq!(ada.post(&format!("/projects/{project}/blocks"), &note("The end")).await.status, 201);
    loop {
        let frame = stream.next().await.unwrap();
        let last = frame.data.contains("The end");
        seen.push(frame.raw);
        if last {
            break;
        }
    }
    let kinds: Vec<_> = seen.iter().filter_map(|frame| frame.lines().nth(1)).collect();
    assert!(kinds.contains(&"event: agent.working"), "the run was seen: {kinds:?}");
    // It did all happen.
    let whole = ada.get(&format!("/projects/{project}/snapshot")).await.data().to_string();
    for what in ["thought", "answer", "output", "last", "message", "label"] {
        assert!(whole.contains(&secret(what)), "{what} was not planted");
    }
    assert!(whole.contains(&ARGUMENT.to_string()));
    for path in [
        format!("/share/{token}"),
        format!("/share/project/{token}"),
        format!("/api/v1/share/project/{token}"),
    ] {
        let answer = Answer::of(nobody.request(Method::GET, &path)).await;
        assert_eq!(answer.status, 200, "{answer}");
        let body = String::from_utf8(answer.bytes.clone()).unwrap();
        assert!(body.contains("The end") && body.contains("A map"), "{path} is the canvas");
        seen.push(body);
        let headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        seen.push(headers.join("\n"));
        for (name, wanted) in [
            ("x-robots-tag", "noindex, nofollow, noarchive"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store, no-transform"),
        ] {
            assert_eq!(answer.header(name), Some(wanted), "{path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("http"), "{policy}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
    for text in &seen {
        assert!(!text.contains(PLANTED) && !text.contains(&ARGUMENT.to_string()), "{text}");
        for id in [ada.user.to_string(), ada.org_id.clone(), ada.email.clone(), ada.org.clone() + "/"] {
            assert!(!text.contains(&id), "{id} in {text}");
        }
    }
}

#[tokio::test]
async fn a_picture_comes_with_nothing_that_could_run() {
    let app = App::start().await;
    let (ada, project) = sharer(&app).await;
    for path in ["a.png", "b.svg", "c.html", "not-shown.png"] {
        assert_eq!(
            ada.put(&format!("/projects/{project}/files/content?path={path}"), "bytes").await.status,
            200
        );
        if path != "not-shown.png" {
            let block = json!({ "title": "", "content": { "kind": "show", "data": { "type": "image", "path": path, "alt": "x" } } });
            assert_eq!(ada.post(&format!("/projects/{project}/blocks"), &block).await.status, 201);
        }
    }
    let token = share(&ada, &project, json!({ "files": true })).await;
    for (path, kind, disposition) in [
        ("a.png", "image/png", "inline"),
        ("b.svg", "application/octet-stream", "attachment"),
        ("c.html", "application/octet-stream", "attachment"),
    ] {
        let answer = app.nobody().get(&format!("/share/project/{token}/files/content?path={path}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{answer}");
        assert!(answer.header("content-disposition").unwrap().starts_with(disposition));
        assert!(answer.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    for path in ["not-shown.png", "nothing.png", "..%2fa.png"] {
        let answer = app.nobody().get(&format!("/share/project/{token}/files/content?path={path}")).await;
        let missing = app.nobody().get("/share/project/x").await;
        assert_eq!(answer.error(), missing.error(), "{path}");
    }
}
