use super::{data_block::require_pictures, described, find};
use crate::{
    Error,
    canvas::Canvas,
    files::Files,
    tools::{Tool, ToolContext, about, content, errors, schema},
};
use alumia_protocol::{
    blocks::{Block, Content, UpdateBlock as Change},
    dataspec::DataSpec,
    show::Show,
    tools::ToolError,
};
use async_trait::async_trait;
use jsonschema::Validator;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The block's id, as data_block, show, list_blocks or search_blocks gave it.
    block_id: String,
    /// The version that the change is based on. Refused when somebody has changed the block since, so
    /// that nobody's edit is lost. Without it the block is changed whatever its version.
    #[serde(default)]
    version: Option<i64>,
    /// A new heading.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    title: Option<String>,
    /// For a block of data_block: its whole new spec, in the form that data_block takes.
    #[serde(default)]
    spec: Option<Map<String, Value>>,
    /// For a block of show: its whole new content, in the form that show takes.
    #[serde(default)]
    content: Option<Map<String, Value>>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// The forms that other tools take, which the model has read there; saying them once is enough.
struct Form {
    schema: Value,
    validator: Option<Validator>,
}

impl Form {
    fn of<T: JsonSchema>() -> Self {
        let schema = schema::of::<T>();
        Self { validator: jsonschema::validator_for(&schema).ok(), schema }
    }

    fn read<T: DeserializeOwned>(&self, value: Map<String, Value>, at: &str) -> Result<T, ToolError> {
        let value = Value::Object(value);
        let Some(validator) = &self.validator else {
            return Err(errors::failed("This tool is broken here. Make a new block instead."));
        };
        if !validator.is_valid(&value) {
            return Err(errors::schema(at, &self.schema, &value, validator.iter_errors(&value)));
        }
        T::deserialize(value).map_err(|fault| errors::invalid(at, &format!("can't be read: {fault}")))
    }
}

static SPEC: LazyLock<Form> = LazyLock::new(Form::of::<DataSpec>);
static SHOWN: LazyLock<Form> = LazyLock::new(Form::of::<Show>);

/// Changes a block on the canvas.
pub struct UpdateBlock {
    pub canvas: Canvas,
    pub files: Files,
}

impl Arguments {
    fn content(self) -> Result<Option<Content>, ToolError> {
        match (self.spec, self.content) {
            (Some(_), Some(_)) => Err(errors::invalid("/content", "can't be given together with spec")),
            (Some(spec), None) => {
                let spec: DataSpec = SPEC.read(spec, "/spec")?;
                spec.check().map_err(|error| errors::spec("/spec", error))?;
                Ok(Some(Content::Data(spec)))
            }
            (None, Some(content)) => {
                let shown: Show = SHOWN.read(content, "/content")?;
                shown.check().map_err(|error| errors::spec("/content", error))?;
                Ok(Some(Content::Show(shown)))
            }
            (None, None) if self.title.is_none() => {
                Err(errors::invalid("", "change nothing; give a title, a spec or a content"))
            }
            (None, None) => Ok(None),
        }
    }
}

#[async_trait]
impl Tool for UpdateBlock {
    about! {
        name: "update_block", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Change block", "Changing block", "Changed block",
        description: "Changes a block that is on the canvas: its heading, or its content as a whole. Change \
            a block rather than make a second one with the same purpose. Answers with the new version."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments)?.content().map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let arguments: Arguments = schema::read(&arguments)?;
        let present = find(&self.canvas, &context, &arguments.block_id, "/blockId").await?;
        let (version, title) = (arguments.version.unwrap_or(present.version), arguments.title.clone());
        let new = match arguments.content()? {
            Some(Content::Data(spec)) => {
                require_pictures(&self.files, &context, &spec, "/spec").await?;
                Some(Content::Data(spec))
            }
            Some(Content::Show(shown)) => {
                let now = self.canvas.clock.now();
                Some(Content::Show(content::prepared(&self.files, &context, shown, now, "/content").await?))
            }
            None => None,
        };
        let change = Change { version, title, content: new, position: None };
        match self.canvas.update(&context.scope, present.id, change, context.origin).await {
            Ok(block) => Ok(json!({ "blockId": block.id, "version": block.version })),
            Err(Error::Conflict { details, .. }) => Err(stale(details)),
            Err(error) => Err(errors::service(error)),
        }
    }
}

/// The refusal of a stale version, with the block as it is now, so that one more call can succeed.
fn stale(details: Option<Value>) -> ToolError {
    let present = details.and_then(|details| Block::deserialize(&details["block"]).ok());
    let present = present.map(|block| format!(" It is now: {}", described(&block, true))).unwrap_or_default();
    let message = format!(
        "Somebody has changed this block since that version. Base your change on the present one.{present}"
    );
    errors::error("conflict", message)
}
