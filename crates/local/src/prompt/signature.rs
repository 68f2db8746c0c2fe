//! Tools in few words: a small model reads a signature better than a schema, and reading costs time.

use super::form::Form;
use alumia_models::ToolSpec;

/// Characters of a tool's description.
const DESCRIPTION: usize = 100;
/// Characters of what an argument's documentation says.
const NOTE: usize = 60;

/// One line: name, arguments, what it does.
pub fn line(tool: &ToolSpec, form: &Form) -> String {
    format!("{} {}: {}", tool.name, shown(form, 0), sentence(&tool.description, DESCRIPTION))
}

fn shown(form: &Form, depth: usize) -> String {
    let fields = |fields: &[(String, Form)], mark: &str| {
        // Most are texts, and a name says enough of one.
        let field = |(name, form): &(String, Form)| match shown(form, depth + 1) {
            kind if kind.is_empty() => format!("\"{name}\"{mark}"),
            kind => format!("\"{name}\"{mark}: {kind}"),
        };
        format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
    };
    match form {
        Form::Object(of) => fields(of, ""),
        Form::Optional(of) => fields(of, "?"),
        Form::Array(of) => match shown(of, depth + 1) {
            kind if kind.is_empty() => "[…]".into(),
            kind => format!("[{kind}, …]"),
        },
        Form::Choice(of) => of.iter().map(|form| shown(form, depth + 1)).collect::<Vec<_>>().join(" or "),
        Form::Words(words) => words.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"),
        // What stands deeper is explained by its name.
        Form::Text(note) if depth < 2 => sentence(note, NOTE),
        Form::Text(_) => String::new(),
        Form::Number => "number".into(),
        Form::Integer => "integer".into(),
        Form::Flag => "true|false".into(),
        Form::Any => "{…}".into(),
    }
}

/// The first sentence, cut at a word where it is long. Without its full stop.
pub fn sentence(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    let sentence = text[..end].trim_end_matches('.');
    if sentence.chars().count() <= most {
        return sentence.to_owned();
    }
    let head: String = sentence.chars().take(most).collect();
    let end = head.rfind(' ').unwrap_or(head.len());
    format!("{} …", head[..end].trim_end_matches([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tool_is_one_line() {
        let tool = ToolSpec {
            name: "show".into(),
            description: "Shows a text. Or more.".into(),
            schema: json!({ "type": "object", "required": ["title", "spec"], "properties": {
                "title": { "type": "string", "description": "A heading. Short." },
                "spec": { "anyOf": [
                    { "type": "object", "required": ["type", "text"], "properties": {
                        "text": { "type": "string" }, "type": { "enum": ["markdown"] } } },
                    { "type": "object", "required": ["type"], "properties": { "type": { "enum": ["map"] } } },
                ] },
            } }),
        };
        assert_eq!(
            line(&tool, &Form::of(&tool.schema)),
            "show {\"title\": A heading, \"spec\": {\"type\": \"markdown\", \"text\"}}: Shows a text"
        );
    }
}
