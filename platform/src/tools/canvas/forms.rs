//! A block's content as tools take it that don't say its whole form: the model has read that at `data_block` and
//! `show`, and saying it once is enough.

use super::data_block::require_pictures;
use crate::{
    files::Files,
    tools::{ToolContext, content, errors, schema},
};
use alumia_protocol::{blocks::Content, dataspec::DataSpec, show::Show, tools::ToolError};
use jsonschema::Validator;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::LazyLock;

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

/// What `spec` (the form of `data_block`) or `content` (that of `show`) holds, `None` where there is neither. `at` is where
/// both stand in the arguments.
pub(super) fn read(
    spec: Option<Map<String, Value>>,
    content: Option<Map<String, Value>>,
    at: &str,
) -> Result<Option<Content>, ToolError> {
    match (spec, content) {
        (Some(_), Some(_)) => {
            Err(errors::invalid(format!("{at}/content"), "can't be given together with spec"))
        }
        (Some(spec), None) => {
            let at = format!("{at}/spec");
            let spec: DataSpec = SPEC.read(spec, &at)?;
            spec.check().map_err(|error| errors::spec(&at, error))?;
            Ok(Some(Content::Data(spec)))
        }
        (None, Some(content)) => {
            let at = format!("{at}/content");
            let shown: Show = SHOWN.read(content, &at)?;
            shown.check().map_err(|error| errors::spec(&at, error))?;
            Ok(Some(Content::Show(shown)))
        }
        (None, None) => Ok(None),
    }
}

/// Whether the files that a content names are there.
pub(super) async fn require_files(
    files: &Files,
    context: &ToolContext,
    new: &Content,
    at: &str,
) -> Result<(), ToolError> {
    match new {
        Content::Data(spec) => require_pictures(files, context, spec, &format!("{at}/spec")).await,
        Content::Show(shown) => {
            content::require_shown(files, context, shown, &format!("{at}/content/path")).await
        }
        Content::App(_) => Ok(()),
    }
}
