//! The built-in guide: a provider without network or key, so that everything runs on a fresh machine.
//!
//! It is no language model and says so. It follows the tool protocol through the same trait as any
//! provider, decides from the request's messages alone, and the same messages give the same answer. The
//! commands that it knows are in its own help text; [`TOUR`] starts the tour of the sample project.

mod calls;
mod command;
mod conversation;
mod csv_view;
mod findings;
mod play;
mod raw_call;
mod results;
mod schema;
mod second_opinion;
mod tour;

#[cfg(test)]
mod tests;

pub use tour::DATA_FILE;

use crate::{
    ModelError, ModelEvent, ModelMessage, ModelRequest, ModelStream, Part, Provider, StopReason, ToolSpec,
};
use alumia_protocol::{
    events::Usage,
    models::{Capabilities, CatalogModel, Price},
};
use async_trait::async_trait;
use play::{Kit, Move};
use std::time::Duration;

/// The provider's id.
pub const PROVIDER_ID: &str = "builtin";
/// The model's id.
pub const MODEL_ID: &str = "alumia-tour";
/// The message that starts the tour; the chat of the sample project suggests it.
pub const TOUR: &str = "Show me around";

/// Pieces that a call's arguments are streamed in.
const ARGUMENT_PIECES: usize = 40;

/// The built-in guide.
#[derive(Clone, Debug)]
pub struct Builtin {
    pace: Duration,
}

impl Default for Builtin {
    fn default() -> Self {
        Self::new()
    }
}

impl Builtin {
    /// At a pace that can be read along.
    pub const fn new() -> Self {
        Self { pace: Duration::from_millis(15) }
    }

    /// With this time between two pieces of an answer; for tests.
    pub const fn with_pace(pace: Duration) -> Self {
        Self { pace }
    }

    /// Its entry in the catalog.
    pub fn model() -> CatalogModel {
        CatalogModel {
            id: MODEL_ID.into(),
            provider: PROVIDER_ID.into(),
            name: "Built-in guide".into(),
            context_window: 1_000_000,
            capabilities: Capabilities { tools: true, vision: false, reasoning: false },
            price: Some(Price::default()),
            fast_sibling: None,
            available: true,
            unavailable_reason: None,
            own_key: false,
        }
    }
}

/// Whether what is asked last is the tour's, or its second agent's part of it: played by the guide whatever the model.
pub fn is_tour(messages: &[ModelMessage]) -> bool {
    let turn = conversation::read(messages);
    let asked = turn.asks.first().map(|ask| conversation::unlabelled(ask).trim());
    asked.is_some_and(|ask| ask == TOUR || ask == second_opinion::SECOND_OPINION)
}

#[async_trait]
impl Provider for Builtin {
    fn id(&self) -> &str {
        PROVIDER_ID
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        if request.model != MODEL_ID {
            return Err(ModelError::Malformed {
                detail: format!("the built-in provider has one model, \"{MODEL_ID}\""),
            });
        }
        let turn = conversation::read(&request.messages);
        let calls_before: usize = turn.steps.iter().map(Vec::len).sum();
        let answer = play::next(&turn, Kit(&request.tools));
        let usage = estimate(&request, &answer);
        let pace = if answer.pace.is_some() && !self.pace.is_zero() {
            answer.pace.unwrap_or_default()
        } else {
            self.pace
        };
        Ok(Box::pin(async_stream::stream! {
            for word in words(&answer.text) {
                yield Ok(ModelEvent::Text(word.to_owned()));
                pause(pace).await;
            }
            let calls = answer.calls.len();
            for (index, call) in answer.calls.into_iter().enumerate() {
                let mut named = Some((format!("guide-{}", calls_before + index), call.tool.clone()));
                let id = format!("guide-{}", calls_before + index);
                for piece in pieces(&call.arguments) {
                    let (id, name) = named.take().unzip();
                    yield Ok(ModelEvent::ToolCallDelta { index, id, name, arguments: piece.to_owned() });
                    pause(pace).await;
                }
                yield Ok(ModelEvent::ToolCall { index, id, name: call.tool, arguments: call.arguments });
            }
            yield Ok(ModelEvent::Usage(usage));
            yield Ok(ModelEvent::End(if calls == 0 { StopReason::End } else { StopReason::ToolCalls }));
        }))
    }
}

async fn pause(pace: Duration) {
    if !pace.is_zero() {
        tokio::time::sleep(pace).await;
    }
}

/// Words with the white space after them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let space = rest[word..].find(|c: char| !c.is_whitespace()).unwrap_or(rest.len() - word);
        let (piece, after) = rest.split_at(word + space);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The text in at most [`ARGUMENT_PIECES`] pieces, at least one.
fn pieces(text: &str) -> Vec<&str> {
    let size = text.len().div_ceil(ARGUMENT_PIECES).max(24);
    let (mut pieces, mut start) = (vec![], 0);
    while start < text.len() {
        let mut end = (start + size).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        pieces.push(&text[start..end]);
        start = end;
    }
    if pieces.is_empty() { vec![""] } else { pieces }
}

/// Four characters make about one token.
fn estimate(request: &ModelRequest, answer: &Move) -> Usage {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning { text, .. } => text.len(),
        Part::Image { .. } => 4_000,
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.to_string().len(),
        Part::ToolResult { content, .. } => content.len(),
    };
    let message = |message: &ModelMessage| message.parts.iter().map(part).sum::<usize>();
    let tool = |tool: &ToolSpec| tool.name.len() + tool.description.len() + tool.schema.to_string().len();
    let input = request.system.len()
        + request.messages.iter().map(message).sum::<usize>()
        + request.tools.iter().map(tool).sum::<usize>();
    let calls = answer.calls.iter().map(|call| call.tool.len() + call.arguments.len()).sum::<usize>();
    let tokens = |length: usize| i64::try_from(length.div_ceil(4)).unwrap_or(i64::MAX);
    Usage { input_tokens: tokens(input), cached_tokens: 0, output_tokens: tokens(answer.text.len() + calls) }
}
