//! The dialog that makes, replaces and turns off a project's share link.

use super::scene::Scene;
use crate::{
    components::{
        button::{Button, Kind},
        dialog::Dialog,
        field::FormError,
        icon::Icon,
        time::date,
        toast::Toasts,
    },
    live::api,
};
use alumia_protocol::{
    ProjectId,
    share::{MadeShare, NewShare, Share, ShareExpiry, ShareMode, ShareState},
};
use leptos::{ev, prelude::*, task::spawn_local};

/// What the dialog knows.
#[derive(Clone, Copy)]
struct Desk {
    project: ProjectId,
    /// `None` until the server has said.
    state: RwSignal<Option<ShareState>>,
    /// The link, once: closing the dialog forgets it.
    made: RwSignal<Option<MadeShare>>,
    wanted: RwSignal<NewShare>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    toasts: Option<Toasts>,
}

impl Desk {
    fn new(project: ProjectId) -> Self {
        Self {
            project,
            state: RwSignal::new(None),
            made: RwSignal::new(None),
            wanted: RwSignal::new(NewShare { expires_in: ShareExpiry::Week, ..NewShare::default() }),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            toasts: use_context(),
        }
    }

    /// Does one thing at a time.
    fn begin(self) -> bool {
        if self.busy.get_untracked() {
            return false;
        }
        self.busy.set(true);
        self.problem.set(None);
        true
    }

    fn end<T>(self, answer: api::Answer<T>, done: impl FnOnce(T)) {
        // The page may be gone.
        if self.busy.try_set(false).is_some() {
            return;
        }
        match answer {
            Ok(value) => done(value),
            Err(problem) => self.problem.set(Some(problem.message)),
        }
    }

    fn look(self) {
        self.made.set(None);
        if self.begin() {
            spawn_local(async move {
                let answer = api::share(self.project).await;
                self.end(answer, |state| self.state.set(Some(state)));
            });
        }
    }

    fn make(self) {
        if self.begin() {
            let wanted = self.wanted.get_untracked();
            spawn_local(async move {
                let answer = api::make_share(self.project, &wanted).await;
                self.end(answer, |made| {
                    let share = Some(made.share.clone());
                    self.state.set(Some(ShareState { enabled: true, share }));
                    self.made.set(Some(made));
                });
            });
        }
    }

    fn turn_off(self) {
        if self.begin() {
            spawn_local(async move {
                let answer = api::turn_share_off(self.project).await;
                self.end(answer, |()| {
                    self.made.set(None);
                    self.state.set(Some(ShareState { enabled: false, share: None }));
                    if let Some(toasts) = self.toasts {
                        toasts.say("Sharing is off. The link is dead.");
                    }
                });
            });
        }
    }

    fn copy(self) {
        let Some(url) = self.made.with_untracked(|made| made.as_ref().map(|made| made.url.clone())) else {
            return;
        };
        let copied = window().navigator().clipboard().write_text(&url);
        spawn_local(async move {
            let outcome = wasm_bindgen_futures::JsFuture::from(copied).await;
            if let Some(toasts) = self.toasts {
                match outcome {
                    Ok(_) => toasts.say("Link copied"),
                    Err(_) => {
                        toasts.fail("The browser did not allow copying. Select the link and copy it by hand.")
                    }
                }
            }
        });
    }
}

/// The dialog; opens with the scene's `sharing`.
#[component]
pub(super) fn ShareDialog(scene: Scene) -> impl IntoView {
    let desk = Desk::new(scene.live.project_id());
    Effect::new(move || {
        if scene.sharing.get() {
            desk.look();
        }
    });
    view! {
        // Keys in the dialog are none of the canvas's.
        <div data-ui="" on:keydown=|event| event.stop_propagation()>
            <Dialog open=scene.sharing title="Share this canvas" class="share-dialog">
                <div class="form">
                    <p class="muted">
                        "Whoever has the link sees the blocks and agents of this canvas, without an account. They can change nothing, and see no chats, prompts, keys, members or credits."
                    </p>
                    <FormError message=desk.problem />
                    <Standing desk />
                    <Made desk />
                    <Wishes desk />
                </div>
            </Dialog>
        </div>
    }
}

/// How it stands.
#[component]
fn Standing(desk: Desk) -> impl IntoView {
    let words = move || {
        desk.state.get().map(|state| match state {
            ShareState { share: None, .. } => ("off", "Sharing is off.".to_owned()),
            ShareState { enabled: false, share: Some(share) } => {
                ("off", format!("The link has run out. It had {}.", views(share.views)))
            }
            ShareState { enabled: true, share: Some(share) } => ("on", standing(&share)),
        })
    };
    view! {
        <p class="share-standing" role="status" data-on=move || words().map(|(on, _)| on)>
            {move || words().map(|(_, words)| words)}
        </p>
    }
}

