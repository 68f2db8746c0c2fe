//! Every route × everybody who must not use it.

use super::places::{Carries, ROOMY, Things, name, place, request};
use crate::support::{
    App,
    client::{Answer, Client},
    people::{Person, text, unknown},
};
use alumia_protocol::people::Role;
use alumia_server::{
    api::{Foreign, Route, routes},
    auth::permission::Who,
};
use reqwest::Method;
use serde_json::json;

/// Ada's organisation and people around it.
struct World {
    app: App,
    ada: Person,
    things: Things,
    /// In a project that only Ada sees.
    private: Things,
    bob: Person,
}

impl World {
    async fn new() -> Self {
        let app = App::with_settings(ROOMY).await;
        let ada = app.person("Ada").await;
        let bob = app.person("Bob").await;
        // So that what stops them is not a missing step-up.
        app.step_up(&ada).await;
        app.step_up(&bob).await;
        let mut things = Things::made_by(&app, &ada, json!({})).await;
        things.browser = text(&ada.get("/auth/sessions").await.data()["items"][0]["id"]);
        things.passkey = app.passkey(&ada).await;
        things.provider_key = provider_key(&app, &ada).await;
        let private = Things::made_by(&app, &ada, json!({ "visibility": "private" })).await;
        Self { app, ada, things, private, bob }
    }

    async fn member(&self, name: &str, role: Role) -> Person {
        let person = self.app.person(name).await;
        self.app.join(&person, &self.ada, role).await;
        self.app.step_up(&person).await;
        person
    }
}

/// A key for a model provider, as far as the database is concerned.
async fn provider_key(app: &App, of: &Person) -> String {
    let id = unknown();
    let mut tx = app.store.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO byok_keys (org_id, id, provider, masked, created_by, created_at)
         VALUES ($1, $2, 'somebody', '…', $3, 1)",
    )
    .bind(of.org_id.clone())
    .bind(id.clone())
    .bind(of.user.to_string())
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

/// Whether a route is about a project or something in it.
fn of_a_project(route: &Route) -> bool {
    matches!(route.of, Foreign::Project | Foreign::Session | Foreign::Block)
}

async fn ask(client: &Client, route: &Route, things: &Things, org: &str) -> Answer {
    Answer::of(request(client, route, things, org)).await
}

/// All that an answer says, but for what differs between any two.
fn told(answer: &Answer) -> (u16, String, Vec<String>) {
    let body = if answer.status < 400 { answer.json() } else { answer.error() };
    let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (answer.status, body.to_string(), names)
}

#[tokio::test]
async fn what_is_anothers_is_as_if_it_were_not_there() {
    let world = World::new().await;
    let (colleague, nothing) = (world.member("Mia", Role::Member).await, Things::unknown());
    for route in
        routes().iter().filter(|route| !matches!(route.of, Foreign::Nothing | Foreign::Link | Foreign::Share))
    {
        let missing = ask(&world.bob, route, &nothing, "").await;
        assert_eq!(missing.error()["code"], "NOT_FOUND", "{}: {missing}", name(route));
        let foreign = ask(&world.bob, route, &world.things, "").await;
        assert_eq!(told(&foreign), told(&missing), "{} of another organisation", name(route));
        if of_a_project(route) {
            let hidden = ask(&colleague, route, &world.private, "").await;
            assert_eq!(told(&hidden), told(&missing), "{} in a colleague's private project", name(route));
        }
    }
    // Nothing of all that has left a trace.
    let passkeys = world.ada.get("/auth/passkeys").await.data()["items"].clone();
    assert_eq!(passkeys.as_array().map(|all| (all.len(), text(&all[0]["name"]))), Some((1, "Laptop".into())));
    assert_eq!(world.ada.get("/billing/byok-keys").await.data()["items"].as_array().map(Vec::len), Some(1));
    for things in [&world.things, &world.private] {
        let project = world.ada.get(&format!("/projects/{}", things.project)).await.data();
        assert_eq!(project["name"], "Things");
        let block = world.ada.get(&format!("/blocks/{}", things.block)).await.data();
        assert_eq!((block["version"].as_i64(), block["title"].as_str()), (Some(1), Some("Note")));
        let session = world.ada.get(&format!("/sessions/{}", things.session)).await.data();
        assert_eq!(session["label"], "New chat");
        assert!(
            world.ada.events(&things.session).await.iter().all(|event| event["kind"] == "session.created")
        );
    }
}

