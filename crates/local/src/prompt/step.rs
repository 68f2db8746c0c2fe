//! A call as a small model writes it: a line that names the tool, and then its arguments as one JSON object.
//!
//! Naming the tool first makes the model decide before it writes.

use super::{
    form::Form,
    gbnf::{Grammar, literal},
};
use serde_json::Value;

/// What the line with the tool's name begins with.
pub const TOOL: &str = "tool: ";

/// A grammar: a call of one of these tools, with arguments of its form.
pub fn grammar(tools: &[(&str, Form)]) -> String {
    let mut grammar = Grammar::new(&format!("root ::= {} call", literal(TOOL)));
    let mut calls = Vec::new();
    for (name, form) in tools {
        let arguments = grammar.matching(form);
        calls.push(format!("{} {arguments}", literal(&format!("{name}\n"))));
    }
    grammar.rule("call", &calls.join(" | "));
    grammar.text()
}

/// A call as the model writes it: its fields in the order of the form.
pub fn call(name: &str, arguments: &Value, form: &Form) -> String {
    format!("{TOOL}{name}\n{}", written(arguments, form))
}

/// JSON with a space after `,` and `:`, as models like to write it.
fn written(value: &Value, form: &Form) -> String {
    match (value, form) {
        (_, Form::Choice(forms)) => {
            let fits = forms.iter().find(|form| form.fits(value));
            written(value, fits.unwrap_or(&Form::Any))
        }
        (Value::Array(items), form) => {
            let of = if let Form::Array(of) = form { of } else { &Form::Any };
            format!("[{}]", items.iter().map(|item| written(item, of)).collect::<Vec<_>>().join(", "))
        }
        (Value::Object(fields), form) => {
            let known = match form {
                Form::Object(known) | Form::Optional(known) => known.as_slice(),
                _ => &[],
            };
            let field = |name: &str, value: &Value, form: &Form| {
                format!("{}: {}", Value::from(name), written(value, form))
            };
            let first = known.iter().filter_map(|(name, form)| Some(field(name, fields.get(name)?, form)));
            let rest = fields.iter().filter(|(name, _)| !known.iter().any(|(own, _)| own == *name));
            let all: Vec<_> = first.chain(rest.map(|(name, value)| field(name, value, &Form::Any))).collect();
            format!("{{{}}}", all.join(", "))
        }
        (other, _) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_reads_as_its_grammar_writes_it() {
        let arguments = json!({ "a": [1, "x\n\"y\""], "b": {} });
        let text = call("t", &arguments, &Form::Any);
        assert_eq!(text, "tool: t\n{\"a\": [1, \"x\\n\\\"y\\\"\"], \"b\": {}}");
    }

    #[test]
    fn fields_stand_in_the_order_of_the_form() {
        let schema = json!({ "type": "object", "required": ["b", "a"], "properties": {
            "a": { "anyOf": [
                { "type": "object", "required": ["type"], "properties": { "type": { "enum": ["y"] } } },
                { "type": "object", "required": ["type", "c"], "properties": {
                    "type": { "enum": ["x"] }, "c": { "type": "number" } } },
            ] },
            "b": { "type": "string" },
        } });
        let arguments = json!({ "a": { "c": 1, "type": "x" }, "b": "", "more": true });
        let text = call("t", &arguments, &Form::of(&schema));
        assert_eq!(text, "tool: t\n{\"b\": \"\", \"a\": {\"type\": \"x\", \"c\": 1}, \"more\": true}");
    }
}
