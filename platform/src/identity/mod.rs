//! Accounts and browser sessions.
mod common_passwords;
mod factors;
mod invited;
mod model;
mod passwords;
mod service;
mod store;
mod tokens;
mod web_sessions;
pub(crate) use model::Email;
pub use service::Identity;
pub use web_sessions::{NewWebSession, WebSession, WebSessions};
