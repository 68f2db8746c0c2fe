//! What a command printed.

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

/// Without the control sequences by which programs colour and move.
fn plain(output: &str) -> String {
    let mut out = String::with_capacity(output.len());
    let mut characters = output.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // ECMA-48: ESC [ parameters final, where the final byte is @ to ~; ESC ] … BEL is a title.
            '\u{1b}' => match characters.next() {
                Some('[') => while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
                Some(']') => {
                    while characters.next().is_some_and(|next| next != '\u{7}' && next != '\u{9c}') {}
                }
                _ => {}
            },
            '\n' | '\t' => out.push(character),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn control_sequences_are_left_out() {
        assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m\n\u{1b}]0;title\u{7}ok\r\n\u{1b}"), "red\nok\n");
    }
}
