//! One clock for everything that counts seconds.

use crate::components::time;
use alumia_protocol::Timestamp;
use leptos::prelude::*;
use std::time::Duration;

/// The time, once a second.
#[derive(Clone, Copy)]
struct Now(RwSignal<Timestamp>);

/// The time, once a second; 0 on the server and until the page runs. All who ask below the same place
/// in the page share one timer.
pub(crate) fn use_now() -> RwSignal<Timestamp> {
    use_context::<Now>().unwrap_or_else(start).0
}

/// Starts the clock for everything below this place in the page.
pub(super) fn provide_now() {
    if use_context::<Now>().is_none() {
        provide_context(start());
    }
}

fn start() -> Now {
    let now = RwSignal::new(Timestamp(0));
    Effect::new(move || {
        now.set(time::now());
        if let Ok(timer) =
            set_interval_with_handle(move || _ = now.try_set(time::now()), Duration::from_secs(1))
        {
            on_cleanup(move || timer.clear());
        }
    });
    Now(now)
}
