//! The model on this machine: its weights, the process that runs it, and the provider that the server sees.

mod machine;
mod prompt;
mod provider;
pub mod weights;
pub mod worker;

pub use provider::{LocalModel, PROVIDER_ID, Program, Settings};
