use super::{agents, auth, blocks, chat, files, me, models, projects, sessions};
use crate::{app::App, error::Failure, limits};
use alumia_platform::Error;
use axum::{
    Router,
    handler::Handler,
    http::Method,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use std::collections::BTreeMap;

/// What all paths begin with.
pub const BASE: &str = "/api/v1";

/// Which limit a route counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// By its method: reads or writes.
    Method,
    /// Sign-in and sign-up.
    Auth,
    /// The handler decides: a message sent again costs nothing.
    Chat,
    /// Reads, whatever the method.
    Read,
}

/// Whose resource a route's `{id}` names, for the test that asks each for a stranger's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    Nothing,
    Project,
    Session,
    Block,
    Agent,
}

/// One route.
pub struct Route {
    pub method: Method,
    /// Below [`BASE`].
    pub path: &'static str,
    pub limit: Limit,
    pub of: Foreign,
    handler: MethodRouter<App>,
}

impl Route {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, of: Foreign, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self { method, path, limit: Limit::Method, of, handler: on(filter, handler) }
    }

    const fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }
}

macro_rules! verbs {
    ($($verb:ident $name:ident),+) => {$(
        fn $verb<H: Handler<T, App>, T: 'static>(path: &'static str, of: Foreign, handler: H) -> Route {
            Route::new(Method::$name, MethodFilter::$name, path, of, handler)
        }
    )+};
}
verbs!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

/// Every route of the API. The router is made from this list, and so are the tests that walk all routes.
pub fn routes() -> Vec<Route> {
    use Foreign::{Agent, Block, Nothing, Project, Session};
    vec![
        post("/auth/signup", Nothing, auth::sign_up).limit(Limit::Auth),
        post("/auth/login", Nothing, auth::sign_in).limit(Limit::Auth),
        post("/auth/logout", Nothing, auth::sign_out),
        get("/me", Nothing, me::me),
        get("/models", Nothing, models::list),
        get("/agents", Nothing, agents::list),
        get("/agents/{id}", Agent, agents::get),
        put("/agents/{id}/tools/{tool}", Agent, agents::set_tool),
        get("/projects", Nothing, projects::list),
        post("/projects", Nothing, projects::create),
        get("/projects/{id}", Project, projects::get),
        patch("/projects/{id}", Project, projects::update),
        delete("/projects/{id}", Project, projects::delete),
        get("/projects/{id}/snapshot", Project, projects::snapshot),
        get("/projects/{id}/stream", Project, projects::stream),
        get("/projects/{id}/blocks", Project, blocks::list),
        post("/projects/{id}/blocks", Project, blocks::create),
        patch("/projects/{id}/blocks/positions", Project, blocks::place),
        get("/projects/{id}/files", Project, files::list),
        get("/projects/{id}/files/content", Project, files::read),
        put("/projects/{id}/files/content", Project, files::write),
        get("/blocks/{id}", Block, blocks::get),
        patch("/blocks/{id}", Block, blocks::update),
        delete("/blocks/{id}", Block, blocks::delete),
        get("/sessions", Nothing, sessions::list),
        post("/sessions", Nothing, sessions::create),
        get("/sessions/{id}", Session, sessions::get),
        patch("/sessions/{id}", Session, sessions::update),
        delete("/sessions/{id}", Session, sessions::delete),
        get("/sessions/{id}/messages", Session, sessions::messages),
        post("/sessions/{id}/messages", Session, chat::say).limit(Limit::Chat),
        get("/sessions/{id}/events", Session, sessions::events),
        patch("/sessions/{id}/queue/{message}", Session, sessions::edit_queued),
        delete("/sessions/{id}/queue/{message}", Session, sessions::remove_queued),
        post("/sessions/{id}/calls/{call}/approve", Session, sessions::approve),
        post("/sessions/{id}/calls/{call}/cancel", Session, sessions::cancel_call),
        post("/chat", Nothing, chat::chat).limit(Limit::Chat),
        get("/chat/{id}/stream", Session, chat::attach),
        post("/chat/{id}/stop", Session, chat::stop),
        post("/chat/{id}/resume", Session, chat::resume),
    ]
}

/// The API's router, without the layers that pages share with it.
pub fn router(app: &App) -> Router<App> {
    let mut by_path = BTreeMap::<&str, MethodRouter<App>>::new();
    for route in routes() {
        let limited =
            route.handler.layer(middleware::from_fn_with_state((app.clone(), route.limit), limits::limit));
        let methods = by_path.remove(route.path).unwrap_or_default();
        by_path.insert(route.path, methods.merge(limited));
    }
    let api = by_path.into_iter().fold(Router::new(), |api, (path, methods)| api.route(path, methods));
    let api = api.method_not_allowed_fallback(async || Failure::Method);
    Router::new()
        .nest(BASE, api.fallback(no_route))
        .route("/api", axum::routing::any(no_route))
        .route("/api/{*rest}", axum::routing::any(no_route))
}

async fn no_route() -> Failure {
    Failure::from(Error::NotFound("route"))
}
