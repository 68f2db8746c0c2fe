//! Agents.

use crate::{
    app::App,
    auth::{
        May, MayOn, Member,
        permission::{Access, AgentsRead, AgentsWrite, Everybody, Permission, Roles, Writers},
    },
    error::Result,
    extract::{Json, Second},
    openapi::{Data, Operation, Part},
};
use alumia_platform::OrgScope;
use alumia_protocol::{AgentId, List, agents::Agent};
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

/// An agent that the path names by id or by slug.
pub struct Named<R, A> {
    scope: OrgScope,
    name: String,
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
        Ok(Self { scope, name, of: PhantomData })
    }
}

/// `GET /agents/:id`: id or slug.
pub async fn get(State(app): State<App>, agent: Named<Everybody, AgentsRead>) -> Result<Data<Agent>> {
    Ok(Data(app.platform.agents.find(&agent.scope, &agent.name).await?))
}

#[derive(Deserialize, JsonSchema)]
pub struct Switch {
    /// Whether the agent may call it.
    enabled: bool,
}

/// `PUT /agents/:id/tools/:tool`: turns one tool on or off; holds from the next step of a running run.
pub async fn set_tool(
    State(app): State<App>,
    agent: Named<Writers, AgentsWrite>,
    Second(tool): Second<String>,
    Json(switch): Json<Switch>,
) -> Result<Data<Agent>> {
    if app.platform.tools.get(&tool).is_none() {
        return Err(alumia_platform::Error::NotFound("tool").into());
    }
    let scope = &agent.scope;
    let id = app.platform.agents.find(scope, &agent.name).await?.id;
    Ok(Data(app.platform.agents.set_tool(scope, id, &tool, switch.enabled).await?))
}
