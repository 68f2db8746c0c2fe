//! One thing with a title, a text and facts.

use crate::live::shared::file_url;
use alumia_protocol::{ProjectId, dataspec::Card};
use leptos::prelude::*;

pub(super) fn view(spec: Card, project: ProjectId) -> AnyView {
    let image = spec
        .image
        .and_then(|path| file_url(project, &path))
        .map(|url| view! { <img class="card-image" src=url alt="" loading="lazy" /> });
    let subtitle = (!spec.subtitle.is_empty()).then(|| view! { <p class="muted">{spec.subtitle}</p> });
    let facts = (!spec.facts.is_empty()).then(|| {
        let rows = spec.facts.into_iter().map(|(label, value)| {
            view! { <div><dt>{label}</dt><dd>{value}</dd></div> }
        });
        view! { <dl class="card-facts">{rows.collect_view()}</dl> }
    });
    view! {
        <article class="block-card">
            {image}
            <p class="card-title">{spec.title}</p>
            {subtitle}
            {super::text(spec.text)}
            {facts}
        </article>
    }
    .into_any()
}
