//! What the tests that walk all routes have to know of each: ids, and a request that is right. Who may call it
//! the route itself says.

use alumia_protocol::{
    billing::NewTopUp,
    keys::{NewApiKey, Scope},
    orgs::CreateInvite,
    people::Role,
    share::NewShare,
};
use alumia_server::api::{Foreign, Route, routes};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::support::{
    App,
    client::Client,
    people::{Person, note, unknown},
};

/// What a right request carries.
#[derive(Clone, Debug)]
pub enum Carries {
    Nothing,
    Json(Value),
    Bytes,
}

/// The ids of one organisation's things.
#[derive(Clone, Debug)]
pub struct Things {
    pub project: String,
    pub session: String,
    pub block: String,
    pub agent: String,
    pub workspace: String,
    pub org: String,
    pub key: String,
    /// Whoever made them.
    pub member: String,
    pub invite: String,
    /// The secret of the invitation's link.
    pub link: String,
    /// The secret of the project's share link, which shows `there.txt` as a picture.
    pub share: String,
    /// One that nothing has, unless a test puts a real one here: ending it signs its owner out.
    pub browser: String,
    /// One that nothing has, unless a test puts a real one here: making one needs an authenticator.
    pub passkey: String,
    /// One that nothing has, unless a test puts a real one here: making one needs a provider.
    pub provider_key: String,
    pub payment: String,
}

/// A package for as many members and projects as one likes.
pub const ROOMY: &str = "[billing]\npackage = \"scale\"\n";

impl Things {
    /// One of each, made by `person`, an owner; `project` says more about the project.
    pub async fn made_by(app: &App, person: &Person, project: Value) -> Self {
        let mut form = json!({ "name": "Things" });
        form.as_object_mut().unwrap().extend(project.as_object().unwrap().clone());
        let project = person.post("/projects", &form).await.data();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (workspace, project) = (text(&project["workspaceId"]), text(&project["id"]));
        let scope = app.platform.orgs.scope(person.user, &person.org).await.unwrap();
        let key = NewApiKey { name: "Key".into(), scopes: vec![Scope::ModelsRead], expires_at: None };
        let invite = CreateInvite {
            email: format!("{}@example.com", unknown()),
            role: Role::Viewer,
            workspace_id: None,
        };
        let invite = app.platform.invites.create(&scope, invite).await.unwrap();
        let mut things = Self {
            share: String::new(),
            session: person.session(&project).await,
            block: app_block(person, &project).await,
            agent: text(&person.get("/agents").await.data()["items"][0]["id"]),
            workspace,
            org: person.org_id.clone(),
            key: app.platform.keys.mint(&scope, key).await.unwrap().about.id.to_string(),
            member: person.user.to_string(),
            link: invite.path.rsplit('/').next().unwrap().to_owned(),
            invite: invite.invite.id.to_string(),
            browser: unknown(),
            passkey: unknown(),
            provider_key: unknown(),
            payment: app
                .platform
                .payments
                .begin(&scope, NewTopUp { credits: 500 })
                .await
                .unwrap()
                .invoice
                .id
                .to_string(),
            project,
        };
        let path = format!("/projects/{}/files/content?path=there.txt", things.project);
        assert_eq!(person.put(&path, "here").await.status, 200);
        let picture = json!({ "type": "image", "path": "there.txt", "alt": "There" });
        let picture = json!({ "title": "There", "content": { "kind": "show", "data": picture } });
        let path = format!("/projects/{}/blocks", things.project);
        assert_eq!(person.post(&path, &picture).await.status, 201);
        let project = things.project.parse().unwrap();
        let wishes = NewShare { files: true, ..NewShare::default() };
        things.share = app.platform.shares.make(&scope, project, wishes).await.unwrap().token;
        things
    }

    /// Ids that nothing has.
    pub fn unknown() -> Self {
        Self::each(unknown)
    }

    /// The same text for all: no ids at all.
    pub fn all(text: &str) -> Self {
        Self::each(|| text.to_owned())
    }

    fn each(id: impl Fn() -> String) -> Self {
        Self {
            project: id(),
            session: id(),
            block: id(),
            agent: id(),
            workspace: id(),
            org: id(),
            key: id(),
            member: id(),
            invite: id(),
            link: id(),
            share: id(),
            browser: id(),
            passkey: id(),
            provider_key: id(),
            payment: id(),
        }
    }

    pub fn of(&self, kind: Foreign) -> &str {
        match kind {
            Foreign::Nothing => "",
            Foreign::Project => &self.project,
            Foreign::Session => &self.session,
            Foreign::Block => &self.block,
            Foreign::Agent => &self.agent,
            Foreign::Workspace => &self.workspace,
            Foreign::Org => &self.org,
            Foreign::Key => &self.key,
            Foreign::Member => &self.member,
            Foreign::Invite => &self.invite,
            Foreign::Link => &self.link,
            Foreign::Share => &self.share,
            Foreign::Browser => &self.browser,
            Foreign::Passkey => &self.passkey,
            Foreign::ProviderKey => &self.provider_key,
            Foreign::Payment => &self.payment,
        }
    }
}