#[tokio::test]
async fn ids_in_bodies_and_queries_are_looked_at_like_those_in_paths() {
    let world = World::new().await;
    let (bob, theirs, nothing) = (&world.bob, &world.things, Things::unknown());
    let own = Things::made_by(&world.app, bob, json!({})).await;
    let message = || json!({ "id": unknown(), "content": "hello" });
    let position = json!({ "x": 0, "y": 0, "width": 100, "height": 0 });
    let moves = |kind: &str, id: &str| {
        json!({ "moves": [
        { "node": { "type": "block", "id": own.block }, "position": position },
        { "node": { "type": kind, "id": id }, "position": position },
    ] })
    };
    let asks = |things: &Things| {
        let Things { project, session, block, agent, member, workspace, .. } = things;
        vec![
            (Method::GET, format!("/sessions?projectId={project}"), json!(null)),
            (Method::POST, "/sessions".into(), json!({ "projectId": project })),
            (Method::POST, "/sessions".into(), json!({ "projectId": own.project, "agentId": agent })),
            (Method::POST, "/chat".into(), json!({ "projectId": project, "message": message() })),
            (Method::POST, "/chat".into(), json!({ "sessionId": session, "message": message() })),
            (
                Method::POST,
                "/chat".into(),
                json!({ "projectId": own.project, "agentId": agent, "message": message() }),
            ),
            (Method::PATCH, format!("/projects/{}/blocks/positions", own.project), moves("block", block)),
            (Method::PATCH, format!("/projects/{}/blocks/positions", own.project), moves("session", session)),
            (Method::POST, "/projects".into(), json!({ "name": "x", "workspaceId": workspace })),
            (Method::POST, "/workspaces/switch".into(), json!({ "workspaceId": workspace })),
            (Method::POST, format!("/workspaces/{}/members", own.workspace), json!({ "userId": member })),
            (
                Method::POST,
                "/org/invites".into(),
                json!({ "email": "eve@example.com", "role": "viewer", "workspaceId": workspace }),
            ),
        ]
    };
    for ((method, path, foreign), (_, missing_path, missing)) in asks(theirs).into_iter().zip(asks(&nothing))
    {
        let foreign = Answer::of(bob.api(method.clone(), &path).json(&foreign)).await;
        let missing = Answer::of(bob.api(method.clone(), &missing_path).json(&missing)).await;
        assert_eq!(missing.status, 404, "{method} {path}: {missing}");
        assert_eq!(told(&foreign), told(&missing), "{method} {path}");
    }
    // All or nothing: Bob's own block, moved in the same calls, stayed.
    let block = bob.get(&format!("/blocks/{}", own.block)).await.data();
    assert_ne!(block["position"]["width"], 100.0);
    // A block's id may be the client's choice, but not another's block.
    let mut taken = crate::support::people::note("Taken over");
    taken["id"] = json!(theirs.block);
    let refused = bob.post(&format!("/projects/{}/blocks", own.project), &taken).await;
    assert_eq!(refused.refusal().1, "CONFLICT", "{refused}");
    assert_eq!(world.ada.get(&format!("/blocks/{}", theirs.block)).await.data()["title"], "Note");
}

#[tokio::test]
async fn an_organisation_that_one_is_not_in_is_not_there() {
    let world = World::new().await;
    for route in routes().iter().filter(|route| route.of == Foreign::Nothing) {
        // Where a body names the project, the project decides; see the test of bodies.
        if matches!(route.permission.who, Who::Anyone | Who::Person) || route.path == "/chat" {
            continue;
        }
        let own = Things { project: unknown(), ..world.things.clone() };
        let foreign = ask(&world.bob, route, &own, &world.ada.org).await;
        let missing = ask(&world.bob, route, &own, "nobody-has-this-name").await;
        assert_eq!(missing.status, 404, "{}: {missing}", name(route));
        assert_eq!(told(&foreign), told(&missing), "{}", name(route));
    }
}

