//! What an agent is set to holds for its runs.

use super::*;
use crate::{Error, engine::testing::Say, models::Models};
use alumia_protocol::{
    AgentId, Microcredits,
    agents::{Agent, AgentSettings, CreateAgent, ReasoningEffort, UpdateAgent},
    events::Usage,
    models::{CatalogModel, Price},
    sessions::SessionStatus,
    tools::Effect,
};
use serde_json::json;

/// A model with a fast sibling, and one that can't think.
fn models(model: &Arc<Scripted>) -> Models {
    let named = |id: &str, fast: Option<&str>| CatalogModel {
        id: id.into(),
        fast_sibling: fast.map(Into::into),
        ..Scripted::model()
    };
    let mut plain = named("plain", None);
    plain.capabilities.reasoning = false;
    Models::new(vec![(model.clone(), vec![named("large", Some("small")), named("small", None), plain])])
}

async fn agent(office: &Office, engine: &Engine, new: CreateAgent) -> Agent {
    engine
        .parts
        .agents
        .create(&office.house.owner, CreateAgent { name: "Scout".into(), ..new })
        .await
        .unwrap()
}

async fn begin(office: &Office, engine: &Engine, agent: AgentId) -> SessionId {
    let request = ChatRequest { agent_id: Some(agent), ..office.request(None, "go") };
    engine.chat(&office.house.owner, request).await.unwrap().session_id
}

async fn set(office: &Office, engine: &Engine, agent: &mut Agent, change: UpdateAgent) {
    let change = UpdateAgent { version: agent.version, ..change };
    *agent = engine.parts.agents.update(&office.house.owner, agent.id, change).await.unwrap();
}

async fn again(office: &Office, engine: &Engine, session: SessionId) {
    let request = ChatRequest { agent_id: None, ..office.request(Some(session), "again") };
    engine.chat(&office.house.owner, request).await.unwrap();
}

