//! The dialects against a simulator of providers that others wrote: what it streams, and its chaos.

mod support;

use alumia_models::{ModelError, ModelEvent, ModelMessage, Part, Provider, Role, StopReason};
use alumia_protocol::events::Usage;
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{DIALECTS, aimock::Aimock, call, calls, provider, request, text};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

const HELLO: &str = "Grüße aus der Mitte: 你好 🌋, and a few words more.";
const FIRST: &str = r#"{"folder":"ä/b 🌋","note":"long enough for several pieces"}"#;

fn fixtures() -> Value {
    let broken = |words: &str, chaos: Value| json!({ "match": { "userMessage": words }, "response": { "content": "never" }, "chaos": chaos });
    let usage = json!({
        "prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19,
        "input_tokens": 12, "output_tokens": 7,
        "promptTokenCount": 12, "candidatesTokenCount": 7, "totalTokenCount": 19,
    });
    json!({ "fixtures": [
        { "match": { "userMessage": "say hello" }, "response": { "content": HELLO, "usage": usage } },
        { "match": { "userMessage": "list the files" }, "chunkSize": 9, "response": {
            "content": "Looking.",
            "toolCalls": [
                { "name": "file_list", "arguments": FIRST },
                { "name": "file_list", "arguments": "{\"folder\":\"c\"}" },
            ],
        } },
        { "match": { "userMessage": "read the results" }, "response": { "content": "Two files." } },
        broken("drop this", json!({ "dropRate": 1 })),
        broken("garble this", json!({ "malformedRate": 1 })),
        broken("hang up", json!({ "disconnectRate": 1 })),
        broken("not so fast", json!({ "rateLimitRate": 1 })),
        broken("be late", json!({ "latencyMs": 600 })),
        { "match": { "userMessage": "break off" }, "latency": 40, "chunkSize": 5, "truncateAfterChunks": 4,
          "response": { "content": "one two three four five six seven eight nine ten" } },
        { "match": { "userMessage": "trickle" }, "latency": 200, "chunkSize": 2,
          "response": { "content": "drop ".repeat(500) } },
    ] })
}

#[tokio::test]
async fn text_and_usage_arrive_as_they_were_sent() {
    let aimock = Aimock::start(&fixtures()).await;
    for dialect in DIALECTS {
        let (events, failure) = call(&provider(dialect, &aimock.origin), request("say hello")).await;
        assert_eq!(failure, None, "{dialect:?}");
        assert_eq!(text(&events), HELLO, "{dialect:?}");
        let pieces = events.iter().filter(|event| matches!(event, ModelEvent::Text(_))).count();
        assert!(pieces > 1, "{dialect:?}: {events:?}");
        let usage = Usage { input_tokens: 12, cached_tokens: 0, output_tokens: 7 };
        assert!(events.contains(&ModelEvent::Usage(usage)), "{dialect:?}: {events:?}");
        assert_eq!(events.last(), Some(&ModelEvent::End(StopReason::End)), "{dialect:?}");
    }
}

#[tokio::test]
async fn parallel_calls_come_in_pieces_and_their_results_go_back() {
    let aimock = Aimock::start(&fixtures()).await;
    for dialect in DIALECTS {
        let provider = provider(dialect, &aimock.origin);
        let (events, failure) = call(&provider, request("list the files")).await;
        assert_eq!(failure, None, "{dialect:?}");
        assert_eq!(text(&events), "Looking.");
        let same = |(name, arguments): &(String, String)| {
            (name.clone(), serde_json::from_str::<Value>(arguments).unwrap())
        };
        assert_eq!(
            calls(&events).iter().map(same).collect::<Vec<_>>(),
            [
                ("file_list".to_owned(), serde_json::from_str(FIRST).unwrap()),
                ("file_list".to_owned(), json!({ "folder": "c" })),
            ],
            "{dialect:?}"
        );
        assert_eq!(events.last(), Some(&ModelEvent::End(StopReason::ToolCalls)), "{dialect:?}");

        let mut asked = vec![Part::Text("Looking.".into())];
        let mut results = vec![];
        for event in &events {
            let ModelEvent::ToolCall { id, name, arguments, .. } = event else { continue };
            let arguments = serde_json::from_str(arguments).unwrap();
            asked.push(Part::ToolCall { id: id.clone(), name: name.clone(), arguments });
            let (id, name) = (id.clone(), name.clone());
            results.push(Part::ToolResult { id, name, content: "[]".into(), is_error: false });
        }
        let mut next = request("list the files");
        next.messages.extend([
            ModelMessage { role: Role::Assistant, parts: asked },
            ModelMessage { role: Role::Tool, parts: results },
            support::user("read the results"),
        ]);
        let (events, failure) = call(&provider, next).await;
        assert_eq!((text(&events).as_str(), failure), ("Two files.", None), "{dialect:?}");
    }
}

