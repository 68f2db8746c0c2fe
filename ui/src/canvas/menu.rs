//! The pointer's menu, and one block alone in the whole view.

use super::scene::{MenuAt, Scene, Source, kind_name};
use crate::{blocks::BlockView, components::icon::Icon};
use alumia_protocol::blocks::NodeId;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

impl Scene {
    /// Opens a node's menu below the button that was pressed.
    pub fn open_menu(self, id: NodeId, event: &ev::MouseEvent) {
        event.stop_propagation();
        self.select(vec![id]);
        let button = super::dom::element_at(event)
            .and_then(|target| super::dom::closest(&target, "button"))
            .map(|button| button.get_bounding_client_rect());
        if let Some(button) = button {
            #[expect(clippy::cast_possible_truncation, reason = "screen pixels")]
            let at = self.local_point(button.left() as i32, button.bottom() as i32);
            self.menu.set(Some(MenuAt { at, node: Some(id) }));
        }
    }
}

/// The menu.
#[component]
pub(super) fn NodeMenu(scene: Scene) -> impl IntoView {
    move || scene.menu.get().map(|open| view! { <OpenMenu scene open /> })
}

#[component]
fn OpenMenu(scene: Scene, open: MenuAt) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let is_block = matches!(open.node, Some(NodeId::Block(_)));
    let size = scene.size.get_untracked();
    let style = format!(
        "left:{:.0}px;top:{:.0}px",
        open.at.x.clamp(8.0, (size.w - 216.0).max(8.0)),
        open.at.y.clamp(8.0, (size.h - 208.0).max(8.0))
    );
    Effect::new(move || {
        if let Some(list) = list.get() {
            step(&list, 1);
        }
    });
    let close = move || {
        scene.menu.set(None);
        match open.node {
            Some(id) => scene.focus(id),
            None => {
                if let Some(root) = scene.root.get_untracked() {
                    drop(root.focus());
                }
            }
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        let Some(list) = list.get_untracked() else { return };
        match event.key().as_str() {
            "ArrowDown" => step(&list, 1),
            "ArrowUp" => step(&list, -1),
            "Escape" | "Tab" => close(),
            _ => return event.stop_propagation(),
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let item = move |icon: &'static str, text: &'static str, act: Callback<()>| {
        view! {
            <button
                type="button"
                role="menuitem"
                class="menu-item"
                tabindex="-1"
                on:click=move |_| {
                    scene.menu.set(None);
                    act.run(());
                }
            >
                <Icon name=icon />
                {text}
            </button>
        }
    };
    let of_block = is_block.then(|| {
        let pin = Callback::new(move |()| scene.pin(open.node));
        let front = Callback::new(move |()| scene.bring_to_front());
        let delete = Callback::new(move |()| scene.delete_selected());
        let versions = Callback::new(move |()| {
            if let Some(NodeId::Block(block)) = open.node {
                scene.versions_of.set(Some(block));
            }
        });
        let board = open.node.and_then(|id| scene.board_of(id)).map(|board| board.id);
        let of_board = board.map(|board| {
            let (whole, apart) = (board.clone(), board);
            let select = Callback::new(move |()| scene.select_board(&whole));
            let dissolve = Callback::new(move |()| scene.dissolve_board(&apart));
            view! {
                {item("layout", "Select workboard", select)}
                {(!scene.read_only).then(|| item("close", "Take workboard apart", dissolve))}
            }
        });
        view! {
            {item("pin", "Pin focused view", pin)}
            {of_board}
            {(!scene.read_only)
                .then(|| view! {
                    {item("arrow-up", "Bring to front", front)}
                    {item("clock", "Earlier versions", versions)}
                    {item("trash", "Delete", delete)}
                })}
        }
    });
    let of_agent = (matches!(open.node, Some(NodeId::Session(_))) && !scene.read_only)
        .then(|| item("arrow-up", "Bring to front", Callback::new(move |()| scene.bring_to_front())));
    let of_canvas = (open.node.is_none() || (scene.read_only && !is_block)).then(|| {
        view! {
            {item("fit", "Show full canvas", Callback::new(move |()| scene.fit()))}
            {(!scene.read_only)
                .then(|| view! {
                    {item("layout", "Arrange", Callback::new(move |()| scene.tidy()))}
                    {item("undo", "Undo the last run", Callback::new(move |()| scene.undo_last_run()))}
                })}
        }
    });
    view! {
        <div
            class="canvas-menu"
            data-ui=""
            role="menu"
            aria-label="Actions"
            node_ref=list
            style=style
            on:keydown=keys
            on:contextmenu=|event| event.prevent_default()
        >
            {of_block}
            {of_agent}
            {of_canvas}
        </div>
    }
}

fn step(list: &web_sys::Element, by: i32) {
    let Ok(items) = list.query_selector_all("[role=\"menuitem\"]") else { return };
    let count = i32::try_from(items.length()).unwrap_or(0).max(1);
    let active = document().active_element();
    let item = |index: i32| {
        let index = u32::try_from(index).unwrap_or(0);
        items.get(index).and_then(|item| item.dyn_into::<web_sys::HtmlElement>().ok())
    };
    let here = (0..count).find(|index| item(*index).as_deref() == active.as_ref()).unwrap_or(if by > 0 {
        -1
    } else {
        0
    });
    if let Some(item) = item((here + by).rem_euclid(count)) {
        drop(item.focus());
    }
}

/// One block alone.
#[component]
pub(super) fn FocusedView(scene: Scene) -> impl IntoView {
    move || {
        let id = scene.pinned.get()?;
        let Source::Block(block) = scene.node(id)?.source else { return None };
        let title = move || {
            block.with(|block| {
                if block.title.is_empty() {
                    kind_name(&block.content).to_owned()
                } else {
                    block.title.clone()
                }
            })
        };
        Some(view! {
            <section class="canvas-focus" data-ui="" data-mark="solo" aria-label="Focused view">
                <header>
                    <h2 class="truncate">{title}</h2>
                    <button type="button" class="button small" on:click=move |_| scene.pin(None)>
                        <Icon name="fit" />
                        "Show full canvas"
                    </button>
                </header>
                <div class="canvas-focus-body"><BlockView block /></div>
            </section>
        })
    }
}
