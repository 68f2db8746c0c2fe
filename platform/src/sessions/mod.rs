//! Sessions and the event log.
mod log;
mod service;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub use log::{Append, Feed, Log, LogLimits, LogTx};
pub use service::Sessions;
pub(crate) use service::{NewSession, in_turn};
pub(crate) use store::save;
