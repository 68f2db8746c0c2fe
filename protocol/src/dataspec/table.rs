use super::{SpecError, distinct, nonempty};
use serde::{Deserialize, Serialize};

/// How a column's cells stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Text.
    #[default]
    Left,
    /// Numbers.
    Right,
    /// Marks.
    Center,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Column {
    /// Key of the rows' cells.
    pub key: String,
    /// Heading.
    pub label: String,
    /// `right` for numbers.
    #[serde(default)]
    pub align: Align,
}

/// Rows and columns. People can sort, filter, resize, reorder and export it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// In order.
    pub columns: Vec<Column>,
    /// One object a row: column key to text, number, boolean or null.
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl Table {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.columns, "/columns", "column")?;
        distinct(self.columns.iter().map(|column| column.key.as_str()), |i| format!("/columns/{i}/key"))?;
        for (index, row) in self.rows.iter().enumerate() {
            for (key, cell) in row {
                if cell.is_array() || cell.is_object() {
                    let path = format!("/rows/{index}/{key}");
                    return Err(SpecError::new(path, "must be text, a number, a boolean or null"));
                }
                if !self.columns.iter().any(|column| column.key == *key) {
                    let keys: Vec<_> = self.columns.iter().map(|column| column.key.as_str()).collect();
                    let message = format!("is no column; the columns are {}", keys.join(", "));
                    return Err(SpecError::new(format!("/rows/{index}/{key}"), message));
                }
            }
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let row = |city: &str, people: i64| {
            let cells = [("city", serde_json::json!(city)), ("people", serde_json::json!(people))];
            cells.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
        };
        Self {
            columns: vec![
                Column { key: "city".into(), label: "City".into(), align: Align::Left },
                Column { key: "people".into(), label: "People".into(), align: Align::Right },
            ],
            rows: vec![row("Porto", 231_800), row("Bergen", 291_940)],
        }
    }
}
