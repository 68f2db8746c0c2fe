//! The least value that a JSON Schema takes, as far as its plain keywords say.

use serde_json::{Map, Value, json};

/// Nesting that is followed; schemas may be recursive.
const DEPTH: usize = 12;

/// The least value for `schema`: required properties only, first choices, lower bounds.
pub fn least(schema: &Value) -> Value {
    value(schema, schema, DEPTH)
}

fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    if let Some(fixed) = schema.get("const").or_else(|| schema.get("default")) {
        return fixed.clone();
    }
    if let Some(first) = ["enum", "examples"].iter().find_map(|key| schema.get(key)?.as_array()?.first()) {
        return first.clone();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let mut whole = target.map_or(Value::Null, |target| value(target, root, depth - 1));
        merge(&mut whole, object(schema, root, depth));
        return whole;
    }
    for key in ["oneOf", "anyOf"] {
        let Some(choices) = schema.get(key).and_then(Value::as_array) else { continue };
        let is_null = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
        if let Some(choice) = choices.iter().find(|choice| !is_null(choice)) {
            let mut whole = value(choice, root, depth - 1);
            merge(&mut whole, object(schema, root, depth));
            return whole;
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Value::Object(object(schema, root, depth));
        for part in parts {
            if let Value::Object(map) = value(part, root, depth - 1) {
                merge(&mut whole, map);
            }
        }
        return whole;
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    };
    match kind {
        "object" => Value::Object(object(schema, root, depth)),
        "array" => {
            let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(16);
            let item =
                schema.get("items").map_or_else(|| json!("example"), |item| value(item, root, depth - 1));
            (0..count).map(|_| item.clone()).collect()
        }
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        "null" => Value::Null,
        _ => {
            let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
            let repeats = usize::try_from(least).unwrap_or(0).min(1_000).div_ceil("example".len()).max(1);
            json!("example".repeat(repeats))
        }
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Map<String, Value> {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    let property = |name: &str| schema.get("properties").and_then(|all| all.get(name));
    names
        .map(|name| {
            let least = property(name).map_or_else(|| json!("example"), |part| value(part, root, depth - 1));
            (name.to_owned(), least)
        })
        .collect()
}

fn merge(whole: &mut Value, more: Map<String, Value>) {
    if more.is_empty() {
        return;
    }
    match whole {
        Value::Object(map) => map.extend(more),
        other => *other = Value::Object(more),
    }
}

#[cfg(test)]
mod tests {
    use super::least;
    use serde_json::json;

    #[test]
    fn tagged_choices_get_their_tag_and_required_fields() {
        let schema = json!({
            "type": "object",
            "required": ["title", "spec", "count", "tags"],
            "properties": {
                "title": { "type": "string", "minLength": 9 },
                "optional": { "type": "string" },
                "count": { "type": "integer", "minimum": 3 },
                "tags": { "type": "array", "minItems": 2, "items": { "enum": ["a", "b"] } },
                "spec": { "$ref": "#/$defs/Spec" }
            },
            "$defs": {
                "Spec": { "oneOf": [
                    { "$ref": "#/$defs/Prose", "type": "object", "required": ["type"],
                      "properties": { "type": { "const": "markdown" } } }
                ] },
                "Prose": { "type": "object", "required": ["text"], "properties": { "text": { "type": "string" } } }
            }
        });
        assert_eq!(
            least(&schema),
            json!({
                "title": "exampleexample", "count": 3, "tags": ["a", "a"],
                "spec": { "type": "markdown", "text": "example" }
            })
        );
    }

    #[test]
    fn a_schema_of_itself_ends() {
        let schema = json!({ "required": ["next"], "properties": { "next": { "$ref": "#" } } });
        assert!(least(&schema).is_object());
    }
}