#[tokio::test]
async fn without_an_account_there_is_the_door_and_nothing_else() {
    let world = World::new().await;
    let (nobody, nothing) = (world.app.nobody(), Things::unknown());
    for route in routes() {
        let answer = ask(&nobody, &route, &world.things, "").await;
        if route.permission.who == Who::Anyone {
            assert!([200, 400, 401, 409, 422].contains(&answer.status), "{}: {answer}", name(&route));
            continue;
        }
        assert_eq!(answer.refusal().1, "UNAUTHORIZED", "{}", name(&route));
        let missing = ask(&nobody, &route, &nothing, "").await;
        assert_eq!(told(&missing), told(&answer), "{}", name(&route));
        // A session that is over, a made-up one, and a key that nobody was given.
        let mut stale = nobody.clone();
        stale.cookie = Some(format!("alumia={}", "0".repeat(64)));
        assert_eq!(ask(&stale, &route, &world.things, "").await.status, 401, "{}", name(&route));
        let key = request(&world.ada, &route, &world.things, "");
        let key = Answer::of(key.bearer_auth(format!("alm_test_{}", "0".repeat(48)))).await;
        assert_eq!(key.status, 401, "a key wins over a cookie: {}: {key}", name(&route));
    }
}

#[tokio::test]
async fn a_malformed_id_is_the_id_of_nothing() {
    let world = World::new().await;
    let bad =
        ["0", "nonsense", "-1", "%00", "%ff", "..%2f..%2fme", "%F0%9F%92%A5", "00000000-0000-0000-0000"];
    for route in routes().iter().filter(|route| route.of != Foreign::Nothing) {
        let missing = ask(&world.ada, route, &Things::unknown(), "").await;
        for id in bad {
            let answer = ask(&world.ada, route, &Things::all(id), "").await;
            let what = |answer: &Answer| (answer.status, answer.error()["code"].clone());
            assert_eq!(what(&answer), what(&missing), "{} with {id}", name(route));
        }
        let (carries, _) = place(route, &world.things);
        for second in
            ["{tool}", "{message}", "{call}", "{member}"].iter().filter(|name| route.path.contains(**name))
        {
            for id in bad {
                let path = route.path.replace(second, id);
                let path = path.replace("{id}", world.things.of(route.of));
                let request = world.ada.api(route.method.clone(), &path);
                let answer = Answer::of(match &carries {
                    Carries::Json(body) => request.json(body),
                    _ => request,
                })
                .await;
                assert_eq!(answer.refusal().0, 404, "{} with {second} = {id}", name(route));
            }
        }
    }
}

#[tokio::test]
async fn roles_that_read_change_nothing() {
    let world = World::new().await;
    for (name_of, role) in [("Vera", Role::Viewer), ("Ben", Role::Billing)] {
        let person = world.member(name_of, role).await;
        for route in routes() {
            // Ending a membership is everybody's, of their own, and another test's.
            let Who::Roles(roles) = route.permission.who else { continue };
            if matches!(
                (&route.method, route.path),
                (_, "/org/leave") | (&Method::DELETE, "/org/members/{id}")
            ) {
                continue;
            }
            // What they don't see is not there for them either, whatever they may do elsewhere.
            if of_a_project(&route) {
                let hidden = ask(&person, &route, &world.private, "").await;
                assert_eq!(hidden.refusal().0, 404, "{role:?}: {}: {hidden}", name(&route));
            }
            let answer = ask(&person, &route, &world.things, &world.ada.org).await;
            if !roles.contains(&role) {
                let (status, code, reason) = answer.refusal();
                let told = (status, code.as_str(), reason.as_str());
                assert_eq!(told, (403, "FORBIDDEN", "role"), "{role:?}: {}", name(&route));
            } else if route.is_change() {
                // Of their own things: keys, their workspace. And with test money nothing is subscribed to.
                let nothing_sold =
                    route.path.starts_with("/billing/subscriptions/") && matches!(answer.status, 409 | 422);
                let fine = answer.status < 300 || answer.status == 404 || nothing_sold;
                assert!(fine, "{role:?}: {}: {answer}", name(&route));
            } else {
                assert!(answer.status < 300, "{role:?}: {}: {answer}", name(&route));
            }
        }
    }
}
