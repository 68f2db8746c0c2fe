//! What every handler can reach.

use crate::{
    audit::Refusals, client_address::Proxies, config::Config, stream::Frames, web_sessions::Sessions,
};
use alumia_platform::{Platform, limits::Limiter};
use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};
use tokio_util::sync::CancellationToken;

/// The server. One pointer: every extractor of a request has its own.
#[derive(Clone)]
pub struct App(Arc<AppParts>);

impl App {
    /// Of these parts.
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

/// The server's parts.
pub struct AppParts {
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
