//! An organisation with credits in a database of its own.

use alumia_platform::{
    Error, OrgScope, Result,
    billing::{Ask, Billing, Grant, Operation, Package, Packages, Reservation, Used},
    clock::ManualClock,
    orgs::Orgs,
    store::testing::TestStore,
};
use alumia_protocol::{
    AgentId, Microcredits, OrgId, ReservationId, Timestamp, UserId,
    billing::{BlockReason, BucketKind, ChargedTo},
};
use std::{sync::Arc, time::Duration};

/// 2026-09-21T14:13:20Z, a Monday.
pub const START: Timestamp = Timestamp(1_790_000_000_000_000);
pub const HOUR: Duration = Duration::from_hours(1);
pub const DAY: Duration = Duration::from_hours(24);

pub struct World {
    pub store: TestStore,
    pub clock: ManualClock,
    pub billing: Billing,
    pub scope: OrgScope,
}

/// What an organisation's buckets come to. What is over counts as lost, swept or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub granted: i64,
    pub free: i64,
    pub held: i64,
    pub spent: i64,
    pub lost: i64,
    pub reversed: i64,
}

impl World {
    /// An organisation whose package grants nothing.
    pub async fn poor() -> Self {
        let packages = Packages::new(&[], "personal").unwrap();
        let none = Package { monthly_credits: Microcredits::ZERO, ..packages.first().clone() };
        Self::with(Packages::new(&[none], "personal").unwrap()).await
    }

    /// An organisation with the package of new ones.
    pub async fn with(packages: Packages) -> Self {
        let store = TestStore::new().await;
        let clock = ManualClock::new(START);
        let billing = Billing::new(store.store(), Arc::new(clock.clone()), packages);
        let scope = org(&store, "main").await;
        Self { store, clock, billing, scope }
    }

    /// The same credits as another process sees them.
    pub fn restart(&mut self) {
        let packages = self.billing.packages().clone();
        self.billing = Billing::new(self.store.store(), Arc::new(self.clock.clone()), packages);
    }

    pub fn org(&self) -> OrgId {
        self.scope.org_id()
    }

    pub async fn grant(&self, key: &str, kind: BucketKind, amount: i64, lasts: Option<Duration>) {
        self.billing.grant(self.org(), self.grant_of(key, kind, amount, lasts)).await.unwrap();
    }

    pub fn grant_of(&self, key: &str, kind: BucketKind, amount: i64, lasts: Option<Duration>) -> Grant {
        let expires_at = lasts.map(|lasts| self.in_the_future(lasts));
        Grant { key: key.into(), kind, amount: Microcredits(amount), expires_at }
    }

    pub fn in_the_future(&self, by: Duration) -> Timestamp {
        use alumia_platform::clock::Clock as _;
        self.clock.now().plus_micros(i64::try_from(by.as_micros()).unwrap())
    }

    pub fn ask(&self, amount: i64) -> Ask {
        Ask {
            id: ReservationId::new(),
            operation: Operation::Model,
            model: "m".into(),
            provider: String::new(),
            tier: None,
            amount: Microcredits(amount),
            millis: 0,
            charged_to: ChargedTo::default(),
            run_limit: None,
            deadline: self.in_the_future(HOUR),
        }
    }

    pub async fn reserve(&self, amount: i64) -> Result<Reservation> {
        self.billing.reserve(&self.scope, self.ask(amount)).await
    }

    pub async fn settle(&self, id: ReservationId, cost: i64) -> Result<Reservation> {
        self.billing.settle(&self.scope, id, used(cost)).await
    }

