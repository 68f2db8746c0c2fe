//! Workboards: a frame around the blocks of each, and its name, by which it is taken.

use super::{
    geometry::Rect,
    outbox::Edit,
    scene::{Scene, Source},
};
use crate::components::icon::Icon;
use alumia_protocol::{
    blocks::{NodeId, Position},
    boards::Preset,
};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Around its blocks, and above them for its name, in canvas pixels.
const MARGIN: f64 = 24.0;
const HEAD: f64 = 48.0;

/// One workboard of the canvas.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Board {
    pub id: String,
    pub label: String,
    /// What it is for, in words.
    pub kind: &'static str,
    pub members: Vec<NodeId>,
    /// Its frame.
    pub rect: Rect,
}

impl Scene {
    /// All workboards, in the order of their ids, which is that of their making.
    pub fn boards(self) -> Vec<Board> {
        let mut boards: BTreeMap<String, Board> = BTreeMap::new();
        self.inner.with_value(|inner| {
            for (id, node) in &inner.nodes {
                let (Source::Block(block), Some(rect)) = (node.source, inner.grid.get(*id)) else { continue };
                block.with_untracked(|block| {
                    let Some(group) = &block.position.group_id else { return };
                    let label = block.position.group_label.clone().unwrap_or_default();
                    let kind = block.position.group_kind.as_deref().and_then(Preset::named);
                    let board = boards.entry(group.clone()).or_insert_with(|| Board {
                        id: group.clone(),
                        label,
                        kind: kind.map_or("Workboard", Preset::label),
                        members: vec![],
                        rect,
                    });
                    board.members.push(*id);
                    board.rect = board.rect.union(rect);
                });
            }
        });
        let framed = |mut board: Board| {
            board.members.sort();
            let inner = board.rect;
            board.rect =
                Rect::new(inner.x - MARGIN, inner.y - HEAD, inner.w + 2.0 * MARGIN, inner.h + HEAD + MARGIN);
            board
        };
        boards.into_values().map(framed).collect()
    }

    /// The workboard that a block is part of.
    pub fn board_of(self, id: NodeId) -> Option<Board> {
        self.boards().into_iter().find(|board| board.members.contains(&id))
    }

    /// Selects a workboard's blocks.
    pub fn select_board(self, id: &str) {
        if let Some(board) = self.boards().into_iter().find(|board| board.id == id) {
            self.announce(format!("Workboard {}: {} selected", board.label, board.members.len()));
            self.select(board.members);
        }
    }

    /// Makes ordinary blocks of a workboard's.
    pub fn dissolve_board(self, id: &str) {
        let Some(board) = self.boards().into_iter().find(|board| board.id == id) else { return };
        let moves: Vec<_> = board
            .members
            .iter()
            .filter_map(|id| {
                let from = self.node(*id)?.position();
                let to = Position { group_id: None, group_label: None, group_kind: None, ..from.clone() };
                Some((*id, from, to))
            })
            .collect();
        self.edit(Edit::Move(moves), false);
        self.announce(format!("Workboard {} taken apart", board.label));
    }
}

/// The frames, under everything else.
#[component]
pub(super) fn Boards(scene: Scene) -> impl IntoView {
    let boards = Memo::new(move |_| {
        scene.layout.track();
        scene.boards()
    });
    let ids = Memo::new(move |_| {
        boards.with(|boards| boards.iter().map(|board| board.id.clone()).collect::<Vec<_>>())
    });
    view! {
        <For each=move || ids.get() key=Clone::clone let:id>
            {
                let known = id.clone();
                let board = Memo::new(move |_| {
                    boards.with(|boards| boards.iter().find(|board| board.id == known).cloned())
                });
                let said = move |say: fn(&Board) -> String| board.with(|board| board.as_ref().map(say));
                let style = move || {
                    said(|Board { rect, .. }| {
                        format!(
                            "transform:translate({:.1}px,{:.1}px);width:{:.1}px;height:{:.1}px",
                            rect.x,
                            rect.y,
                            rect.w,
                            rect.h
                        )
                    })
                };
                let label = move || said(|board| board.label.clone());
                let kind = move || said(|board| board.kind.to_owned());
                let spoken = move || {
                    said(|board| format!("Workboard {}, {} blocks", board.label, board.members.len()))
                };
                let chosen = id.clone();
                view! {
                    <div class="board" style=style>
                        <button
                            type="button"
                            class="board-head"
                            data-board=id
                            aria-label=spoken
                            on:click=move |_| {
                                scene.select_board(&chosen);
                                // Arrows move what is selected.
                                if let Some(root) = scene.root.get_untracked() {
                                    drop(root.focus());
                                }
                            }
                        >
                            <Icon name="grid" />
                            <span class="board-name truncate">{label}</span>
                            <span class="board-kind">{kind}</span>
                        </button>
                    </div>
                }
            }
        </For>
    }
}
