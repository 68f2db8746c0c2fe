//! The services on whichever engine `ALUMIA_TEST_DATABASE` names: one program, since each one more is linked
//! anew with everything it tests.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod agents;
mod billing;
mod common;
mod copies;
mod factors;
mod jobs;
mod keys;
mod limits;
mod mail;
mod orgs;
mod passkeys;
mod people;
mod projects;
mod schema;
mod secrets;
mod share;
mod store;
#[path = "../../../crates/stripe/tests/support/mod.rs"]
mod stripe_account;
mod web_sessions;
