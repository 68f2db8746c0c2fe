//! What every handler can reach.

use crate::{
    audit::Refusals, client_address::Proxies, config::Config, stream::Frames, web_sessions::Sessions,
};
use alumia_platform::{Platform, limits::Limiter};
use std::sync::{Arc, atomic::AtomicBool};
use tokio_util::sync::CancellationToken;

/// The server's parts. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub platform: Platform,
    pub config: Arc<Config>,
    pub sessions: Sessions,
    pub limiter: Limiter,
    pub frames: Arc<Frames>,
    pub proxies: Arc<Proxies>,
    pub refusals: Arc<Refusals>,
    /// Whether requests should still be sent here; see [`crate::health`].
    pub ready: Arc<AtomicBool>,
    /// Fires when the server is about to end; open streams close.
    pub ending: CancellationToken,
}
