//! News that credits moved, for whatever shows the balance.

use leptos::prelude::*;

/// Counts up when credits may have moved; context of all pages of an organisation.
#[derive(Clone, Copy)]
pub struct Spending(RwSignal<u32>);

impl Spending {
    /// Nothing has moved yet.
    #[expect(clippy::new_without_default, reason = "made once, by the frame")]
    pub fn new() -> Self {
        Self(RwSignal::new(0))
    }

    /// Something was charged, granted or taken back.
    pub fn moved(self) {
        self.0.try_update(|count| *count = count.wrapping_add(1));
    }

    /// How often; tracks.
    pub fn count(self) -> u32 {
        self.0.get()
    }
}
