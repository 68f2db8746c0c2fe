//! Order of use, ends, fences.

use super::support::*;
use alumia_platform::{
    Error,
    billing::{Packages, State, Tier},
};
use alumia_protocol::{
    Microcredits,
    billing::{BlockReason, BucketKind},
};

#[tokio::test]
async fn what_is_lost_soonest_is_used_first_then_by_kind() {
    let world = World::poor().await;
    for (key, kind, lasts) in [
        ("top", BucketKind::TopUp, None),
        ("refund", BucketKind::Refund, None),
        ("adjust", BucketKind::Adjustment, None),
        ("month", BucketKind::Monthly, Some(DAY * 2)),
        ("promo", BucketKind::Promo, None),
        ("promo-2", BucketKind::Promo, Some(DAY * 2)),
        ("soon", BucketKind::TopUp, Some(DAY)),
    ] {
        world.grant(key, kind, 10, lasts).await;
    }
    let held = world.reserve(65).await.unwrap();
    let mut order = Vec::new();
    for (bucket, part) in &held.parts {
        let key: String = sqlx::query_scalar("SELECT grant_key FROM credit_buckets WHERE id = $1")
            .bind(bucket.to_string())
            .fetch_one(world.store.read())
            .await
            .unwrap();
        order.push((key, part.0));
    }
    let order: Vec<(&str, i64)> = order.iter().map(|(key, part)| (key.as_str(), *part)).collect();
    let wanted = [
        ("soon", 10),
        ("promo-2", 10),
        ("month", 10),
        ("promo", 10),
        ("adjust", 10),
        ("refund", 10),
        ("top", 5),
    ];
    assert_eq!(order, wanted);
    // What comes back comes back from the end of that order.
    world.settle(held.id, 31).await.unwrap();
    let sums = world.sums().await;
    assert_eq!((sums.free, sums.held, sums.spent), (39, 0, 31));
    for (key, left) in [("month", 0), ("promo", 9), ("adjust", 10)] {
        let sql = "SELECT granted - consumed FROM credit_buckets WHERE grant_key = $1";
        let found: i64 = sqlx::query_scalar(sql).bind(key).fetch_one(world.store.read()).await.unwrap();
        assert_eq!(found, left, "{key}");
    }
    world.audit().await;
}

#[tokio::test]
async fn a_reservation_ends_once() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 100, None).await;
    let ask = world.ask(60);
    let held = world.billing.reserve(&world.scope, ask.clone()).await.unwrap();
    // Asked again, because the answer was lost.
    assert_eq!(world.billing.reserve(&world.scope, ask.clone()).await.unwrap().id, held.id);
    assert_eq!(world.sums().await.held, 60);
    assert_eq!(world.settle(held.id, 20).await.unwrap().cost, Microcredits(20));
    for result in [
        world.settle(held.id, 20).await,
        world.billing.release(&world.scope, held.id).await,
        world.billing.reserve(&world.scope, ask).await,
    ] {
        assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    }
    let unknown = world.settle(alumia_protocol::ReservationId::new(), 1).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));
    let sums = world.sums().await;
    assert_eq!((sums.free, sums.held, sums.spent), (80, 0, 20));
    world.audit().await;
}

#[tokio::test]
async fn use_beyond_the_reservation_is_charged_as_far_as_credits_reach() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 100, None).await;
    let (first, second) = (world.reserve(10).await.unwrap(), world.reserve(70).await.unwrap());
    let settled = world.settle(first.id, 50).await.unwrap();
    // 20 were free; the 70 held for the other call are not touched.
    assert_eq!((settled.cost.0, settled.written_off.0), (30, 20));
    let sums = world.sums().await;
    assert_eq!((sums.free, sums.held, sums.spent), (0, 70, 30));
    assert_eq!(world.settle(second.id, 70).await.unwrap().state, State::Settled);
    assert_eq!(world.sums().await.spent, 100);
    world.audit().await;
}

#[tokio::test]
async fn what_comes_back_to_a_bucket_that_is_over_is_lost_with_it() {
    let world = World::poor().await;
    world.grant("a", BucketKind::Promo, 100, Some(HOUR)).await;
    let held = world.reserve(40).await.unwrap();
    world.clock.advance(HOUR * 2);
    assert_eq!(reason(world.reserve(1).await), BlockReason::NoCredits);
    assert_eq!(world.settle(held.id, 30).await.unwrap().cost, Microcredits(30));
    let sums = world.sums().await;
    assert_eq!((sums.free, sums.held, sums.spent, sums.lost), (0, 0, 30, 70));
    world.audit().await;
}

