//! A model provider of the OpenAI dialect that takes one key.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// What a call of its only model costs, in microcredits, at the price that [`Provider::settings`] says.
pub const COST: i64 = 1_000 * 3 + 200 * 15;
const ANSWER: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Paid.\"}}]}\n\n\
                      data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                      data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":200}}\n\n\
                      data: [DONE]\n\n";

type Keys = Arc<Mutex<Vec<String>>>;

/// A running one. Dropping it ends it.
pub struct Provider {
    pub url: String,
    /// The keys that came with calls, refused ones included.
    seen: Keys,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// One that takes these keys.
    pub async fn start(good: &'static [&'static str]) -> Self {
        Self::slow(good, Duration::ZERO).await
    }

    /// The same, but it thinks for a while before each answer.
    pub async fn slow(good: &'static [&'static str], pause: Duration) -> Self {
        let seen = Keys::default();
        let state = (good, pause, seen.clone());
        let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, task }
    }

    /// The entry of the settings that names it, with the operator's key.
    pub fn settings(&self, key: &str) -> String {
        format!(
            "[{{id=\"paid\",dialect=\"openai\",base_url=\"{}\",api_key=\"{key}\",models=[{{id=\"m-1\",context=10000,\
             input_price=3000000,output_price=15000000}}]}}]",
            self.url
        )
    }

    /// The keys of all calls so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn complete(
    State((good, pause, seen)): State<(&'static [&'static str], Duration, Keys)>,
    headers: HeaderMap,
) -> Response {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = key.strip_prefix("Bearer ").unwrap_or_default().to_owned();
    seen.lock().unwrap().push(key.clone());
    if !good.contains(&key.as_str()) {
        let error = json!({ "error": { "message": format!("Incorrect API key provided: {key}") } });
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    tokio::time::sleep(pause).await;
    ([(header::CONTENT_TYPE, "text/event-stream")], ANSWER).into_response()
}
