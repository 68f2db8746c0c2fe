//! JSON Schema of tools' arguments, in the subset that every provider accepts: nothing but nested
//! schemas, no references, no `oneOf`, `const`, `prefixItems`, `format`, `default` or `title`.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// The schema of `T`.
pub fn of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    plain(&mut schema);
    // What a struct says about itself is for readers of the code; the tool has its own description.
    if let Some(root) = schema.as_object_mut() {
        root.remove("description");
        root.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// The branch of an `anyOf` of tagged types whose `type` this one is.
pub(super) fn tag(branch: &Value) -> Option<&str> {
    branch.pointer("/properties/type/enum/0")?.as_str()
}

fn plain(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    for noise in ["title", "format", "default", "$schema"] {
        if !object.get(noise).is_some_and(Value::is_object) {
            object.remove(noise);
        }
    }
    if let Some(value) = object.remove("const") {
        object.insert("enum".into(), json!([value]));
    }
    if let Some(branches) = object.remove("oneOf") {
        match words(&branches) {
            Some((words, notes)) => {
                object.insert("type".into(), json!("string"));
                object.insert("enum".into(), words);
                let text = object.get("description").and_then(Value::as_str).unwrap_or_default();
                let text = format!("{text} {notes}").trim().to_owned();
                object.insert("description".into(), json!(text));
            }
            None => {
                object.insert("anyOf".into(), branches);
            }
        }
    }
    if let Some(Value::Array(items)) = object.remove("prefixItems")
        && let Some(first) = items.into_iter().next()
    {
        object.insert("items".into(), first);
    }
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(plain);
    }
    for inner in ["items", "additionalProperties"] {
        object.get_mut(inner).into_iter().for_each(plain);
    }
    if let Some(branches) = object.get_mut("anyOf").and_then(Value::as_array_mut) {
        branches.iter_mut().for_each(plain);
    }
}

/// The values of an enum whose variants hold nothing, and what their doc comments say.
fn words(branches: &Value) -> Option<(Value, String)> {
    let mut words = Vec::new();
    let mut notes = Vec::new();
    for branch in branches.as_array()? {
        let branch: &Map<_, _> = branch.as_object()?;
        if let Some(Value::Array(several)) = branch.get("enum") {
            words.extend(several.iter().cloned());
            continue;
        }
        let word = branch.get("const")?.as_str()?;
        if let Some(note) = branch.get("description").and_then(Value::as_str) {
            notes.push(format!("{word}: {note}"));
        }
        words.push(json!(word));
    }
    Some((Value::Array(words), notes.join(" ")))
}

/// The typed arguments of a call. They have passed the schema, so a failure here is a rule that the
/// schema can't say, and reads like one.
pub fn read<T: serde::de::DeserializeOwned>(
    arguments: &Value,
) -> Result<T, alumia_protocol::tools::ToolError> {
    T::deserialize(arguments).map_err(|fault| super::errors::invalid("", &format!("can't be read: {fault}")))
}

/// A short argument as the summary of a call.
pub fn word(arguments: &Value, name: &str) -> Option<String> {
    let text = arguments.get(name)?.as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| super::errors::cut(&text, 80))
}
