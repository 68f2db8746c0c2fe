//! The layer of edges: three paths, however many edges there are.

use super::{
    geometry::edges::push_curve,
    scene::{Scene, Source},
};
use alumia_protocol::blocks::NodeId;
use leptos::prelude::*;
use std::collections::HashSet;

/// The curves, by how they look.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Paths {
    /// At rest.
    pub still: String,
    /// From agents that are running.
    pub alive: String,
    /// At what is selected: the only ones that change while something is dragged.
    pub near: String,
}

/// From whom to whom.
fn all(scene: Scene) -> Vec<(NodeId, NodeId, bool)> {
    scene.inner.with_value(|inner| {
        let made = inner.nodes.values().filter_map(|node| match node.source {
            Source::Block(block) => {
                let maker = block.with_untracked(|block| block.session_id)?;
                let running = scene.live.session(maker)?.running.get_untracked();
                Some((NodeId::Session(maker), node.id, running))
            }
            Source::Agent(_) => None,
        });
        let extra = inner.extra_edges.iter().map(|(from, to)| (*from, *to, false));
        let wrote = inner.nodes.values().flat_map(|node| match node.source {
            Source::Agent(agent) => {
                let running = agent.running.get_untracked();
                let letters = agent.letters.get_untracked().into_iter();
                letters.map(|letter| (NodeId::Session(letter.from), node.id, running)).collect()
            }
            Source::Block(_) => Vec::new(),
        });
        made.chain(extra).chain(wrote).collect()
    })
}

/// Draws every edge.
pub(super) fn draw(scene: Scene) -> Paths {
    let selected: HashSet<NodeId> = scene.selection.get_untracked().into_iter().collect();
    let mut paths = Paths::default();
    for (from, to, running) in all(scene) {
        let near = selected.contains(&from) || selected.contains(&to);
        let path = match (running, near) {
            (true, _) => &mut paths.alive,
            (false, true) => &mut paths.near,
            (false, false) => &mut paths.still,
        };
        push(scene, path, from, to);
    }
    paths
}

/// The edges between two of these.
pub(super) fn among(scene: Scene, ids: &HashSet<NodeId>) -> Vec<(NodeId, NodeId, bool)> {
    let mut edges = all(scene);
    edges.retain(|(from, to, _)| ids.contains(from) && ids.contains(to));
    edges
}

/// Draws those, whatever is selected.
pub(super) fn draw_among(scene: Scene, ids: &HashSet<NodeId>) -> Paths {
    let mut paths = Paths::default();
    for (from, to, running) in among(scene, ids) {
        let path = if running { &mut paths.alive } else { &mut paths.still };
        push(scene, path, from, to);
    }
    paths
}

/// Draws the edges at what is selected again, while it is dragged.
pub(super) fn draw_near(scene: Scene) -> (String, String) {
    let selected: HashSet<NodeId> = scene.selection.get_untracked().into_iter().collect();
    let (mut near, mut alive) = (String::new(), String::new());
    for (from, to, running) in all(scene) {
        if running {
            push(scene, &mut alive, from, to);
        } else if selected.contains(&from) || selected.contains(&to) {
            push(scene, &mut near, from, to);
        }
    }
    (near, alive)
}

fn push(scene: Scene, path: &mut String, from: NodeId, to: NodeId) {
    scene.inner.with_value(|inner| {
        if let (Some(from), Some(to)) = (inner.grid.get(from), inner.grid.get(to)) {
            push_curve(path, from, to);
        }
    });
}

/// The layer.
#[component]
pub(super) fn EdgeLayer(scene: Scene) -> impl IntoView {
    let path = move |pick: fn(&Paths) -> &String| move || scene.paths.with(|paths| pick(paths).clone());
    let (still, near, alive) =
        (path(|paths| &paths.still), path(|paths| &paths.near), path(|paths| &paths.alive));
    let (still, near, alive) =
        (Memo::new(move |_| still()), Memo::new(move |_| near()), Memo::new(move |_| alive()));
    view! {
        <svg class="edges" width="1" height="1" aria-hidden="true">
            <path class="edge" d=move || still.get()></path>
            <path class="edge near" d=move || near.get()></path>
            <path class="edge alive" d=move || alive.get()></path>
        </svg>
    }
}
