//! A second factor that was proved a short while ago.

use crate::{app::App, error::Failure};
use alumia_platform::Error;
use axum::http::request::Parts;

/// Refuses a browser session whose person has not proved a second factor lately.
#[expect(clippy::unused_async, reason = "the session's record will say when it was proved")]
pub async fn require(_: &Parts, _: &App) -> Result<(), Failure> {
    Err(Error::Forbidden {
        reason: "step_up_required",
        message: "Confirm that it is you: use a passkey or a code from your authenticator app.".into(),
    }
    .into())
}
