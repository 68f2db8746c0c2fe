//! Whole databases: copied as they are in one moment, and made anew of a file that anybody may have written.

use crate::{Access, Error, LOOK, Limits, PAGE, bind, ends, finish, gate, open, told};
use rusqlite::{
    Connection, OpenFlags, TransactionBehavior,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ToSqlOutput,
};
use std::{fs::File, io::Read as _, path::Path, time::Instant};

/// The beginning of a file of a database.
const HEADER: usize = 100;
/// SQLite's own table of a database's tables.
const LISTED: &str = "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name";

/// Copies a database that [`crate::run`] made as it is in one moment, whoever writes meanwhile, to a file that isn't
/// there yet. What was deleted isn't copied.
///
/// # Errors
/// [`Error::Full`] when the disk is, [`Error::TooLong`], [`Error::Busy`], [`Error::Broken`]. What is at `to` then is
/// the caller's to remove.
pub fn copy(from: &Path, to: &Path, limits: &Limits) -> Result<(), Error> {
    let to = to.to_str().ok_or_else(|| Error::Broken("its path isn't UTF-8".into()))?;
    let copied = || {
        // Not to read only: what a server that was killed had half written is taken back first.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(from, flags)?;
        bind(&database, limits)?;
        // The copy is attached while it is made.
        database.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
        database.progress_handler(LOOK, Some(ends(limits)))?;
        database.execute("VACUUM INTO ?1", [to]).map(drop)
    };
    copied().map_err(|error| told(&error))
}

/// Makes a database, in a file that isn't there yet, of one that anybody may have written.
///
/// Nothing of the file itself is kept. Its statements that make tables, indices, views and triggers are run as an app's
/// own are, and its rows are read one by one and inserted: so there is nothing in the new one that an app couldn't have put there.
///
/// # Errors
/// [`Error::Broken`] for what is no whole database as [`copy`] makes it, [`Error::Refused`] for what an app may not make,
/// [`Error::Full`], [`Error::TooLarge`], [`Error::TooLong`], and [`Error::Statement`] with SQLite's words. What is at
/// `to` then is the caller's to remove.
pub fn rebuild(from: &Path, to: &Path, limits: &Limits) -> Result<(), Error> {
    check_header(from, limits)?;
    let until = Instant::now() + limits.time;
    let foreign = foreign(from, limits)?;
    let mut made = open(to, limits, Access::Write)?;
    let sql = |error: rusqlite::Error| told(&error);
    // Rows come in no order that keys between tables know, and checks hold already where an app wrote them.
    made.pragma_update(None, "foreign_keys", false).map_err(sql)?;
    made.pragma_update(None, "ignore_check_constraints", true).map_err(sql)?;
    let made = made.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    made.progress_handler(LOOK, Some(ends(limits))).map_err(sql)?;
    let statements = statements(&foreign).map_err(sql)?;
    let make = |which: &dyn Fn(&str) -> bool| {
        made.authorizer(Some(gate::allows)).map_err(sql)?;
        for (_, sql) in statements.iter().filter(|(kind, _)| which(kind)) {
            if Instant::now() > until {
                return Err(Error::TooLong);
            }
            made.execute(sql, []).map_err(|error| told(&error))?;
        }
        Ok(())
    };
    make(&|kind| kind == "table")?;
    // A row number beside as many columns as a table may have.
    for database in [&foreign, &*made] {
        database.set_limit(Limit::SQLITE_LIMIT_COLUMN, 201).map_err(sql)?;
    }
    made.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).map_err(sql)?;
    let tables = tables(&made).map_err(sql)?;
    made.authorizer(Some(gate::allows)).map_err(sql)?;
    for table in tables {
        if Instant::now() > until {
            return Err(Error::TooLong);
        }
        table.fill(&made, &foreign).map_err(sql)?;
    }
    // After the rows: so no trigger fires, and an index is sorted once.
    for kind in ["index", "view", "trigger"] {
        make(&|other| other == kind)?;
    }
    if listed(&made).map_err(sql)? != listed(&foreign).map_err(sql)? {
        return Err(Error::Broken("its tables aren't those that its statements make".into()));
    }
    finish(made).map_err(sql)
}

