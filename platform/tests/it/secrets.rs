//! Encrypted columns, on whichever engine `ALUMIA_TEST_DATABASE` names.

use alumia_platform::{
    Error,
    clock::SystemClock,
    secrets::{MasterKeys, Place, Secret, Secrets},
    store::{Store, testing::TestStore},
};
use alumia_protocol::OrgId;
use std::sync::Arc;

fn keys(text: &str) -> MasterKeys {
    MasterKeys::parse(text).unwrap()
}

fn key(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

async fn open(store: &Store, master: &str) -> Result<Secrets, Error> {
    Secrets::open(store.clone(), Arc::new(SystemClock), keys(master)).await
}

async fn put(store: &Store, secrets: &Secrets, place: Place<'_>, value: &str) {
    let mut tx = store.begin().await.unwrap();
    secrets.put(&mut tx, place, &Secret::new(value)).await.unwrap();
    tx.commit().await.unwrap();
}

fn place(org: OrgId) -> Place<'static> {
    Place { org, table: "connections", row: "c1", column: "token" }
}

#[tokio::test]
async fn put_read_replaced_removed() {
    let store = TestStore::new().await;
    let secrets = open(&store, &key(1)).await.unwrap();
    let here = place(OrgId::new());
    assert!(secrets.get(here).await.unwrap().is_none());
    put(&store, &secrets, here, "hunter2").await;
    assert_eq!(secrets.get(here).await.unwrap().unwrap().expose(), "hunter2");
    put(&store, &secrets, here, "пароль").await;
    assert_eq!(secrets.get(here).await.unwrap().unwrap().expose(), "пароль");
    for elsewhere in [
        Place { org: OrgId::new(), ..here },
        Place { table: "x", ..here },
        Place { row: "c2", ..here },
        Place { column: "x", ..here },
    ] {
        assert!(secrets.get(elsewhere).await.unwrap().is_none());
    }
    let mut tx = store.begin().await.unwrap();
    secrets.remove(&mut tx, here).await.unwrap();
    tx.commit().await.unwrap();
    assert!(secrets.get(here).await.unwrap().is_none());
}

#[tokio::test]
async fn a_restart_reads_them_and_another_servers_new_key_is_found() {
    let store = TestStore::new().await;
    let first = open(&store, &key(1)).await.unwrap();
    let here = place(OrgId::new());
    put(&store, &first, here, "kept").await;
    let second = open(&store, &key(1)).await.unwrap();
    assert_eq!(second.get(here).await.unwrap().unwrap().expose(), "kept");
    put(&store, &second, here, "changed").await;
    assert_eq!(first.get(here).await.unwrap().unwrap().expose(), "changed");
}

#[tokio::test]
async fn a_wrong_master_key_stops_the_start_in_words_without_the_key() {
    let store = TestStore::new().await;
    open(&store, &key(1)).await.unwrap();
    for wrong in [key(2), format!("2:{}", key(1))] {
        let error = open(&store, &wrong).await.err().expect("a wrong key opened the database");
        assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
        assert!(error.to_string().contains("master key doesn't fit"), "{error}");
        assert!(!format!("{error:?}").contains(&key(2)));
    }
}

#[tokio::test]
async fn a_value_moved_in_the_database_does_not_open() {
    let store = TestStore::new().await;
    let secrets = open(&store, &key(1)).await.unwrap();
    let (mine, theirs) = (OrgId::new(), OrgId::new());
    put(&store, &secrets, place(theirs), "theirs").await;
    let mut tx = store.begin().await.unwrap();
    sqlx::query("UPDATE secrets SET org_id = $1").bind(mine.to_string()).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(secrets.get(place(mine)).await, Err(Error::Internal(_))));
}

#[tokio::test]
async fn nothing_in_the_tables_is_the_plain_text() {
    let store = TestStore::new().await;
    let secrets = open(&store, &key(1)).await.unwrap();
    put(&store, &secrets, place(OrgId::new()), "a-very-plain-text").await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("SELECT ciphertext FROM secrets").fetch_one(store.read()).await.unwrap();
    assert!(!sealed.windows(5).any(|window| window == b"plain"));
    assert_eq!(sealed.len(), "a-very-plain-text".len() + 16);
}

#[tokio::test]
async fn a_new_master_key_takes_over_while_serving() {
    let store = TestStore::new().await;
    let old = open(&store, &key(1)).await.unwrap();
    let here = place(OrgId::new());
    put(&store, &old, here, "kept").await;
    let both = open(&store, &format!("1:{}\n2:{}", key(1), key(2))).await.unwrap();
    assert_eq!(both.rewrap().await.unwrap(), 1);
    assert_eq!(both.rewrap().await.unwrap(), 0);
    assert_eq!(old.get(here).await.unwrap().unwrap().expose(), "kept", "the running server lost its key");
    let new = open(&store, &format!("2:{}", key(2))).await.unwrap();
    assert_eq!(new.get(here).await.unwrap().unwrap().expose(), "kept");
    assert!(open(&store, &key(1)).await.is_err(), "the old master key still opens the database");
}
