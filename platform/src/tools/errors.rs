//! Failures as the model reads them: what happened and what to do next.

use super::schema;
use crate::Error;
use alumia_protocol::{dataspec::SpecError, tools::ToolError};
use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

/// The most faults that one answer lists.
const FAULTS: usize = 3;

/// A failure with a code for programs.
pub fn error(code: &str, message: impl Into<String>) -> ToolError {
    ToolError { code: code.into(), message: message.into(), path: None }
}

/// The call was fine, the deed was not.
pub fn failed(message: impl Into<String>) -> ToolError {
    error("failed", message)
}

/// One argument is at fault.
pub fn invalid(path: impl Into<String>, message: &str) -> ToolError {
    let path = path.into();
    let message = format!("{} {message}. Correct it and call the tool again.", named(&path));
    ToolError { code: "invalid_arguments".into(), message, path: Some(path) }
}

/// A spec's semantic fault, seen from the argument at `prefix` that holds it.
pub fn spec(prefix: &str, error: SpecError) -> ToolError {
    let error = error.under(prefix);
    invalid(error.path, &error.message)
}

/// A service's failure. Internal causes are logged here, because the model only gets a sentence.
pub fn service(error: Error) -> ToolError {
    use crate::Error as E;
    let (code, message) = match error {
        E::NotFound(what) => {
            ("not_found", format!("There is no such {} in this project.", what.to_lowercase()))
        }
        E::BadRequest(message) | E::TooLarge(message) => ("failed", message),
        E::Invalid(fields) => {
            let faults: Vec<_> = fields.iter().map(|(field, fault)| format!("{field}: {fault}")).collect();
            let path = fields.keys().next().map(|field| format!("/{field}"));
            return ToolError { code: "invalid_arguments".into(), message: faults.join("; "), path };
        }
        E::Unauthorized { message, .. } | E::Forbidden { message, .. } => ("refused", message),
        E::PaymentRequired(blocked) => ("payment_required", blocked.message),
        E::Conflict { message, .. } => ("conflict", message),
        E::Limited { .. } => ("failed", "Too many requests. Wait a moment before the next call.".into()),
        E::Unavailable { message, .. } => ("failed", message),
        E::Internal(cause) => {
            tracing::error!(%cause, "a tool failed inside");
            ("failed", "Something failed inside Alumia. Trying the same call once more may help.".into())
        }
    };
    self::error(code, message)
}

/// What is wrong with arguments that don't fit `schema`. `at` is where they stand in the call's own.
pub fn schema<'a>(
    at: &str,
    schema: &Value,
    arguments: &Value,
    errors: impl Iterator<Item = ValidationError<'a>>,
) -> ToolError {
    let mut faults = Vec::new();
    for error in errors {
        collect(schema, arguments, &error, &mut faults);
    }
    // The outermost first: what is inside a wrong value may look different once that is right.
    faults.sort_by_key(|(path, _)| path.matches('/').count());
    for (path, _) in &mut faults {
        path.insert_str(0, at);
    }
    let Some((path, _)) = faults.first().cloned() else {
        return invalid(at, "does not fit the tool's schema");
    };
    let mut said: Vec<_> = faults.iter().map(|(path, fault)| format!("{} {fault}", named(path))).collect();
    let more = said.len().saturating_sub(FAULTS);
    said.truncate(FAULTS);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let message = format!("{}{more}. Correct it and call the tool again.", said.join("; "));
    ToolError { code: "invalid_arguments".into(), message, path: Some(path) }
}

fn named(path: &str) -> &str {
    if path.is_empty() { "The arguments" } else { path }
}

fn collect(root: &Value, arguments: &Value, error: &ValidationError<'_>, faults: &mut Vec<(String, String)>) {
    let at = error.instance_path().as_str().to_owned();
    let field = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match error.kind() {
        Kind::AnyOf { context } => {
            let branches = root.pointer(error.schema_path().as_str()).and_then(Value::as_array);
            let value = arguments.pointer(&at).unwrap_or(&Value::Null);
            match branches.map(|branches| branch(branches, value)) {
                Some(Branch::Index(index)) if context.get(index).is_some_and(|inner| !inner.is_empty()) => {
                    for inner in &context[index] {
                        collect(root, arguments, inner, faults);
                    }
                }
                Some(Branch::Unknown(tags)) => {
                    let given = value.get("type");
                    let fault = match given {
                        Some(given) => format!("is {}; it must be one of {tags}", short(given)),
                        None => format!("is missing; it must be one of {tags}"),
                    };
                    faults.push((field("type"), fault));
                }
                Some(Branch::NotAnObject) => {
                    faults.push((at, format!("must be an object, not {}", kind_of(value))));
                }
                _ => faults.push((at, "has none of the allowed shapes".into())),
            }
        }
        Kind::Required { property } => {
            faults.push((field(property.as_str().unwrap_or_default()), "is missing".into()));
        }
        Kind::AdditionalProperties { unexpected } => {
            let known = error
                .schema_path()
                .as_str()
                .strip_suffix("/additionalProperties")
                .and_then(|parent| root.pointer(&format!("{parent}/properties")))
                .and_then(Value::as_object)
                .map(|known| known.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
                .unwrap_or_default();
            for name in unexpected {
                faults.push((field(name), format!("is not a known field; the fields are {known}")));
            }
        }
        Kind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(several) => {
                    several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            let value = arguments.pointer(&at).unwrap_or(&Value::Null);
            faults.push((at, format!("must be of type {wanted}, not {}", kind_of(value))));
        }
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let options: Vec<_> = options.iter().map(short).collect();
            let value = arguments.pointer(&at).unwrap_or(&Value::Null);
            faults.push((at, format!("is {}; it must be one of {}", short(value), options.join(", "))));
        }
        _ => {
            let said = error.masked_with("it").to_string();
            faults.push((at, cut(said.strip_prefix("it ").unwrap_or(&said), 300)));
        }
    }
}

enum Branch {
    Index(usize),
    /// The value has no such tag; these are the tags.
    Unknown(String),
    NotAnObject,
    Unclear,
}

/// The branch that a value means: by its `type`, or the only one beside `null`.
fn branch(branches: &[Value], value: &Value) -> Branch {
    let tags: Vec<_> = branches.iter().filter_map(schema::tag).collect();
    if !tags.is_empty() {
        if !value.is_object() {
            return Branch::NotAnObject;
        }
        let given = value.get("type").and_then(Value::as_str);
        let found = branches.iter().position(|branch| given.is_some() && schema::tag(branch) == given);
        return found.map_or_else(|| Branch::Unknown(tags.join(", ")), Branch::Index);
    }
    let mut real = branches.iter().enumerate().filter(|(_, branch)| branch["type"] != "null");
    match (real.next(), real.next()) {
        (Some((index, _)), None) => Branch::Index(index),
        _ => Branch::Unclear,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn short(value: &Value) -> String {
    cut(&value.to_string(), 60)
}

/// At most `most` characters, with a mark where more followed.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
