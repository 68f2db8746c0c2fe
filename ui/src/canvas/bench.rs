//! A canvas full of synthetic blocks, to measure frames on: `/docs/canvas-bench?nodes=1000&edges=2000`.

use super::{Canvas, Inspected};
use crate::live::Live;
use alumia_protocol::{
    AgentId, BlockId, ProjectId, SessionId, Timestamp, UserId,
    blocks::{Block, Content, NodeId, Position},
    dataspec::DataSpec,
    events::{SessionView, Snapshot},
    sessions::{Session, SessionStatus},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;

const MOST: usize = 10_000;

/// Edges beside those that say who made what.
#[derive(Clone, Debug)]
pub(super) struct ExtraEdges(pub Vec<(NodeId, NodeId)>);

/// The page. Development only; the router says where.
#[component]
pub fn BenchPage() -> impl IntoView {
    let query = use_query_map();
    let number = move |name: &str, default: usize| {
        query
            .with_untracked(|query| query.get(name))
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
            .min(MOST)
    };
    let (nodes, edges) = (number("nodes", 1_000), number("edges", 2_000));
    let snapshot = synthetic(nodes);
    let ids: Vec<NodeId> = snapshot.blocks.iter().map(|block| NodeId::Block(block.id)).collect();
    let extra = edges.saturating_sub(ids.len());
    let edges = (0..extra).filter_map(|index| {
        let from = *ids.get(index % ids.len().max(1))?;
        let to = *ids.get((index * 7 + 3) % ids.len().max(1))?;
        Some((from, to))
    });
    provide_context(ExtraEdges(edges.collect()));
    provide_context(Live::new(snapshot.project_id, snapshot));
    provide_context(Inspected { selected_call: RwSignal::new(None) });
    view! {
        <main id="main" class="canvas-bench" tabindex="-1">
            <h1 class="sr-only">"Canvas bench"</h1>
            <Canvas />
        </main>
    }
}

/// The same project on the server and in the browser.
fn synthetic(nodes: usize) -> Snapshot {
    let project_id = ProjectId(Uuid::from_u128(1));
    let examples = DataSpec::examples();
    let at = Timestamp(1_700_000_000_000_000);
    let agents = (nodes / 50).max(1);
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
    let place = |index: usize, width: f64| {
        let columns = (nodes as f64).sqrt().ceil().max(1.0) as usize;
        Position {
            x: (index % columns) as f64 * 460.0,
            y: (index / columns) as f64 * 340.0,
            width,
            height: if width > 300.0 { 300.0 } else { 0.0 },
            ..Position::default()
        }
    };
    let session_id = |index: usize| SessionId(Uuid::from_u128(1_000_000 + index as u128));
    let sessions = (0..agents.min(nodes)).map(|index| SessionView {
        session: Session {
            id: session_id(index),
            project_id,
            agent_id: AgentId(Uuid::from_u128(2)),
            agent_name: format!("Agent {}", index + 1),
            agent_avatar: String::new(),
            label: "Synthetic".into(),
            status: SessionStatus::Idle,
            position: place(index * 50, 296.0),
            parent_id: None,
            metadata: serde_json::Value::Null,
            created_by: UserId(Uuid::from_u128(3)),
            created_at: at,
            updated_at: at,
        },
        events: vec![],
        queue: vec![],
    });
    let blocks = (0..nodes).filter(|index| index % 50 != 0).map(|index| {
        let spec = examples[index % examples.len()].clone();
        Block {
            id: BlockId(Uuid::from_u128(2_000_000 + index as u128)),
            project_id,
            title: format!("{} {index}", spec.type_name()),
            content: Content::Data(spec),
            position: place(index, 420.0),
            version: 1,
            session_id: Some(session_id(index / 50)),
            run_id: None,
            created_at: at,
            updated_at: at,
        }
    });
    Snapshot { project_id, seq: 0, sessions: sessions.collect(), blocks: blocks.collect() }
}

#[cfg(test)]
mod tests {
    use super::synthetic;

    #[test]
    fn makes_as_many_nodes_as_asked_for() {
        for count in [1, 49, 100, 1_000] {
            let made = synthetic(count);
            assert_eq!(made.sessions.len() + made.blocks.len(), count);
        }
        assert_eq!(synthetic(10), synthetic(10));
    }
}
