//! No more runs at once than a package runs.

use super::*;
use crate::{
    billing::{Caps, Package},
    engine::testing::Say,
};
use alumia_protocol::{sessions::SessionStatus, tools::Approval};
use futures::future::join_all;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

async fn capped(at_once: u32, model: Arc<Scripted>, tools: &[&Arc<FakeTool>]) -> Office {
    let mut office = Office::new(model, tools).await;
    let caps = Caps { concurrent_runs: Some(at_once), ..Caps::default() };
    let first = Package { caps, ..office.packages.first().clone() };
    office.packages = Packages::new(&[first], "personal").unwrap();
    office
}

async fn runs(office: &Office, status: &str) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM runs WHERE org_id = $1 AND status = $2")
        .bind(office.house.org.to_string())
        .bind(status.to_owned())
        .fetch_one(office.house.store.read())
        .await
        .unwrap()
}

/// A model that answers "hold" when it is told to, and everything else at once.
fn holding() -> (Arc<Scripted>, Arc<Notify>) {
    let told = Arc::new(Notify::new());
    let script = told.clone();
    let model = Scripted::by(move |request, _| {
        let asked = format!("{:?}", request.messages);
        let wait = asked.contains("hold").then(|| Say::Wait(script.clone()));
        wait.into_iter().chain([Say::text("Done.")]).collect()
    });
    (model, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_runs_at_once_never_more_go_on_than_the_package_runs() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (now.clone(), most.clone());
    let work = Arc::new(FakeTool::new("work").doing(move |_, arguments| {
        let (now, most) = counts.clone();
        Box::pin(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(arguments)
        })
    }));
    let model = Scripted::by(|request, _| match format!("{:?}", request.messages).contains("Tool") {
        true => vec![Say::text("Done.")],
        false => vec![Say::call("work", json!({ "n": 1 }))],
    });
    let office = capped(3, model, &[&work]).await;
    let engines = [office.engine(), office.engine(), office.engine()];
    let workers: Vec<Working> = engines.iter().map(Working::start).collect();
    let opened = (0..50).map(|number| office.open(&engines[number % 3], "go"));
    let opened = join_all(opened);
    let done = async {
        let sessions: Vec<SessionId> = opened.await.iter().map(|accepted| accepted.session_id).collect();
        for session in sessions {
            office.first(session, "run.completed").await;
        }
    };
    let watch = async {
        let mut seen = 0;
        loop {
            let running = runs(&office, "running").await;
            assert!(running <= 3, "{running} at once");
            seen = seen.max(running);
            if runs(&office, "completed").await == 50 {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let ((), seen) = tokio::join!(done, watch);
    assert_eq!((work.runs(), seen), (50, 3));
    assert!(most.load(Ordering::SeqCst) <= 3);
    for worker in workers {
        worker.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_beyond_it_say_so_begin_in_order_and_can_be_stopped_before() {
    let (model, told) = holding();
    let office = capped(1, model, &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let first = office.open(&engine, "hold").await.session_id;
    office.first(first, "step.started").await;
    let mut later = Vec::new();
    for _ in 0..4 {
        later.push(office.open(&engine, "go").await.session_id);
    }
    for session in &later {
        match office.first(*session, "run.delayed").await {
            EventData::RunDelayed(delay) => {
                let words = "Waiting for another run to end: the package Personal runs 1 at once.";
                assert_eq!((delay.at_once, delay.message.as_str()), (1, words));
            }
            other => panic!("{other:?}"),
        }
    }
    let sessions = office.house.sessions(&office.log);
    assert_eq!(sessions.get(&office.house.owner, later[0]).await.unwrap().status, SessionStatus::Active);
    // Nobody waits for a stop until others are done.
    engine.stop(&office.house.owner, later[1]).await.unwrap();
    office.first(later[1], "run.cancelled").await;
    assert_eq!(sessions.get(&office.house.owner, later[1]).await.unwrap().status, SessionStatus::Idle);
    assert_eq!(runs(&office, "running").await, 1);
    assert_eq!(runs(&office, "queued").await, 3);
    told.notify_one();
    let mut started = Vec::new();
    for session in [later[0], later[2], later[3]] {
        office.first(session, "run.completed").await;
        let events = office.events(session).await;
        assert_eq!(kinds(&events).iter().filter(|kind| **kind == "run.delayed").count(), 1);
        let begun = events.iter().find(|event| event.data.kind() == "run.started").unwrap();
        started.push(begun.seq);
    }
    assert!(started.is_sorted(), "{started:?}");
    assert_eq!(said(&office.events(later[1]).await), Vec::<String>::new());
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_a_person_has_no_place_and_queues_for_one_when_it_goes_on() {
    let told = Arc::new(Notify::new());
    let wait = told.clone();
    let send = Arc::new(FakeTool::new("send").effect(alumia_protocol::tools::Effect::External));
    let model = Scripted::by(move |request, _| {
        let asked = format!("{:?}", request.messages);
        match (asked.contains("send it"), asked.contains("hold")) {
            (_, true) => vec![Say::Wait(wait.clone()), Say::text("Done.")],
            (true, _) if !asked.contains("Tool") => vec![Say::call("send", json!({ "n": 1 }))],
            _ => vec![Say::text("Sent.")],
        }
    });
    let office = capped(1, model, &[&send]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let asking = office.open(&engine, "send it").await.session_id;
    let call = match office.first(asking, "approval.requested").await {
        EventData::ApprovalRequested { call_id, .. } => call_id,
        other => panic!("{other:?}"),
    };
    office.until("it lets go", || async { runs(&office, "waiting").await == 1 }).await;
    let holds = office.open(&engine, "hold").await.session_id;
    office.first(holds, "step.started").await;
    engine.approve(&office.house.owner, asking, call, Approval::Once).await.unwrap();
    office.first(asking, "run.delayed").await;
    assert_eq!((runs(&office, "running").await, send.runs()), (1, 0));
    told.notify_one();
    office.first(asking, "run.completed").await;
    assert_eq!(said(&office.events(asking).await), ["", "Sent."]);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_workers_run_keeps_its_place_until_its_lease_ends_and_then_goes_first() {
    let (model, told) = holding();
    let office = capped(1, model, &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let first = office.open(&engine, "hold").await.session_id;
    office.first(first, "step.started").await;
    worker.kill().await;
    let next = office.next_engine();
    let worker = Working::start(&next);
    let second = office.open(&next, "go").await.session_id;
    office.first(second, "run.delayed").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!kinds(&office.events(second).await).contains(&"run.started"), "the place was given twice");
    office.leases_end();
    office.nth(first, "run.started", 2).await;
    assert!(!kinds(&office.events(second).await).contains(&"run.started"));
    // The dead one's call may still be heard; the new one's is.
    told.notify_waiters();
    told.notify_one();
    office.first(first, "run.completed").await;
    office.first(second, "run.completed").await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_larger_package_lets_what_waits_begin() {
    let (model, told) = holding();
    let office = capped(1, model, &[]).await;
    let engine = office.engine();
    engine.parts.billing.open(office.house.org).await.unwrap();
    let worker = Working::start(&engine);
    let first = office.open(&engine, "hold").await.session_id;
    office.first(first, "step.started").await;
    let second = office.open(&engine, "go").await.session_id;
    office.first(second, "run.delayed").await;
    let mut tx = office.house.store.begin().await.unwrap();
    sqlx::query("UPDATE billing_accounts SET package = 'pro' WHERE org_id = $1")
        .bind(office.house.org.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    office.first(second, "run.completed").await;
    told.notify_one();
    office.first(first, "run.completed").await;
    worker.shut_down().await;
}
