//! The dialog that restores an archive: first it says what would happen.

use crate::{
    components::{
        button::{Button, Kind},
        dialog::Dialog,
        field::FormError,
        icon::Icon,
        time::date,
    },
    live::api::{self, Answer},
};
use alumia_protocol::{billing::size, copies::RestoredProject};
use leptos::{ev, html, prelude::*, task::spawn_local};
use leptos_router::components::A;
use send_wrapper::SendWrapper;
use uuid::Uuid;

#[derive(Clone, Copy)]
struct Desk {
    org: Signal<String>,
    made: Callback<()>,
    /// Filled in the browser alone.
    file: StoredValue<Option<SendWrapper<web_sys::File>>>,
    chosen: RwSignal<Option<String>>,
    told: RwSignal<Option<RestoredProject>>,
    name: RwSignal<String>,
    /// What is going on.
    busy: RwSignal<Option<&'static str>>,
    problem: RwSignal<Option<String>>,
    key: StoredValue<String>,
}

impl Desk {
    fn forget(self) {
        self.file.set_value(None);
        self.chosen.set(None);
        self.told.set(None);
        self.problem.set(None);
        self.key.set_value(Uuid::now_v7().to_string());
    }

    /// Looks what is in the file; changes nothing.
    fn look(self, file: web_sys::File) {
        self.forget();
        self.chosen.set(Some(file.name()));
        self.file.set_value(Some(SendWrapper::new(file)));
        self.ask(true);
    }

    fn ask(self, dry_run: bool) {
        let Some(file) = self.file.get_value() else { return };
        if self.busy.get_untracked().is_some() {
            return;
        }
        let words = if dry_run {
            "Checking every file of the archive…"
        } else {
            "Uploading and restoring. Stay on this page until it is done."
        };
        self.busy.set(Some(words));
        self.problem.set(None);
        let name = self.name.get_untracked().trim().to_owned();
        let name = (!dry_run && !name.is_empty()).then_some(name);
        let (org, key) = (self.org.get_untracked(), self.key.get_value());
        spawn_local(async move {
            let key = (!dry_run).then_some(key.as_str());
            let answer = api::restore_project(&org, &file, dry_run, name.as_deref(), key).await;
            self.end(answer, &file);
        });
    }

    fn end(self, answer: Answer<RestoredProject>, file: &web_sys::File) {
        // The page may be gone, or another file chosen.
        if self.busy.try_set(None).is_some() {
            return;
        }
        if self.file.with_value(|now| now.as_ref().is_none_or(|now| **now != *file)) {
            return;
        }
        match answer {
            Ok(told) => {
                if told.project.is_some() {
                    self.made.run(());
                } else {
                    self.name.set(told.name.clone());
                }
                self.told.set(Some(told));
            }
            Err(refused) => {
                if !refused.is_passing() {
                    self.key.set_value(Uuid::now_v7().to_string());
                }
                let first =
                    refused.fields.iter().next().map(|(entry, message)| format!("{entry}: {message}"));
                self.problem.set(Some(first.unwrap_or(refused.message)));
            }
        }
    }
}

/// Asks for a file, tells what is in it, and restores it when that is wanted.
#[component]
pub(super) fn RestoreDialog(open: RwSignal<bool>, org: Signal<String>, made: Callback<()>) -> impl IntoView {
    let desk = Desk {
        org,
        made,
        file: StoredValue::new(None),
        chosen: RwSignal::new(None),
        told: RwSignal::new(None),
        name: RwSignal::new(String::new()),
        busy: RwSignal::new(None),
        problem: RwSignal::new(None),
        key: StoredValue::new(String::new()),
    };
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if open.get() && desk.busy.get_untracked().is_none() {
            desk.forget();
            if let Some(input) = input.get_untracked() {
                input.set_value("");
            }
        }
    });
    let changed = move |_: ev::Event| {
        let files = input.get_untracked().and_then(|input| input.files());
        if let Some(file) = files.and_then(|files| files.get(0)) {
            desk.look(file);
        }
    };
    let done =
        Memo::new(move |_| desk.told.with(|told| told.as_ref().is_some_and(|told| told.project.is_some())));
    view! {
        <Dialog open title="Restore a project">
            <div class="form restore">
                <p class="muted" hidden=move || done.get()>
                    "An archive that Export made becomes a project of its own, in the workspace that you work in. Nothing that is here is changed or replaced."
                </p>
                <div class="field" hidden=move || done.get()>
                    <label for="restore-file">"Archive"</label>
                    <input
                        id="restore-file"
                        type="file"
                        accept=".zip,application/zip"
                        node_ref=input
                        disabled=move || desk.busy.get().is_some()
                        on:change=changed
                    />
                </div>
                <FormError message=desk.problem />
                <p class="muted" role="status">
                    {move || desk.busy.get()}
                </p>
                <Told desk open />
            </div>
        </Dialog>
    }
}

