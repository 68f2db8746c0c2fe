//! Pictures of the page as it changes. The browser sends the next one only when the last was acknowledged, so what
//! is slow here costs it nothing, and the last change of several always shows.

use super::state::State;
use crate::{Seen, Watch, cdp::Cdp};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Frame {
    /// The picture in base64.
    pub data: String,
    /// What it is acknowledged by.
    pub number: Value,
}

/// Passes pictures on until there are none any more.
pub(super) async fn pass(
    cdp: Cdp,
    state: Arc<watch::Sender<State>>,
    watch: Watch,
    mut frames: mpsc::UnboundedReceiver<Frame>,
) {
    while let Some(mut frame) = frames.recv().await {
        let session = state.borrow().page.as_ref().map(|ids| ids.session.clone());
        let seen = |frame: &Frame| {
            let answer = json!({ "sessionId": frame.number });
            cdp.send(session.as_deref(), "Page.screencastFrameAck", &answer);
        };
        while let Ok(newer) = frames.try_recv() {
            seen(&frame);
            frame = newer;
        }
        if let Ok(picture) = BASE64_STANDARD.decode(&frame.data) {
            watch(Seen::Frame(picture.into()));
        }
        tokio::time::sleep(PAUSE).await;
        seen(&frame);
    }
}
