//! The models on this machine: their weights, the processes that run them, and the provider and the embedder that the
//! server sees.

mod embedder;
mod machine;
mod process;
mod prompt;
mod provider;
pub mod weights;
pub mod worker;

pub use embedder::LocalEmbedder;
pub use machine::free_memory_mb;
pub use process::Program;
pub use provider::{LocalModel, Settings};
