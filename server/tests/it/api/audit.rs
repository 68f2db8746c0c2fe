//! Whatever only a person in a browser may do is written down when it is done.

use super::places::{ROOMY, Things, name, request};
use crate::support::{
    App,
    client::Answer,
    people::{PASSWORD, text},
};
use alumia_protocol::people::Role;
use alumia_server::{api::routes, auth::permission::Keys};
use serde_json::json;

/// First halves, a card that is declined, and what can't be subscribed to: nothing is different after them.
const BEGIN: [&str; 7] = [
    "POST /auth/totp/enroll",
    "POST /auth/passkeys/register/start",
    "POST /auth/passkeys/step-up/start",
    "POST /auth/passkeys/login/start",
    "POST /billing/subscriptions/checkout",
    "POST /billing/subscriptions/portal",
    "POST /billing/top-ups/{id}/test-card",
];

async fn lines(app: &App) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM audit_log").fetch_one(app.store.read()).await.unwrap()
}

#[tokio::test]
async fn every_change_that_takes_a_browser_leaves_a_line() {
    let app = App::with_settings(ROOMY).await;
    let mut ada = app.person("Ada").await;
    let (olga, vera) = (app.person("Olga").await, app.person("Vera").await);
    app.join(&olga, &ada, Role::Owner).await;
    app.join(&vera, &ada, Role::Viewer).await;
    let mut seen = Vec::new();
    for route in routes() {
        if !route.is_change() || !matches!(route.permission.keys, Keys::Refused(_)) {
            continue;
        }
        app.step_up(&ada).await;
        let workspace = ada.post("/workspaces", &json!({ "name": "Empty" })).await.data();
        let things = Things {
            workspace: text(&workspace["id"]),
            passkey: app.passkey(&ada).await,
            member: vera.user.to_string(),
            ..Things::made_by(&app, &ada, json!({})).await
        };
        let before = lines(&app).await;
        let answer = Answer::of(request(&ada, &route, &things, &ada.org)).await;
        if answer.status >= 300 || BEGIN.contains(&&*name(&route)) {
            continue;
        }
        assert!(lines(&app).await > before, "{} leaves no line: {answer}", name(&route));
        seen.push(name(&route));
        match seen.last().map(String::as_str) {
            Some("POST /auth/logout") => {
                let form = json!({ "email": ada.email, "password": PASSWORD });
                let answer = ada.post("/auth/login", &form).await;
                ada.keep(&answer);
            }
            Some("POST /org/leave") => app.join(&ada, &ada, Role::Owner).await,
            Some("DELETE /org/members/{id}") => app.join(&vera, &ada, Role::Viewer).await,
            _ => {}
        }
    }
    for one in ["POST /auth/email/verify", "PATCH /auth/passkeys/{id}", "POST /workspaces/switch"] {
        assert!(seen.contains(&one.to_owned()), "{one} was not done: {seen:?}");
    }
    assert!(seen.len() > 15, "{seen:?}");
}
