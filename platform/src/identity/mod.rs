//! Accounts and browser sessions.
mod common_passwords;
mod model;
mod passwords;
mod service;
mod store;
mod web_sessions;
pub use service::Identity;
pub use web_sessions::{NewWebSession, WebSession, WebSessions};
