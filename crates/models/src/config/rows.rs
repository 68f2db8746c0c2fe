use super::{ConfigError, ProviderConfig, check};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    providers: Vec<ProviderConfig>,
}

/// The well-known providers, without keys. A new one is a row in `known.toml`.
pub fn known() -> Result<Vec<ProviderConfig>, ConfigError> {
    let rows: Rows = toml::from_str(include_str!("known.toml"))
        .map_err(|error| ConfigError::other(format!("known.toml: {error}")))?;
    for (at, row) in rows.providers.iter().enumerate() {
        check::check(at, row, rows.providers[..at].iter())?;
    }
    Ok(rows.providers)
}
