//! Organisations as a whole: making, changing, deleting.
mod service;
mod store;
pub use service::{PURGE_JOB, Tenants};
