//! Organisations over HTTP: step-up, roles, streams that end at once, what the audit log says.

use crate::support::{
    App,
    client::Answer,
    people::{PASSWORD, Person, text},
};
use alumia_protocol::people::Role;
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// An owner who is stepped up.
async fn owner(app: &App, name: &str) -> Person {
    let person = app.person(name).await;
    app.step_up(&person).await;
    person
}

async fn actions(owner: &Person) -> Vec<String> {
    let items = owner.get(&format!("/audit?org={}&limit=100", owner.org)).await.data()["items"].clone();
    let of = |item: &Value| format!("{} {}", text(&item["action"]), text(&item["outcome"]));
    items.as_array().unwrap().iter().map(of).collect()
}

/// Waits until a project's stream of this person ends.
async fn ends(person: &Person, project: &str, change: impl AsyncFnOnce()) {
    let stream = person.api(Method::GET, &format!("/projects/{project}/stream")).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut bytes = stream.bytes_stream();
    bytes.next().await.unwrap().unwrap();
    change().await;
    let rest = async { while bytes.next().await.is_some() {} };
    // Heartbeats, at which streams look by themselves, come every 15 seconds.
    tokio::time::timeout(Duration::from_secs(8), rest).await.expect("the stream goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_joins_and_loses_all_at_once_when_removed() {
    let app = App::start().await;
    let ada = owner(&app, "Ada").await;
    let mia = app.person("Mia").await;
    let project = ada.project("Shared").await;
    let of_ada = |path: &str| format!("{path}?org={}", ada.org);

    let invite = json!({ "email": "mia@example.com", "role": "member" });
    let made = ada.post(&of_ada("/org/invites"), &invite).await;
    assert_eq!(made.status, 201, "{made}");
    let token = text(&made.data()["path"]).replace("/invite/", "");
    let listed = ada.get(&of_ada("/org/invites")).await.to_string();
    assert!(!listed.contains(&token), "the list holds the link");
    assert_eq!(mia.anonymous().get(&format!("/invites/{token}")).await.data()["orgName"], "Ada");
    let eve = app.person("Eve").await;
    let wrong = eve.post(&format!("/invites/{token}/accept"), &json!({})).await;
    assert_eq!(wrong.refusal().2, "wrong_account");
    assert_eq!(mia.post(&format!("/invites/{token}/accept"), &json!({})).await.status, 200);
    assert_eq!(mia.post(&format!("/invites/{token}/accept"), &json!({})).await.status, 409);
    assert_eq!(mia.get(&format!("/projects/{project}")).await.status, 200);

    let minted = {
        app.step_up(&mia).await;
        let form = json!({ "name": "k", "scopes": ["*"] });
        text(&mia.post(&of_ada("/api-keys"), &form).await.data()["key"])
    };
    let by_key = async |path: &str| {
        Answer::of(mia.anonymous().api(Method::GET, path).bearer_auth(&minted)).await.status
    };
    assert_eq!(by_key(&format!("/projects/{project}")).await, 200);

    ends(&mia, &project, async || {
        let path = format!("/org/members/{}?org={}", mia.user, ada.org);
        assert_eq!(ada.delete(&path).await.status, 200);
    })
    .await;
    for path in [format!("/projects/{project}"), of_ada("/projects"), of_ada("/org/members")] {
        assert_eq!(mia.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(by_key(&format!("/projects/{project}")).await, 401);
    // Invited again, they are in again, and the old key stays dead.
    let again = ada.post(&of_ada("/org/invites"), &invite).await.data();
    let token = text(&again["path"]).replace("/invite/", "");
    assert_eq!(mia.post(&format!("/invites/{token}/accept"), &json!({})).await.status, 200);
    assert_eq!(by_key(&format!("/projects/{project}")).await, 401);

    let log = actions(&ada).await;
    for expected in
        ["member.removed done", "member.joined done", "invite.created done", "auth.signed_in done"]
    {
        assert!(log.iter().any(|line| line == expected), "{expected} is missing in {log:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_becomes_invisible_ends_its_streams() {
    let app = App::start().await;
    let ada = owner(&app, "Ada").await;
    let mia = app.person("Mia").await;
    app.join(&mia, &ada, Role::Member).await;
    let project = ada.project("Shared").await;
    ends(&mia, &project, async || {
        let hide = json!({ "visibility": "private" });
        assert_eq!(ada.patch(&format!("/projects/{project}"), &hide).await.status, 200);
    })
    .await;
    for path in ["", "/snapshot", "/stream", "/blocks", "/files"] {
        assert_eq!(mia.get(&format!("/projects/{project}{path}")).await.status, 404, "{path}");
    }
    let show = json!({ "visibility": "team" });
    assert_eq!(ada.patch(&format!("/projects/{project}"), &show).await.status, 200);
    let workspaces = ada.get(&format!("/workspaces?org={}", ada.org)).await.data();
    let default = text(&workspaces["items"][0]["id"]);
    ends(&mia, &project, async || {
        let path = format!("/workspaces/{default}/members/{}", mia.user);
        assert_eq!(ada.delete(&path).await.status, 200);
    })
    .await;
    // The owner's own private project is nobody else's, an owner's neither.
    app.join(&app.person("Olga").await, &ada, Role::Owner).await;
    assert_eq!(mia.get(&format!("/projects?org={}", ada.org)).await.data()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_administers_needs_a_browser_a_step_up_and_a_role() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let mia = app.person("Mia").await;
    app.join(&mia, &ada, Role::Member).await;
    let org = &ada.org;
    let workspaces = ada.get(&format!("/workspaces?org={org}")).await.data();
    let default = text(&workspaces["items"][0]["id"]);
    let requests = [
        (Method::PATCH, format!("/org?org={org}"), json!({ "name": "X" })),
        (Method::DELETE, format!("/org?org={org}"), json!({ "confirm": "x" })),
        (
            Method::POST,
            format!("/org/invites?org={org}"),
            json!({ "email": "a@example.com", "role": "viewer" }),
        ),
        (
            Method::POST,
            format!("/org/members?org={org}"),
            json!({ "email": "a@example.com", "role": "viewer" }),
        ),
        (Method::PATCH, format!("/org/members/{}?org={org}", mia.user), json!({ "role": "admin" })),
        (Method::DELETE, format!("/org/members/{}?org={org}", ada.user), json!({})),
        (Method::POST, format!("/workspaces?org={org}"), json!({ "name": "W" })),
        (Method::PATCH, format!("/workspaces/{default}"), json!({ "name": "W" })),
        (Method::DELETE, format!("/workspaces/{default}"), json!({})),
        (Method::POST, format!("/workspaces/{default}/members"), json!({ "userId": mia.user })),
    ];
    for (method, path, body) in &requests {
        let of =
            async |person: &Person| Answer::of(person.api(method.clone(), path).json(body)).await.refusal();
        assert_eq!(of(&ada).await.2, "step_up_required", "{method} {path}");
        app.step_up(&mia).await;
        assert_eq!(of(&mia).await.2, "role", "{method} {path}");
    }
    app.step_up(&ada).await;
    let minted =
        ada.post(&format!("/api-keys?org={org}"), &json!({ "name": "k", "scopes": ["*"] })).await.data();
    let key = text(&minted["key"]);
    for (method, path, body) in &requests {
        let request = ada.anonymous().api(method.clone(), path).json(body).bearer_auth(&key);
        let (status, _, reason) = Answer::of(request).await.refusal();
        assert_eq!((status, reason.as_str()), (403, "browser_session_required"), "{method} {path}");
    }
    let log = actions(&ada).await;
    assert!(log.iter().filter(|line| *line == "request.refused denied").count() >= 10, "{log:?}");
    let last_owner = ada.post(&format!("/org/leave?org={org}"), &json!({})).await;
    assert_eq!(last_owner.status, 409, "{last_owner}");
    assert_eq!(ada.delete(&format!("/workspaces/{default}")).await.status, 400);
    let csv = Answer::of(ada.api(Method::GET, &format!("/audit?org={org}&format=csv"))).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.to_string().contains("request.refused"), "{csv}");
    assert_eq!(mia.get(&format!("/audit?org={org}")).await.refusal().2, "role");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_renamed_deleted_and_brought_back() {
    let app = App::start().await;
    let ada = owner(&app, "Ada").await;
    let eve = owner(&app, "Eve").await;
    let at = |org: &str| format!("/org?org={org}");
    for (body, status) in [
        (json!({ "slug": "docs" }), 422),
        (json!({ "slug": "A b" }), 422),
        (json!({ "defaultModel": "no-such" }), 422),
        (json!({ "slug": eve.org }), 409),
        (json!({ "name": "Acme", "slug": "acme" }), 200),
    ] {
        let answer = ada.patch(&at(&ada.org), &body).await;
        assert_eq!(answer.status, status, "{body}: {answer}");
        if status == 200 {
            break;
        }
    }
    assert_eq!(ada.get(&at(&ada.org)).await.status, 404, "the old address lives on");
    assert_eq!(ada.get(&at("acme")).await.data()["name"], "Acme");

    let second = ada.post("/orgs", &json!({ "name": "Second" })).await;
    assert_eq!(second.status, 201, "{second}");
    assert_eq!(ada.get("/me").await.data()["memberships"].as_array().unwrap().len(), 2);
    let project = text(&ada.post("/projects?org=acme", &json!({ "name": "P" })).await.data()["id"]);
    let delete = |confirm: &str| json!({ "confirm": confirm });
    let sent = async |body: Value| Answer::of(ada.api(Method::DELETE, &at("acme")).json(&body)).await;
    assert_eq!(sent(delete("wrong")).await.status, 422);
    ends(&ada, &project, async || {
        assert_eq!(sent(delete("acme")).await.status, 200);
    })
    .await;
    for path in [at("acme"), format!("/projects/{project}"), "/org/members?org=acme".into()] {
        assert_eq!(ada.get(&path).await.status, 404, "{path}");
    }
    let gone = ada.get("/orgs/deleted").await.data()["items"][0].clone();
    assert_eq!(gone["org"]["slug"], "acme");
    let id = text(&gone["org"]["id"]);
    assert_eq!(eve.post(&format!("/orgs/{id}/restore"), &json!({})).await.status, 404);
    assert_eq!(ada.post(&format!("/orgs/{id}/restore"), &json!({})).await.status, 200);
    assert_eq!(ada.get(&format!("/projects/{project}")).await.status, 200);
    assert_eq!(
        eve.post("/auth/login", &json!({ "email": "eve@example.com", "password": PASSWORD })).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_done_to_keys_and_accounts_is_in_the_audit_log_with_its_place() {
    let app = App::with(crate::support::Wishes {
        settings: "[server]\ntrusted_proxies = [\"127.0.0.1\"]",
        ..Default::default()
    })
    .await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let minted = ada.post("/api-keys", &json!({ "name": "bot", "scopes": ["*"] })).await.data();
    let id = text(&minted["id"]);
    let program = ada.with_key(&text(&minted["key"]));
    for address in ["203.0.113.7", "203.0.113.8", "203.0.113.7"] {
        let request = program.api(Method::GET, "/projects").header("x-forwarded-for", address);
        assert_eq!(Answer::of(request).await.status, 200);
    }
    ada.post(&format!("/api-keys/{id}/rotate"), &json!({})).await.data();
    ada.delete(&format!("/api-keys/{id}")).await.data();
    let change = json!({ "currentPassword": PASSWORD, "password": "another plinth mural" });
    ada.post("/auth/password", &change).await.data();
    ada.delete("/auth/sessions").await.data();
    let lines = crate::support::eventually("every line is there", async || {
        let lines = ada.get("/audit").await.data()["items"].as_array().unwrap().clone();
        (lines.len() >= 8).then_some(lines)
    })
    .await;
    let mut seen: Vec<(String, String)> =
        lines.iter().map(|line| (text(&line["action"]), text(&line["address"]))).collect();
    seen.sort();
    let here = "127.0.0.1";
    let expected = [
        ("account.password_changed", here),
        ("account.sessions_ended", here),
        ("auth.signed_in", here),
        ("key.created", here),
        ("key.new_address", "203.0.113.7"),
        ("key.new_address", "203.0.113.8"),
        ("key.revoked", here),
        ("key.rotated", here),
    ];
    let found: Vec<(&str, &str)> = seen.iter().map(|(action, at)| (action.as_str(), at.as_str())).collect();
    assert_eq!(found, expected);
    let key = lines.iter().find(|line| line["action"] == "key.new_address").unwrap();
    assert_eq!((key["actor"]["kind"].as_str(), key["target"]["id"].as_str()), (Some("key"), Some(&*id)));
}
