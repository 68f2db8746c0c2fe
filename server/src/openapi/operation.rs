use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The schemas of all routes: what is read and what is written differ in which fields may be missing.
pub struct Schemas {
    input: SchemaGenerator,
    output: SchemaGenerator,
}

const DEFINITIONS: &str = "/components/schemas";

impl Schemas {
    /// None yet.
    pub fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = DEFINITIONS.into();
                settings.meta_schema = None;
            })
        };
        Self {
            input: settings().for_deserialize().into_generator(),
            output: settings().for_serialize().into_generator(),
        }
    }

    /// A type that is written.
    pub fn output<T: JsonSchema>(&mut self) -> Schema {
        self.output.subschema_for::<T>()
    }

    /// The named schemas, and the new names of those read ones that differ from the written ones.
    pub fn finish(mut self) -> (Map<String, Value>, BTreeSet<String>) {
        let (input, output) = (self.input.take_definitions(true), self.output.take_definitions(true));
        let mut differ: BTreeSet<String> = input
            .iter()
            .filter(|(name, schema)| output.get(*name).is_some_and(|other| other != *schema))
            .map(|(name, _)| name.clone())
            .collect();
        // What points to one that differs differs too.
        loop {
            let more: Vec<String> = input
                .iter()
                .filter(|(name, schema)| {
                    output.contains_key(*name) && !differ.contains(*name) && points_to(schema, &differ)
                })
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            differ.extend(more);
        }
        let mut all = output;
        for (name, mut schema) in input {
            rename(&mut schema, &differ);
            let name = if differ.contains(&name) { format!("{name}Input") } else { name };
            all.entry(name).or_insert(schema);
        }
        (all, differ)
    }
}

fn target(reference: &Value) -> Option<&str> {
    reference.as_str()?.rsplit_once('/').map(|(_, name)| name)
}

fn points_to(schema: &Value, names: &BTreeSet<String>) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(name, value)| match name.as_str() {
            "$ref" => target(value).is_some_and(|name| names.contains(name)),
            _ => points_to(value, names),
        }),
        Value::Array(items) => items.iter().any(|item| points_to(item, names)),
        _ => false,
    }
}

