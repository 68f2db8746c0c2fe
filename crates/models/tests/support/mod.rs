//! What the tests of the dialects share.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod aimock;
pub mod server;

use alumia_models::{
    ModelError, ModelEvent, ModelMessage, ModelRequest, Part, Provider, Role, ToolSpec,
    config::{Dialect, ProviderConfig},
    wire::{self, WireProvider},
};
use futures::StreamExt;
use serde_json::json;

pub const KEY: &str = "sk-test-0123456789";
pub const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];

pub const fn base_path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi | Dialect::Anthropic => "/v1",
        Dialect::Gemini => "/v1beta",
    }
}

/// A provider of `dialect` at `origin`, whose one model `m` can do everything.
pub fn provider(dialect: Dialect, origin: &str) -> WireProvider {
    let entry: ProviderConfig = serde_json::from_value(json!({
        "id": "test",
        "base_url": format!("{origin}{}", base_path(dialect)),
        "api_key": KEY,
        "models": [{ "id": "m", "context": 1000, "vision": true, "reasoning": true,
                     "input_price": 0, "output_price": 0 }],
    }))
    .unwrap();
    let entry = ProviderConfig { dialect: Some(dialect), ..entry };
    WireProvider::new(&entry, wire::client().unwrap()).unwrap()
}

pub fn user(text: &str) -> ModelMessage {
    ModelMessage { role: Role::User, parts: vec![Part::Text(text.into())] }
}

pub fn request(text: &str) -> ModelRequest {
    let tool = ToolSpec {
        name: "file_list".into(),
        description: "Lists files.".into(),
        schema: json!({ "type": "object", "properties": { "folder": { "type": "string" } } }),
    };
    ModelRequest {
        model: "m".into(),
        system: "Be brief.".into(),
        messages: vec![user(text)],
        tools: vec![tool].into(),
        ..ModelRequest::default()
    }
}

/// All events of a call, and the error that it ended with, if it did. Nothing may follow an end.
pub async fn call(provider: &dyn Provider, request: ModelRequest) -> (Vec<ModelEvent>, Option<ModelError>) {
    let mut stream = match provider.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return (vec![], Some(error)),
    };
    let (mut events, mut failure) = (vec![], None);
    while let Some(event) = stream.next().await {
        assert!(failure.is_none(), "something follows an error");
        assert!(!matches!(events.last(), Some(ModelEvent::End(_))), "something follows the end");
        match event {
            Ok(event) => events.push(event),
            Err(error) => failure = Some(error),
        }
    }
    let ended = matches!(events.last(), Some(ModelEvent::End(_)));
    assert!(ended != failure.is_some(), "a silent end: {events:?}");
    (events, failure)
}

pub fn text(events: &[ModelEvent]) -> String {
    let piece = |event: &ModelEvent| match event {
        ModelEvent::Text(text) => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(piece).collect()
}

/// Name and arguments of the whole calls; checks that the deltas add up to them.
pub fn calls(events: &[ModelEvent]) -> Vec<(String, String)> {
    let mut pieces: Vec<String> = vec![];
    let mut whole = vec![];
    for event in events {
        match event {
            ModelEvent::ToolCallDelta { index, id, name, arguments } => {
                if *index == pieces.len() {
                    assert!(id.is_some() && name.is_some(), "the first piece names the call");
                    pieces.push(String::new());
                }
                pieces[*index].push_str(arguments);
            }
            ModelEvent::ToolCall { index, name, arguments, .. } => {
                assert_eq!(&pieces[*index], arguments);
                whole.push((name.clone(), arguments.clone()));
            }
            _ => {}
        }
    }
    whole
}
