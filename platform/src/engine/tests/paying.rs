//! Runs that are paid with credits.

use super::*;
use crate::{
    Error,
    audit::{Means, Origin},
    billing::{Grant, Package, Rates},
    engine::testing::Say,
};
use alumia_protocol::{
    Microcredits,
    billing::{BlockReason, BucketKind, BudgetLimit, BudgetPeriod, BudgetScope},
    events::Usage,
    sessions::SessionStatus,
};

use serde_json::json;

const USAGE: Usage = Usage { input_tokens: 1_000, cached_tokens: 0, output_tokens: 200 };
/// At the scripted model's price.
const COST: i64 = 1_000 * 3 + 200 * 15;

fn says(text: &str) -> Vec<Say> {
    vec![Say::Usage(USAGE), Say::text(text)]
}

/// An office whose organisation is given nothing.
async fn poor(model: Arc<Scripted>) -> Office {
    let mut office = Office::new(model, &[]).await;
    let none = Package { monthly_credits: Microcredits::ZERO, ..office.packages.first().clone() };
    office.packages = Packages::new(&[none], "personal").unwrap();
    office
}

async fn pay(office: &Office, engine: &Engine, key: &str, amount: i64) {
    let grant =
        Grant { key: key.into(), kind: BucketKind::TopUp, amount: Microcredits(amount), expires_at: None };
    engine.parts.billing.grant(office.house.org, grant).await.unwrap();
}

async fn number(office: &Office, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .bind(office.house.org.to_string())
        .fetch_one(office.house.store.read())
        .await
        .unwrap()
}

/// What was charged, and what is still held.
pub async fn books(office: &Office) -> (i64, i64) {
    let charged = "SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM reservations WHERE org_id = $1 AND written_off = 0";
    let held = "SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM credit_buckets WHERE org_id = $1";
    (number(office, charged).await, number(office, held).await)
}

/// What the log says that calls cost.
pub fn bills(events: &[Event]) -> i64 {
    let cost = |event: &Event| match &event.data {
        EventData::UsageRecorded { cost_microcredits, .. } => *cost_microcredits,
        _ => 0,
    };
    events.iter().map(cost).sum()
}

