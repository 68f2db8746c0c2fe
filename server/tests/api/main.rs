//! The API as a program sees it, over real HTTP.

mod errors;
mod fuzz;
mod hostile;
mod limits;
mod matrix;
mod places;
mod sign_in;
mod snapshot;
mod story;
#[path = "../support/mod.rs"]
mod support;
