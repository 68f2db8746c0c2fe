//! Finding a node by name.

use super::{
    node::kind_icon,
    scene::{Scene, Source},
};
use crate::components::icon::Icon;
use alumia_protocol::blocks::NodeId;
use leptos::{ev, html, prelude::*};

const ROWS: usize = 8;

/// The small search above the tools.
#[component]
pub(super) fn Find(scene: Scene) -> impl IntoView {
    move || scene.finding.get().then(|| view! { <Search scene /> })
}

#[component]
fn Search(scene: Scene) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let found = Memo::new(move |_| {
        let wanted = text.get().to_lowercase();
        let matches = |id: &NodeId| {
            scene.node(*id).is_some_and(|node| node.title().to_lowercase().contains(wanted.trim()))
        };
        scene.reading_order().into_iter().filter(matches).take(ROWS).collect::<Vec<_>>()
    });
    Effect::new(move || {
        if let Some(field) = field.get() {
            // A node that is about to come on the screen must not take the focus from what is typed here.
            scene.inner.update_value(|inner| inner.focus_wanted = None);
            drop(field.focus());
        }
    });
    let close = move || scene.finding.set(false);
    let go = move |id: NodeId| {
        close();
        scene.select(vec![id]);
        scene.zoom_to(&[id]);
        scene.focus(id);
    };
    let keys = move |event: ev::KeyboardEvent| {
        let count = found.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(id) = found.with_untracked(|found| found.get(chosen.get_untracked()).copied()) {
                    go(id);
                }
            }
            "Escape" => {
                close();
                if let Some(root) = scene.root.get_untracked() {
                    drop(root.focus());
                }
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let rows = move || {
        found
            .get()
            .into_iter()
            .enumerate()
            .filter_map(|(index, id)| Some((index, id, scene.node(id)?)))
            .map(|(index, id, node)| {
                let icon = match node.source {
                    Source::Block(block) => block.with_untracked(|block| kind_icon(&block.content)),
                    Source::Agent(_) => "spark",
                };
                view! {
                    <li
                        role="option"
                        id=format!("canvas-found-{index}")
                        aria-selected=move || (chosen.get() == index).to_string()
                        on:pointerdown=move |event| event.prevent_default()
                        on:click=move |_| go(id)
                    >
                        <Icon name=icon />
                        <span class="truncate">{node.title()}</span>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="canvas-find" data-ui="" role="search">
            <input
                node_ref=field
                type="search"
                role="combobox"
                aria-label="Find a node"
                aria-expanded="true"
                aria-controls="canvas-found"
                aria-activedescendant=move || format!("canvas-found-{}", chosen.get())
                placeholder="Find a block or an agent"
                on:input=move |event| {
                    text.set(event_target_value(&event));
                    chosen.set(0);
                }
                on:keydown=keys
                on:blur=move |_| close()
            />
            <ul id="canvas-found" role="listbox" aria-label="Found">{rows}</ul>
            {move || found.with(Vec::is_empty).then(|| view! { <p class="muted">"No node has that name."</p> })}
        </div>
    }
}
