//! Outgoing HTTP with address vetting and caps.
//!
//! One [`Client`] fetches for tools, webhooks and connectors. Whatever a name resolves to is vetted
//! where the connection takes it from, so an answer that changes between question and connection
//! changes nothing. [`Client::proxy`] gives the same to a program that speaks HTTP itself.
#![warn(missing_docs)]

mod address;
mod client;
mod dns;
mod error;
#[cfg(unix)]
mod proxy;
mod target;

pub use address::refused;
pub use client::{Client, Fetched, Progress, Request};
pub use dns::{Dns, SystemDns};
pub use error::NetError;
pub use ipnet::IpNet;
#[cfg(unix)]
pub use proxy::{Proxy, ProxyCaps, ProxyEvent, ProxyWatch};
pub use reqwest::{Method, StatusCode, header};
pub use url::Url;

use std::time::Duration;

/// Limits of one fetch, over all its redirects.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// The most bytes of the answer's body, unpacked, that are read.
    pub bytes: usize,
    /// From the first question to the last byte.
    pub time: Duration,
    /// How many redirects are followed.
    pub redirects: usize,
}
