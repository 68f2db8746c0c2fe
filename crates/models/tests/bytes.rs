//! The dialects against a server that sends exact bytes: cut anywhere, split anywhere, with unknown
//! fields, silent, rude.

mod support;

use alumia_models::{ModelError, ModelEvent, Provider, StopReason, config::Dialect};
use alumia_protocol::events::Usage;
use futures::StreamExt;
use std::time::{Duration, Instant};
use support::{
    DIALECTS, KEY, call, calls, provider, request,
    server::{Act, Server, answer_with, chunk, chunked_head, stream_head},
    text,
};

/// A stream with thoughts, text, a call in pieces, usage, and fields that nobody knows.
fn stream(dialect: Dialect) -> String {
    match dialect {
        Dialect::OpenAi => concat!(
            ": keep-alive\r\n\r\n",
            "data: {\"id\":\"c\",\"new_field\":{\"x\":[1]},\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\"},\"finish_reason\":null}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Grü\\u00dfe \"},\"later\":true}],\"usage\":null}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"你好 🌋\"}}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"file_list\",\"arguments\":\"\"}}]}}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"folder\\\":\"}}]}}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"ä\\\"}\"}}]}}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\r\n\r\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\r\n\r\n",
            "data: [DONE]\r\n\r\n",
        )
        .into(),
        Dialect::Anthropic => concat!(
            "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"role\":\"assistant\",\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":4,\"cache_creation_input_tokens\":3,\"output_tokens\":1}}}\r\n\r\n",
            "event: content_block_start\r\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\r\n\r\n",
            "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\r\n\r\n",
            "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\r\n\r\n",
            "event: content_block_stop\r\ndata: {\"type\":\"content_block_stop\",\"index\":0}\r\n\r\n",
            "event: ping\r\ndata: {\"type\":\"ping\"}\r\n\r\n",
            "event: content_block_start\r\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\r\n\r\n",
            "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße 你好 🌋\"},\"new\":1}\r\n\r\n",
            "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"brand_new_delta\",\"x\":1}}\r\n\r\n",
            "event: brand_new\r\ndata: {\"type\":\"brand_new\"}\r\n\r\n",
            "event: content_block_start\r\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"file_list\",\"input\":{}}}\r\n\r\n",
            "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"folder\\\":\"}}\r\n\r\n",
            "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"ä\\\"}\"}}\r\n\r\n",
            "event: content_block_stop\r\ndata: {\"type\":\"content_block_stop\",\"index\":2}\r\n\r\n",
            "event: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}\r\n\r\n",
            "event: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n",
        )
        .into(),
        Dialect::Gemini => concat!(
            "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hm\",\"thought\":true}]}}],\"newField\":7}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Grüße 你好 🌋\",\"other\":{}}]}}]}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"file_list\",\"args\":{\"folder\":\"ä\"}},\"thoughtSignature\":\"c2ln\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":3,\"thoughtsTokenCount\":2}}\r\n\r\n",
        )
        .into(),
    }
}

fn check_whole(events: &[ModelEvent]) {
    assert_eq!(text(events), "Grüße 你好 🌋");
    assert!(events.contains(&ModelEvent::Reasoning("hm".into())));
    assert_eq!(calls(events), [("file_list".to_owned(), "{\"folder\":\"ä\"}".to_owned())]);
    let usage = Usage { input_tokens: 10, cached_tokens: 4, output_tokens: 5 };
    assert!(events.contains(&ModelEvent::Usage(usage)), "{events:?}");
    assert_eq!(events.last(), Some(&ModelEvent::End(StopReason::ToolCalls)));
}

#[tokio::test]
async fn a_whole_stream_is_read_whatever_else_it_holds() {
    for dialect in DIALECTS {
        for line_end in ["\r\n", "\n"] {
            let body = stream(dialect).replace("\r\n", line_end);
            let server = Server::start(vec![Act::Send(stream_head()), Act::Send(body.into())], None).await;
            let (events, failure) = call(&provider(dialect, &server.origin), request("x")).await;
            assert_eq!(failure, None);
            check_whole(&events);
        }
    }
}

