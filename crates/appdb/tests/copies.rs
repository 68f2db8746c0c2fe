//! Databases that are copied while they are in use, and made anew of files that mean ill.

use alumia_appdb::{Access, Error, Limits, copy, rebuild, run};
use rusqlite::{Connection, types::Value as Stored};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

struct Desk {
    folder: tempfile::TempDir,
    limits: Limits,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), limits: Limits::default() }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn write(&self, name: &str, sql: &str) {
        run(&self.path(name), &self.limits, Access::Write, sql, &[]).unwrap();
    }
    /// Makes a file with SQLite as anybody may; what it then is made anew.
    fn forged(&self, sql: &str) -> Result<PathBuf, Error> {
        let _ = fs::remove_file(self.path("forged"));
        let forged = Connection::open(self.path("forged")).unwrap();
        forged.execute_batch(sql).unwrap();
        drop(forged);
        self.rebuilt("forged")
    }
    fn rebuilt(&self, name: &str) -> Result<PathBuf, Error> {
        let to = self.path("made");
        let _ = fs::remove_file(&to);
        rebuild(&self.path(name), &to, &self.limits).map(|()| to)
    }
}

/// Everything that a database holds: what made it, and each table's rows with their numbers.
fn contents(file: &Path) -> Vec<Vec<Stored>> {
    let database = Connection::open(file).unwrap();
    let all = |sql: &str| -> rusqlite::Result<Vec<Vec<Stored>>> {
        let mut statement = database.prepare(sql)?;
        let count = statement.column_count();
        let rows = statement.query_map([], |row| (0..count).map(|at| row.get(at)).collect())?;
        rows.collect()
    };
    let mut found = all("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").unwrap();
    for table in all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap() {
        let [Stored::Text(name)] = table.as_slice() else { panic!("{table:?}") };
        let name = format!("\"{}\"", name.replace('"', "\"\""));
        // Texts as bytes: not all of them are UTF-8.
        let columns = all(&format!("SELECT name FROM pragma_table_xinfo({name})")).unwrap();
        let columns = columns.iter().map(|name| match name.as_slice() {
            [Stored::Text(name)] => format!("CAST(\"{name}\" AS BLOB), typeof(\"{name}\")"),
            other => panic!("{other:?}"),
        });
        let columns = columns.collect::<Vec<_>>().join(", ");
        let rows = all(&format!("SELECT _rowid_, {columns} FROM {name}"));
        found.extend(rows.or_else(|_| all(&format!("SELECT {columns} FROM {name}"))).unwrap());
    }
    found
}

