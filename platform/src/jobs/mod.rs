//! Later work: rows with leases.
//!
//! A job is enqueued in the transaction of what it follows from, so both happen or neither. A worker claims
//! it for a while; what it doesn't finish in time another worker claims again. So every job runs at least
//! once, and its work must bear to be done twice.

mod model;
mod service;
mod store;
mod worker;

pub use model::{DeadJob, Job, JobId, NewJob};
pub use service::Jobs;
pub use worker::{Handler, Worker};
