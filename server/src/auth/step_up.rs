//! What only a person in a browser may do, and what needs a fresh step-up besides.
//!
//! Both wrap another extractor, which proves who is asking: `SteppedUp<Member, things::OrgMembers>`. An API
//! key is told which thing it may not touch, whatever its scopes; whoever is not signed in, or may not see the
//! resource, is told what the inner extractor says.

use super::{
    Credentials,
    permission::{Keys, Permission, browser_required},
};
use crate::{
    app::App,
    error::Failure,
    openapi::{Operation, Part},
    web_sessions::Session,
};
use alumia_platform::Error;
use axum::{extract::FromRequestParts, http::request::Parts};
use std::{marker::PhantomData, ops::Deref};

/// Something that is administered, by the words that stand before "requires a browser session".
pub trait Thing: Send + Sync {
    /// With a capital letter.
    const NAME: &'static str;
}

/// The things. A capability adds its line.
pub mod things {
    macro_rules! things {
        ($($(#[$doc:meta])* $thing:ident $name:literal),+ $(,)?) => {$(
            $(#[$doc])*
            pub struct $thing;
            impl super::Thing for $thing {
                const NAME: &'static str = $name;
            }
        )+};
    }
    things! {
        /// Factors, password, email address, browser sessions.
        AccountSecurity "Account security",
        ApiKeys "API key management",
        /// Signing out.
        SignOut "Signing out",
        /// The audit log.
        AuditLog "Reading the audit log",
        /// Payments that begin by themselves.
        AutoTopUps "Automatic top-up",
        Budgets "Budget management",
        OrgMembers "Organization membership management",
        OrgSettings "Organization settings management",
        /// Links to a project's canvas.
        ProjectSharing "Project sharing",
        /// Keys of the organisation's own for model providers.
        ProviderKeys "Provider key management",
        /// Packages that are paid by the month.
        Subscriptions "Subscription management",
        /// Buying credits.
        TopUps "Buying credits",
        Workspaces "Workspace management",
    }
}

/// `M`, in a browser.
pub struct InBrowser<M, T> {
    who: M,
    thing: PhantomData<T>,
}

/// `M`, in a browser session in which a factor was proved a short while ago.
pub struct SteppedUp<M, T>(InBrowser<M, T>);

impl<M, T> Deref for InBrowser<M, T> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.who
    }
}

impl<M, T> Deref for SteppedUp<M, T> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0.who
    }
}

impl<M, T> FromRequestParts<App> for InBrowser<M, T>
where
    M: FromRequestParts<App, Rejection = Failure> + Send,
    T: Thing,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        if matches!(parts.extensions.get::<Credentials>(), Some(Credentials::Key(_))) {
            return Err(browser_required(T::NAME).into());
        }
        let who = M::from_request_parts(parts, app).await?;
        Ok(Self { who, thing: PhantomData })
    }
}

impl<M, T> FromRequestParts<App> for SteppedUp<M, T>
where
    M: FromRequestParts<App, Rejection = Failure> + Send,
    T: Thing,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let inner = InBrowser::from_request_parts(parts, app).await?;
        let session = Session::from_request_parts(parts, app).await?;
        match session.stepped_up_until() {
            Some(_) => Ok(Self(inner)),
            None => Err(Failure::from(Error::step_up_required())),
        }
    }
}

/// What the inner extractor asks for, in a browser.
const fn in_browser(inner: Option<Permission>, thing: &'static str, step_up: bool) -> Option<Permission> {
    match inner {
        Some(Permission { who, .. }) => Some(Permission { who, keys: Keys::Refused(thing), step_up }),
        None => None,
    }
}

impl<M: Part, T: Thing> Part for InBrowser<M, T> {
    const PERMISSION: Option<Permission> = in_browser(M::PERMISSION, T::NAME, false);

    fn describe(operation: &mut Operation) {
        M::describe(operation);
    }
}

impl<M: Part, T: Thing> Part for SteppedUp<M, T> {
    const PERMISSION: Option<Permission> = in_browser(M::PERMISSION, T::NAME, true);

    fn describe(operation: &mut Operation) {
        M::describe(operation);
    }
}
