//! Which providers there are: the operator's own and the well-known ones, which are rows of data.

mod check;
mod rows;

pub use check::ConfigError;
pub(crate) use check::base_url;
pub use rows::known;

use crate::{Provider, builtin::Builtin, wire::WireProvider};
use alumia_protocol::models::{Capabilities, CatalogModel, Price};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::Arc;

/// The id of the provider whose models run on this machine (`crates/local`).
pub const THIS_MACHINE: &str = "this-machine";

/// How a provider is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenAI chat completions; also Ollama, vLLM, llama.cpp and most others.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
}

/// One `[[providers]]` entry. For a well-known provider (see `known.toml`) its id and a key are enough;
/// what is given here wins over the row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Lower-case letters, digits, `-`; unique.
    pub id: String,
    /// For people; the id when absent.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// Everything before `/chat/completions`, `/messages` or `/models/…`.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Empty for a server that needs none.
    #[serde(default)]
    pub api_key: SecretString,
    #[serde(default)]
    pub models: Vec<ModelConfig>,
    /// How it differs from others of its dialect.
    #[serde(default)]
    pub quirks: Quirks,
}

/// One model of a provider. Prices are microcredits per million tokens (1 credit = $0.01 = 1,000,000
/// microcredits, so $3 per million tokens is 300,000,000); 0 is free.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The provider's own id for it.
    pub id: String,
    /// For people; the id when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Tokens that fit one call.
    pub context: u32,
    #[serde(default = "yes")]
    pub tools: bool,
    #[serde(default)]
    pub vision: bool,
    #[serde(default)]
    pub reasoning: bool,
    pub input_price: i64,
    pub output_price: i64,
    /// The input price when absent.
    #[serde(default)]
    pub cached_price: Option<i64>,
    /// The id of its fast sibling at the same provider.
    #[serde(default)]
    pub fast: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Differences within the OpenAI dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quirks {
    /// Wants the reasoning of an answer that called tools back in `reasoning_content`.
    pub echo_reasoning: bool,
    /// Takes only call ids of nine letters and digits.
    pub short_call_ids: bool,
    /// Names the limit of an answer `max_completion_tokens`, not `max_tokens`.
    pub max_completion_tokens: bool,
}

/// A provider with the models that it serves, as the catalog takes them.
pub type Served = (Arc<dyn Provider>, Vec<CatalogModel>);

/// Everything that there is, in the order that people see: the configured providers, the well-known ones
/// that have no key yet (listed as unavailable, with the reason), the built-in guide. Calls nobody.
pub fn providers(configured: Vec<ProviderConfig>) -> Result<Vec<Served>, ConfigError> {
    let rows = known()?;
    let mut entries = vec![];
    for (at, config) in configured.into_iter().enumerate() {
        let row = rows.iter().find(|row| row.id == config.id);
        let entry = merge(config, row);
        check::check(at, &entry, entries.iter().map(|(earlier, _): &(ProviderConfig, bool)| earlier))?;
        // A row's own server needs a key; one that the operator named may be open.
        let keyless = row.is_some_and(|row| row.base_url == entry.base_url) && no_key(&entry);
        entries.push((entry, keyless));
    }
    for row in rows {
        if !entries.iter().any(|(entry, _)| entry.id == row.id) {
            entries.push((row, true));
        }
    }
    let client = crate::wire::client().map_err(|error| ConfigError::other(error.to_string()))?;
    let mut served: Vec<Served> = vec![];
    for (entry, keyless) in entries {
        let models = entry.models.iter().map(|model| catalog_model(&entry, model, keyless)).collect();
        served.push((Arc::new(WireProvider::new(&entry, client.clone())?), models));
    }
    served.push((Arc::new(Builtin::new()), vec![Builtin::model()]));
    Ok(served)
}

fn no_key(entry: &ProviderConfig) -> bool {
    entry.api_key.expose_secret().is_empty()
}

fn merge(mut config: ProviderConfig, row: Option<&ProviderConfig>) -> ProviderConfig {
    let Some(row) = row else { return config };
    config.name = config.name.or_else(|| row.name.clone());
    config.dialect = config.dialect.or(row.dialect);
    config.base_url = config.base_url.or_else(|| row.base_url.clone());
    if config.models.is_empty() {
        config.models.clone_from(&row.models);
    }
    if config.quirks == Quirks::default() {
        config.quirks = row.quirks;
    }
    config
}

fn catalog_model(entry: &ProviderConfig, model: &ModelConfig, keyless: bool) -> CatalogModel {
    let provider = entry.name.as_ref().unwrap_or(&entry.id);
    CatalogModel {
        id: model.id.clone(),
        provider: entry.id.clone(),
        name: model.name.clone().unwrap_or_else(|| model.id.clone()),
        context_window: model.context,
        capabilities: Capabilities { tools: model.tools, vision: model.vision, reasoning: model.reasoning },
        price: Some(Price {
            input: model.input_price,
            output: model.output_price,
            cached: model.cached_price.unwrap_or(model.input_price),
        }),
        fast_sibling: model.fast.clone(),
        available: !keyless,
        unavailable_reason: keyless.then(|| {
            format!(
                "It needs a key of {provider}: add a [[providers]] entry with id = \"{}\" and api_key.",
                entry.id
            )
        }),
        own_key: false,
    }
}

#[cfg(test)]
mod tests;
