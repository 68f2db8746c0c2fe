//! A picture from the project's folder.

use crate::{components::icon::Icon, live::shared::file_url};
use alumia_protocol::ProjectId;
use leptos::prelude::*;

pub(super) fn view(path: &str, alt: String, project: ProjectId) -> AnyView {
    match file_url(project, path) {
        Some(url) => {
            view! { <figure class="block-image"><img src=url alt=alt loading="lazy" draggable="false" /></figure> }
                .into_any()
        }
        None => view! {
            <figure class="block-image" data-missing="">
                <Icon name="image" />
                <figcaption>{alt}<span class="muted">"Files are not shared here."</span></figcaption>
            </figure>
        }
        .into_any(),
    }
}
