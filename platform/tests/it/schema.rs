//! Both engines have the same tables. Runs where `ALUMIA_TEST_DATABASE` names a PostgreSQL; without one
//! there is nothing to compare with.

use alumia_platform::store::{Engine, Store, testing::TestStore};
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    /// Name to type, whether it may be NULL, and whether it has a default.
    columns: BTreeMap<String, (String, bool, bool)>,
    primary_key: Vec<String>,
    /// Columns of constraints and indexes that are unique, beside the primary key.
    unique: BTreeSet<Vec<String>>,
    /// Name to columns of every other index.
    indexes: BTreeMap<String, Vec<String>>,
    /// Columns, the table that they point to, and its columns.
    references: BTreeSet<(String, String, String)>,
}

type Schema = BTreeMap<String, Table>;

#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let postgres = TestStore::new().await;
    if postgres.engine() != Engine::Postgres {
        return;
    }
    let sqlite = TestStore::on_sqlite().await;
    let (left, right) = (read_sqlite(&sqlite).await, read_postgres(&postgres).await);
    assert!(left.len() >= 10, "only {} tables were read", left.len());
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    for (name, table) in &left {
        assert_eq!(table, &right[name], "table {name} differs (left: SQLite, right: PostgreSQL)");
    }
}

fn is_ours(table: &str) -> bool {
    !table.starts_with("_sqlx") && !table.starts_with("sqlite_")
}

fn plain_type(name: &str) -> String {
    match name.to_lowercase().as_str() {
        "blob" | "bytea" => "bytes".into(),
        "bigint" | "integer" => "integer".into(),
        other => other.to_owned(),
    }
}

async fn read_sqlite(store: &Store) -> Schema {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            .fetch_all(store.read())
            .await
            .unwrap();
    let mut schema = Schema::new();
    for name in names.into_iter().filter(|name| is_ours(name)) {
        let mut table = Table::default();
        let columns = sqlx::query(
            "SELECT name, type, \"notnull\" AS required, \
             CASE WHEN dflt_value IS NULL THEN 0 ELSE 1 END AS preset, pk FROM pragma_table_info($1)",
        )
        .bind(&name)
        .fetch_all(store.read())
        .await
        .unwrap();
        let mut key: Vec<(i64, String)> = Vec::new();
        for column in columns {
            let column_name: String = column.get("name");
            let place: i64 = column.get("pk");
            if place > 0 {
                key.push((place, column_name.clone()));
            }
            let kind = plain_type(&column.get::<String, _>("type"));
            let optional = column.get::<i64, _>("required") == 0;
            table.columns.insert(column_name, (kind, optional, column.get::<i64, _>("preset") == 1));
        }
        key.sort();
        table.primary_key = key.into_iter().map(|(_, column)| column).collect();

        let indexes = sqlx::query("SELECT name, \"unique\" AS single, origin FROM pragma_index_list($1)")
            .bind(&name)
            .fetch_all(store.read())
            .await
            .unwrap();
        for index in indexes {
            let index_name: String = index.get("name");
            let columns: Vec<String> =
                sqlx::query_scalar("SELECT name FROM pragma_index_info($1) ORDER BY seqno")
                    .bind(&index_name)
                    .fetch_all(store.read())
                    .await
                    .unwrap();
            match (index.get::<String, _>("origin").as_str(), index.get::<i64, _>("single")) {
                ("pk", _) => {}
                (_, 1) => drop(table.unique.insert(columns)),
                _ => drop(table.indexes.insert(index_name, columns)),
            }
        }
        let references = sqlx::query(
            "SELECT \"from\" AS here, \"table\" AS other, \"to\" AS there FROM pragma_foreign_key_list($1)",
        )
        .bind(&name)
        .fetch_all(store.read())
        .await
        .unwrap();
        for reference in references {
            table.references.insert((reference.get("here"), reference.get("other"), reference.get("there")));
        }
        schema.insert(name, table);
    }
    schema
}

async fn read_postgres(store: &Store) -> Schema {
    let mut schema = Schema::new();
    let columns = sqlx::query(
        "SELECT CAST(table_name AS TEXT) AS table_name, CAST(column_name AS TEXT) AS column_name, \
         CAST(data_type AS TEXT) AS kind, CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END AS optional, \
         CASE WHEN column_default IS NULL THEN 0 ELSE 1 END AS preset \
         FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(store.read())
    .await
    .unwrap();
    for column in columns {
        let table: String = column.get("table_name");
        if is_ours(&table) {
            let kind = plain_type(&column.get::<String, _>("kind"));
            let flags = (column.get::<i32, _>("optional") == 1, column.get::<i32, _>("preset") == 1);
            let table = schema.entry(table).or_default();
            table.columns.insert(column.get("column_name"), (kind, flags.0, flags.1));
        }
    }
    let indexes = sqlx::query(
        "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(i.relname AS TEXT) AS index_name, \
         CASE WHEN x.indisprimary THEN 2 WHEN x.indisunique THEN 1 ELSE 0 END AS kind, \
         STRING_AGG(CAST(a.attname AS TEXT), ',' ORDER BY k.place) AS columns \
         FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' \
         CROSS JOIN LATERAL UNNEST(x.indkey) WITH ORDINALITY AS k (number, place) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number \
         GROUP BY t.relname, i.relname, x.indisprimary, x.indisunique",
    )
    .fetch_all(store.read())
    .await
    .unwrap();
    for index in indexes {
        let Some(table) = schema.get_mut(&index.get::<String, _>("table_name")) else { continue };
        let columns: Vec<String> = index.get::<String, _>("columns").split(',').map(str::to_owned).collect();
        match index.get::<i32, _>("kind") {
            2 => table.primary_key = columns,
            1 => drop(table.unique.insert(columns)),
            _ => drop(table.indexes.insert(index.get("index_name"), columns)),
        }
    }
    let references = sqlx::query(
        "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(a.attname AS TEXT) AS here, \
         CAST(o.relname AS TEXT) AS other, CAST(b.attname AS TEXT) AS there \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class o ON o.oid = c.confrelid \
         CROSS JOIN LATERAL UNNEST(c.conkey, c.confkey) AS k (here, there) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.here \
         JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = k.there \
         WHERE c.contype = 'f'",
    )
    .fetch_all(store.read())
    .await
    .unwrap();
    for reference in references {
        let Some(table) = schema.get_mut(&reference.get::<String, _>("table_name")) else { continue };
        table.references.insert((reference.get("here"), reference.get("other"), reference.get("there")));
    }
    schema
}
