//! `show` primitives.

mod browser;
mod code;
mod document;
mod image;
mod terminal;

use alumia_protocol::{blocks::Block, show::Show};
use leptos::prelude::*;

pub(super) fn view(primitive: Show, block: RwSignal<Block>) -> AnyView {
    let project = block.with_untracked(|block| block.project_id);
    match primitive {
        Show::Document { text } => document::view(text),
        Show::Code { code, language, filename } => code::view(&code, language, filename),
        Show::Terminal { command, output, exit_code } => terminal::view(command, &output, exit_code),
        Show::Image { path, alt } => image::view(&path, alt, project),
        Show::Browser { url, title, path } => browser::view(url, title, &path, block),
    }
}
