//! Agents that write to, start and wait for each other.

use super::*;
use crate::{
    engine::testing::Say,
    tools::peers::{
        CheckMessages, CreateAgent as Create, ListAgents, MessageAgent, SetAgentModel, SpawnAgent,
    },
};
use alumia_models::{ModelRequest, Part, Role};
use alumia_protocol::{
    agents::{Agent, CreateAgent, UpdateAgent},
    peers::EnvelopeKind,
    sessions::SessionStatus,
    tools::Approval,
};
use serde_json::{Value, json};

const TOOLS: [&str; 6] =
    ["list_agents", "message_agent", "spawn_agent", "check_messages", "create_agent", "set_agent_model"];

pub(super) async fn office(model: Arc<Scripted>) -> Office {
    let mut office = Office::new(model, &[]).await;
    let tools: Vec<Arc<dyn Tool>> = vec![
        Arc::new(ListAgents),
        Arc::new(MessageAgent),
        Arc::new(SpawnAgent),
        Arc::new(CheckMessages),
        Arc::new(Create),
        Arc::new(SetAgentModel),
        Arc::new(FakeTool::new("look").doing(|_, _| Box::pin(std::future::pending()))),
    ];
    office.tools = Tools::new(tools);
    office
}

pub(super) async fn hire(office: &Office, engine: &Engine, name: &str, peers: &[&Agent]) -> Agent {
    let tools = TOOLS.into_iter().chain(["look"]).map(ToOwned::to_owned).collect();
    let new = CreateAgent {
        name: name.into(),
        allowed_tools: Some(tools),
        allowed_peers: peers.iter().map(|peer| peer.id).collect(),
        ..CreateAgent::default()
    };
    engine.parts.agents.create(&office.house.owner, new).await.unwrap()
}

async fn befriend(office: &Office, engine: &Engine, agent: &Agent, peer: &Agent) {
    engine.parts.agents.add_peer(&office.house.owner, agent.id, peer.id).await.unwrap();
}

/// Says something to an agent in a new session of its own.
pub(super) async fn ask(office: &Office, engine: &Engine, agent: &Agent, words: &str) -> SessionId {
    let request = ChatRequest { agent_id: Some(agent.id), ..office.request(None, words) };
    engine.chat(&office.house.owner, request).await.unwrap().session_id
}

/// Whose turn it is.
pub(super) fn is(request: &ModelRequest, name: &str) -> bool {
    request.system.contains(&format!("You are {name}."))
}

