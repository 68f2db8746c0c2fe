//! Blocks as people see them: one file per type.

mod app;
mod callout;
mod card;
mod chart;
mod dashboard;
mod form;
mod kanban;
mod kpi_grid;
mod list;
mod markdown;
mod metric;
mod show;
mod table;
mod timeline;

use crate::live::shared::is_shared;
use alumia_protocol::{
    ProjectId,
    blocks::{Block, Content},
    dataspec::{DataSpec, Tone},
    show::Show,
};
use leptos::prelude::*;

/// What a block holds, without the title and frame, which are the canvas's.
#[component]
pub fn BlockView(
    /// The block.
    block: RwSignal<Block>,
    /// It is shown to be looked at, as a former version is: nothing in it can be changed.
    #[prop(optional)]
    look_only: bool,
) -> impl IntoView {
    // A moved block is the same content: only a changed one is drawn anew.
    let content = Memo::new_owning(move |drawn: Option<Content>| {
        block.with(|block| match drawn {
            Some(drawn) if drawn == block.content => (drawn, false),
            _ => (block.content.clone(), true),
        })
    });
    let (id, project) = block.with_untracked(|block| (block.id, block.project_id));
    // What is filled in or moved by somebody who only looks goes nowhere.
    let saved = (!is_shared() && !look_only).then_some(block);
    // What people are in the middle of stays while its content changes below them.
    let lasting = Memo::new(move |_| content.with(show::lasting));
    view! {
        <div class="block" data-type=move || content.with(|content| kind(content).0)>
            {move || match lasting.get() {
                Some(kind) => show::lasting_view(kind, id, content, saved),
                None => match content.get() {
                    Content::Data(spec) => data(spec, project, saved),
                    Content::Show(primitive) => show::view(primitive, block),
                    Content::App(_) => app::view(block),
                },
            }}
        </div>
    }
}

/// What people call a block of this type, and its icon.
pub const fn kind(content: &Content) -> (&'static str, &'static str) {
    match content {
        Content::Data(spec) => match spec {
            DataSpec::Markdown(_) => ("Note", "document"),
            DataSpec::Callout(_) => ("Callout", "info"),
            DataSpec::Metric(_) => ("Metric", "chart"),
            DataSpec::KpiGrid(_) => ("Metrics", "grid"),
            DataSpec::Card(_) => ("Card", "block"),
            DataSpec::Table(_) => ("Table", "table"),
            DataSpec::List(_) => ("List", "list"),
            DataSpec::Form(_) => ("Form", "edit"),
            DataSpec::Chart(_) => ("Chart", "chart"),
            DataSpec::Timeline(_) => ("Timeline", "clock"),
            DataSpec::Kanban(_) => ("Board", "layout"),
            DataSpec::Dashboard(_) => ("Dashboard", "grid"),
        },
        Content::Show(primitive) => match primitive {
            Show::Document { .. } => ("Document", "document"),
            Show::Code { .. } => ("Code", "code"),
            Show::Terminal { .. } => ("Terminal", "terminal"),
            Show::Image { .. } => ("Image", "image"),
            Show::Browser { .. } => ("Browser", "globe"),
            Show::Spreadsheet(_) => ("Spreadsheet", "table"),
            Show::Timer(_) => ("Timer", "clock"),
            Show::Drawing(_) => ("Drawing", "edit"),
            Show::Transcript(_) => ("Transcript", "chat"),
            Show::Audio(_) => ("Audio", "play"),
            Show::Video(_) => ("Video", "play"),
            Show::Map(_) => ("Map", "map"),
            Show::Pdf(_) => ("PDF", "file"),
        },
        Content::App(_) => ("App", "play"),
    }
}

/// One typed display. `block` is there where a person's input can be saved.
fn data(spec: DataSpec, project: ProjectId, block: Option<RwSignal<Block>>) -> AnyView {
    match spec {
        DataSpec::Markdown(spec) => markdown::view(spec),
        DataSpec::Callout(spec) => callout::view(spec),
        DataSpec::Metric(spec) => metric::view(spec),
        DataSpec::KpiGrid(spec) => kpi_grid::view(spec),
        DataSpec::Card(spec) => card::view(spec, project),
        DataSpec::Table(spec) => table::view(spec),
        DataSpec::List(spec) => list::view(spec),
        DataSpec::Form(spec) => form::view(spec, block),
        DataSpec::Chart(spec) => chart::view(spec),
        DataSpec::Timeline(spec) => timeline::view(spec),
        DataSpec::Kanban(spec) => kanban::view(spec, block),
        DataSpec::Dashboard(spec) => dashboard::view(spec, project),
    }
}

/// For `data-tone`: a colour, which always goes with words.
const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Info => "info",
        Tone::Success => "success",
        Tone::Warning => "warning",
        Tone::Danger => "danger",
    }
}

/// Markdown below a title, where there is any.
fn text(text: String) -> Option<impl IntoView> {
    use crate::components::markdown::Markdown;
    (!text.trim().is_empty()).then(|| view! { <Markdown text=Signal::stored(text) /> })
}
