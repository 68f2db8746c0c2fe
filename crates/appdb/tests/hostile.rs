//! What a program does that means ill, and what it may do.

use alumia_appdb::{Access, Answer, Error, Limits, run};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

struct House {
    folder: tempfile::TempDir,
    limits: Limits,
}

impl House {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), limits: Limits::default() }
    }
    fn path(&self) -> PathBuf {
        self.folder.path().join("app.sqlite")
    }
    fn write(&self, sql: &str, parameters: &[Value]) -> Result<Answer, Error> {
        run(&self.path(), &self.limits, Access::Write, sql, parameters)
    }
    fn read(&self, sql: &str, parameters: &[Value]) -> Result<Answer, Error> {
        run(&self.path(), &self.limits, Access::Read, sql, parameters)
    }
}

#[test]
fn tables_are_made_filled_and_read() {
    let house = House::new();
    assert!(matches!(house.read("SELECT * FROM notes", &[]), Err(Error::Statement(_))), "nothing there yet");
    assert!(!house.path().exists(), "looking makes nothing");
    let made = house.write(
        "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, done INTEGER, weight REAL);
         CREATE INDEX IF NOT EXISTS by_text ON notes (text);",
        &[],
    );
    assert_eq!(made.unwrap().changes, 0);
    let put = "INSERT INTO notes (text, done, weight) VALUES (?1, ?2, ?3)";
    for (text, done) in [("milk", json!(true)), ("tea", Value::Null)] {
        assert_eq!(house.write(put, &[json!(text), done, json!(1.5)]).unwrap().changes, 1);
    }
    let found =
        house.read("SELECT id, text, done, weight, x'00ff' AS raw FROM notes ORDER BY id", &[]).unwrap();
    assert_eq!(found.columns, ["id", "text", "done", "weight", "raw"]);
    assert_eq!(found.rows[0], [json!(1), json!("milk"), json!(1), json!(1.5), json!({ "blob": "AP8=" })]);
    assert_eq!(found.rows[1][2], Value::Null);
    let rows = house.read("SELECT value FROM json_each('[1,2]')", &[]).unwrap().rows;
    assert_eq!(rows, [[json!(1)], [json!(2)]]);
}

#[test]
fn a_table_grows_and_loses_columns() {
    let house = House::new();
    house.write("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)", &[]).unwrap();
    house.write("ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'x'; ALTER TABLE t DROP COLUMN b", &[]).unwrap();
    assert_eq!(house.read("SELECT * FROM t", &[]).unwrap().rows, [[json!(1), json!("x")]]);
}

#[test]
fn a_call_is_done_as_a_whole_or_not_at_all() {
    let house = House::new();
    house.write("CREATE TABLE t (a UNIQUE)", &[]).unwrap();
    let broken =
        house.write("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)", &[]);
    assert!(matches!(&broken, Err(Error::Statement(words)) if words.contains("UNIQUE")), "{broken:?}");
    assert_eq!(house.read("SELECT count(*) FROM t", &[]).unwrap().rows, [[json!(0)]]);
    let wrong = house.write("INSERT INTO t VALUES (?1); INSERT INTO t VALUES (?1)", &[json!(1)]);
    assert!(matches!(wrong, Err(Error::Statement(_))));
    let few = house.write("INSERT INTO t VALUES (?1)", &[]);
    assert!(matches!(few, Err(Error::Statement(_))));
    let odd = house.write("INSERT INTO t VALUES (?1)", &[json!({ "a": 1 })]);
    assert!(matches!(odd, Err(Error::Parameter(0))));
    assert_eq!(house.read("SELECT count(*) FROM t", &[]).unwrap().rows, [[json!(0)]]);
}

