use super::forms;
use crate::{
    canvas::Canvas,
    files::Files,
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::{blocks::CreateBlock, tools::ToolError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

// Thirteen schemas in full would be longer than those of all other tools together, and have to be read by the model at
// every step. What it writes is checked against them all the same.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The block's heading on the canvas, at most 255 characters.
    #[schemars(length(min = 1, max = 255))]
    title: String,
    /// What the block shows: an object of one of these types. `?` marks what can be left out, paths are below the
    /// project's folder. {type: "document", text} Markdown read as a page. {type: "code", code, language?, filename?}
    /// {type: "terminal", output, command?, exitCode?} {type: "image", path, alt} {type: "browser", url, title?, path?}
    /// {type: "spreadsheet", file?, sheets?: [{name, rows: [[cell]], head?}]} from a CSV or XLSX file, or with values and no
    /// formulas; head counts rows of headings. {type: "timer", mode: countdown|until|stopwatch, seconds?, until?, start?,
    /// ended?} until in RFC 3339, ended is what it says then. {type: "transcript", turns: [{speaker?, at?, text}]} at in
    /// seconds. {type: "audio", path, text?} {type: "video", path, alt, poster?, captions?: [{path, language, label}]}
    /// {type: "pdf", path, page?} {type: "drawing", width, height, alt?, shapes?: [{type: stroke, points} | {type: line, from,
    /// to, arrow?} | {type: rectangle|ellipse, at, size, filled?} | {type: text, at, text, size?}, each with width? and
    /// color?]} points are [x, y] from the top left. {type: "map", features: [{type: point, lat, lon, label, note?} | {type:
    /// line|area, points, label}, each with color?]} points are [latitude, longitude]. Colors: ink, grey, blue, yellow,
    /// teal, purple, red, green.
    content: Map<String, Value>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Puts a primitive on the canvas.
pub struct Show {
    pub canvas: Canvas,
    pub files: Files,
}

#[async_trait]
impl Tool for Show {
    about! {
        name: "show", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Show", "Showing", "Showed",
        description: "Shows something as it is on the canvas: a long text as a document, source code, what a \
            command printed, a picture, sound, film or PDF from the project's folder, a transcript, a \
            spreadsheet that people edit, a drawing, a map, a timer. For results that have a structure \
            (numbers, rows, steps) use data_block. Answers with the block's id and version."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let arguments: Arguments = schema::read(arguments)?;
        forms::read(None, Some(arguments.content), "").map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { title, content } = schema::read(&arguments)?;
        let Some(content) = forms::read(None, Some(content), "")? else { return Ok(Value::Null) };
        let content = forms::prepared(&self.files, &context, content, self.canvas.clock.now(), "").await?;
        let new = CreateBlock { id: None, title, content, position: None };
        let made = self.canvas.create(&context.scope, context.project_id, new, context.origin).await;
        let block = made.map_err(errors::service)?;
        Ok(json!({ "blockId": block.id, "version": block.version }))
    }
}

#[cfg(test)]
mod tests {
    use super::SCHEMA;
    use crate::tools::schema;
    use alumia_protocol::show::Show;
    use serde_json::Value;

    /// All names of fields and of types in a schema, but for those that are the server's own.
    fn names(schema: &Value, out: &mut Vec<String>) {
        if let Some(properties) = schema["properties"].as_object() {
            for (name, inner) in properties {
                out.push(name.clone());
                names(inner, out);
            }
        }
        if let (Some("type"), Some(words)) = (out.last().map(String::as_str), schema["enum"].as_array()) {
            out.extend(words.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        for branch in schema["anyOf"].as_array().into_iter().flatten() {
            names(branch, out);
        }
        if schema["items"].is_object() {
            names(&schema["items"], out);
        }
    }

    #[test]
    fn the_short_form_names_every_field_of_every_type() {
        let told = SCHEMA["properties"]["content"]["description"].as_str().unwrap();
        let told: Vec<&str> = told.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
        let mut all = Vec::new();
        names(&schema::of::<Show>(), &mut all);
        assert!(all.len() > 60, "{all:?}");
        let own = ["startedAt", "elapsed", "more"];
        let missing: Vec<_> = all
            .iter()
            .filter(|name| !told.contains(&name.as_str()) && !own.contains(&name.as_str()))
            .collect();
        assert_eq!(missing, Vec::<&String>::new());
    }
}
