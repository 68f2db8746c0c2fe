//! Credits, on whichever engine `ALUMIA_TEST_DATABASE` names.

mod auto_top_ups;
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
