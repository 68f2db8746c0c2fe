//! One node: its frame, its head, its content, the handles of the selected one.

use super::{
    agent::AgentBody,
    geometry::resize::Edges,
    keep,
    scene::{Mark, Node, Scene, Source, kind_name},
};
use crate::{blocks::BlockView, components::icon::Icon};
use alumia_protocol::{blocks::Content, dataspec::DataSpec, show::Show as Primitive};
use leptos::{html, prelude::*};

/// The icon that stands for what a block holds.
pub(super) fn kind_icon(content: &Content) -> &'static str {
    match content {
        Content::Data(spec) => match spec {
            DataSpec::Markdown(_) => "document",
            DataSpec::Callout(_) => "info",
            DataSpec::Metric(_) | DataSpec::Chart(_) => "chart",
            DataSpec::KpiGrid(_) | DataSpec::Dashboard(_) => "grid",
            DataSpec::Card(_) => "block",
            DataSpec::Table(_) => "table",
            DataSpec::List(_) | DataSpec::Timeline(_) => "list",
            DataSpec::Form(_) => "edit",
            DataSpec::Kanban(_) => "layout",
        },
        Content::Show(show) => match show {
            Primitive::Document { .. } => "document",
            Primitive::Code { .. } => "code",
            Primitive::Terminal { .. } => "terminal",
            Primitive::Image { .. } => "image",
            Primitive::Browser { .. } => "globe",
            Primitive::Spreadsheet(_) => "table",
            Primitive::Timer(_) => "clock",
            Primitive::Drawing(_) => "edit",
            Primitive::Transcript(_) => "chat",
            Primitive::Audio(_) | Primitive::Video(_) => "play",
            Primitive::Map(_) => "map",
            Primitive::Pdf(_) => "file",
        },
        Content::App(_) => "play",
    }
}

/// One node. It follows its own signals alone.
#[component]
pub(super) fn NodeView(scene: Scene, node: Node) -> impl IntoView {
    let frame = NodeRef::<html::Article>::new();
    let style = move || {
        let rect = node.rect.get();
        let z = node.z.get();
        let lift = i64::from(node.mark.get() != Mark::None) * 100_000;
        // A frame without its content has nothing to fit to.
        let height = if node.fits.get() && node.detailed.get() {
            "height:auto".to_owned()
        } else {
            format!("height:{:.1}px", rect.h)
        };
        format!(
            "transform:translate({:.1}px,{:.1}px);width:{:.1}px;{height};z-index:{}",
            rect.x,
            rect.y,
            rect.w,
            z.clamp(-50_000, 50_000) + lift
        )
    };
    let mark = move || match node.mark.get() {
        Mark::None => None,
        Mark::Selected => Some("selected"),
        Mark::Solo => Some("solo"),
    };
    let (label, title, icon, kind) = match node.source {
        Source::Block(block) => {
            let name = Memo::new(move |_| block.with(|block| kind_name(&block.content)));
            let title = Memo::new(move |_| block.with(|block| block.title.clone()));
            let icon = Memo::new(move |_| block.with(|block| kind_icon(&block.content)));
            let label = Signal::derive(move || match title.get() {
                none if none.is_empty() => format!("{} block", name.get()),
                title => format!("{} block: {title}", name.get()),
            });
            let shown = Signal::derive(move || match title.get() {
                none if none.is_empty() => name.get().to_owned(),
                title => title,
            });
            (label, shown, Signal::derive(move || icon.get()), "block")
        }
        Source::Agent(agent) => {
            let label = Memo::new(move |_| {
                agent.session.with(|session| match session.label.as_str() {
                    "" => format!("Agent {}", session.agent_name),
                    label => format!("Agent {}: {label}", session.agent_name),
                })
            });
            let title = Memo::new(move |_| agent.session.with(|session| session.agent_name.clone()));
            (label.into(), title.into(), Signal::stored("spark"), "agent")
        }
    };
    scene.watch_size(node, frame);
    let body = move || {
        node.detailed.get().then(|| match node.source {
            Source::Block(block) => view! { <BlockView block /> }.into_any(),
            Source::Agent(agent) => view! { <AgentBody agent /> }.into_any(),
        })
    };
    let handles = move || {
        (kind == "block" && !scene.read_only && node.mark.get() == Mark::Solo).then(|| {
            let handle = |name: &'static str| view! { <span class="node-handle" data-handle=name></span> };
            Edges::HANDLES.map(handle).collect_view()
        })
    };
    let alive = move || match node.source {
        Source::Agent(agent) => agent.running.get().then_some("true"),
        Source::Block(_) => None,
    };
    view! {
        <article
            class="node"
            node_ref=frame
            tabindex="0"
            style=style
            data-node=keep::key(node.id)
            data-kind=kind
            data-mark=mark
            data-alive=alive
            aria-label=move || label.get()
        >
            <div class="node-frame">
                {(kind == "block")
                    .then(|| {
                        view! {
                            <header class="node-head" data-grip="">
                                <Icon name=icon />
                                <span class="node-title truncate">{move || title.get()}</span>
                                <button
                                    type="button"
                                    class="node-more"
                                    tabindex="-1"
                                    aria-label=move || format!("Menu of {}", label.get())
                                    on:click=move |event| scene.open_menu(node.id, &event)
                                >
                                    <Icon name="more" />
                                </button>
                            </header>
                        }
                    })}
                <div class="node-body">{body}</div>
            </div>
            <div class="node-far" aria-hidden="true">{move || title.get()}</div>
            {handles}
        </article>
    }
}
