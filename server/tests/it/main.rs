//! The server over real HTTP, on whichever engine `ALUMIA_TEST_DATABASE` names: one program, since each one more
//! is linked anew with everything it tests.
#![allow(clippy::unwrap_used, missing_docs)]

mod api;
mod browser;
// It kills the server at points that only this feature compiles in.
#[cfg(feature = "faults")]
mod crash;
mod keys;
mod local_model;
mod local_models;
mod orgs;
mod pages;
mod stream;
#[path = "../../../crates/stripe/tests/support/mod.rs"]
mod stripe_account;
mod support;
