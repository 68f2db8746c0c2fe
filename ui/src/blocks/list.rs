//! Items one below the other.

use alumia_protocol::dataspec::{Item, ItemList};
use leptos::prelude::*;

pub(super) fn view(spec: ItemList) -> AnyView {
    let rows = spec.items.into_iter().map(row).collect_view();
    if spec.ordered {
        view! { <ol class="block-list" data-ordered="true">{rows}</ol> }.into_any()
    } else {
        view! { <ul class="block-list" role="list">{rows}</ul> }.into_any()
    }
}

fn row(item: Item) -> impl IntoView {
    // The schema allows http and https alone; a block that was stored otherwise shows no link.
    let url = item.url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let title = match url {
        Some(url) => view! {
            <a class="list-title" href=url target="_blank" rel="noopener noreferrer nofollow">{item.title}</a>
        }
        .into_any(),
        None => view! { <span class="list-title">{item.title}</span> }.into_any(),
    };
    let status = (!item.status.is_empty())
        .then(|| view! { <span class="badge" data-tone=super::tone(item.tone)>{item.status}</span> });
    view! { <li><div class="list-line">{title}{status}</div>{super::text(item.text)}</li> }
}
