//! Credits: what an organisation has, what is held for its calls, what they cost, and where it ends.
//!
//! | file | holds |
//! | --- | --- |
//! | `model.rs` | what is asked of the ledger |
//! | `book/` | the ledger of one organisation as pure rules |
//! | `packages.rs`, `packages.toml` | what subscriptions include |
//! | `allowance.rs` | what they cap by number |
//! | `rates.rs` | what is paid by time |
//! | `post/` | reads books, does what is asked, writes them back: one transaction |
//! | `queue.rs` | puts what waits at the same time into one transaction |
//! | `service.rs`, `sweep.rs` | the way in; what is done without being asked |
//! | `budgets.rs` | limits that people set |
//! | `notices/` | letters about what is used of them |
//! | `byok/` | keys of organisations' own |
//! | `payments/` | what is paid with money, and who takes it |
//! | `compare/` | whether it all adds up |
//! | `reports/` | what there is and what it was used for |
//! | `waits.rs` | runs that wait until they can be paid |
//! | `store.rs` | its SQL |
mod allowance;
mod book;
mod budgets;
mod byok;
mod compare;
mod model;
mod notices;
mod packages;
pub mod payments;
mod post;
mod queue;
mod rates;
pub mod reports;
mod service;
mod store;
mod sweep;
mod waits;
pub use allowance::{Allowance, Capped, Room};
pub use alumia_protocol::billing::{ModelTier as Tier, Operation};
pub use byok::OwnKeys;
pub use compare::Difference;
pub use model::{Ask, Grant, Paid, Reservation, State, Used};
pub use notices::Notices;
pub use packages::{Caps, Package, Packages};
pub(crate) use payments::is_charged;
pub use rates::Rates;
pub use service::Billing;
