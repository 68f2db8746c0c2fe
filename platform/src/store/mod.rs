//! The database: SQLite by default, PostgreSQL by URL, one SQL text for both.
//!
//! SQL rules: `$1` placeholders; ids and JSON are TEXT; times are BIGINT microseconds; flags are BIGINT
//! 0/1; `CAST(SUM(x) AS BIGINT)`; no boolean expressions in a select list; no `CURRENT_TIMESTAMP`.

pub(crate) mod many;
mod migrations;
mod open;
mod rows;
pub mod testing;

pub use rows::{Columns, Cursor};

use crate::Result;
use sqlx::{Any, AnyPool, Transaction};

/// A write transaction.
pub type Tx = Transaction<'static, Any>;

/// Which engine serves the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file on this machine: one writer, many readers.
    Sqlite,
    /// A server that several machines may share.
    Postgres,
}

/// Readers and the writer of one database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    readers: AnyPool,
    writer: AnyPool,
}

impl Store {
    /// Connects to `sqlite:///path` or `postgres://…` and brings the schema up to date. A SQLite file is
    /// made when it is missing.
    ///
    /// # Errors
    /// `BadRequest` for a URL of neither engine, `Unavailable` when the database can't be reached,
    /// `Conflict` when a newer Alumia has already changed its schema.
    pub async fn open(url: &str) -> Result<Self> {
        open::open(url).await
    }

    /// Which engine this is.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// For queries that change nothing; on SQLite such a connection refuses to write.
    pub const fn read(&self) -> &AnyPool {
        &self.readers
    }

    /// Begins a write transaction; dropped without `commit`, it leaves nothing.
    ///
    /// On SQLite it holds the only writer: no second one may be begun before it ends, and nothing slow
    /// belongs inside.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self.engine {
            // Takes the write lock at once: a deferred transaction that turns from reading to writing can
            // be refused half-way.
            Engine::Sqlite => self.writer.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => self.writer.begin().await?,
        })
    }

    /// Begins a read of several queries that all see the moment of the first.
    pub async fn moment(&self) -> Result<Tx> {
        Ok(match self.engine {
            Engine::Sqlite => self.readers.begin().await?,
            Engine::Postgres => {
                self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?
            }
        })
    }

    /// Whoever else takes a turn at `what` waits until this transaction ends. SQLite has one writer, so it is theirs
    /// already.
    pub(crate) async fn turn(&self, tx: &mut Tx, what: &str) -> Result<()> {
        if self.engine == Engine::Postgres {
            // The lock's own answer is of a type that stands for nothing.
            sqlx::query("SELECT CAST(pg_advisory_xact_lock(hashtextextended($1, 0)) AS TEXT)")
                .bind(what.to_owned())
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// Waits for what is going on, then closes every connection (SQLite folds its log into the file).
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
