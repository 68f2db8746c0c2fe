//! What a step may look like: a line that names a tool, and then its arguments as one JSON object; or, where the
//! tool is `none`, the answer in free text.
//!
//! Naming the tool first makes the model decide before it writes. Where it may begin with free text it tells what
//! it would do instead of doing it.

use super::{
    form::Form,
    gbnf::{Grammar, literal},
};
use serde_json::Value;

/// What the line with a plan begins with.
pub const PLAN: &str = "plan: ";
/// What the line with the tool's name begins with.
pub const TOOL: &str = "tool: ";
/// The tool of a step that is an answer.
pub const NONE: &str = "none";

/// A grammar: an answer, or a call of one of these tools, if any, with arguments of its form. `plan`: it begins with a plan.
/// `must`: it is a call.
pub fn grammar(tools: &[(&str, Form)], plan: bool, must: bool) -> String {
    let tool = literal(TOOL);
    let none = literal(&format!("{NONE}\n"));
    let planned = if plan { format!("{} line {} ", literal(PLAN), literal("\n")) } else { String::new() };
    let choice = match (tools.is_empty(), must) {
        (true, _) => format!("{none} answer"),
        (false, true) => "call".to_owned(),
        (false, false) => format!("{none} answer | call"),
    };
    let root = format!(
        "root ::= {planned}{tool} ({choice})\n\
         answer ::= [^ \\n] [^\\x00]*\n\
         line ::= [^\\n]{{8,200}}"
    );
    let mut grammar = Grammar::new(&root);
    let mut calls = Vec::new();
    for (name, form) in tools {
        let arguments = grammar.matching(form);
        calls.push(format!("{} {arguments}", literal(&format!("{name}\n"))));
    }
    if !calls.is_empty() {
        grammar.rule("call", &calls.join(" | "));
    }
    grammar.text()
}

/// A call as the model writes it.
pub fn call(plan: Option<&str>, name: &str, arguments: &Value) -> String {
    let plan = plan.map(|plan| format!("{PLAN}{plan}\n")).unwrap_or_default();
    format!("{plan}{TOOL}{name}\n{}", spaced(arguments))
}

/// An answer as the model writes it.
pub fn answer(text: &str) -> String {
    format!("{TOOL}{NONE}\n{text}")
}

/// JSON with a space after `,` and `:`, as models like to write it.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), spaced(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_reads_as_its_grammar_writes_it() {
        let arguments = json!({ "a": [1, "x\n\"y\""], "b": {} });
        let text = call(Some("first this"), "t", &arguments);
        assert_eq!(text, "plan: first this\ntool: t\n{\"a\": [1, \"x\\n\\\"y\\\"\"], \"b\": {}}");
    }
}
