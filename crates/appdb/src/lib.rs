//! A small SQLite database for a program that nobody trusts: its statements may do anything to the database's own
//! tables and nothing else, and end in time.
//!
//! What a statement may do is decided by SQLite's authorizer while it is compiled, so no spelling gets around it: no
//! other file, no setting, no loaded code (<https://www.sqlite.org/security.html>). Length, depth, rows, steps and size
//! are limited. Every call is one transaction: all of its statements are done, or none.

mod copy;
mod gate;
mod values;

pub use copy::{copy, rebuild};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, Transaction,
    config::DbConfig,
    fallible_iterator::FallibleIterator as _,
    hooks::{AuthContext, Authorization},
    limits::Limit,
};
use serde_json::Value;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Bytes of one page.
const PAGE: u32 = 4096;
/// Steps of SQLite's machine between two looks at the clock.
const LOOK: i32 = 2_000;

/// How much a call may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the database on the disk.
    pub bytes: u64,
    /// Rows of an answer.
    pub rows: usize,
    /// Bytes of an answer, roughly, and of one value.
    pub answer: usize,
    /// From the first statement to the last row.
    pub time: Duration,
    /// Steps of SQLite's machine, all statements together: bounds what a sort may keep.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            rows: 2_000,
            answer: 1 << 20,
            time: Duration::from_secs(2),
            steps: 50_000_000,
        }
    }
}

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// What the last statement of a call answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Names of its columns; none for a statement that answers nothing.
    pub columns: Vec<String>,
    /// Rows in that order. Integers and reals are numbers, bytes are `{"blob": base64}`.
    pub rows: Vec<Vec<Value>>,
    /// Rows that all statements together inserted, changed or deleted.
    pub changes: u64,
}

/// Why a call did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The statement is wrong, or breaks a rule of the tables; SQLite's own words.
    #[error("{0}")]
    Statement(String),
    /// A parameter isn't null, a boolean, a number or a text; counted from 0.
    #[error("parameter {0} is no null, boolean, number or text")]
    Parameter(usize),
    /// The statement asks for what no program here may do.
    #[error("that is not allowed here")]
    Refused,
    /// It took too long.
    #[error("it took too long")]
    TooLong,
    /// The answer has too many rows or bytes.
    #[error("the answer is too large")]
    TooLarge,
    /// The database has as many bytes as it may have.
    #[error("the database is full")]
    Full,
    /// Others were writing all the time.
    #[error("the database is busy")]
    Busy,
    /// The disk, or a damaged file.
    #[error("the database can't be used: {0}")]
    Broken(String),
}

/// Runs the statements of `sql` on the database in the file at `path`, which is made when something is first to be changed
/// in it. `parameters` are those of the one statement that there is then.
///
/// # Errors
/// See [`Error`]; then nothing is changed.
pub fn run(
    path: &Path,
    limits: &Limits,
    access: Access,
    sql: &str,
    parameters: &[Value],
) -> Result<Answer, Error> {
    let parameters = values::bound(parameters)?;
    let mut database = open(path, limits, access)?;
    let behaviour = match access {
        Access::Read => rusqlite::TransactionBehavior::Deferred,
        Access::Write => rusqlite::TransactionBehavior::Immediate,
    };
    let transaction = database.transaction_with_behavior(behaviour).map_err(|error| told(&error))?;
    transaction.progress_handler(LOOK, Some(ends(limits))).map_err(|error| told(&error))?;
    transaction.authorizer(Some(gate::allows)).map_err(|error| told(&error))?;
    let before = transaction.total_changes();
    let mut answer = Answer::default();
    let mut batch = rusqlite::Batch::new(&transaction, sql);
    let mut count = 0;
    while let Some(mut statement) = batch.next().map_err(|error| told(&error))? {
        count += 1;
        if count > 1 && !parameters.is_empty() {
            return Err(Error::Statement("parameters go with one statement at a time".into()));
        }
        answer = values::answer(&mut statement, &parameters, limits)?;
    }
    drop(batch);
    answer.changes = transaction.total_changes() - before;
    finish(transaction).map_err(|error| told(&error))?;
    Ok(answer)
}

/// What was asked for is decided: writing it down must not be cut short.
fn finish(transaction: Transaction<'_>) -> rusqlite::Result<()> {
    transaction.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    transaction.progress_handler(0, None::<fn() -> bool>)?;
    transaction.commit()
}

/// Whether a call that begins now has used what it may, asked every [`LOOK`] steps.
fn ends(limits: &Limits) -> impl FnMut() -> bool + Send + use<> {
    let until = Instant::now() + limits.time;
    let mut looks = limits.steps / u64::try_from(LOOK).unwrap_or(1);
    move || {
        looks = looks.saturating_sub(1);
        looks == 0 || Instant::now() > until
    }
}

fn open(path: &Path, limits: &Limits, access: Access) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = || {
        let database = match access {
            Access::Write => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_CREATE),
            // Not to read only: what a server that was killed had half written is taken back first.
            Access::Read if path.exists() => Connection::open_with_flags(path, flags),
            // Nobody has written anything yet.
            Access::Read => Connection::open_in_memory(),
        }?;
        bind(&database, limits)?;
        database.pragma_update(None, "query_only", access == Access::Read)?;
        Ok(database)
    };
    opened().map_err(|error| told(&error))
}

/// Binds a connection to what it may use.
fn bind(database: &Connection, limits: &Limits) -> rusqlite::Result<()> {
    database.busy_timeout(limits.time)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let long = i32::try_from(limits.answer).unwrap_or(i32::MAX);
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, long),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 64 << 10),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
        (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 16),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 500),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    ] {
        database.set_limit(limit, most)?;
    }
    database.pragma_update(None, "page_size", PAGE)?;
    database.pragma_update(
        None,
        "max_page_count",
        i64::try_from(limits.bytes / u64::from(PAGE)).unwrap_or(1),
    )?;
    database.pragma_update(None, "cache_size", -2_000)?;
    // A large sort goes to a file that has no name, not to the server's memory.
    database.pragma_update(None, "temp_store", "FILE")?;
    database.pragma_update(None, "foreign_keys", true)
}

/// A failure of SQLite's as ours.
fn told(error: &rusqlite::Error) -> Error {
    let words = match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Error::TooLong,
        Some(ErrorCode::DiskFull) => Error::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
        Some(ErrorCode::AuthorizationForStatementDenied) => Error::Refused,
        Some(ErrorCode::TooBig) => Error::TooLarge,
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::PermissionDenied,
        ) => Error::Broken(words),
        _ => Error::Statement(words),
    }
}
