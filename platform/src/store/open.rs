//! Connecting.

use super::{Engine, Store, migrations};
use crate::{Error, Result};
use sqlx::{
    AnyPool,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use std::time::Duration;

/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);
const SQLITE_READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;

/// Foreign keys and durability are a connection's own settings in SQLite; the log mode is the file's.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
const SQLITE_READER: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA query_only = ON;";

pub(super) async fn open(url: &str) -> Result<Store> {
    sqlx::any::install_default_drivers();
    let engine = match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Engine::Sqlite,
        Some("postgres" | "postgresql") => Engine::Postgres,
        _ => return Err(not_a_url()),
    };
    let mut options: AnyConnectOptions = url.parse().map_err(|_| not_a_url())?;
    let store = match engine {
        Engine::Sqlite => {
            if options.database_url.query().is_none() {
                options.database_url.set_query(Some("mode=rwc"));
            }
            let writer = sqlite_pool(1, SQLITE_WRITER)
                .connect_with(options.clone())
                .await
                .map_err(|error| unreachable(&options, error))?;
            let readers = sqlite_pool(SQLITE_READERS, SQLITE_READER).connect_lazy_with(options.clone());
            Store { engine, readers, writer }
        }
        Engine::Postgres => {
            let pool = postgres_pool(&options).await?;
            Store { engine, readers: pool.clone(), writer: pool }
        }
    };
    if let Err(error) = migrations::run(engine, &store.writer).await {
        // A failed migration may leave the migrator's lock with its connection.
        store.close().await;
        return Err(error);
    }
    Ok(store)
}

/// `prepare` runs on every connection that the pool opens, now or later.
fn sqlite_pool(connections: u32, prepare: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file doesn't hang up; asking first would double the cost of small reads.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(prepare).execute(&mut *connection).await?;
                Ok(())
            })
        })
}

async fn postgres_pool(options: &AnyConnectOptions) -> Result<AnyPool> {
    AnyPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.clone())
        .await
        .map_err(|error| unreachable(options, error))
}

fn not_a_url() -> Error {
    Error::BadRequest(
        "The database URL must look like sqlite:///path/to/file.db or postgres://user@host/database.".into(),
    )
}

/// Names the place without its password; the cause in the database's own words is for the operator.
fn unreachable(options: &AnyConnectOptions, cause: sqlx::Error) -> Error {
    let mut place = options.database_url.clone();
    place.set_query(None);
    // Only URLs without a host refuse a password, and those have none.
    let _ = place.set_password(None);
    let cause = match cause {
        sqlx::Error::PoolTimedOut => format!("no answer within {} seconds", PATIENCE.as_secs()),
        other => other.to_string(),
    };
    Error::Unavailable {
        message: format!(
            "The database {place} can't be opened: {cause}. Check that it runs, that the URL is right, and \
             that this user may use it."
        ),
        retry_after_seconds: 5,
    }
}
