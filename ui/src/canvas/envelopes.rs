//! What agents write to each other, on the edges between them.

use super::{geometry::Point, scene::Scene, ticker::use_now};
use crate::{
    chat::Chat,
    components::icon::Icon,
    live::{Letter, SessionSignals},
};
use alumia_protocol::{SessionId, blocks::NodeId};
use leptos::prelude::*;

/// For how long a message is news and shows its words.
const NEWS_MS: i64 = 12_000;
/// Characters of it.
const WORDS: usize = 90;
/// How far along the way to its reader it stands.
const ALONG: f64 = 0.6;

/// All of them: for each two agents, and each way, the last one.
#[component]
pub(super) fn Envelopes(scene: Scene) -> impl IntoView {
    let live = scene.live;
    let all = Memo::new(move |_| {
        let to = live.sessions().get().into_iter();
        let letters = to.filter_map(|to| Some((to, live.session(to)?.letters.get())));
        letters
            .flat_map(|(to, letters)| letters.into_iter().map(move |letter| (to, letter)))
            .collect::<Vec<_>>()
    });
    view! {
        <For each=move || all.get() key=|(to, letter)| (*to, letter.from, letter.message) let:((to, letter))>
            {live
                .session(letter.from)
                .zip(live.session(to))
                .map(|(from, reader)| view! { <Envelope scene letter to ends=(from, reader) /> })}
        </For>
    }
}

#[component]
fn Envelope(
    scene: Scene,
    letter: Letter,
    to: SessionId,
    ends: (SessionSignals, SessionSignals),
) -> impl IntoView {
    let chat = use_context::<Chat>();
    let now = use_now();
    let (from, at) = (letter.from, letter.at);
    let place = move || {
        // Wherever the two are now.
        scene.layout.track();
        let between = scene.inner.with_value(|inner| {
            let (from, to) = (inner.grid.get(NodeId::Session(from))?, inner.grid.get(NodeId::Session(to))?);
            let (a, b) = (from.center(), to.center());
            Some(Point::new(a.x + (b.x - a.x) * ALONG, a.y + (b.y - a.y) * ALONG))
        });
        between.map_or_else(
            || "display:none".into(),
            |at| format!("transform:translate({:.0}px,{:.0}px) translate(-50%,-50%)", at.x, at.y),
        )
    };
    // The clock stands at 0 until the page's script runs.
    let fresh = Memo::new(move |_| {
        let now = now.get();
        now.0 > 0 && now.millis_since(at) < NEWS_MS
    });
    let words = crate::text::gist(&letter.text, WORDS);
    let name = |session: SessionSignals| session.session.with_untracked(|session| session.agent_name.clone());
    let label = format!("{} to {}: {words}", name(ends.0), name(ends.1));
    let count = (letter.count > 1).then(|| view! { <span class="num">{letter.count}</span> });
    view! {
        <button
            type="button"
            class="envelope"
            data-live=""
            data-fresh=move || fresh.get().then_some("")
            style=place
            aria-label=label
            on:click=move |_| {
                if let Some(chat) = chat {
                    chat.open(to);
                }
            }
        >
            <Icon name="mail" />
            {count}
            <span class="envelope-words truncate">{words}</span>
        </button>
    }
}
