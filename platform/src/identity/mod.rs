//! Accounts: sign-up and sign-in, factors, browser sessions.
mod account;
mod browsers;
mod common_passwords;
mod factors;
mod invited;
mod model;
mod passkeys;
mod passwords;
mod service;
mod store;
mod tokens;
mod totp;
mod web_sessions;
pub use account::RESET_JOB;
pub(crate) use model::Email;
pub use passkeys::Site;
pub use service::Identity;
pub use web_sessions::{NewWebSession, WebSession, WebSessions};
