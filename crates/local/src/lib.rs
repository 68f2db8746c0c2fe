//! The model on this machine: its weights, the process that runs it, and the provider that the server sees.

mod machine;
mod prompt;
mod provider;
pub mod weights;
pub mod worker;

pub use machine::free_memory_mb;
pub use provider::{LocalModel, Program, Settings};
