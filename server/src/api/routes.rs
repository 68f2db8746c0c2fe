use super::{
    agents, audit, auth, billing, blocks, chat, copies, files, keys, me, models, openapi, orgs, projects,
    sessions, share, summaries::summary, workspaces,
};
use crate::{
    app::App,
    auth::permission::Permission,
    error::Failure,
    idempotency, limits,
    openapi::{Documented, Operation},
};
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
    /// Sign-in, sign-up, step-up, and what else guesses could be made at.
    Auth,
    /// Writes, and the chat's besides for a message that is new.
    Chat,
    /// Reads, whatever the method.
    Read,
    /// What needs no account but a link that could be guessed at; by address alone.
    Share,
}

/// What a route's `{id}` names, for the tests that ask each for a stranger's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    Nothing,
    Project,
    Session,
    Block,
    Agent,
    Workspace,
    Org,
    /// An API key.
    Key,
    /// A member of the organisation, by the person's id.
    Member,
    Invite,
    /// An invitation, by the secret of its link; whoever holds that may look.
    Link,
    /// A shared canvas, by the secret of its link; whoever holds that may look.
    Share,
    Passkey,
    /// A browser session.
    Browser,
    /// A key for a model provider.
    ProviderKey,
    Payment,
}

/// One route.
pub struct Route {
    pub method: Method,
    /// Below [`BASE`].
    pub path: &'static str,
    pub limit: Limit,
    pub of: Foreign,
    /// What it asks of its caller.
    pub permission: Permission,
    /// The handler: `projects::list`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Its parameters, body and answers.
    pub describe: fn(&mut Operation),
    /// Whether its body is a file's, which memory needn't hold.
    pub archive: bool,
    /// Statuses of errors that neither its arguments nor its method tell.
    pub refuses: &'static [u16],
    handler: MethodRouter<App>,
}

impl Route {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, of: Foreign, handler: H) -> Self
    where
        H: Handler<T, App> + Documented<T>,
        T: 'static,
    {
        let name = std::any::type_name::<H>();
        let name = name.rsplit_once("::api::").map_or(name, |(_, name)| name);
        Self {
            method,
            path,
            limit: Limit::Method,
            of,
            permission: H::PERMISSION,
            name,
            about: summary(name),
            describe: H::describe,
            archive: false,
            refuses: &[],
            handler: on(filter, handler),
        }
    }

    const fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    const fn with_archive(mut self) -> Self {
        self.archive = true;
        self
    }

    const fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refuses = statuses;
        self
    }

    /// Whether its method may change something.
    pub fn is_change(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }
}

macro_rules! verbs {
    ($($verb:ident $name:ident),+) => {$(
        fn $verb<H: Handler<T, App> + Documented<T>, T: 'static>(path: &'static str, of: Foreign, handler: H) -> Route {
            Route::new(Method::$name, MethodFilter::$name, path, of, handler)
        }
    )+};
}
verbs!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