async fn status(office: &Office, session: SessionId) -> SessionStatus {
    let sessions = office.house.sessions(&office.log);
    sessions.get(&office.house.owner, session).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_costs_what_it_used_and_the_rest_comes_back() {
    let office = Office::new(Scripted::answers([says("Hello.")]), &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    let end = office.first(session, "run.completed").await;
    assert_eq!(super::end(&end).cost_microcredits, COST);
    assert_eq!(books(&office).await, (COST, 0));
    let request = &office.model.requests()[0];
    assert!(request.max_output_tokens.is_some(), "what is set aside bounds the answer");
    let of = "SELECT COUNT(*) FROM reservations WHERE org_id = $1 AND state = 'settled' AND input_tokens = 1000 \
              AND output_tokens = 200 AND model = 'scripted-1' AND run_id IS NOT NULL AND workspace_id IS NOT NULL \
              AND user_id IS NOT NULL AND agent_id IS NOT NULL AND session_id IS NOT NULL";
    assert_eq!(number(&office, of).await, 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_credits_waits_and_goes_on_when_they_come() {
    let office = poor(Scripted::answers([says("Paid.")])).await;
    let (engine, elsewhere) = (office.engine(), office.engine());
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    match office.first(session, "billing.blocked").await {
        EventData::BillingBlocked(blocked) => {
            assert_eq!((blocked.reason, blocked.missing), (BlockReason::NoCredits, blocked.needed));
        }
        other => panic!("{other:?}"),
    }
    let free = engine.here.places.clone();
    office
        .until("it lets go", || async {
            !engine.here.is_busy() && free.available_permits() == office.limits.workers
        })
        .await;
    assert_eq!(status(&office, session).await, SessionStatus::AwaitingPayment);
    // Too little, and then enough, through another process.
    pay(&office, &elsewhere, "a", 1).await;
    assert_eq!(engine.resume_paid().await.unwrap(), 0);
    pay(&office, &elsewhere, "b", 10_000_000).await;
    office.first(session, "run.completed").await;
    let events = office.events(session).await;
    assert_eq!(said(&events), ["Paid."]);
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == "billing.blocked").count(), 1);
    assert_eq!(status(&office, session).await, SessionStatus::Idle);
    assert_eq!(books(&office).await, (COST, 0));
    assert_eq!(number(&office, "SELECT COUNT(*) FROM billing_waits WHERE org_id = $1").await, 0);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raised_budget_lets_a_run_go_on() {
    let office = Office::new(Scripted::answers([says("Raised.")]), &[]).await;
    let engine = office.engine();
    let budget = |limit| {
        vec![BudgetLimit {
            scope: BudgetScope::Org,
            target_id: None,
            period: BudgetPeriod::Month,
            limit: Microcredits(limit),
            hard: true,
        }]
    };
    let billing = &engine.parts.billing;
    billing.set_budgets(&office.house.owner, budget(5)).await.unwrap();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    match office.first(session, "billing.blocked").await {
        EventData::BillingBlocked(blocked) => {
            assert_eq!(blocked.reason, BlockReason::BudgetExhausted);
            assert_eq!(blocked.budget, budget(5).pop());
        }
        other => panic!("{other:?}"),
    }
    billing.set_budgets(&office.house.owner, budget(100_000_000)).await.unwrap();
    office.first(session, "run.completed").await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_runs_go_on_in_their_order_as_far_as_credits_reach() {
    let mut office = poor(Scripted::by(|_, _| says("Paid."))).await;
    // Time passes between the three, so that their order is one.
    office.limits.lease = Duration::from_hours(1);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let mut sessions = Vec::new();
    let mut needed = 0;
    for index in 0..3 {
        let session = office.open(&engine, &format!("number {index}")).await.session_id;
        if let EventData::BillingBlocked(blocked) = office.first(session, "billing.blocked").await {
            needed = blocked.needed.0;
        }
        office.until("it lets go", || async { !engine.here.is_busy() }).await;
        sessions.push(session);
        office.clock.advance(Duration::from_secs(1));
    }
    worker.shut_down().await;
    // Enough for the worst case of two at once, not of three.
    pay(&office, &engine, "a", needed * 2).await;
    let payable = engine.parts.billing.payable().await.unwrap();
    let order: Vec<_> = payable.iter().filter_map(|(_, ask)| ask.charged_to.session_id).collect();
    assert_eq!(order, sessions[..2]);
    assert_eq!(engine.resume_paid().await.unwrap(), 2);
    let worker = Working::start(&engine);
    // What the first two gave back pays for the third.
    for session in &sessions {
        office.first(*session, "run.completed").await;
    }
    assert_eq!(books(&office).await, (3 * COST, 0));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_payment_can_be_stopped() {
    let office = poor(Scripted::answers([says("Never.")])).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    office.first(session, "billing.blocked").await;
    office.until("it lets go", || async { !engine.here.is_busy() }).await;
    engine.stop(&office.house.owner, session).await.unwrap();
    office.first(session, "run.cancelled").await;
    pay(&office, &engine, "a", 10_000_000).await;
    assert_eq!(engine.resume_paid().await.unwrap(), 0);
    assert!(office.model.requests().is_empty());
    worker.shut_down().await;
}

/// The process dies with a call under way: its reservation comes back, and what the next one does is paid
/// once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_reserving_and_settling_costs_nothing() {
    let model =
        Scripted::by(|_, nth| if nth == 0 { vec![Say::text("Lost "), Say::Hang] } else { says("Done.") });
    let office = Office::new(model, &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    office.until("the call is made", || async { office.model.requests().len() == 1 }).await;
    let (charged, held) = books(&office).await;
    assert!(charged == 0 && held > 0, "{charged} {held}");
    worker.kill().await;
    office.leases_end();
    let next = office.next_engine();
    let worker = Working::start(&next);
    office.first(session, "run.completed").await;
    assert_eq!(books(&office).await, (COST, 0));
    assert_eq!(bills(&office.events(session).await), COST);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_free_model_asks_nobody() {
    let mut office = poor(Scripted::answers([says("Free.")])).await;
    let mut model = Scripted::model();
    model.price = Some(alumia_protocol::models::Price::default());
    office.models = Models::new(vec![(office.model.clone(), vec![model])]);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    office.first(session, "run.completed").await;
    assert_eq!(number(&office, "SELECT COUNT(*) FROM reservations WHERE org_id = $1").await, 0);
    assert_eq!(office.model.requests()[0].max_output_tokens, None);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_without_a_price_does_not_run() {
    let mut office = Office::new(Scripted::answers([says("Never.")]), &[]).await;
    let mut model = Scripted::model();
    model.price = None;
    office.models = Models::new(vec![(office.model.clone(), vec![model])]);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "hi").await.session_id;
    let failed = office.first(session, "run.failed").await;
    assert!(format!("{failed:?}").contains("has no price"), "{failed:?}");
    worker.shut_down().await;
}

/// A tool whose second costs a thousand microcredits; it lets the office's clock go on by three.
fn digging(office_clock: ManualClock) -> Arc<FakeTool> {
    let tool = FakeTool::new("dig").once().paid().timeout(Duration::from_mins(1));
    Arc::new(tool.doing(move |_, _| {
        let clock = office_clock.clone();
        Box::pin(async move {
            clock.advance(Duration::from_secs(3));
            Ok(json!("dug"))
        })
    }))
}

async fn diggers(mut office: Office) -> (Office, Arc<FakeTool>) {
    let dig = digging(office.clock.clone());
    let agents = Agents::new(office.house.store.store(), office.house.clock.clone());
    agents.set_tool(&office.house.owner, office.house.agent, "dig", true).await.unwrap();
    office.tools = Tools::new(vec![dig.clone() as Arc<dyn Tool>]);
    office.packages = office.packages.charging(Rates::new(1_000, 0).unwrap());
    office.limits.lease = Duration::from_hours(1);
    (office, dig)
}

fn digs() -> Vec<Vec<Say>> {
    let first = vec![Say::Usage(USAGE), Say::call("dig", json!({ "n": 1 }))];
    vec![first, says("Dug.")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_is_paid_by_time_costs_the_time_that_it_took() {
    let (office, dig) = diggers(Office::new(Scripted::answers(digs()), &[]).await).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "dig").await.session_id;
    let end = office.first(session, "run.completed").await;
    let EventData::ToolCompleted { cost_microcredits, reservation_id, .. } =
        office.first(session, "tool.completed").await
    else {
        panic!("no end of the call")
    };
    assert_eq!((cost_microcredits, dig.runs()), (3_000, 1));
    assert_eq!(super::end(&end).cost_microcredits, 2 * COST + 3_000);
    assert_eq!(books(&office).await, (2 * COST + 3_000, 0));
    // Up to a minute, and two seconds until its processes are gone, had been set aside.
    let of = "SELECT COUNT(*) FROM reservations WHERE org_id = $1 AND state = 'settled' AND operation = 'sandbox' \
              AND amount = 62000 AND cost = 3000 AND millis = 3000 AND run_id IS NOT NULL";
    assert_eq!(number(&office, of).await, 1);
    assert!(reservation_id.is_some());
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_can_not_be_paid_waits_and_runs_once_when_it_can() {
    let model = Scripted::by(|request, _| match request.messages.len() {
        1 => vec![Say::call("dig", json!({ "n": 1 }))],
        _ => vec![Say::text("Dug.")],
    });
    let mut office = poor(model).await;
    let mut free = Scripted::model();
    free.price = Some(alumia_protocol::models::Price::default());
    office.models = Models::new(vec![(office.model.clone(), vec![free])]);
    let (office, dig) = diggers(office).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "dig").await.session_id;
    match office.first(session, "billing.blocked").await {
        EventData::BillingBlocked(blocked) => assert_eq!(blocked.needed, Microcredits(62_000)),
        other => panic!("{other:?}"),
    }
    office.until("it lets go", || async { !engine.here.is_busy() }).await;
    assert_eq!((status(&office, session).await, dig.runs()), (SessionStatus::AwaitingPayment, 0));
    pay(&office, &engine, "a", 62_000).await;
    office.first(session, "run.completed").await;
    assert_eq!(dig.runs(), 1);
    assert_eq!(books(&office).await, (3_000, 0));
    assert_eq!(outcomes(&office.events(session).await), [("dig".to_owned(), "completed".to_owned())]);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_programs_at_once_as_many_run_as_can_be_paid_and_the_others_are_told() {
    let told = Arc::new(tokio::sync::Notify::new());
    let wait = told.clone();
    let office = poor(Scripted::by(move |_, _| {
        let mut says = says("Paid.");
        says.insert(0, Say::Wait(wait.clone()));
        says
    }))
    .await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let origin = Origin { means: Means::Key("key".into()), ..Origin::default() };
    let program = office.house.owner.clone().coming_from(Arc::new(origin));
    let Err(Error::PaymentRequired(blocked)) = engine.chat(&program, office.request(None, "hi")).await else {
        panic!("it was accepted")
    };
    pay(&office, &engine, "ten", blocked.needed.0 * 10).await;
    let chats = (0..500).map(|_| engine.chat(&program, office.request(None, "hi")));
    let mut accepted = Vec::new();
    for result in futures::future::join_all(chats).await {
        match result {
            Ok(chat) => accepted.push(chat.session_id),
            Err(Error::PaymentRequired(blocked)) => assert_eq!(blocked.reason, BlockReason::NoCredits),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(accepted.len(), 10);
    office.until("all ten are at work", || async { office.model.requests().len() == 10 }).await;
    let free =
        "SELECT CAST(SUM(granted - consumed - reserved) AS BIGINT) FROM credit_buckets WHERE org_id = $1";
    assert_eq!(number(&office, free).await, 0);
    for _ in 0..10 {
        told.notify_one();
        told.notify_waiters();
    }
    for session in accepted {
        office
            .until("it ends", || async {
                told.notify_waiters();
                office.events(session).await.iter().any(|event| event.data.ends_run())
            })
            .await;
    }
    assert_eq!(books(&office).await, (10 * COST, 0));
    assert_eq!(number(&office, "SELECT COUNT(*) FROM runs WHERE org_id = $1").await, 10);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_told_before_anything_is_stored() {
    let office = poor(Scripted::answers([says("Paid.")])).await;
    let engine = office.engine();
    let origin = Origin { means: Means::Key("key".into()), ..Origin::default() };
    let program = office.house.owner.clone().coming_from(Arc::new(origin));
    let request = office.request(None, "hi");
    let Err(Error::PaymentRequired(blocked)) = engine.chat(&program, request.clone()).await else {
        panic!("it was accepted")
    };
    assert_eq!(blocked.reason, BlockReason::NoCredits);
    for table in
        ["SELECT COUNT(*) FROM runs WHERE org_id = $1", "SELECT COUNT(*) FROM sessions WHERE org_id = $1"]
    {
        assert_eq!(number(&office, table).await, 0, "{table}");
    }
    pay(&office, &engine, "a", 10_000_000).await;
    let worker = Working::start(&engine);
    let accepted = engine.chat(&program, request).await.unwrap();
    office.first(accepted.session_id, "run.completed").await;
    worker.shut_down().await;
}

/// An office whose package includes so many minutes in the sandbox, which cost nothing.
async fn with_minutes(minutes: u32) -> (Office, Arc<FakeTool>) {
    let model = Scripted::by(|request, _| match request.messages.len() {
        1 => vec![Say::call("dig", json!({ "n": 1 }))],
        _ => vec![Say::text("Dug.")],
    });
    let (mut office, dig) = diggers(Office::new(model, &[]).await).await;
    let caps = Caps { sandbox_minutes: Some(minutes), ..Caps::default() };
    let first = Package { caps, ..office.packages.first().clone() };
    office.packages = Packages::new(&[first], "personal").unwrap();
    (office, dig)
}

async fn blocked_by_package(office: &Office, session: SessionId) {
    match office.first(session, "billing.blocked").await {
        EventData::BillingBlocked(blocked) => assert_eq!(blocked.reason, BlockReason::PackageBlocked),
        other => panic!("{other:?}"),
    }
    office
        .until("it waits", || async { status(office, session).await == SessionStatus::AwaitingPayment })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_beyond_the_packages_minutes_waits_for_another_package() {
    // Its deadline of a minute, and two seconds, are more than there is.
    let (office, dig) = with_minutes(1).await;
    let engine = office.engine();
    engine.parts.billing.open(office.house.org).await.unwrap();
    let worker = Working::start(&engine);
    let session = office.open(&engine, "dig").await.session_id;
    blocked_by_package(&office, session).await;
    assert_eq!(dig.runs(), 0);
    let mut tx = office.house.store.begin().await.unwrap();
    sqlx::query("UPDATE billing_accounts SET package = 'pro' WHERE org_id = $1")
        .bind(office.house.org.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    office.first(session, "run.completed").await;
    assert_eq!(dig.runs(), 1);
    let of = "SELECT COUNT(*) FROM reservations WHERE org_id = $1 AND state = 'settled' AND operation = 'sandbox' \
              AND cost = 0 AND millis = 3000";
    assert_eq!(number(&office, of).await, 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_beyond_the_packages_minutes_goes_on_in_the_next_month() {
    let (office, dig) = with_minutes(2).await;
    let engine = office.engine();
    engine.parts.billing.open(office.house.org).await.unwrap();
    let worker = Working::start(&engine);
    let first = office.open(&engine, "dig").await.session_id;
    office.first(first, "run.completed").await;
    // Three seconds are used: a minute and two seconds fit once, and not beside another.
    let mut tx = office.house.store.begin().await.unwrap();
    sqlx::query("UPDATE reservations SET millis = 60000 WHERE org_id = $1 AND operation = 'sandbox'")
        .bind(office.house.org.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let second = office.open(&engine, "dig").await.session_id;
    blocked_by_package(&office, second).await;
    assert_eq!(dig.runs(), 1);
    office.clock.advance(Duration::from_hours(24 * 32));
    office.first(second, "run.completed").await;
    assert_eq!(dig.runs(), 2);
    worker.shut_down().await;
}
