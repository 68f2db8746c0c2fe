//! Passkeys. `start` answers what the browser's `navigator.credentials` takes, `finish` takes its answer.

use super::step_up::{self, Person, ProvenPerson};
use crate::{
    app::App,
    auth::{Public, Seen, Site},
    error::Result,
    extract::{Json, PathId},
    openapi::{Created, Data, Done},
    web_sessions::Session,
};
use alumia_protocol::{
    List,
    people::SignedIn,
    security::{Ceremony, FinishPasskey, Passkey, RenamePasskey, StartPasskey, StartPasskeySignUp, StepUp},
};
use axum::extract::State;

/// `GET /auth/passkeys`.
pub async fn list(State(app): State<App>, person: Person) -> Result<Data<List<Passkey>>> {
    Ok(Data(List::whole(app.platform.identity.passkeys(person.0).await?)))
}

/// `PATCH /auth/passkeys/:id`: another name.
pub async fn rename(
    State(app): State<App>,
    person: Person,
    Seen(origin): Seen,
    PathId(id): PathId<String>,
    Json(form): Json<RenamePasskey>,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).rename_passkey(person.0, &id, &form.name).await?;
    Ok(Done)
}

/// `DELETE /auth/passkeys/:id`. 409 for the only way into the account.
pub async fn remove(
    State(app): State<App>,
    person: ProvenPerson,
    session: Session,
    Seen(origin): Seen,
    PathId(id): PathId<String>,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).remove_passkey(person.0, &session.id_hash(), &id).await?;
    Ok(Done)
}

/// `POST /auth/passkeys/register/start`: asks for the password while there is no factor, and for a step-up
/// when there is one.
pub async fn start_register(
    State(app): State<App>,
    Site(site): Site,
    person: Person,
    session: Session,
    Json(form): Json<StartPasskey>,
) -> Result<Data<Ceremony>> {
    let stepped_up = session.stepped_up_until().is_some();
    let identity = &app.platform.identity;
    Ok(Data(identity.start_passkey(&site, person.0, &session.id_hash(), form.password, stepped_up).await?))
}

/// `POST /auth/passkeys/register/finish`: 201. Steps up: the passkey has just been used.
pub async fn finish_register(
    State(app): State<App>,
    Site(site): Site,
    person: Person,
    session: Session,
    Seen(origin): Seen,
    Json(form): Json<FinishPasskey>,
) -> Result<Created<Passkey>> {
    let passkey = app
        .platform
        .identity
        .coming_from(origin)
        .finish_passkey(&site, person.0, &session.id_hash(), form)
        .await?;
    session.step_up().await?;
    Ok(Created(passkey))
}

/// `POST /auth/passkeys/signup/start`: makes nothing yet. 422 for what is wrong in the form, an address that has
/// an account among it.
pub async fn start_sign_up(
    State(app): State<App>,
    _: Public,
    Site(site): Site,
    session: Session,
    Json(form): Json<StartPasskeySignUp>,
) -> Result<Data<Ceremony>> {
    Ok(Data(app.platform.start_passkey_sign_up(&site, &session.begin_visit()?, form).await?))
}

/// `POST /auth/passkeys/signup/finish`: makes the account and signs it in. 201. Steps up, as adding a passkey
/// does.
pub async fn finish_sign_up(
    State(app): State<App>,
    _: Public,
    Site(site): Site,
    session: Session,
    Json(form): Json<FinishPasskey>,
) -> Result<Created<SignedIn>> {
    let signed_in = app.platform.finish_passkey_sign_up(&site, &session.visit(), form).await?;
    session.sign_in(signed_in.user.id).await?;
    session.step_up().await?;
    Ok(Created(signed_in))
}

/// `POST /auth/passkeys/login/start`.
pub async fn start_login(
    State(app): State<App>,
    _: Public,
    Site(site): Site,
    session: Session,
) -> Result<Data<Ceremony>> {
    Ok(Data(app.platform.identity.start_passkey_sign_in(&site, &session.begin_visit()?).await?))
}

/// `POST /auth/passkeys/login/finish`: signs in whose passkey it is. 401 for whatever is wrong.
pub async fn finish_login(
    State(app): State<App>,
    _: Public,
    Site(site): Site,
    session: Session,
    Json(form): Json<FinishPasskey>,
) -> Result<Data<SignedIn>> {
    let signed_in = app.platform.identity.finish_passkey_sign_in(&site, &session.visit(), form).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(Data(signed_in))
}

/// `POST /auth/passkeys/step-up/start`: 403 `no_factor` without a passkey.
pub async fn start_step_up(
    State(app): State<App>,
    Site(site): Site,
    person: Person,
    session: Session,
) -> Result<Data<Ceremony>> {
    Ok(Data(app.platform.identity.start_passkey_step_up(&site, person.0, &session.id_hash()).await?))
}

/// `POST /auth/passkeys/step-up/finish`.
pub async fn finish_step_up(
    State(app): State<App>,
    Site(site): Site,
    person: Person,
    session: Session,
    Json(form): Json<FinishPasskey>,
) -> Result<Data<StepUp>> {
    app.platform.identity.finish_passkey_step_up(&site, person.0, &session.id_hash(), form).await?;
    session.step_up().await?;
    Ok(Data(step_up::state(&app, &person, &session).await?))
}
