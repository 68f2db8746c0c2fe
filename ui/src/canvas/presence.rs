//! The others who have the project open: their pointers, what they have selected, who they are; and where this tab
//! is, for them.

use super::{
    geometry::Point,
    scene::{Node, Scene},
};
use crate::live::{Connection, api};
use alumia_protocol::{
    TabId, UserId,
    presence::{Guest, MOST_SELECTED, Spot, Whereabouts},
};
use leptos::{ev, prelude::*};
use std::{collections::BTreeMap, time::Duration};

/// Between two words of where this tab is.
const PAUSE: Duration = Duration::from_millis(120);
/// Faces before "and so many more".
const FACES: usize = 4;
/// Colours to tell people apart by.
const HUES: u8 = 10;

/// What the others have been told.
#[derive(Debug, Default)]
pub(super) struct Telling {
    cursor: Option<Spot>,
    told: Option<Whereabouts>,
    waiting: bool,
}

impl Scene {
    /// Tells the others of what changes here, while there are any.
    pub fn wire_presence(self) {
        if self.read_only {
            return;
        }
        let alone = Memo::new(move |_| self.live.guests().with(Vec::is_empty));
        Effect::new(move |_| {
            self.selection.track();
            alone.track();
            self.tell_soon();
        });
        // After the line broke the server knows nothing of this tab.
        Effect::new(move |_| {
            if self.live.connection().get() == Connection::Live {
                self.inner.update_value(|inner| inner.telling.told = None);
                self.tell_soon();
            }
        });
        Effect::new(move |before: Option<BTreeMap<UserId, String>>| {
            let now: BTreeMap<UserId, String> = self
                .live
                .guests()
                .with(|guests| guests.iter().map(|guest| (guest.user_id, guest.name.clone())).collect());
            if let Some(before) = before {
                for (_, name) in now.iter().filter(|(id, name)| !before.contains_key(id) && *name != "You") {
                    self.announce(format!("{name} is here"));
                }
                for (_, name) in before.iter().filter(|(id, name)| !now.contains_key(id) && *name != "You") {
                    self.announce(format!("{name} left"));
                }
            }
            now
        });
    }

    /// Takes note of where the pointer is; `None` when it left the canvas.
    pub fn point(self, event: Option<&ev::PointerEvent>) {
        if self.live.guests().with_untracked(Vec::is_empty) {
            return;
        }
        let cursor = event.map(|event| {
            let at = self.local_point(event.client_x(), event.client_y());
            let at = self.coming_view().to_canvas(at);
            Spot { x: at.x.round(), y: at.y.round() }
        });
        self.inner.update_value(|inner| inner.telling.cursor = cursor);
        self.tell_soon();
    }

    /// Tells the others soon.
    fn tell_soon(self) {
        if !cfg!(feature = "hydrate") || self.live.guests().with_untracked(Vec::is_empty) {
            return;
        }
        let first = self.inner.try_update_value(|inner| !std::mem::replace(&mut inner.telling.waiting, true));
        if first == Some(true) {
            set_timeout(move || self.tell_now(), PAUSE);
        }
    }

    fn tell_now(self) {
        if self.inner.is_disposed() {
            return;
        }
        let mut selection = self.selection.get_untracked();
        selection.truncate(MOST_SELECTED);
        let tab = self.live.tab();
        let news = self.inner.try_update_value(|inner| {
            let Telling { cursor, told, waiting } = &mut inner.telling;
            *waiting = false;
            let now = Whereabouts { tab, cursor: *cursor, selection };
            (told.as_ref() != Some(&now)).then(|| told.insert(now).clone())
        });
        if let Some(Some(now)) = news {
            let project = self.live.project_id();
            leptos::task::spawn_local(async move {
                if api::tell_presence(project, &now).await.is_err() && !self.inner.is_disposed() {
                    // The next change tells all of it again.
                    self.inner.update_value(|inner| inner.telling.told = None);
                }
            });
        }
    }
}

/// The colour that a person has for everybody.
fn hue(user: UserId) -> String {
    let sum = user.0.as_bytes().iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
    format!("--guest-hue:{}", u16::from(sum % HUES) * 360 / u16::from(HUES))
}

fn tabs(scene: Scene) -> Vec<(TabId, UserId)> {
    scene.live.guests().with(|guests| guests.iter().map(|guest| (guest.tab, guest.user_id)).collect())
}

/// A guest as long as it is here.
fn guest(scene: Scene, tab: TabId) -> Memo<Option<Guest>> {
    let guests = scene.live.guests();
    Memo::new(move |_| guests.with(|guests| guests.iter().find(|guest| guest.tab == tab).cloned()))
}