const ALL: &str = "
    CREATE TABLE plain (a, b TEXT, c REAL, d BLOB);
    INSERT INTO plain (rowid, a, b, c, d) VALUES
        (7, 1, 'x', 1, x'00ff'), (900, NULL, CAST(x'41ff00' AS TEXT), 1e300, ''), (1 << 40, 2.5, '', -0.0, x'');
    CREATE TABLE \"odd \"\"name\" (\"rowid\" TEXT, \"select\", \"a b\" DEFAULT (1 + 1));
    INSERT INTO \"odd \"\"name\" (\"rowid\") VALUES ('r');
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT UNIQUE CHECK (length(t) < 9));
    INSERT INTO counted (t) VALUES ('one'), ('two'), ('three');
    DELETE FROM counted WHERE id = 3;
    CREATE TABLE keyed (k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
    INSERT INTO keyed VALUES ('b', 1), ('a', 'x');
    CREATE TABLE made (a INTEGER, twice INTEGER AS (a * 2) STORED, more INTEGER AS (a + 1));
    INSERT INTO made (a) VALUES (4);
    CREATE TABLE child (of INTEGER REFERENCES counted (id) ON DELETE CASCADE);
    INSERT INTO child VALUES (1), (2);
    ALTER TABLE child RENAME COLUMN of TO parent;
    ALTER TABLE child RENAME TO [a child];
    CREATE INDEX by_b ON plain (b DESC) WHERE a IS NOT NULL;
    CREATE UNIQUE INDEX by_lower ON counted (lower(t));
    CREATE VIEW seen AS SELECT t FROM counted;
    CREATE TABLE log (what);
    CREATE TRIGGER noted AFTER INSERT ON plain BEGIN INSERT INTO log VALUES (new.b); END;
    CREATE TRIGGER through INSTEAD OF INSERT ON seen BEGIN INSERT INTO counted (t) VALUES (new.t); END;
";

#[test]
fn what_an_app_made_is_copied_and_made_anew_as_it_was() {
    let desk = Desk::new();
    desk.write("app", ALL);
    copy(&desk.path("app"), &desk.path("copy"), &desk.limits).unwrap();
    assert_eq!(contents(&desk.path("copy")), contents(&desk.path("app")));
    let made = desk.rebuilt("copy").unwrap();
    assert_eq!(contents(&made), contents(&desk.path("app")));
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert_eq!(size(&made), size(&desk.path("copy")));
    // What fires, counts and refuses does so again.
    desk.write("made", "INSERT INTO plain (b) VALUES ('new'); INSERT INTO seen VALUES ('four')");
    let asked = "SELECT (SELECT max(id) FROM counted), (SELECT count(*) FROM log)";
    let found = run(&made, &desk.limits, Access::Read, asked, &[]).unwrap();
    assert_eq!(found.rows, [[json!(4), json!(1)]]);
    let long = "INSERT INTO counted (t) VALUES ('much too long')";
    assert!(matches!(run(&made, &desk.limits, Access::Write, long, &[]), Err(Error::Statement(_))));
    // Nothing is written over.
    assert!(copy(&desk.path("app"), &desk.path("copy"), &desk.limits).is_err());
    assert!(copy(&desk.path("none"), &desk.path("other"), &desk.limits).is_err());
    assert!(!desk.path("other").exists());
}

#[test]
fn a_copy_is_of_one_moment_whoever_writes() {
    let desk = Desk::new();
    desk.write("app", "CREATE TABLE t (a); CREATE TABLE u (a, pad)");
    let (ending, until) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(30));
    // Between others' commits, on a machine that has much to do.
    let patient = Limits { time: Duration::from_secs(20), ..Limits::default() };
    let both = "INSERT INTO t VALUES (1); INSERT INTO u SELECT 1, hex('some more than a few bytes of it')";
    let written = std::thread::scope(|threads| {
        let writing = threads.spawn(|| {
            let mut written = 0;
            while !ending.load(Ordering::Relaxed) && Instant::now() < until {
                run(&desk.path("app"), &patient, Access::Write, both, &[]).unwrap();
                written += 1;
            }
            written
        });
        for number in 0..4 {
            let to = desk.path(&format!("copy{number}"));
            copy(&desk.path("app"), &to, &patient).unwrap();
            let asked = "SELECT (SELECT count(*) FROM t) - (SELECT count(*) FROM u)";
            assert_eq!(run(&to, &desk.limits, Access::Read, asked, &[]).unwrap().rows, [[json!(0)]]);
            desk.rebuilt(&format!("copy{number}")).unwrap();
        }
        ending.store(true, Ordering::Relaxed);
        writing.join().unwrap()
    });
    assert!(written > 0);
}

#[test]
fn what_was_deleted_or_half_written_is_not_copied() {
    let desk = Desk::new();
    let filled = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
                  INSERT INTO t SELECT 'secretive ' || x FROM n";
    desk.write("app", &format!("CREATE TABLE t (a); {filled}; DELETE FROM t; INSERT INTO t VALUES ('kept')"));
    let holds = |name: &str| {
        let bytes = fs::read(desk.path(name)).unwrap();
        bytes.windows(9).any(|piece| piece == b"secretive")
    };
    assert!(holds("app"));
    copy(&desk.path("app"), &desk.path("copy"), &desk.limits).unwrap();
    assert!(!holds("copy"));
    // As a server leaves it that is killed while it writes: pages are changed, and the journal knows how they were.
    let mut writer = Connection::open(desk.path("app")).unwrap();
    writer.pragma_update(None, "cache_size", 1).unwrap();
    let half = writer.transaction().unwrap();
    half.execute("UPDATE t SET a = 'half'", []).unwrap();
    half.execute(filled, []).unwrap();
    for (from, to) in [("app", "left"), ("app-journal", "left-journal")] {
        fs::copy(desk.path(from), desk.path(to)).unwrap();
    }
    copy(&desk.path("left"), &desk.path("whole"), &desk.limits).unwrap();
    assert_eq!(contents(&desk.path("whole")), contents(&desk.path("copy")));
}

