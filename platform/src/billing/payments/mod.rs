//! What is paid with money: credits at once, when people ask or few are left, and packages. A gateway takes the money; what it says of a payment is read from it,
//! never taken from an event, and grants credits exactly once.
//!
//! | file | holds |
//! | --- | --- |
//! | `gateway.rs` | what a gateway does |
//! | `offer.rs` | what can be bought |
//! | `service.rs` | beginning payments, settling them |
//! | `auto_top_ups/` | payments that begin by themselves |
//! | `subscriptions/` | packages that are paid by the month |
//! | `reconcile.rs` | looking after those that no event has told of |
//! | `stripe.rs` | Stripe |
//! | `store.rs` | its SQL |
//! | `test_gateway/` | a gateway that takes test money, for development |
mod auto_top_ups;
mod gateway;
mod offer;
mod reconcile;
mod service;
mod store;
mod stripe;
mod subscriptions;
mod test_gateway;

pub use gateway::{Begun, Charge, ChargeState, Gateway, Order, Page, SavedCard, Standing, Told};
pub use offer::offer;
pub use service::Payments;
pub use stripe::{StripeGateway, StripeKeys};
pub(crate) use subscriptions::is_charged;
pub(super) use subscriptions::of_account;
pub use subscriptions::way_back;
pub use test_gateway::{Card, TestGateway};
