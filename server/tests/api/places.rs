//! What the tests that walk all routes have to know of each: who may call it, and a request that is right.

use alumia_server::api::{Foreign, Route, routes};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::support::{
    client::Client,
    people::{Person, note, unknown},
};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Without an account.
    Anyone,
    /// Everybody who is signed in, for themselves.
    Person,
    /// Every member of the organisation.
    Reader,
    /// Members who may change things: not viewers, not billing.
    Writer,
}

/// What a right request carries.
#[derive(Clone, Debug)]
pub enum Carries {
    Nothing,
    Json(Value),
    Bytes,
}

/// One route's place.
#[derive(Clone, Debug)]
pub struct Place {
    pub who: Who,
    pub carries: Carries,
    /// Begins with `?` where there is one.
    pub query: &'static str,
}

/// The ids of one organisation's things.
#[derive(Clone, Debug)]
pub struct Things {
    pub project: String,
    pub session: String,
    pub block: String,
    pub agent: String,
}

impl Things {
    /// One of each, made by `person`; `project` says more about the project.
    pub async fn made_by(person: &Person, project: Value) -> Self {
        let mut form = json!({ "name": "Things" });
        form.as_object_mut().unwrap().extend(project.as_object().unwrap().clone());
        let project = person.post("/projects", &form).await.data()["id"].as_str().unwrap().to_owned();
        let agents = person.get("/agents").await.data();
        let things = Self {
            session: person.session(&project).await,
            block: person.block(&project).await,
            agent: agents["items"][0]["id"].as_str().unwrap().to_owned(),
            project,
        };
        let path = format!("/projects/{}/files/content?path=there.txt", things.project);
        assert_eq!(person.put(&path, "here").await.status, 200);
        things
    }

    /// Ids that nothing has.
    pub fn unknown() -> Self {
        Self { project: unknown(), session: unknown(), block: unknown(), agent: unknown() }
    }

    /// The same text for all: no ids at all.
    pub fn all(text: &str) -> Self {
        let text = || text.to_owned();
        Self { project: text(), session: text(), block: text(), agent: text() }
    }

    fn of(&self, kind: Foreign) -> &str {
        match kind {
            Foreign::Nothing => "",
            Foreign::Project => &self.project,
            Foreign::Session => &self.session,
            Foreign::Block => &self.block,
            Foreign::Agent => &self.agent,
        }
    }
}

/// The place of a route; `things` are those that its body names.
///
/// # Panics
/// For a route that has none. Give a new route one here: then all tests that walk routes hold for it.
#[expect(clippy::match_same_arms, reason = "a line for each route is easiest to find")]
pub fn place(route: &Route, things: &Things) -> Place {
    use Carries::{Bytes, Json, Nothing};
    use Who::{Anyone, Person, Reader, Writer};
    let message = json!({ "id": unknown(), "content": "count to 2" });
    let (who, carries, query) = match (route.method.as_str(), route.path) {
        ("POST", "/auth/signup") => (Anyone, Json(json!({ "name": "", "email": "", "password": "" })), ""),
        ("POST", "/auth/login") => (Anyone, Json(json!({ "email": "", "password": "" })), ""),
        ("POST", "/auth/logout") | ("GET", "/me") => (Person, Nothing, ""),
        ("GET", "/models" | "/agents" | "/agents/{id}" | "/projects" | "/sessions") => (Reader, Nothing, ""),
        ("PUT", "/agents/{id}/tools/{tool}") => (Writer, Json(json!({ "enabled": true })), ""),
        ("POST", "/projects") => (Writer, Json(json!({ "name": "New" })), ""),
        ("GET", "/projects/{id}" | "/projects/{id}/snapshot" | "/projects/{id}/stream") => {
            (Reader, Nothing, "")
        }
        ("PATCH", "/projects/{id}") => (Writer, Json(json!({ "name": "Renamed" })), ""),
        ("DELETE", "/projects/{id}") => (Writer, Nothing, ""),
        ("GET", "/projects/{id}/blocks" | "/projects/{id}/files") => (Reader, Nothing, ""),
        ("POST", "/projects/{id}/blocks") => (Writer, Json(note("New")), ""),
        ("PATCH", "/projects/{id}/blocks/positions") => {
            let position = json!({ "x": 0, "y": 0, "width": 100, "height": 0 });
            let node = json!({ "type": "block", "id": things.block });
            (Writer, Json(json!({ "moves": [{ "node": node, "position": position }] })), "")
        }
        ("GET", "/projects/{id}/files/content") => (Reader, Nothing, "?path=there.txt"),
        ("PUT", "/projects/{id}/files/content") => (Writer, Bytes, "?path=new.txt"),
        ("GET", "/blocks/{id}") => (Reader, Nothing, ""),
        ("PATCH", "/blocks/{id}") => (Writer, Json(json!({ "version": 1, "title": "Changed" })), ""),
        ("DELETE", "/blocks/{id}") => (Writer, Nothing, ""),
        ("POST", "/sessions") => (Writer, Json(json!({ "projectId": things.project })), ""),
        ("GET", "/sessions/{id}" | "/sessions/{id}/messages" | "/sessions/{id}/events") => {
            (Reader, Nothing, "")
        }
        ("PATCH", "/sessions/{id}") => (Writer, Json(json!({ "label": "Renamed" })), ""),
        ("DELETE", "/sessions/{id}") => (Writer, Nothing, ""),
        ("POST", "/sessions/{id}/messages") => (Writer, Json(message), ""),
        ("PATCH", "/sessions/{id}/queue/{message}") => (Writer, Json(json!({ "content": "Other" })), ""),
        ("DELETE", "/sessions/{id}/queue/{message}") => (Writer, Nothing, ""),
        ("POST", "/sessions/{id}/calls/{call}/approve") => (Writer, Json(json!({ "approval": "once" })), ""),
        ("POST", "/sessions/{id}/calls/{call}/cancel") => (Writer, Nothing, ""),
        ("POST", "/chat") => (Writer, Json(json!({ "projectId": things.project, "message": message })), ""),
        ("GET", "/chat/{id}/stream") => (Reader, Nothing, ""),
        ("POST", "/chat/{id}/stop" | "/chat/{id}/resume") => (Writer, Nothing, ""),
        (method, path) => panic!("{method} {path} has no place in server/tests/api/places.rs; give it one"),
    };
    Place { who, carries, query }
}

/// A route's path with ids filled in.
pub fn path(route: &Route, things: &Things) -> String {
    let mut path = route.path.replace("{id}", things.of(route.of));
    for (name, value) in [("{tool}", "file_list"), ("{message}", &unknown()), ("{call}", &unknown())] {
        path = path.replace(name, value);
    }
    assert!(!path.contains('{'), "{}: say in server/tests/api/places.rs what goes here", route.path);
    path
}

/// A right request to a route, about `things`, in the organisation `org` where the path names none.
pub fn request(client: &Client, route: &Route, things: &Things, org: &str) -> RequestBuilder {
    let place = place(route, things);
    let mut path = path(route, things) + place.query;
    if route.of == Foreign::Nothing && !org.is_empty() {
        let sign = if path.contains('?') { '&' } else { '?' };
        path = format!("{path}{sign}org={org}");
    }
    let request = client.api(method(route), &path);
    match place.carries {
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
    let takes = |route: &Route| matches!(place(route, &Things::unknown()).carries, Carries::Json(_));
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
