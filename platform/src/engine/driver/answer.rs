//! A model call that is going on: what the provider sends, as the machine's events.

use crate::engine::machine::{Event, Fit};
use alumia_models::{ModelError, ModelEvent, ModelRequest, ModelStream, Provider};
use alumia_protocol::{CallId, tools::ToolError};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// How long a provider may say nothing at all.
const SILENCE: Duration = Duration::from_mins(5);
/// Bytes of text that become one delta when they are there already.
const PIECE: usize = 4 * 1024;

/// One model call.
pub struct Answer {
    stream: ModelStream,
    /// Read while joining deltas, not handled yet.
    ahead: VecDeque<Option<Result<ModelEvent, ModelError>>>,
    /// Our ids and the tools of the calls by their place in the answer.
    calls: HashMap<usize, (CallId, String)>,
    /// After so long a silence is told.
    patience: Duration,
    /// When it said something last, or was asked.
    heard: Instant,
    /// Whether the present silence was told.
    told: bool,
}

impl Answer {
    /// Makes the call; connecting happens while events are awaited. A silence of `patience` is told.
    pub fn new(provider: Arc<dyn Provider>, request: ModelRequest, patience: Duration) -> Self {
        let opening = async move { provider.stream(request).await };
        Self {
            stream: futures::stream::once(opening).try_flatten().boxed(),
            ahead: VecDeque::new(),
            calls: HashMap::new(),
            patience,
            heard: Instant::now(),
            told: false,
        }
    }

    /// The next event; `check` looks at whole calls.
    pub async fn next(&mut self, check: impl Fn(&str, &str) -> Result<Fit, ToolError>) -> Event {
        loop {
            let event = match self.ahead.pop_front() {
                Some(event) => event,
                None => {
                    let patience = if self.told { SILENCE } else { self.patience.min(SILENCE) };
                    match tokio::time::timeout_at(self.heard + patience, self.stream.next()).await {
                        Ok(event) => {
                            (self.heard, self.told) = (Instant::now(), false);
                            event
                        }
                        Err(_) if patience < SILENCE => {
                            self.told = true;
                            return Event::ModelSilent { silence: self.heard.elapsed() };
                        }
                        Err(_) => Some(Err(ModelError::Timeout { detail: String::new() })),
                    }
                }
            };
            let event = match event {
                Some(Ok(event)) => event,
                Some(Err(error)) => return Event::AnswerFailed { error, luck: luck() },
                None => {
                    let detail = "the connection broke off in the middle of an answer".into();
                    let error = ModelError::Overloaded { retry_after: None, detail };
                    return Event::AnswerFailed { error, luck: luck() };
                }
            };
            if let Some(event) = self.convert(event, &check) {
                return event;
            }
        }
    }

    fn convert(
        &mut self,
        event: ModelEvent,
        check: &impl Fn(&str, &str) -> Result<Fit, ToolError>,
    ) -> Option<Event> {
        Some(match event {
            ModelEvent::Text(mut text) => {
                self.join(&mut text, |event| match event {
                    ModelEvent::Text(more) => Ok(more),
                    other => Err(other),
                });
                if text.is_empty() {
                    return None;
                }
                Event::Text(text)
            }
            ModelEvent::Reasoning(mut text) => {
                self.join(&mut text, |event| match event {
                    ModelEvent::Reasoning(more) => Ok(more),
                    other => Err(other),
                });
                if text.is_empty() {
                    return None;
                }
                Event::Reasoning(text)
            }
            ModelEvent::ReasoningSignature(proof) => Event::Signature(proof),
            ModelEvent::ToolCallDelta { index, name, arguments: mut text, .. } => {
                self.join(&mut text, |event| match event {
                    ModelEvent::ToolCallDelta { index: at, arguments, .. } if at == index => Ok(arguments),
                    other => Err(other),
                });
                let (call_id, tool) = self.call(index, name);
                Event::Arguments { call_id, tool, text }
            }
            ModelEvent::ToolCall { index, name, arguments, .. } => {
                let (call_id, tool) = self.call(index, Some(name));
                let check = check(&tool, &arguments);
                Event::Called { call_id, tool, arguments, check }
            }
            ModelEvent::Usage(usage) => Event::Usage(usage),
            ModelEvent::End(reason) => Event::Answered(reason),
        })
    }

    fn call(&mut self, index: usize, name: Option<String>) -> (CallId, String) {
        let call = self.calls.entry(index).or_insert_with(|| (CallId::new(), String::new()));
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            call.1 = name;
        }
        call.clone()
    }

    /// Appends what has arrived already and is of the same kind: fewer deltas, same order.
    fn join(&mut self, text: &mut String, same: impl Fn(ModelEvent) -> Result<String, ModelEvent>) {
        while text.len() < PIECE && self.ahead.is_empty() {
            let Some(next) = self.stream.next().now_or_never() else { return };
            match next {
                Some(Ok(event)) => match same(event) {
                    Ok(more) => text.push_str(&more),
                    Err(other) => self.ahead.push_back(Some(Ok(other))),
                },
                end => self.ahead.push_back(end),
            }
        }
    }
}

fn luck() -> u16 {
    rand::random_range(0..1_000)
}
