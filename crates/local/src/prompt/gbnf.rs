//! Forms as grammars in the library's own notation.

use super::form::Form;
use serde_json::Value;
use std::fmt::Write as _;

/// Rules that forms refer to.
const SHARED: &str = r#"
string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\bfnrt/] | "u" hex hex hex hex)
hex ::= [0-9a-fA-F]
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,12})?
flag ::= "true" | "false"
value ::= string | number | flag | "null" | object | array
object ::= "{" (string ": " value (", " string ": " value)*)? "}"
array ::= "[" (value (", " value)*)? "]"
"#;

/// A grammar whose `root` is written by whoever begins it, with one rule for each form.
pub struct Grammar {
    rules: String,
    count: usize,
}

impl Grammar {
    /// With this text for its root and what it refers to.
    pub fn new(root: &str) -> Self {
        Self { rules: format!("{root}{SHARED}"), count: 0 }
    }

    /// Adds a rule.
    pub fn rule(&mut self, name: &str, body: &str) {
        let _ = writeln!(self.rules, "{name} ::= {body}");
    }

    /// What matches a form; rules that it needs are added.
    pub fn matching(&mut self, form: &Form) -> String {
        match form {
            Form::Object(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| self.field(field)).collect();
                let body = format!("\"{{\" {} \"}}\"", fields.join(" \", \" "));
                self.named(&body)
            }
            Form::Optional(fields) if fields.is_empty() => literal("{}"),
            Form::Optional(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| self.field(field)).collect();
                let body = format!("\"{{\" ({})? \"}}\"", fields.join(" | "));
                self.named(&body)
            }
            Form::Array(item) => {
                let item = self.matching(item);
                self.named(&format!("\"[\" ({item} (\", \" {item})*)? \"]\""))
            }
            Form::Choice(forms) => {
                let forms: Vec<String> = forms.iter().map(|form| self.matching(form)).collect();
                self.named(&forms.join(" | "))
            }
            Form::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| literal(&word.to_string())).collect();
                format!("({})", words.join(" | "))
            }
            Form::Text(_) => "string".into(),
            Form::Number => "number".into(),
            Form::Integer => "integer".into(),
            Form::Flag => "flag".into(),
            Form::Any => "object".into(),
        }
    }

    fn field(&mut self, (name, form): &(String, Form)) -> String {
        let value = self.matching(form);
        format!("{} {value}", literal(&format!("{}: ", Value::from(name.as_str()))))
    }

    fn named(&mut self, body: &str) -> String {
        self.count += 1;
        let name = format!("form-{}", self.count);
        self.rule(&name, body);
        name
    }

    /// The whole text.
    pub fn text(self) -> String {
        self.rules
    }
}

/// Text that is matched as it is.
pub fn literal(text: &str) -> String {
    // JSON escapes what the notation does, and in the same way.
    Value::from(text).to_string()
}
