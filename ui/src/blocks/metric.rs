//! One headline number.

use crate::components::icon::Icon;
use alumia_protocol::dataspec::{Metric, Trend};
use leptos::prelude::*;

pub(super) fn view(spec: Metric) -> AnyView {
    view! { <dl class="block-metric">{number(spec)}</dl> }.into_any()
}

/// The number with its label and change, for a `dl`.
pub(super) fn number(spec: Metric) -> impl IntoView {
    let (trend, icon) = match spec.trend {
        Trend::Up => ("up", Some("arrow-up")),
        Trend::Down => ("down", Some("arrow-down")),
        Trend::Flat => ("flat", None),
    };
    let unit = (!spec.unit.is_empty()).then(|| view! { <span class="metric-unit">{spec.unit}</span> });
    let delta = (!spec.delta.is_empty()).then(|| {
        view! {
            <span class="metric-delta" data-trend=trend>
                {icon.map(|name| view! { <Icon name /> })}
                {spec.delta}
            </span>
        }
    });
    view! {
        <div class="metric">
            <dt>{spec.label}</dt>
            <dd><span class="metric-value num">{spec.value}{unit}</span>{delta}</dd>
        </div>
    }
}
