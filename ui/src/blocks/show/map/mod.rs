//! Places, ways and areas over an outline of the world's land, which is a static file of ours: nobody is asked for
//! tiles, and so nobody learns what is looked at. Natural Earth made the outline (public domain, see the file).

mod world;

use super::{
    edits::Edits,
    measure::{share_in, size_of},
    paint,
};
use crate::components::button::IconButton;
use alumia_protocol::show::Show;
use leptos::{ev, html, prelude::*};
use world::{AROUND, Drawn, Kind, View, labels, net, net_label, project, scale};

/// The outline; asked for when the first map is drawn.
const LAND: &str = "/maps/world.svg#land";
const BORDERS: &str = "/maps/world.svg#borders";

#[derive(Clone, Copy)]
struct Atlas {
    features: Memo<Vec<Drawn>>,
    /// Where somebody has moved it to; everything until then.
    chosen: RwSignal<Option<View>>,
    size: RwSignal<(f64, f64)>,
    view: Memo<Option<View>>,
}

impl Atlas {
    fn ratio(self) -> f64 {
        let (width, height) = self.size.get();
        width / height
    }

    fn view(self) -> View {
        self.view.get().unwrap_or(View { middle: (0.0, 0.0), width: AROUND })
    }

    fn change(self, to: impl Fn(View, f64) -> View) {
        let (view, ratio) = untrack(|| (self.view(), self.ratio()));
        self.chosen.set(Some(to(view, ratio)));
    }

    fn zoom(self, factor: f64, share: (f64, f64)) {
        self.change(move |view, ratio| view.zoomed(factor, share, ratio));
    }
}

