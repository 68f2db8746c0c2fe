use super::{ModelConfig, ProviderConfig};
use crate::builtin;
use reqwest::Url;

/// $10,000 for a million tokens. Beyond that somebody mistook the unit, and a long call's cost might not
/// fit its type.
const MAX_PRICE: i64 = 1_000_000_000_000;
const MAX_CONTEXT: u32 = 100_000_000;

/// A provider entry that can't be used: where it stands and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{message}")]
pub struct ConfigError {
    place: String,
    message: String,
}

impl ConfigError {
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self { place: String::new(), message: message.into() }
    }
}

/// Checks the entry at `at`, after the row was merged in.
pub(super) fn check<'a>(
    at: usize,
    entry: &ProviderConfig,
    mut earlier: impl Iterator<Item = &'a ProviderConfig>,
) -> Result<(), ConfigError> {
    let place = format!("providers[{at}] \"{}\"", entry.id.escape_debug());
    let fail = |message: &str| Err(ConfigError { place: format!("{place}: "), message: message.into() });
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if entry.id.is_empty() || entry.id.len() > 40 || !entry.id.chars().all(plain) {
        return fail("id must be 1 to 40 lower-case letters, digits or dashes");
    }
    if entry.id == builtin::PROVIDER_ID || entry.id == super::THIS_MACHINE {
        return fail("id is the built-in provider's; choose another");
    }
    if earlier.any(|other| other.id == entry.id) {
        return fail("id is used twice; one entry holds all models of a provider");
    }
    if entry.dialect.is_none() {
        return fail(
            "dialect is missing: \"openai\" (also Ollama, vLLM, llama.cpp), \"anthropic\" or \"gemini\"",
        );
    }
    match &entry.base_url {
        None => return fail("base_url is missing, e.g. \"http://127.0.0.1:11434/v1\""),
        Some(url) => base_url(url).map_err(|message| ConfigError { place: format!("{place}: "), message })?,
    };
    if entry.models.is_empty() {
        return fail(
            "models is empty; name at least one, e.g. [{ id = \"qwen2.5:7b\", context = 32768, input_price = 0, output_price = 0 }]",
        );
    }
    for (index, model) in entry.models.iter().enumerate() {
        let place = || format!("{place}, models[{index}] \"{}\": ", model.id.escape_debug());
        check_model(model, &entry.models[..index], &entry.models)
            .map_err(|message| ConfigError { place: place(), message })?;
    }
    Ok(())
}

fn check_model(model: &ModelConfig, before: &[ModelConfig], all: &[ModelConfig]) -> Result<(), String> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '%' | '\\');
    if model.id.is_empty() || model.id.len() > 200 || model.id.contains(odd) || model.id.contains("..") {
        return Err("id must be the provider's own model id".into());
    }
    if before.iter().any(|other| other.id == model.id) {
        return Err("id is used twice".into());
    }
    if !(1..=MAX_CONTEXT).contains(&model.context) {
        return Err(format!("context must be 1 to {MAX_CONTEXT} tokens"));
    }
    let prices = [
        ("input_price", Some(model.input_price)),
        ("output_price", Some(model.output_price)),
        ("cached_price", model.cached_price),
    ];
    for (name, price) in prices {
        match price {
            Some(price) if price < 0 => return Err(format!("{name} is negative; 0 is free")),
            Some(price) if price > MAX_PRICE => {
                return Err(format!(
                    "{name} is {price}, more than $10,000 for a million tokens; the unit is microcredits per \
                     million tokens, so $3 is 300000000"
                ));
            }
            _ => {}
        }
    }
    match &model.fast {
        Some(fast) if *fast == model.id || !all.iter().any(|other| other.id == *fast) => {
            Err("fast must be the id of another model of this provider".into())
        }
        _ => Ok(()),
    }
}

/// The base as a URL whose path ends with a slash.
pub fn base_url(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("base_url is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("base_url must begin with http:// or https://".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("base_url must not hold a user name or password; use api_key".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("base_url must end with its path; leave out what follows ? or #".into());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}
