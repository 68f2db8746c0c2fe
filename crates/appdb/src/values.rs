//! JSON and SQLite's values.

use crate::{Answer, Error, Limits, told};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rusqlite::{
    Statement,
    types::{Value as Stored, ValueRef},
};
use serde_json::{Value, json};

/// Parameters as SQLite takes them.
pub(crate) fn bound(parameters: &[Value]) -> Result<Vec<Stored>, Error> {
    let one = |(index, value): (usize, &Value)| match value {
        Value::Null => Ok(Stored::Null),
        Value::Bool(yes) => Ok(Stored::Integer(i64::from(*yes))),
        Value::Number(number) => number
            .as_i64()
            .map(Stored::Integer)
            .or_else(|| number.as_f64().map(Stored::Real))
            .ok_or(Error::Parameter(index)),
        Value::String(text) => Ok(Stored::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => Err(Error::Parameter(index)),
    };
    parameters.iter().enumerate().map(one).collect()
}

/// Runs a statement to its end.
pub(crate) fn answer(
    statement: &mut Statement<'_>,
    parameters: &[Stored],
    limits: &Limits,
) -> Result<Answer, Error> {
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let wanted = statement.parameter_count();
    if wanted != parameters.len() {
        let words = format!("the statement has {wanted} parameters and got {}", parameters.len());
        return Err(Error::Statement(words));
    }
    let mut found = statement.query(rusqlite::params_from_iter(parameters)).map_err(|error| told(&error))?;
    let mut rows = Vec::new();
    let mut size = columns.iter().map(String::len).sum::<usize>();
    while let Some(row) = found.next().map_err(|error| told(&error))? {
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            let value = row.get_ref(index).map_err(|error| told(&error))?;
            let value = match value {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => json!(number),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => {
                    size += text.len();
                    json!(String::from_utf8_lossy(text))
                }
                ValueRef::Blob(bytes) => {
                    size += bytes.len() / 3 * 4;
                    json!({ "blob": BASE64_STANDARD.encode(bytes) })
                }
            };
            size += 8;
            values.push(value);
        }
        if rows.len() >= limits.rows || size > limits.answer {
            return Err(Error::TooLarge);
        }
        rows.push(values);
    }
    Ok(Answer { columns, rows, changes: 0 })
}
