//! Has nodes drawn that aren't on the screen, a part in each frame as always, so that the page stays alive.

use super::{super::scene::Scene, Made};
use alumia_protocol::blocks::NodeId;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

/// Frames are waited for at most so long, in milliseconds: a page that is behind draws none.
const PATIENCE: u32 = 60_000;
/// A look at how far it is.
const LOOK: u32 = 50;
/// Until measured heights have settled.
const SETTLE: u32 = 300;

/// Draws all of these, content and all.
pub(super) async fn draw(scene: Scene, ids: &[NodeId], said: RwSignal<Option<String>>) -> Made<()> {
    let begun = scene.inner.try_update_value(|inner| inner.exporting = ids.iter().copied().collect());
    if begun.is_none() {
        return Err("The page was left.".into());
    }
    let mut waited = 0;
    loop {
        if scene.inner.is_disposed() {
            return Err("The page was left.".into());
        }
        scene.mark_stale(|stale| stale.cull = true);
        TimeoutFuture::new(LOOK).await;
        // One that went away meanwhile isn't waited for.
        let there = |id: &&NodeId| scene.node(**id).is_none_or(|node| node.detailed.get_untracked());
        let missing = ids.len() - ids.iter().filter(there).count();
        if missing == 0 {
            break;
        }
        said.try_set(Some(format!("Drawing {} of {} nodes", ids.len() - missing, ids.len())));
        waited += LOOK;
        if waited > PATIENCE {
            return Err("The browser draws nothing while this page is in the background. Keep it in front and try again.".into());
        }
    }
    TimeoutFuture::new(SETTLE).await;
    Ok(())
}

/// Only what is on the screen is drawn again.
pub(super) fn let_go(scene: Scene) {
    if scene.inner.try_update_value(|inner| inner.exporting.clear()).is_some() {
        scene.mark_stale(|stale| stale.cull = true);
    }
}
