//! Agents.

use super::{Page, chat};
use crate::{
    app::App,
    auth::{
        May, MayOn, Member, Writer,
        permission::{
            Access, AgentsRead, AgentsWrite, ChatWrite, Everybody, Permission, ProjectsRead, Roles, Writers,
        },
    },
    error::Result,
    extract::{Json, Query, Second},
    limits::Meter,
    openapi::{Accepted, Created, Data, Done, Operation, Part},
};
use alumia_platform::OrgScope;
use alumia_protocol::{
    AgentId, List,
    agents::{Agent, AgentGrant, CreateAgent, CreateAgentSession, TellAgent, UpdateAgent},
    peers::Envelope,
    sessions::{ChatAccepted, ChatRequest, CreateSession, Session},
};
use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::marker::PhantomData;

/// `GET /agents`.
pub async fn list(State(app): State<App>, member: Member<AgentsRead>) -> Result<Data<List<Agent>>> {
    Ok(Data(app.platform.agents.list(&member.scope).await?))
}

/// `POST /agents`: 201.
pub async fn create(
    State(app): State<App>,
    member: Writer<AgentsWrite>,
    Json(new): Json<CreateAgent>,
) -> Result<Created<Agent>> {
    Ok(Created(app.platform.agents.create(&member.scope, new).await?))
}

/// An agent that the path names by id or by slug.
pub struct Named<R, A> {
    scope: OrgScope,
    agent: Agent,
    of: PhantomData<(R, A)>,
}

impl<R: Roles, A: Access> Part for Named<R, A> {
    const PERMISSION: Option<Permission> = MayOn::<AgentId, R, A>::PERMISSION;

    fn describe(operation: &mut Operation) {
        May::<R, A>::describe(operation);
        operation.not_found();
    }
}

impl<R: Roles, A: Access> FromRequestParts<App> for Named<R, A> {
    type Rejection = crate::error::Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = axum::extract::RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| alumia_platform::Error::NotFound("agent"))?;
        let name = params.iter().next().map(|(_, name)| name.to_owned()).unwrap_or_default();
        let scope = if name.parse::<AgentId>().is_ok() {
            MayOn::<AgentId, R, A>::from_request_parts(parts, app).await?.scope
        } else {
            May::<R, A>::from_request_parts(parts, app).await?.scope
        };
        let agent = app.platform.agents.find(&scope, &name).await?;
        Ok(Self { scope, agent, of: PhantomData })
    }
}

/// `GET /agents/:id`: id or slug.
pub async fn get(named: Named<Everybody, AgentsRead>) -> Data<Agent> {
    Data(named.agent)
}

/// `PATCH /agents/:id`: absent fields stay; 409 with the present agent when the version is stale.
pub async fn update(
    State(app): State<App>,
    named: Named<Writers, AgentsWrite>,
    Json(change): Json<UpdateAgent>,
) -> Result<Data<Agent>> {
    Ok(Data(app.platform.agents.update(&named.scope, named.agent.id, change).await?))
}

/// `DELETE /agents/:id`: its runs end, its conversations stay readable.
pub async fn delete(State(app): State<App>, named: Named<Writers, AgentsWrite>) -> Result<Done> {
    app.platform.engine.delete_agent(&named.scope, named.agent.id).await?;
    Ok(Done)
}

#[derive(Deserialize, JsonSchema)]
pub struct After {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// `GET /agents/:id/sessions`: 50 a page, most recently changed first.
pub async fn sessions(
    State(app): State<App>,
    named: Named<Everybody, ProjectsRead>,
    Query(after): Query<After>,
) -> Result<Data<List<Session>>> {
    let page = Page { cursor: after.cursor, limit: None };
    Ok(Data(app.platform.sessions.of_agent(&named.scope, named.agent.id, page.cursor()).await?))
}

/// `POST /agents/:id/sessions`: 201.
pub async fn create_session(
    State(app): State<App>,
    named: Named<Writers, ChatWrite>,
    Json(new): Json<CreateAgentSession>,
) -> Result<Created<Session>> {
    let CreateAgentSession { label, project_id, metadata } = new;
    let new = CreateSession { label, project_id, agent_id: Some(named.agent.id), metadata };
    Ok(Created(app.platform.sessions.create(&named.scope, new).await?))
}

/// `GET /agents/:id/approvals`: the tools that people always allow it.
pub async fn approvals(
    State(app): State<App>,
    named: Named<Everybody, AgentsRead>,
) -> Result<Data<List<AgentGrant>>> {
    Ok(Data(app.platform.engine.grants(&named.scope, named.agent.id).await?))
}

/// `DELETE /agents/:id/approvals/:tool`: it asks again.
pub async fn revoke_approval(
    State(app): State<App>,
    named: Named<Writers, AgentsWrite>,
    Second(tool): Second<String>,
) -> Result<Done> {
    if app.platform.tools.get(&tool).is_none() {
        return Err(alumia_platform::Error::NotFound("tool").into());
    }
    app.platform.engine.revoke_grant(&named.scope, &named.agent, &tool).await?;
    Ok(Done)
}

/// `GET /agents/:id/peers`: the agents that it may write to.
pub async fn peers(State(app): State<App>, named: Named<Everybody, AgentsRead>) -> Result<Data<List<Agent>>> {
    Ok(Data(app.platform.engine.peers_of(&named.scope, &named.agent).await?))
}

/// `GET /agents/:id/messages`: what it wrote to other agents and got from them, newest first, 50 a page.
pub async fn messages(
    State(app): State<App>,
    named: Named<Everybody, ProjectsRead>,
    Query(after): Query<After>,
) -> Result<Data<List<Envelope>>> {
    let page = Page { cursor: after.cursor, limit: None };
    Ok(Data(app.platform.engine.envelopes(&named.scope, named.agent.id, page.cursor()).await?))
}

/// `POST /agents/:id/messages`: says something to the agent, in one of its sessions or in a new one. 202 with the
/// run's id.
pub async fn tell(
    State(app): State<App>,
    named: Named<Writers, ChatWrite>,
    meter: Meter,
    Json(told): Json<TellAgent>,
) -> Result<Accepted<ChatAccepted>> {
    let TellAgent { session_id, project_id, message } = told;
    let agent_id = Some(named.agent.id);
    let request = ChatRequest { session_id, agent_id, project_id, message, model: None };
    Ok(Accepted(chat::accept(&app, &named.scope, &meter, request).await?))
}

#[derive(Deserialize, JsonSchema)]
pub struct Switch {
    /// Whether the agent may call it.
    enabled: bool,
}

/// `PUT /agents/:id/tools/:tool`: turns one tool on or off; holds from the next step of a running run.
pub async fn set_tool(
    State(app): State<App>,
    named: Named<Writers, AgentsWrite>,
    Second(tool): Second<String>,
    Json(switch): Json<Switch>,
) -> Result<Data<Agent>> {
    if app.platform.tools.get(&tool).is_none() {
        return Err(alumia_platform::Error::NotFound("tool").into());
    }
    Ok(Data(app.platform.agents.set_tool(&named.scope, named.agent.id, &tool, switch.enabled).await?))
}
