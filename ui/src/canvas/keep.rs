//! What the browser remembers: the view for the tab, the pinned block and the snap switch for good.

use super::{geometry::viewport::Viewport, scene::Scene};
use alumia_protocol::blocks::NodeId;
use leptos::prelude::*;

/// A node's name in the page.
pub(super) fn key(id: NodeId) -> String {
    match id {
        NodeId::Block(id) => format!("b:{id}"),
        NodeId::Session(id) => format!("s:{id}"),
    }
}

/// The node of a name.
pub(super) fn parse(key: &str) -> Option<NodeId> {
    let (kind, id) = key.split_once(':')?;
    match kind {
        "b" => id.parse().ok().map(NodeId::Block),
        "s" => id.parse().ok().map(NodeId::Session),
        _ => None,
    }
}

fn view_from(text: &str) -> Option<Viewport> {
    let mut numbers = text.split(' ').map(str::parse::<f64>);
    let mut next = || numbers.next()?.ok();
    Viewport::checked(next()?, next()?, next()?)
}

impl Scene {
    fn slot(self, what: &str) -> String {
        format!("alumia.canvas.{what}.{}", self.live.project_id())
    }

    /// Stores the view.
    pub fn keep_view(self) {
        let view = self.view.get_untracked();
        let text = format!("{} {} {}", view.origin.x, view.origin.y, view.zoom);
        if let Ok(Some(store)) = window().session_storage() {
            drop(store.set_item(&self.slot("view"), &text));
        }
    }

    /// The view that this tab had last.
    pub fn kept_view(self) -> Option<Viewport> {
        let store = window().session_storage().ok()??;
        view_from(&store.get_item(&self.slot("view")).ok()??)
    }

    /// Reads what holds for good.
    pub fn recall(self) {
        let Ok(Some(store)) = window().local_storage() else { return };
        let get = |what: &str| store.get_item(&self.slot(what)).ok().flatten();
        self.snap.set(get("snap").is_some());
        if let Some(id) = get("pin").as_deref().and_then(parse)
            && self.node(id).is_some()
        {
            self.pinned.set(Some(id));
        }
    }

    /// Shows one block alone, or everything again, also after a reload.
    pub fn pin(self, id: Option<NodeId>) {
        self.pinned.set(id);
        self.remember("pin", id.map(key).as_deref());
        self.announce(if id.is_some() { "Focused view pinned" } else { "Full canvas" });
    }

    /// Turns the grid on or off.
    pub fn toggle_snap(self) {
        let on = !self.snap.get_untracked();
        self.snap.set(on);
        self.remember("snap", on.then_some("1"));
        self.announce(if on { "Snap to grid on" } else { "Snap to grid off" });
    }

    fn remember(self, what: &str, value: Option<&str>) {
        let Ok(Some(store)) = window().local_storage() else { return };
        drop(match value {
            Some(value) => store.set_item(&self.slot(what), value),
            None => store.remove_item(&self.slot(what)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{key, parse, view_from};
    use alumia_protocol::{BlockId, SessionId, blocks::NodeId};

    #[test]
    fn names_lead_back() {
        for id in [NodeId::Block(BlockId::new()), NodeId::Session(SessionId::new())] {
            assert_eq!(parse(&key(id)), Some(id));
        }
        assert_eq!(parse("b:nonsense"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_damaged_view_is_no_view() {
        assert!(view_from("12.5 -3 0.5").is_some());
        for text in ["", "1 2", "1 2 x", "NaN 0 1", "0 0 0"] {
            assert_eq!(view_from(text), None, "{text}");
        }
    }
}