#[test]
fn what_no_app_could_have_made_is_refused() {
    let desk = Desk::new();
    let rows = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);";
    let schema = |change: &str| format!("{rows} PRAGMA writable_schema = ON; {change}");
    let outside = desk.path("outside");
    let outside = outside.display();
    let insert = |kind: &str, name: &str, root: &str, sql: &str| {
        schema(&format!(
            "INSERT INTO sqlite_schema VALUES ('{kind}', '{name}', '{name}', {root}, '{}')",
            sql.replace('\'', "''")
        ))
    };
    for (what, sql) in [
        ("a virtual table", "CREATE VIRTUAL TABLE v USING fts5(a)".to_owned()),
        ("one without tables of its own", insert("table", "v", "0", "CREATE VIRTUAL TABLE v USING dbstat")),
        ("statistics", format!("{rows} CREATE INDEX i ON t (a); ANALYZE")),
        ("a function", "CREATE TABLE z (a CHECK (length(zeroblob(9)) > 0))".into()),
        ("an attached file", insert("table", "x", "0", &format!("ATTACH '{outside}' AS x"))),
        ("a copy of itself", insert("table", "x", "0", &format!("VACUUM INTO '{outside}'"))),
        ("a setting", insert("table", "x", "0", "PRAGMA journal_mode = WAL")),
        ("a row instead", insert("view", "x", "0", "INSERT INTO t VALUES (3)")),
        (
            "a trigger elsewhere",
            insert(
                "trigger",
                "x",
                "0",
                &format!("CREATE TRIGGER x AFTER INSERT ON t BEGIN ATTACH '{outside}' AS x; END"),
            ),
        ),
        ("another name", schema("UPDATE sqlite_schema SET name = 'other'")),
        ("two in one place", insert("table", "x", "2", "CREATE TABLE x (a)")),
        ("no such place", insert("table", "x", "99", "CREATE TABLE x (a)")),
        ("a view that is a table", insert("view", "x", "2", "CREATE TABLE x (a)")),
        ("another kind", schema("UPDATE sqlite_schema SET type = 'view'")),
        ("no statement", schema("UPDATE sqlite_schema SET sql = x'00ff'")),
        ("nonsense", schema("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (('")),
        ("a table of rows", schema("UPDATE sqlite_schema SET sql = 'CREATE TABLE t AS SELECT 1'")),
        (
            "fewer columns",
            "CREATE TABLE t (a, b NOT NULL); INSERT INTO t VALUES (1, 2); PRAGMA writable_schema = ON; \
          UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a, c NOT NULL, b NOT NULL)'"
                .into(),
        ),
        (
            "the same twice",
            format!(
                "{rows} INSERT INTO t VALUES (1); CREATE INDEX i ON t (a); PRAGMA writable_schema = ON; \
          UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX i ON t (a)' WHERE name = 'i'"
            ),
        ),
        ("a large value", format!("{rows} INSERT INTO t VALUES (zeroblob(2000000))")),
        (
            "many columns",
            format!(
                "CREATE TABLE w ({})",
                (0..201).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ")
            ),
        ),
        ("another journal", format!("PRAGMA journal_mode = WAL; {rows}")),
        ("another page size", format!("PRAGMA page_size = 8192; {rows}")),
        ("another encoding", format!("PRAGMA encoding = 'UTF-16le'; {rows}")),
        ("pages that move", format!("PRAGMA auto_vacuum = FULL; {rows}")),
    ] {
        let result = desk.forged(&sql);
        assert!(result.is_err(), "{what}: {:?}", result.map(|made| contents(&made)));
    }
    // What SQLite itself doesn't read on isn't done either.
    let behind = format!("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a); ATTACH ''{outside}'' AS x'");
    if let Ok(made) = desk.forged(&schema(&behind)) {
        assert_eq!(contents(&made).len(), 3);
    }
    assert!(!desk.path("outside").exists());
    assert_eq!(contents(&desk.forged(rows).unwrap()).len(), 3, "the forge works");
}

