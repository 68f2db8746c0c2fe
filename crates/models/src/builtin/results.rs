//! Reading what tools answered. A result reaches a model as text, possibly inside a label that marks it
//! as data, so everything here looks for what it needs and takes the text as it is when it isn't there.

use serde_json::Value;

/// The JSON object of a result.
pub fn object(content: &str) -> Option<Value> {
    if let Ok(value @ Value::Object(_)) = serde_json::from_str(content) {
        return Some(value);
    }
    content.match_indices('{').take(20).find_map(|(start, _)| {
        let mut values = serde_json::Deserializer::from_str(&content[start..]).into_iter::<Value>();
        values.next()?.ok().filter(|value| value.as_object().is_some_and(|map| !map.is_empty()))
    })
}

/// The text under the first of `keys` that has one; the whole content when none has.
pub fn text(content: &str, keys: &[&str]) -> String {
    let found = object(content)
        .and_then(|value| keys.iter().find_map(|key| Some(value.get(key)?.as_str()?.to_owned())));
    found.unwrap_or_else(|| content.to_owned())
}

/// Why a call failed, as one sentence or a few.
pub fn reason(content: &str) -> String {
    let found = object(content).and_then(|value| {
        let error = value.get("error").unwrap_or(&value);
        error.get("message").or(value.get("error")).and_then(Value::as_str).map(str::to_owned)
    });
    let reason = found.unwrap_or_else(|| content.to_owned());
    let reason = shorten(reason.trim(), 400);
    if reason.ends_with(['.', '!', '?', '…']) { reason } else { reason + "." }
}

/// What a command printed and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub exit_code: Option<i64>,
    pub stdout: String,
    pub stderr: String,
}

/// Reads a sandbox result.
pub fn output(content: &str) -> Output {
    let Some(value) = object(content).filter(|value| value.get("stdout").is_some()) else {
        return Output { stdout: content.to_owned(), ..Output::default() };
    };
    let field = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let exit_code = value.get("exitCode").or_else(|| value.get("exit_code")).and_then(Value::as_i64);
    Output { exit_code, stdout: field("stdout"), stderr: field("stderr") }
}

/// The paths of a folder's listing: path, size, whether it is a folder.
pub fn listing(content: &str) -> Option<Vec<(String, u64, bool)>> {
    let value: Value = match serde_json::from_str(content) {
        Ok(value) => value,
        Err(_) => object(content)?,
    };
    let entries = match &value {
        Value::Array(entries) => entries,
        Value::Object(map) => map.values().find_map(Value::as_array)?,
        _ => return None,
    };
    let entry = |entry: &Value| {
        let path = entry.get("path").or_else(|| entry.get("name"))?.as_str()?.to_owned();
        let size = entry.get("size").and_then(Value::as_u64).unwrap_or_default();
        let folder = entry.get("isDir").and_then(Value::as_bool).unwrap_or_default();
        Some((path, size, folder))
    };
    Some(entries.iter().filter_map(entry).collect())
}

/// At most `max` characters, with a sign that there was more.
pub fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Text as a code block, whatever it holds.
pub fn code_block(text: &str, max: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", shorten(text.trim_end(), max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_found_inside_labels() {
        let bare = r#"{"exitCode":3,"stdout":"a\nb","stderr":"oh"}"#;
        let labelled = format!("<tool_output name=\"sandbox_exec\">\n{bare}\n</tool_output>");
        let wanted = Output { exit_code: Some(3), stdout: "a\nb".into(), stderr: "oh".into() };
        assert_eq!(output(bare), wanted);
        assert_eq!(output(&labelled), wanted);
        assert_eq!(output("plain").stdout, "plain");
    }

    #[test]
    fn reasons_read_as_sentences() {
        assert_eq!(reason("the sandbox is off"), "the sandbox is off.");
        assert_eq!(reason(r#"{"code":"denied","message":"You said no."}"#), "You said no.");
        assert_eq!(reason(r#"{"error":{"code":"x","message":"Gone"}}"#), "Gone.");
        assert_eq!(reason(&"ä".repeat(500)).chars().count(), 401);
    }

    #[test]
    fn a_fence_in_the_text_does_not_end_the_block() {
        assert_eq!(code_block("a\n```\nb", 100), "````text\na\n```\nb\n````");
    }

    #[test]
    fn listings_of_both_shapes_are_read() {
        let entry = r#"{"path":"a.csv","size":4,"isDir":false}"#;
        for content in [format!("[{entry}]"), format!("{{\"entries\":[{entry}]}}")] {
            assert_eq!(listing(&content), Some(vec![("a.csv".into(), 4, false)]));
        }
    }
}
