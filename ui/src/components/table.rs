//! Plain tables. The canvas's data tables, which sort and filter, are blocks.

use leptos::prelude::*;

/// A table with a caption that is read out; it scrolls sideways in its own box.
#[component]
pub fn Table(
    /// What the table is about.
    #[prop(into)]
    caption: String,
    /// Column heads.
    columns: Vec<&'static str>,
    /// Which of them hold amounts; their heads stand to the right, like `td.amount`.
    #[prop(optional)]
    numeric: &'static [usize],
    /// Rows: `<tr>` elements.
    children: Children,
) -> impl IntoView {
    let name = caption.clone();
    let heads = columns
        .into_iter()
        .enumerate()
        .map(|(index, head)| view! { <th scope="col" class:amount=numeric.contains(&index)>{head}</th> })
        .collect_view();
    view! {
        <div class="table-box" tabindex="0" role="region" aria-label=name>
            <table class="table">
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
