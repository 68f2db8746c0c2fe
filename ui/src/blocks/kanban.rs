//! Columns of cards that people drag, or move with buttons, between them.

use crate::{
    components::{button::IconButton, toast::Toasts},
    live::api,
};
use alumia_protocol::{
    blocks::{Block, Content, UpdateBlock},
    dataspec::{DataSpec, Kanban, KanbanCard},
};
use leptos::{ev, prelude::*, task::spawn_local};
use serde::Deserialize as _;

pub(super) fn view(spec: Kanban, block: Option<RwSignal<Block>>) -> AnyView {
    let board = RwSignal::new(spec);
    let dragged = RwSignal::new(None::<String>);
    let over = RwSignal::new(None::<usize>);
    let toasts = use_context::<Toasts>();
    let place = move |card: &str, column: usize| {
        let before = board.get_untracked();
        let Some(after) = moved(&before, card, column) else { return };
        board.set(after.clone());
        let Some(block) = block else { return };
        spawn_local(async move {
            if let Err(problem) = save(block, after).await {
                board.try_set(before);
                if let Some(toasts) = toasts {
                    toasts.fail(problem.message);
                }
            }
        });
    };
    let columns = move || {
        let board = board.get();
        let last = board.columns.len().saturating_sub(1);
        board
            .columns
            .into_iter()
            .enumerate()
            .map(|(index, column)| {
                let count = column.cards.len();
                let label = format!("{}, {count} cards", column.title);
                let cards = column
                    .cards
                    .into_iter()
                    .map(|card| card_view(card, index, last, block.is_some(), dragged, place))
                    .collect_view();
                let drop_here = move |event: ev::DragEvent| {
                    event.prevent_default();
                    event.stop_propagation();
                    over.set(None);
                    if let Some(card) = dragged.get_untracked() {
                        dragged.set(None);
                        place(&card, index);
                    }
                };
                view! {
                    <section
                        class="kanban-column"
                        aria-label=label
                        data-over=move || (over.get() == Some(index)).to_string()
                        on:dragover=move |event| {
                            if dragged.with_untracked(Option::is_some) {
                                event.prevent_default();
                                over.set(Some(index));
                            }
                        }
                        on:dragleave=move |_| over.set(None)
                        on:drop=drop_here
                    >
                        <p class="kanban-head">{column.title}<span class="muted num">{count}</span></p>
                        <ul role="list">{cards}</ul>
                    </section>
                }
            })
            .collect_view()
    };
    view! { <div class="block-kanban">{columns}</div> }.into_any()
}

fn card_view(
    card: KanbanCard,
    column: usize,
    last: usize,
    movable: bool,
    dragged: RwSignal<Option<String>>,
    place: impl Fn(&str, usize) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let id = StoredValue::new(card.id);
    let tags = card.tags.into_iter().map(|tag| view! { <span class="badge">{tag}</span> }).collect_view();
    view! {
        <li
            class="kanban-card"
            draggable=movable.to_string()
            on:dragstart=move |event| {
                event.stop_propagation();
                dragged.set(Some(id.get_value()));
            }
            on:dragend=move |_| dragged.set(None)
        >
            <p>{card.title}</p>
            {super::text(card.text)}
            <div class="kanban-foot">
                <span>{tags}</span>
                {movable
                    .then(|| {
                        view! {
                            <span class="kanban-moves">
                                {(column > 0)
                                    .then(|| view! {
                                        <IconButton icon="chevron-left" label="Move to the column before" on:click=move |_| id.with_value(|id| place(id, column - 1)) />
                                    })}
                                {(column < last)
                                    .then(|| view! {
                                        <IconButton icon="chevron-right" label="Move to the next column" on:click=move |_| id.with_value(|id| place(id, column + 1)) />
                                    })}
                            </span>
                        }
                    })}
            </div>
        </li>
    }
}

/// The board with a card at the end of another column; `None` when nothing changes.
fn moved(board: &Kanban, card: &str, column: usize) -> Option<Kanban> {
    let mut board = board.clone();
    let from = board.columns.iter().position(|column| column.cards.iter().any(|held| held.id == card))?;
    if from == column || column >= board.columns.len() {
        return None;
    }
    let index = board.columns[from].cards.iter().position(|held| held.id == card)?;
    let card = board.columns[from].cards.remove(index);
    board.columns[column].cards.push(card);
    Some(board)
}

/// Saves the board. A stale version brings the present block, which is shown instead.
async fn save(block: RwSignal<Block>, board: Kanban) -> api::Answer<()> {
    let (id, version) = block.with_untracked(|block| (block.id, block.version));
    let change = UpdateBlock {
        version,
        title: None,
        content: Some(Content::Data(DataSpec::Kanban(board))),
        position: None,
    };
    match api::update_block(id, &change).await {
        Ok(saved) => {
            block.try_set(saved);
            Ok(())
        }
        Err(problem) => {
            let present =
                problem.details.as_ref().and_then(|details| Block::deserialize(details.get("block")?).ok());
            if let Some(present) = present {
                block.try_set(present);
            }
            Err(problem)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::moved;
    use alumia_protocol::dataspec::{DataSpec, Kanban};

    fn board() -> Kanban {
        let board = DataSpec::examples().into_iter().find_map(|spec| match spec {
            DataSpec::Kanban(board) => Some(board),
            _ => None,
        });
        board.unwrap()
    }

    #[test]
    fn a_card_goes_to_the_end_of_the_other_column() {
        let after = moved(&board(), "a", 1).unwrap();
        let ids: Vec<_> = after.columns[1].cards.iter().map(|card| card.id.as_str()).collect();
        assert_eq!(ids, ["b", "a"]);
        assert!(after.columns[0].cards.is_empty());
    }

    #[test]
    fn nothing_moves_to_where_it_is_or_to_nowhere() {
        assert_eq!(moved(&board(), "a", 0), None);
        assert_eq!(moved(&board(), "a", 9), None);
        assert_eq!(moved(&board(), "no such card", 1), None);
    }
}
