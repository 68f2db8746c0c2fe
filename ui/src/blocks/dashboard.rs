//! Several displays in a twelve-column grid.

use alumia_protocol::{
    ProjectId,
    dataspec::{Dashboard, Tile},
};
use leptos::prelude::*;

pub(super) fn view(spec: Dashboard, project: ProjectId) -> AnyView {
    let tile = |tile: Tile| {
        let title = (!tile.title.is_empty()).then(|| view! { <p class="tile-title">{tile.title}</p> });
        view! {
            <div class="tile" style=("--span", tile.span.unwrap_or(12).to_string())>
                {title}
                {super::data(tile.spec.into(), project, None)}
            </div>
        }
    };
    view! { <div class="block-dashboard">{spec.tiles.into_iter().map(tile).collect_view()}</div> }.into_any()
}
