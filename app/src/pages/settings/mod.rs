//! Settings.

pub mod security;