/// A block that holds an app: what is done with blocks can be done with it, and more.
async fn app_block(person: &Person, project: &str) -> String {
    let files = json!([{ "path": "index.html", "text": "<!doctype html>" }]);
    let block = json!({ "title": "Note", "content": { "kind": "app", "data": { "files": files } } });
    let made = person.post(&format!("/projects/{project}/blocks"), &block).await.data();
    made["id"].as_str().unwrap().to_owned()
}

/// What a right request to a route carries, about `things`, and its query, which begins with `?` if it has one.
/// Where a success would end the caller's account, session or organisation the request is one that is let in and
/// then refused for what it says.
///
/// # Panics
/// For a changing route that isn't here. Give a new one its line: then all tests that walk routes hold for it.
pub fn place(route: &Route, things: &Things) -> (Carries, String) {
    use Carries::{Bytes, Json, Nothing};
    let json = |body: Value| (Json(body), String::new());
    let message = || json!({ "id": unknown(), "content": "count to 2" });
    let finish = json!({ "ceremony": unknown(), "credential": {}, "name": "Key" });
    match (route.method.as_str(), route.path) {
        ("GET", "/projects/{id}/files/content" | "/share/project/{id}/files/content") => {
            (Nothing, "?path=there.txt".into())
        }
        ("GET", "/share/project/{id}/frame") => (Nothing, format!("?block={}", things.block)),
        ("GET", _) => (Nothing, String::new()),
        ("POST", "/auth/signup") => json(json!({ "name": "", "email": "", "password": "" })),
        ("POST", "/auth/passkeys/signup/start") => json(json!({ "name": "", "email": "" })),
        ("POST", "/auth/login") => json(json!({ "email": "", "password": "" })),
        ("POST", "/auth/step-up/totp" | "/auth/totp/confirm") => json(json!({ "code": "000000" })),
        ("POST", "/auth/totp/enroll" | "/auth/passkeys/register/start") => {
            json(json!({ "password": "wrong" }))
        }
        ("PATCH", "/auth/passkeys/{id}") => json(json!({ "name": "Renamed" })),
        (
            "POST",
            "/auth/passkeys/register/finish"
            | "/auth/passkeys/login/finish"
            | "/auth/passkeys/signup/finish"
            | "/auth/passkeys/step-up/finish",
        ) => json(finish),
        ("POST", "/auth/password") => json(json!({ "currentPassword": "wrong", "password": "" })),
        ("POST", "/auth/password/forgot" | "/auth/email") => json(json!({ "email": "no address" })),
        ("POST", "/auth/password/reset") => json(json!({ "token": "", "password": "" })),
        ("POST", "/auth/email/confirm") => json(json!({ "token": "" })),
        ("POST", "/orgs") => json(json!({ "name": "" })),
        ("PATCH", "/org") => json(json!({ "name": "Renamed" })),
        ("DELETE", "/org") => json(json!({ "confirm": "" })),
        ("POST", "/org/members" | "/org/invites") => {
            json(json!({ "email": format!("{}@example.com", unknown()), "role": "viewer" }))
        }
        ("PATCH", "/org/members/{id}") => json(json!({ "role": "owner" })),
        ("POST", "/invites/{id}/signup") => json(json!({ "name": "", "password": "" })),
        ("POST", "/workspaces") => json(json!({ "name": "New" })),
        ("PATCH", "/workspaces/{id}") => json(json!({ "name": "Renamed" })),
        ("POST", "/workspaces/switch") => json(json!({ "workspaceId": null })),
        ("POST", "/workspaces/{id}/members") => json(json!({ "userId": things.member })),
        ("POST", "/models/local") => json(json!({ "id": "smollm2-135m", "act": "stop" })),
        ("POST", "/api-keys") => json(json!({ "name": "New", "scopes": ["models:read"] })),
        ("PUT", "/billing/budgets") => json(json!({ "budgets": [] })),
        ("PUT", "/billing/auto-top-up") => json(json!({
            "threshold": 1, "credits": 500, "monthlyCap": 500, "testCard": "4242424242424242"
        })),
        ("POST", "/billing/byok-keys") => json(json!({ "provider": "nobody", "key": "sk-nothing" })),
        ("POST", "/billing/subscriptions/checkout") => json(json!({ "packageId": "pro" })),
        ("POST", "/billing/top-ups/payment-intent") => json(json!({ "credits": 500 })),
        ("POST", "/billing/top-ups/{id}/test-card") => json(json!({ "card": "4000000000000002" })),
        ("POST", "/agents") => json(json!({ "name": "New" })),
        ("PATCH", "/agents/{id}") => json(json!({ "version": 1, "description": "Changed" })),
        ("POST", "/agents/{id}/sessions") => json(json!({ "projectId": things.project })),
        ("POST", "/agents/{id}/messages") => {
            json(json!({ "projectId": things.project, "message": message() }))
        }
        ("PUT", "/agents/{id}/tools/{tool}") => json(json!({ "enabled": true })),
        // What these bytes are is told.
        ("POST", "/projects/restore") => (Bytes, "?dryRun=true".into()),
        ("POST", "/projects") => json(json!({ "name": "New" })),
        ("PATCH", "/projects/{id}") => json(json!({ "name": "Renamed" })),
        ("POST", "/projects/{id}/blocks") => json(note("New")),
        ("PATCH", "/projects/{id}/blocks/positions") => {
            let position = json!({ "x": 0, "y": 0, "width": 100, "height": 0 });
            let node = json!({ "type": "block", "id": things.block });
            json(json!({ "moves": [{ "node": node, "position": position }] }))
        }
        ("PUT", "/projects/{id}/presence") => json(json!({ "tab": unknown(), "selection": [] })),
        ("PUT", "/projects/{id}/files/content") => (Bytes, "?path=new.txt".into()),
        ("POST", "/blocks/{id}/query") => json(json!({ "sql": "SELECT ?1", "params": [1] })),
        ("POST", "/blocks/{id}/execute") => json(json!({ "sql": "CREATE TABLE IF NOT EXISTS t (a)" })),
        ("PATCH", "/blocks/{id}") => json(json!({ "version": 1, "title": "Changed" })),
        ("POST", "/sessions") => json(json!({ "projectId": things.project })),
        ("PATCH", "/sessions/{id}") => json(json!({ "label": "Renamed" })),
        ("POST", "/sessions/{id}/messages") => json(message()),
        ("PATCH", "/sessions/{id}/queue/{message}") => json(json!({ "content": "Other" })),
        ("POST", "/sessions/{id}/calls/{call}/approve") => json(json!({ "approval": "once" })),
        ("POST", "/chat") => json(json!({ "projectId": things.project, "message": message() })),
        ("DELETE", _)
        | (
            "POST",
            "/auth/logout"
            | "/auth/totp/recovery-codes"
            | "/auth/passkeys/login/start"
            | "/auth/passkeys/step-up/start"
            | "/auth/email/verify"
            | "/orgs/{id}/restore"
            | "/org/leave"
            | "/org/invites/{id}/resend"
            | "/invites/{id}/accept"
            | "/api-keys/{id}/rotate"
            | "/projects/{id}/duplicate"
            | "/projects/{id}/share"
            | "/projects/{id}/restore-last-run"
            | "/blocks/{id}/frame"
            | "/billing/subscriptions/portal"
            | "/sessions/{id}/calls/{call}/cancel"
            | "/chat/{id}/stop"
            | "/chat/{id}/resume",
        ) => (Nothing, String::new()),
        (method, path) => {
            panic!("{method} {path} has no place in server/tests/it/api/places.rs; give it one")
        }
    }
}

