//! Databases for tests, in every crate: fresh, empty, gone afterwards.
//!
//! The engine comes from `ALUMIA_TEST_DATABASE`: unset means SQLite in a temporary folder; a PostgreSQL
//! URL that may create databases (`postgres://…/postgres`) means a database of its own there.

use super::{Store, migrations};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, any::AnyConnectOptions};
use std::{ops::Deref, path::PathBuf};
use uuid::Uuid;

/// A [`Store`] on a database that nobody else uses and that is removed when this is dropped.
pub struct TestStore {
    store: Store,
    url: String,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Database { admin_url: String, name: String },
}

impl TestStore {
    /// On the engine that the environment names.
    ///
    /// # Panics
    /// When the database can't be made.
    pub async fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "which engine tests use is no setting of the server")]
        let admin_url = std::env::var("ALUMIA_TEST_DATABASE").ok().filter(|url| !url.is_empty());
        match admin_url {
            Some(url) => Self::on_postgres(url).await,
            None => Self::on_sqlite().await,
        }
    }

    /// On SQLite, whatever the environment says.
    ///
    /// # Panics
    /// When the file can't be made.
    pub async fn on_sqlite() -> Self {
        let folder = std::env::temp_dir().join(format!("alumia-test-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("temporary folder: {error}"));
        let url = format!("sqlite://{}/alumia.db", folder.display());
        Self::open(url, Place::Folder(folder)).await
    }

    async fn on_postgres(admin_url: String) -> Self {
        sqlx::any::install_default_drivers();
        let name = format!("alumia_test_{}", Uuid::now_v7().simple());
        let template = template(&admin_url).await.unwrap_or_else(|error| panic!("template: {error}"));
        administer(&admin_url, format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
            .await
            .unwrap_or_else(|error| panic!("CREATE DATABASE at ALUMIA_TEST_DATABASE: {error}"));
        let url = database(&admin_url, &name);
        Self::open(url, Place::Database { admin_url, name }).await
    }

    async fn open(url: String, place: Place) -> Self {
        let store = Store::open(&url).await.unwrap_or_else(|error| panic!("test database: {error:?}"));
        Self { store, url, place }
    }

    /// A handle to the store that doesn't keep the database.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// The database's URL, for a second [`Store`] or a server process.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        match &self.place {
            // What a test left behind is no reason to fail it.
            Place::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Place::Database { admin_url, name } => {
                let (admin_url, sql) =
                    (admin_url.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                // A thread of its own: the test's runtime can't be waited for from here.
                let thread = std::thread::spawn(move || {
                    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                        drop(runtime.block_on(administer(&admin_url, sql)));
                    }
                });
                drop(thread.join());
            }
        }
    }
}

/// The URL of another database of the same server.
fn database(admin_url: &str, name: &str) -> String {
    let mut options: AnyConnectOptions =
        admin_url.parse().unwrap_or_else(|error| panic!("ALUMIA_TEST_DATABASE: {error}"));
    options.database_url.set_path(name);
    options.database_url.to_string()
}

/// The name of a database that has the present schema and nothing in it; made by the first test that needs it.
/// Copying it takes a fraction of what the migrations take.
async fn template(admin_url: &str) -> sqlx::Result<String> {
    let template = format!("alumia_template_{:016x}", migrations::fingerprint());
    let mut connection = AnyConnection::connect(admin_url).await?;
    // Held until the connection closes.
    sqlx::raw_sql("SELECT pg_advisory_lock(4711)").execute(&mut connection).await?;
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&template)
        .fetch_optional(&mut connection)
        .await?;
    if known.is_none() {
        let unfinished = format!("{template}_unfinished");
        let mut run = async |sql: String| sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
        run(format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await?;
        run(format!("CREATE DATABASE {unfinished}")).await?;
        let store = Store::open(&database(admin_url, &unfinished))
            .await
            .unwrap_or_else(|error| panic!("test database: {error:?}"));
        store.close().await;
        run(format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await?;
    }
    connection.close().await?;
    Ok(template)
}

/// `sql` holds nothing but a name made here.
async fn administer(admin_url: &str, sql: String) -> sqlx::Result<()> {
    let mut connection = AnyConnection::connect(admin_url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}