fn code(data: &EventData) -> Option<&str> {
    end(data).error.as_ref().map(|error| error.code.as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompt_model_fast_mode_and_effort_reach_the_call() {
    let mut office = Office::new(Scripted::answers([]), &[]).await;
    office.models = models(&office.model);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let settings = AgentSettings {
        fast_mode: true,
        reasoning_effort: Some(ReasoningEffort::High),
        ..Default::default()
    };
    let new = CreateAgent {
        model: "large".into(),
        system_prompt: "You count herons.".into(),
        settings,
        ..CreateAgent::default()
    };
    let mut scout = agent(&office, &engine, new).await;
    let session = begin(&office, &engine, scout.id).await;
    office.first(session, "run.completed").await;
    let slow = AgentSettings {
        fast_mode: false,
        reasoning_effort: Some(ReasoningEffort::Low),
        ..scout.settings.clone()
    };
    let change = UpdateAgent {
        settings: Some(slow),
        system_prompt: Some("You count terns.".into()),
        ..UpdateAgent::default()
    };
    set(&office, &engine, &mut scout, change).await;
    again(&office, &engine, session).await;
    office.nth(session, "run.completed", 2).await;
    set(&office, &engine, &mut scout, UpdateAgent { model: Some("plain".into()), ..Default::default() })
        .await;
    again(&office, &engine, session).await;
    office.nth(session, "run.completed", 3).await;
    worker.shut_down().await;
    let asked: Vec<_> = office
        .model
        .requests()
        .into_iter()
        .map(|request| {
            (
                request.model,
                request.reasoning_effort,
                request.system.contains("You are Scout. You count herons."),
            )
        })
        .collect();
    assert_eq!(
        asked,
        [
            ("small".into(), Some(ReasoningEffort::High), true),
            ("large".into(), Some(ReasoningEffort::Low), false),
            // What a model can't, it isn't asked.
            ("plain".into(), None, false),
        ]
    );
    assert!(office.model.requests()[1].system.contains("You count terns."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_limit_of_steps_ends_a_run() {
    let look = Arc::new(FakeTool::new("look"));
    let model = Scripted::by(|request, _| vec![Say::call("look", json!({ "n": request.messages.len() }))]);
    let office = Office::new(model, &[&look]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let settings = AgentSettings { max_steps: Some(3), ..AgentSettings::default() };
    let new = CreateAgent { allowed_tools: Some(vec!["look".into()]), settings, ..CreateAgent::default() };
    let scout = agent(&office, &engine, new).await;
    let session = begin(&office, &engine, scout.id).await;
    let data = office.first(session, "run.failed").await;
    assert_eq!((code(&data), office.model.requests().len(), look.runs()), (Some("max_steps"), 3, 3));
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_limit_of_credits_ends_a_run_and_a_higher_one_lets_it_go_on() {
    const USAGE: Usage = Usage { input_tokens: 0, cached_tokens: 0, output_tokens: 100 };
    let look = Arc::new(FakeTool::new("look"));
    let model = Scripted::by(|_, nth| match nth {
        0 => vec![Say::Usage(USAGE), Say::call("look", json!({ "n": 1 }))],
        _ => vec![Say::Usage(USAGE), Say::text("Seen.")],
    });
    let mut office = Office::new(model, &[&look]).await;
    // A token of an answer costs 1,000 microcredits: 100 of them a tenth of a credit, and the longest that is
    // allowed some tens of credits.
    let dear = CatalogModel {
        price: Some(Price { input: 0, output: 1_000_000_000, cached: 0 }),
        ..Scripted::model()
    };
    office.models = Models::new(vec![(office.model.clone(), vec![dear])]);
    let engine = office.engine();
    let worker = Working::start(&engine);
    let limit = |credits| AgentSettings { max_credits_per_run: Some(credits), ..AgentSettings::default() };
    let new = CreateAgent {
        allowed_tools: Some(vec!["look".into()]),
        settings: limit(1),
        ..CreateAgent::default()
    };
    let mut scout = agent(&office, &engine, new).await;
    let session = begin(&office, &engine, scout.id).await;
    let data = office.first(session, "run.failed").await;
    assert_eq!((code(&data), office.model.requests().len()), (Some("max_credits"), 0));
    let sessions = office.house.sessions(&office.log);
    let status = sessions.get(&office.house.owner, session).await.unwrap().status;
    assert_eq!(status, SessionStatus::Failed);

    set(&office, &engine, &mut scout, UpdateAgent { settings: Some(limit(150)), ..Default::default() }).await;
    engine.resume(&office.house.owner, session).await.unwrap();
    let data = office.first(session, "run.completed").await;
    assert_eq!(end(&data).cost_microcredits, 200_000);
    let runs = engine.parts.agents.runs(&office.house.owner, scout.id).await.unwrap();
    assert_eq!(
        runs.iter().map(|run| (run.session_id, run.cost)).collect::<Vec<_>>(),
        [(session, Microcredits(200_000))]
    );
    assert!(runs[0].started_at.is_some() && runs[0].ended_at.is_some());
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_off_or_gone_begins_nothing_and_its_runs_end() {
    let send = Arc::new(FakeTool::new("send").effect(Effect::External).once());
    let model = Scripted::by(|request, _| {
        if format!("{:?}", request.messages).contains("hang") {
            return vec![Say::text("So far."), Say::Hang];
        }
        vec![Say::call("send", json!({ "n": 1 }))]
    });
    let office = Office::new(model, &[&send]).await;
    let (engine, owner) = (office.engine(), &office.house.owner);
    let worker = Working::start(&engine);
    let new = CreateAgent { allowed_tools: Some(vec!["send".into()]), ..CreateAgent::default() };
    let mut scout = agent(&office, &engine, new).await;
    let waiting = begin(&office, &engine, scout.id).await;
    office.first(waiting, "approval.requested").await;
    let request = ChatRequest { agent_id: Some(scout.id), ..office.request(None, "hang") };
    let hanging = engine.chat(owner, request).await.unwrap().session_id;
    office.heard(hanging, "So far.").await;

    set(&office, &engine, &mut scout, UpdateAgent { is_active: Some(false), ..Default::default() }).await;
    let request = || ChatRequest { agent_id: Some(scout.id), ..office.request(None, "go") };
    let refused = engine.chat(owner, request()).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Conflict { message, .. } if message.contains("Scout is switched off")),
        "{refused:?}"
    );

    engine.delete_agent(owner, scout.id).await.unwrap();
    for session in [waiting, hanging] {
        let data = office.first(session, "run.cancelled").await;
        assert_eq!(code(&data), Some("agent_disabled"));
        // It stays readable, under its name, and can't be gone on with.
        let sessions = office.house.sessions(&office.log);
        let kept = sessions.get(owner, session).await.unwrap();
        assert_eq!((kept.agent_name.as_str(), kept.status), ("Scout", SessionStatus::Idle));
        assert!(!sessions.messages(owner, session, None, 10).await.unwrap().items.is_empty());
        let say = ChatRequest { agent_id: None, ..office.request(Some(session), "still there?") };
        for refused in [engine.chat(owner, say).await.err(), engine.resume(owner, session).await.err()] {
            assert!(
                matches!(&refused, Some(Error::Conflict { message, .. }) if message.contains("was deleted")),
                "{refused:?}"
            );
        }
    }
    assert!(matches!(engine.chat(owner, request()).await, Err(Error::NotFound("agent"))));
    assert!(matches!(engine.delete_agent(owner, scout.id).await, Err(Error::NotFound("agent"))));
    assert_eq!(send.runs(), 0);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_belongs_to_one_agent() {
    let office = Office::new(Scripted::answers([]), &[]).await;
    let engine = office.engine();
    let worker = Working::start(&engine);
    let scout = agent(&office, &engine, CreateAgent::default()).await;
    let session = begin(&office, &engine, scout.id).await;
    office.first(session, "run.completed").await;
    let other = office.request(Some(session), "hello Ala");
    let refused = engine.chat(&office.house.owner, other).await.unwrap_err();
    assert!(matches!(&refused, Error::Invalid(fields) if fields.contains_key("sessionId")), "{refused:?}");
    worker.shut_down().await;
}
