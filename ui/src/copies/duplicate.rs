//! The dialog that duplicates a project.

use super::Source;
use crate::{
    components::{
        button::{Button, Kind},
        dialog::Dialog,
        field::FormError,
    },
    live::api,
};
use alumia_protocol::{copies::DuplicateProject, projects::ProjectDetails};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::components::A;
use uuid::Uuid;

/// Asks for a name, then says what was made.
#[component]
pub(super) fn DuplicateDialog(
    open: RwSignal<bool>,
    source: RwSignal<Option<Source>>,
    org: Signal<String>,
    made: Callback<()>,
) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let copy = RwSignal::new(None::<ProjectDetails>);
    // The same key for every try, so that a lost answer doesn't make a second copy.
    let key = StoredValue::new(String::new());
    Effect::new(move || {
        if open.get() && !busy.get_untracked() {
            name.set(String::new());
            problem.set(None);
            copy.set(None);
            key.set_value(Uuid::now_v7().to_string());
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(Source { id, .. }) = source.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let wanted = name.get_untracked().trim().to_owned();
        let wishes = DuplicateProject { name: (!wanted.is_empty()).then_some(wanted) };
        spawn_local(async move {
            let answer = api::duplicate_project(id, &wishes, &key.get_value()).await;
            // The page may be gone.
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(details) => {
                    copy.set(Some(details));
                    made.run(());
                }
                Err(refused) => {
                    // Another name is another request.
                    if !refused.is_passing() {
                        key.set_value(Uuid::now_v7().to_string());
                    }
                    problem.set(Some(refused.fields.get("name").cloned().unwrap_or(refused.message)));
                }
            }
        });
    };
    let of = move || source.get().map(|source| source.name).unwrap_or_default();
    view! {
        <Dialog open title="Duplicate project">
            {move || match copy.get() {
                Some(details) => {
                    let href = format!("/{}/projects/{}", org.get(), details.project.slug);
                    view! {
                        <div class="form">
                            <p role="status">{format!("“{}” is ready.", details.project.name)}</p>
                            <A href attr:class="button primary" on:click=move |_| open.set(false)>"Open the copy"</A>
                        </div>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <form class="form" on:submit=submit>
                            <p class="muted">
                                {move || format!("The copy of “{}” has its blocks, its files and what its apps have stored, and none of its chats. Nobody sees it who doesn't see the project.", of())}
                            </p>
                            <FormError message=problem />
                            <div class="field">
                                <label for="copy-name">"Name of the copy"</label>
                                <div class="field-control">
                                    <input
                                        id="copy-name"
                                        maxlength="255"
                                        autocomplete="off"
                                        placeholder=move || format!("{} (copy)", of())
                                        prop:value=move || name.get()
                                        on:input=move |event| name.set(event_target_value(&event))
                                    />
                                </div>
                            </div>
                            <p class="muted" role="status">
                                {move || busy.get().then_some("Copying blocks, files and what apps have stored. You may leave this page; it goes on by itself.")}
                            </p>
                            <Button kind=Kind::Primary submit=true icon="copy" busy=busy>"Duplicate"</Button>
                        </form>
                    }
                        .into_any()
                }
            }}
        </Dialog>
    }
}
