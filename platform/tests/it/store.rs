//! The store on whichever engine `ALUMIA_TEST_DATABASE` names.

use alumia_platform::{
    Error,
    store::{Engine, Store, testing::TestStore},
};

async fn count_orgs(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM orgs").fetch_one(store.read()).await.unwrap()
}

async fn add_org(tx: &mut alumia_platform::store::Tx, id: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO orgs (id, slug, name, created_at, updated_at) VALUES ($1, $1, 'Org', $2, $2)")
        .bind(id)
        .bind(1_i64)
        .execute(&mut **tx)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_and_a_committed_one_lasts() {
    let store = TestStore::new().await;
    let mut tx = store.begin().await.unwrap();
    add_org(&mut tx, "dropped").await.unwrap();
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    add_org(&mut tx, "kept").await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(count_orgs(&store).await, 1);
    let again = Store::open(store.url()).await.unwrap();
    assert_eq!(count_orgs(&again).await, 1);
    again.ping().await.unwrap();
    again.close().await;
}

#[tokio::test]
async fn foreign_keys_and_uniqueness_hold_on_every_connection() {
    let store = TestStore::new().await;
    for _ in 0..3 {
        let mut tx = store.begin().await.unwrap();
        let orphan = sqlx::query(
            "INSERT INTO workspaces (org_id, id, name, slug, created_at) VALUES ('none', 'w', 'W', 'w', 1)",
        )
        .execute(&mut *tx)
        .await
        .unwrap_err();
        assert!(orphan.as_database_error().unwrap().is_foreign_key_violation(), "{orphan}");
    }
    let mut tx = store.begin().await.unwrap();
    add_org(&mut tx, "same").await.unwrap();
    let twice = add_org(&mut tx, "same").await.unwrap_err();
    assert!(twice.as_database_error().unwrap().is_unique_violation(), "{twice}");
}

#[tokio::test]
async fn parallel_writers_take_turns() {
    let store = TestStore::new().await;
    let writers = (0..50).map(|n| {
        let store = store.store();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            add_org(&mut tx, &format!("org-{n}")).await.unwrap();
            tx.commit().await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(count_orgs(&store).await, 50);
}

#[tokio::test]
async fn every_sqlite_connection_has_its_settings() {
    let store = TestStore::on_sqlite().await;
    assert_eq!(store.engine(), Engine::Sqlite);
    let mut writer = store.begin().await.unwrap();
    for (pragma, wanted) in
        [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 10_000)]
    {
        let value: i64 = sqlx::query_scalar(pragma).fetch_one(&mut *writer).await.unwrap();
        assert_eq!(value, wanted, "{pragma}");
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *writer).await.unwrap();
    assert_eq!(mode, "wal");
    drop(writer);

    // All at once, so that the pool has to open every one of them.
    let mut readers = Vec::new();
    for _ in 0..8 {
        readers.push(store.read().acquire().await.unwrap());
    }
    for reader in &mut readers {
        let value: i64 = sqlx::query_scalar("PRAGMA query_only").fetch_one(&mut **reader).await.unwrap();
        assert_eq!(value, 1);
        let refused = sqlx::query("DELETE FROM orgs").execute(&mut **reader).await;
        assert!(refused.is_err(), "a reader wrote");
    }
}

#[tokio::test]
async fn readers_see_the_last_commit_while_a_write_goes_on() {
    let store = TestStore::new().await;
    let mut tx = store.begin().await.unwrap();
    add_org(&mut tx, "pending").await.unwrap();
    assert_eq!(count_orgs(&store).await, 0);
    tx.commit().await.unwrap();
    assert_eq!(count_orgs(&store).await, 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_in_words() {
    let store = TestStore::new().await;
    let mut tx = store.begin().await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let error = Store::open(store.url()).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
    assert!(error.to_string().contains("newer"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_opened_says_so_without_the_password() {
    for url in ["", "mysql://localhost/x", "file.db", "postgres", "sqlite"] {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, Error::BadRequest(_)), "{url}: {error:?}");
    }
    for url in [
        "sqlite:///no/such/folder/here/alumia.db",
        "postgres://somebody:hunter2-secret@127.0.0.1:1/alumia?password=hunter2-secret",
    ] {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{url}: {error:?}");
        assert!(error.to_string().contains("can't be opened"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
