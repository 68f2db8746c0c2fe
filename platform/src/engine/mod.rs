//! Runs: a pure state machine and the driver that performs what it asks for.
//!
//! | file | holds |
//! | --- | --- |
//! | `machine/` | the rules of a run, pure |
//! | `driver/` | one run at work: model stream, calls, commits |
//! | `worker.rs` | claiming runs, leases, orders from other processes |
//! | `places/` | which runs may begin: as many as packages run at once |
//! | `context/`, `prompt.rs` | what the model reads |
//! | `chat.rs`, `orders.rs` | what people tell the engine |
//! | `payments.rs` | waiting runs that can be paid |
//! | `peers/` | agents that write to, start and wait for each other |
//! | `store.rs` | its SQL |
mod chat;
mod context;
mod driver;
mod here;
pub mod machine;
mod orders;
mod payments;
mod peers;
mod places;
mod prompt;
mod service;
mod store;
pub mod testing;
#[cfg(test)]
mod tests;
mod title;
mod worker;
pub use service::{Engine, EngineLimits, EngineParts};
