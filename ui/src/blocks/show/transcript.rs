//! Who said what, and when.

use super::clock;
use alumia_protocol::show::{Transcript, Turn};
use leptos::prelude::*;

/// Speakers that have a mark of their own; after them they begin anew.
const MARKS: usize = 8;

pub(super) fn view(transcript: Transcript) -> AnyView {
    let mut speakers: Vec<String> = Vec::new();
    let turns = transcript.turns.into_iter().map(|Turn { speaker, at, text }| {
        let mark = speakers.iter().position(|known| *known == speaker).unwrap_or_else(|| {
            speakers.push(speaker.clone());
            speakers.len() - 1
        });
        let name = if speaker.is_empty() { "Somebody".to_owned() } else { speaker };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be small")]
        let at = at.map(|at| clock(at as u64)).map(|at| view! { <span class="num muted">{at}</span> });
        view! {
            <li>
                <p class="turn-head">
                    <span class="turn-mark" style=format!("color:var(--chart-{})", mark % MARKS + 1) aria-hidden="true"></span>
                    <strong>{name}</strong>
                    {at}
                </p>
                <p class="turn-text">{text}</p>
            </li>
        }
    });
    let turns = turns.collect_view();
    view! {
        <ol class="block-transcript" role="list" tabindex="0" aria-label="Transcript">{turns}</ol>
    }
    .into_any()
}
