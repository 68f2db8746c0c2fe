//! Messages that wait for the run to reach its next step: they can be changed and taken back.

use super::Chat;
use crate::components::{button::IconButton, icon::Icon};
use alumia_protocol::{SessionId, sessions::QueuedMessage};
use leptos::prelude::*;

/// The line above the composer.
#[component]
pub(super) fn Queue() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let waiting = move || chat.session().map(|session| session.queue.get()).unwrap_or_default();
    view! {
        <Show when=move || !waiting().is_empty()>
            <div class="queue">
                <p class="queue-head"><Icon name="clock" />"Waiting for the next step"</p>
                <ul role="list">
                    <For
                        each=waiting
                        key=|message| (message.id, message.content.clone())
                        children=move |message| {
                            let session = chat.current.get_untracked();
                            session.map(|session| view! { <Queued session message /> })
                        }
                    />
                </ul>
            </div>
        </Show>
    }
}

#[component]
fn Queued(session: SessionId, message: QueuedMessage) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let id = message.id;
    // Another agent's words are not for people to change.
    let from = StoredValue::new(message.from.map(|from| from.agent_name));
    let content = StoredValue::new(message.content);
    let editing = RwSignal::new(false);
    let text = RwSignal::new(content.get_value());
    let save = move || {
        editing.set(false);
        let new = text.get_untracked().trim().to_owned();
        if !new.is_empty() && new != content.get_value() {
            chat.edit_queued(session, id, Some(new));
        }
    };
    let edit = move || {
        view! {
            <textarea
                class="queue-edit"
                rows="2"
                aria-label="Edit the waiting message"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=move |event| match event.key().as_str() {
                    "Enter" if !event.shift_key() && !event.is_composing() => {
                        event.prevent_default();
                        save();
                    }
                    "Escape" => editing.set(false),
                    _ => {}
                }
            ></textarea>
            <IconButton icon="check" label="Save" on:click=move |_| save() />
        }
    };
    view! {
        <li class="queued">
            <Show when=move || editing.get() fallback=move || view! {
                {from.get_value().map(|from| view! { <strong>{from}": "</strong> })}
                <span class="truncate">{content.get_value()}</span>
                {from
                    .with_value(Option::is_none)
                    .then(|| view! { <IconButton icon="edit" label="Edit" on:click=move |_| editing.set(true) /> })}
            }>{edit()}</Show>
            <IconButton icon="close" label="Remove" on:click=move |_| chat.edit_queued(session, id, None) />
        </li>
    }
}
