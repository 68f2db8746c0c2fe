//! A web page in an agent's browser: its address, and what it looks like. While a call uses the browser the picture
//! is live.

use crate::{
    components::icon::Icon,
    live::{Live, api, shared::file_url},
};
use alumia_protocol::blocks::Block;
use leptos::prelude::*;

pub(super) fn view(url: String, title: String, path: &str, block: RwSignal<Block>) -> AnyView {
    let (project, session, version) =
        block.with_untracked(|block| (block.project_id, block.session_id, block.version));
    // A newer picture has the same path.
    let kept = (!path.is_empty())
        .then(|| file_url(project, path))
        .flatten()
        .map(|kept| format!("{kept}&version={version}"));
    let frame = session.zip(use_context::<Live>()).and_then(|(session, live)| {
        let frame = live.session(session)?.frame;
        Some(move || frame.get().map(|number| api::browser_url(session, number)))
    });
    let live = Memo::new(move |_| frame.and_then(|frame| frame()));
    let source = move || live.get().or_else(|| kept.clone());
    let alt = if title.is_empty() { format!("The page {url}") } else { title };
    let picture = move || match source() {
        Some(source) => view! { <img src=source alt=alt.clone() draggable="false" /> }.into_any(),
        None => view! { <p class="muted">"There is no picture of this page."</p> }.into_any(),
    };
    // Where it leads is a stranger's choice: it opens apart, and tells the page nothing of where it came from.
    let link = url.clone();
    view! {
        <figure class="block-browser">
            <figcaption>
                <Icon name="globe" />
                <a
                    href=link
                    class="truncate"
                    target="_blank"
                    rel="noopener noreferrer nofollow"
                    referrerpolicy="no-referrer"
                    data-live=""
                >
                    {url}
                </a>
                {move || live.with(Option::is_some).then(|| view! { <span class="inspector-live">"live"</span> })}
            </figcaption>
            <div class="block-browser-page">{picture}</div>
        </figure>
    }
    .into_any()
}
