//! `show` primitives.

mod audio;
mod browser;
mod code;
mod document;
mod drawing;
mod edits;
mod image;
mod map;
mod measure;
mod media;
mod pdf;
mod spreadsheet;
mod terminal;
mod timer;
mod transcript;
mod video;

use alumia_protocol::{
    BlockId,
    blocks::{Block, Content},
    show::{Color, Show},
};
use leptos::prelude::*;

pub(super) fn view(primitive: Show, block: RwSignal<Block>) -> AnyView {
    let project = block.with_untracked(|block| block.project_id);
    match primitive {
        Show::Document { text } => document::view(text),
        Show::Code { code, language, filename } => code::view(&code, language, filename),
        Show::Terminal { command, output, exit_code } => terminal::view(command, &output, exit_code),
        Show::Image { path, alt } => image::view(&path, alt, project),
        Show::Browser { url, title, path } => browser::view(url, title, &path, block),
        Show::Transcript(transcript) => transcript::view(transcript),
        Show::Audio(audio) => audio::view(audio, project),
        Show::Video(video) => video::view(video, project),
        Show::Pdf(pdf) => pdf::view(&pdf, project),
        // These have views that last.
        Show::Spreadsheet(_) | Show::Timer(_) | Show::Drawing(_) | Show::Map(_) => ().into_any(),
    }
}

/// A primitive whose view stays while its content changes, because people work in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    Spreadsheet,
    Timer,
    Drawing,
    Map,
}

/// Which of them a block is.
pub(super) const fn lasting(content: &Content) -> Option<Lasting> {
    match content {
        Content::Show(Show::Spreadsheet(_)) => Some(Lasting::Spreadsheet),
        Content::Show(Show::Timer(_)) => Some(Lasting::Timer),
        Content::Show(Show::Drawing(_)) => Some(Lasting::Drawing),
        Content::Show(Show::Map(_)) => Some(Lasting::Map),
        _ => None,
    }
}

/// `block` is there where what people do can be saved.
pub(super) fn lasting_view(
    kind: Lasting,
    id: BlockId,
    content: Memo<Content>,
    block: Option<RwSignal<Block>>,
) -> AnyView {
    let edits = edits::Edits::new(id, content, block);
    match kind {
        Lasting::Spreadsheet => spreadsheet::view(edits),
        Lasting::Timer => timer::view(edits),
        Lasting::Drawing => drawing::view(edits),
        Lasting::Map => map::view(edits),
    }
}

/// A colour that reads on light and on dark, for a style attribute. Never what somebody wrote: one of eight words.
const fn paint(color: Color) -> &'static str {
    match color {
        Color::Ink => "color:var(--text)",
        Color::Grey => "color:var(--text-faint)",
        Color::Blue => "color:var(--chart-1)",
        Color::Yellow => "color:var(--chart-2)",
        Color::Teal => "color:var(--chart-3)",
        Color::Purple => "color:var(--chart-4)",
        Color::Red => "color:var(--chart-5)",
        Color::Green => "color:var(--chart-6)",
    }
}

/// Minutes and seconds, with hours where there are any: `4:05`, `1:00:00`.
fn clock(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
