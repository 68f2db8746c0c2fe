//! Whole runs over HTTP: the real dialects against a simulator of providers that others wrote.

#[path = "../../../../crates/models/tests/support/aimock.rs"]
mod aimock;

use super::*;
use aimock::Aimock;
use alumia_models::{
    config::{Dialect, ProviderConfig},
    wire::{self, WireProvider},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_each_dialect_ends_well() {
    let fixtures = json!({ "fixtures": [
        { "match": { "userMessage": "look twice", "hasToolResult": true },
          "response": { "content": "I saw 1 and 2." } },
        { "match": { "userMessage": "look twice" }, "chunkSize": 3, "response": {
            "content": "Looking.",
            "toolCalls": [
                { "name": "look", "arguments": { "n": 1 } },
                { "name": "look", "arguments": { "n": 2 } },
            ],
            "usage": { "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
                       "input_tokens": 10, "output_tokens": 4,
                       "promptTokenCount": 10, "candidatesTokenCount": 4, "totalTokenCount": 14 },
        } },
        { "match": { "userMessage": "too fast" }, "chaos": { "rateLimitRate": 1 },
          "response": { "content": "never" } },
    ] });
    let aimock = Aimock::start(&fixtures).await;
    for (dialect, base) in [(Dialect::OpenAi, "v1"), (Dialect::Anthropic, "v1"), (Dialect::Gemini, "v1beta")]
    {
        let look = Arc::new(FakeTool::new("look"));
        let mut office = Office::new(Scripted::answers([]), &[&look]).await;
        let entry: ProviderConfig = serde_json::from_value(json!({
            "id": "aimock", "base_url": format!("{}/{base}", aimock.origin), "api_key": "sk-test",
            "models": [{ "id": "m", "context": 100_000, "input_price": 0, "output_price": 0 }],
        }))
        .unwrap();
        let entry = ProviderConfig { dialect: Some(dialect), ..entry };
        let provider = Arc::new(WireProvider::new(&entry, wire::client().unwrap()).unwrap());
        let model = alumia_protocol::models::CatalogModel { id: "m".into(), ..Scripted::model() };
        office.models = Models::new(vec![(provider, vec![model])]);
        let engine = office.engine();
        let worker = Working::start(&engine);

        let session = office.open(&engine, "look twice").await.session_id;
        let data = office.first(session, "run.completed").await;
        let events = office.events(session).await;
        assert_eq!(said(&events), ["Looking.", "I saw 1 and 2."], "{dialect:?}");
        assert_eq!(look.runs(), 2, "{dialect:?}");
        let usage = end(&data).usage;
        assert!(usage.input_tokens >= 10 && usage.output_tokens >= 4, "{dialect:?}: {usage:?}");

        // The provider asks for a second of patience; then a person loses theirs.
        let session = office.open(&engine, "too fast").await.session_id;
        let EventData::ModelRetrying { attempt: 2, delay_ms, error } =
            office.first(session, "model.retrying").await
        else {
            panic!()
        };
        assert!(delay_ms >= 1_000, "{delay_ms}");
        assert_eq!(error.code, "rate_limited", "{dialect:?}");
        engine.stop(&office.house.owner, session).await.unwrap();
        office.first(session, "run.cancelled").await;
        worker.shut_down().await;
    }
}
