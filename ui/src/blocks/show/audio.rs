//! A sound file of the project's folder.

use super::media::{kept_back, name, trouble, watched};
use crate::live::shared::file_url;
use alumia_protocol::{ProjectId, show::Audio};
use leptos::{html, prelude::*};

pub(super) fn view(audio: Audio, project: ProjectId) -> AnyView {
    let Audio { path, text } = audio;
    let about = if text.is_empty() { "A sound file".to_owned() } else { text.clone() };
    let Some(url) = file_url(project, &path) else { return kept_back("play", about) };
    let name = name(&path);
    let player = NodeRef::<html::Audio>::new();
    let (failed, look) = watched(player);
    let label = format!("Sound: {name}");
    let text = (!text.is_empty()).then(|| view! { <p class="media-text">{text}</p> });
    view! {
        <figure class="block-audio">
            <audio node_ref=player controls preload="metadata" src=url.clone() aria-label=label on:error=look></audio>
            <figcaption>{text} {trouble(failed, url, name)}</figcaption>
        </figure>
    }
    .into_any()
}