/// Points to the read schema of each of these names.
pub fn rename(schema: &mut Value, names: &BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (field, value) in fields {
                match target(value).filter(|_| field == "$ref") {
                    Some(name) if names.contains(name) => {
                        *value = format!("#{DEFINITIONS}/{name}Input").into();
                    }
                    Some(_) => {}
                    None => rename(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        _ => {}
    }
}

/// One route's description as its handler's arguments and answer make it.
pub struct Operation<'a> {
    schemas: &'a mut Schemas,
    pub parameters: Vec<Value>,
    pub body: Option<Value>,
    pub answers: BTreeMap<u16, Value>,
    /// Statuses of errors that its parts answer.
    pub errors: BTreeSet<u16>,
}

impl<'a> Operation<'a> {
    /// Nothing is known yet.
    pub fn new(schemas: &'a mut Schemas) -> Self {
        Self { schemas, parameters: vec![], body: None, answers: BTreeMap::new(), errors: BTreeSet::new() }
    }

    /// Something that it names may not be there.
    pub fn not_found(&mut self) {
        self.errors.insert(404);
    }

    /// The fields of `T` as parameters of the query string.
    pub fn query<T: JsonSchema>(&mut self) {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
        let required: Vec<&Value> =
            schema["required"].as_array().map(|names| names.iter().collect()).unwrap_or_default();
        let Some(fields) = schema["properties"].as_object() else { return };
        for (name, field) in fields {
            let mut field = field.clone();
            let words = field.as_object_mut().and_then(|field| field.remove("description"));
            without_null(&mut field);
            self.parameter(json!({
                "name": name, "in": "query", "required": required.contains(&&Value::from(name.as_str())),
                "description": words.unwrap_or_default(), "schema": field,
            }));
        }
        self.errors.extend([400, 422]);
    }

    /// One parameter; the first of a name stays.
    pub fn parameter(&mut self, parameter: Value) {
        let known = |other: &Value| other["name"] == parameter["name"] && other["in"] == parameter["in"];
        if !self.parameters.iter().any(known) {
            self.parameters.push(parameter);
        }
    }

    /// A JSON body.
    pub fn body<T: JsonSchema>(&mut self, required: bool) {
        let schema = self.schemas.input.subschema_for::<T>();
        self.body =
            Some(json!({ "required": required, "content": { "application/json": { "schema": schema } } }));
        self.errors.extend([400, 413, 422]);
    }

    /// A body of bytes.
    pub fn bytes(&mut self) {
        let content = json!({ "schema": { "type": "string", "format": "binary" } });
        self.body = Some(json!({ "required": true, "content": { "application/octet-stream": content } }));
        self.errors.extend([400, 413]);
    }

    /// A body that is a zip archive.
    pub fn archive(&mut self) {
        let content = json!({ "schema": { "type": "string", "format": "binary" } });
        self.body = Some(json!({ "required": true, "content": { "application/zip": content } }));
        self.errors.extend([400, 413, 422]);
    }

    /// An answer with the envelope around it.
    pub fn answer<T: JsonSchema>(&mut self, status: StatusCode, words: &str) {
        let schema = json!({
            "type": "object", "required": ["success", "data"],
            "properties": { "success": { "const": true }, "data": self.schemas.output::<T>() },
        });
        let content = json!({ "application/json": { "schema": schema } });
        self.answers.insert(status.as_u16(), json!({ "description": words, "content": content }));
    }

    /// A JSON object without an envelope.
    pub fn json(&mut self, status: StatusCode, words: &str) {
        let content = json!({ "application/json": { "schema": { "type": "object" } } });
        self.answers.insert(status.as_u16(), json!({ "description": words, "content": content }));
    }

    /// Server-sent events. What the whole answer looks like no schema can say; what each event looks like,
    /// `itemSchema` does for those who know it from version 3.2.
    pub fn events(&mut self, words: &str) {
        let text = json!({ "type": "string" });
        let event = json!({
            "type": "object", "required": ["data"],
            "properties": { "id": text, "event": text, "data": text },
        });
        let content = json!({ "text/event-stream": { "itemSchema": event } });
        self.answers.insert(StatusCode::OK.as_u16(), json!({ "description": words, "content": content }));
    }

    /// An answer of another kind.
    pub fn content(&mut self, status: StatusCode, words: &str, kind: &str) {
        let content = json!({ kind: { "schema": { "type": "string" } } });
        self.answers.insert(status.as_u16(), json!({ "description": words, "content": content }));
    }

    /// An answer without a body.
    pub fn empty(&mut self, status: StatusCode, words: &str) {
        self.answers.insert(status.as_u16(), json!({ "description": words }));
    }
}

/// A parameter that is absent isn't null.
fn without_null(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    fields.remove("default");
    if let Some(Value::Array(kinds)) = fields.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            fields.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(kinds)) = fields.remove("anyOf") {
        let kinds: Vec<Value> = kinds.into_iter().filter(|kind| kind["type"] != "null").collect();
        match kinds.as_slice() {
            [Value::Object(only)] => fields.extend(only.clone()),
            _ => drop(fields.insert("anyOf".into(), kinds.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Schemas};
    use alumia_protocol::blocks::{Block, CreateBlock};
    use axum::http::StatusCode;

    #[test]
    fn what_is_read_and_what_is_written_may_differ() {
        let mut schemas = Schemas::new();
        let mut operation = Operation::new(&mut schemas);
        operation.body::<CreateBlock>(true);
        operation.answer::<Block>(StatusCode::OK, "It.");
        let (all, differ) = schemas.finish();
        assert!(differ.contains("Position") && all.contains_key("PositionInput"), "{differ:?}");
        let required = |name: &str| all[name]["required"].to_string();
        assert!(required("Position").contains("\"z\"") && !required("PositionInput").contains("\"z\""));
        let reads = all["CreateBlock"].to_string();
        assert!(reads.contains("/PositionInput") && !all["Block"].to_string().contains("Input\""), "{reads}");
    }
}
