//! `Idempotency-Key`.

use crate::support::{
    App,
    client::{Answer, Client},
    people::unknown,
};
use alumia_protocol::keys::Scope;
use reqwest::Method;
use serde_json::{Value, json};

async fn send(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    Answer::of(client.api(Method::POST, path).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn the_first_answer_is_given_again_byte_for_byte() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let program = app.program(&ada, &ada.org, &[Scope::Everything]).await;
    for client in [&ada.client, &program] {
        let key = unknown();
        let first = send(client, "/projects", &key, &json!({ "name": "Once" })).await;
        let again = send(client, "/projects", &key, &json!({ "name": "Once" })).await;
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(first.bytes, again.bytes);
        assert_eq!(first.header("content-type"), again.header("content-type"));
        assert_eq!(
            (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
            (None, Some("true"))
        );
        // Another body, or another route, is another request.
        for (path, name) in [("/projects", "Twice"), ("/sessions", "Once")] {
            let other = send(client, path, &key, &json!({ "name": name })).await;
            assert_eq!(other.refusal().1, "CONFLICT", "{other}");
        }
        // Errors that tell what became of the request are kept like the rest.
        let key = unknown();
        let first = send(client, "/projects", &key, &json!({ "name": "" })).await;
        let again = send(client, "/projects", &key, &json!({ "name": "" })).await;
        assert_eq!((first.status, &first.bytes), (422, &again.bytes));
    }
    // Each credential has keys of its own.
    let key = unknown();
    let one = send(&ada, "/projects", &key, &json!({ "name": "Mine" })).await.data();
    let other = send(&program, "/projects", &key, &json!({ "name": "Mine" })).await.data();
    assert_ne!(one["id"], other["id"]);
    let stored: Vec<Vec<u8>> = sqlx::query_scalar("SELECT body FROM idempotency WHERE body IS NOT NULL")
        .fetch_all(app.store.read())
        .await
        .unwrap();
    let readable = stored.iter().any(|body| body.windows(4).any(|bytes| bytes == b"Once"));
    assert!(!readable && stored.len() == 6, "kept answers lie sealed: {}", stored.len());
}

#[tokio::test]
async fn of_twenty_at_once_one_is_done() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let before = ada.get("/projects?limit=100").await.data()["items"].as_array().unwrap().len();
    let key = unknown();
    let body = json!({ "name": "Once" });
    let sent = (0..20).map(|_| send(&ada, "/projects", &key, &body));
    let answers = futures::future::join_all(sent).await;
    let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!done.is_empty());
    for answer in &answers {
        if answer.status == 201 {
            assert_eq!(answer.bytes, done[0].bytes);
        } else {
            assert_eq!(answer.refusal().1, "CONFLICT");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
    let after = ada.get("/projects?limit=100").await.data()["items"].as_array().unwrap().len();
    assert_eq!(after, before + 1);
    assert_eq!(send(&ada, "/projects", &key, &body).await.bytes, done[0].bytes);
}

#[tokio::test]
async fn what_was_not_begun_is_tried_again() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let form = json!({ "name": "k", "scopes": ["models:read"] });
    let key = unknown();
    assert_eq!(send(&ada, "/api-keys", &key, &form).await.refusal().2, "step_up_required");
    app.step_up(&ada).await;
    let minted = send(&ada, "/api-keys", &key, &form).await;
    assert_eq!(minted.status, 201, "{minted}");
    assert_eq!(send(&ada, "/api-keys", &key, &form).await.bytes, minted.bytes);
    // A stream is not kept; the message's own id makes it one.
    let project = ada.project("p").await;
    let body = json!({ "projectId": project, "message": { "id": unknown(), "content": "count to 2" } });
    for _ in 0..2 {
        let key = &key[..8];
        let answer = send(&ada, "/chat", key, &body).await;
        assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None), "{answer}");
    }
}

#[tokio::test]
async fn keys_have_bounds_and_an_end() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let body = json!({ "name": "x" });
    for (key, status) in [("k".repeat(255), 201), ("k".repeat(256), 400), (String::new(), 400)] {
        assert_eq!(send(&ada, "/projects", &key, &body).await.status, status, "{}", key.len());
    }
    // Without credentials there is nobody to keep an answer for.
    let nobody = send(&app.nobody(), "/projects", "k", &body).await;
    assert_eq!(nobody.status, 401);
    let mut tx = app.store.begin().await.unwrap();
    sqlx::query("UPDATE idempotency SET expires_at = 1").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(app.platform.idempotency.delete_expired().await.unwrap(), 1);
    assert_eq!(app.platform.idempotency.delete_expired().await.unwrap(), 0);
}
