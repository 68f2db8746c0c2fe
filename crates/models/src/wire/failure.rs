//! What a provider's error means, from its status, its code and its words.

use crate::ModelError;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use std::time::Duration;

/// Characters of the provider's text that are passed on.
const MAX_DETAIL: usize = 500;
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The error of an answer that isn't 2xx.
pub fn of_answer(status: StatusCode, headers: &HeaderMap, body: &str) -> ModelError {
    let json = serde_json::from_str::<Value>(body).ok();
    let mut said = json.as_ref().map(Said::find).unwrap_or_default();
    if said.message.is_empty() {
        body.clone_into(&mut said.message);
    }
    if status.is_redirection() {
        said.message = "the address answers with a redirect; set base_url to where it leads".into();
    }
    let wait = retry_after(headers).or(said.wait);
    said.into_error(Some(status.as_u16()), wait)
}

/// The error that stands in a stream where an event should be, if one does.
pub fn in_stream(event: &Value) -> Option<ModelError> {
    event.get("error").filter(|error| !error.is_null())?;
    let said = Said::find(event);
    let status = said.status;
    let wait = said.wait;
    Some(said.into_error(status, wait))
}

/// What the three dialects' error objects say, brought together.
#[derive(Default)]
struct Said {
    message: String,
    /// Type, code and status in lower case, one after the other.
    kind: String,
    status: Option<u16>,
    wait: Option<Duration>,
}

impl Said {
    fn find(body: &Value) -> Self {
        // Gemini may answer with a list of one.
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").unwrap_or(body);
        if let Some(message) = error.as_str() {
            return Self { message: message.to_owned(), ..Self::default() };
        }
        let words = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.to_lowercase(),
            _ => String::new(),
        };
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let message = text("message").or_else(|| text("detail")).unwrap_or_default().to_owned();
        let code = error.get("code").or_else(|| error.get("status_code")).and_then(Value::as_u64);
        let wait = error.get("details").and_then(Value::as_array).and_then(|details| {
            let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
            seconds(delay.strip_suffix('s')?)
        });
        Self {
            message,
            kind: format!("{} {} {}", words("type"), words("code"), words("status")),
            status: code.and_then(|code| u16::try_from(code).ok()),
            wait,
        }
    }

    fn into_error(self, status: Option<u16>, retry_after: Option<Duration>) -> ModelError {
        let words = self.message.to_lowercase();
        let kind = |names: &[&str]| names.iter().any(|name| self.kind.contains(name));
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        let detail = tidy(&self.message, status);

        if kind(&["context_length_exceeded", "request_too_large", "context_window"]) || too_long(&words) {
            ModelError::ContextTooLong { detail }
        } else if kind(&[
            "insufficient_quota",
            "billing",
            "invalid_api_key",
            "authentication",
            "unauthenticated",
        ]) || kind(&["permission_denied", "permission_error"])
            || says(&["api key not valid", "invalid api key", "insufficient balance"])
            || matches!(status, Some(401..=403))
        {
            ModelError::BadKey { detail }
        } else if kind(&["content_filter", "content_policy", "safety", "prohibited"]) {
            ModelError::Refused { detail }
        } else if kind(&["rate_limit", "resource_exhausted", "too_many_requests"]) || status == Some(429) {
            ModelError::RateLimited { retry_after, detail }
        } else if kind(&["timeout", "deadline_exceeded"]) || matches!(status, Some(408 | 504 | 524)) {
            ModelError::Timeout { detail }
        } else if kind(&["overloaded", "api_error", "server_error", "unavailable", "internal"])
            || matches!(status, Some(409 | 500..=599))
        {
            ModelError::Overloaded { retry_after, detail }
        } else if status == Some(413) {
            ModelError::ContextTooLong { detail }
        } else {
            ModelError::Malformed { detail }
        }
    }
}

/// Whether the words say that the conversation is too long; not every provider has a code for it.
fn too_long(words: &str) -> bool {
    const PHRASES: [&str; 9] = [
        "prompt is too long",
        "maximum context length",
        "context length exceeded",
        "exceeds the context",
        "exceed context limit",
        "maximum number of tokens allowed",
        "exceeds the available context size",
        "input is too long",
        "reduce the length of the messages",
    ];
    PHRASES.iter().any(|phrase| words.contains(phrase))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let milliseconds = header("retry-after-ms").and_then(|text| Some(seconds(text)? / 1_000));
    milliseconds.or_else(|| header("retry-after").and_then(seconds))
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_WAIT))
}

/// The provider's text, short, on one line, with the status when there is one.
fn tidy(message: &str, status: Option<u16>) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = line.chars().filter(|c| !c.is_control()).collect();
    if let Some((end, _)) = line.char_indices().nth(MAX_DETAIL) {
        line.truncate(end);
        line.push('…');
    }
    match (status, line.is_empty()) {
        (Some(status), true) => format!("status {status}, without a word"),
        (Some(status), false) => format!("{line} (status {status})"),
        (None, _) => line,
    }
}

