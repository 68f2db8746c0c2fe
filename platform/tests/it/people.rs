//! Accounts, organisations, projects and agents, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::{PASSWORD, World, add_member, field, sign_up_form};
use alumia_platform::{Error, agents::STANDARD_TOOLS, orgs::Resource};
use alumia_protocol::people::{Role, SignIn};
use std::{collections::HashSet, time::Duration};

#[tokio::test]
async fn signing_up_makes_everything_that_a_person_needs() {
    let world = World::new().await;
    let signed = world.identity.sign_up(sign_up_form("Ada Lovelace", "Ada@Example.com")).await.unwrap();
    assert_eq!(signed.user.email, "Ada@Example.com");
    assert_eq!(signed.org.slug, "ada-lovelace");
    assert_eq!(signed.org.name, "Ada Lovelace");

    let me = world.identity.me(signed.user.id).await.unwrap();
    assert_eq!(me.user, signed.user);
    assert_eq!(me.memberships.len(), 1);
    assert_eq!(me.memberships[0].role, Role::Owner);
    assert_eq!(me.memberships[0].org, signed.org);

    let scope = world.orgs.scope(signed.user.id, "ada-lovelace").await.unwrap();
    assert_eq!(world.orgs.home_scope(signed.user.id).await.unwrap().org_id(), scope.org_id());
    assert_eq!(world.orgs.get(&scope).await.unwrap(), signed.org);

    let agents = world.agents.list(&scope).await.unwrap().items;
    assert_eq!(agents.len(), 1);
    assert_eq!((agents[0].slug.as_str(), agents[0].name.as_str()), ("ala", "Ala"));
    assert_eq!(agents[0].allowed_tools, STANDARD_TOOLS);
    assert!(agents[0].is_active && agents[0].model.is_empty());

    let projects = world.projects.list(&scope, None, 50).await.unwrap();
    assert_eq!(projects.items.len(), 1);
    let project = &projects.items[0];
    assert_eq!((project.name.as_str(), project.slug.as_str()), ("Getting started", "getting-started"));
    assert_eq!(project.metadata, serde_json::json!({"sample": true}));
    assert_eq!(project.workspace_id, me.memberships[0].default_workspace_id);
}

#[tokio::test]
async fn an_org_name_of_its_own_and_reserved_slugs() {
    let world = World::new().await;
    let mut form = sign_up_form("Ada", "ada@example.com");
    form.org_name = Some("  Docs ".into());
    let signed = world.identity.sign_up(form).await.unwrap();
    assert_eq!((signed.org.name.as_str(), signed.org.slug.as_str()), ("Docs", "docs-org"));
    let mut form = sign_up_form("Bea", "bea@example.com");
    form.org_name = Some("   ".into());
    assert_eq!(world.identity.sign_up(form).await.unwrap().org.slug, "bea");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    let mut form = sign_up_form(" \t", "nobody");
    form.password = "short".into();
    form.org_name = Some("x".repeat(300));
    let error = world.identity.sign_up(form).await.unwrap_err();
    let Error::Invalid(fields) = error else { panic!("{error:?}") };
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["email", "name", "orgName", "password"]);

    for password in ["password1234", "ada@example.com", "AdaAdaAdaAda", "alumia-alumia", &"x".repeat(2_000)] {
        let mut form = sign_up_form("Ada", "ada@example.com");
        form.password = password.to_owned();
        let error = world.identity.sign_up(form).await.unwrap_err();
        assert!(field(&error, "password").is_some(), "{password}: {error:?}");
    }
    for hostile in ["a\0b@example.com", "ada@example.com\0", "x'; DROP TABLE users;--@example.com "] {
        let error = world.identity.sign_up(sign_up_form("Ada", hostile)).await.unwrap_err();
        assert!(field(&error, "email").is_some(), "{hostile:?}: {error:?}");
    }
    let error = world.identity.sign_up(sign_up_form("A\0da", "ada@example.com")).await.unwrap_err();
    assert!(field(&error, "name").is_some(), "{error:?}");
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case() {
    let world = World::new().await;
    world.identity.sign_up(sign_up_form("Ada", "ada@example.com")).await.unwrap();
    let error = world.identity.sign_up(sign_up_form("Eve", " ADA@example.COM ")).await.unwrap_err();
    assert!(field(&error, "email").unwrap().contains("already"), "{error:?}");
    let orgs: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM orgs").fetch_one(world.store.read()).await.unwrap();
    assert_eq!(orgs, 1, "the refused sign-up left something behind");
}

