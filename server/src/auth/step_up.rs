//! A second factor that was proved a short while ago.

use super::{
    Credentials,
    permission::{Keys, Permission, Thing},
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

/// Refuses a browser session whose person has not proved a second factor lately.
pub async fn require(parts: &Parts, app: &App) -> Result<(), Failure> {
    let session = Session::from_request_parts(&mut parts.clone(), app).await?;
    match session.stepped_up_until() {
        Some(_) => Ok(()),
        None => Err(Error::step_up_required().into()),
    }
}

/// `M`, in a browser: whoever comes with an API key is told which thing it may not touch.
pub struct InBrowser<M, T> {
    who: M,
    thing: PhantomData<T>,
}

impl<M, T> Deref for InBrowser<M, T> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.who
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
            return Err(Failure::from(Error::Forbidden {
                reason: "browser_session_required",
                message: format!("{} requires a browser session. Do it in the dashboard.", T::NAME),
            }));
        }
        Ok(Self { who: M::from_request_parts(parts, app).await?, thing: PhantomData })
    }
}

impl<M: Part, T: Thing> Part for InBrowser<M, T> {
    const PERMISSION: Option<Permission> = match M::PERMISSION {
        Some(asked) => Some(Permission { keys: Keys::Refused(T::NAME), ..asked }),
        None => None,
    };

    fn describe(operation: &mut Operation) {
        M::describe(operation);
    }
}