/// The same error without the key, should a provider repeat it.
pub fn without_key(error: ModelError, key: &str) -> ModelError {
    let clean = |detail: String| if key.len() < 4 { detail } else { detail.replace(key, "***") };
    match error {
        ModelError::RateLimited { retry_after, detail } => {
            ModelError::RateLimited { retry_after, detail: clean(detail) }
        }
        ModelError::Overloaded { retry_after, detail } => {
            ModelError::Overloaded { retry_after, detail: clean(detail) }
        }
        ModelError::ContextTooLong { detail } => ModelError::ContextTooLong { detail: clean(detail) },
        ModelError::BadKey { detail } => ModelError::BadKey { detail: clean(detail) },
        ModelError::Refused { detail } => ModelError::Refused { detail: clean(detail) },
        ModelError::Timeout { detail } => ModelError::Timeout { detail: clean(detail) },
        ModelError::Malformed { detail } => ModelError::Malformed { detail: clean(detail) },
        ModelError::Unusable { detail } => ModelError::Unusable { detail: clean(detail) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(error: &ModelError) -> &'static str {
        match error {
            ModelError::RateLimited { .. } => "rate",
            ModelError::Overloaded { .. } => "over",
            ModelError::ContextTooLong { .. } => "long",
            ModelError::BadKey { .. } => "key",
            ModelError::Refused { .. } => "refused",
            ModelError::Timeout { .. } => "timeout",
            ModelError::Malformed { .. } => "malformed",
            ModelError::Unusable { .. } => "unusable",
        }
    }

    #[test]
    fn answers_of_all_dialects_are_told_apart() {
        for (status, body, wanted) in [
            (
                401,
                r#"{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                "key",
            ),
            (429, r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#, "rate"),
            (
                429,
                r#"{"error":{"message":"no money","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                "key",
            ),
            (402, r#"{"error":{"message":"Insufficient Balance"}}"#, "key"),
            (400, r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#, "long"),
            (400, r#"{"error":{"message":"filtered","code":"content_filter"}}"#, "refused"),
            (400, r#"{"error":{"message":"bad tool schema","type":"invalid_request_error"}}"#, "malformed"),
            (404, r#"{"error":{"message":"no such model"}}"#, "malformed"),
            (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "over"),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
                "long",
            ),
            (413, r#"{"type":"error","error":{"type":"request_too_large","message":"x"}}"#, "long"),
            (403, r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED"}}"#, "key"),
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#,
                "key",
            ),
            (
                400,
                r#"[{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}]"#,
                "long",
            ),
            (503, r#"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#, "over"),
            (500, "<html>oh</html>", "over"),
            (504, "", "timeout"),
            (302, "", "malformed"),
        ] {
            let error = of_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body);
            assert_eq!(kind(&error), wanted, "{status} {body}: {error:?}");
        }
    }

    #[test]
    fn delays_come_from_headers_and_bodies() {
        let rate = |headers: &[(&'static str, &str)], body: &str| {
            let headers = headers.iter().map(|(name, value)| {
                (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
            });
            match of_answer(StatusCode::TOO_MANY_REQUESTS, &headers.collect(), body) {
                ModelError::RateLimited { retry_after, .. } => retry_after,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(rate(&[("retry-after", "7")], ""), Some(Duration::from_secs(7)));
        assert_eq!(
            rate(&[("retry-after", "7"), ("retry-after-ms", "250")], ""),
            Some(Duration::from_millis(250))
        );
        assert_eq!(rate(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], ""), None);
        assert_eq!(rate(&[("retry-after", "-3")], ""), None);
        assert_eq!(rate(&[("retry-after", "1e30")], ""), None);
        assert_eq!(rate(&[("retry-after", "999999")], ""), Some(LONGEST_WAIT));
        let body = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"retryDelay":"1.5s"}]}}"#;
        assert_eq!(rate(&[], body), Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn details_are_short_and_without_the_key() {
        let long = format!("{{\"error\":{{\"message\":\"sk-secret {}\\n\\u0007\"}}}}", "ä".repeat(900));
        let error = of_answer(StatusCode::UNAUTHORIZED, &HeaderMap::new(), &long);
        let ModelError::BadKey { detail } = without_key(error, "sk-secret") else { panic!() };
        assert!(detail.starts_with("*** ää") && detail.ends_with("… (status 401)"), "{detail}");
        assert!(detail.chars().count() < 530);
    }

    #[test]
    fn an_error_inside_a_stream_is_found() {
        let event =
            serde_json::json!({ "type": "error", "error": { "type": "overloaded_error", "message": "x" } });
        assert_eq!(kind(&in_stream(&event).unwrap()), "over");
        let event = serde_json::json!({ "error": { "code": 429, "message": "x" } });
        assert_eq!(kind(&in_stream(&event).unwrap()), "rate");
        assert_eq!(in_stream(&serde_json::json!({ "error": null, "choices": [] })), None);
    }
}
