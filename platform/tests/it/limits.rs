//! Rate limits that several servers share, on whichever engine `ALUMIA_TEST_DATABASE` names.

use alumia_platform::{
    clock::ManualClock,
    limits::{Bucket, Key, Limiter, Rates},
    store::testing::TestStore,
};
use alumia_protocol::{Timestamp, UserId};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// Two servers' limits on one store.
fn servers(store: &TestStore, clock: &ManualClock) -> [Limiter; 2] {
    let clock = Arc::new(clock.clone());
    [(); 2].map(|()| Limiter::new(clock.clone(), Rates::default()).shared(store.store(), clock.clone()))
}

fn clock() -> ManualClock {
    ManualClock::new(Timestamp(1_790_000_000_000_000))
}

async fn passes(servers: &[Limiter; 2], keys: &[Key], tries: usize) -> usize {
    let mut passed = 0;
    for number in 0..tries {
        passed += usize::from(servers[number % 2].check(Bucket::Auth, keys).await.is_ok());
    }
    passed
}

#[tokio::test]
async fn two_servers_allow_together_what_one_would() {
    let (store, clock) = (TestStore::new().await, clock());
    let servers = servers(&store, &clock);
    let keys = [Key::User(UserId::new()), Key::address("192.0.2.1".parse::<IpAddr>().unwrap())];
    let first = servers[0].check(Bucket::Auth, &keys).await.unwrap();
    assert_eq!((first.limit, first.remaining), (10, 9));
    let second = servers[1].check(Bucket::Auth, &keys).await.unwrap();
    assert_eq!((second.limit, second.remaining), (10, 8), "the other server knows");
    assert_eq!(passes(&servers, &keys, 14).await, 8);
    let refused = servers[1].check(Bucket::Auth, &keys).await.unwrap_err();
    assert_eq!((refused.limit, refused.retry_after_ms), (10, 12_000));
    clock.advance(Duration::from_secs(60));
    assert_eq!(passes(&servers, &keys, 14).await, 5, "they come back at half the speed");
    // Either key can be the one that is used up, and then the other loses nothing.
    let other = Key::User(UserId::new());
    assert!(servers[0].check(Bucket::Auth, &[other, keys[1]]).await.is_err());
    assert_eq!(passes(&servers, &[other], 14).await, 10);
    // Others and other buckets are untouched.
    assert!(servers[0].check(Bucket::Write, &keys).await.is_ok());
}

#[tokio::test]
async fn of_fifty_at_once_ten_pass() {
    let (store, clock) = (TestStore::new().await, clock());
    let servers = servers(&store, &clock);
    let keys = [Key::User(UserId::new())];
    let tries = (0..50).map(|number| servers[number % 2].check(Bucket::Auth, &keys));
    let passed = futures::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn full_buckets_are_forgotten_and_a_store_that_is_away_stops_nobody() {
    let (store, clock) = (TestStore::new().await, clock());
    let servers = servers(&store, &clock);
    let keys = [Key::User(UserId::new())];
    servers[0].check(Bucket::Auth, &keys).await.unwrap();
    let count = async || {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM rate_limits").fetch_one(store.read()).await.unwrap();
        count
    };
    servers[0].forget_full().await.unwrap();
    assert_eq!(count().await, 1);
    clock.advance(Duration::from_secs(13));
    servers[0].forget_full().await.unwrap();
    assert_eq!(count().await, 0);
    store.store().close().await;
    assert_eq!(servers[1].check(Bucket::Auth, &keys).await.unwrap().remaining, 9);
}
