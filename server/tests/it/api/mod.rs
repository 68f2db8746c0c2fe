//! The API as a program sees it, over real HTTP.

mod agents;
mod audit;
mod billing;
mod copies;
mod errors;
mod fuzz;
mod hostile;
mod idempotency;
mod keys;
mod limits;
mod matrix;
mod openapi;
mod passkeys;
mod permissions;
mod places;
mod share;
mod show;
mod sign_in;
mod snapshot;
mod story;
mod stripe;
mod wire;
