//! Messages, notices and what is still on its way.

use super::{Chat, Outgoing, Sending, billing::BillingCard};
use crate::{
    components::{icon::Icon, markdown::Markdown, time},
    live::{MessageView, Notice, NoticeKind, api},
};
use alumia_protocol::{
    Timestamp,
    events::RunError,
    peers::PeerRef,
    sessions::{Attachment, MessageRole},
};
use leptos::prelude::*;
use std::time::Duration;

/// The day of a moment as a separator shows it.
pub(super) fn day(at: Timestamp) -> String {
    time::day(at)
}

/// A person's or the agent's message.
#[component]
pub(super) fn MessageRow(message: RwSignal<MessageView>) -> impl IntoView {
    let role = message.with_untracked(|message| message.role);
    let text = Signal::derive(move || message.with(|message| message.text.clone()));
    match role {
        MessageRole::User => {
            let attachments = message.with_untracked(|message| message.attachments.clone());
            if let Some(from) = message.with_untracked(|message| message.from.clone()) {
                return view! { <PeerSaid from text /> }.into_any();
            }
            view! {
                <article class="said" aria-label="You">
                    <Attachments attachments />
                    <Show when=move || text.with(|text| !text.is_empty())><Markdown text /></Show>
                </article>
            }
            .into_any()
        }
        MessageRole::Assistant | MessageRole::System => {
            let thought = Signal::derive(move || message.with(|message| message.reasoning.clone()));
            let streaming = move || message.with(|message| message.streaming);
            view! {
                <article class="answer" data-streaming=move || streaming().to_string()>
                    <Show when=move || thought.with(|thought| !thought.is_empty())>
                        <details class="thought">
                            <summary><Icon name="chevron-right" />{move || if streaming() && text.with(String::is_empty) { "Thinking" } else { "Thought" }}</summary>
                            <Markdown text=thought />
                        </details>
                    </Show>
                    <Markdown text />
                </article>
            }
            .into_any()
        }
    }
}

/// Another agent's message.
#[component]
fn PeerSaid(from: PeerRef, text: Signal<String>) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let label = format!("Message from {}", from.agent_name);
    view! {
        <article class="peer-said" aria-label=label>
            <button type="button" class="peer-from" on:click=move |_| chat.open(from.session_id)>
                <Icon name="mail" />
                <span class="truncate">{from.agent_name}</span>
            </button>
            <Markdown text />
        </article>
    }
}

