use std::collections::BTreeSet;

/// Providers that an organisation has keys of its own for. Their models run by those keys and cost no credits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own(BTreeSet<String>);

impl Own {
    /// These.
    pub fn new(providers: impl IntoIterator<Item = String>) -> Self {
        Self(providers.into_iter().collect())
    }

    /// Whether a key of the organisation's pays for this provider's models.
    pub fn pays_for(&self, provider: &str) -> bool {
        self.0.contains(provider)
    }
}