#[tokio::test]
async fn of_twenty_parallel_sign_ups_with_one_address_one_wins() {
    let world = World::new().await;
    let tries = (0..20).map(|n| {
        let identity = world.identity.clone();
        tokio::spawn(
            async move { identity.sign_up(sign_up_form(&format!("Ada {n}"), "ada@example.com")).await },
        )
    });
    let mut wins = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => wins += 1,
            Err(error) => assert!(field(&error, "email").is_some(), "{error:?}"),
        }
    }
    assert_eq!(wins, 1);
    for table in ["SELECT COUNT(*) FROM users", "SELECT COUNT(*) FROM orgs", "SELECT COUNT(*) FROM projects"]
    {
        let count: i64 = sqlx::query_scalar(table).fetch_one(world.store.read()).await.unwrap();
        assert_eq!(count, 1, "{table}");
    }
}

#[tokio::test]
async fn twenty_parallel_sign_ups_with_one_org_name_get_slugs_of_their_own() {
    let world = World::new().await;
    let tries = (0..20).map(|n| {
        let identity = world.identity.clone();
        tokio::spawn(async move {
            let mut form = sign_up_form("Ada", &format!("ada{n}@example.com"));
            form.org_name = Some("Acme".into());
            identity.sign_up(form).await.unwrap().org.slug
        })
    });
    let mut slugs = HashSet::new();
    for attempt in tries.collect::<Vec<_>>() {
        slugs.insert(attempt.await.unwrap());
    }
    assert_eq!(slugs.len(), 20);
    assert!(slugs.contains("acme") && slugs.contains("acme-2"), "{slugs:?}");
}

