//! The API's routes as pages show them.

use serde::{Deserialize, Serialize};

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteDoc {
    /// Names the route in links: `projects_list`.
    pub id: String,
    /// `projects`.
    pub tag: String,
    /// `GET`.
    pub method: String,
    /// `/api/v1/projects/{id}`.
    pub path: String,
    /// One sentence.
    pub summary: String,
    /// Permission and limit in words.
    pub description: String,
    /// The scope that a key needs.
    pub scope: Option<String>,
    /// Parameters of path, query and headers.
    pub params: Vec<ParamDoc>,
    /// The smallest body that fits, as JSON text.
    pub body: Option<String>,
    /// Status and when.
    pub answers: Vec<(String, String)>,
    /// Whether it takes a file's bytes.
    pub takes_file: bool,
    /// What it answers when all is well.
    pub answer: AnswerKind,
}

/// What a route answers when all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerKind {
    /// JSON.
    Json,
    /// Events, as they happen.
    Stream,
    /// A file's bytes.
    File,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamDoc {
    /// Name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// Can't be left out.
    pub required: bool,
    /// What it means.
    pub words: String,
}

/// What samples are filled in with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// `https://alumia.example.org`.
    pub origin: String,
    /// Name and slug of the reader's organisation.
    pub org: Option<(String, String)>,
    /// One project of theirs.
    pub project: Option<String>,
}

impl RouteDoc {
    /// The body with what is known of the reader filled in.
    pub fn body_for(&self, reader: &Reader) -> Option<String> {
        let body = self.body.as_ref()?;
        let project = reader.project.as_deref().unwrap_or(SOME_ID);
        let field = |id: &str| format!("\"projectId\": \"{id}\"");
        Some(body.replace(&field(SOME_ID), &field(project)))
    }

    /// The path and the query that can't be left out, with what is known of the reader filled in. What stands
    /// in braces is theirs to fill in.
    pub fn path_for(&self, reader: &Reader) -> String {
        let path = match &reader.project {
            Some(project) if self.path.starts_with("/api/v1/projects/{id}") => {
                self.path.replace("{id}", project)
            }
            _ => self.path.clone(),
        };
        let needed = self.params.iter().filter(|param| param.required && param.place == "query");
        let query: Vec<String> = needed.map(|param| format!("{0}={{{0}}}", param.name)).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// What examples have for an id.
const SOME_ID: &str = "0190a5c2-7b1e-7cc0-9d3c-5e2f6a1b4c8d";

/// Reads the API's description.
#[cfg(feature = "ssr")]
pub fn read(document: &serde_json::Value) -> Vec<RouteDoc> {
    use serde_json::Value;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    let Some(paths) = document["paths"].as_object() else { return all };
    for (path, methods) in paths {
        for (method, route) in methods.as_object().into_iter().flatten() {
            let params = route["parameters"].as_array().into_iter().flatten().map(|param| ParamDoc {
                name: text(&param["name"]),
                place: text(&param["in"]),
                required: param["required"] == true,
                words: text(&param["description"]),
            });
            let answers = route["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
                let shared =
                    answer["$ref"].as_str().and_then(|to| document.pointer(to.trim_start_matches('#')));
                (status.clone(), text(&shared.unwrap_or(answer)["description"]))
            });
            let body = &route["requestBody"]["content"]["application/json"]["schema"];
            all.push(RouteDoc {
                id: text(&route["operationId"]),
                tag: text(&route["tags"][0]),
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&route["summary"]),
                description: text(&route["description"]),
                scope: route["x-alumia-scope"].as_str().map(str::to_owned),
                params: params.collect(),
                body: (!body.is_null())
                    .then(|| serde_json::to_string_pretty(&example(document, body, 0)).unwrap_or_default()),
                answers: answers.collect(),
                takes_file: route["requestBody"]["content"]["application/octet-stream"].is_object(),
                answer: answer_of(&route["responses"]["200"]["content"]),
            });
        }
    }
    all.sort_by(|a, b| (&a.tag, &a.path, &a.method).cmp(&(&b.tag, &b.path, &b.method)));
    all
}

/// What its good answer's content says.
#[cfg(feature = "ssr")]
fn answer_of(content: &serde_json::Value) -> AnswerKind {
    if content["text/event-stream"].is_object() {
        AnswerKind::Stream
    } else if content["*/*"].is_object() {
        AnswerKind::File
    } else {
        AnswerKind::Json
    }
}

/// A schema's own example, else the smallest value that fits it.
#[cfg(feature = "ssr")]
fn example(document: &serde_json::Value, schema: &serde_json::Value, depth: usize) -> serde_json::Value {
    use serde_json::{Value, json};
    if depth > 6 {
        return Value::Null;
    }
    let deeper = |schema: &Value| example(document, schema, depth + 1);
    if let Some(to) = schema["$ref"].as_str() {
        return document.pointer(to.trim_start_matches('#')).map_or(Value::Null, deeper);
    }
    if let Some(given) = schema["examples"].get(0) {
        return given.clone();
    }
    if let Some(fixed) = schema.get("const") {
        return fixed.clone();
    }
    if let Some(first) = ["enum", "oneOf", "anyOf"].iter().find_map(|kind| schema[*kind].get(0)) {
        return if schema["enum"].is_array() { first.clone() } else { deeper(first) };
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match (kind, schema["format"].as_str()) {
        ("string", Some("uuid")) => json!(SOME_ID),
        ("string", Some("date-time")) => json!("2030-01-01T00:00:00.000Z"),
        ("string", _) => json!("text"),
        ("integer" | "number", _) => json!(1),
        ("boolean", _) => json!(true),
        ("array", _) => json!([deeper(&schema["items"])]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields = required.map(|name| (name.to_owned(), deeper(&schema["properties"][name])));
            Value::Object(fields.collect())
        }
    }
}
