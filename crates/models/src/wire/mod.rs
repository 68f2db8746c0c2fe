//! Providers over HTTP: one transport, three dialects.

mod anthropic;
mod failure;
mod gemini;
mod history;
mod openai;
mod sse;

use crate::{
    ModelError, ModelEvent, ModelRequest, ModelStream, Provider,
    config::{ConfigError, Dialect, ProviderConfig, Quirks, base_url},
};
use alumia_protocol::{agents::ReasoningEffort, models::Capabilities};
use async_trait::async_trait;
use reqwest::{
    Client, Response, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};
use tokio::time::timeout;

/// A provider that sends no byte for so long is taken for dead.
pub const IDLE: Duration = Duration::from_mins(1);
/// Bytes of an error's body that are read.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// The client that all providers share. Redirects aren't followed: a key must not go anywhere but where
/// the operator sent it. Addresses aren't vetted, because the operator's own server may well be local.
pub fn client() -> reqwest::Result<Client> {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("alumia/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// One dialect's reader of events.
trait Decode: Send {
    /// Reads an event; true when the stream is complete.
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ModelEvent>) -> Result<bool, ModelError>;

    /// The connection was closed in order: whether that is how this dialect ends.
    fn end_of_stream(&mut self, _out: &mut Vec<ModelEvent>) -> bool {
        false
    }
}

/// A provider over HTTP.
#[derive(Clone)]
pub struct WireProvider {
    id: String,
    dialect: Dialect,
    base: Url,
    key: SecretString,
    quirks: Quirks,
    models: HashMap<String, Capabilities>,
    client: Client,
    idle: Duration,
}

impl fmt::Debug for WireProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, dialect, base, .. } = self;
        f.debug_struct("WireProvider")
            .field("id", id)
            .field("dialect", dialect)
            .field("base", &base.as_str())
            .finish_non_exhaustive()
    }
}

impl WireProvider {
    /// A provider as configured. Calls nobody. [`crate::config::providers`] checks entries before.
    pub fn new(entry: &ProviderConfig, client: Client) -> Result<Self, ConfigError> {
        let base = base_url(entry.base_url.as_deref().unwrap_or_default()).map_err(ConfigError::other)?;
        let can = |model: &crate::config::ModelConfig| Capabilities {
            tools: model.tools,
            vision: model.vision,
            reasoning: model.reasoning,
        };
        Ok(Self {
            id: entry.id.clone(),
            dialect: entry.dialect.unwrap_or(Dialect::OpenAi),
            base,
            key: entry.api_key.clone(),
            quirks: entry.quirks,
            models: entry.models.iter().map(|model| (model.id.clone(), can(model))).collect(),
            client,
            idle: IDLE,
        })
    }

    /// With another idle limit; for tests.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    async fn send(&self, request: &ModelRequest) -> Result<Response, ModelError> {
        let can = self.models.get(&request.model).copied().unwrap_or_default();
        let (path, body) = match self.dialect {
            Dialect::OpenAi => (openai::PATH.to_owned(), openai::body(request, can, self.quirks)),
            Dialect::Anthropic => (anthropic::PATH.to_owned(), anthropic::body(request, can)),
            Dialect::Gemini => (gemini::path(&request.model), gemini::body(request, can)),
        };
        let url =
            self.base.join(&format!("./{path}")).map_err(|error| malformed(format!("no URL: {error}")))?;
        let mut call = self
            .client
            .post(url)
            .header(ACCEPT, "text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let key = self.key.expose_secret();
        if self.dialect == Dialect::Anthropic {
            call = call.header("anthropic-version", anthropic::VERSION);
        }
        if !key.is_empty() {
            let (name, value) = match self.dialect {
                Dialect::OpenAi => (AUTHORIZATION.as_str(), format!("Bearer {key}")),
                Dialect::Anthropic => ("x-api-key", key.to_owned()),
                Dialect::Gemini => ("x-goog-api-key", key.to_owned()),
            };
            let mut value = HeaderValue::from_str(&value).map_err(|_| ModelError::BadKey {
                detail: "the key holds characters that no key has; was it copied whole?".into(),
            })?;
            value.set_sensitive(true);
            call = call.header(name, value);
        }
        let answer = timeout(self.idle, call.send()).await.map_err(|_| self.silent())?;
        let answer = answer.map_err(|error| broken(&error))?;
        let status = answer.status();
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_lowercase();
        if status.is_success() && !kind.starts_with("application/json") && !kind.starts_with("text/html") {
            return Ok(answer);
        }
        let headers = answer.headers().clone();
        let body = self.read_some(answer).await;
        if !status.is_success() {
            return Err(failure::of_answer(status, &headers, &body));
        }
        let event = serde_json::from_str(&body).unwrap_or_default();
        Err(failure::in_stream(&event).unwrap_or_else(|| {
            malformed(format!("it sent {kind} instead of a stream; does base_url point at the right place?"))
        }))
    }

