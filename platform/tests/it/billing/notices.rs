//! Who looks after money is told what of a budget is used.

use super::support::*;
use alumia_platform::{
    billing::{Notices, payments::Payments},
    jobs::{Jobs, Worker},
    mail::{LETTER_JOB, Links, Mailbox, Outbox},
    orgs::{Members, Office},
    secrets::{MasterKeys, Secrets},
};
use alumia_protocol::{
    Microcredits, UserId,
    billing::{AutoTopUpLimits, BucketKind, BudgetLimit, BudgetPeriod, BudgetScope, SetAutoTopUp},
};
use std::sync::Arc;

async fn add(world: &World, email: &str, role: &str) {
    let mut tx = world.store.begin().await.unwrap();
    let id = UserId::new().to_string();
    sqlx::query("INSERT INTO users (id, email, email_key, name, created_at, updated_at) VALUES ($1, $2, $2, $2, 0, 0)")
        .bind(&id)
        .bind(email)
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, 0)")
        .bind(world.org().to_string())
        .bind(&id)
        .bind(role)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Letters as they arrive, and who writes them.
async fn post_office(world: &World) -> (Notices, Mailbox, Worker) {
    let shared = || Arc::new(world.clock.clone());
    let jobs = Jobs::new(world.store.store(), shared());
    let master = MasterKeys::parse(&"07".repeat(32)).unwrap();
    let secrets = Secrets::open(world.store.store(), shared(), master).await.unwrap();
    let mailbox = Mailbox::new(shared());
    let links = Links::new("https://alumia.example.org");
    let outbox = Outbox::new(world.store.store(), jobs.clone(), secrets, Arc::new(mailbox.clone()), links);
    let worker = Worker::new(jobs).with(LETTER_JOB, outbox.clone());
    let members = Members::new(Office::new(world.store.store(), shared()));
    (Notices::new(world.billing.clone(), members, outbox), mailbox, worker)
}

#[tokio::test]
async fn who_looks_after_money_is_told_once_that_credits_no_longer_buy_themselves() {
    let world = World::poor().await;
    let (notices, mailbox, worker) = post_office(&world).await;
    add(&world, "money@example.org", "billing").await;
    add(&world, "viewer@example.org", "viewer").await;
    let payments = Payments::new(world.billing.clone()).with_test_money();
    let set = async |card: &str| {
        let limits = AutoTopUpLimits { threshold: 100, credits: 500, monthly_cap: 5_000 };
        let new = SetAutoTopUp { limits, new_card: false, test_card: Some(card.into()) };
        payments.set_auto_top_up(&world.scope, new, &Links::default(), "main").await.unwrap();
        payments.top_up().await.unwrap();
    };
    set("4242424242424242").await;
    payments.end_auto_top_up(&world.scope).await.unwrap();
    assert_eq!(notices.tell().await.unwrap(), 0, "a person's own doing is no news");
    let held = world.reserve(500_000_000).await.unwrap();
    world.settle(held.id, 500_000_000).await.unwrap();
    set("4000000000000341").await;
    let (one, other) = tokio::join!(notices.tell(), notices.tell());
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    while worker.do_due().await.unwrap() > 0 {}
    let letters = mailbox.letters();
    assert_eq!(letters.len(), 2);
    for kept in letters {
        assert_eq!(kept.letter.subject, "Automatic top-up of main was turned off");
        assert!(kept.letter.text.contains("The card was declined."), "{}", kept.letter.text);
        assert!(kept.letter.text.contains("https://alumia.example.org/main/billing#auto-top-up"));
    }
    // Turned on again and declined again, it is told again.
    world.clock.advance(HOUR);
    set("4000000000000341").await;
    assert_eq!(notices.tell().await.unwrap(), 1);
}

#[tokio::test]
async fn marks_are_told_once_to_those_who_look_after_money() {
    let world = World::poor().await;
    let (notices, mailbox, worker) = post_office(&world).await;
    add(&world, "money@example.org", "billing").await;
    add(&world, "viewer@example.org", "viewer").await;
    world.grant("a", BucketKind::TopUp, 1_000_000_000, None).await;
    let budget = |hard, limit: i64| BudgetLimit {
        scope: BudgetScope::Org,
        target_id: None,
        period: BudgetPeriod::Month,
        limit: Microcredits(limit * 1_000_000),
        hard,
    };
    world.billing.set_budgets(&world.scope, vec![budget(false, 100), budget(true, 400)]).await.unwrap();
    let spend = async |credits: i64| {
        let held = world.reserve(credits * 1_000_000).await.unwrap();
        world.settle(held.id, credits * 1_000_000).await.unwrap();
    };
    // Nothing, then half, then past 80 and 100 at once.
    spend(40).await;
    assert_eq!(notices.tell().await.unwrap(), 0);
    spend(10).await;
    assert_eq!(notices.tell().await.unwrap(), 1);
    assert_eq!(notices.tell().await.unwrap(), 0);
    spend(150).await;
    let (one, other) = tokio::join!(notices.tell(), notices.tell());
    assert_eq!(one.unwrap() + other.unwrap(), 2, "told by one of two servers");
    while worker.do_due().await.unwrap() > 0 {}
    let mut letters: Vec<(String, String)> =
        mailbox.letters().into_iter().map(|kept| (kept.letter.to, kept.letter.subject)).collect();
    letters.sort();
    let subjects = [
        "50 % of a budget of main is used",
        "50 % of a budget of main is used",
        "A budget of main is used up",
    ];
    // The owner's address is its id here.
    let owner = world.scope.user_id().to_string();
    let expected: Vec<(String, String)> = [owner.as_str(), "money@example.org"]
        .into_iter()
        .flat_map(|to| subjects.map(|subject| (to.to_owned(), subject.to_owned())))
        .collect();
    assert_eq!(letters, expected);
    let texts: Vec<String> = mailbox.letters().into_iter().map(|kept| kept.letter.text).collect();
    let half = "is used to 50 %: 50 credits of 100 credits this month.";
    assert_eq!(texts.iter().filter(|text| text.contains(half)).count(), 2, "{texts:?}");
    assert!(texts.iter().all(|text| text.contains("https://alumia.example.org/main/billing")), "{texts:?}");
}
