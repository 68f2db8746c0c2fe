//! How many calls a second the ledger reserves and settles, durably: `scripts/bench ledger`.
//!
//! Prints a table; `ALUMIA_TEST_DATABASE` names a PostgreSQL, as for tests.
#![allow(clippy::unwrap_used, reason = "a bench has nobody to answer to")]

use alumia_platform::{
    OrgScope,
    billing::{Ask, Billing, Grant, Operation, Packages, Used},
    clock::{Clock, SystemClock},
    orgs::Orgs,
    store::{Engine, testing::TestStore},
};
use alumia_protocol::{
    AgentId, Microcredits, OrgId, ReservationId, RunId, TargetId, UserId,
    billing::{BucketKind, BudgetLimit, BudgetPeriod, BudgetScope, ChargedTo},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const LASTS: Duration = Duration::from_secs(5);
const ACCOUNTS: usize = 64;

#[tokio::main]
async fn main() {
    let store = TestStore::new().await;
    let engine = match store.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    let packages = Packages::new(&[], "personal").unwrap();
    let billing = Billing::new(store.store(), Arc::new(SystemClock), packages);
    let mut scopes = Vec::new();
    for index in 0..ACCOUNTS {
        let scope = account(&store, &format!("org-{index}")).await;
        let grant = Grant {
            key: "bench".into(),
            kind: BucketKind::TopUp,
            amount: Microcredits(1_000_000_000_000_000),
            expires_at: None,
        };
        billing.grant(scope.org_id(), grant).await.unwrap();
        scopes.push(scope);
    }
    let agent = AgentId::new();
    for (what, accounts, callers, budgets) in [
        ("spread over 64 accounts, 256 callers", ACCOUNTS, 256, 0),
        ("one account, 64 callers", 1, 64, 0),
        ("one account with 3 hard budgets, 64 callers", 1, 64, 3),
        ("one account, one caller", 1, 1, 0),
    ] {
        let limit = |(scope, target_id)| BudgetLimit {
            scope,
            target_id,
            period: BudgetPeriod::Day,
            limit: Microcredits(1_000_000_000_000),
            hard: true,
        };
        let limits = [
            (BudgetScope::Org, None),
            (BudgetScope::Agent, Some(TargetId(agent.0))),
            (BudgetScope::User, Some(TargetId(scopes[0].user_id().0))),
        ];
        let limits = limits.into_iter().take(budgets).map(limit).collect();
        billing.set_budgets(&scopes[0], limits).await.unwrap();
        let (rate, p50, p99) = measure(&billing, &scopes[..accounts], callers, agent).await;
        println!(
            "| reserve + settle, {engine}, {what} | {rate}/s, reserve p50 {p50:.2} ms, p99 {p99:.2} ms |"
        );
    }
}

async fn measure(billing: &Billing, scopes: &[OrgScope], callers: usize, agent: AgentId) -> (u64, f64, f64) {
    let (done, end) = (Arc::new(AtomicU64::new(0)), Instant::now() + LASTS);
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|index| {
            let (billing, scope) = (billing.clone(), scopes[index % scopes.len()].clone());
            let done = done.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    let ask = ask(&scope, agent);
                    let began = Instant::now();
                    let held = billing.reserve(&scope, ask).await.unwrap();
                    times.push(began.elapsed());
                    let used = Used { cost: Microcredits(700), ..Used::default() };
                    billing.settle(&scope, held.id, used).await.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    let took = started.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
    (done.load(Ordering::Relaxed) * 1_000 / took, at(50), at(99))
}

fn ask(scope: &OrgScope, agent: AgentId) -> Ask {
    Ask {
        id: ReservationId::new(),
        operation: Operation::Model,
        model: "bench/model".into(),
        provider: String::new(),
        tier: None,
        amount: Microcredits(1_000),
        millis: 0,
        charged_to: ChargedTo {
            user_id: Some(scope.user_id()),
            agent_id: Some(agent),
            run_id: Some(RunId::new()),
            ..ChargedTo::default()
        },
        run_limit: None,
        deadline: SystemClock.now().plus_seconds(600),
    }
}

async fn account(store: &TestStore, slug: &str) -> OrgScope {
    let (org, user) = (OrgId::new(), UserId::new());
    let (id, owner) = (org.to_string(), user.to_string());
    let mut tx = store.begin().await.unwrap();
    for (sql, key, other) in [
        (
            "INSERT INTO users (id, email, email_key, name, created_at, updated_at) VALUES ($1, $1, $1, $2, 1, 1)",
            &owner,
            slug,
        ),
        ("INSERT INTO orgs (id, slug, name, created_at, updated_at) VALUES ($1, $2, $2, 1, 1)", &id, slug),
        ("INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, 'owner', 1)", &id, &owner),
    ] {
        sqlx::query(sql).bind(key).bind(other).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    Orgs::new(store.store()).scope(user, slug).await.unwrap()
}
