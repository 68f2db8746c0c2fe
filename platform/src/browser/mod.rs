//! Browsers of sessions: one each, fresh, on a canvas block, and gone when nobody has used it for a while.

mod service;
mod tab;

pub use service::{Browsing, BrowsingLimits, Deed};
