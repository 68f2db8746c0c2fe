//! A block's content as tools take it that don't say its whole form: the model has read that at `data_block` and
//! `show`, and saying it once is enough.

use super::data_block::require_pictures;
use crate::{
    files::Files,
    tools::{ToolContext, content, errors, schema},
};
use alumia_protocol::{Timestamp, blocks::Content, dataspec::DataSpec, show::Show, tools::ToolError};
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

/// A content as it is stored: whether the files that it names are there, and what is read of them. `at` as in [`read`].
pub(super) async fn prepared(
    files: &Files,
    context: &ToolContext,
    new: Content,
    now: Timestamp,
    at: &str,
) -> Result<Content, ToolError> {
    match &new {
        Content::Data(spec) => require_pictures(files, context, spec, &format!("{at}/spec")).await?,
        Content::Show(shown) => {
            let at = format!("{at}/content");
            return content::prepared(files, context, shown.clone(), now, &at).await.map(Content::Show);
        }
        Content::App(_) => {}
    }
    Ok(new)
}