/// All texts that the model reads, and the results of its calls.
fn read(request: &ModelRequest) -> Vec<String> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts
        .filter_map(|part| match part {
            Part::Text(text) | Part::ToolResult { content: text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

/// Whether the last thing that the model reads is the result of a call.
fn answered(request: &ModelRequest) -> bool {
    request.messages.last().is_some_and(|message| message.role == Role::Tool)
}

/// How many calls of the session have come to an end.
pub(super) fn calls(request: &ModelRequest) -> usize {
    request.messages.iter().filter(|message| message.role == Role::Tool).count()
}

pub(super) async fn sessions(office: &Office) -> Vec<alumia_protocol::sessions::Session> {
    let snapshot = office.log.snapshot(&office.house.owner, office.house.project).await.unwrap();
    snapshot.sessions.into_iter().map(|view| view.session).collect()
}

async fn live(office: &Office) -> i64 {
    let row: (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM runs WHERE status IN ('queued', 'running', 'waiting')")
            .fetch_one(office.house.store.read())
            .await
            .unwrap();
    row.0
}

/// Nobody is at work and nobody waits.
pub(super) async fn empty_house(office: &Office) {
    office.until("the house is empty", || async { live(office).await == 0 }).await;
    let row: (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM peer_waits").fetch_one(office.house.store.read()).await.unwrap();
    assert_eq!(row.0, 0, "a wait is left");
    for session in sessions(office).await {
        assert!(
            matches!(session.status, SessionStatus::Idle | SessionStatus::Failed),
            "{} is {:?}",
            session.label,
            session.status
        );
    }
}

pub(super) async fn results(office: &Office, session: SessionId, tool: &str) -> Vec<Value> {
    let results = office.events(session).await.into_iter().filter_map(|event| match event.data {
        EventData::ToolCompleted { tool: name, output, .. } if name == tool => Some(output),
        EventData::ToolFailed { tool: name, error, .. } if name == tool => Some(json!(error)),
        _ => None,
    });
    results.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_starts_another_waits_without_a_worker_and_reads_its_last_words() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let opened = gate.clone();
    let model = Scripted::by(move |request, _| match (is(request, "Boss"), calls(request)) {
        (true, 0) => vec![Say::call("spawn_agent", json!({ "agent": "writer", "task": "Write of herons." }))],
        (true, 1) => vec![Say::call("check_messages", json!({ "from": ["writer"], "waitSeconds": 600 }))],
        (true, _) => vec![Say::text("Thank you.")],
        (false, _) => vec![Say::Wait(opened.clone()), Say::text("Herons stand.")],
    });
    let office = office(model).await;
    let engine = office.engine();
    let writer = hire(&office, &engine, "Writer", &[]).await;
    let boss = hire(&office, &engine, "Boss", &[&writer]).await;
    let worker = Working::start(&engine);
    let session = ask(&office, &engine, &boss, "go").await;
    office.first(session, "peer.awaited").await;
    let all = sessions(&office).await;
    let (mine, theirs) = (&all[0], &all[1]);
    assert_eq!((mine.status, theirs.status), (SessionStatus::AwaitingPeer, SessionStatus::Active));
    assert_eq!((theirs.parent_id, theirs.agent_id), (Some(session), writer.id));
    office
        .until("only the writer has a place", || async {
            engine.here.places.available_permits() == office.limits.workers - 1
        })
        .await;
    gate.notify_one();
    office.first(session, "run.completed").await;
    let requests = office.model.requests();
    let task = requests.iter().find(|request| is(request, "Writer")).map(read).unwrap();
    assert_eq!(task, ["<peer_message from=\"Boss\">\nWrite of herons.\n</peer_message>"]);
    let last = read(requests.last().unwrap());
    assert!(last.last().unwrap().contains("My last words:\n\nHerons stand."), "{last:?}");
    assert_eq!(results(&office, session, "check_messages").await[0]["from"], json!(["Writer"]));
    let kinds = kinds(&office.events(session).await);
    assert!(kinds.contains(&"peer.sent") && kinds.contains(&"peer.received"), "{kinds:?}");
    let envelopes = engine.envelopes(&office.house.owner, writer.id, None).await.unwrap().items;
    let seen: Vec<_> = envelopes.iter().map(|it| (it.kind, it.hops)).collect();
    assert_eq!(seen, [(EnvelopeKind::Ended, 2), (EnvelopeKind::Task, 1)]);
    empty_house(&office).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_outlives_its_process_and_keeps_its_deadline() {
    let model = Scripted::by(|request, _| match (is(request, "Boss"), calls(request)) {
        (true, 0) => vec![Say::call("spawn_agent", json!({ "agent": "writer", "task": "Write." }))],
        (true, 1) => vec![Say::call("check_messages", json!({ "waitSeconds": 100 }))],
        (true, _) => vec![Say::text("Enough.")],
        (false, _) => vec![Say::Hang],
    });
    let office = office(model).await;
    let engine = office.engine();
    let writer = hire(&office, &engine, "Writer", &[]).await;
    let boss = hire(&office, &engine, "Boss", &[&writer]).await;
    let worker = Working::start(&engine);
    let session = ask(&office, &engine, &boss, "go").await;
    office.first(session, "peer.awaited").await;
    office.until("it lets go", || async { engine.here.places.available_permits() == 511 }).await;
    worker.kill().await;
    let next = office.next_engine();
    let worker = Working::start(&next);
    // A person's word ends the wait; the model waits again.
    office.clock.advance(Duration::from_secs(60));
    next.chat(&office.house.owner, office.request(Some(session), "Anything?")).await.unwrap_err();
    let request = ChatRequest { agent_id: Some(boss.id), ..office.request(Some(session), "Anything?") };
    assert!(next.chat(&office.house.owner, request).await.unwrap().queued);
    office.first(session, "run.completed").await;
    let waited = results(&office, session, "check_messages").await;
    assert_eq!(waited[0]["from"], json!(["a person"]));

    // Nobody writes: the deadline ends it, and says how the others stand.
    let second = ask(&office, &next, &boss, "go").await;
    office.first(second, "peer.awaited").await;
    office.clock.advance(Duration::from_secs(101));
    office.first(second, "run.completed").await;
    let waited = results(&office, second, "check_messages").await;
    assert_eq!(
        (&waited[0]["messages"], &waited[0]["note"]),
        (&json!(0), &json!("Nobody wrote in that time."))
    );
    assert!(waited[0]["peers"].as_array().unwrap().iter().any(|peer| peer["status"] == "active"));

    // Stopping who started them stops them too.
    for stopped in [session, second] {
        next.stop(&office.house.owner, stopped).await.unwrap();
    }
    empty_house(&office).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_only_answer_each_other_end_at_the_limit() {
    // Whoever reads a message answers it; a refusal ends it.
    let model = Scripted::by(|request, _| {
        let other = if is(request, "Ping") { "pong" } else { "ping" };
        if answered(request) {
            vec![Say::text("Said.")]
        } else {
            vec![Say::call("message_agent", json!({ "to": other, "message": "And you?" }))]
        }
    });
    for (pace, most, code) in [(0, 10, "too_often"), (10, 32, "too_far")] {
        let mut office = office(Scripted::by(|_, _| vec![])).await;
        office.model = model.clone();
        office.models = Models::new(vec![(model.clone(), vec![Scripted::model()])]);
        office.limits.lease = Duration::from_hours(10);
        let engine = office.engine();
        let ping = hire(&office, &engine, "Ping", &[]).await;
        let pong = hire(&office, &engine, "Pong", &[&ping]).await;
        befriend(&office, &engine, &ping, &pong).await;
        // One of each is in the project.
        let new = alumia_protocol::sessions::CreateSession {
            project_id: Some(office.house.project),
            agent_id: Some(pong.id),
            ..Default::default()
        };
        engine.parts.sessions.create(&office.house.owner, new).await.unwrap();
        let worker = Working::start(&engine);
        ask(&office, &engine, &ping, "go").await;
        let clock = office.clock.clone();
        let ticking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                clock.advance(Duration::from_secs(pace));
            }
        });
        let mut refusals = Vec::new();
        office
            .until("a message is refused", || async {
                let mut found = false;
                for session in sessions(&office).await {
                    let receipts = results(&office, session.id, "message_agent").await;
                    found |= receipts.iter().any(|receipt| receipt["code"] == code);
                }
                found
            })
            .await;
        ticking.abort();
        empty_house(&office).await;
        let mut sent = 0;
        for session in sessions(&office).await {
            for receipt in results(&office, session.id, "message_agent").await {
                if receipt["status"] == "refused" { refusals.push(receipt) } else { sent += 1 }
            }
        }
        assert_eq!((sent, refusals.len()), (most, 1), "{refusals:?}");
        assert!(refusals[0]["reason"].as_str().unwrap().contains("which is the most"));
        worker.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_starts_stays_within_the_number() {
    let model = Scripted::by(|request, _| {
        if calls(request) > 0 {
            // Long enough for all to be at work at once.
            return vec![Say::Pause(Duration::from_secs(2)), Say::text("Done.")];
        }
        (0..4).map(|n| Say::call("spawn_agent", json!({ "task": format!("Go on, {n}.") }))).collect()
    });
    let office = office(model).await;
    let engine = office.engine();
    let storm = hire(&office, &engine, "Storm", &[]).await;
    let worker = Working::start(&engine);
    let most = Arc::new(Mutex::new(0));
    let (seen, store) = (most.clone(), office.house.store.store());
    let watching = tokio::spawn(async move {
        loop {
            let row: (i64,) = sqlx::query_as(
                "SELECT COUNT(*) FROM runs r JOIN envelopes e ON e.id = r.message_id
                 WHERE e.kind <> 'ended' AND r.status IN ('queued', 'running', 'waiting')",
            )
            .fetch_one(store.read())
            .await
            .unwrap();
            let before = *seen.lock().unwrap();
            *seen.lock().unwrap() = row.0.max(before);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let first = ask(&office, &engine, &storm, "go").await;
    office.first(first, "run.completed").await;
    empty_house(&office).await;
    watching.abort();
    let most = *most.lock().unwrap();
    assert!((1..=8).contains(&most), "{most} at once");
    assert_eq!(codes(&office).await, ["started", "too_many"]);
    worker.shut_down().await;
}

/// What starting others came to, each once.
async fn codes(office: &Office) -> Vec<String> {
    let mut codes = std::collections::BTreeSet::new();
    for session in sessions(office).await {
        for receipt in results(office, session.id, "spawn_agent").await {
            codes.insert(receipt["code"].as_str().unwrap_or("started").to_owned());
        }
    }
    codes.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_starts_one_that_starts_one_ends_at_the_depth() {
    let model = Scripted::by(|request, _| match calls(request) {
        0 => vec![Say::call("spawn_agent", json!({ "task": "Go on." }))],
        _ => vec![Say::text("Done.")],
    });
    let office = office(model).await;
    let engine = office.engine();
    let deep = hire(&office, &engine, "Deep", &[]).await;
    let worker = Working::start(&engine);
    let first = ask(&office, &engine, &deep, "go").await;
    office.first(first, "run.completed").await;
    empty_house(&office).await;
    assert_eq!(codes(&office).await, ["started", "too_deep"]);
    // The person's own, and four below it.
    assert_eq!(sessions(&office).await.len(), 5);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circle_of_waits_is_broken_where_it_closes() {
    for length in [2, 5] {
        let model = Scripted::by(move |request, _| {
            if answered(request) {
                return vec![Say::text("Never mind.")];
            }
            let me = (0..length).find(|n| is(request, &format!("A{n}"))).unwrap_or(0);
            let next = format!("a{}", (me + 1) % length);
            vec![Say::call("check_messages", json!({ "from": [next], "waitSeconds": 900 }))]
        });
        let office = office(model).await;
        let engine = office.engine();
        let mut asked = Vec::new();
        let mut agents = Vec::new();
        for n in 0..length {
            agents.push(hire(&office, &engine, &format!("A{n}"), &[]).await);
        }
        // All are in the project before anybody waits for one.
        for agent in &agents {
            let new = alumia_protocol::sessions::CreateSession {
                project_id: Some(office.house.project),
                agent_id: Some(agent.id),
                ..Default::default()
            };
            asked.push(engine.parts.sessions.create(&office.house.owner, new).await.unwrap().id);
        }
        // Who is waited for is at work: their runs lie in the queue.
        for (session, agent) in asked.iter().zip(&agents) {
            let request = ChatRequest { agent_id: Some(agent.id), ..office.request(Some(*session), "go") };
            engine.chat(&office.house.owner, request).await.unwrap();
        }
        let worker = Working::start(&engine);
        for session in &asked {
            office.first(*session, "run.completed").await;
        }
        empty_house(&office).await;
        let mut errors = Vec::new();
        for session in &asked {
            let ended = results(&office, *session, "check_messages").await;
            assert_eq!(ended.len(), 1);
            errors.extend(ended.into_iter().filter(|it| it["code"] == "wait_cycle"));
        }
        assert!(!errors.is_empty());
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.contains("you wait for") && message.contains("which waits for you"), "{message}");
        worker.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_is_told_however_the_other_ends() {
    for how in ["deleted", "disabled", "stopped", "failed"] {
        let model = Scripted::by(move |request, _| match (is(request, "Boss"), calls(request)) {
            (true, 0) => vec![Say::call("spawn_agent", json!({ "agent": "writer", "task": "Write." }))],
            (true, 1) => vec![Say::call("check_messages", json!({ "from": ["writer"], "waitSeconds": 900 }))],
            (true, _) => vec![Say::text("I see.")],
            (false, 0) => vec![Say::call("look", json!({ "n": 1 }))],
            (false, _) => vec![Say::Fail(alumia_models::ModelError::BadKey { detail: String::new() })],
        });
        let office = office(model).await;
        let engine = office.engine();
        let mut writer = hire(&office, &engine, "Writer", &[]).await;
        let boss = hire(&office, &engine, "Boss", &[&writer]).await;
        let worker = Working::start(&engine);
        let session = ask(&office, &engine, &boss, "go").await;
        office.first(session, "peer.awaited").await;
        let child = sessions(&office).await[1].id;
        let EventData::ToolStarted { call_id, .. } = office.first(child, "tool.started").await else {
            panic!()
        };
        let owner = &office.house.owner;
        match how {
            "deleted" => engine.delete_agent(owner, writer.id).await.unwrap(),
            "stopped" => engine.stop(owner, child).await.unwrap(),
            _ => {
                if how == "disabled" {
                    let change =
                        UpdateAgent { version: writer.version, is_active: Some(false), ..Default::default() };
                    writer = engine.parts.agents.update(owner, writer.id, change).await.unwrap();
                    assert!(!writer.is_active);
                }
                engine.cancel_call(owner, child, call_id).await.unwrap();
            }
        }
        office.first(session, "run.completed").await;
        let told = read(office.model.requests().last().unwrap());
        let words = match how {
            "deleted" | "stopped" => "I was stopped before I was done.",
            "disabled" => "I failed. Writer is switched off",
            _ => "I failed. The model's provider refused the key",
        };
        assert!(told.last().unwrap().contains(words), "{how}: {told:?}");
        empty_house(&office).await;
        worker.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_past_the_list() {
    let tries = |to: &str| Say::call("message_agent", json!({ "to": to, "message": "Psst." }));
    let model = Scripted::by(move |request, _| {
        if answered(request) || is(request, "Vault") || is(request, "Friend") {
            return vec![Say::text("No.")];
        }
        vec![
            tries("vault"),
            tries("Vault"),
            tries("VAULT"),
            tries("Va\u{200b}ult"),
            tries("vault "),
            Say::call("spawn_agent", json!({ "agent": "vault", "task": "Psst." })),
            Say::call("spawn_agent", json!({ "agent": "Vault", "task": "Psst." })),
            tries("friend"),
        ]
    });
    let office = office(model).await;
    let engine = office.engine();
    let vault = hire(&office, &engine, "Vault", &[]).await;
    // A friend of the thief's may write to the vault; the thief may not.
    let friend = hire(&office, &engine, "Friend", &[&vault]).await;
    let thief = hire(&office, &engine, "Thief", &[&friend]).await;
    for agent in [&vault, &friend] {
        let new = alumia_protocol::sessions::CreateSession {
            project_id: Some(office.house.project),
            agent_id: Some(agent.id),
            ..Default::default()
        };
        engine.parts.sessions.create(&office.house.owner, new).await.unwrap();
    }
    let worker = Working::start(&engine);
    let session = ask(&office, &engine, &thief, "go").await;
    office.first(session, "run.completed").await;
    let receipts = results(&office, session, "message_agent").await;
    let delivered = receipts.iter().filter(|receipt| receipt["status"] == "delivered").count();
    assert_eq!((receipts.len(), delivered), (6, 1), "{receipts:?}");
    assert!(results(&office, session, "spawn_agent").await.iter().all(|it| it["status"] == "refused"));
    let vaults = sessions(&office).await.into_iter().find(|it| it.agent_id == vault.id).unwrap();
    assert!(!kinds(&office.events(vaults.id).await).contains(&"run.queued"));
    let row: (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM audit_log WHERE action = 'agent.message_refused' AND outcome = 'denied'",
    )
    .fetch_one(office.house.store.read())
    .await
    .unwrap();
    // Each that names an agent who is there; the others name nobody.
    assert_eq!(row.0, 5);
    empty_house(&office).await;
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_made_when_a_person_allows_it_and_reaches_no_further_than_its_maker() {
    let create = |tools: Value| {
        Say::call("create_agent", json!({ "name": "Atlas", "systemPrompt": "You map.", "tools": tools }))
    };
    let model = Scripted::by(move |request, _| match (is(request, "Boss"), calls(request)) {
        (true, 0) => vec![create(json!(["list_agents", "sandbox_exec"]))],
        (true, 1) => vec![create(json!(["list_agents"]))],
        (true, 2) => vec![Say::call("set_agent_model", json!({ "agent": "atlas", "model": "scripted-1" }))],
        (true, 3) => vec![
            Say::call("list_agents", json!({})),
            Say::call("message_agent", json!({ "to": "atlas", "message": "Hello?" })),
        ],
        (true, 4) => vec![Say::call("spawn_agent", json!({ "agent": "atlas", "task": "Map." }))],
        _ => vec![Say::text("Done.")],
    });
    let office = office(model).await;
    let engine = office.engine();
    let boss = hire(&office, &engine, "Boss", &[]).await;
    let worker = Working::start(&engine);
    let session = ask(&office, &engine, &boss, "go").await;
    for nth in 1..=3 {
        let asked = office.nth(session, "approval.requested", nth).await;
        let EventData::ApprovalRequested { call_id, .. } = asked else { panic!() };
        office
            .until("it can be allowed", || async {
                engine.approve(&office.house.owner, session, call_id, Approval::Once).await.is_ok()
            })
            .await;
    }
    office.nth(session, "run.completed", 1).await;
    let made = results(&office, session, "create_agent").await;
    assert!(made[0]["message"].as_str().unwrap().contains("sandbox_exec"), "{made:?}");
    assert_eq!(made[1]["tools"], json!(["list_agents"]));
    let atlas = engine.parts.agents.find(&office.house.owner, "atlas").await.unwrap();
    assert_eq!((atlas.allowed_peers.as_slice(), atlas.model.as_str()), (&[boss.id][..], "scripted-1"));
    let peers = engine.peers_of(&office.house.owner, &atlas).await.unwrap().items;
    assert_eq!(peers.len(), 1);
    let listed = results(&office, session, "list_agents").await;
    let names: Vec<&str> =
        listed[0]["agents"].as_array().unwrap().iter().filter_map(|it| it["agent"].as_str()).collect();
    assert_eq!(names, ["boss", "atlas"]);
    assert_eq!(results(&office, session, "message_agent").await[0]["code"], "not_here");
    assert_eq!(results(&office, session, "spawn_agent").await[0]["status"], "delivered");
    empty_house(&office).await;
    worker.shut_down().await;
}
