//! Dated events on a rail.

use alumia_protocol::dataspec::{Moment, Timeline};
use leptos::prelude::*;

pub(super) fn view(spec: Timeline) -> AnyView {
    let moment = |moment: Moment| {
        view! {
            <li data-tone=super::tone(moment.tone)>
                <p class="timeline-date num">{moment.date}</p>
                <p class="timeline-title">{moment.title}</p>
                {super::text(moment.text)}
            </li>
        }
    };
    view! { <ol class="block-timeline" role="list">{spec.events.into_iter().map(moment).collect_view()}</ol> }
        .into_any()
}
