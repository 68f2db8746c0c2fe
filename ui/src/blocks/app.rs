//! An app in its frame. The frame has no origin and reaches nothing; what it asks of its database is asked here, with the
//! rights of whoever looks at it.

use crate::live::{api, shared::Shared};
use alumia_protocol::{BlockId, apps::AppQuery, blocks::Block};
use leptos::{html, prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{cell::RefCell, collections::VecDeque, rc::Rc};
use wasm_bindgen::{JsCast, JsValue};

/// Questions that wait for their turn; a frame that asks more gets no answer to them.
const MOST_WAITING: usize = 100;
/// Characters of one question.
const LONGEST: u32 = 300_000;

/// What a frame asks.
#[derive(Deserialize)]
struct Question {
    /// Its own number for it.
    alumia: u64,
    kind: Kind,
    sql: String,
    #[serde(default)]
    params: Vec<Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Query,
    Execute,
}

pub(super) fn view(block: RwSignal<Block>) -> AnyView {
    let id = block.with_untracked(|block| block.id);
    let title = Memo::new(move |_| block.with(|block| block.title.clone()));
    let frame = NodeRef::<html::Iframe>::new();
    let opened = RwSignal::new(None::<Result<String, String>>);
    let shared = StoredValue::new(use_context::<Shared>());
    let open = move || {
        opened.set(None);
        spawn_local(async move {
            let answer = match shared.get_value() {
                Some(shared) => api::shared_app_frame(&shared.frame_path(id)).await,
                None => api::app_frame(id).await,
            };
            opened.try_set(Some(answer.map(|frame| frame.url).map_err(|problem| problem.message)));
        });
    };
    Effect::new(move |_| {
        open();
        listen(id, frame, shared.with_value(Option::is_some));
    });
    let shown = move || match opened.get() {
        None => view! { <p class="block-app-wait muted">"Opening…"</p> }.into_any(),
        Some(Ok(url)) => view! {
            <iframe
                node_ref=frame
                src=url
                title=move || title.get()
                sandbox="allow-scripts allow-forms allow-modals"
                referrerpolicy="no-referrer"
            ></iframe>
        }
        .into_any(),
        Some(Err(message)) => view! {
            <p class="block-app-wait" role="alert">
                {message}
                <button type="button" class="button small" on:click=move |_| open()>"Try again"</button>
            </p>
        }
        .into_any(),
    };
    view! {
        <div class="block-app">
            <noscript><p class="block-app-wait">"This is an app. It needs JavaScript."</p></noscript>
            {shown}
        </div>
    }
    .into_any()
}

/// Answers what the frame asks, one after the other, until this is gone.
fn listen(id: BlockId, frame: NodeRef<html::Iframe>, shared: bool) {
    let waiting: Rc<RefCell<VecDeque<Question>>> = Rc::default();
    let busy = Rc::new(RefCell::new(false));
    let handle = window_event_listener_untyped("message", move |event| {
        let Some(event) = event.dyn_ref::<web_sys::MessageEvent>() else { return };
        let Some(window) = frame.get_untracked().and_then(|frame| frame.content_window()) else { return };
        if event.source().is_none_or(|source| JsValue::from(source) != JsValue::from(window.clone())) {
            return;
        }
        let text = js_sys::JSON::stringify(&event.data()).ok().filter(|text| text.length() <= LONGEST);
        let question = text.and_then(|text| serde_json::from_str(&String::from(text)).ok());
        let Some(question) = question else { return };
        if waiting.borrow().len() >= MOST_WAITING {
            return;
        }
        waiting.borrow_mut().push_back(question);
        if busy.replace(true) {
            return;
        }
        let (waiting, busy) = (waiting.clone(), busy.clone());
        spawn_local(async move {
            loop {
                let next = waiting.borrow_mut().pop_front();
                let Some(question) = next else { break };
                let number = question.alumia;
                let reply = match answer(id, question, shared).await {
                    Ok(answer) => json!({ "alumia": number, "answer": answer }),
                    Err(error) => json!({ "alumia": number, "error": error }),
                };
                let Ok(reply) = js_sys::JSON::parse(&reply.to_string()) else { continue };
                if frame.is_disposed() {
                    break;
                }
                if let Some(window) = frame.get_untracked().and_then(|frame| frame.content_window()) {
                    // A frame without an origin can be named in no other way.
                    drop(window.post_message(&reply, "*"));
                }
            }
            busy.replace(false);
        });
    });
    on_cleanup(move || handle.remove());
}

async fn answer(id: BlockId, question: Question, shared: bool) -> Result<Value, String> {
    if shared {
        return Err("The data of this app is not shared.".into());
    }
    let Question { kind, sql, params, .. } = question;
    let query = AppQuery { sql, params };
    let rows = match kind {
        Kind::Query => api::query_app(id, &query).await,
        Kind::Execute => api::execute_app(id, &query).await,
    };
    rows.map(|rows| json!(rows)).map_err(|problem| problem.message)
}
