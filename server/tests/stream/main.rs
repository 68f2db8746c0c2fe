//! Event streams over real HTTP: cut anywhere, resumed, slow, silent, and in another protocol's words.
#![allow(clippy::unwrap_used, missing_docs)]

mod ai_sdk;
mod cut;
mod fold;
mod life;
mod moved_on;
mod scripts;
#[path = "../support/mod.rs"]
mod support;
