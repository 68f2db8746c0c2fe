use super::{Credentials, identify::unknown_key};
use crate::{app::App, error::Failure, web_sessions::Session};
use alumia_platform::{Error, OrgScope, orgs::Resource};
use alumia_protocol::{AgentId, BlockId, ProjectId, SessionId, UserId};
use axum::{
    extract::{FromRequestParts, Query, RawPathParams},
    http::request::Parts,
};
use serde::Deserialize;
use std::str::FromStr;

/// A person who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn(pub UserId);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        match parts.extensions.get::<Credentials>() {
            Some(Credentials::User(user)) => Ok(Self(*user)),
            Some(Credentials::Key) => Err(unknown_key()),
            Some(Credentials::None) | None => Err(Failure::signed_out()),
        }
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let session = parts.extensions.get::<Self>().cloned();
        session.ok_or_else(|| Error::internal("this route has no browser session").into())
    }
}

/// A member of an organisation: the one that `?org=<slug>` names, else the person's first.
pub struct Member {
    pub scope: OrgScope,
}

#[derive(Deserialize)]
struct Named {
    org: Option<String>,
}

impl FromRequestParts<App> for Member {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let SignedIn(user) = SignedIn::from_request_parts(parts, app).await?;
        let named = Query::<Named>::from_request_parts(parts, app).await.ok().and_then(|query| query.0.org);
        let orgs = &app.platform.orgs;
        let scope = match named {
            Some(slug) => orgs.scope(user, &slug).await?,
            None => orgs.home_scope(user).await?,
        };
        Ok(Self { scope })
    }
}

/// A member of the organisation that owns what the path's `{id}` names; 404 for everybody else.
pub struct MemberOf<Id> {
    pub scope: OrgScope,
    pub id: Id,
}

/// Ids whose organisation can be looked up.
pub trait Owned: FromStr + Copy + Send {
    /// For people.
    const WHAT: &'static str;
    /// The question to ask.
    fn resource(self) -> Resource;
}

macro_rules! owned {
    ($($id:ident $resource:ident $what:literal),+) => {$(
        impl Owned for $id {
            const WHAT: &'static str = $what;
            fn resource(self) -> Resource {
                Resource::$resource(self)
            }
        }
    )+};
}
owned!(ProjectId Project "project", SessionId Session "session", BlockId Block "block", AgentId Agent "agent");

impl<Id: Owned> FromRequestParts<App> for MemberOf<Id> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let SignedIn(user) = SignedIn::from_request_parts(parts, app).await?;
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Error::NotFound(Id::WHAT))?;
        let id = params.iter().find(|(name, _)| *name == "id").and_then(|(_, text)| text.parse::<Id>().ok());
        // An id that can't exist is answered as one that doesn't.
        let id = id.ok_or(Error::NotFound(Id::WHAT))?;
        let scope = app.platform.orgs.scope_of(user, id.resource()).await?;
        Ok(Self { scope, id })
    }
}
