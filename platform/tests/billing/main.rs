//! Credits, on whichever engine `ALUMIA_TEST_DATABASE` names.

mod budgets;
mod parallel;
mod plain;
mod random;
mod rules;
mod support;