/// The others' pointers, over everything, in screen pixels.
#[component]
pub(super) fn Cursors(scene: Scene) -> impl IntoView {
    view! {
        <div class="canvas-cursors" aria-hidden="true">
            <For each=move || tabs(scene) key=|(tab, _)| *tab let:((tab, user))>
                {
                    let guest = guest(scene, tab);
                    let style = move || {
                        let spot = guest.with(|guest| guest.as_ref()?.cursor);
                        let at = spot.map(|spot| scene.view.get().to_screen(Point::new(spot.x, spot.y)));
                        at.map_or_else(
                            || "display:none".into(),
                            |at| format!("transform:translate({:.0}px,{:.0}px);{}", at.x, at.y, hue(user)),
                        )
                    };
                    let name = move || guest.with(|guest| guest.as_ref().map(|guest| guest.name.clone()));
                    view! {
                        <div class="guest-cursor" style=style>
                            <svg viewBox="0 0 16 18">
                                <path d="M1 1v14l4-3.5 2.5 5.5 2.5-1-2.5-5.5H14z"></path>
                            </svg>
                            <span class="guest-name truncate">{name}</span>
                        </div>
                    }
                }
            </For>
        </div>
    }
}

/// Frames around what the others have selected, in canvas pixels.
#[component]
pub(super) fn GuestMarks(scene: Scene) -> impl IntoView {
    let marks = Memo::new(move |_| {
        // A node can come after word that it is selected.
        scene.layout.track();
        scene.live.guests().with(|guests| {
            let of = |guest: &Guest| {
                let (tab, user, name) = (guest.tab, guest.user_id, guest.name.clone());
                let there = |id: &_| scene.node(*id).is_some();
                let nodes = guest.selection.iter().copied().filter(there);
                nodes.map(|id| (tab, id, user, name.clone())).collect::<Vec<_>>()
            };
            guests.iter().flat_map(of).collect::<Vec<_>>()
        })
    });
    view! {
        <For each=move || marks.get() key=|(tab, id, ..)| (*tab, *id) let:((_, id, user, name))>
            {scene.node(id).map(|node| view! { <GuestMark node user name /> })}
        </For>
    }
}

#[component]
fn GuestMark(node: Node, user: UserId, name: String) -> impl IntoView {
    let style = move || {
        let rect = node.rect.get();
        format!(
            "transform:translate({:.1}px,{:.1}px);width:{:.1}px;height:{:.1}px;{}",
            rect.x,
            rect.y,
            rect.w,
            rect.h,
            hue(user)
        )
    };
    view! {
        <div class="guest-mark" style=style aria-hidden="true">
            <span class="guest-name truncate">{name}</span>
        </div>
    }
}

/// Who else is here. Pressing a face goes to where that person is.
#[component]
pub(super) fn Guests(scene: Scene) -> impl IntoView {
    // One face a person, however many tabs.
    let people = Memo::new(move |_| {
        scene.live.guests().with(|guests| {
            let mut people: Vec<(UserId, String)> = Vec::new();
            for guest in guests {
                if people.iter().all(|(id, _)| *id != guest.user_id) {
                    people.push((guest.user_id, guest.name.clone()));
                }
            }
            people
        })
    });
    let more = move || people.with(Vec::len).saturating_sub(FACES);
    let go = move |user: UserId| {
        let guests = scene.live.guests().get_untracked();
        let theirs = || guests.iter().filter(|guest| guest.user_id == user);
        if let Some(spot) = theirs().find_map(|guest| guest.cursor) {
            let to = Point::new(spot.x, spot.y);
            scene.glide(scene.coming_view().centered(to, scene.size.get_untracked()));
        } else if let Some(there) = theirs().find(|guest| !guest.selection.is_empty()) {
            scene.zoom_to(&there.selection);
        }
    };
    let face = move |(user, name): (UserId, String)| {
        let initial: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
        let label = if name == "You" { "You, in another tab".into() } else { name };
        view! {
            <li>
                <button
                    type="button"
                    class="guest-face tip"
                    style=hue(user)
                    aria-label=format!("Go to where this person is: {label}")
                    data-tip=label
                    on:click=move |_| go(user)
                >
                    {initial}
                </button>
            </li>
        }
    };
    view! {
        <Show when=move || !people.with(Vec::is_empty)>
            <ul class="canvas-guests" data-ui="" aria-label="Also here">
                <For
                    each=move || people.get().into_iter().take(FACES)
                    key=|person| person.clone()
                    let:person
                >
                    {face(person)}
                </For>
                <Show when=move || { more() > 0 }>
                    <li class="guest-more num">{move || format!("+{}", more())}</li>
                </Show>
            </ul>
        </Show>
    }
}