/// A route's path with ids filled in.
pub fn path(route: &Route, things: &Things) -> String {
    let mut path = route.path.replace("{id}", things.of(route.of));
    for (name, value) in
        [("{tool}", "file_list"), ("{message}", &unknown()), ("{call}", &unknown()), ("{member}", &unknown())]
    {
        path = path.replace(name, value);
    }
    assert!(!path.contains('{'), "{}: say in server/tests/it/api/places.rs what goes here", route.path);
    path
}

/// A right request to a route, about `things`, in the organisation `org` where the path alone doesn't say.
pub fn request(client: &Client, route: &Route, things: &Things, org: &str) -> RequestBuilder {
    let (carries, query) = place(route, things);
    let mut path = path(route, things) + &query;
    if !org.is_empty() {
        let sign = if path.contains('?') { '&' } else { '?' };
        path = format!("{path}{sign}org={org}");
    }
    let request = client.api(method(route), &path);
    match carries {
        Carries::Nothing => request,
        Carries::Json(body) => request.json(&body),
        Carries::Bytes => request.body("bytes"),
    }
}

pub fn method(route: &Route) -> Method {
    route.method.clone()
}

/// For messages of assertions.
pub fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// Routes that take a JSON body.
pub fn with_json() -> Vec<Route> {
    let takes = |route: &Route| matches!(place(route, &Things::unknown()).0, Carries::Json(_));
    routes().into_iter().filter(takes).collect()
}

#[test]
fn every_route_has_a_place_and_stands_once() {
    let mut names = BTreeSet::new();
    for route in routes() {
        place(&route, &Things::unknown());
        path(&route, &Things::unknown());
        assert!(names.insert(name(&route)), "{} stands twice", name(&route));
        assert_eq!(route.path.contains("{id}"), route.of != Foreign::Nothing, "{}", name(&route));
    }
}
