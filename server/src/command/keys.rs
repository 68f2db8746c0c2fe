//! `alumia keys rotate`: a new master key, while servers go on serving.

use crate::{config::Config, serve};
use alumia_platform::{
    Error, Result,
    clock::SystemClock,
    secrets::{MasterKeys, Secrets},
    store::Store,
};
use std::{path::Path, sync::Arc};

/// Wraps every data key with the newest master key; returns what to tell the operator. Running servers have
/// the data keys open and notice nothing; whatever starts next needs the new master key.
pub async fn rotate(config: &Config) -> Result<String> {
    let store = Store::open(&serve::database_url(config)?).await?;
    let told = if config.security.master_key.is_empty() {
        in_file(
            &store,
            &std::path::absolute(&config.server.data_dir).map_err(Error::internal)?.join("master.key"),
        )
        .await
    } else {
        by_settings(&store, config.security.master_key.expose()).await
    };
    store.close().await;
    told
}

/// Both keys stand in the file until the last data key is wrapped anew, so that it fits the database at every
/// moment, also after a crash.
async fn in_file(store: &Store, path: &Path) -> Result<String> {
    // A key that doesn't fit is refused before anything is written.
    open(store, MasterKeys::from_file(path)?).await?;
    let version = MasterKeys::add_version(path)?;
    let count = open(store, MasterKeys::from_file(path)?).await?.rewrap().await?;
    let kept = MasterKeys::retire_older(path)?;
    Ok(format!(
        "Version {version} of the master key wraps {count} data {} now. Running servers go on; restart them when \
         it suits.\nThe older version moved to {}: backups made before need it. Delete it with the last of them.\n",
        if count == 1 { "key" } else { "keys" },
        kept.display(),
    ))
}

async fn by_settings(store: &Store, text: &str) -> Result<String> {
    let keys = MasterKeys::parse(text)?;
    let (newest, versions) = (keys.newest(), keys.versions());
    let count = open(store, keys).await?.rewrap().await?;
    Ok(match (count, versions) {
        (0, 1) => format!(
            "The master key comes from the settings and has version {newest} alone. Add a second line \
             {}:<new key> to security.master_key (`openssl rand -base64 32` makes one), run this again, then \
             restart the servers and take the older line out.\n",
            newest + 1
        ),
        (0, _) => {
            format!("Everything is wrapped with version {newest} already; older lines can be taken out.\n")
        }
        (count, _) => format!(
            "Version {newest} of the master key wraps {count} data keys now. Restart the servers with it, then \
             take the older lines out of security.master_key.\n"
        ),
    })
}

async fn open(store: &Store, keys: MasterKeys) -> Result<Secrets> {
    Secrets::open(store.clone(), Arc::new(SystemClock), keys).await
}