fn standing(share: &Share) -> String {
    let canvas = match share.mode {
        ShareMode::Live => "the canvas as it changes".to_owned(),
        ShareMode::Frozen => format!("the canvas as it was on {}", date(share.created_at)),
    };
    let files = if share.files { "with files" } else { "without files" };
    let until =
        share.expires_at.map_or_else(|| "without an end".to_owned(), |at| format!("until {}", date(at)));
    format!("Sharing is on: {canvas}, {files}, {until}. {} so far.", views(share.views))
}

fn views(count: i64) -> String {
    if count == 1 { "1 view".to_owned() } else { format!("{count} views") }
}

/// The link that was just made.
#[component]
fn Made(desk: Desk) -> impl IntoView {
    move || {
        desk.made.get().map(|made| {
            view! {
                <div class="field">
                    <label for="share-link">"Link"</label>
                    <div class="share-link">
                        <div class="field-control">
                            <input id="share-link" class="mono" readonly value=made.url aria-describedby="share-link-note" />
                        </div>
                        <Button kind=Kind::Primary icon="copy" on:click=move |_| desk.copy()>"Copy link"</Button>
                    </div>
                    <p class="field-note" id="share-link-note">
                        "Copy it now: it is not shown again. You can replace it with a new one at any time."
                    </p>
                </div>
            }
        })
    }
}

/// What the next link shall be like, and what can be done.
#[component]
fn Wishes(desk: Desk) -> impl IntoView {
    let mode = move |mode: ShareMode, words: &'static str, note: &'static str| {
        view! {
            <label class="share-choice">
                <input
                    type="radio"
                    name="share-mode"
                    prop:checked=move || desk.wanted.with(|wanted| wanted.mode == mode)
                    on:change=move |_| desk.wanted.update(|wanted| wanted.mode = mode)
                />
                <span>{words}<span class="muted">{note}</span></span>
            </label>
        }
    };
    let ends = move |event: ev::Event| {
        let chosen = event_target_value(&event);
        if let Some(expiry) = ShareExpiry::ALL.into_iter().find(|expiry| expiry.word() == chosen) {
            desk.wanted.update(|wanted| wanted.expires_in = expiry);
        }
    };
    let options = ShareExpiry::ALL
        .map(|expiry| {
            let chosen = desk.wanted.with_untracked(|wanted| wanted.expires_in == expiry);
            view! { <option value=expiry.word() selected=chosen>{expiry.words()}</option> }
        })
        .collect_view();
    let exists = move || desk.state.with(|state| state.as_ref().is_some_and(|state| state.share.is_some()));
    let unknown = Signal::derive(move || desk.state.with(Option::is_none));
    view! {
        <fieldset class="share-modes">
            <legend>"Viewers see"</legend>
            {mode(ShareMode::Live, "The live canvas", "They see changes as they happen.")}
            {mode(ShareMode::Frozen, "A snapshot of now", "It stays as it is, whatever changes later.")}
        </fieldset>
        <div class="field">
            <label for="share-expiry">"The link ends"</label>
            <div class="field-control select">
                <select id="share-expiry" on:change=ends>{options}</select>
                <Icon name="chevron-down" />
            </div>
        </div>
        <label class="share-choice">
            <input
                type="checkbox"
                prop:checked=move || desk.wanted.with(|wanted| wanted.files)
                on:change=move |event| {
                    let files = event_target_checked(&event);
                    desk.wanted.update(|wanted| wanted.files = files);
                }
            />
            <span>"Files used"<span class="muted">"Pictures that blocks show from the project's folder, and no other file."</span></span>
        </label>
        <div class="share-acts">
            {move || {
                exists()
                    .then(|| view! {
                        <Button kind=Kind::Danger busy=desk.busy on:click=move |_| desk.turn_off()>"Turn off"</Button>
                    })
            }}
            <Button kind=Kind::Primary icon="link" busy=desk.busy disabled=unknown on:click=move |_| desk.make()>
                {move || if exists() { "Replace link" } else { "Make link" }}
            </Button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::standing;
    use alumia_protocol::{
        Timestamp,
        share::{Share, ShareMode},
    };

    #[test]
    fn says_what_the_link_is_like() {
        let share = Share {
            created_at: Timestamp(1_795_000_000_000_000),
            expires_at: None,
            mode: ShareMode::Frozen,
            files: true,
            views: 1,
        };
        let words = standing(&share);
        assert_eq!(
            words,
            "Sharing is on: the canvas as it was on 2026-11-18, with files, without an end. 1 view so far."
        );
    }
}