#[tokio::test]
async fn a_stream_in_chunks_of_any_size_reads_the_same() {
    for dialect in DIALECTS {
        for size in [1, 2, 3, 7, 64] {
            let body = stream(dialect);
            let mut acts = vec![Act::Send(chunked_head())];
            acts.extend(body.as_bytes().chunks(size).map(|piece| Act::Send(chunk(piece))));
            acts.push(Act::Send(chunk(b"")));
            let server = Server::start(acts, None).await;
            let (events, failure) = call(&provider(dialect, &server.origin), request("x")).await;
            assert_eq!(failure, None, "{dialect:?} in pieces of {size}");
            check_whole(&events);
        }
    }
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_is_an_error_and_what_came_before_is_right() {
    for dialect in DIALECTS {
        let body = stream(dialect);
        // The last event is complete with the CR of its empty line.
        let whole = body.len() - 1;
        let bytes = body.clone().into_bytes();
        let server = Server::with(
            move |count| vec![Act::Send(stream_head()), Act::Send(bytes[..count.min(bytes.len())].to_vec())],
            None,
        )
        .await;
        let provider = provider(dialect, &server.origin);
        let mut longest = 0;
        for cut in 0..body.len() {
            let (events, failure) = call(&provider, request("x")).await;
            match failure {
                Some(ModelError::Overloaded { .. }) => assert!(cut < whole, "{dialect:?} {cut}"),
                Some(other) => panic!("{dialect:?} cut at {cut}: {other:?}"),
                None => {
                    assert!(
                        cut >= whole.min(body.len() - 2),
                        "{dialect:?} ended silently at {cut} of {whole}"
                    );
                    check_whole(&events);
                }
            }
            assert!(events.len() >= longest, "less came of more bytes");
            longest = events.len();
        }
    }
}

#[tokio::test]
async fn chunks_that_break_off_are_an_error() {
    for dialect in DIALECTS {
        let body = stream(dialect);
        for part in [1, 2, 3] {
            let piece = &body.as_bytes()[..body.len() * part / 4];
            let acts =
                vec![Act::Send(chunked_head()), Act::Send(chunk(piece)), Act::Send(b"40\r\nda".to_vec())];
            let server = Server::start(acts, None).await;
            let (_, failure) = call(&provider(dialect, &server.origin), request("x")).await;
            assert!(matches!(failure, Some(ModelError::Overloaded { .. })), "{dialect:?}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn silence_is_a_timeout_but_a_comment_is_a_sign_of_life() {
    let idle = Duration::from_millis(300);
    for dialect in DIALECTS {
        for acts in [vec![Act::Hang], vec![Act::Send(stream_head()), Act::Hang]] {
            let server = Server::start(acts, None).await;
            let provider = provider(dialect, &server.origin).with_idle(idle);
            let (_, failure) = call(&provider, request("x")).await;
            assert!(matches!(failure, Some(ModelError::Timeout { .. })), "{failure:?}");
        }
        let mut acts = vec![Act::Send(stream_head())];
        for _ in 0..4 {
            acts.extend([Act::Wait(Duration::from_millis(120)), Act::Send(b": thinking\n\n".to_vec())]);
        }
        acts.push(Act::Send(stream(dialect).into()));
        let server = Server::start(acts, None).await;
        let (events, failure) = call(&provider(dialect, &server.origin).with_idle(idle), request("x")).await;
        assert_eq!(failure, None);
        check_whole(&events);
    }
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    for dialect in DIALECTS {
        let body = stream(dialect);
        let half = body.as_bytes()[..body.len() / 2].to_vec();
        let (sender, gone) = tokio::sync::oneshot::channel();
        let acts = vec![Act::Send(stream_head()), Act::Send(half), Act::Hang];
        let server = Server::start(acts, Some(sender)).await;
        let mut stream = provider(dialect, &server.origin).stream(request("x")).await.unwrap();
        stream.next().await.unwrap().unwrap();
        let started = Instant::now();
        drop(stream);
        tokio::time::timeout(Duration::from_secs(1), gone).await.unwrap().unwrap();
        assert!(started.elapsed() < Duration::from_millis(500));
    }
}

#[tokio::test]
async fn keys_go_where_they_belong_and_nowhere_else() {
    for (dialect, header, path) in [
        (Dialect::OpenAi, format!("authorization: Bearer {KEY}"), "/v1/chat/completions"),
        (Dialect::Anthropic, format!("x-api-key: {KEY}"), "/v1/messages"),
        (Dialect::Gemini, format!("x-goog-api-key: {KEY}"), "/v1beta/models/m:streamGenerateContent?alt=sse"),
    ] {
        let body = format!("{{\"error\":{{\"message\":\"no such key: {KEY}\"}}}}");
        let server = Server::start(vec![Act::Send(answer_with("401 No", "", &body))], None).await;
        let provider = provider(dialect, &server.origin);
        let (_, failure) = call(&provider, request("x")).await;
        let Some(ModelError::BadKey { detail }) = &failure else { panic!("{failure:?}") };
        assert_eq!(detail, "no such key: *** (status 401)");
        let seen = server.seen();
        assert!(seen.head.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{}", seen.head);
        assert!(seen.head.contains(&header), "{}", seen.head);
        assert!(!seen.body.contains(KEY));
        assert!(!format!("{provider:?} {failure:?}").contains(KEY));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(vec![Act::Send(answer_with("200 OK", "", ""))], None).await;
    let there = format!("location: {}/v1/chat/completions\r\n", elsewhere.origin);
    let server = Server::start(vec![Act::Send(answer_with("307 Over there", &there, ""))], None).await;
    let (_, failure) = call(&provider(Dialect::OpenAi, &server.origin), request("x")).await;
    assert!(matches!(failure, Some(ModelError::Malformed { detail }) if detail.contains("base_url")));
    assert!(elsewhere.seen().head.is_empty());
}

#[tokio::test]
async fn what_is_no_stream_says_so() {
    for dialect in DIALECTS {
        for (acts, wanted) in [
            (vec![Act::Send(answer_with("200 OK", "content-type: text/html\r\n", "<html>"))], "base_url"),
            (
                vec![Act::Send(answer_with("200 OK", "content-type: application/json\r\n", "{\"a\":1}"))],
                "base_url",
            ),
            (vec![Act::Send(stream_head()), Act::Send(b"data: {oops\n\n".to_vec())], "no JSON"),
            (vec![Act::Send(stream_head()), Act::Send(b"data: \xff\xfe\n\n".to_vec())], "UTF-8"),
        ] {
            let server = Server::start(acts, None).await;
            let (_, failure) = call(&provider(dialect, &server.origin), request("x")).await;
            let Some(ModelError::Malformed { detail }) = failure else { panic!("{failure:?}") };
            assert!(detail.contains(wanted), "{detail}");
        }
        // Nobody there.
        let (_, failure) = call(&provider(dialect, "http://127.0.0.1:9"), request("x")).await;
        assert!(matches!(failure, Some(ModelError::Overloaded { .. })), "{failure:?}");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_typed() {
    for (dialect, event) in [
        (Dialect::OpenAi, "data: {\"error\":{\"message\":\"busy\",\"type\":\"server_error\"}}\n\n"),
        (
            Dialect::Anthropic,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
        ),
        (
            Dialect::Gemini,
            "data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}\n\n",
        ),
    ] {
        let body = stream(dialect);
        let first = body.find("\r\n\r\n").unwrap() + 4;
        let acts = vec![Act::Send(stream_head()), Act::Send(format!("{}{event}", &body[..first]).into())];
        let server = Server::start(acts, None).await;
        let (_, failure) = call(&provider(dialect, &server.origin), request("x")).await;
        assert!(
            matches!(&failure, Some(ModelError::Overloaded { detail, .. }) if detail.starts_with("busy")),
            "{failure:?}"
        );
    }
}