/// Every route of the API. The router is made from this list, and so are the tests that walk all routes.
pub fn routes() -> Vec<Route> {
    use Foreign::{
        Agent, Block, Browser, Invite, Key, Link, Member, Nothing, Org, Passkey, Payment, Project,
        ProviderKey, Session, Share, Workspace,
    };
    vec![
        post("/auth/signup", Nothing, auth::sign_up).limit(Limit::Auth),
        post("/auth/login", Nothing, auth::sign_in).limit(Limit::Auth).refuses(&[401]),
        post("/auth/logout", Nothing, auth::sign_out),
        get("/auth/step-up", Nothing, auth::step_up::get),
        get("/api-keys", Nothing, keys::list),
        post("/api-keys", Nothing, keys::mint).limit(Limit::Auth),
        post("/api-keys/{id}/rotate", Key, keys::rotate).limit(Limit::Auth),
        delete("/api-keys/{id}", Key, keys::revoke),
        get("/openapi.json", Nothing, openapi::get),
        post("/auth/step-up/totp", Nothing, auth::step_up::by_code).limit(Limit::Auth),
        post("/auth/totp/enroll", Nothing, auth::totp::enroll).limit(Limit::Auth),
        post("/auth/totp/confirm", Nothing, auth::totp::confirm).limit(Limit::Auth),
        delete("/auth/totp", Nothing, auth::totp::remove).refuses(&[404]),
        post("/auth/totp/recovery-codes", Nothing, auth::totp::renew_codes).limit(Limit::Auth),
        get("/auth/passkeys", Nothing, auth::passkeys::list),
        patch("/auth/passkeys/{id}", Passkey, auth::passkeys::rename),
        delete("/auth/passkeys/{id}", Passkey, auth::passkeys::remove),
        post("/auth/passkeys/register/start", Nothing, auth::passkeys::start_register).limit(Limit::Auth),
        post("/auth/passkeys/register/finish", Nothing, auth::passkeys::finish_register).limit(Limit::Auth),
        post("/auth/passkeys/signup/start", Nothing, auth::passkeys::start_sign_up).limit(Limit::Auth),
        post("/auth/passkeys/signup/finish", Nothing, auth::passkeys::finish_sign_up)
            .limit(Limit::Auth)
            .refuses(&[401]),
        // A page that offers passkeys starts one unasked; nothing can be guessed before the finish.
        post("/auth/passkeys/login/start", Nothing, auth::passkeys::start_login),
        post("/auth/passkeys/login/finish", Nothing, auth::passkeys::finish_login)
            .limit(Limit::Auth)
            .refuses(&[401]),
        post("/auth/passkeys/step-up/start", Nothing, auth::passkeys::start_step_up),
        post("/auth/passkeys/step-up/finish", Nothing, auth::passkeys::finish_step_up).limit(Limit::Auth),
        get("/auth/sessions", Nothing, auth::sessions::list),
        delete("/auth/sessions", Nothing, auth::sessions::end_others),
        delete("/auth/sessions/{id}", Browser, auth::sessions::end),
        post("/auth/password", Nothing, auth::account::change_password).limit(Limit::Auth),
        post("/auth/password/forgot", Nothing, auth::account::forgot).limit(Limit::Auth),
        post("/auth/password/reset", Nothing, auth::account::reset).limit(Limit::Auth),
        post("/auth/email", Nothing, auth::account::change_email).limit(Limit::Auth),
        post("/auth/email/verify", Nothing, auth::account::verify).limit(Limit::Auth),
        post("/auth/email/confirm", Nothing, auth::account::confirm_email).limit(Limit::Auth),
        get("/me", Nothing, me::me),
        post("/orgs", Nothing, orgs::create),
        get("/orgs/deleted", Nothing, orgs::deleted),
        post("/orgs/{id}/restore", Org, orgs::restore),
        get("/org", Nothing, orgs::get),
        patch("/org", Nothing, orgs::update),
        delete("/org", Nothing, orgs::delete),
        post("/org/leave", Nothing, orgs::leave),
        get("/org/members", Nothing, orgs::members),
        post("/org/members", Nothing, orgs::add).refuses(&[402]),
        patch("/org/members/{id}", Member, orgs::change_role),
        delete("/org/members/{id}", Member, orgs::remove),
        get("/org/invites", Nothing, orgs::invites),
        post("/org/invites", Nothing, orgs::invite).refuses(&[402]),
        post("/org/invites/{id}/resend", Invite, orgs::resend),
        delete("/org/invites/{id}", Invite, orgs::revoke),
        get("/invites/{id}", Link, orgs::view).limit(Limit::Auth),
        post("/invites/{id}/accept", Link, orgs::accept).limit(Limit::Auth).refuses(&[402]),
        post("/invites/{id}/signup", Link, orgs::join).limit(Limit::Auth).refuses(&[402]),
        get("/workspaces", Nothing, workspaces::list),
        post("/workspaces", Nothing, workspaces::create),
        post("/workspaces/switch", Nothing, workspaces::switch),
        get("/workspaces/{id}", Workspace, workspaces::get),
        patch("/workspaces/{id}", Workspace, workspaces::rename),
        delete("/workspaces/{id}", Workspace, workspaces::delete).refuses(&[400]),
        get("/workspaces/{id}/members", Workspace, workspaces::members),
        post("/workspaces/{id}/members", Workspace, workspaces::add_member),
        delete("/workspaces/{id}/members/{member}", Workspace, workspaces::remove_member),
        get("/audit", Nothing, audit::list),
        get("/billing", Nothing, billing::overview),
        get("/billing/catalog", Nothing, billing::catalog),
        get("/billing/buckets", Nothing, billing::buckets),
        get("/billing/ledger", Nothing, billing::ledger),
        get("/billing/usage", Nothing, billing::usage),
        get("/billing/usage/calls", Nothing, billing::calls),
        get("/billing/budgets", Nothing, billing::budgets),
        put("/billing/budgets", Nothing, billing::set_budgets),
        get("/billing/byok-keys", Nothing, billing::byok::list),
        // Each one is a call of a provider, and a guess at a key.
        post("/billing/byok-keys", Nothing, billing::byok::add).limit(Limit::Auth).refuses(&[402, 404]),
        delete("/billing/byok-keys/{id}", ProviderKey, billing::byok::remove),
        get("/billing/auto-top-up", Nothing, billing::auto_top_up::get),
        put("/billing/auto-top-up", Nothing, billing::auto_top_up::set),
        delete("/billing/auto-top-up", Nothing, billing::auto_top_up::end),
        get("/billing/invoices", Nothing, billing::payments::invoices),
        post("/billing/subscriptions/checkout", Nothing, billing::subscriptions::checkout),
        post("/billing/subscriptions/portal", Nothing, billing::subscriptions::portal),
        post("/billing/top-ups/payment-intent", Nothing, billing::payments::begin),
        post("/billing/top-ups/{id}/test-card", Payment, billing::payments::pay_test_money),
        get("/models", Nothing, models::list),
        get("/models/local", Nothing, models::local),
        post("/models/local", Nothing, models::manage_local).refuses(&[404, 409, 503]),
        get("/agents", Nothing, agents::list),
        post("/agents", Nothing, agents::create),
        get("/agents/{id}", Agent, agents::get),
        patch("/agents/{id}", Agent, agents::update),
        delete("/agents/{id}", Agent, agents::delete).refuses(&[400]),
        get("/agents/{id}/sessions", Agent, agents::sessions),
        post("/agents/{id}/sessions", Agent, agents::create_session),
        get("/agents/{id}/approvals", Agent, agents::approvals),
        delete("/agents/{id}/approvals/{tool}", Agent, agents::revoke_approval),
        get("/agents/{id}/peers", Agent, agents::peers),
        get("/agents/{id}/messages", Agent, agents::messages),
        post("/agents/{id}/messages", Agent, agents::tell).limit(Limit::Chat).refuses(&[402]),
        put("/agents/{id}/tools/{tool}", Agent, agents::set_tool),
        get("/projects", Nothing, projects::list),
        post("/projects", Nothing, projects::create).refuses(&[402]),
        post("/projects/restore", Nothing, copies::restore).with_archive().refuses(&[402]),
        get("/projects/{id}", Project, projects::get),
        patch("/projects/{id}", Project, projects::update),
        delete("/projects/{id}", Project, projects::delete),
        post("/projects/{id}/duplicate", Project, copies::duplicate).refuses(&[402]),
        get("/projects/{id}/export", Project, copies::export).refuses(&[413]),
        get("/projects/{id}/snapshot", Project, projects::snapshot),
        get("/projects/{id}/stream", Project, projects::stream),
        // A pointer moves several times a second.
        put("/projects/{id}/presence", Project, projects::presence).limit(Limit::Read),
        get("/share/project/{id}", Share, share::view).limit(Limit::Share),
        get("/share/project/{id}/stream", Share, share::stream).limit(Limit::Share),
        // A canvas may show more pictures than a viewer may open links in a minute.
        get("/share/project/{id}/files/content", Share, share::file),
        get("/share/project/{id}/frame", Share, share::frame),
        get("/projects/{id}/share", Project, share::state),
        post("/projects/{id}/share", Project, share::make),
        delete("/projects/{id}/share", Project, share::turn_off),
        get("/projects/{id}/blocks", Project, blocks::list),
        post("/projects/{id}/blocks", Project, blocks::create),
        patch("/projects/{id}/blocks/positions", Project, blocks::place),
        get("/projects/{id}/files", Project, files::list),
        get("/projects/{id}/files/content", Project, files::read),
        put("/projects/{id}/files/content", Project, files::write),
        post("/projects/{id}/restore-last-run", Project, blocks::restore_last_run).refuses(&[409]),
        get("/blocks/{id}", Block, blocks::get),
        get("/blocks/{id}/versions", Block, blocks::versions),
        post("/blocks/{id}/frame", Block, blocks::frame),
        post("/blocks/{id}/query", Block, blocks::query).limit(Limit::Read).refuses(&[503]),
        post("/blocks/{id}/execute", Block, blocks::execute).refuses(&[402, 503]),
        patch("/blocks/{id}", Block, blocks::update),
        delete("/blocks/{id}", Block, blocks::delete),
        get("/sessions", Nothing, sessions::list),
        post("/sessions", Nothing, sessions::create),
        get("/sessions/{id}", Session, sessions::get),
        patch("/sessions/{id}", Session, sessions::update),
        delete("/sessions/{id}", Session, sessions::delete),
        get("/sessions/{id}/browser", Session, sessions::browser),
        get("/sessions/{id}/messages", Session, sessions::messages),
        post("/sessions/{id}/messages", Session, chat::say).limit(Limit::Chat).refuses(&[402]),
        get("/sessions/{id}/events", Session, sessions::events),
        patch("/sessions/{id}/queue/{message}", Session, sessions::edit_queued),
        delete("/sessions/{id}/queue/{message}", Session, sessions::remove_queued),
        post("/sessions/{id}/calls/{call}/approve", Session, sessions::approve),
        post("/sessions/{id}/calls/{call}/cancel", Session, sessions::cancel_call),
        post("/chat", Nothing, chat::chat).limit(Limit::Chat).refuses(&[402]),
        get("/chat/{id}/stream", Session, chat::attach),
        post("/chat/{id}/stop", Session, chat::stop),
        post("/chat/{id}/resume", Session, chat::resume),
    ]
}

/// The API's router, without the layers that pages share with it.
pub fn router(app: &App) -> Router<App> {
    let mut by_path = BTreeMap::<&str, MethodRouter<App>>::new();
    for route in routes() {
        let once = if route.method == Method::POST {
            route
                .handler
                .layer(middleware::from_fn_with_state((app.clone(), route.archive), idempotency::idempotent))
        } else {
            route.handler
        };
        let limited = once.layer(middleware::from_fn_with_state((app.clone(), route.limit), limits::limit));
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
