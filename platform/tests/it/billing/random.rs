//! Random interleavings against the ledger on paper. `ALUMIA_LEDGER_STEPS` says how many steps, `ALUMIA_SEED`
//! repeats a run.

use super::{
    plain::{Plain, Says},
    support::*,
};
use alumia_platform::{Error, Result, clock::Clock as _};
use alumia_protocol::{
    AgentId, BucketId, Microcredits, ReservationId, TargetId,
    billing::{BlockReason, BucketKind, BudgetLimit, BudgetPeriod, BudgetScope},
};
use std::{collections::BTreeSet, time::Duration};

const KINDS: [BucketKind; super::plain::KINDS] =
    [BucketKind::Promo, BucketKind::Monthly, BucketKind::Adjustment, BucketKind::Refund, BucketKind::TopUp];
const A_DAY: i64 = 400;
const FIRST_AGENT: i64 = 20_000;

/// A small generator, so that a seed means the same for ever.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (self.0 >> 33) % u64::try_from(end.max(1)).unwrap();
        i64::try_from(number).unwrap()
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting of the server")]
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn says<T: std::fmt::Debug>(result: Result<T>) -> Says {
    match result {
        Ok(_) => Says::Done,
        Err(Error::Conflict { .. }) => Says::Over,
        Err(Error::PaymentRequired(blocked)) if blocked.reason == BlockReason::NoCredits => Says::NoCredits,
        Err(Error::PaymentRequired(blocked)) if blocked.reason == BlockReason::BudgetExhausted => {
            Says::OverBudget
        }
        Err(error) => panic!("{error:?}"),
    }
}

struct Table {
    world: World,
    plain: Plain,
    dice: Dice,
    agents: [AgentId; 2],
    calls: Vec<ReservationId>,
    buckets: Vec<BucketId>,
    grants: u64,
}

impl Table {
    async fn new(seed: u64) -> Self {
        let world = World::poor().await;
        let agents = [AgentId::new(), AgentId::new()];
        let limit = |scope, target_id, period, limit| BudgetLimit {
            scope,
            target_id,
            period,
            limit: Microcredits(limit),
            hard: true,
        };
        let budgets = vec![
            limit(BudgetScope::Org, None, BudgetPeriod::Day, A_DAY),
            limit(BudgetScope::Agent, Some(TargetId(agents[0].0)), BudgetPeriod::Total, FIRST_AGENT),
        ];
        world.billing.set_budgets(&world.scope, budgets).await.unwrap();
        let plain = Plain { now: START.0, a_day: A_DAY, first_agent: FIRST_AGENT, ..Plain::default() };
        let dice = Dice(seed);
        Self { world, plain, dice, agents, calls: Vec::new(), buckets: Vec::new(), grants: 0 }
    }

    /// A call, most often one of the latest.
    fn call(&mut self) -> Option<usize> {
        let count = i64::try_from(self.calls.len()).unwrap();
        let back = self.dice.below(count.min(12));
        usize::try_from(count - 1 - back).ok()
    }

    async fn step(&mut self) -> (&'static str, Says, Says) {
        match self.dice.below(100) {
            0..35 => self.reserve().await,
            35..60 => self.settle().await,
            60..68 => self.release().await,
            68..78 => self.grant().await,
            78..84 => self.refund().await,
            84..87 => self.reverse().await,
            87..92 => self.crash().await,
            _ => self.wait().await,
        }
    }

    async fn reserve(&mut self) -> (&'static str, Says, Says) {
        let (agent, amount) = (usize::from(self.dice.below(3) == 0), self.dice.below(40));
        let mut ask = self.world.ask(amount);
        ask.charged_to = of_agent(self.agents[agent]);
        ask.deadline =
            self.world.in_the_future(Duration::from_secs(self.dice.below(7_200).unsigned_abs() + 60));
        let wanted = self.plain.reserve(agent, amount, ask.deadline.0);
        if wanted == Says::Done {
            self.calls.push(ask.id);
        }
        ("reserve", wanted, says(self.world.billing.reserve(&self.world.scope, ask).await))
    }

    async fn settle(&mut self) -> (&'static str, Says, Says) {
        let Some(place) = self.call() else { return ("nothing", Says::Done, Says::Done) };
        let amount = self.plain.calls[place].amount;
        let beyond = if self.dice.below(5) == 0 { 40 } else { 1 };
        let cost = self.dice.below(amount + beyond);
        let wanted = self.plain.close(place, Some(cost));
        let result = self.world.settle(self.calls[place], cost).await;
        if let Ok(settled) = &result {
            assert_eq!(settled.cost.0, self.plain.calls[place].cost, "charged");
        }
        ("settle", wanted, says(result))
    }

    async fn release(&mut self) -> (&'static str, Says, Says) {
        let Some(place) = self.call() else { return ("nothing", Says::Done, Says::Done) };
        let wanted = self.plain.close(place, None);
        let result = self.world.billing.release(&self.world.scope, self.calls[place]).await;
        ("release", wanted, says(result))
    }

