//! The audit log: who did what, from where, and how it went. It only grows: there is no way to change or
//! remove a line, here or past the database's own triggers.

mod csv;
mod model;
mod service;
mod store;

pub use csv::{HEADER, rows};
pub use model::{Entry, Means, Origin};
pub use service::Audit;
