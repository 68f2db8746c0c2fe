//! Credits, on whichever engine `ALUMIA_TEST_DATABASE` names.
#![allow(clippy::unwrap_used, missing_docs)]

mod budgets;
mod notices;
mod parallel;
mod payments;
mod plain;
mod random;
mod rules;
mod stripe;
#[path = "../../../crates/stripe/tests/support/mod.rs"]
mod stripe_account;
mod subscriptions;
mod support;