#[tokio::test]
async fn signing_in_answers_alike_for_unknown_accounts_and_wrong_passwords() {
    let world = World::new().await;
    let signed = world.identity.sign_up(sign_up_form("Ada", "ada@example.com")).await.unwrap();
    let form =
        |email: &str, password: &str| SignIn { email: email.into(), password: password.into(), code: None };
    assert_eq!(world.identity.sign_in(form(" ADA@example.com", PASSWORD)).await.unwrap(), signed);

    let mut answers = HashSet::new();
    for (email, password) in [
        ("ada@example.com", "not-the-right-one"),
        ("ada@example.com", ""),
        ("ada@example.com", &*"x".repeat(100_000)),
        ("bob@example.com", PASSWORD),
        ("nobody's password", "nobody's password"),
        ("", ""),
        ("a\0b", PASSWORD),
    ] {
        let error = world.identity.sign_in(form(email, password)).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{email:?}: {error:?}");
        answers.insert(format!("{error:?}"));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn what_is_anothers_is_not_found() {
    let world = World::new().await;
    let (ada, ada_scope) = world.person("Ada").await;
    let (eve, eve_scope) = world.person("Eve").await;
    let project = world.projects.list(&ada_scope, None, 1).await.unwrap().items.remove(0);
    let agent = world.agents.ala(&ada_scope).await.unwrap();

    assert!(matches!(world.orgs.scope(eve, "ada").await, Err(Error::NotFound(_))));
    for slug in ["", "no-such", "ADA", "a/b", "a\0b", "'--"] {
        assert!(matches!(world.orgs.scope(ada, slug).await, Err(Error::NotFound(_))), "{slug:?}");
    }
    for resource in [Resource::Project(project.id), Resource::Agent(agent.id)] {
        assert_eq!(world.orgs.scope_of(ada, resource).await.unwrap().org_id(), ada_scope.org_id());
        assert!(matches!(world.orgs.scope_of(eve, resource).await, Err(Error::NotFound(_))));
    }
    assert!(matches!(world.projects.get(&eve_scope, project.id).await, Err(Error::NotFound(_))));
    assert!(matches!(world.projects.delete(&eve_scope, project.id).await, Err(Error::NotFound(_))));
    assert!(matches!(world.agents.get(&eve_scope, agent.id).await, Err(Error::NotFound(_))));
    assert!(matches!(
        world.agents.set_tool(&eve_scope, agent.id, "show", false).await,
        Err(Error::NotFound(_))
    ));
    world.projects.get(&ada_scope, project.id).await.unwrap();
}

#[tokio::test]
async fn a_person_in_two_organizations_lands_in_the_first() {
    let world = World::new().await;
    let (ada, ada_scope) = world.person("Ada").await;
    world.clock.advance(Duration::from_secs(1));
    let (eve, eve_scope) = world.person("Eve").await;
    world.clock.advance(Duration::from_secs(1));
    add_member(&world, &eve_scope, ada, "viewer").await;

    let me = world.identity.me(ada).await.unwrap();
    let slugs: Vec<_> = me.memberships.iter().map(|membership| membership.org.slug.as_str()).collect();
    assert_eq!(slugs, ["ada", "eve"]);
    assert_eq!(world.orgs.home_scope(ada).await.unwrap().org_id(), ada_scope.org_id());
    let guest = world.orgs.scope(ada, "eve").await.unwrap();
    assert_eq!((guest.role(), guest.user_id()), (Role::Viewer, ada));
    assert!(matches!(guest.require_writer(), Err(Error::Forbidden { reason: "role", .. })));
    assert_eq!(world.identity.me(eve).await.unwrap().memberships.len(), 1);
}

#[tokio::test]
async fn tools_are_switched_also_by_many_at_once() {
    let world = World::new().await;
    let (_, scope) = world.person("Ada").await;
    let ala = world.agents.ala(&scope).await.unwrap();
    let without = world.agents.set_tool(&scope, ala.id, "sandbox_exec", false).await.unwrap();
    assert!(!without.allowed_tools.contains(&"sandbox_exec".to_owned()));
    assert_eq!(world.agents.find(&scope, "ala").await.unwrap(), without);
    assert_eq!(world.agents.find(&scope, &ala.id.to_string()).await.unwrap(), without);

    let off = ["show", "http_fetch", "file_list", "file_read", "data_block"];
    let switches = off.map(|tool| {
        let (agents, scope) = (world.agents.clone(), scope.clone());
        tokio::spawn(async move { agents.set_tool(&scope, ala.id, tool, false).await.unwrap() })
    });
    for switch in switches {
        switch.await.unwrap();
    }
    let left = world.agents.get(&scope, ala.id).await.unwrap().allowed_tools;
    let stay = STANDARD_TOOLS.iter().filter(|tool| **tool != "sandbox_exec" && !off.contains(tool));
    assert_eq!(left, stay.copied().collect::<Vec<_>>());
    let again = world.agents.set_tool(&scope, ala.id, "show", true).await.unwrap();
    assert_eq!(again.allowed_tools.last().unwrap(), "show");
    for name in ["", "a b", "x\0", &"x".repeat(65)] {
        assert!(matches!(world.agents.set_tool(&scope, ala.id, name, true).await, Err(Error::NotFound(_))));
    }
    for nobody in ["no-such-agent", "ALA", "a\0", ""] {
        assert!(matches!(world.agents.find(&scope, nobody).await, Err(Error::NotFound(_))), "{nobody:?}");
    }
}

#[tokio::test]
async fn a_missing_ala_is_made_again_once() {
    let world = World::new().await;
    let (_, scope) = world.person("Ada").await;
    let mut tx = world.store.begin().await.unwrap();
    sqlx::query("DELETE FROM agents").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let makers = [0; 8].map(|_| {
        let (agents, scope) = (world.agents.clone(), scope.clone());
        tokio::spawn(async move { agents.ala(&scope).await.unwrap().id })
    });
    let mut ids = HashSet::new();
    for maker in makers {
        ids.insert(maker.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
}
