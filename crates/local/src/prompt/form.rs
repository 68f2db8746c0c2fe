//! What a tool's arguments look like, as far as a small model needs it: made from the tool's JSON Schema, shown as
//! a signature and enforced as a grammar.
//!
//! Whatever may be left out is left out, since a small model fills in all that it is shown. What stays keeps to the
//! schema.

use serde_json::{Map, Value};

/// Where a choice has branches of a `type`, a small model is offered these: the plain ones, which between them show
/// everything. Of a choice that has none of them it is offered all.
const PLAIN: [&str; 7] = ["markdown", "metric", "table", "list", "chart", "document", "code"];

/// Fields that go on with a long answer, which a small model isn't offered where it may leave them out.
const PAGING: [&str; 3] = ["cursor", "limit", "offset"];

/// The form of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// All of these fields, in this order.
    Object(Vec<(String, Form)>),
    /// None of these fields or one.
    Optional(Vec<(String, Form)>),
    /// Any number of them.
    Array(Box<Form>),
    Choice(Vec<Form>),
    /// One of these values.
    Words(Vec<Value>),
    /// With what its documentation says.
    Text(String),
    Number,
    Integer,
    Flag,
    Any,
}

impl Form {
    /// The form of what a schema describes.
    pub fn of(schema: &Value) -> Self {
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return Self::Words(words.clone());
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(choice).and_then(Value::as_array) {
                let is_plain = |branch: &&Value| {
                    let tag = branch.pointer("/properties/type/enum/0").and_then(Value::as_str);
                    tag.is_some_and(|tag| PLAIN.contains(&tag))
                };
                let any = branches.iter().any(|branch| is_plain(&branch));
                let fits = |branch: &&Value| kind(branch) != "null" && (!any || is_plain(branch));
                let mut forms: Vec<_> = branches.iter().filter(fits).map(Self::of).collect();
                return if forms.len() == 1 { forms.remove(0) } else { Self::Choice(forms) };
            }
        }
        match kind(schema) {
            "object" => Self::object(schema),
            "array" => Self::Array(Box::new(schema.get("items").map_or(Self::Any, Self::of))),
            "string" => Self::Text(text(schema, "description").to_owned()),
            "number" => Self::Number,
            "integer" => Self::Integer,
            "boolean" => Self::Flag,
            _ => Self::Any,
        }
    }

    /// Whether a value is of this form, as far as its `type` tells.
    pub fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Object(fields) => fields.iter().all(|(name, form)| match form {
                Self::Words(words) if name == "type" => {
                    value.get(name).is_some_and(|own| words.contains(own))
                }
                _ => true,
            }),
            _ => true,
        }
    }

    fn object(schema: &Value) -> Self {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let required =
            schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = |name: &str| properties.get(name).map(|property| (name.to_owned(), Self::of(property)));
        // In the order of declaration, which only this list keeps: what a thing is comes before what is in it.
        let mut fields: Vec<_> = required.iter().filter_map(Value::as_str).filter_map(named).collect();
        if fields.is_empty() {
            if properties.is_empty() {
                return Self::Any;
            }
            // Of lists it makes up what is in them, and it has no page to go on from.
            let serves = |(name, form): &(String, Self)| {
                !matches!(form, Self::Array(_)) && !PAGING.contains(&name.as_str())
            };
            return Self::Optional(properties.keys().filter_map(|name| named(name)).filter(serves).collect());
        }
        // Lists of words, such as a chart's labels, say what the rest is about.
        for (name, property) in properties {
            let list = kind(property) == "array"
                && property.get("items").is_some_and(|items| kind(items) == "string");
            if list && !fields.iter().any(|(known, _)| known == name) {
                fields.extend(named(name));
            }
        }
        Self::Object(fields)
    }
}

fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The type, the first one that isn't null where there are several.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default()
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_what_is_required_in_its_order_and_lists_of_words() {
        let schema = json!({ "type": "object", "required": ["type", "kind"], "properties": {
            "kind": { "enum": ["bar"] }, "labels": { "type": "array", "items": { "type": "string" } },
            "stacked": { "type": "boolean" }, "type": { "enum": ["chart"] },
        } });
        let Form::Object(fields) = Form::of(&schema) else { panic!() };
        let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["type", "kind", "labels"]);
    }

    #[test]
    fn leaves_null_and_what_is_not_plain_out_of_choices() {
        let schema = json!({ "anyOf": [{ "type": "null" }, { "type": "integer" }] });
        assert_eq!(Form::of(&schema), Form::Integer);
        let tagged = |tag: &str| json!({ "type": "object", "required": ["type"], "properties": { "type": { "enum": [tag] } } });
        let Form::Object(fields) = Form::of(&json!({ "anyOf": [tagged("metric"), tagged("kanban")] })) else {
            panic!()
        };
        assert_eq!(fields[0].1, Form::Words(vec![json!("metric")]));
        assert_eq!(Form::of(&json!({ "type": ["null", "number"] })), Form::Number);
    }

    #[test]
    fn without_required_fields_any_one_may_be_given() {
        let schema = json!({ "type": "object", "properties": { "folder": { "type": "string" } } });
        assert_eq!(Form::of(&schema), Form::Optional(vec![("folder".into(), Form::Text(String::new()))]));
        assert_eq!(Form::of(&json!({ "type": "object" })), Form::Any);
    }
}
