use super::store;
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry},
    billing::{Billing, Package, Packages},
    models::{Models, Own, Route},
    secrets::{Place, Secret, Secrets},
};
use alumia_models::{ModelError, ModelEvent, ModelMessage, ModelRequest, Part, Provider, Role};
use alumia_protocol::{
    OwnKeyId,
    billing::{Blocked, NewOwnKey, OwnKey, PackageLimit},
};
use futures::StreamExt as _;
use std::{sync::Arc, time::Duration};

/// Characters of a key at most.
const LONGEST: usize = 500;
/// How long a provider may take to answer the call that proves a key.
const PATIENCE: Duration = Duration::from_secs(30);
/// Tokens that it may answer.
const ANSWER: u32 = 64;

/// Keys of organisations' own. Cheap to clone.
#[derive(Clone)]
pub struct OwnKeys {
    billing: Billing,
    secrets: Secrets,
    models: Models,
    audit: Audit,
}

impl OwnKeys {
    /// Keys for the providers of `models`.
    pub fn new(billing: Billing, secrets: Secrets, models: Models) -> Self {
        let audit = Audit::new(billing.queue.store.clone(), billing.queue.clock.clone());
        Self { billing, secrets, models, audit }
    }

    /// The organisation's keys, by provider.
    pub async fn list(&self, scope: &OrgScope) -> Result<Vec<OwnKey>> {
        store::all(&self.billing.queue.store, scope.org_id()).await
    }

    /// The providers that take keys, in the order of the catalog.
    pub fn providers(&self) -> Vec<String> {
        self.models
            .providers()
            .into_iter()
            .filter(Route::takes_keys)
            .map(|route| route.model.provider)
            .collect()
    }

    /// Which providers the organisation's keys pay for.
    pub async fn own(&self, scope: &OrgScope) -> Result<Own> {
        let keys = self.list(scope).await?;
        if keys.is_empty() || !self.package(scope).await?.own_keys {
            return Ok(Own::default());
        }
        Ok(Own::new(keys.into_iter().map(|key| key.provider)))
    }

    /// Gives a route that an own key pays for that key.
    ///
    /// # Errors
    /// `Unavailable` when the key has gone since the route was chosen.
    pub async fn equip(&self, scope: &OrgScope, route: Route) -> Result<Route> {
        if !route.byok {
            return Ok(route);
        }
        let id = store::id_of(&self.billing.queue.store, scope.org_id(), &route.model.provider).await?;
        let key = match id {
            Some(id) => self.secrets.get(place(scope, &id.to_string())).await?,
            None => None,
        };
        let provider = key.and_then(|key| route.provider.with_key(key.expose().into()));
        let provider = provider.ok_or_else(|| Error::Unavailable {
            message: format!("The key for {} was removed just now. Resume to go on.", route.model.provider),
            retry_after_seconds: 1,
        })?;
        Ok(Route { provider, ..route })
    }