/// Files that go with a message.
#[component]
pub(super) fn Attachments(attachments: Vec<Attachment>) -> impl IntoView {
    let project = expect_context::<Chat>().project();
    let items = attachments
        .into_iter()
        .map(|file| {
            let url = api::file_url(project, &file.path);
            let picture = file.media_type.starts_with("image/");
            let picture_url = url.clone();
            view! {
                <li>
                    <a class="attachment" href=url target="_blank" rel="noopener">
                        {if picture {
                            view! { <img src=picture_url alt="" loading="lazy" /> }.into_any()
                        } else {
                            view! { <Icon name="file" /> }.into_any()
                        }}
                        <span class="truncate">{file.name}</span>
                        <span class="muted">{time::bytes(file.size)}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="attachments" role="list">{items}</ul> }
}

/// A message that the server hasn't confirmed.
#[component]
pub(super) fn OutgoingRow(message: Outgoing) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let id = message.id;
    let content = message.content.clone();
    let failed = match message.state {
        Sending::Failed { message, until } => Some((message, until)),
        Sending::Sending | Sending::Accepted => None,
    };
    let text = Signal::stored(content);
    let state = if failed.is_some() { "failed" } else { "sending" };
    view! {
        <article class="said" aria-label="You" data-state=state>
            <Attachments attachments=message.attachments />
            <Markdown text />
            {failed
                .map(|(problem, until)| {
                    let left = countdown(until, move || chat.retry(id));
                    view! {
                        <div class="said-failed" role="alert">
                            <Icon name="alert" />
                            <span>
                                {problem}
                                {move || left.get().map(|left| format!(" Sending again in {left} s."))}
                            </span>
                            <button type="button" class="button small" disabled=move || left.get().is_some() on:click=move |_| chat.retry(id)>
                                "Send again"
                            </button>
                            <button type="button" class="button small quiet" on:click=move |_| chat.outbox.remove(id)>
                                "Discard"
                            </button>
                        </div>
                    }
                })}
        </article>
    }
}

/// Seconds until a moment, counted down; then `done` runs once. `None` when there is nothing to wait for.
fn countdown(until: Option<Timestamp>, done: impl Fn() + Copy + 'static) -> RwSignal<Option<i64>> {
    let seconds =
        move || until.map(|until| (until.millis_since(time::now()) + 999) / 1_000).filter(|left| *left > 0);
    let left = RwSignal::new(seconds());
    if left.get_untracked().is_some() {
        let ticking = set_interval_with_handle(
            move || {
                let now = seconds();
                if left.try_get_untracked().flatten().is_some()
                    && left.try_set(now).is_none()
                    && now.is_none()
                {
                    done();
                }
            },
            Duration::from_millis(500),
        );
        if let Ok(ticking) = ticking {
            on_cleanup(move || ticking.clear());
        }
    }
    left
}

/// A line between messages, or a card that says what to do.
#[component]
pub(super) fn NoticeRow(notice: Notice) -> impl IntoView {
    match notice.kind {
        NoticeKind::ModelRetrying { attempt, delay_ms, error } => {
            let wait = time::duration(delay_ms.cast_signed());
            let text = format!("{} Trying again in {wait} (attempt {attempt}).", error.message);
            view! { <Line icon="refresh" text /> }.into_any()
        }
        NoticeKind::Compacted { summary } => view! {
            <details class="thought">
                <summary><Icon name="archive" />"Earlier turns were summarised to fit the model"</summary>
                <Markdown text=Signal::stored(summary) />
            </details>
        }
        .into_any(),
        NoticeKind::TakenOver => {
            view! { <Line icon="bolt" text="The server restarted. The run went on from its last finished step." /> }.into_any()
        }
        NoticeKind::Stopped => view! { <Line icon="stop" text="Stopped." /> }.into_any(),
        NoticeKind::Unpaid(blocked) => view! { <BillingCard blocked /> }.into_any(),
        NoticeKind::Failed(error) => view! { <ErrorCard error /> }.into_any(),
    }
}

#[component]
fn Line(icon: &'static str, #[prop(into)] text: String) -> impl IntoView {
    view! { <p class="chat-line"><Icon name=icon />{text}</p> }
}

/// Why a run failed and what to do.
#[component]
fn ErrorCard(error: RunError) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let title = match error.code.as_str() {
        "rate_limited" => "The model provider is limiting requests",
        "overloaded" => "The model provider is overloaded",
        "context_too_long" => "The conversation is too long for this model",
        "bad_key" => "The model provider refused the key",
        "refused" => "The model refused to answer",
        "timeout" => "The model took too long",
        "model_unavailable" => "This model can't be used now",
        "agent_disabled" => "This agent is switched off",
        "max_steps" => "The run reached its step limit",
        "time_limit" => "The run reached its time limit",
        _ => "The run failed",
    };
    let action =
        error.action.unwrap_or_else(|| "Go on from where it stopped, or send another message.".into());
    view! {
        <div class="error-card" role="group" aria-label="The run failed">
            <Icon name="alert" />
            <div>
                <h3>{title}</h3>
                <p>{error.message}</p>
                <p class="muted">{action}</p>
                <button type="button" class="button small" disabled=move || chat.is_running() on:click=move |_| chat.resume()>
                    <Icon name="refresh" />
                    "Try again"
                </button>
            </div>
        </div>
    }
}