#[tokio::test]
async fn each_kind_of_chaos_is_the_error_that_it_should_be() {
    type Check = fn(&ModelError) -> bool;
    let kinds: [(&str, Check); 5] = [
        ("drop this", |error| matches!(error, ModelError::Overloaded { .. })),
        ("garble this", |error| matches!(error, ModelError::Malformed { .. })),
        ("hang up", |error| matches!(error, ModelError::Overloaded { .. })),
        ("break off", |error| matches!(error, ModelError::Overloaded { .. })),
        (
            "not so fast",
            |error| matches!(error, ModelError::RateLimited { retry_after: Some(wait), .. } if *wait == Duration::from_secs(1)),
        ),
    ];
    let aimock = Aimock::start(&fixtures()).await;
    for dialect in DIALECTS {
        let provider = provider(dialect, &aimock.origin);
        for (words, right) in kinds {
            let (events, failure) = call(&provider, request(words)).await;
            let error = failure.unwrap_or_else(|| panic!("{dialect:?} {words}: {events:?}"));
            assert!(right(&error), "{dialect:?} {words}: {error:?}");
            assert_eq!(events.is_empty(), words != "break off", "{dialect:?} {words}: {events:?}");
        }
    }
}

#[tokio::test]
async fn a_late_answer_is_waited_for_within_the_limit() {
    let aimock = Aimock::start(&fixtures()).await;
    for dialect in DIALECTS {
        let patient = provider(dialect, &aimock.origin);
        let started = Instant::now();
        let (events, failure) = call(&patient, request("be late")).await;
        assert_eq!((text(&events).as_str(), failure), ("never", None), "{dialect:?}");
        assert!(started.elapsed() >= Duration::from_millis(600));
        let hasty = provider(dialect, &aimock.origin).with_idle(Duration::from_millis(100));
        let (_, failure) = call(&hasty, request("be late")).await;
        assert!(matches!(failure, Some(ModelError::Timeout { .. })), "{dialect:?}: {failure:?}");
    }
}

/// An origin that passes one connection on to another, and tells when the client has closed it.
async fn watched(there: &str) -> (String, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let there = there.trim_start_matches("http://").to_owned();
    let (gone, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(there).await.unwrap();
        // The server would go on for minutes, so only the client ends this, in order or with a reset.
        let _ = copy_bidirectional(&mut client, &mut server).await;
        let _ = gone.send(());
    });
    (origin, told)
}

#[tokio::test]
async fn dropping_the_answer_closes_the_connection() {
    let aimock = Aimock::start(&fixtures()).await;
    for dialect in DIALECTS {
        let (origin, mut gone) = watched(&aimock.origin).await;
        let mut stream = provider(dialect, &origin).stream(request("trickle")).await.unwrap();
        stream.next().await.unwrap().unwrap();
        assert!(gone.try_recv().is_err(), "{dialect:?} hung up by itself");
        drop(stream);
        tokio::time::timeout(Duration::from_secs(5), gone).await.expect("the connection stays open").unwrap();
    }
}
