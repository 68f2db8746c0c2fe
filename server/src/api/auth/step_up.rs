//! Proving a factor before something sensitive.

use crate::{
    app::App,
    auth::{InBrowser, SignedIn, things::AccountSecurity},
    error::Result,
    openapi::Data,
    web_sessions::Session,
};
use alumia_protocol::security::StepUp;
use axum::extract::State;

/// A person in a browser.
pub type Person = InBrowser<SignedIn, AccountSecurity>;

/// `GET /auth/step-up`: until when this session is stepped up, and what it could be with.
pub async fn get(State(app): State<App>, person: Person, session: Session) -> Result<Data<StepUp>> {
    Ok(Data(state(&app, &person, &session).await?))
}

/// How the session stands now.
pub(super) async fn state(app: &App, person: &Person, session: &Session) -> Result<StepUp> {
    let factors = app.platform.identity.factors(person.0).await?;
    let until = session.stepped_up_until();
    Ok(StepUp { stepped_up: until.is_some(), until, factors })
}
