use super::{
    MasterKeys, Secret,
    seal::{self, Key, NONCE_BYTES},
    store::{self, Sealed, WrappedKey},
};
use crate::{
    Error, Result,
    clock::Clock,
    store::{Store, Tx},
};
use alumia_protocol::OrgId;
use secrecy::ExposeSecret as _;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What a secret belongs to: a column of a row of an organisation's.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The tenant.
    pub org: OrgId,
    /// The owner's table.
    pub table: &'a str,
    /// The owner's id.
    pub row: &'a str,
    /// What of the owner's it is.
    pub column: &'a str,
}

impl Place<'_> {
    fn bound(&self) -> Vec<u8> {
        seal::bind(&["alumia secret", &self.org.to_string(), self.table, self.column, self.row])
    }
}

/// Values that lie encrypted in the database. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    store: Store,
    clock: Arc<dyn Clock>,
    master: Arc<MasterKeys>,
    /// Of the key that new values are sealed with.
    current: Arc<str>,
    opened: Arc<Mutex<HashMap<String, Arc<Key>>>>,
}

impl Secrets {
    /// Opens the database's data keys; makes the first one.
    ///
    /// # Errors
    /// `Conflict` when this master key doesn't fit the database.
    pub async fn open(store: Store, clock: Arc<dyn Clock>, master: MasterKeys) -> Result<Self> {
        let mut opened = HashMap::new();
        let mut current = None;
        for wrapped in store::data_keys(&store).await? {
            opened.insert(wrapped.id.clone(), Arc::new(unwrap(&master, &wrapped)?));
            current = Some(wrapped.id);
        }
        let current = match current {
            Some(id) => id,
            None => {
                let id = uuid::Uuid::now_v7().to_string();
                let key = seal::random_key();
                let mut tx = store.begin().await?;
                store::insert_data_key(&mut tx, &wrap(&master, &id, &key)?, clock.now()).await?;
                tx.commit().await?;
                opened.insert(id.clone(), Arc::new(key));
                id
            }
        };
        let opened = Arc::new(Mutex::new(opened));
        Ok(Self { store, clock, master: Arc::new(master), current: current.into(), opened })
    }

    /// Puts a value in its place, instead of the one that is there.
    pub async fn put(&self, tx: &mut Tx, place: Place<'_>, value: &Secret) -> Result<()> {
        let key = self.data_key(&self.current).await?;
        let (nonce, ciphertext) =
            seal::seal(&key, value.expose().as_bytes(), &place.bound()).ok_or_else(cipher_failed)?;
        let sealed = Sealed { data_key_id: self.current.to_string(), nonce: nonce.to_vec(), ciphertext };
        store::put(tx, place, &sealed, self.clock.now()).await
    }

    /// The value in this place.
    pub async fn get(&self, place: Place<'_>) -> Result<Option<Secret>> {
        let Some(sealed) = store::get(&self.store, place).await? else { return Ok(None) };
        let key = self.data_key(&sealed.data_key_id).await?;
        let plain = seal::open(&key, &sealed.nonce, &sealed.ciphertext, &place.bound());
        let text = plain.and_then(|plain| String::from_utf8(plain).ok()).ok_or_else(|| {
            Error::internal(format!(
                "the secret at {}.{} has been changed or moved in the database",
                place.table, place.column
            ))
        })?;
        Ok(Some(Secret::new(text)))
    }

    /// Empties this place.
    pub async fn remove(&self, tx: &mut Tx, place: Place<'_>) -> Result<()> {
        store::remove(tx, place).await
    }

    /// Wraps every data key with the newest master key; returns how many were not. Values stay as they
    /// are, and reading and writing go on meanwhile. Afterwards the older master keys may be forgotten.
    pub async fn rewrap(&self) -> Result<usize> {
        let newest = self.master.current().0;
        let mut done = 0;
        let mut tx = self.store.begin().await?;
        for wrapped in store::data_keys(&self.store).await? {
            if wrapped.master_version != newest {
                let key = unwrap(&self.master, &wrapped)?;
                store::rewrap_data_key(&mut tx, &wrap(&self.master, &wrapped.id, &key)?).await?;
                done += 1;
            }
        }
        tx.commit().await?;
        Ok(done)
    }

    async fn data_key(&self, id: &str) -> Result<Arc<Key>> {
        let known = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        // Another server has made it since.
        let wrapped = store::data_key(&self.store, id)
            .await?
            .ok_or_else(|| Error::internal(format!("data key {id} is missing")))?;
        let key = Arc::new(unwrap(&self.master, &wrapped)?);
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), key.clone());
        Ok(key)
    }
}

fn wrap(master: &MasterKeys, id: &str, key: &Key) -> Result<WrappedKey> {
    let (master_version, master) = master.current();
    let (nonce, sealed) =
        seal::seal(master, key.expose_secret(), &bound(id, master_version)).ok_or_else(cipher_failed)?;
    Ok(WrappedKey { id: id.to_owned(), master_version, wrapped: [&nonce[..], &sealed[..]].concat() })
}

fn unwrap(master: &MasterKeys, wrapped: &WrappedKey) -> Result<Key> {
    let version = wrapped.master_version;
    master
        .version(version)
        .zip(wrapped.wrapped.split_at_checked(NONCE_BYTES))
        .and_then(|(master, (nonce, sealed))| {
            seal::open(master, nonce, sealed, &bound(&wrapped.id, version))
        })
        .and_then(|plain| seal::key_of(&plain))
        .ok_or_else(|| {
            Error::conflict(format!(
                "The master key doesn't fit this database: its secrets were encrypted with version {version} of \
                 another key. Start with that key (security.master_key, or master.key in the data directory \
                 that belongs to this database)."
            ))
        })
}

fn bound(id: &str, version: i64) -> Vec<u8> {
    seal::bind(&["alumia data key", id, &version.to_string()])
}

fn cipher_failed() -> Error {
    Error::internal("the cipher refused to encrypt")
}
