//! Agents, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::{World, add_member, field, office::Desk};
use alumia_models::builtin::Builtin;
use alumia_platform::{Error, OrgScope, agents::Agents, audit::Audit, models::Models};
use alumia_protocol::{
    AgentId, WorkspaceId,
    agents::{Agent, AgentSettings, CreateAgent, UpdateAgent},
    audit::AuditFilter,
    orgs::NameWorkspace,
};
use std::{collections::HashSet, sync::Arc, time::Duration};

/// Agents that know the built-in model and no tool.
fn agents(world: &World) -> Agents {
    let models = Models::new(vec![(Arc::new(Builtin::new()), vec![Builtin::model()])]);
    let tools = alumia_platform::tools::Tools::new(vec![]);
    world.agents.clone().with(models, tools)
}

fn named(name: &str) -> CreateAgent {
    CreateAgent { name: name.into(), ..CreateAgent::default() }
}

fn at(agent: &Agent) -> UpdateAgent {
    UpdateAgent { version: agent.version, ..UpdateAgent::default() }
}

async fn actions(world: &World, scope: &OrgScope) -> Vec<String> {
    let audit = Audit::new(world.store.store(), Arc::new(world.clock.clone()));
    let filter = AuditFilter { action: Some("agent".into()), ..AuditFilter::default() };
    let lines = audit.list(scope, &filter, None, 100).await.unwrap().items;
    lines.into_iter().rev().map(|line| format!("{} {}", line.action, line.details)).collect()
}

#[tokio::test]
async fn made_read_changed() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, scope) = world.person("Ada").await;
    let new = CreateAgent {
        description: "Finds what was said.".into(),
        avatar: " 🔎 ".into(),
        model: Builtin::model().id,
        system_prompt: "Look twice.\nThen speak.".into(),
        allowed_connectors: vec!["mail".into(), "mail".into()],
        settings: AgentSettings { max_steps: Some(7), ..AgentSettings::default() },
        ..named("  The \t Scout ")
    };
    let made = agents.create(&scope, new).await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.slug.as_str(), made.avatar.as_str()),
        ("The Scout", "the-scout", "🔎")
    );
    assert_eq!((made.version, made.is_active, made.allowed_connectors.len()), (1, true, 1));
    for name in [made.id.to_string(), "the-scout".into()] {
        assert_eq!(agents.find(&scope, &name).await.unwrap(), made);
    }
    let listed: Vec<String> =
        agents.list(&scope).await.unwrap().items.into_iter().map(|agent| agent.name).collect();
    assert_eq!(listed, ["Ala", "The Scout"]);

    world.clock.advance(Duration::from_secs(5));
    let peer = agents.create(&scope, named("Peer")).await.unwrap();
    let change = UpdateAgent {
        name: Some("Ranger".into()),
        system_prompt: Some(String::new()),
        allowed_peers: Some(vec![peer.id, peer.id]),
        is_active: Some(false),
        settings: Some(AgentSettings { fast_mode: true, ..AgentSettings::default() }),
        ..at(&made)
    };
    let changed = agents.update(&scope, made.id, change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.slug.as_str(), changed.version), ("Ranger", "the-scout", 2));
    assert_eq!((changed.allowed_peers.as_slice(), changed.is_active), (&[peer.id][..], false));
    assert_eq!((changed.settings.max_steps, changed.settings.fast_mode), (None, true));
    assert_eq!((&changed.description, &changed.model), (&made.description, &made.model));
    assert!(changed.updated_at > made.updated_at && changed.created_at == made.created_at);
    assert_eq!(agents.get(&scope, made.id).await.unwrap(), changed);
    // What changes nothing is no new version.
    let same = UpdateAgent { name: Some("Ranger".into()), ..at(&changed) };
    assert_eq!(agents.update(&scope, made.id, same).await.unwrap(), changed);

    let log = actions(&world, &scope).await;
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[0].starts_with("agent.created") && log[2].starts_with("agent.updated"), "{log:?}");
    assert!(log[2].contains("Ranger") && log[2].contains(r#""systemPrompt":"changed""#), "{log:?}");
    assert!(!log[2].contains("Look twice"), "a prompt stands in the log: {log:?}");
}

#[tokio::test]
async fn a_stale_change_is_refused_with_what_there_is() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, scope) = world.person("Ada").await;
    let made = agents.create(&scope, named("Scout")).await.unwrap();
    let mine = UpdateAgent { system_prompt: Some("Mine.".into()), ..at(&made) };
    agents.update(&scope, made.id, mine).await.unwrap();
    let theirs = UpdateAgent { system_prompt: Some("Theirs.".into()), ..at(&made) };
    let refused = agents.update(&scope, made.id, theirs).await.unwrap_err();
    let Error::Conflict { details: Some(details), .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(
        (details["agent"]["systemPrompt"].as_str(), details["agent"]["version"].as_i64()),
        (Some("Mine."), Some(2))
    );

    // Of many at once that were read at the same time, one is written.
    let base = agents.get(&scope, made.id).await.unwrap();
    let tries = (0..10).map(|n| {
        let (agents, scope, base) = (agents.clone(), scope.clone(), base.clone());
        let change = UpdateAgent { description: Some(format!("By {n}")), ..at(&base) };
        tokio::spawn(async move { agents.update(&scope, base.id, change).await.is_ok() })
    });
    let mut done = 0;
    for attempt in tries.collect::<Vec<_>>() {
        done += i32::from(attempt.await.unwrap());
    }
    assert_eq!((done, agents.get(&scope, made.id).await.unwrap().version), (1, 3));
}