#[tokio::test]
async fn what_nobody_settles_is_free_again_after_its_deadline() {
    let mut world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 100, None).await;
    let held = world.reserve(100).await.unwrap();
    // The process is killed between reserving and settling.
    world.restart();
    assert_eq!(world.billing.sweep().await.unwrap(), 0);
    assert_eq!(reason(world.reserve(1).await), BlockReason::NoCredits);
    world.clock.advance(HOUR);
    assert_eq!(world.billing.sweep().await.unwrap(), 1);
    assert_eq!(world.billing.sweep().await.unwrap(), 0);
    assert_eq!(world.sums().await.free, 100);
    assert!(matches!(world.settle(held.id, 5).await, Err(Error::Conflict { .. })));
    world.audit().await;
}

#[tokio::test]
async fn a_months_credits_are_granted_once_and_end_with_it() {
    let world = World::with(Packages::new(&[], "personal").unwrap()).await;
    let month = world.billing.packages().first().monthly_credits.0;
    let all = (0..20).map(|_| world.reserve(1));
    for held in futures::future::join_all(all).await {
        held.unwrap();
    }
    assert_eq!(world.sums().await.granted, month);
    world.clock.advance(DAY * 29);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.sums().await.granted, month);
    world.clock.advance(DAY * 2);
    assert!(world.billing.sweep().await.unwrap() > 0);
    world.billing.sweep().await.unwrap();
    let sums = world.sums().await;
    assert_eq!((sums.granted, sums.free, sums.lost), (2 * month, month, month));
    // Three months asleep are not paid afterwards.
    world.clock.advance(DAY * 95);
    world.reserve(1).await.unwrap();
    assert_eq!(world.sums().await.granted, 3 * month);
    world.audit().await;
}

#[tokio::test]
async fn a_grant_a_refund_and_a_reversal_do_what_they_say_once() {
    let world = World::poor().await;
    let grant = world.grant_of("payment-1", BucketKind::TopUp, 100, None);
    let first = world.billing.grant(world.org(), grant.clone()).await.unwrap();
    assert_eq!(world.billing.grant(world.org(), grant).await.unwrap().id, first.id);
    let held = world.reserve(30).await.unwrap();
    world.settle(held.id, 30).await.unwrap();
    for (amount, fits) in [(20, true), (11, false), (10, true), (1, false), (0, false), (-5, false)] {
        let refund = world.billing.refund(world.org(), held.id, Microcredits(amount)).await;
        assert_eq!(refund.is_ok(), fits, "{amount}: {refund:?}");
    }
    let reversed = world.billing.reverse(world.org(), first.id, Microcredits(100)).await.unwrap();
    assert_eq!(reversed.reversed, Microcredits(70));
    let sums = world.sums().await;
    assert_eq!((sums.granted, sums.free, sums.spent, sums.reversed), (130, 30, 30, 70));
    // The same again takes nothing more, and less gives the difference back.
    for (total, reversed) in [(100, 70), (50, 50), (0, 0), (-1, 0), (20, 20)] {
        let bucket = world.billing.reverse(world.org(), first.id, Microcredits(total)).await.unwrap();
        assert_eq!(bucket.reversed, Microcredits(reversed), "{total}");
    }
    for amount in [0, -1, i64::MAX] {
        let grant = world.grant_of("odd", BucketKind::TopUp, amount, None);
        assert!(matches!(world.billing.grant(world.org(), grant).await, Err(Error::BadRequest(_))));
    }
    world.audit().await;
}

#[tokio::test]
async fn a_package_says_which_models_it_includes() {
    let world = World::with(Packages::new(&[], "personal").unwrap()).await;
    let mut ask = world.ask(5);
    ask.tier = Some(Tier::Premium);
    assert_eq!(reason(world.billing.reserve(&world.scope, ask.clone()).await), BlockReason::PackageBlocked);
    ask.tier = Some(Tier::Standard);
    world.billing.reserve(&world.scope, ask).await.unwrap();
}

/// Behind the rules stands the schema, also for whoever writes past them.
#[tokio::test]
async fn the_schema_is_the_last_fence() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 100, None).await;
    world.reserve(50).await.unwrap();
    for sql in [
        "UPDATE credit_buckets SET consumed = 51 WHERE grant_key = 'a'",
        "UPDATE credit_buckets SET reserved = -1 WHERE grant_key = 'a'",
        "UPDATE reservations SET cost = 1",
        "UPDATE reservations SET state = 'settled', cost = 1, closed_at = 1, refunded = 2",
        "UPDATE reservations SET state = 'settled'",
        "UPDATE ledger_entries SET amount = 1",
        "DELETE FROM ledger_entries",
        "INSERT INTO ledger_entries SELECT org_id, 'x', transaction_id, kind, source, source, bucket_id, \
         reservation_id, amount, at FROM ledger_entries WHERE kind = 'reserve'",
        "INSERT INTO ledger_entries SELECT org_id, 'x', transaction_id, kind, source, target, bucket_id, \
         reservation_id, 0, at FROM ledger_entries",
        "INSERT INTO credit_buckets (org_id, id, kind, grant_key, granted, created_at) \
         SELECT org_id, 'x', kind, grant_key, 1, 1 FROM credit_buckets",
    ] {
        let mut tx = world.store.begin().await.unwrap();
        assert!(sqlx::query(sql).execute(&mut *tx).await.is_err(), "{sql}");
    }
    world.audit().await;
}