    /// Stores a key that a call has proved to work, in the place of one that was there for the provider.
    /// What waits to be paid and can run by it goes on.
    ///
    /// # Errors
    /// `NotFound` for a provider that there isn't or that takes no key, `Invalid` for a key that it refuses,
    /// `PaymentRequired` where the package doesn't include own keys, `Unavailable` when it can't be proved now.
    pub async fn add(&self, scope: &OrgScope, new: NewOwnKey) -> Result<OwnKey> {
        let package = self.package(scope).await?;
        if !package.own_keys {
            return Err(not_included(self.billing.packages(), &package));
        }
        let text = new.key.trim();
        if text.is_empty()
            || text.len() > LONGEST
            || text.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(Error::invalid("key", "Paste the key as the provider shows it, in one piece."));
        }
        let route = self.models.cheapest(&new.provider).ok_or(Error::NotFound("provider"))?;
        let provider = route.provider.with_key(text.into()).ok_or(Error::NotFound("provider"))?;
        prove(&provider, &route).await?;
        let key = OwnKey {
            id: OwnKeyId::new(),
            provider: new.provider,
            masked: masked(text),
            requests: 0,
            last_used_at: None,
            created_at: self.billing.queue.clock.now(),
        };
        let mut tx = self.billing.queue.store.begin().await?;
        let before = store::of_provider(&mut tx, scope.org_id(), &key.provider).await?;
        if let Some(before) = &before {
            self.forget(&mut tx, scope, before.id).await?;
        }
        store::insert(&mut tx, scope.org_id(), &key, scope.user_id()).await?;
        let id = key.id.to_string();
        self.secrets.put(&mut tx, place(scope, &id), &Secret::new(text)).await?;
        let action = if before.is_some() { "provider_key.replaced" } else { "provider_key.added" };
        self.audit.record(&mut tx, Entry::by(scope, action).on("provider_key", id, &key.provider)).await?;
        tx.commit().await?;
        self.billing.queue.news.notify_one();
        Ok(key)
    }

    /// Removes a key for good.
    pub async fn remove(&self, scope: &OrgScope, id: OwnKeyId) -> Result<()> {
        let mut tx = self.billing.queue.store.begin().await?;
        let provider = self.forget(&mut tx, scope, id).await?.ok_or(Error::NotFound("key"))?;
        let entry = Entry::by(scope, "provider_key.removed").on("provider_key", id, provider);
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn forget(
        &self,
        tx: &mut crate::store::Tx,
        scope: &OrgScope,
        id: OwnKeyId,
    ) -> Result<Option<String>> {
        let provider = store::delete(tx, scope.org_id(), id).await?;
        if provider.is_some() {
            self.secrets.remove(tx, place(scope, &id.to_string())).await?;
        }
        Ok(provider)
    }

    async fn package(&self, scope: &OrgScope) -> Result<Package> {
        let id = store::package(&self.billing.queue.store, scope.org_id()).await?;
        let packages = self.billing.packages();
        Ok(id.map_or_else(|| packages.first(), |id| packages.get(&id)).clone())
    }
}

fn place<'a>(scope: &OrgScope, id: &'a str) -> Place<'a> {
    Place { org: scope.org_id(), table: "byok_keys", row: id, column: "key" }
}

/// The end of a key, where that tells little.
fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let end = if letters.len() < 12 { letters.len() } else { letters.len() - 4 };
    format!("…{}", letters[end..].iter().collect::<String>())
}

fn not_included(packages: &Packages, package: &Package) -> Error {
    let message =
        format!("The package {} doesn't include keys of your own. Choose another package.", package.name);
    let others = packages.with(|package| package.own_keys);
    Error::PaymentRequired(Box::new(Blocked::by_package(
        PackageLimit::OwnKeys,
        package.id.clone(),
        message,
        others,
    )))
}

/// Makes a small call by the key.
async fn prove(provider: &Arc<dyn Provider>, route: &Route) -> Result<()> {
    let request = ModelRequest {
        model: route.model_id.clone(),
        messages: vec![ModelMessage {
            role: Role::User,
            parts: vec![Part::Text("Answer with the word OK.".into())],
        }],
        max_output_tokens: Some(ANSWER),
        ..ModelRequest::default()
    };
    let call = async {
        let mut answer = provider.stream(request).await?;
        while let Some(event) = answer.next().await {
            if matches!(event?, ModelEvent::End(_)) {
                break;
            }
        }
        Ok(())
    };
    let name = &route.model.provider;
    let away = |what: &str| Error::Unavailable {
        message: format!("The key could not be tried: {name} {what}. Try again in a moment."),
        retry_after_seconds: 10,
    };
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(ModelError::BadKey { detail } | ModelError::Refused { detail })) => {
            let said: String = detail.trim().chars().take(200).collect();
            let said = if said.is_empty() { said } else { format!(" It said: {said}") };
            Err(Error::invalid("key", format!("{name} refuses this key.{said}")))
        }
        Ok(Err(ModelError::RateLimited { .. })) => Err(away("limits how much this key may ask now")),
        Ok(Err(ModelError::Overloaded { .. } | ModelError::Timeout { .. })) | Err(_) => {
            Err(away("doesn't answer"))
        }
        Ok(Err(
            ModelError::Malformed { .. } | ModelError::ContextTooLong { .. } | ModelError::Unusable { .. },
        )) => Err(away("answers in a way that can't be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn little_is_shown_of_a_key() {
        assert_eq!(masked("sk-0123456789abcdef"), "…cdef");
        assert_eq!(masked("short"), "…");
    }
}