#[test]
fn nothing_but_its_own_tables_is_reached() {
    let house = House::new();
    let other = house.folder.path().join("other.sqlite");
    run(&other, &house.limits, Access::Write, "CREATE TABLE secret (a)", &[]).unwrap();
    let other = other.display();
    house.write("CREATE TABLE t (a)", &[]).unwrap();
    for sql in [
        format!("ATTACH '{other}' AS o"),
        format!("VACUUM INTO '{}/copy'", house.folder.path().display()),
        "VACUUM".into(),
        "PRAGMA journal_mode = WAL".into(),
        "PRAGMA max_page_count = 1000000".into(),
        "PRAGMA writable_schema = ON".into(),
        "SELECT * FROM pragma_database_list".into(),
        "SELECT load_extension('x')".into(),
        "CREATE VIRTUAL TABLE v USING fts5(a)".into(),
        "CREATE TEMP TABLE x (a)".into(),
        "BEGIN".into(),
        "COMMIT".into(),
        "INSERT INTO t VALUES (1); COMMIT; SELECT 1".into(),
        "SAVEPOINT s".into(),
        "DETACH main".into(),
        "SELECT zeroblob(1000000000)".into(),
        "ANALYZE".into(),
    ] {
        let result = house.write(&sql, &[]);
        assert!(matches!(result, Err(Error::Refused | Error::Statement(_))), "{sql}: {result:?}");
    }
    assert!(house.write("UPDATE sqlite_schema SET sql = 'x'", &[]).is_err());
    assert_eq!(house.read("SELECT count(*) FROM t", &[]).unwrap().rows, [[json!(0)]]);
    let names: Vec<_> =
        std::fs::read_dir(house.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn looking_changes_nothing() {
    let house = House::new();
    house.write("CREATE TABLE t (a); INSERT INTO t VALUES (1)", &[]).unwrap();
    for sql in ["INSERT INTO t VALUES (2)", "DELETE FROM t", "DROP TABLE t", "CREATE TABLE u (a)"] {
        let result = house.read(sql, &[]);
        assert!(result.is_err(), "{sql}: {result:?}");
    }
    assert_eq!(house.read("SELECT a FROM t", &[]).unwrap().rows, [[json!(1)]]);
}

#[test]
fn what_was_half_written_is_taken_back_by_who_looks() {
    let (house, left) = (House::new(), House::new());
    house.write("CREATE TABLE t (a)", &[]).unwrap();
    let filled = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000) \
                  INSERT INTO t SELECT 'some text ' || x FROM n";
    house.write(filled, &[]).unwrap();
    // As a server leaves it that is killed while it writes: pages are changed, and the journal knows how they were.
    let mut writer = rusqlite::Connection::open(house.path()).unwrap();
    writer.pragma_update(None, "cache_size", 1).unwrap();
    let half = writer.transaction().unwrap();
    half.execute("UPDATE t SET a = 'half'", []).unwrap();
    for ending in ["", "-journal"] {
        let file = |house: &House| house.folder.path().join(format!("app.sqlite{ending}"));
        std::fs::copy(file(&house), file(&left)).unwrap();
    }
    let asked = "SELECT count(*), sum(a = 'half') FROM t";
    assert_eq!(left.read(asked, &[]).unwrap().rows, [[json!(2000), json!(0)]]);
}

#[test]
fn what_would_go_on_for_ever_ends() {
    let house =
        House { limits: Limits { time: Duration::from_millis(300), ..Limits::default() }, ..House::new() };
    house.write("CREATE TABLE t (a)", &[]).unwrap();
    let count = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";
    let began = Instant::now();
    for sql in [
        format!("{count} SELECT count(*) FROM n"),
        format!("{count} SELECT x FROM n ORDER BY x DESC LIMIT 1"),
        format!("INSERT INTO t {count} SELECT x FROM n"),
    ] {
        let result = house.write(&sql, &[]);
        assert!(matches!(result, Err(Error::TooLong | Error::Full)), "{sql}: {result:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(house.read("SELECT count(*) FROM t", &[]).unwrap().rows, [[json!(0)]]);
    let few = House { limits: Limits { steps: 100_000, ..Limits::default() }, ..House::new() };
    let result = few.read(&format!("{count} SELECT count(*) FROM n"), &[]);
    assert!(matches!(result, Err(Error::TooLong)), "{result:?}");
}

#[test]
fn sizes_are_bounded() {
    let house = House {
        limits: Limits { bytes: 64 << 10, answer: 40_000, rows: 50, ..Limits::default() },
        ..House::new()
    };
    house.write("CREATE TABLE t (a)", &[]).unwrap();
    let text = json!("x".repeat(20_000));
    let mut written = 0;
    let full = loop {
        match house.write("INSERT INTO t VALUES (?1)", std::slice::from_ref(&text)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10);
    };
    assert!(matches!(full, Error::Full), "{full:?}");
    assert!(std::fs::metadata(house.path()).unwrap().len() <= 64 << 10);
    assert!(matches!(house.read("SELECT a, a, a FROM t", &[]), Err(Error::TooLarge)));
    let many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 51) SELECT x FROM n";
    assert!(matches!(house.read(many, &[]), Err(Error::TooLarge)));
    let grown = "WITH RECURSIVE n(x) AS (SELECT 'ab' UNION ALL SELECT x || x FROM n WHERE length(x) < 1e9) SELECT max(length(x)) FROM n";
    assert!(matches!(house.read(grown, &[]), Err(Error::TooLarge)), "{:?}", house.read(grown, &[]));
}

#[test]
fn a_damaged_file_is_told_and_left() {
    let house = House::new();
    std::fs::write(house.path(), "not a database, just a text that is long enough to be looked at").unwrap();
    let result = house.write("CREATE TABLE t (a)", &[]);
    assert!(matches!(result, Err(Error::Broken(_))), "{result:?}");
    assert!(std::fs::read(house.path()).unwrap().starts_with(b"not a database"));
}
