//! Who may do what: every route × every kind of caller, as a table that is checked in, and cell by cell over
//! HTTP.

use super::places::{ROOMY, Things, name, request};
use crate::support::{
    App,
    client::{Answer, Client},
    people::{Person, unknown},
};
use alumia_protocol::{keys::Scope, people::Role};
use alumia_server::{
    api::{Foreign, routes},
    auth::permission::{Keys, Permission, Who},
};
use reqwest::Method;
use serde_json::json;
use std::fmt::Write as _;

/// A kind of caller.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Anonymous,
    /// A browser, stepped up or not.
    Browser(Role, bool),
    /// A key of somebody with this role.
    Key(Role, Scope),
    /// A key whose owner is no member any more.
    DeadKey,
    /// The owner of another organisation.
    Foreign,
}

fn kinds() -> Vec<(String, Kind)> {
    let mut kinds = vec![("nobody".to_owned(), Kind::Anonymous)];
    for (name, role) in [
        ("viewer", Role::Viewer),
        ("member", Role::Member),
        ("billing", Role::Billing),
        ("admin", Role::Admin),
        ("owner", Role::Owner),
    ] {
        kinds.push((name.to_owned(), Kind::Browser(role, false)));
        kinds.push((format!("{name}+"), Kind::Browser(role, true)));
    }
    kinds.extend(Scope::ALL.iter().map(|scope| (format!("key {scope}"), Kind::Key(Role::Owner, *scope))));
    kinds.push(("viewer's key *".to_owned(), Kind::Key(Role::Viewer, Scope::Everything)));
    kinds.push(("dead key".to_owned(), Kind::DeadKey));
    kinds.push(("foreign".to_owned(), Kind::Foreign));
    kinds
}

/// What a route says to a caller, by what its handler's arguments ask for.
fn verdict(permission: Permission, kind: Kind) -> &'static str {
    let Permission { who, keys, step_up } = permission;
    let role = match (who, kind) {
        (Who::Anyone, _) => return "ok",
        (_, Kind::Anonymous | Kind::DeadKey) => return "401",
        (_, Kind::Key(role, scope)) => match keys {
            Keys::Refused(_) => return "browser",
            Keys::With(needed) if needed != scope && scope != Scope::Everything => return "scope",
            Keys::With(_) | Keys::Any => Some(role),
        },
        (_, Kind::Browser(role, _)) => Some(role),
        (Who::Roles(_), Kind::Foreign) => return "404",
        (Who::Person, Kind::Foreign) => None,
    };
    match (who, role) {
        (Who::Roles(roles), Some(role)) if !roles.contains(&role) => "role",
        _ if step_up && !matches!(kind, Kind::Browser(_, true)) => "step-up",
        _ => "ok",
    }
}

#[test]
fn the_table_is_the_one_that_was_reviewed() {
    let kinds = kinds();
    let mut table = String::new();
    for route in routes() {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, kind) in &kinds {
            let verdict = verdict(route.permission, *kind);
            match groups.iter_mut().find(|(known, _)| *known == verdict) {
                Some((_, names)) => names.push(name),
                None => groups.push((verdict, vec![name])),
            }
        }
        writeln!(table, "{}", name(&route)).unwrap();
        for (verdict, names) in groups {
            let all = names.len() == kinds.len();
            writeln!(table, "  {verdict}: {}", if all { "everybody".into() } else { names.join(", ") })
                .unwrap();
        }
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("permissions", table);
    });
}

/// A caller of each kind in Ada's organisation.
struct World {
    app: App,
    ada: Person,
    people: Vec<(Role, Person)>,
    bob: Person,
    dead: Client,
}

impl World {
    async fn new() -> Self {
        let app = App::with_settings(ROOMY).await;
        let ada = app.person("Ada").await;
        let mut people = Vec::new();
        for (name, role) in [
            ("Olga", Role::Owner),
            ("Vera", Role::Viewer),
            ("Mia", Role::Member),
            ("Ben", Role::Billing),
            ("Aziz", Role::Admin),
        ] {
            let person = app.person(name).await;
            app.join(&person, &ada, role).await;
            people.push((role, person));
        }
        let (bob, eve) = (app.person("Bob").await, app.person("Eve").await);
        app.join(&eve, &ada, Role::Admin).await;
        let dead = app.program(&eve, &ada.org, &[Scope::Everything]).await;
        assert_eq!(dead.get("/projects").await.status, 200);
        app.leave(&eve, &ada).await;
        Self { app, ada, people, bob, dead }
    }

