use super::forms;
use crate::{
    canvas::Canvas,
    files::Files,
    tools::{Tool, ToolContext, about, content, errors, schema},
};
use alumia_protocol::{
    blocks::CreateBlock,
    dataspec::{DataSpec, TileSpec},
    tools::ToolError,
};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The form that the model reads.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "read through the schema alone")]
struct Form {
    /// The block's heading on the canvas, at most 255 characters. Say what it shows, not what it is.
    #[schemars(length(min = 1, max = 255))]
    title: String,
    /// What the block shows.
    spec: DataSpec,
}

#[derive(Deserialize)]
struct Arguments {
    title: String,
    spec: Map<String, Value>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(|| shortened(schema::of::<Form>()));

/// The form without that of a dashboard's tiles, which is that of the other types once more. What the model writes is
/// checked against all of it.
fn shortened(mut schema: Value) -> Value {
    let branches = schema.pointer_mut("/properties/spec/anyOf").and_then(Value::as_array_mut);
    for branch in branches.into_iter().flatten() {
        if let Some(spec) = branch.pointer_mut("/properties/tiles/items/properties/spec") {
            let types = spec["anyOf"].as_array().into_iter().flatten().filter_map(schema::tag);
            let types: Vec<_> = types.map(str::to_owned).collect();
            *spec = json!({
                "type": "object",
                "properties": { "type": { "type": "string", "enum": types } },
                "required": ["type"],
                "description": "In the form that this type has by itself.",
            });
        }
    }
    schema
}

/// Puts a typed display on the canvas.
pub struct DataBlock {
    pub canvas: Canvas,
    pub files: Files,
}

#[async_trait]
impl Tool for DataBlock {
    about! {
        name: "data_block", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Make block", "Making block", "Made block",
        description: "Puts a block on the canvas beside the chat: a typed display of results that people can \
            read, edit and share. Choose the type that says most at a glance: a chart for a trend or a \
            comparison, a table for rows to look up, a metric for one number, a kpi-grid for several, \
            markdown for prose. Use values that you have read or computed; never invent any. Answers with \
            the block's id and version, which update_block takes."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let arguments: Arguments = schema::read(arguments)?;
        forms::read(Some(arguments.spec), None, "").map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { title, spec } = schema::read(&arguments)?;
        let Some(content) = forms::read(Some(spec), None, "")? else { return Ok(Value::Null) };
        let content = forms::prepared(&self.files, &context, content, self.canvas.clock.now(), "").await?;
        let new = CreateBlock { id: None, title, content, position: None };
        let made = self.canvas.create(&context.scope, context.project_id, new, context.origin).await;
        let block = made.map_err(errors::service)?;
        Ok(json!({ "blockId": block.id, "version": block.version }))
    }
}

/// Whether the pictures that a spec names are there. `at` is where the spec stands in the arguments.
pub(super) async fn require_pictures(
    files: &Files,
    context: &ToolContext,
    spec: &DataSpec,
    at: &str,
) -> Result<(), ToolError> {
    let mut named = Vec::new();
    match spec {
        DataSpec::Card(card) => named.push((format!("{at}/image"), card.image.as_ref())),
        DataSpec::Dashboard(dashboard) => {
            for (index, tile) in dashboard.tiles.iter().enumerate() {
                if let TileSpec::Card(card) = &tile.spec {
                    named.push((format!("{at}/tiles/{index}/spec/image"), card.image.as_ref()));
                }
            }
        }
        _ => {}
    }
    for (pointer, path) in named {
        if let Some(path) = path {
            content::require_picture(files, context, path, &pointer).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Form, SCHEMA};
    use crate::tools::schema;
    use alumia_protocol::dataspec::DataSpec;
    use serde_json::json;

    #[test]
    fn the_form_is_short_and_takes_every_example() {
        let size = |schema: &serde_json::Value| schema.to_string().len();
        assert!(size(&SCHEMA) + 4_000 < size(&schema::of::<Form>()), "{}", size(&SCHEMA));
        let form = jsonschema::validator_for(&SCHEMA).unwrap();
        for spec in DataSpec::examples() {
            assert!(form.is_valid(&json!({ "title": "x", "spec": spec })), "{spec:?}");
        }
        assert!(
            !form.is_valid(
                &json!({ "title": "x", "spec": { "type": "dashboard", "tiles": [{ "spec": {} }] } })
            )
        );
    }
}