#[tokio::test]
async fn switches_of_two_people_all_count() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, scope) = world.person("Ada").await;
    let new = CreateAgent { allowed_tools: Some(vec![]), ..named("Scout") };
    let made = agents.create(&scope, new).await.unwrap();
    let tries = (0..8).map(|n| {
        let (agents, scope) = (agents.clone(), scope.clone());
        tokio::spawn(
            async move { agents.set_tool(&scope, made.id, &format!("tool_{n}"), true).await.unwrap() },
        )
    });
    for attempt in tries.collect::<Vec<_>>() {
        attempt.await.unwrap();
    }
    let now = agents.get(&scope, made.id).await.unwrap();
    assert_eq!((now.allowed_tools.iter().collect::<HashSet<_>>().len(), now.version), (8, 9));
    assert!(!agents.set_active(&scope, made.id, false).await.unwrap().is_active);
    assert!(matches!(agents.set_tool(&scope, made.id, "no tool", true).await, Err(Error::NotFound("tool"))));
}

#[tokio::test]
async fn values_out_of_range_are_named() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, scope) = world.person("Ada").await;
    let (_, eve) = world.person("Eve").await;
    let new = CreateAgent {
        description: "x".repeat(5_001),
        avatar: "x".repeat(17),
        model: "gpt-nonsense".into(),
        system_prompt: "a\0b".into(),
        allowed_tools: Some(vec!["rm -rf".into()]),
        allowed_peers: vec![world.agents.ala(&eve).await.unwrap().id],
        allowed_connectors: vec!["a b".into()],
        settings: AgentSettings {
            max_steps: Some(0),
            max_credits_per_run: Some(0),
            ..AgentSettings::default()
        },
        workspace_id: Some(WorkspaceId::new()),
        ..named(&"x".repeat(256))
    };
    let error = agents.create(&scope, new).await.unwrap_err();
    let Error::Invalid(fields) = &error else { panic!("{error:?}") };
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "allowedConnectors",
            "allowedPeers",
            "allowedTools",
            "avatar",
            "description",
            "model",
            "name",
            "settings.maxCreditsPerRun",
            "settings.maxSteps",
            "systemPrompt",
            "workspaceId",
        ]
    );

    let made = agents.create(&scope, named(&"x".repeat(255))).await.unwrap();
    let limits = |steps| Some(AgentSettings { max_steps: Some(steps), ..AgentSettings::default() });
    for (change, at_field) in [
        (UpdateAgent { name: Some(" \n ".into()), ..at(&made) }, "name"),
        (UpdateAgent { name: Some("a\u{202e}b".into()), ..at(&made) }, "name"),
        (UpdateAgent { model: Some("builtin/none".into()), ..at(&made) }, "model"),
        (UpdateAgent { system_prompt: Some("x".repeat(20_001)), ..at(&made) }, "systemPrompt"),
        (UpdateAgent { settings: limits(1_001), ..at(&made) }, "settings.maxSteps"),
        (UpdateAgent { allowed_tools: Some(vec!["x".into(); 501]), ..at(&made) }, "allowedTools"),
        (UpdateAgent { allowed_peers: Some(vec![made.id]), ..at(&made) }, "allowedPeers"),
        (UpdateAgent { allowed_peers: Some(vec![AgentId::new()]), ..at(&made) }, "allowedPeers"),
        (UpdateAgent { workspace_id: Some(Some(WorkspaceId::new())), ..at(&made) }, "workspaceId"),
    ] {
        let error = agents.update(&scope, made.id, change).await.unwrap_err();
        assert!(field(&error, at_field).is_some(), "{at_field}: {error:?}");
    }
    assert_eq!(agents.get(&scope, made.id).await.unwrap(), made);
    // A model is known by its provider too, and is called by its own id.
    let qualified = format!("builtin/{}", Builtin::model().id);
    let change = UpdateAgent { model: Some(qualified), ..at(&made) };
    let changed = agents.update(&scope, made.id, change).await.unwrap();
    assert_eq!(changed.model, Builtin::model().id);
    // What is there may stay when the server has lost it.
    let poorer = world.agents.clone();
    let change = UpdateAgent { description: Some("Later.".into()), ..at(&changed) };
    assert_eq!(poorer.update(&scope, made.id, change).await.unwrap().model, Builtin::model().id);
}