/// What is in the file, or what was made of it.
#[component]
fn Told(desk: Desk, open: RwSignal<bool>) -> impl IntoView {
    move || {
        let told = desk.told.get()?;
        if let Some(details) = told.project {
            let href = format!("/{}/projects/{}", desk.org.get(), details.project.slug);
            return Some(
                view! {
                    <p role="status">{format!("“{}” is restored.", details.project.name)}</p>
                    <A href attr:class="button primary" on:click=move |_| open.set(false)>"Open the project"</A>
                }
                .into_any(),
            );
        }
        let contents = contents(&told);
        let problems = told.problems.into_iter();
        let problems = problems
            .map(|(entry, message)| view! { <li><code>{entry}</code>" "{message}</li> })
            .collect_view();
        let submit = move |event: ev::SubmitEvent| {
            event.prevent_default();
            desk.ask(false);
        };
        let busy = Signal::derive(move || desk.busy.get().is_some());
        Some(if told.restorable {
            view! {
                <form class="form" on:submit=submit>
                    <p class="restore-found"><Icon name="check" />{contents}</p>
                    <div class="field">
                        <label for="restore-name">"Name of the project"</label>
                        <div class="field-control">
                            <input
                                id="restore-name"
                                maxlength="255"
                                autocomplete="off"
                                prop:value=move || desk.name.get()
                                on:input=move |event| desk.name.set(event_target_value(&event))
                            />
                        </div>
                    </div>
                    <Button kind=Kind::Primary submit=true icon="upload" busy>"Restore"</Button>
                </form>
            }
            .into_any()
        } else {
            view! {
                <div role="alert">
                    <p class="form-error"><Icon name="alert" />"This archive can't be restored. Nothing was changed."</p>
                    <ul class="restore-problems">{problems}</ul>
                </div>
            }
            .into_any()
        })
    }
}

fn contents(told: &RestoredProject) -> String {
    let count =
        |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let when = told.exported_at.map(|at| format!(", exported on {}", date(at))).unwrap_or_default();
    let bytes = size(i64::try_from(told.bytes).unwrap_or(i64::MAX));
    let (blocks, files) = (count(told.blocks, "block"), count(told.files, "file"));
    let what = match told.databases {
        0 => format!("{blocks} and {files}"),
        apps => format!("{blocks}, {files} and what {} stored", count(apps, "app")),
    };
    format!("“{}”: {what} ({bytes}){when}. Every checksum is right.", told.name)
}

#[cfg(test)]
mod tests {
    use super::contents;
    use alumia_protocol::copies::RestoredProject;

    #[test]
    fn says_what_is_in_an_archive() {
        let told = RestoredProject {
            name: "Rain".into(),
            blocks: 1,
            files: 3,
            bytes: 2_048,
            ..RestoredProject::default()
        };
        assert_eq!(contents(&told), "“Rain”: 1 block and 3 files (2 KB). Every checksum is right.");
        let told = RestoredProject { databases: 2, ..told };
        let words = "“Rain”: 1 block, 3 files and what 2 apps stored (2 KB). Every checksum is right.";
        assert_eq!(contents(&told), words);
    }
}
