//! Factors, step-up, browser sessions.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a person can prove who they are with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Factors {
    /// How many passkeys.
    pub passkeys: u32,
    /// Whether there is an authenticator app.
    pub totp: bool,
    /// How many of its recovery codes are left.
    pub recovery_codes: u32,
    /// Whether there is a password. It opens a session, but is no factor for a step-up.
    pub password: bool,
}

impl Factors {
    /// Whether there is one to step up with.
    pub const fn any(&self) -> bool {
        self.passkeys > 0 || self.totp
    }
}

/// `GET /auth/step-up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepUp {
    /// Whether this session may do what needs a step-up now.
    pub stepped_up: bool,
    /// Until when; `null` when it may not.
    pub until: Option<Timestamp>,
    /// What to step up with.
    pub factors: Factors,
}

/// `POST /auth/step-up/totp`, `POST /auth/totp/confirm`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Code {
    /// Six digits of the authenticator app; to step up, a recovery code will do.
    pub code: String,
}

/// `POST /auth/totp/enroll`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnrollTotp {
    /// The account's password. Needed while there is no other factor; with one, a step-up stands for it.
    #[serde(default)]
    pub password: Option<String>,
}

/// What an authenticator app needs. It counts once a code was given back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TotpEnrollment {
    /// In base32, for typing.
    pub secret: String,
    /// The same as a link, which a QR code holds.
    pub otpauth_url: String,
    /// That QR code.
    pub qr: QrCode,
}

impl std::fmt::Debug for TotpEnrollment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpEnrollment")
    }
}

/// A QR code as an SVG path: dark squares in a field of `size` units a side, without the margin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QrCode {
    /// Squares a side.
    pub size: u32,
    /// The attribute `d`.
    pub path: String,
}

/// `POST /auth/totp/confirm`: shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryCodes {
    /// Ten, each good once.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCodes")
    }
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Passkey {
    /// Id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// `POST /auth/passkeys/register/start`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartPasskey {
    /// As in [`EnrollTotp`].
    #[serde(default)]
    pub password: Option<String>,
}

/// `POST /auth/passkeys/signup/start`: an account that a passkey opens and no password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartPasskeySignUp {
    /// The person's name, 1–255 characters.
    pub name: String,
    /// Unique among accounts, compared without case.
    pub email: String,
    /// The organisation's name; made from the person's name when absent.
    #[serde(default)]
    pub org_name: Option<String>,
}

/// The first half of a passkey's use, on its way to the browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ceremony {
    /// Goes back with the second half.
    pub ceremony: String,
    /// For `navigator.credentials`, in the standard's JSON.
    pub public_key: Value,
}

/// The second half.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FinishPasskey {
    /// From [`Ceremony`].
    pub ceremony: String,
    /// What the browser answered, in the standard's JSON.
    pub credential: Value,
    /// What to call a new passkey.
    #[serde(default)]
    pub name: String,
}

/// `PATCH /auth/passkeys/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RenamePasskey {
    /// What to call it, 1–60 characters.
    pub name: String,
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BrowserSession {
    /// For `DELETE /auth/sessions/{id}`. Opens nothing.
    pub id: String,
    /// The browser and the system, as far as they tell.
    pub device: String,
    /// The network address that it was begun from.
    pub address: String,
    /// When.
    pub created_at: Timestamp,
    /// Its last use, to some minutes.
    pub last_used_at: Timestamp,
    /// Whether it is the asking one.
    pub current: bool,
}

/// `POST /auth/password`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangePassword {
    /// The present one; not needed where there is none.
    #[serde(default)]
    pub current_password: Option<String>,
    /// The new one.
    pub password: String,
}

/// `POST /auth/password/forgot`, `POST /auth/email`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Address {
    /// An email address.
    pub email: String,
}

/// `POST /auth/password/reset`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetPassword {
    /// From the link in the letter.
    pub token: String,
    /// The new password.
    pub password: String,
}

/// `POST /auth/email/confirm`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfirmEmail {
    /// From the link in the letter.
    pub token: String,
}
