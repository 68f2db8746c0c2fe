use super::{
    model::{self, Holder, Refusal},
    store::{self, Found},
};
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry, Origin},
    clock::Clock,
    store::Store,
};
use alumia_protocol::{
    ApiKeyId, Timestamp,
    keys::{ApiKey, MintedApiKey, NewApiKey, RotateApiKey},
};
use serde_json::json;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use subtle::ConstantTimeEq as _;

/// The last use is written down this often, so that most requests only read.
const TOUCH_SECONDS: i64 = 60;
/// Places of keys that are remembered without asking the database.
const PLACES: usize = 10_000;

/// API keys. The database holds only hashes of secrets.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    clock: Arc<dyn Clock>,
    audit: Audit,
    live: bool,
    /// Which keys were used from where, as far as this process knows.
    places: Arc<Mutex<HashSet<(ApiKeyId, String)>>>,
}

impl Keys {
    /// Keys in this store; new ones are test keys.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let audit = Audit::new(store.clone(), clock.clone());
        Self { store, clock, audit, live: false, places: Arc::default() }
    }

    /// The same, but new keys are live ones: for production.
    #[must_use]
    pub fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// The caller's own keys in this organisation that aren't revoked, newest first.
    pub async fn list(&self, scope: &OrgScope) -> Result<Vec<ApiKey>> {
        store::of_member(&self.store, scope).await
    }

    /// Makes a key.
    ///
    /// # Errors
    /// `Invalid` with `name`, `scopes`, `expiresAt`.
    pub async fn mint(&self, scope: &OrgScope, new: NewApiKey) -> Result<MintedApiKey> {
        let now = self.clock.now();
        let new = model::check_new(new, now)?;
        let secret = model::secret(self.live);
        let about = ApiKey {
            id: ApiKeyId::new(),
            name: new.name,
            prefix: model::prefix(&secret),
            scopes: new.scopes,
            expires_at: new.expires_at,
            last_used_at: None,
            created_at: now,
        };
        let mut tx = self.store.begin().await?;
        store::insert(&mut tx, scope, &about, &model::hash(&secret)).await?;
        let entry = Entry::by(scope, "key.created").on("key", about.id, &about.name);
        let entry = entry.with(json!({ "scopes": about.scopes, "expiresAt": about.expires_at }));
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(MintedApiKey { about, key: secret })
    }

    /// Gives a key a new secret. The old one is dead at once, or when the grace is over.
    ///
    /// # Errors
    /// `Invalid` for a grace over 24 h, `Conflict` for a revoked key.
    pub async fn rotate(
        &self,
        scope: &OrgScope,
        id: ApiKeyId,
        rotation: RotateApiKey,
    ) -> Result<MintedApiKey> {
        let grace = model::check_rotation(rotation)?;
        let secret = model::secret(self.live);
        let prefix = model::prefix(&secret);
        let mut tx = self.store.begin().await?;
        let Some((about, revoked)) = store::get(&mut tx, scope, id).await? else {
            return Err(Error::NotFound("API key"));
        };
        if revoked {
            return Err(Error::conflict("This API key is revoked and can't be used again. Make a new one."));
        }
        let until = self.clock.now().plus_seconds(grace);
        store::replace_secret(&mut tx, scope, id, (&prefix, &model::hash(&secret)), until).await?;
        let entry = Entry::by(scope, "key.rotated").on("key", id, &about.name);
        self.audit.record(&mut tx, entry.with(json!({ "graceSeconds": grace }))).await?;
        tx.commit().await?;
        Ok(MintedApiKey { about: ApiKey { prefix, ..about }, key: secret })
    }

    /// Ends a key for good.
    ///
    /// # Errors
    /// `Conflict` when it was revoked before.
    pub async fn revoke(&self, scope: &OrgScope, id: ApiKeyId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        match store::get(&mut tx, scope, id).await? {
            None => return Err(Error::NotFound("API key")),
            Some((_, true)) => return Err(Error::conflict("This API key was revoked before.")),
            Some((key, false)) => {
                store::revoke(&mut tx, scope, id, self.clock.now()).await?;
                let entry = Entry::by(scope, "key.revoked").on("key", id, &key.name);
                self.audit.record(&mut tx, entry).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Who shows this secret, or why it opens nothing. Counts as a use of the key.
    pub async fn authenticate(&self, secret: &str) -> Result<Result<Holder, Refusal>> {
        let found = match self.look_up(secret).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let now = self.clock.now();
        if found.last_used_at.is_none_or(|at| at.plus_seconds(TOUCH_SECONDS) <= now) {
            let (keys, id) = (self.clone(), found.holder.id);
            // The request doesn't wait for it, and one lost use is no loss.
            tokio::spawn(async move {
                if let Err(error) = keys.touch(id, now).await {
                    tracing::warn!(%error, %id, "the last use of an API key was not written down");
                }
            });
        }
        Ok(Ok(found.holder))
    }

    /// Notes where a key is used from; a place that is new for it stands in the audit log. The request doesn't
    /// wait for that.
    pub fn used_from(&self, holder: &Holder, origin: Arc<Origin>) {
        let place = (holder.id, origin.address.clone());
        {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            if places.contains(&place) {
                return;
            }
            if places.len() >= PLACES {
                places.clear();
            }
            places.insert(place.clone());
        }
        let (keys, scope) = (self.clone(), holder.scope.clone().coming_from(origin));
        tokio::spawn(async move {
            if let Err(error) = keys.note_place(&scope, &place).await {
                tracing::warn!(%error, id = %place.0, "the address of an API key was not written down");
                keys.places.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
            }
        });
    }

    async fn note_place(&self, scope: &OrgScope, (id, address): &(ApiKeyId, String)) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if store::is_new_address(&mut tx, scope, *id, address, self.clock.now()).await? {
            let entry = Entry::by(scope, "key.new_address").on("key", id, "");
            self.audit.record(&mut tx, entry).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Whether a secret still holds; for answers that last.
    pub async fn still_holds(&self, secret: &str) -> Result<bool> {
        Ok(self.look_up(secret).await?.is_ok())
    }

    async fn look_up(&self, secret: &str) -> Result<Result<Found, Refusal>> {
        if !model::is_secret(secret) {
            return Ok(Err(Refusal::Malformed));
        }
        let hash = model::hash(secret);
        let Some(found) = store::find(&self.store, &hash).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        let now = self.clock.now();
        let is = |known: &str| bool::from(known.as_bytes().ct_eq(hash.as_bytes()));
        let is_old = found.old_hash.as_deref().is_some_and(is);
        Ok(match found {
            Found { revoked: true, .. } => Err(Refusal::Revoked),
            Found { old_until, .. } if is_old && old_until.is_none_or(|until| until <= now) => {
                Err(Refusal::Revoked)
            }
            Found { expires_at: Some(at), .. } if at <= now => Err(Refusal::Expired),
            found if is_old || is(&found.hash) => Ok(found),
            _ => Err(Refusal::Unknown),
        })
    }

    async fn touch(&self, id: ApiKeyId, now: Timestamp) -> Result<()> {
        let mut tx = self.store.begin().await?;
        store::touch(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
