use super::{
    agents, audit, auth, blocks, chat, files, keys, me, models, openapi, orgs, projects, sessions, workspaces,
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
    Workspace,
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
    handler: MethodRouter<App>,
}

impl Route {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, of: Foreign, handler: H) -> Self
    where
        H: Handler<T, App> + Documented<T>,
        T: 'static,
    {
        let name = std::any::type_name::<H>();
        Self {
            method,
            path,
            limit: Limit::Method,
            of,
            permission: H::PERMISSION,
            name: name.rsplit_once("api::").map_or(name, |(_, name)| name),
            about: "",
            describe: H::describe,
            handler: on(filter, handler),
        }
    }

    const fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
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
    use Foreign::{Agent, Block, Nothing, Project, Session, Workspace};
    vec![
        post("/auth/signup", Nothing, auth::sign_up).limit(Limit::Auth)
            .about("Makes an account with an organization and signs it in."),
        post("/auth/login", Nothing, auth::sign_in).limit(Limit::Auth)
            .about("Signs in."),
        post("/auth/logout", Nothing, auth::sign_out)
            .about("Ends this browser session."),
        get("/api-keys", Nothing, keys::list).about("Your own API keys that aren't revoked, newest first."),
        post("/api-keys", Nothing, keys::mint)
            .limit(Limit::Auth)
            .about("Makes an API key; the secret is in this answer alone."),
        post("/api-keys/{id}/rotate", Nothing, keys::rotate)
            .limit(Limit::Auth)
            .about("Gives an API key a new secret; the old one is dead at once or after a grace."),
        delete("/api-keys/{id}", Nothing, keys::revoke).about("Revokes an API key; 409 when it was revoked before."),
        get("/openapi.json", Nothing, openapi::get).about("This description."),
        get("/auth/step-up", Nothing, auth::step_up::get)
            .about("Until when this browser session is stepped up, and what it could be with."),
        get("/me", Nothing, me::me)
            .about("The caller with their organizations."),
        post("/orgs", Nothing, orgs::create)
            .about("Makes one more organization, with the caller as its owner."),
        get("/orgs/deleted", Nothing, orgs::deleted)
            .about("Your deleted organizations that can still be brought back."),
        post("/orgs/{id}/restore", Nothing, orgs::restore)
            .about("Brings a deleted organization back. For its owners."),
        get("/org", Nothing, orgs::get)
            .about("The organization's settings."),
        patch("/org", Nothing, orgs::update)
            .about("Changes name, slug or default model; 409 for a slug that is taken."),
        delete("/org", Nothing, orgs::delete)
            .about("Closes the organization at once; an owner can bring it back for 30 days."),
        post("/org/leave", Nothing, orgs::leave)
            .about("Leaves the organization; 409 for its last owner."),
        get("/org/members", Nothing, orgs::members)
            .about("Members, the longest there first."),
        post("/org/members", Nothing, orgs::invite)
            .about("The same as POST /org/invites: nobody becomes a member unasked."),
        patch("/org/members/{id}", Nothing, orgs::change_role)
            .about("Gives a member another role; 409 for the last owner."),
        delete("/org/members/{id}", Nothing, orgs::remove)
            .about("Ends a membership, and what the person has open here, at once."),
        get("/org/invites", Nothing, orgs::invites)
            .about("Invitations that wait, the newest first."),
        post("/org/invites", Nothing, orgs::invite)
            .about("Sends an invitation; the answer holds its link, this once. 409 for a member and for whoever has one."),
        post("/org/invites/{id}/resend", Nothing, orgs::resend)
            .about("Gives an invitation a new link, good for a week; the old one is dead."),
        delete("/org/invites/{id}", Nothing, orgs::revoke)
            .about("Takes an invitation back."),
        get("/invites/{id}", Nothing, orgs::view).limit(Limit::Auth)
            .about("What an invitation's link offers; 409 when it was used or is too old."),
        post("/invites/{id}/accept", Nothing, orgs::accept).limit(Limit::Auth)
            .about("Joins, as the person whose address was invited."),
        post("/invites/{id}/signup", Nothing, orgs::join).limit(Limit::Auth)
            .about("Makes the invited address's account, joins and signs in."),
        get("/workspaces", Nothing, workspaces::list)
            .about("Workspaces that the caller sees, the default one first."),
        post("/workspaces", Nothing, workspaces::create)
            .about("Makes a workspace."),
        post("/workspaces/switch", Nothing, workspaces::switch)
            .about("Works in this workspace from now on; null for all."),
        get("/workspaces/{id}", Workspace, workspaces::get)
            .about("One workspace."),
        patch("/workspaces/{id}", Workspace, workspaces::rename)
            .about("Renames a workspace."),
        delete("/workspaces/{id}", Workspace, workspaces::delete)
            .about("Deletes a workspace: 400 for the default one, 409 while it holds projects."),
        get("/workspaces/{id}/members", Workspace, workspaces::members)
            .about("Who belongs to a workspace."),
        post("/workspaces/{id}/members", Workspace, workspaces::add_member)
            .about("Lets a member of the organization into a workspace."),
        delete("/workspaces/{id}/members/{member}", Workspace, workspaces::remove_member)
            .about("Takes somebody out of a workspace, at once."),
        get("/audit", Nothing, audit::list)
            .about("The audit log, newest first; format=csv for all of it as a table."),
        get("/models", Nothing, models::list)
            .about("Every model, and whether it is usable now."),
        get("/agents", Nothing, agents::list)
            .about("The agents of the organization."),
        get("/agents/{id}", Agent, agents::get)
            .about("One agent, by id or by slug."),
        put("/agents/{id}/tools/{tool}", Agent, agents::set_tool)
            .about("Turns one tool of an agent on or off."),
        get("/projects", Nothing, projects::list)
            .about("Projects, most recently changed first; limit 1 to 100."),
        post("/projects", Nothing, projects::create)
            .about("Makes a project."),
        get("/projects/{id}", Project, projects::get)
            .about("One project."),
        patch("/projects/{id}", Project, projects::update)
            .about("Changes a project; absent fields stay."),
        delete("/projects/{id}", Project, projects::delete)
            .about("Deletes a project."),
        get("/projects/{id}/snapshot", Project, projects::snapshot)
            .about("Everything that a project's page shows."),
        get("/projects/{id}/stream", Project, projects::stream)
            .about("All events of a project, from a snapshot or after a position."),
        get("/projects/{id}/blocks", Project, blocks::list)
            .about("Blocks of the canvas, oldest first; limit 1 to 500."),
        post("/projects/{id}/blocks", Project, blocks::create)
            .about("Puts a block on the canvas."),
        patch("/projects/{id}/blocks/positions", Project, blocks::place)
            .about("Moves nodes of the canvas, all or none."),
        get("/projects/{id}/files", Project, files::list)
            .about("What a folder of the project holds, folders first."),
        get("/projects/{id}/files/content", Project, files::read)
            .about("A file's bytes."),
        put("/projects/{id}/files/content", Project, files::write)
            .about("Stores a file, at most 100 MB."),
        get("/blocks/{id}", Block, blocks::get)
            .about("One block."),
        patch("/blocks/{id}", Block, blocks::update)
            .about("Changes a block; 409 with the present one when the version is stale."),
        delete("/blocks/{id}", Block, blocks::delete)
            .about("Deletes a block."),
        get("/sessions", Nothing, sessions::list)
            .about("Conversations, most recently changed first, 50 a page."),
        post("/sessions", Nothing, sessions::create)
            .about("Begins a conversation."),
        get("/sessions/{id}", Session, sessions::get)
            .about("One conversation."),
        patch("/sessions/{id}", Session, sessions::update)
            .about("Renames a conversation."),
        delete("/sessions/{id}", Session, sessions::delete)
            .about("Deletes a conversation."),
        get("/sessions/{id}/messages", Session, sessions::messages)
            .about("Finished messages, oldest first; limit 1 to 500."),
        post("/sessions/{id}/messages", Session, chat::say).limit(Limit::Chat)
            .about("Says something in a conversation; the run goes on by itself."),
        get("/sessions/{id}/events", Session, sessions::events)
            .about("Durable events after a position, oldest first; limit 1 to 500."),
        patch("/sessions/{id}/queue/{message}", Session, sessions::edit_queued)
            .about("Edits a waiting message; 409 once it has joined the run."),
        delete("/sessions/{id}/queue/{message}", Session, sessions::remove_queued)
            .about("Takes a waiting message back; 409 once it has joined the run."),
        post("/sessions/{id}/calls/{call}/approve", Session, sessions::approve)
            .about("Answers an approval request."),
        post("/sessions/{id}/calls/{call}/cancel", Session, sessions::cancel_call)
            .about("Ends one running tool call."),
        post("/chat", Nothing, chat::chat).limit(Limit::Chat)
            .about("Says something and streams the run's events until it ends; the same message id again gives the same run."),
        get("/chat/{id}/stream", Session, chat::attach)
            .about("What is going on in a conversation, until its run ends."),
        post("/chat/{id}/stop", Session, chat::stop)
            .about("Stops a conversation's run."),
        post("/chat/{id}/resume", Session, chat::resume)
            .about("Goes on with a waiting or failed conversation."),
    ]
}

/// The API's router, without the layers that pages share with it.
pub fn router(app: &App) -> Router<App> {
    let mut by_path = BTreeMap::<&str, MethodRouter<App>>::new();
    for route in routes() {
        let once = if route.method == Method::POST {
            route.handler.layer(middleware::from_fn_with_state(app.clone(), idempotency::idempotent))
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
