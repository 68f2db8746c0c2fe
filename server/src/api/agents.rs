//! Agents.

use super::ok;
use crate::{
    app::App,
    auth::{Member, MemberOf},
    error::Result,
    extract::{Json, Second},
};
use alumia_protocol::AgentId;
use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::Response,
};
use serde::Deserialize;

/// `GET /agents`.
pub async fn list(State(app): State<App>, member: Member) -> Result<Response> {
    Ok(ok(app.platform.agents.list(&member.scope).await?))
}

/// An agent that the path names by id or by slug.
pub struct Named {
    member: Member,
    name: String,
}

impl FromRequestParts<App> for Named {
    type Rejection = crate::error::Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = axum::extract::RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| alumia_platform::Error::NotFound("agent"))?;
        let name = params.iter().next().map(|(_, name)| name.to_owned()).unwrap_or_default();
        let member = if name.parse::<AgentId>().is_ok() {
            Member { scope: MemberOf::<AgentId>::from_request_parts(parts, app).await?.scope }
        } else {
            Member::from_request_parts(parts, app).await?
        };
        Ok(Self { member, name })
    }
}

/// `GET /agents/:id`: id or slug.
pub async fn get(State(app): State<App>, agent: Named) -> Result<Response> {
    Ok(ok(app.platform.agents.find(&agent.member.scope, &agent.name).await?))
}

#[derive(Deserialize)]
pub struct Switch {
    enabled: bool,
}

/// `PUT /agents/:id/tools/:tool`: turns one tool on or off; holds from the next step of a running run.
pub async fn set_tool(
    State(app): State<App>,
    agent: Named,
    Second(tool): Second<String>,
    Json(switch): Json<Switch>,
) -> Result<Response> {
    if app.platform.tools.get(&tool).is_none() {
        return Err(alumia_platform::Error::NotFound("tool").into());
    }
    let scope = &agent.member.scope;
    let id = app.platform.agents.find(scope, &agent.name).await?.id;
    Ok(ok(app.platform.agents.set_tool(scope, id, &tool, switch.enabled).await?))
}
