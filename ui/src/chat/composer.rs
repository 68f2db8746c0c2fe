//! Where the person writes. A draft stays in the browser until it is sent.

use super::{
    Chat,
    upload::{self, Chosen},
};
use crate::components::{button::IconButton, icon::Icon};
use alumia_protocol::sessions::Attachment;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// Characters that one message may have.
const MAX_LENGTH: usize = 100_000;

/// The composer.
#[component]
pub(super) fn Composer() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(Vec::<Chosen>::new());
    let over = RwSignal::new(false);
    let area = NodeRef::<html::Textarea>::new();
    let picker = NodeRef::<html::Input>::new();
    keep_draft(chat, text);
    fit_height(text, area);
    Effect::new(move || {
        if chat.focus.get() > 0
            && let Some(area) = area.get_untracked()
        {
            drop(area.focus());
        }
    });
    let storing = move || chosen.with(|chosen| chosen.iter().any(|file| file.stored.is_none()));
    let empty = move || text.with(|text| text.trim().is_empty()) && chosen.with(Vec::is_empty);
    let too_long = move || text.with(|text| text.chars().count() > MAX_LENGTH);
    let blocked = Memo::new(move |_| empty() || storing() || too_long());
    let send = move || {
        if blocked.get_untracked() {
            return;
        }
        let files: Vec<Attachment> =
            chosen.with_untracked(|chosen| chosen.iter().filter_map(|file| file.stored.clone()).collect());
        chat.say(text.get_untracked().trim().to_owned(), files);
        text.set(String::new());
        chosen.set(vec![]);
    };
    let keys = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let paste = move |event: ev::Event| {
        let data =
            event.dyn_ref::<web_sys::ClipboardEvent>().and_then(web_sys::ClipboardEvent::clipboard_data);
        let files = upload::files(data.and_then(|data| data.files()));
        if !files.is_empty() {
            event.prevent_default();
            upload::add(chat, chosen, files);
        }
    };
    let drop_files = move |event: ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        upload::add(chat, chosen, upload::files(event.data_transfer().and_then(|data| data.files())));
    };
    let placeholder = move || format!("Message {}", chat.answerer().0);
    view! {
        <form
            class="composer needs-script"
            data-over=move || over.get().to_string()
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
            on:dragover=move |event| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=drop_files
        >
            <ChosenFiles chosen />
            <textarea
                node_ref=area
                rows="1"
                aria-label=placeholder
                placeholder=placeholder
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=keys
                on:paste=move |event| paste(event.into())
            ></textarea>
            <div class="composer-foot">
                <input
                    node_ref=picker
                    type="file"
                    class="sr-only"
                    tabindex="-1"
                    aria-hidden="true"
                    multiple
                    accept="text/*,.csv,.tsv,.md,.json,.log,image/png,image/jpeg,image/gif,image/webp"
                    on:change=move |_| {
                        if let Some(picker) = picker.get_untracked() {
                            upload::add(chat, chosen, upload::files(picker.files()));
                            picker.set_value("");
                        }
                    }
                />
                <IconButton
                    icon="attach"
                    label="Attach text, CSV or pictures"
                    on:click=move |_| {
                        if let Some(picker) = picker.get_untracked() {
                            picker.click();
                        }
                    }
                />
                <p class="composer-hint" data-tells=move || (too_long() || chat.is_running()).then_some("")>
                    {move || match (too_long(), chat.is_running()) {
                        (true, _) => "Over 100,000 characters: attach it as a file.",
                        (_, true) => "Joins at the next step",
                        _ => "Enter sends, Shift+Enter breaks the line",
                    }}
                </p>
                <Show when=move || chat.is_running()>
                    <button type="button" class="button small stop" on:click=move |_| chat.stop()>
                        <Icon name="stop" />
                        "Stop"
                    </button>
                </Show>
                <button type="submit" class="send" aria-label="Send" disabled=move || blocked.get()>
                    <Icon name="send" />
                </button>
            </div>
        </form>
    }
}

#[component]
fn ChosenFiles(chosen: RwSignal<Vec<Chosen>>) -> impl IntoView {
    view! {
        <Show when=move || chosen.with(|chosen| !chosen.is_empty())>
            <ul class="attachments" role="list">
                <For
                    each=move || chosen.get()
                    key=|file| (file.key, file.stored.is_some())
                    children=move |file| {
                        let key = file.key;
                        let label = format!("Remove {}", file.name);
                        view! {
                            <li class="attachment" aria-busy=file.stored.is_none().then_some("true")>
                                <Icon name=if file.stored.is_some() { "file" } else { "upload" } />
                                <span class="truncate">{file.name}</span>
                                <IconButton
                                    icon="close"
                                    label
                                    on:click=move |_| chosen.update(|chosen| chosen.retain(|file| file.key != key))
                                />
                            </li>
                        }
                    }
                />
            </ul>
        </Show>
    }
}

/// Each conversation has its own draft, kept in the browser.
fn keep_draft(chat: Chat, text: RwSignal<String>) {
    let key = move |session: Option<alumia_protocol::SessionId>| {
        let session = session.map_or_else(|| "new".to_owned(), |session| session.to_string());
        format!("draft.{}.{session}", chat.project())
    };
    let storage = || window().local_storage().ok().flatten();
    Effect::new(move || {
        let kept = storage().and_then(|storage| storage.get_item(&key(chat.current.get())).ok().flatten());
        text.set(kept.unwrap_or_default());
    });
    Effect::new(move |before: Option<()>| {
        let text = text.get();
        if before.is_none() {
            return;
        }
        let Some(storage) = storage() else { return };
        let key = key(chat.current.get_untracked());
        let _ = if text.is_empty() { storage.remove_item(&key) } else { storage.set_item(&key, &text) };
    });
}

/// The field is as tall as its text, up to the style sheet's bound.
fn fit_height(text: RwSignal<String>, area: NodeRef<html::Textarea>) {
    Effect::new(move || {
        text.track();
        let Some(area) = area.get() else { return };
        request_animation_frame(move || {
            let style = web_sys::HtmlElement::style(&area);
            drop(style.set_property("height", "auto"));
            drop(style.set_property("height", &format!("{}px", area.scroll_height())));
        });
    });
}
