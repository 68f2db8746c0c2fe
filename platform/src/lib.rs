//! What Alumia does: one module per capability; no HTTP, no HTML.
#![allow(clippy::missing_errors_doc)]

pub mod agents;
pub mod apps;
pub mod audit;
pub mod billing;
pub mod browser;
pub mod canvas;
pub mod clock;
pub mod copies;
pub mod engine;
pub mod error;
pub mod fault;
pub mod files;
pub mod idempotency;
pub mod identity;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod models;
pub mod orgs;
pub mod presence;
pub mod projects;
pub mod sample;
pub mod scope;
pub mod secrets;
pub mod sessions;
pub mod share;
pub mod store;
pub mod tools;

mod build;
mod spreadsheet;
mod text;

pub use build::{Parts, Platform, Services};
pub use error::{Error, Result};
pub use scope::OrgScope;
