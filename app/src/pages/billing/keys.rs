//! Keys of the organisation's own for model providers.

use super::Desk;
use crate::{
    components::{
        button::{Button, Kind},
        dialog::Dialog,
        field::{FormError, TextField},
        table::Table,
        time::{Ago, date},
    },
    live::billing,
};
use alumia_protocol::billing::{NewOwnKey, OwnKey};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// The keys, and a dialog for one more.
#[component]
pub fn Keys(desk: Desk, keys: Vec<OwnKey>, providers: Vec<String>, allowed: bool) -> impl IntoView {
    let keys = RwSignal::new(keys);
    let adding = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let Some(form) = form else { return };
        let Ok(data) = web_sys::FormData::new_with_form(&form) else { return };
        let text = |name: &str| data.get(name).as_string().unwrap_or_default();
        let new = NewOwnKey { provider: text("key-provider"), key: text("provider-key") };
        let org = desk.org();
        desk.run(async move { billing::add_key(&org, &new).await }, move |added| {
            form.reset();
            keys.update(|keys| {
                keys.retain(|key| key.provider != added.provider);
                keys.push(added);
            });
            adding.set(false);
            desk.toasts.say("The key works. Its models cost no credits from now on.");
        });
    };
    let remove = Callback::new(move |key: OwnKey| {
        let org = desk.org();
        desk.run(async move { billing::remove_key(&org, key.id).await }, move |()| {
            keys.update(|keys| keys.retain(|other| other.id != key.id));
            desk.toasts.say(format!("The key for {} is removed.", key.provider));
        });
    });
    let options = providers
        .into_iter()
        .map(|id| view! { <option value=id.clone()>{id.clone()}</option> })
        .collect_view();
    view! {
        <section class="billing-section" aria-labelledby="own-keys-head">
            <header class="page-head">
                <h2 id="own-keys-head">"Your own provider keys"</h2>
                {allowed
                    .then(|| {
                        view! {
                            <span class="needs-script">
                                <Button icon="plus" on:click=move |_| { desk.problem.set(None); adding.set(true); }>"Add key"</Button>
                            </span>
                        }
                    })}
            </header>
            <p class="muted">
                {if allowed {
                    "Calls by a key of your own are paid to the provider and cost no credits here."
                } else {
                    "Your package doesn't include keys of your own."
                }}
            </p>
            <Show when=move || keys.with(|keys| !keys.is_empty())>
                <Table caption="Provider keys" columns=vec!["Provider", "Key", "Calls", "Last used", "Added", "Actions"]>
                    <For each=move || keys.get() key=|key| key.id let:key>
                        <KeyRow key on_remove=remove />
                    </For>
                </Table>
            </Show>
        </section>
        <Dialog open=adding title="Add a provider key">
            <form class="form" on:submit=submit>
                <FormError message=desk.trouble() />
                <div class="field">
                    <label for="key-provider">"Provider"</label>
                    <div class="field-control"><select id="key-provider" name="key-provider">{options}</select></div>
                </div>
                <TextField
                    label="Key"
                    name="provider-key"
                    kind="password"
                    required=true
                    hint="It is tried with a small call, then stored encrypted. Nobody can read it again."
                />
                <Button kind=Kind::Primary submit=true busy=desk.busy>"Try and add"</Button>
            </form>
        </Dialog>
    }
}

#[component]
fn KeyRow(key: OwnKey, on_remove: Callback<OwnKey>) -> impl IntoView {
    let gone = key.clone();
    let of = format!(" the key for {}", key.provider);
    view! {
        <tr>
            <th scope="row">{key.provider.clone()}</th>
            <td><code>{key.masked.clone()}</code></td>
            <td class="num">{key.requests}</td>
            <td>
                {match key.last_used_at {
                    Some(at) => view! { <Ago at /> }.into_any(),
                    None => "never".into_any(),
                }}
            </td>
            <td>{date(key.created_at)}</td>
            <td>
                <Button kind=Kind::Danger on:click=move |_| on_remove.run(gone.clone())>
                    "Remove"<span class="sr-only">{of}</span>
                </Button>
            </td>
        </tr>
    }
}
