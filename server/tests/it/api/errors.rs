//! Every kind of refusal, and what all answers have in common.

use super::snapshot::Chapter;
use crate::support::{
    App,
    client::Answer,
    people::{PASSWORD, note, unknown},
};
use alumia_protocol::{ErrorCode, people::Role};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn each_error_has_its_code_status_and_words() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let vera = app.person("Vera").await;
    app.join(&vera, &ada, Role::Viewer).await;
    let project = ada.project("Errors").await;
    let at = format!("/projects/{project}");
    let mut codes = BTreeSet::new();
    let mut keep = |call: &str, answer: &Answer| {
        codes.insert(answer.refusal().1);
        chapter.note(call, answer);
    };
    let post = |body: &'static str| {
        let request = ada.api(Method::POST, "/projects").header("content-type", "application/json");
        Answer::of(request.body(body))
    };
    keep("not JSON", &post("{").await);
    keep("a wrong type", &post(r#"{"name": 3}"#).await);
    keep("a missing field", &post("{}").await);
    let form = ada.api(Method::POST, "/projects").header("content-type", "text/plain").body("{}");
    keep("not said to be JSON", &Answer::of(form).await);
    keep("a query of another type", &ada.get("/projects?limit=many").await);
    keep("a cursor of nobody's", &ada.get("/projects?cursor=x").await);
    let stream = ada.api(Method::GET, &format!("{at}/stream")).header("last-event-id", "x");
    keep("a position that is none", &Answer::of(stream).await);
    keep("neither session nor project", &{
        let message = json!({ "id": unknown(), "content": "hello" });
        ada.post("/chat", &json!({ "message": message })).await
    });
    keep("nobody", &app.nobody().get("/me").await);
    let key = app.nobody().api(Method::GET, "/me").bearer_auth("alm_test_00");
    keep("an unknown key", &Answer::of(key).await);
    let wrong = json!({ "email": ada.email, "password": "wrong" });
    keep("a wrong password", &app.nobody().post("/auth/login", &wrong).await);
    let forged =
        ada.anonymous().api(Method::POST, "/auth/logout").header("cookie", ada.cookie.clone().unwrap());
    keep("from another site", &Answer::of(forged.header("sec-fetch-site", "cross-site")).await);
    keep("a role that reads", &vera.post(&format!("{at}/blocks"), &note("x")).await);
    keep("no such project", &ada.get(&format!("/projects/{}", unknown())).await);
    keep("no such route", &ada.get("/nowhere").await);
    keep("no such method", &ada.delete("/me").await);
    let block = ada.block(&project).await;
    let mut again = note("Twice");
    again["id"] = json!(block);
    keep("an id twice", &ada.post(&format!("{at}/blocks"), &again).await);
    let large = json!({ "name": "x", "description": "x".repeat(200_000) });
    keep("too large", &ada.post("/projects", &large).await);
    let off = json!({ "name": "", "tags": ["", "x"], "prompt": "x".repeat(12_001), "emoji": "x".repeat(17) });
    keep("values out of range", &ada.post("/projects", &off).await);
    keep("one value out of range", &ada.get("/projects?limit=101").await);
    let spec = json!({ "type": "chart", "kind": "line", "labels": ["a"], "series": [] });
    let chart = json!({ "content": { "kind": "data", "data": spec } });
    keep("a block that makes no sense", &ada.post(&format!("{at}/blocks"), &chart).await);
    let bad = json!({ "name": "", "email": "ada", "password": "password1234" });
    keep("a form with everything wrong", &app.nobody().post("/auth/signup", &bad).await);
    keep("a path that leaves", &ada.get(&format!("{at}/files/content?path=../secret")).await);
    chapter.end("errors");
    // 402 comes with billing; the three below have tests of their own.
    let other = ["PAYMENT_REQUIRED", "TOO_MANY_REQUESTS", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE"];
    let all: BTreeSet<String> = every_code().map(|code| json!(code).as_str().unwrap().to_owned()).collect();
    let seen: BTreeSet<String> = codes.into_iter().chain(other.map(str::to_owned)).collect();
    assert_eq!(seen, all);
}

fn every_code() -> impl Iterator<Item = ErrorCode> {
    // The list of statuses and the type can't part: a code that isn't here is missed by nobody's `match`.
    use ErrorCode as E;
    let next = |code: &E| {
        Some(match code {
            E::BadRequest => E::Unauthorized,
            E::Unauthorized => E::PaymentRequired,
            E::PaymentRequired => E::Forbidden,
            E::Forbidden => E::NotFound,
            E::NotFound => E::MethodNotAllowed,
            E::MethodNotAllowed => E::Conflict,
            E::Conflict => E::PayloadTooLarge,
            E::PayloadTooLarge => E::ValidationError,
            E::ValidationError => E::TooManyRequests,
            E::TooManyRequests => E::InternalError,
            E::InternalError => E::ServiceUnavailable,
            E::ServiceUnavailable => return None,
        })
    };
    std::iter::successors(Some(E::BadRequest), next)
}

#[tokio::test]
async fn our_own_fault_shows_nothing_of_the_inside() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    let project = ada.project("Broken").await;
    let mut tx = app.store.begin().await.unwrap();
    sqlx::query("UPDATE projects SET metadata = '{broken inside' WHERE id = $1")
        .bind(project.clone())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let answer = ada.get(&format!("/projects/{project}")).await;
    assert_eq!(answer.refusal(), (500, "INTERNAL_ERROR".into(), String::new()));
    let text = String::from_utf8(answer.bytes.clone()).unwrap().to_lowercase();
    for inside in ["broken inside", "serde", "sql", "column", "line 1", ".rs", "metadata"] {
        assert!(!text.contains(inside), "{text}");
    }
    chapter.note_whole("GET /projects/:id, broken inside", &answer);
    chapter.end("our_fault");
    assert_eq!(ada.get("/me").await.status, 200, "and the server goes on");
}

#[tokio::test]
async fn a_database_that_is_away_is_503_and_says_when_to_come_back() {
    let (app, mut chapter) = (App::start().await, Chapter::default());
    let ada = app.person("Ada").await;
    app.platform.store.close().await;
    let login = json!({ "email": ada.email, "password": PASSWORD });
    for answer in [
        ada.get("/me").await,
        ada.get("/projects").await,
        ada.post("/projects", &json!({ "name": "x" })).await,
        app.nobody().post("/auth/login", &login).await,
    ] {
        assert_eq!(answer.refusal(), (503, "SERVICE_UNAVAILABLE".into(), String::new()));
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().unwrap() >= 1));
    }
    chapter.note_whole("GET /me, the database is away", &ada.get("/me").await);
    chapter.end("away");
    let ready = Answer::of(app.nobody().request(Method::GET, "/readyz")).await;
    assert_eq!(ready.status, 503);
    assert_eq!(Answer::of(app.nobody().request(Method::GET, "/healthz")).await.status, 200);
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_is_locked_down() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let mut ids = BTreeSet::new();
    for (method, path, status) in [
        (Method::GET, "/api/v1/me", 200),
        (Method::HEAD, "/api/v1/me", 200),
        (Method::GET, "/api/v1/nowhere", 404),
        (Method::GET, "/api/v2/me", 404),
        (Method::GET, "/api", 404),
        (Method::OPTIONS, "/api/v1/me", 405),
        (Method::TRACE, "/api/v1/me", 405),
        (Method::from_bytes(b"BREW").unwrap(), "/api/v1/me", 405),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/login", 200),
        (Method::GET, "/no/such/page/at/all", 404),
        (Method::POST, "/fn/no_such_function", 404),
    ] {
        let answer = Answer::of(ada.request(method.clone(), path).header("x-request-id", "mine")).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer}");
        assert!(ids.insert(answer.header("x-request-id").unwrap().to_owned()), "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{method} {path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{method} {path}");
        assert!(answer.header("strict-transport-security").is_none(), "not over plain http");
        if path.starts_with("/api") {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{method} {path}");
        }
        if path.starts_with("/api") && status >= 400 {
            answer.error();
        }
    }
    assert!(!ids.contains("mine"), "an id is the server's to give");
}
