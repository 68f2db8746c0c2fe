//! Proving a factor before something sensitive.

use crate::{
    app::App,
    auth::{InBrowser, Seen, SignedIn, SteppedUp, things::AccountSecurity},
    error::Result,
    extract::Json,
    openapi::Data,
    web_sessions::Session,
};
use alumia_protocol::security::{Code, StepUp};
use axum::extract::State;

/// A person in a browser.
pub type Person = InBrowser<SignedIn, AccountSecurity>;

/// A person who has just proved a factor.
pub type ProvenPerson = SteppedUp<SignedIn, AccountSecurity>;

/// `GET /auth/step-up`: until when this session is stepped up, and what it could be with.
pub async fn get(State(app): State<App>, person: Person, session: Session) -> Result<Data<StepUp>> {
    Ok(Data(state(&app, &person, &session).await?))
}

/// `POST /auth/step-up/totp`: by a code of the authenticator app or a recovery code. 422 for a wrong one, 403
/// `no_factor` without an app.
pub async fn by_code(
    State(app): State<App>,
    person: Person,
    session: Session,
    Seen(origin): Seen,
    Json(form): Json<Code>,
) -> Result<Data<StepUp>> {
    app.platform.identity.coming_from(origin).use_code(person.0, &form.code).await?;
    session.step_up().await?;
    Ok(Data(state(&app, &person, &session).await?))
}

/// How the session stands now.
pub(super) async fn state(app: &App, person: &Person, session: &Session) -> Result<StepUp> {
    let factors = app.platform.identity.factors(person.0).await?;
    let until = session.stepped_up_until();
    Ok(StepUp { stepped_up: until.is_some(), until, factors })
}
