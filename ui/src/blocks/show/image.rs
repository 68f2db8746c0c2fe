//! A picture from the project's folder.

use crate::live::api::file_url;
use alumia_protocol::ProjectId;
use leptos::prelude::*;

pub(super) fn view(path: &str, alt: String, project: ProjectId) -> AnyView {
    view! { <figure class="block-image"><img src=file_url(project, path) alt=alt loading="lazy" draggable="false" /></figure> }
        .into_any()
}
