//! Requests that are sent again: the first answer is kept for a day and given again.

mod model;
mod service;
mod store;

pub use model::{Answer, Begun, Question};
pub use service::Idempotency;