    /// The beginning of a body, as far as it comes.
    async fn read_some(&self, mut answer: Response) -> String {
        let mut body = vec![];
        while body.len() < MAX_ERROR_BODY
            && let Ok(Ok(Some(bytes))) = timeout(self.idle, answer.chunk()).await
        {
            body.extend_from_slice(&bytes);
        }
        body.truncate(MAX_ERROR_BODY);
        String::from_utf8_lossy(&body).into_owned()
    }

    fn silent(&self) -> ModelError {
        ModelError::Timeout { detail: format!("no byte came for {} seconds", self.idle.as_secs_f32()) }
    }

    fn decoder(&self) -> Box<dyn Decode> {
        match self.dialect {
            Dialect::OpenAi => Box::new(openai::Decoder::default()),
            Dialect::Anthropic => Box::new(anthropic::Decoder::default()),
            Dialect::Gemini => Box::new(gemini::Decoder::default()),
        }
    }
}

#[async_trait]
impl Provider for WireProvider {
    fn id(&self) -> &str {
        &self.id
    }

    fn with_key(&self, key: SecretString) -> Option<Arc<dyn Provider>> {
        Some(Arc::new(Self { key, ..self.clone() }))
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let key = self.key.clone();
        let clean = move |error| failure::without_key(error, key.expose_secret());
        let mut answer = self.send(&request).await.map_err(&clean)?;
        let (mut decoder, idle, silent) = (self.decoder(), self.idle, self.silent());
        Ok(Box::pin(async_stream::stream! {
            let mut lines = sse::Decoder::default();
            let mut events = vec![];
            loop {
                let bytes = match timeout(idle, answer.chunk()).await {
                    Err(_) => Err(silent.clone()),
                    Ok(Err(error)) => Err(broken(&error)),
                    Ok(Ok(bytes)) => Ok(bytes),
                };
                let outcome = bytes.and_then(|bytes| match bytes {
                    Some(bytes) => read(&mut lines, decoder.as_mut(), &bytes, &mut events),
                    None if decoder.end_of_stream(&mut events) => Ok(true),
                    None => Err(cut_off("the connection broke before the answer was complete")),
                });
                for event in events.drain(..) {
                    yield Ok(event);
                }
                match outcome {
                    Ok(false) => {}
                    Ok(true) => break,
                    Err(error) => {
                        yield Err(clean(error));
                        break;
                    }
                }
            }
        }))
    }
}

/// Takes bytes; true when the answer is complete.
fn read(
    lines: &mut sse::Decoder,
    decoder: &mut dyn Decode,
    bytes: &[u8],
    out: &mut Vec<ModelEvent>,
) -> Result<bool, ModelError> {
    for event in lines.push(bytes).map_err(|error| malformed(error.to_string()))? {
        if decoder.event(&event.name, &event.data, out)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An event's JSON, unless it is an error.
fn json_event(data: &str) -> Result<Value, ModelError> {
    let event: Value = serde_json::from_str(data)
        .map_err(|error| malformed(format!("an event of the stream is no JSON: {error}")))?;
    match failure::in_stream(&event) {
        Some(error) => Err(error),
        None => Ok(event),
    }
}

fn malformed(detail: String) -> ModelError {
    ModelError::Malformed { detail }
}

fn cut_off(detail: &str) -> ModelError {
    ModelError::Overloaded { retry_after: None, detail: detail.to_owned() }
}

/// A transport error without the address, which is the operator's own business.
fn broken(error: &reqwest::Error) -> ModelError {
    if error.is_timeout() {
        ModelError::Timeout { detail: "the provider's server did not answer the call".into() }
    } else if error.is_connect() {
        cut_off("the provider's server can't be reached")
    } else {
        cut_off("the connection broke")
    }
}

/// A token count; negative or absurd ones don't count.
fn tokens(value: Option<&Value>) -> Option<i64> {
    value?.as_i64().filter(|count| (0..=1_000_000_000_000).contains(count))
}

const fn effort(effort: ReasoningEffort) -> &'static str {
    match effort {
        ReasoningEffort::Low => "low",
        ReasoningEffort::Medium => "medium",
        ReasoningEffort::High => "high",
    }
}

fn data_uri(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// Arguments as the object that some dialects insist on.
fn object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::Null => json!({}),
        other => json!({ "malformed_arguments": other }),
    }
}
