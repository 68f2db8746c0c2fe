use super::{
    Credentials,
    origin::{Concerned, Seen},
    permission::{
        Access, Admins, Browser, Everybody, Keys, Owners, Permission, Roles, Treasurers, Who, Writers,
        browser_required,
    },
};
use crate::{
    app::App,
    error::Failure,
    openapi::{Operation, Part},
    web_sessions::Session,
};
use alumia_platform::{Error, OrgScope, keys::Holder, orgs::Resource};
use alumia_protocol::{AgentId, BlockId, OrgId, ProjectId, SessionId, UserId, WorkspaceId};
use axum::{
    extract::{FromRequestParts, Query, RawPathParams},
    http::request::Parts,
};
use serde::Deserialize;
use std::{marker::PhantomData, str::FromStr};

/// Everybody, signed in or not: a route has to say so.
pub struct Public;

impl FromRequestParts<App> for Public {
    type Rejection = Failure;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, Failure> {
        Ok(Self)
    }
}

impl Part for Public {
    const PERMISSION: Option<Permission> =
        Some(Permission { who: Who::Anyone, keys: Keys::Any, step_up: false });
}

/// A person, or a key of theirs, that is allowed this way of access.
struct Proven {
    user: UserId,
    key: Option<Holder>,
    /// For the audit log: where the request came from, and whom it turns out to concern.
    seen: Seen,
    concerned: Concerned,
}

impl Proven {
    fn of<A: Access>(parts: &Parts, app: &App) -> Result<Self, Failure> {
        let seen = Seen::of(parts, app);
        let concerned = parts.extensions.get::<Concerned>().cloned().unwrap_or_default();
        let holder = match parts.extensions.get::<Credentials>() {
            Some(Credentials::User(user)) => return Ok(Self { user: *user, key: None, seen, concerned }),
            Some(Credentials::Key(holder)) => holder,
            Some(Credentials::BadKey(refusal)) => return Err(Error::from(*refusal).into()),
            Some(Credentials::None) | None => return Err(Failure::signed_out()),
        };
        concerned.is(holder.scope.org_id());
        match A::KEYS {
            Keys::Refused(thing) => Err(browser_required(thing).into()),
            Keys::With(scope) if !holder.may(scope) => Err(Error::Forbidden {
                reason: "scope",
                message: format!(
                    "This API key lacks the scope {scope}. Make one that has it on the page Developers."
                ),
            }
            .into()),
            Keys::With(_) | Keys::Any => {
                Ok(Self { user: holder.scope.user_id(), key: Some(holder.clone()), seen, concerned })
            }
        }
    }

    /// The key's organisation, else the one with this slug, else the person's first.
    async fn scope(&self, app: &App, slug: Option<&str>) -> Result<OrgScope, Failure> {
        let orgs = &app.platform.orgs;
        let scope = match (&self.key, slug) {
            (Some(key), _) => key.scope.clone(),
            (None, Some(slug)) => orgs.scope(self.user, slug).await?,
            (None, None) => orgs.home_scope(self.user).await?,
        };
        Ok(self.mark(scope))
    }

    fn mark(&self, scope: OrgScope) -> OrgScope {
        self.concerned.is(scope.org_id());
        scope.coming_from(self.seen.0.clone())
    }

    /// The organisation of a resource; a key sees its own organisation's alone.
    async fn scope_of(&self, app: &App, resource: Resource) -> Result<OrgScope, Failure> {
        let scope = app.platform.orgs.scope_of(self.user, resource).await?;
        if self.key.as_ref().is_some_and(|key| key.scope.org_id() != scope.org_id()) {
            return Err(Error::NotFound(resource.word()).into());
        }
        Ok(self.mark(scope))
    }
}

/// A person who is signed in with a browser.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn(pub UserId);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        Proven::of::<Browser>(parts, app).map(|proven| Self(proven.user))
    }
}

impl Part for SignedIn {
    const PERMISSION: Option<Permission> =
        Some(Permission { who: Who::Person, keys: Browser::KEYS, step_up: false });
}

impl FromRequestParts<App> for Session {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let session = parts.extensions.get::<Self>().cloned();
        session.ok_or_else(|| Error::internal("this route has no browser session").into())
    }
}

impl Part for Session {}

/// A person, in whichever organisation.
pub struct Caller<A = Browser> {
    proven: Proven,
    of: PhantomData<A>,
}

impl<A> Caller<A> {
    /// The person.
    pub const fn user(&self) -> UserId {
        self.proven.user
    }

    /// The organisation that a key is for.
    pub fn key_org(&self) -> Option<OrgId> {
        self.proven.key.as_ref().map(|key| key.scope.org_id())
    }
}

impl<A: Access> FromRequestParts<App> for Caller<A> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        Ok(Self { proven: Proven::of::<A>(parts, app)?, of: PhantomData })
    }
}

