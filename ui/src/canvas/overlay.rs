//! What is drawn over the nodes while something is moved: guides, distances, the marquee.

use super::{geometry::Rect, scene::Scene};
use leptos::prelude::*;

/// The overlay, in screen pixels so that its lines stay thin at every zoom.
#[component]
pub(super) fn Overlay(scene: Scene) -> impl IntoView {
    let lines = move || {
        let (guides, gaps) = scene.guides.get();
        let view = scene.view.get();
        let line = |class: &'static str, from, to| {
            let (from, to) = (view.to_screen(from), view.to_screen(to));
            view! {
                <line
                    class=class
                    x1=format!("{:.1}", from.x)
                    y1=format!("{:.1}", from.y)
                    x2=format!("{:.1}", to.x)
                    y2=format!("{:.1}", to.y)
                ></line>
            }
        };
        let guides = guides.iter().map(|guide| line("guide", guide.from, guide.to)).collect_view();
        let pills = gaps
            .iter()
            .map(|gap| {
                let middle = view.to_screen(gap.from.middle(gap.to));
                let text = format!("{:.0}", gap.length());
                #[expect(clippy::cast_precision_loss, reason = "a few digits")]
                let width = 12.0 + 7.0 * text.len() as f64;
                view! {
                    {line("gap", gap.from, gap.to)}
                    <rect
                        class="pill"
                        x=format!("{:.1}", middle.x - width / 2.0)
                        y=format!("{:.1}", middle.y - 9.0)
                        width=format!("{width:.1}")
                        height="18"
                        rx="9"
                    ></rect>
                    <text class="pill-text" x=format!("{:.1}", middle.x) y=format!("{:.1}", middle.y + 4.0)>
                        {text}
                    </text>
                }
            })
            .collect_view();
        view! { {guides} {pills} }
    };
    let marquee = move || {
        scene.marquee.get().map(|area: Rect| {
            let view = scene.view.get();
            let at = view.to_screen(area.origin());
            let style = format!(
                "left:{:.1}px;top:{:.1}px;width:{:.1}px;height:{:.1}px",
                at.x,
                at.y,
                area.w * view.zoom,
                area.h * view.zoom
            );
            view! { <div class="marquee" style=style></div> }
        })
    };
    view! {
        <svg class="canvas-overlay" aria-hidden="true">
            {move || (!scene.guides.with(|(guides, _)| guides.is_empty())).then(lines)}
        </svg>
        {marquee}
    }
}
