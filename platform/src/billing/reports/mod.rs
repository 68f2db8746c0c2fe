//! What there is and what it was used for, for people and programs. Nothing here changes anything.
mod csv;
mod service;
mod store;

pub use csv::{CALLS_HEADER, USAGE_HEADER, call_rows, usage_rows};
pub use service::{CallFilter, Span};
