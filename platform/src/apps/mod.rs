//! App blocks: their files for the frames that show them, and a database for each.
//!
//! An app is written by a model and trusted by nobody. Its frame has no origin of its own and reaches nothing but its
//! files (`server/src/apps`); what it asks of its database comes through the page around it, with that person's rights.

mod frames;
mod service;
#[cfg(test)]
mod tests;

pub use service::Apps;