/// That a file begins as [`copy`] writes it, and is as long as it says: other formats of pages, encodings and journals
/// aren't read at all.
fn check_header(file: &Path, limits: &Limits) -> Result<(), Error> {
    let mut head = [0; HEADER];
    let mut read = || {
        let mut file = File::open(file)?;
        file.read_exact(&mut head)?;
        Ok(file.metadata()?.len())
    };
    let length = read().map_err(|error: std::io::Error| Error::Broken(error.to_string()))?;
    let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    // Page size; a rollback journal; nothing reserved; fractions, which are always these.
    let format = head[16..24] == [16, 0, 1, 1, 0, 64, 32, 32];
    let (pages, vacuum, encoding) = (number(28), number(52), number(56));
    if head[..16] != *b"SQLite format 3\0" || !format || vacuum != 0 || encoding > 1 {
        return Err(Error::Broken("it isn't in the form that an app's database has".into()));
    }
    if length != u64::from(pages) * u64::from(PAGE) {
        return Err(Error::Broken("it isn't as long as it says".into()));
    }
    if length > limits.bytes { Err(Error::Full) } else { Ok(()) }
}

/// Opens a file that nobody trusts, to read its tables and nothing else, and looks through all of it first
/// (<https://www.sqlite.org/security.html#untrusted_sqlite_database_files>).
fn foreign(file: &Path, limits: &Limits) -> Result<Connection, Error> {
    let opened = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(file, flags)?;
        bind(&database, limits)?;
        // Looking through a database is one statement, as long as there are columns in it.
        database.set_limit(Limit::SQLITE_LIMIT_VDBE_OP, 1_000_000)?;
        for off in [
            DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
            DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
            DbConfig::SQLITE_DBCONFIG_DQS_DML,
        ] {
            database.set_db_config(off, false)?;
        }
        for (pragma, value) in
            [("mmap_size", 0), ("query_only", 1), ("cell_size_check", 1), ("ignore_check_constraints", 1)]
        {
            database.pragma_update(None, pragma, value)?;
        }
        database.progress_handler(LOOK, Some(ends(limits)))?;
        let said: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        database.authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Select | AuthAction::Read { .. } => Authorization::Allow,
            _ => Authorization::Deny,
        }))?;
        Ok((database, said))
    };
    match opened().map_err(|error| told(&error))? {
        (database, said) if said == "ok" => Ok(database),
        (_, said) => Err(Error::Broken(said)),
    }
}

/// Kinds of what a database holds, and the statements that made it.
fn statements(foreign: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let of = "SELECT type, sql FROM sqlite_schema \
              WHERE sql IS NOT NULL AND name <> 'sqlite_sequence' ORDER BY rowid";
    foreign.prepare(of)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn listed(database: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    database.prepare(LISTED)?.query_map([], row)?.collect()
}

/// A table as SQLite understood the statement that made it.
struct Table {
    name: String,
    /// Columns that hold something of their own, quoted; a row's number first where it has one.
    columns: Vec<String>,
}

/// The tables, and last the one that counts their rows, which inserting has counted up.
fn tables(made: &Connection) -> rusqlite::Result<Vec<Table>> {
    let of = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
              AND name <> 'sqlite_schema' ORDER BY name = 'sqlite_sequence'";
    let mut named = made.prepare(of)?;
    let mut column = made.prepare("SELECT name, hidden FROM pragma_table_xinfo(?1)")?;
    let table = |row: &rusqlite::Row<'_>| {
        let (name, without_number): (String, bool) = (row.get(0)?, row.get(1)?);
        let columns = column.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns: Vec<(String, u8)> = columns.collect::<rusqlite::Result<_>>()?;
        let is_free = |alias: &&str| !columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(alias));
        let number = ["rowid", "_rowid_", "oid"].into_iter().find(is_free).filter(|_| !without_number);
        let own = columns.iter().filter(|(_, hidden)| *hidden == 0).map(|(name, _)| quoted(name));
        Ok(Table { columns: number.map(str::to_owned).into_iter().chain(own).collect(), name })
    };
    named.query_map([], table)?.collect()
}

impl Table {
    /// Copies its rows.
    fn fill(&self, made: &Connection, foreign: &Connection) -> rusqlite::Result<()> {
        let (name, columns) = (quoted(&self.name), self.columns.join(", "));
        if self.name == "sqlite_sequence" {
            made.execute("DELETE FROM sqlite_sequence", [])?;
        }
        let places = vec!["?"; self.columns.len()].join(", ");
        let mut insert = made.prepare(&format!("INSERT INTO {name} ({columns}) VALUES ({places})"))?;
        // Nothing is taken from an index: those are made anew.
        let mut select = foreign.prepare(&format!("SELECT {columns} FROM {name} NOT INDEXED"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            for at in 0..self.columns.len() {
                insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(at)?))?;
            }
            insert.raw_execute()?;
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
