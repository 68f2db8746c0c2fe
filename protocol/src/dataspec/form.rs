use super::{SpecError, distinct, nonempty};
use serde::{Deserialize, Serialize};

/// What a field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// One line.
    #[default]
    Text,
    /// Several lines.
    Textarea,
    /// A number.
    Number,
    /// A day.
    Date,
    /// Yes or no.
    Checkbox,
    /// One of `options`.
    Select,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// Key of the value.
    pub name: String,
    /// What to fill in.
    pub label: String,
    /// What it takes.
    #[serde(default)]
    pub kind: FieldKind,
    /// The choices of a `select`.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether it may not stay empty.
    #[serde(default)]
    pub required: bool,
    /// What it holds; a person's input is saved here.
    #[serde(default)]
    pub value: Option<String>,
}

/// Fields for a person to fill in; what they submit is sent to the session as a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Form {
    /// In order.
    pub fields: Vec<Field>,
    /// The button's label.
    #[serde(default)]
    pub submit_label: String,
}

impl Form {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.fields, "/fields", "field")?;
        distinct(self.fields.iter().map(|field| field.name.as_str()), |i| format!("/fields/{i}/name"))?;
        for (index, field) in self.fields.iter().enumerate() {
            if field.kind == FieldKind::Select && field.options.is_empty() {
                return Err(SpecError::new(format!("/fields/{index}/options"), "a select needs options"));
            }
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let field = |name: &str, label: &str, kind, options: &[&str], required| Field {
            name: name.into(),
            label: label.into(),
            kind,
            options: options.iter().map(|&option| option.into()).collect(),
            required,
            value: None,
        };
        Self {
            fields: vec![
                field("region", "Region", FieldKind::Select, &["North", "South"], true),
                field("since", "Since", FieldKind::Date, &[], false),
            ],
            submit_label: "Compare".into(),
        }
    }
}