    /// Things of Ada's, but for people: removing them would end a column.
    async fn things(&self) -> Things {
        let things = Things::made_by(&self.app, &self.ada, json!({})).await;
        Things { member: unknown(), ..things }
    }

    fn person(&self, role: Role) -> &Person {
        &self.people.iter().find(|(known, _)| *known == role).unwrap().1
    }

    async fn client(&self, kind: Kind) -> Client {
        match kind {
            Kind::Anonymous => self.app.nobody(),
            Kind::DeadKey => self.dead.clone(),
            Kind::Key(role, scope) => self.app.program(self.person(role), &self.ada.org, &[scope]).await,
            Kind::Browser(..) | Kind::Foreign => {
                let (person, stepped_up) = match kind {
                    Kind::Browser(role, stepped_up) => (self.person(role), stepped_up),
                    _ => (&self.bob, false),
                };
                // Signed in anew: a cell ends its session.
                let form = json!({ "email": person.email, "password": crate::support::people::PASSWORD });
                let mut client = self.app.nobody();
                let answer = client.post("/auth/login", &form).await;
                client.keep(&answer);
                if stepped_up {
                    self.app.step_up(&Person { client: client.clone(), ..person.clone() }).await;
                }
                client
            }
        }
    }
}

/// Parts of paths that name what isn't there in this test.
const MISSING: [&str; 4] = ["{message}", "{call}", "{member}", "totp"];
/// Routes whose right request names something that isn't there in this test.
const NOBODYS: [&str; 2] = ["POST /workspaces/{id}/members", "POST /billing/byok-keys"];
/// Routes that members have for what is their own, and that look at whose it is.
const OWN: [&str; 4] = [
    "DELETE /org/members/{id}",
    "DELETE /projects/{id}",
    "POST /projects/{id}/share",
    "DELETE /projects/{id}/share",
];

fn told(answer: &Answer) -> &'static str {
    let reason = || answer.refusal().2;
    match answer.status {
        401 => "401",
        404 => "404",
        403 => match reason().as_str() {
            "role" => "role",
            "scope" => "scope",
            "browser_session_required" => "browser",
            "step_up_required" => "step-up",
            // Let in, and refused for what was asked.
            "wrong_account" | "no_factor" => "ok",
            other => panic!("a 403 for {other:?}: {answer}"),
        },
        _ => "ok",
    }
}

#[tokio::test]
async fn every_cell_holds_over_http() {
    let world = World::new().await;
    let mut things = world.things().await;
    let mut wrong = Vec::new();
    for (caller, kind) in kinds() {
        let mut client = world.client(kind).await;
        for route in routes() {
            let expected = verdict(route.permission, kind);
            let answer = Answer::of(request(&client, &route, &things, &world.ada.org)).await;
            let found = told(&answer);
            // What is called by an id that nothing has was let in to look for it.
            let unknown = [
                Foreign::Member,
                Foreign::Key,
                Foreign::Org,
                Foreign::Passkey,
                Foreign::Browser,
                Foreign::ProviderKey,
            ];
            let looked = found == "404"
                && (unknown.contains(&route.of)
                    || route.path.split('/').any(|part| MISSING.contains(&part))
                    || NOBODYS.contains(&&*name(&route)));
            // A member removes themself and deletes what they made, and nothing else.
            let others = found == "role" && OWN.contains(&&*name(&route));
            let sign_in = route.permission.who == Who::Anyone && found == "401";
            if found != expected && !(expected == "ok" && (looked || others || sign_in)) {
                wrong.push(format!("{} as {caller}: {answer}, not {expected}", name(&route)));
            }
            if expected == "ok" && route.method == Method::DELETE {
                things = world.things().await;
            }
            if expected == "ok" && route.path == "/auth/logout" {
                client = world.client(kind).await;
            }
            if let (true, "/org/leave", Kind::Browser(role, _)) = (expected == "ok", route.path, kind) {
                world.app.join(world.person(role), &world.ada, role).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn refusals_name_what_is_missing() {
    let app = App::with_settings(ROOMY).await;
    let ada = app.person("Ada").await;
    let key = app.program(&ada, &ada.org, &[Scope::ModelsRead]).await;
    let message = |answer: &Answer| answer.error()["message"].as_str().unwrap().to_owned();
    let scope = key.post("/projects", &json!({ "name": "x" })).await;
    assert!(message(&scope).contains("projects:write"), "{scope}");
    let browser = key.post("/api-keys", &json!({ "name": "x", "scopes": ["*"] })).await;
    assert!(message(&browser).starts_with("API key management requires a browser session"), "{browser}");
}