#[tokio::test]
async fn a_package_caps_time_in_the_sandbox_by_the_month() {
    use alumia_platform::billing::{Caps, Operation, Package, Packages, Used};
    let first = Packages::new(&[], "personal").unwrap().first().clone();
    let caps = Caps { sandbox_minutes: Some(2), ..Caps::default() };
    let world = World::with(Packages::new(&[Package { caps, ..first }], "personal").unwrap()).await;
    let ask = || alumia_platform::billing::Ask { operation: Operation::Sandbox, ..world.ask(60_000) };
    for _ in 0..2 {
        let held = world.billing.reserve(&world.scope, ask()).await.unwrap();
        let used = Used { cost: Microcredits(1), millis: 60_000, ..Used::default() };
        world.billing.settle(&world.scope, held.id, used).await.unwrap();
    }
    match world.billing.reserve(&world.scope, ask()).await {
        Err(Error::PaymentRequired(blocked)) => {
            assert_eq!(blocked.reason, BlockReason::PackageBlocked);
            assert!(blocked.message.contains("2 minutes"), "{}", blocked.message);
        }
        other => panic!("{other:?}"),
    }
    // Models are not its business, and the next month begins anew.
    world.reserve(1).await.unwrap();
    world.clock.advance(DAY * 32);
    world.billing.reserve(&world.scope, ask()).await.unwrap();
}

fn minutes(sandbox_minutes: u32) -> alumia_platform::billing::Packages {
    use alumia_platform::billing::{Caps, Package, Packages};
    let first = Packages::new(&[], "personal").unwrap().first().clone();
    let caps = Caps { sandbox_minutes: Some(sandbox_minutes), ..Caps::default() };
    Packages::new(&[Package { caps, ..first }], "personal").unwrap()
}

#[tokio::test]
async fn the_longest_time_of_a_command_counts_until_it_is_over() {
    use alumia_platform::billing::{Ask, Operation, Used};
    use alumia_protocol::billing::PackageLimit;
    let world = World::with(minutes(2)).await;
    // Also where it costs nothing.
    let ask = |millis: i64| Ask { operation: Operation::Sandbox, millis, ..world.ask(0) };
    let first = world.billing.reserve(&world.scope, ask(70_000)).await.unwrap();
    let Err(Error::PaymentRequired(blocked)) = world.billing.reserve(&world.scope, ask(70_000)).await else {
        panic!("more was set aside than there is")
    };
    assert_eq!(
        (blocked.reason, blocked.lacks),
        (BlockReason::PackageBlocked, Some(PackageLimit::SandboxMinutes))
    );
    assert_eq!(blocked.included_in, ["Pro", "Team", "Scale"]);
    assert!(blocked.message.contains("50 seconds are free"), "{}", blocked.message);
    assert_eq!(world.billing.overview(&world.scope).await.unwrap().used.sandbox_millis, 70_000);
    let used = Used { cost: Microcredits::ZERO, millis: 10_000, ..Used::default() };
    world.billing.settle(&world.scope, first.id, used).await.unwrap();
    let second = world.billing.reserve(&world.scope, ask(110_000)).await.unwrap();
    world.billing.release(&world.scope, second.id).await.unwrap();
    assert_eq!(world.billing.overview(&world.scope).await.unwrap().used.sandbox_millis, 10_000);
    // Of many at once as many as fit: three of half a minute beside ten seconds.
    let asks = (0..20).map(|_| world.billing.reserve(&world.scope, ask(30_000)));
    let done = futures::future::join_all(asks).await;
    assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 3);
    world.audit().await;
}

#[tokio::test]
async fn a_refusal_names_the_packages_that_include_the_model() {
    let world = World::with(minutes(2)).await;
    let mut ask = world.ask(5);
    ask.tier = Some(Tier::Premium);
    let Err(Error::PaymentRequired(blocked)) = world.billing.reserve(&world.scope, ask).await else {
        panic!("it is included")
    };
    assert_eq!(blocked.included_in, ["Pro", "Team", "Scale"]);
}
