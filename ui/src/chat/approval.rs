//! A call that waits for the person: shown exactly as it will be sent.

use super::{Chat, time_limit};
use crate::components::icon::Icon;
use alumia_protocol::{sessions::CallView, tools::Approval};
use leptos::prelude::*;

/// The card under the call's row.
#[component]
pub(crate) fn ApprovalCard(call: RwSignal<CallView>) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let (session, id) = call.with_untracked(|call| (call.session_id, call.call_id));
    let answered = RwSignal::new(false);
    let answer = move |approval| {
        answered.set(true);
        chat.answer(session, id, approval);
    };
    let agent = untrack(|| chat.answerer().0);
    let (limit, answerer) = (call.with_untracked(time_limit), agent.clone());
    let parts = call.with_untracked(|call| reveal(&call.arguments));
    let hidden = parts.iter().any(|part| part.revealed);
    let shown =
        parts
            .into_iter()
            .map(|part| {
                if part.revealed {
                    view! { <mark>{part.text}</mark> }.into_any()
                } else {
                    part.text.into_any()
                }
            })
            .collect_view();
    view! {
        <div class="approval" role="group" aria-label="Allow this call?">
            <p><strong>{format!("{agent} wants to reach outside the project.")}</strong>" This is exactly what will be sent:"</p>
            <pre tabindex="0"><code>{shown}</code></pre>
            {hidden
                .then(|| {
                    view! { <p class="approval-warning"><Icon name="alert" />"It holds characters that can't be seen. They are marked with their codes."</p> }
                })}
            {limit.map(|limit| view! { <p class="muted">{format!("Without an answer within {limit}, {agent} goes on without it.", agent = answerer)}</p> })}
            <div class="approval-answers">
                <button type="button" class="button primary small" disabled=answered on:click=move |_| answer(Approval::Once)>"Allow once"</button>
                <button type="button" class="button small" disabled=answered on:click=move |_| answer(Approval::Session)>"Allow in this chat"</button>
                <button type="button" class="button small" disabled=answered on:click=move |_| answer(Approval::Agent)>{format!("Always for {agent}")}</button>
                <button type="button" class="button small danger" disabled=answered on:click=move |_| answer(Approval::Deny)>"Don't allow"</button>
            </div>
        </div>
    }
}

/// A stretch of text as it is, or one hidden character by its code.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    text: String,
    revealed: bool,
}

/// Splits `text` at characters that a reader can't see or that change how others are read.
fn reveal(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for letter in text.chars() {
        if is_hidden(letter) {
            parts.push(Part { text: format!("U+{:04X}", u32::from(letter)), revealed: true });
        } else if let Some(Part { text, revealed: false }) = parts.last_mut() {
            text.push(letter);
        } else {
            parts.push(Part { text: letter.into(), revealed: false });
        }
    }
    parts
}

/// Controls, formatting and direction marks, odd spaces, variation selectors and tags (Unicode 15.1:
/// `Cc`, `Cf`, `Zs` without the space, `Default_Ignorable_Code_Point`).
fn is_hidden(letter: char) -> bool {
    match letter {
        '\n' | '\t' | ' ' => false,
        '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{1680}' | '\u{17b4}'
        | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' => true,
        '\u{3000}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' => true,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, reveal};

    #[test]
    fn shows_what_can_not_be_seen() {
        let part = |text: &str, revealed| Part { text: text.into(), revealed };
        assert_eq!(
            reveal("https://e.ex\u{200b}ample/\u{202e}x"),
            [
                part("https://e.ex", false),
                part("U+200B", true),
                part("ample/", false),
                part("U+202E", true),
                part("x", false)
            ]
        );
        assert_eq!(reveal("Grüße, 世界\n"), [part("Grüße, 世界\n", false)]);
        for hidden in ['\u{0}', '\u{7f}', '\u{ad}', '\u{2066}', '\u{feff}', '\u{e0041}'] {
            assert!(reveal(&hidden.to_string())[0].revealed, "{:x}", u32::from(hidden));
        }
    }
}
