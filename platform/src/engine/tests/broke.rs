//! Agents that wait for one that has no credits left.

use super::{
    peers::{ask, calls, empty_house, hire, is, office, results, sessions},
    *,
};
use crate::engine::testing::Say;
use alumia_protocol::{
    Microcredits, TargetId,
    agents::{Agent, AgentSettings, UpdateAgent},
    billing::{BudgetLimit, BudgetPeriod, BudgetScope},
    models::{CatalogModel, Price},
    sessions::SessionStatus,
};
use serde_json::json;

/// A boss that starts a writer and waits for it.
fn waiting() -> Arc<Scripted> {
    Scripted::by(|request, _| match (is(request, "Boss"), calls(request)) {
        (true, 0) => vec![Say::call("spawn_agent", json!({ "agent": "writer", "task": "Write." }))],
        (true, 1) => vec![Say::call("check_messages", json!({ "from": ["writer"], "waitSeconds": 600 }))],
        (true, _) => vec![Say::text("So it goes.")],
        (false, _) => vec![Say::text("Written.")],
    })
}

async fn team(office: &Office, engine: &Engine) -> (Agent, Agent) {
    let writer = hire(office, engine, "Writer", &[]).await;
    let boss = hire(office, engine, "Boss", &[&writer]).await;
    (boss, writer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_whose_run_may_spend_too_little_ends_and_its_parent_is_told() {
    let mut office = office(waiting()).await;
    // The longest answer costs some tens of credits.
    let dear = CatalogModel {
        price: Some(Price { input: 0, output: 1_000_000_000, cached: 0 }),
        ..Scripted::model()
    };
    office.models = Models::new(vec![(office.model.clone(), vec![dear])]);
    let engine = office.engine();
    let (boss, writer) = team(&office, &engine).await;
    let settings = AgentSettings { max_credits_per_run: Some(1), ..AgentSettings::default() };
    let change = UpdateAgent { settings: Some(settings), version: writer.version, ..UpdateAgent::default() };
    engine.parts.agents.update(&office.house.owner, writer.id, change).await.unwrap();
    let worker = Working::start(&engine);
    let session = ask(&office, &engine, &boss, "go").await;
    office.first(session, "run.completed").await;
    let waited = results(&office, session, "check_messages").await;
    assert_eq!(waited[0]["messages"], 1, "{waited:?}");
    let all = sessions(&office).await;
    let theirs = all.iter().find(|session| session.agent_id == writer.id).unwrap();
    assert_eq!(theirs.status, SessionStatus::Failed);
    let told = office.model.requests();
    let told = told.last().map(|request| format!("{:?}", request.messages)).unwrap();
    assert!(told.contains("I failed.") && told.contains("over 1 credit"), "{told}");
    empty_house(&office).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_waits_for_credits_holds_nobody_for_ever() {
    let office = office(waiting()).await;
    let engine = office.engine();
    let (boss, writer) = team(&office, &engine).await;
    let none = BudgetLimit {
        scope: BudgetScope::Agent,
        target_id: Some(TargetId(writer.id.0)),
        period: BudgetPeriod::Month,
        limit: Microcredits(1),
        hard: true,
    };
    engine.parts.billing.set_budgets(&office.house.owner, vec![none]).await.unwrap();
    let worker = Working::start(&engine);
    let session = ask(&office, &engine, &boss, "go").await;
    office.first(session, "peer.awaited").await;
    let theirs = async || {
        let all = sessions(&office).await;
        all.into_iter().find(|session| session.agent_id == writer.id)
    };
    office
        .until("the writer waits for credits", || async {
            theirs().await.is_some_and(|session| session.status == SessionStatus::AwaitingPayment)
        })
        .await;
    office.clock.advance(Duration::from_secs(601));
    office.first(session, "run.completed").await;
    let waited = results(&office, session, "check_messages").await;
    assert_eq!(waited[0]["messages"], 0, "{waited:?}");
    let peers = waited[0]["peers"].as_array().unwrap();
    assert!(peers.iter().any(|peer| peer["status"] == "awaiting_payment"), "{waited:?}");

    // Stopping who began it leaves nobody behind, and nothing held.
    engine.stop(&office.house.owner, session).await.unwrap();
    empty_house(&office).await;
    assert_eq!(super::paying::books(&office).await.1, 0);
    worker.shut_down().await;
}
