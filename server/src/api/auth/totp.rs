//! Authenticator apps.

use super::step_up::{Person, ProvenPerson};
use crate::{
    app::App,
    auth::Seen,
    error::Result,
    extract::Json,
    openapi::{Data, Done},
    web_sessions::Session,
};
use alumia_protocol::security::{Code, EnrollTotp, RecoveryCodes, TotpEnrollment};
use axum::extract::State;

/// `POST /auth/totp/enroll`: makes a secret. Asks for the password while there is no factor, and for a
/// step-up when there is one. 409 with an app already there.
pub async fn enroll(
    State(app): State<App>,
    person: Person,
    session: Session,
    Json(form): Json<EnrollTotp>,
) -> Result<Data<TotpEnrollment>> {
    let stepped_up = session.stepped_up_until().is_some();
    let identity = &app.platform.identity;
    Ok(Data(identity.enroll_totp(person.0, &session.id_hash(), form.password, stepped_up).await?))
}

/// `POST /auth/totp/confirm`: the app counts from now on; answers the recovery codes, this once. Steps up.
pub async fn confirm(
    State(app): State<App>,
    person: Person,
    session: Session,
    Seen(origin): Seen,
    Json(form): Json<Code>,
) -> Result<Data<RecoveryCodes>> {
    let codes = app
        .platform
        .identity
        .coming_from(origin)
        .confirm_totp(person.0, &session.id_hash(), &form.code)
        .await?;
    session.step_up().await?;
    Ok(Data(codes))
}

/// `DELETE /auth/totp`: with its recovery codes.
pub async fn remove(
    State(app): State<App>,
    person: ProvenPerson,
    session: Session,
    Seen(origin): Seen,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).remove_totp(person.0, &session.id_hash()).await?;
    Ok(Done)
}

/// `POST /auth/totp/recovery-codes`: ten new ones for the old ones.
pub async fn renew_codes(
    State(app): State<App>,
    person: ProvenPerson,
    Seen(origin): Seen,
) -> Result<Data<RecoveryCodes>> {
    Ok(Data(app.platform.identity.coming_from(origin).renew_recovery_codes(person.0).await?))
}