#[test]
fn files_that_are_no_whole_database_are_refused() {
    let desk = Desk::new();
    desk.write("app", ALL);
    let good = fs::read(desk.path("app")).unwrap();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        fs::write(desk.path("bad"), bytes).unwrap();
        desk.rebuilt("bad")
    };
    assert!(with(&|_| ()).is_ok());
    assert!(with(&Vec::clear).is_err());
    assert!(
        with(&|bytes| *bytes = b"no database, however long the text may be that is written here".repeat(9))
            .is_err()
    );
    assert!(with(&|bytes| bytes.truncate(4096)).is_err());
    assert!(with(&|bytes| bytes.truncate(bytes.len() - 1)).is_err());
    assert!(with(&|bytes| bytes.extend([0; 4096])).is_err());
    assert!(with(&|bytes| bytes[4096..].fill(0)).is_err());
    assert!(rebuild(&desk.path("none"), &desk.path("made"), &desk.limits).is_err());
    // As large as a disk, of which nothing is there.
    let sparse = fs::File::create(desk.path("sparse")).unwrap();
    let mut head = good[..4096].to_vec();
    head[28..32].copy_from_slice(&(1_u32 << 18).to_be_bytes());
    fs::write(desk.path("sparse"), head).unwrap();
    sparse.set_len(1 << 30).unwrap();
    let began = Instant::now();
    assert!(matches!(desk.rebuilt("sparse"), Err(Error::Full)));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn flipped_bytes_are_refused_or_make_a_whole_database() {
    let desk = Desk::new();
    desk.write("app", ALL);
    let good = fs::read(desk.path("app")).unwrap();
    let mut refused = 0;
    // What comes first says how the rest is read; of rows and empty space some is enough.
    let places = (0..100).chain((100..4096).step_by(31)).chain((4096..good.len()).step_by(211));
    for (at, flip) in places.flat_map(|at| [(at, 0x01), (at, 0xff)]) {
        let mut bytes = good.clone();
        bytes[at] ^= flip;
        fs::write(desk.path("bad"), bytes).unwrap();
        match desk.rebuilt("bad") {
            Err(_) => refused += 1,
            Ok(made) => {
                let made = Connection::open(made).unwrap();
                let said: String = made.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
                assert_eq!(said, "ok", "byte {at}");
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn making_one_anew_ends_and_fits() {
    let mut desk = Desk::new();
    let many =
        "CREATE TABLE t (a); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000)
                INSERT INTO t SELECT 'row ' || x FROM n;";
    assert!(desk.forged(many).is_ok());
    desk.limits.steps = 100_000;
    assert!(matches!(desk.forged(many), Err(Error::TooLong)));
    desk.limits = Limits { time: Duration::ZERO, ..Limits::default() };
    assert!(matches!(desk.forged(many), Err(Error::TooLong)));
    let size = fs::metadata(desk.path("forged")).unwrap().len();
    desk.limits = Limits { bytes: size, ..Limits::default() };
    assert!(desk.forged(many).is_ok());
    desk.limits.bytes -= 1;
    assert!(matches!(desk.forged(many), Err(Error::Full)));
    // An index that takes for ever: each row is looked at as long as a row can be.
    desk.limits = Limits { time: Duration::from_millis(500), ..Limits::default() };
    let slow = "CREATE TABLE t (a); CREATE INDEX i ON t (length(replace(replace(replace(a, 'x', 'yy'), 'y', 'zz'), 'z', '')));
                WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100)
                INSERT INTO t SELECT replace(hex(zeroblob(60000)), '0', 'x') FROM n;";
    let began = Instant::now();
    let _ = desk.forged(slow);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
