//! API keys: list, make, rotate, revoke.

use super::super::docs::samples::Code;
use crate::{
    components::{
        button::{Button, Kind},
        card::EmptyState,
        dialog::Dialog,
        field::{FormError, Select, TextField},
        table::Table,
        time::{Ago, date, now},
        toast::use_toasts,
    },
    live::api::{self, Problem},
};
use alumia_protocol::keys::{ApiKey, MintedApiKey, NewApiKey, RotateApiKey, Scope};
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

/// What is going on with the keys.
#[derive(Clone, Copy)]
struct Board {
    org: StoredValue<String>,
    origin: StoredValue<String>,
    keys: RwSignal<Vec<ApiKey>>,
    creating: RwSignal<bool>,
    /// A new secret, until the person has said that it is stored.
    minted: RwSignal<Option<MintedApiKey>>,
    showing: RwSignal<bool>,
    asking: RwSignal<bool>,
    rotating: RwSignal<Option<ApiKey>>,
    revoking: RwSignal<Option<ApiKey>>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

impl Board {
    /// Shows a new secret and puts its key into the list.
    fn show(self, minted: MintedApiKey) {
        self.keys.update(|keys| match keys.iter_mut().find(|key| key.id == minted.about.id) {
            Some(known) => *known = minted.about.clone(),
            None => keys.insert(0, minted.about.clone()),
        });
        self.minted.set(Some(minted));
        self.creating.set(false);
        self.rotating.set(None);
        self.showing.set(true);
    }

