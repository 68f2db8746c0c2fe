//! What Alumia asks of Stripe, and what Stripe tells it.
//!
//! Requests go through `async-stripe`, which knows Stripe's errors, versions and idempotency keys. Answers are read
//! into small types that hold only what is looked at: the full ones refuse an object for any field that a newer
//! version, or a simulator, leaves out. For the same reason the webhook is verified here (Stripe's scheme `v1`) and
//! of an event only its id and its object's id are read: the object itself is asked for anew.
//!
//! | file | holds |
//! | --- | --- |
//! | `client.rs` | requests and their failures |
//! | `objects.rs` | what is read of Stripe's objects |
//! | `webhook.rs` | signatures and events |
mod client;
mod objects;
mod webhook;

pub use client::{Failure, Stripe};
pub use objects::{
    Card, CardSetup, Charge, Dispute, Hosted, PaymentError, PaymentIntent, PaymentMethod, PaymentStatus,
    Subscription, SubscriptionStatus,
};
pub use webhook::{Event, Refused, TOLERANCE_SECONDS, read};
