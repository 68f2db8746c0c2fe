//! API keys over HTTP.

use crate::support::{App, client::Answer, eventually, people::text};
use alumia_protocol::{keys::Scope, people::Role};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn made_used_rotated_revoked() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let form = json!({ "name": " CI  bot ", "scopes": ["projects:read", "models:read", "models:read"] });
    assert_eq!(ada.post("/api-keys", &form).await.refusal().2, "step_up_required");
    app.step_up(&ada).await;
    let minted = ada.post("/api-keys", &form).await;
    assert_eq!(minted.status, 201, "{minted}");
    let minted = minted.data();
    let (id, key) = (text(&minted["id"]), text(&minted["key"]));
    assert!(key.starts_with("alm_test_") && key.len() == 57, "{key}");
    assert_eq!(minted["prefix"], key[..12]);
    assert_eq!(
        (&minted["name"], &minted["scopes"]),
        (&json!("CI bot"), &json!(["models:read", "projects:read"]))
    );

    let list = ada.get("/api-keys").await.data();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["lastUsedAt"], json!(null));
    assert!(!list.to_string().contains(&key), "the secret is shown once");

    let program = ada.with_key(&key);
    assert_eq!(program.get("/projects").await.status, 200);
    assert_eq!(program.post("/projects", &json!({ "name": "x" })).await.refusal().2, "scope");
    eventually("the last use is written down", async || {
        let used = ada.get("/api-keys").await.data()["items"][0]["lastUsedAt"].clone();
        used.as_str().map(str::to_owned)
    })
    .await;

    let rotated = ada.post(&format!("/api-keys/{id}/rotate"), &json!({ "graceSeconds": 3600 })).await.data();
    let next = ada.with_key(&text(&rotated["key"]));
    assert_eq!(rotated["id"], json!(id));
    assert_eq!((program.get("/projects").await.status, next.get("/projects").await.status), (200, 200));
    // Without a body there is no grace.
    let last = Answer::of(ada.api(Method::POST, &format!("/api-keys/{id}/rotate"))).await.data();
    let last = ada.with_key(&text(&last["key"]));
    assert_eq!(program.get("/projects").await.refusal().0, 401);
    assert_eq!(next.get("/projects").await.refusal(), (401, "UNAUTHORIZED".into(), "revoked_key".into()));
    assert_eq!(last.get("/projects").await.status, 200);

    let path = format!("/api-keys/{id}");
    assert_eq!(ada.delete(&path).await.status, 200);
    assert_eq!(ada.delete(&path).await.refusal().1, "CONFLICT");
    assert_eq!(last.get("/projects").await.refusal().2, "revoked_key");
    assert_eq!(ada.get("/api-keys").await.data()["items"], json!([]));
    let again = ada.post(&format!("/api-keys/{id}/rotate"), &json!({})).await;
    assert_eq!(again.refusal().1, "CONFLICT");
}

#[tokio::test]
async fn says_what_is_wrong_with_credentials() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let ask = async |value: &str| {
        let request = app.nobody().api(Method::GET, "/projects").header("authorization", value);
        Answer::of(request).await.refusal().2
    };
    assert_eq!(app.nobody().get("/projects").await.refusal().2, "no_credentials");
    let unknown = format!("Bearer alm_test_{}", "0".repeat(48));
    for (value, reason) in [
        ("", "malformed_key"),
        ("Basic YTpi", "malformed_key"),
        ("Bearer", "malformed_key"),
        ("Bearer alm_test_short", "malformed_key"),
        (&*unknown, "unknown_key"),
    ] {
        assert_eq!(ask(value).await, reason, "{value}");
    }
    // A key wins over a cookie, so what it lacks the cookie doesn't add.
    let both = ada.api(Method::GET, "/projects").header("authorization", unknown);
    assert_eq!(Answer::of(both).await.refusal().2, "unknown_key");
    let bad = json!({ "name": "", "scopes": [], "expiresAt": "2020-01-01T00:00:00.000Z" });
    app.step_up(&ada).await;
    let fields = ada.post("/api-keys", &bad).await.error()["details"]["fields"].clone();
    let names: Vec<&String> = fields.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expiresAt", "name", "scopes"]);
}

#[tokio::test]
async fn a_key_is_for_one_organisation_and_its_owner() {
    let app = App::start().await;
    let (ada, bob) = (app.person("Ada").await, app.person("Bob").await);
    app.join(&bob, &ada, Role::Member).await;
    let (hers, his) = (ada.project("Hers").await, bob.project("His").await);
    let key = app.program(&bob, &bob.org, &[Scope::Everything]).await;
    assert_eq!(key.get(&format!("/projects/{his}")).await.status, 200);
    assert_eq!(key.get(&format!("/projects/{hers}")).await.refusal().0, 404, "Bob sees it, his key doesn't");
    assert_eq!(bob.get(&format!("/projects/{hers}")).await.status, 200);
    let elsewhere =
        key.api(Method::GET, &format!("/projects?org={}", ada.org)).header("x-alumia-org", &ada.org);
    let list = Answer::of(elsewhere).await.data();
    let names: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"His") && !names.contains(&"Hers"), "{names:?}");
    let me = key.get("/me").await.data();
    assert_eq!(me["memberships"].as_array().unwrap().len(), 1);
    // Nobody sees, rotates or ends another's keys.
    let id = text(&bob.get("/api-keys").await.data()["items"][0]["id"]);
    app.step_up(&ada).await;
    assert_eq!(ada.delete(&format!("/api-keys/{id}")).await.refusal().0, 404);
    assert_eq!(ada.post(&format!("/api-keys/{id}/rotate"), &json!({})).await.refusal().0, 404);
    // A key may end keys of its owner, itself included.
    assert_eq!(key.delete(&format!("/api-keys/{id}")).await.status, 200);
    assert_eq!(key.get("/me").await.refusal().2, "revoked_key");
}

#[tokio::test]
async fn a_key_needs_no_proof_against_forgery_and_has_a_bucket_of_its_own() {
    let app = App::with(crate::support::Wishes {
        settings: "[limits]\nreads_per_minute = 4",
        ..Default::default()
    })
    .await;
    let ada = app.person("Ada").await;
    let key = app.program(&ada, &ada.org, &[Scope::Everything]).await;
    let cross = key.api(Method::POST, "/projects").header("sec-fetch-site", "cross-site");
    assert_eq!(Answer::of(cross.json(&json!({ "name": "x" }))).await.status, 201);
    for _ in 0..4 {
        assert_eq!(ada.get("/me").await.status, 200);
    }
    assert_eq!(ada.get("/me").await.status, 429);
    let answer = key.get("/me").await;
    assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, Some("3")));
}