    async fn grant(&mut self) -> (&'static str, Says, Says) {
        let kind = usize::try_from(self.dice.below(5)).unwrap();
        let amount = self.dice.below(60) + 1;
        let lasts = (self.dice.below(3) > 0)
            .then(|| Duration::from_secs(self.dice.below(3 * 86_400).unsigned_abs() + 1));
        self.grants += 1;
        let grant = self.world.grant_of(&self.grants.to_string(), KINDS[kind], amount, lasts);
        self.plain.look();
        self.plain.grant(kind, amount, grant.expires_at.map_or(i64::MAX, |at| at.0));
        let result = self.world.billing.grant(self.world.org(), grant).await;
        self.buckets.extend(result.as_ref().map(|bucket| bucket.id));
        ("grant", Says::Done, says(result))
    }

    async fn refund(&mut self) -> (&'static str, Says, Says) {
        let Some(place) = self.call() else { return ("nothing", Says::Done, Says::Done) };
        let amount = self.dice.below(20) + 1;
        let wanted = self.plain.refund(place, amount);
        let result =
            self.world.billing.refund(self.world.org(), self.calls[place], Microcredits(amount)).await;
        self.buckets.extend(result.as_ref().map(|bucket| bucket.id));
        ("refund", wanted, says(result))
    }

    async fn reverse(&mut self) -> (&'static str, Says, Says) {
        let count = i64::try_from(self.buckets.len()).unwrap();
        let back = self.dice.below(count.min(8));
        let Ok(index) = usize::try_from(count - 1 - back) else { return ("nothing", Says::Done, Says::Done) };
        let total = self.dice.below(60);
        self.plain.reverse(index, total);
        let result =
            self.world.billing.reverse(self.world.org(), self.buckets[index], Microcredits(total)).await;
        ("reverse", Says::Done, says(result))
    }

    /// The process is killed in the middle of settling, and another one goes on.
    async fn crash(&mut self) -> (&'static str, Says, Says) {
        if let Some(place) = self.call() {
            let mut tx = self.world.store.begin().await.unwrap();
            let settled = self
                .world
                .billing
                .settle_within(&mut tx, &self.world.scope, self.calls[place], used(3))
                .await;
            assert_eq!(settled.is_ok(), self.plain.calls[place].open);
            drop(tx);
        }
        self.world.restart();
        ("crash", Says::Done, Says::Done)
    }

    async fn wait(&mut self) -> (&'static str, Says, Says) {
        let seconds = self.dice.below(3 * 3_600).unsigned_abs();
        self.world.clock.advance(Duration::from_secs(seconds));
        self.plain.now = self.world.clock.now().0;
        self.plain.sweep();
        self.plain.look();
        self.world.billing.sweep().await.unwrap();
        ("wait", Says::Done, Says::Done)
    }

    /// What the budgets count, against what paper says.
    async fn compare_budgets(&self) {
        let (days, first) = self.plain.budgets();
        let rows: Vec<(i64, i64, String)> = sqlx::query_as(
            "SELECT p.starts_at, p.spent + p.reserved, b.scope FROM budget_periods p \
             JOIN budgets b ON b.org_id = p.org_id AND b.id = p.budget_id WHERE p.org_id = $1",
        )
        .bind(self.world.org().to_string())
        .fetch_all(self.world.store.read())
        .await
        .unwrap();
        for (start, sum, scope) in rows {
            let wanted = match scope.as_str() {
                "org" => days.get(&(start / 86_400_000_000)).copied().unwrap_or(0),
                _ => first,
            };
            assert_eq!(sum, wanted, "budget of {scope} from {start}");
            assert!(sum <= if scope == "org" { A_DAY } else { FIRST_AGENT }, "a budget was passed");
        }
    }

    /// Plays, and returns what it came to.
    async fn play(mut self, steps: u64, seed: u64) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for step in 0..steps {
            // Before anything is granted: later there may never again be too little.
            let (what, wanted, result) = if step < 5 { self.reserve().await } else { self.step().await };
            assert_eq!(result, wanted, "step {step} ({what}) of seed {seed}");
            seen.insert(format!("{what}: {result:?}"));
            assert_eq!(self.world.sums().await, self.plain.sums(), "step {step} ({what}) of seed {seed}");
            if step % 500 == 499 {
                self.compare_budgets().await;
            }
        }
        self.compare_budgets().await;
        self.world.audit().await;
        seen
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_interleavings_are_what_paper_says() {
    let steps = setting("ALUMIA_LEDGER_STEPS", 3_000);
    let seed = setting("ALUMIA_SEED", u64::from(rand::random::<u32>()));
    // Books grow, and reading them back with them: long runs are several.
    let each = steps.min(5_000);
    let count = steps.div_ceil(each);
    let started = std::time::Instant::now();
    let mut seen = BTreeSet::new();
    for table in 0..count {
        let seed = seed + table;
        seen.extend(Table::new(seed).await.play(each, seed).await);
    }
    // A test that never came to the interesting places would say nothing.
    let interesting = [
        "reserve: Done",
        "reserve: NoCredits",
        "reserve: OverBudget",
        "settle: Done",
        "settle: Over",
        "release: Done",
        "release: Over",
        "refund: Done",
        "refund: Over",
    ];
    assert!(steps < 1_000 || interesting.iter().all(|what| seen.contains(*what)), "{seen:?}");
    println!("{} steps in {:.1} s", each * count, started.elapsed().as_secs_f32());
}