    /// Does one thing at a time and keeps what went wrong.
    fn run<T: 'static>(
        self,
        call: impl Future<Output = Result<T, Problem>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answer = call.await;
            self.busy.set(false);
            match answer {
                Ok(value) => done(value),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }
}

/// The keys of the person in this organisation.
#[component]
pub fn KeysSection(org: String, keys: Vec<ApiKey>, origin: String) -> impl IntoView {
    let board = Board {
        org: StoredValue::new(org),
        origin: StoredValue::new(origin),
        keys: RwSignal::new(keys),
        creating: RwSignal::new(false),
        minted: RwSignal::new(None),
        showing: RwSignal::new(false),
        asking: RwSignal::new(false),
        rotating: RwSignal::new(None),
        revoking: RwSignal::new(None),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
    };
    let create = move |_| {
        board.problem.set(None);
        board.creating.set(true);
    };
    view! {
        <section class="developers-section" aria-labelledby="keys-head">
            <header class="page-head">
                <h2 id="keys-head">"API Keys"</h2>
                <span class="needs-script"><Button kind=Kind::Primary icon="plus" on:click=create>"Create key"</Button></span>
            </header>
            {move || {
                if board.keys.with(Vec::is_empty) {
                    view! {
                        <EmptyState icon="lock" title="No keys yet">
                            <p>"A key lets a program act for you here, with your role and within the scopes that you choose."</p>
                        </EmptyState>
                    }
                    .into_any()
                } else {
                    view! {
                        <Table caption="API keys" columns=vec!["Name", "Key", "Scopes", "Expires", "Last used", "Actions"]>
                            <For each=move || board.keys.get() key=|key| (key.id, key.prefix.clone()) let:key>
                                <KeyRow board key />
                            </For>
                        </Table>
                    }
                    .into_any()
                }
            }}
        </section>
        <Dialog open=board.creating title="Create key" class="key-dialog"><CreateForm board /></Dialog>
        <SecretDialogs board />
        <RotateDialog board />
        <RevokeDialog board />
    }
}

#[component]
fn KeyRow(board: Board, key: ApiKey) -> impl IntoView {
    let scopes = if key.scopes.contains(&Scope::Everything) {
        "everything".to_owned()
    } else {
        key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")
    };
    let (rotate, revoke) = (key.clone(), key.clone());
    let (of_rotate, of_revoke) = (format!(" {}", key.name), format!(" {}", key.name));
    view! {
        <tr>
            <td>{key.name.clone()}</td>
            <td><code>{format!("{}…", key.prefix)}</code></td>
            <td><span class="key-scopes" title=scopes.clone()>{scopes.clone()}</span></td>
            <td>{key.expires_at.map_or_else(|| "never".to_owned(), date)}</td>
            <td>
                {match key.last_used_at {
                    Some(at) => view! { <Ago at /> }.into_any(),
                    None => "never".into_any(),
                }}
            </td>
            <td class="key-actions">
                <Button kind=Kind::Quiet on:click=move |_| { board.problem.set(None); board.rotating.set(Some(rotate.clone())); }>
                    "Rotate"<span class="sr-only">{of_rotate}</span>
                </Button>
                <Button kind=Kind::Danger on:click=move |_| { board.problem.set(None); board.revoking.set(Some(revoke.clone())); }>
                    "Revoke"<span class="sr-only">{of_revoke}</span>
                </Button>
            </td>
        </tr>
    }
}

/// What went wrong; a missing step-up has a way to it.
#[component]
fn Trouble(board: Board) -> impl IntoView {
    let general = Signal::derive(move || {
        board.problem.get().filter(|problem| problem.fields.is_empty()).map(|problem| problem.message)
    });
    let step_up = move || {
        board.problem.with(|problem| {
            problem.as_ref().is_some_and(|problem| problem.reason.as_deref() == Some("step_up_required"))
        })
    };
    let href = board.org.with_value(|org| format!("/auth/step-up?next=/{org}/developers"));
    view! {
        <FormError message=general />
        <Show when=step_up>
            <a class="button" href=href.clone()>"Confirm that it is you"</a>
        </Show>
    }
}

#[component]
fn CreateForm(board: Board) -> impl IntoView {
    let field = move |name: &'static str| {
        Signal::derive(move || board.problem.get().and_then(|problem| problem.fields.get(name).cloned()))
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let Some(data) = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()) else { return };
        let chosen = data.get_all("scopes");
        let scopes = Scope::ALL
            .iter()
            .filter(|scope| chosen.iter().any(|name| name.as_string().as_deref() == Some(scope.name())))
            .copied()
            .collect();
        let days = data.get("expiry").as_string().and_then(|days| days.parse::<i64>().ok());
        let new = NewApiKey {
            name: data.get("key-name").as_string().unwrap_or_default(),
            scopes,
            expires_at: days.filter(|days| *days > 0).map(|days| now().plus_seconds(days * 24 * 60 * 60)),
        };
        let org = board.org.get_value();
        board.run(async move { api::mint_key(&org, &new).await }, move |minted| board.show(minted));
    };
    let scopes = Scope::ALL
        .iter()
        .filter(|scope| **scope != Scope::Everything)
        .map(|scope| {
            view! {
                <label class="key-scope">
                    <input type="checkbox" name="scopes" value=scope.name() checked=*scope != Scope::Terminal />
                    <span><code>{scope.name()}</code><span class="muted">{scope.words()}</span></span>
                </label>
            }
        })
        .collect_view();
    view! {
        <form class="form" on:submit=submit>
            <Trouble board />
            <TextField label="Name" name="key-name" error=field("name") hint="What it is for, such as “CI bot”." required=true />
            <Select
                label="Expires"
                name="expiry"
                options=vec![("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("0", "Never")]
                value="90"
            />
            <fieldset class="key-scope-list">
                <legend>"Scopes"</legend>
                {scopes}
            </fieldset>
            <p class="field-note" data-error="true">{move || field("scopes").get().unwrap_or_default()}</p>
            <Button kind=Kind::Primary submit=true busy=board.busy>"Create key"</Button>
        </form>
    }
}

/// The new secret; closing it asks first.
#[component]
fn SecretDialogs(board: Board) -> impl IntoView {
    Effect::new(move || {
        if !board.showing.get() && board.minted.with_untracked(Option::is_some) {
            board.asking.set(true);
        }
    });
    // Leaving the question without an answer leads back to the key.
    Effect::new(move |asked: Option<bool>| {
        let asking = board.asking.get();
        if asked == Some(true) && !asking && board.minted.with_untracked(Option::is_some) {
            board.showing.set(true);
        }
        asking
    });
    let stored = move |_| {
        board.minted.set(None);
        board.asking.set(false);
    };
    let secret = Signal::derive(move || board.minted.get().map(|minted| minted.key).unwrap_or_default());
    let line = Signal::derive(move || {
        let origin = board.origin.get_value();
        format!("curl '{origin}/api/v1/projects' \\\n  -H 'Authorization: Bearer {}'", secret.get())
    });
    view! {
        <Dialog open=board.showing title="Your new key" class="key-dialog">
            <p>"Copy it now: it is shown this once and can't be had again."</p>
            <Code text=secret what="the key" />
            <p>"Try it:"</p>
            <Code text=line what="the command" />
            <Button kind=Kind::Primary on:click=move |_| board.showing.set(false)>"Done"</Button>
        </Dialog>
        <Dialog open=board.asking title="Have you stored the key?">
            <p>"Once this is closed nobody can show it again. A lost key has to be replaced by a new one."</p>
            <div class="dialog-actions">
                <Button on:click=move |_| board.asking.set(false)>"Show it again"</Button>
                <Button kind=Kind::Primary on:click=stored>"I have stored it"</Button>
            </div>
        </Dialog>
    }
}

/// A dialog that is open while there is a key that it is about.
fn about(which: RwSignal<Option<ApiKey>>) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move || open.set(which.with(Option::is_some)));
    Effect::new(move || {
        if !open.get() && which.with_untracked(Option::is_some) {
            which.set(None);
        }
    });
    open
}

