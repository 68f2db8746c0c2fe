//! The pages. Each reads its data through a server function of its own shape; changes go through the
//! API, or through form actions where they must work without script.

pub mod agents;
pub mod auth;
pub mod billing;
pub mod developers;
pub mod docs;
mod error;
pub mod frame;
pub mod home;
pub mod invite;
pub mod lazy;
pub mod orgs;
pub mod projects;
pub mod settings;
pub mod share;
pub mod workspace;

pub use error::{NotFound, PageError, Problem};
