//! The browser's copy of a project: one signal per block, message and call, kept equal to the
//! server's log by one stream per tab, so that one event touches one node.

pub mod api;
pub mod fold;
pub mod passkeys;
pub mod security;
pub mod shared;
pub mod spending;
pub mod sse;
pub mod step_up;
mod store;
pub mod stream;
pub mod stripe;
pub mod view;

pub use store::{Connection, Live, SessionSignals};
pub use view::{Entry, Letter, MessageView, Notice, NoticeKind};
