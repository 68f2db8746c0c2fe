//! The pages. Each reads its data through a server function of its own shape; changes go through the
//! API, or through form actions where they must work without script.

pub mod auth;
mod error;
pub mod frame;
pub mod home;
pub mod lazy;
pub mod projects;
pub mod workspace;

pub use error::{NotFound, PageError, Problem};
