//! `show` primitives.

mod code;
mod document;
mod image;
mod terminal;

use alumia_protocol::{ProjectId, show::Show};
use leptos::prelude::*;

pub(super) fn view(primitive: Show, project: ProjectId) -> AnyView {
    match primitive {
        Show::Document { text } => document::view(text),
        Show::Code { code, language, filename } => code::view(&code, language, filename),
        Show::Terminal { command, output, exit_code } => terminal::view(command, &output, exit_code),
        Show::Image { path, alt } => image::view(&path, alt, project),
    }
}
