//! The canvas as data: blocks as the API gives them, agents' places, and who belongs to whom.

use super::{
    super::{
        edges,
        scene::{Scene, Source},
    },
    Made,
};
use alumia_protocol::{
    ProjectId, SessionId,
    blocks::{Block, NodeId, Position},
};
use leptos::prelude::*;
use serde::Serialize;
use std::collections::HashSet;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Canvas {
    format: &'static str,
    version: u32,
    project_id: ProjectId,
    blocks: Vec<Block>,
    agents: Vec<Agent>,
    edges: Vec<Edge>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Agent {
    session_id: SessionId,
    name: String,
    label: String,
    position: Position,
}

#[derive(Serialize)]
struct Edge {
    from: NodeId,
    to: NodeId,
}

/// These nodes, and the edges between two of them.
pub(super) fn of(scene: Scene, ids: &[NodeId]) -> Made<String> {
    let among: HashSet<NodeId> = ids.iter().copied().collect();
    let (mut blocks, mut agents) = (Vec::new(), Vec::new());
    for node in ids.iter().filter_map(|id| scene.node(*id)) {
        match node.source {
            Source::Block(block) => blocks.push(Block { position: node.position(), ..block.get_untracked() }),
            Source::Agent(agent) => agent.session.with_untracked(|session| {
                agents.push(Agent {
                    session_id: session.id,
                    name: session.agent_name.clone(),
                    label: session.label.clone(),
                    position: node.position(),
                });
            }),
        }
    }
    let edges = edges::among(scene, &among).into_iter().map(|(from, to, _)| Edge { from, to }).collect();
    let canvas = Canvas {
        format: "alumia-canvas",
        version: 1,
        project_id: scene.live.project_id(),
        blocks,
        agents,
        edges,
    };
    serde_json::to_string_pretty(&canvas).map_err(|_| "The canvas could not be written as JSON.".to_owned())
}
