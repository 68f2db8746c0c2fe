//! A film of the project's folder.

use super::media::{kept_back, name, trouble, watched};
use crate::live::shared::file_url;
use alumia_protocol::{
    ProjectId,
    show::{Captions, Video},
};
use leptos::{html, prelude::*};

pub(super) fn view(video: Video, project: ProjectId) -> AnyView {
    let Video { path, alt, poster, captions } = video;
    let Some(url) = file_url(project, &path) else { return kept_back("play", alt) };
    let name = name(&path);
    let player = NodeRef::<html::Video>::new();
    let (failed, look) = watched(player);
    let poster = (!poster.is_empty()).then(|| file_url(project, &poster)).flatten();
    let tracks = captions
        .into_iter()
        .enumerate()
        .filter_map(|(index, Captions { path, language, label })| {
            let url = file_url(project, &path)?;
            Some(view! { <track kind="captions" src=url srclang=language label=label default=index == 0 /> })
        })
        .collect_view();
    view! {
        <figure class="block-video">
            <video
                node_ref=player
                controls
                playsinline
                preload="metadata"
                src=url.clone()
                poster=poster
                aria-label=alt.clone()
                on:error=look
            >
                {tracks}
            </video>
            <figcaption>
                <p class="media-text">{alt}</p>
                {trouble(failed, url, name)}
            </figcaption>
        </figure>
    }
    .into_any()
}