    pub async fn sums(&self) -> Sums {
        use alumia_platform::clock::Clock as _;
        let row: (i64, i64, i64, i64, i64, i64) = sqlx::query_as(
            "SELECT CAST(COALESCE(SUM(granted), 0) AS BIGINT), \
             CAST(COALESCE(SUM(CASE WHEN expires_at <= $2 THEN 0 \
             ELSE granted - consumed - reserved - expired - reversed END), 0) AS BIGINT), \
             CAST(COALESCE(SUM(reserved), 0) AS BIGINT), CAST(COALESCE(SUM(consumed), 0) AS BIGINT), \
             CAST(COALESCE(SUM(CASE WHEN expires_at <= $2 THEN granted - consumed - reserved - reversed \
             ELSE expired END), 0) AS BIGINT), CAST(COALESCE(SUM(reversed), 0) AS BIGINT) \
             FROM credit_buckets WHERE org_id = $1",
        )
        .bind(self.org().to_string())
        .bind(self.clock.now().0)
        .fetch_one(self.store.read())
        .await
        .unwrap();
        Sums { granted: row.0, free: row.1, held: row.2, spent: row.3, lost: row.4, reversed: row.5 }
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).bind(self.org().to_string()).fetch_one(self.store.read()).await.unwrap()
    }

    /// That buckets, reservations and budgets are what the ledger's entries say, whatever happened.
    pub async fn audit(&self) {
        for (what, sql) in [
            (
                "buckets",
                "SELECT COUNT(*) FROM credit_buckets b WHERE b.org_id = $1 AND (\
                 b.reserved <> COALESCE((SELECT SUM(CASE WHEN e.target = 'reserved' THEN e.amount ELSE 0 END) \
                 - SUM(CASE WHEN e.source = 'reserved' THEN e.amount ELSE 0 END) FROM ledger_entries e \
                 WHERE e.org_id = b.org_id AND e.bucket_id = b.id), 0) \
                 OR b.consumed <> COALESCE((SELECT SUM(CASE WHEN e.target = 'spent' THEN e.amount ELSE 0 END) \
                 FROM ledger_entries e WHERE e.org_id = b.org_id AND e.bucket_id = b.id), 0) \
                 OR b.granted - b.consumed - b.reserved - b.expired - b.reversed <> \
                 COALESCE((SELECT SUM(CASE WHEN e.target = 'available' THEN e.amount ELSE 0 END) \
                 - SUM(CASE WHEN e.source = 'available' THEN e.amount ELSE 0 END) FROM ledger_entries e \
                 WHERE e.org_id = b.org_id AND e.bucket_id = b.id), 0))",
            ),
            (
                "reservations",
                "SELECT COUNT(*) FROM reservations r WHERE r.org_id = $1 AND r.cost + r.written_off <> \
                 COALESCE((SELECT SUM(e.amount) FROM ledger_entries e WHERE e.org_id = r.org_id \
                 AND e.reservation_id = r.id AND e.target = 'spent'), 0)",
            ),
            (
                "what is held",
                "SELECT CAST(COALESCE((SELECT SUM(amount) FROM reservations WHERE org_id = $1 AND state = 'open'), 0) \
                 - COALESCE((SELECT SUM(reserved) FROM credit_buckets WHERE org_id = $1), 0) AS BIGINT)",
            ),
            (
                "budgets of the organisation",
                "SELECT COUNT(*) FROM budgets b JOIN budget_periods p ON p.org_id = b.org_id \
                 AND p.budget_id = b.id WHERE b.org_id = $1 AND b.scope = 'org' AND b.period = 'total' AND (\
                 p.spent <> (SELECT COALESCE(SUM(cost - refunded), 0) FROM reservations r WHERE r.org_id = b.org_id) \
                 OR p.reserved <> (SELECT COALESCE(SUM(amount), 0) FROM reservations r \
                 WHERE r.org_id = b.org_id AND r.state = 'open'))",
            ),
        ] {
            assert_eq!(self.number(sql).await, 0, "{what} are not what the entries say");
        }
    }
}

pub fn used(cost: i64) -> Used {
    Used { cost: Microcredits(cost), ..Used::default() }
}

pub fn of_agent(agent: AgentId) -> ChargedTo {
    ChargedTo { agent_id: Some(agent), ..ChargedTo::default() }
}

/// Why a call was blocked.
pub fn reason<T: std::fmt::Debug>(result: Result<T>) -> BlockReason {
    match result {
        Err(Error::PaymentRequired(blocked)) => blocked.reason,
        other => panic!("not blocked: {other:?}"),
    }
}

/// An organisation that nobody signed up for.
pub async fn org(store: &TestStore, slug: &str) -> OrgScope {
    let (org, user) = (OrgId::new(), UserId::new());
    let mut tx = store.begin().await.unwrap();
    let (id, owner) = (org.to_string(), user.to_string());
    for (sql, key, other) in [
        (
            "INSERT INTO users (id, email, email_key, name, created_at, updated_at) VALUES ($1, $1, $1, $2, $3, $3)",
            &owner,
            slug,
        ),
        ("INSERT INTO orgs (id, slug, name, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)", &id, slug),
        ("INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, 'owner', $3)", &id, &owner),
    ] {
        sqlx::query(sql).bind(key).bind(other).bind(START.0).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    Orgs::new(store.store()).scope(user, slug).await.unwrap()
}
