//! Many at once.

use super::support::*;
use alumia_platform::{Error, billing::Billing};
use alumia_protocol::{
    Microcredits, ReservationId,
    billing::{BlockReason, BucketKind},
};
use futures::future::join_all;
use std::sync::Arc;

/// Several processes on one database.
fn processes(world: &World, count: usize) -> Vec<Billing> {
    let new = |_| {
        let packages = world.billing.packages().clone();
        Billing::new(world.store.store(), Arc::new(world.clock.clone()), packages)
    };
    (0..count).map(new).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_settle_one_reservation_and_one_does() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 1_000, None).await;
    let held = world.reserve(500).await.unwrap();
    let processes = processes(&world, 4);
    let all = (0..100).map(|index| {
        let (billing, scope) = (processes[index % 4].clone(), world.scope.clone());
        tokio::spawn(async move { billing.settle(&scope, held.id, used(300)).await })
    });
    let (mut settled, mut refused) = (0, 0);
    for result in join_all(all).await {
        match result.unwrap() {
            Ok(_) => settled += 1,
            Err(Error::Conflict { .. }) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((settled, refused), (1, 99));
    let sums = world.sums().await;
    assert_eq!((sums.free, sums.held, sums.spent), (700, 0, 300));
    world.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_ask_where_there_is_enough_for_ten() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 60, None).await;
    world.grant("b", BucketKind::Promo, 43, None).await;
    let processes = processes(&world, 4);
    let all = (0..500).map(|index| {
        let (billing, scope, ask) = (processes[index % 4].clone(), world.scope.clone(), world.ask(10));
        tokio::spawn(async move { billing.reserve(&scope, ask).await })
    });
    let (mut held, mut refused) = (Vec::new(), 0);
    for result in join_all(all).await {
        match result.unwrap() {
            Ok(reservation) => held.push(reservation.id),
            Err(Error::PaymentRequired(blocked)) => {
                assert_eq!((blocked.reason, blocked.missing), (BlockReason::NoCredits, Microcredits(7)));
                refused += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((held.len(), refused), (10, 490));
    assert_eq!(world.sums().await.free, 3);
    for result in join_all(held.iter().map(|id| world.settle(*id, 10))).await {
        result.unwrap();
    }
    assert_eq!(world.sums().await.spent, 100);
    world.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_does_wrong_is_its_own() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 1_000, None).await;
    let all = (0..60).map(|index| {
        let (billing, scope) = (world.billing.clone(), world.scope.clone());
        // Beyond what the ledger takes at all, and a call that was never reserved.
        let ask = world.ask(if index % 3 == 0 { i64::MAX } else { 10 });
        tokio::spawn(async move {
            if index % 3 == 1 {
                return (index, billing.release(&scope, ReservationId::new()).await);
            }
            (index, billing.reserve(&scope, ask).await)
        })
    });
    for result in join_all(all).await {
        let (index, result) = result.unwrap();
        match index % 3 {
            0 => assert!(matches!(result, Err(Error::Internal(_))), "{result:?}"),
            1 => assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}"),
            _ => drop(result.unwrap()),
        }
    }
    let sums = world.sums().await;
    assert_eq!((sums.free, sums.held), (800, 200));
    world.audit().await;
}

/// Several organisations in one transaction, in whatever order two processes come to them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn organisations_do_not_wait_for_each_other_in_a_circle() {
    let world = World::poor().await;
    let processes = processes(&world, 2);
    let mut scopes = Vec::new();
    for index in 0..8 {
        let scope = org(&world.store, &format!("org-{index}")).await;
        world
            .billing
            .grant(scope.org_id(), world.grant_of("a", BucketKind::TopUp, 1_000, None))
            .await
            .unwrap();
        scopes.push(scope);
    }
    let all = (0..400).map(|index: usize| {
        let scope = scopes[(index * 5) % 8].clone();
        let (billing, ask) = (processes[index % 2].clone(), world.ask(10));
        tokio::spawn(async move {
            let held = billing.reserve(&scope, ask).await.unwrap();
            billing.settle(&scope, held.id, used(10)).await.unwrap();
        })
    });
    for result in join_all(all).await {
        result.unwrap();
    }
    let spent: i64 = sqlx::query_scalar("SELECT CAST(SUM(consumed) AS BIGINT) FROM credit_buckets")
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(spent, 4_000);
}