impl<A: Access> Part for Caller<A> {
    const PERMISSION: Option<Permission> =
        Some(Permission { who: Who::Person, keys: A::KEYS, step_up: false });
}

/// A caller whose organisation follows from what the request's body or query names.
pub struct Acting<R, A = Browser> {
    proven: Proven,
    slug: Option<String>,
    of: PhantomData<(R, A)>,
}

impl<R: Roles, A: Access> Acting<R, A> {
    /// The organisation of what was named, or else the caller's.
    pub async fn scope(&self, app: &App, named: Option<Resource>) -> Result<OrgScope, Failure> {
        let scope = match named {
            Some(resource) => self.proven.scope_of(app, resource).await?,
            None => self.proven.scope(app, self.slug.as_deref()).await?,
        };
        R::admit(scope.role())?;
        Ok(scope)
    }
}

impl<R: Roles, A: Access> FromRequestParts<App> for Acting<R, A> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let proven = Proven::of::<A>(parts, app)?;
        Ok(Self { proven, slug: slug(parts, app).await, of: PhantomData })
    }
}

impl<R: Roles, A: Access> Part for Acting<R, A> {
    const PERMISSION: Option<Permission> =
        Some(Permission { who: Who::Roles(R::ROLES), keys: A::KEYS, step_up: false });

    fn describe(operation: &mut Operation) {
        operation.query::<Named>();
    }
}

/// A member with one of the roles `R` of the organisation that the key is for, or that `?org=<slug>` names,
/// else the person's first.
pub struct May<R, A = Browser> {
    pub scope: OrgScope,
    of: PhantomData<(R, A)>,
}

/// Whoever belongs to the organisation.
pub type Member<A = Browser> = May<Everybody, A>;
/// Owners, admins and members.
pub type Writer<A = Browser> = May<Writers, A>;
/// Owners, admins and billing members.
pub type Treasurer<A = Browser> = May<Treasurers, A>;
/// Owners and admins.
pub type Admin<A = Browser> = May<Admins, A>;
/// Owners.
pub type Owner<A = Browser> = May<Owners, A>;

#[derive(Deserialize, schemars::JsonSchema)]
struct Named {
    /// The organisation's slug; your first one when absent. A key's organisation is its own.
    org: Option<String>,
}

async fn slug(parts: &mut Parts, app: &App) -> Option<String> {
    Query::<Named>::from_request_parts(parts, app).await.ok().and_then(|query| query.0.org)
}

impl<R: Roles, A: Access> FromRequestParts<App> for May<R, A> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let proven = Proven::of::<A>(parts, app)?;
        let scope = proven.scope(app, slug(parts, app).await.as_deref()).await?;
        R::admit(scope.role())?;
        Ok(Self { scope, of: PhantomData })
    }
}

impl<R: Roles, A: Access> Part for May<R, A> {
    const PERMISSION: Option<Permission> =
        Some(Permission { who: Who::Roles(R::ROLES), keys: A::KEYS, step_up: false });

    fn describe(operation: &mut Operation) {
        operation.query::<Named>();
    }
}

/// The same for the organisation that owns what the path's `{id}` names; 404 for everybody outside it.
pub struct MayOn<Id, R, A = Browser> {
    pub scope: OrgScope,
    pub id: Id,
    of: PhantomData<(R, A)>,
}

/// Whoever belongs to the organisation that owns it.
pub type MemberOf<Id, A = Browser> = MayOn<Id, Everybody, A>;
/// Owners and admins of the organisation that owns it.
pub type AdminOf<Id, A = Browser> = MayOn<Id, Admins, A>;
/// Owners, admins and members of the organisation that owns it.
pub type WriterOf<Id, A = Browser> = MayOn<Id, Writers, A>;

/// Ids whose organisation can be looked up.
pub trait Owned: FromStr + Copy + Send + 'static {
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
owned!(ProjectId Project "project", SessionId Session "session", BlockId Block "block", AgentId Agent "agent",
    WorkspaceId Workspace "workspace");

impl<Id: Owned, R: Roles, A: Access> FromRequestParts<App> for MayOn<Id, R, A> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let proven = Proven::of::<A>(parts, app)?;
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Error::NotFound(Id::WHAT))?;
        let id = params.iter().find(|(name, _)| *name == "id").and_then(|(_, text)| text.parse::<Id>().ok());
        // An id that can't exist is answered as one that doesn't.
        let id = id.ok_or(Error::NotFound(Id::WHAT))?;
        let scope = proven.scope_of(app, id.resource()).await?;
        R::admit(scope.role())?;
        Ok(Self { scope, id, of: PhantomData })
    }
}

impl<Id: Owned, R: Roles, A: Access> Part for MayOn<Id, R, A> {
    const PERMISSION: Option<Permission> =
        Some(Permission { who: Who::Roles(R::ROLES), keys: A::KEYS, step_up: false });

    fn describe(operation: &mut Operation) {
        operation.not_found();
    }
}
