//! Reading rows.

use crate::{Error, Result};
use alumia_protocol::Timestamp;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use sqlx::{Row as _, any::AnyRow};
use std::str::FromStr;

/// Columns as the types of the product.
pub trait Columns {
    /// A TEXT column that parses: an id, mostly.
    fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(&self, column: &str) -> Result<T>;
    /// The same for a column that may be NULL.
    fn parsed_or_null<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        &self,
        column: &str,
    ) -> Result<Option<T>>;
    /// A TEXT column.
    fn text(&self, column: &str) -> Result<String>;
    /// A BIGINT column.
    fn number(&self, column: &str) -> Result<i64>;
    /// A BIGINT column of microseconds.
    fn time(&self, column: &str) -> Result<Timestamp>;
    /// A BIGINT column of 0 or 1.
    fn flag(&self, column: &str) -> Result<bool>;
    /// A TEXT column of JSON.
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T>;
    /// The same for a column that may be NULL.
    fn json_or_null<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>>;
    /// A TEXT column that holds a name of a Rust enum as serde writes it.
    fn named<T: DeserializeOwned>(&self, column: &str) -> Result<T>;
}

impl Columns for AnyRow {
    fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(&self, column: &str) -> Result<T> {
        self.text(column)?.parse().map_err(Error::internal)
    }

    fn parsed_or_null<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        &self,
        column: &str,
    ) -> Result<Option<T>> {
        let text: Option<String> = self.try_get(column)?;
        text.map(|text| text.parse().map_err(Error::internal)).transpose()
    }

    fn text(&self, column: &str) -> Result<String> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: &str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }

    fn time(&self, column: &str) -> Result<Timestamp> {
        self.number(column).map(Timestamp)
    }

    fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.number(column)? != 0)
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        Ok(serde_json::from_str(&self.text(column)?)?)
    }

    fn json_or_null<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let text: Option<String> = self.try_get(column)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    fn named<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        Ok(serde_json::from_value(self.text(column)?.into())?)
    }
}

/// A place in a list that is ordered by a time and then an id, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last item's time.
    pub at: Timestamp,
    /// The last item's id.
    pub id: String,
}

impl Cursor {
    /// Before the newest item.
    pub const fn start() -> Self {
        Self { at: Timestamp(i64::MAX), id: String::new() }
    }

    /// What a caller handed back; `BadRequest` for what was never handed out.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self::start()) };
        let parse = || {
            let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let (at, id) = text.split_once('~')?;
            let id = uuid::Uuid::parse_str(id).ok()?.to_string();
            Some(Self { at: Timestamp(at.parse().ok()?), id })
        };
        parse().ok_or_else(|| {
            Error::BadRequest("This cursor is none of ours. Start again without a cursor.".into())
        })
    }

    /// The opaque text that a caller hands back.
    pub fn encode(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}~{}", self.at.0, self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use alumia_protocol::Timestamp;

    #[test]
    fn cursors_come_back_and_foreign_ones_are_refused() {
        let cursor = Cursor { at: Timestamp(42), id: uuid::Uuid::now_v7().to_string() };
        assert_eq!(Cursor::parse(Some(&cursor.encode())).unwrap(), cursor);
        assert_eq!(Cursor::parse(None).unwrap(), Cursor::start());
        for bad in ["", "x", "%%%", "NDJ-", "4oKs", "bm90LWEtY3Vyc29y"] {
            assert!(Cursor::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
