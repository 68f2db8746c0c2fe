//! Credits, on whichever engine `ALUMIA_TEST_DATABASE` names.

mod budgets;
mod notices;
mod parallel;
mod payments;
mod plain;
mod random;
mod rules;
mod stripe;
mod subscriptions;
mod support;