pub(super) fn view(edits: Edits) -> AnyView {
    let features = edits.pick(|show: &Show| match show {
        Show::Map(map) => Some(map.features.iter().map(Drawn::new).collect::<Vec<_>>()),
        _ => None,
    });
    let stage = NodeRef::<html::Div>::new();
    let (chosen, size) = (RwSignal::new(None), size_of(stage, (620.0, 420.0)));
    let view = Memo::new(move |_| {
        let (width, height) = size.get();
        Some(chosen.get().unwrap_or_else(|| features.with(|features| View::of(features, width / height))))
    });
    let atlas = Atlas { features, chosen, size, view };
    let pointers = RwSignal::new(Vec::<(i32, (f64, f64))>::new());
    let shares = move |event: &ev::PointerEvent| {
        stage.get_untracked().map_or((0.5, 0.5), |stage| share_in(&stage, event.client_x(), event.client_y()))
    };
    let press = move |event: ev::PointerEvent| {
        if event.button() != 0 {
            return;
        }
        // Two fingers here belong to this map, not to the canvas.
        event.stop_propagation();
        let at = shares(&event);
        pointers.update(|pointers| pointers.push((event.pointer_id(), at)));
        if let Some(stage) = stage.get_untracked() {
            // A pointer that is up already has nothing to be held.
            drop(stage.set_pointer_capture(event.pointer_id()));
        }
    };
    let drag = move |event: ev::PointerEvent| {
        let before = pointers.get_untracked();
        let Some(index) = before.iter().position(|(id, _)| *id == event.pointer_id()) else { return };
        let to = shares(&event);
        pointers.update(|pointers| pointers[index].1 = to);
        let from = before[index].1;
        match before.iter().find(|(id, _)| *id != event.pointer_id()) {
            None => atlas.change(move |view, ratio| {
                view.moved((from.0 - to.0) * view.width, (from.1 - to.1) * view.width / ratio, ratio)
            }),
            Some((_, other)) => {
                let apart = |a: (f64, f64)| (a.0 - other.0).hypot(a.1 - other.1).max(0.01);
                let middle = (f64::midpoint(to.0, other.0), f64::midpoint(to.1, other.1));
                atlas.zoom(apart(to) / apart(from), middle);
            }
        }
    };
    let lift = move |event: ev::PointerEvent| {
        pointers.update(|pointers| pointers.retain(|(id, _)| *id != event.pointer_id()));
    };
    let roll = move |event: ev::WheelEvent| {
        event.prevent_default();
        event.stop_propagation();
        let unit = if event.delta_mode() == 1 { 16.0 } else { 1.0 };
        let Some(stage) = stage.get_untracked() else { return };
        let share = share_in(&stage, event.client_x(), event.client_y());
        atlas.zoom((-(event.delta_y() * unit).clamp(-120.0, 120.0) * 0.004).exp(), share);
    };
    let keys = move |event: ev::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let pan = |x: f64, y: f64| {
            atlas.change(move |view, ratio| view.moved(x * view.width * 0.15, y * view.width * 0.15, ratio));
        };
        match event.key().as_str() {
            "ArrowLeft" => pan(-1.0, 0.0),
            "ArrowRight" => pan(1.0, 0.0),
            "ArrowUp" => pan(0.0, -1.0),
            "ArrowDown" => pan(0.0, 1.0),
            "+" | "=" => atlas.zoom(1.5, (0.5, 0.5)),
            "-" | "_" => atlas.zoom(1.0 / 1.5, (0.5, 0.5)),
            "0" | "Home" => chosen.set(None),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let frame = move || {
        let (left, top, width, height) = atlas.view().frame(atlas.ratio());
        format!("{left:.3} {top:.3} {width:.3} {height:.3}")
    };
    view! {
        <div class="block-map">
            <div
                class="map-stage"
                node_ref=stage
                tabindex="0"
                role="group"
                aria-label="Map. Arrow keys move it, plus and minus zoom, 0 shows everything."
                data-live=""
                on:pointerdown=press
                on:pointermove=drag
                on:pointerup=lift
                on:pointercancel=lift
                on:wheel=roll
                on:dblclick=move |event| event.stop_propagation()
                on:keydown=keys
            >
                <svg viewBox=frame role="img" aria-label=move || features.with(|features| summary(features))>
                    <g class="map-land">{[-1.0, 0.0, 1.0].map(|round| view! { <use href=LAND x=round * AROUND /> })}</g>
                    <g class="map-borders">{[-1.0, 0.0, 1.0].map(|round| view! { <use href=BORDERS x=round * AROUND /> })}</g>
                    {move || netting(atlas)}
                    {move || features.with(|features| features.iter().map(shape).collect_view())}
                    {move || lettering(atlas)}
                </svg>
                {move || ruler(atlas)}
            </div>
            <div class="map-acts needs-script">
                <IconButton icon="zoom-in" label="Zoom in" on:click=move |_| atlas.zoom(1.6, (0.5, 0.5)) />
                <IconButton icon="zoom-out" label="Zoom out" on:click=move |_| atlas.zoom(1.0 / 1.6, (0.5, 0.5)) />
                <IconButton icon="fit" label="Show everything" on:click=move |_| chosen.set(None) />
            </div>
            {move || features.with(|features| list(features, atlas))}
        </div>
    }
    .into_any()
}

/// "Map with 2 places, 1 line".
fn summary(features: &[Drawn]) -> String {
    let count = |kind: Kind| features.iter().filter(|it| it.kind == kind).count();
    let some = |kind: Kind, one: &str| match count(kind) {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {one}s")),
    };
    let parts = [some(Kind::Point, "place"), some(Kind::Line, "line"), some(Kind::Area, "area")];
    format!("Map with {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn shape(drawn: &Drawn) -> AnyView {
    let (path, style) = (drawn.outline(), paint(drawn.color));
    match drawn.kind {
        Kind::Area => view! { <path class="map-area" d=path style=style /> }.into_any(),
        Kind::Line => view! { <path class="map-line" d=path style=style /> }.into_any(),
        Kind::Point => {
            view! { <path class="map-ring" d=path.clone() /><path class="map-point" d=path style=style /> }
                .into_any()
        }
    }
}

/// Lines of equal latitude and longitude, with their degrees at the edge.
fn netting(atlas: Atlas) -> AnyView {
    let (view, ratio) = (atlas.view(), atlas.ratio());
    let (left, top, width, height) = view.frame(ratio);
    let unit = width / atlas.size.get().0;
    let (east, north) = net(view, ratio);
    let size = format!("{:.3}", 10.0 * unit);
    let mut path = String::new();
    let mut texts = Vec::new();
    for lon in east {
        let x = project(0.0, lon).0;
        path += &format!("M{x:.3} {top:.3}v{height:.3}");
        texts.push((x + 3.0 * unit, top + 12.0 * unit, net_label(lon, false)));
    }
    for lat in north {
        let y = project(lat, 0.0).1;
        path += &format!("M{left:.3} {y:.3}h{width:.3}");
        texts.push((left + 4.0 * unit, y - 3.0 * unit, net_label(lat, true)));
    }
    let texts = texts
        .into_iter()
        .map(|(x, y, text)| view! { <text x=format!("{x:.3}") y=format!("{y:.3}") font-size=size.clone()>{text}</text> })
        .collect_view();
    view! { <path class="map-net" d=path /><g class="map-degrees" aria-hidden="true">{texts}</g> }.into_any()
}

fn lettering(atlas: Atlas) -> AnyView {
    let (view, ratio) = (atlas.view(), atlas.ratio());
    let unit = view.width / atlas.size.get().0;
    let (size, halo) = (format!("{:.3}", 12.0 * unit), format!("{:.3}", 3.0 * unit));
    let texts = atlas.features.with(|features| {
        labels(features, view, ratio, unit)
            .into_iter()
            .map(|(index, (x, y))| {
                let label = features[index].label.clone();
                view! {
                    <text x=format!("{x:.3}") y=format!("{y:.3}") font-size=size.clone() stroke-width=halo.clone()>
                        {label}
                    </text>
                }
            })
            .collect_view()
    });
    view! { <g class="map-labels">{texts}</g> }.into_any()
}

fn ruler(atlas: Atlas) -> AnyView {
    let view = atlas.view();
    let (long, name) = scale(view, view.width / atlas.size.get().0, 110.0);
    view! {
        <p class="map-scale num">
            <span style=format!("width:{long:.1}px") aria-hidden="true"></span>
            {name}
        </p>
    }
    .into_any()
}

/// Everything that is on the map in words.
fn list(features: &[Drawn], atlas: Atlas) -> AnyView {
    let items = features
        .iter()
        .map(|drawn| {
            let Drawn { label, note, color, place, .. } = drawn.clone();
            let one = vec![drawn.clone()];
            let show = move |_| atlas.chosen.set(Some(View::of(&one, untrack(|| atlas.ratio()))));
            view! {
                <li>
                    <span class="map-key" style=paint(color) aria-hidden="true"></span>
                    <span class="map-place">
                        <strong>{label.clone()}</strong>
                        {(!note.is_empty()).then(|| view! { <span>{note}</span> })}
                        <span class="muted num">{place}</span>
                    </span>
                    <span class="needs-script">
                        <IconButton icon="search" label=format!("Show {label}") on:click=show />
                    </span>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="map-list">
            <summary>{format!("On the map: {}", features.len())}<span class="muted">"Outlines: Natural Earth"</span></summary>
            <ul role="list">{items}</ul>
        </details>
    }
    .into_any()
}