fn name_of(key: Option<ApiKey>) -> String {
    key.map(|key| key.name).unwrap_or_default()
}

#[component]
fn RotateDialog(board: Board) -> impl IntoView {
    let open = about(board.rotating);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let data = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let grace = data.and_then(|data| data.get("grace").as_string()?.parse().ok()).unwrap_or_default();
        let Some(key) = board.rotating.get_untracked() else { return };
        let org = board.org.get_value();
        let rotation = RotateApiKey { grace_seconds: grace };
        board.run(async move { api::rotate_key(&org, key.id, rotation).await }, move |minted| {
            board.show(minted)
        });
    };
    view! {
        <Dialog open title="Rotate key">
            <form class="form" on:submit=submit>
                <Trouble board />
                <p>{move || format!("“{}” gets a new secret; name, scopes and expiry stay.", name_of(board.rotating.get()))}</p>
                <Select
                    label="The old secret goes on working"
                    name="grace"
                    options=vec![("0", "Not at all"), ("3600", "For an hour"), ("86400", "For a day")]
                    value="3600"
                />
                <Button kind=Kind::Primary submit=true busy=board.busy>"Rotate"</Button>
            </form>
        </Dialog>
    }
}

#[component]
fn RevokeDialog(board: Board) -> impl IntoView {
    let open = about(board.revoking);
    let toasts = use_toasts();
    let revoke = move |_| {
        let Some(key) = board.revoking.get_untracked() else { return };
        let org = board.org.get_value();
        board.run(async move { api::revoke_key(&org, key.id).await }, move |()| {
            board.keys.update(|keys| keys.retain(|other| other.id != key.id));
            board.revoking.set(None);
            toasts.say(format!("“{}” is revoked.", key.name));
        });
    };
    view! {
        <Dialog open title="Revoke key">
            <Trouble board />
            <p>{move || format!("Programs that use “{}” are refused from now on. This can't be undone.", name_of(board.revoking.get()))}</p>
            <div class="dialog-actions">
                <Button on:click=move |_| board.revoking.set(None)>"Keep it"</Button>
                <Button kind=Kind::Danger busy=board.busy on:click=revoke>"Revoke"</Button>
            </div>
        </Dialog>
    }
}