#[tokio::test]
async fn there_is_one_ala_and_she_stays_herself() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, scope) = world.person("Ada").await;
    let mut tx = world.store.begin().await.unwrap();
    sqlx::query("DELETE FROM agents WHERE org_id = $1")
        .bind(scope.org_id().to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let tries = (0..8).map(|n| {
        let (agents, scope) = (agents.clone(), scope.clone());
        tokio::spawn(async move {
            match n % 2 {
                0 => agents.find(&scope, "ala").await.unwrap().id,
                _ => agents.list(&scope).await.unwrap().items[0].id,
            }
        })
    });
    let mut found = HashSet::new();
    for attempt in tries.collect::<Vec<_>>() {
        found.insert(attempt.await.unwrap());
    }
    assert_eq!(found.len(), 1, "more than one Ala");
    let ala = agents.ala(&scope).await.unwrap();
    assert_eq!((ala.model.as_str(), ala.is_active), ("", true));

    for (change, at_field) in [
        (UpdateAgent { name: Some("Alan".into()), ..at(&ala) }, "name"),
        (UpdateAgent { is_active: Some(false), ..at(&ala) }, "isActive"),
        (UpdateAgent { model: Some(Builtin::model().id), ..at(&ala) }, "model"),
    ] {
        let error = agents.update(&scope, ala.id, change).await.unwrap_err();
        assert!(field(&error, at_field).is_some(), "{at_field}: {error:?}");
    }
    assert!(agents.set_active(&scope, ala.id, false).await.is_err());
    let change = UpdateAgent { system_prompt: Some("Speak Polish.".into()), ..at(&ala) };
    assert_eq!(agents.update(&scope, ala.id, change).await.unwrap().system_prompt, "Speak Polish.");

    let scout = agents.create(&scope, named("Scout")).await.unwrap();
    for like in ["Ala", " aLA ", "AIa", "\u{410}\u{4cf}\u{430}", "Àlá", "A\u{200b}la"] {
        let error = agents.create(&scope, named(like)).await.unwrap_err();
        assert!(field(&error, "name").is_some(), "{like:?}: {error:?}");
        let change = UpdateAgent { name: Some(like.into()), ..at(&scout) };
        assert!(
            field(&agents.update(&scope, scout.id, change).await.unwrap_err(), "name").is_some(),
            "{like:?}"
        );
    }
    assert!(agents.create(&scope, named("Alan")).await.is_ok());
}

