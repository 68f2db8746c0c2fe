//! Several headline numbers.

use super::metric;
use alumia_protocol::dataspec::KpiGrid;
use leptos::prelude::*;

pub(super) fn view(spec: KpiGrid) -> AnyView {
    view! { <dl class="block-kpis">{spec.metrics.into_iter().map(metric::number).collect_view()}</dl> }
        .into_any()
}
