//! What a command printed.

use crate::canvas::terminal_text::plain;
use leptos::prelude::*;

pub(super) fn view(command: String, output: &str, exit_code: Option<i32>) -> AnyView {
    let prompt = (!command.is_empty()).then(|| {
        view! { <span class="terminal-command"><span aria-hidden="true">"$ "</span>{command}"\n"</span> }
    });
    let ended = exit_code.map(|code| {
        view! { <p class="terminal-exit" data-ok=(code == 0).to_string()>"exit status "{code}</p> }
    });
    view! {
        <div class="block-terminal">
            <pre tabindex="0">{prompt}{plain(output)}</pre>
            {ended}
        </div>
    }
    .into_any()
}