#[tokio::test]
async fn names_may_be_the_same_and_slugs_are_not() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, scope) = world.person("Ada").await;
    let tries = (0..8).map(|_| {
        let (agents, scope) = (agents.clone(), scope.clone());
        tokio::spawn(async move { agents.create(&scope, named("Scout")).await.unwrap().slug })
    });
    let mut slugs = HashSet::new();
    for attempt in tries.collect::<Vec<_>>() {
        slugs.insert(attempt.await.unwrap());
    }
    assert_eq!(slugs.len(), 8, "{slugs:?}");
    let id = AgentId::new().to_string();
    let odd = agents.create(&scope, named(&id)).await.unwrap();
    assert_eq!(agents.find(&scope, &odd.slug).await.unwrap(), odd);
    for nobody in ["", "nobody", "a b", "..", &id] {
        assert!(matches!(agents.find(&scope, nobody).await, Err(Error::NotFound("agent"))), "{nobody:?}");
    }
}

#[tokio::test]
async fn roles_and_workspaces_are_kept_to() {
    let world = World::new().await;
    let agents = agents(&world);
    let (_, owner) = world.person("Owner").await;
    let mut scopes = Vec::new();
    for (name, role) in [("Mia", "member"), ("Vera", "viewer"), ("Ben", "billing")] {
        let (user, _) = world.person(name).await;
        add_member(&world, &owner, user, role).await;
        scopes.push(world.orgs.scope(user, "owner").await.unwrap());
    }
    let [member, viewer, billing] = scopes.as_slice() else { unreachable!() };
    let room =
        Desk::of(&world).workspaces.create(&owner, NameWorkspace { name: "Board".into() }).await.unwrap();
    let closed = CreateAgent { workspace_id: Some(room.id), ..named("Closed") };
    let closed = agents.create(&owner, closed).await.unwrap();
    let open = agents.create(member, named("Open")).await.unwrap();

    for scope in [member, viewer, billing] {
        let seen: Vec<String> =
            agents.list(scope).await.unwrap().items.into_iter().map(|agent| agent.name).collect();
        assert_eq!(seen, ["Ala", "Open"]);
        assert!(matches!(agents.get(scope, closed.id).await, Err(Error::NotFound("agent"))));
        assert!(matches!(agents.find(scope, "closed").await, Err(Error::NotFound("agent"))));
    }
    let change = UpdateAgent { description: Some("x".into()), ..at(&closed) };
    assert!(matches!(agents.update(member, closed.id, change).await, Err(Error::NotFound("agent"))));
    // Nobody moves an agent to where they don't see it.
    let change = UpdateAgent { workspace_id: Some(Some(room.id)), ..at(&open) };
    assert!(field(&agents.update(member, open.id, change).await.unwrap_err(), "workspaceId").is_some());
    for scope in [viewer, billing] {
        let change = UpdateAgent { description: Some("x".into()), ..at(&open) };
        for refused in [
            agents.create(scope, named("X")).await.err(),
            agents.update(scope, open.id, change).await.err(),
            agents.set_tool(scope, open.id, "look", true).await.err(),
            agents.set_active(scope, open.id, false).await.err(),
        ] {
            assert!(matches!(refused, Some(Error::Forbidden { reason: "role", .. })), "{refused:?}");
        }
    }
    let change = UpdateAgent { workspace_id: Some(None), ..at(&closed) };
    agents.update(&owner, closed.id, change).await.unwrap();
    assert_eq!(agents.get(member, closed.id).await.unwrap().name, "Closed");
    // Another organisation's is not there.
    let (_, eve) = world.person("Eve").await;
    assert!(matches!(agents.get(&eve, open.id).await, Err(Error::NotFound("agent"))));
}
