//! Members, invitations, workspaces, deletion and the audit log, on whichever engine `ALUMIA_TEST_DATABASE`
//! names.

use crate::common::{PASSWORD, World, office::Desk};
use alumia_platform::{
    Error,
    audit::{self, Audit, Entry},
};
use alumia_protocol::{
    audit::{ActorKind, AuditFilter, Outcome},
    orgs::{CreateInvite, NameWorkspace},
    people::{JoinForm, Role},
    projects::{CreateProject, UpdateProject, Visibility},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

fn project(name: &str) -> CreateProject {
    CreateProject { name: name.into(), ..CreateProject::default() }
}

fn is_forbidden<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Forbidden { reason: "role", .. }))
}

#[tokio::test]
async fn an_organization_keeps_an_owner_also_when_two_demote_each_other() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    for round in 0..6 {
        let (ada, owner) = world.person(&format!("Ada{round}")).await;
        let (eve, second) = desk.join(&world, &owner, &format!("Eve{round}"), Role::Owner).await;
        let demote = |scope: alumia_platform::OrgScope, user, leave: bool| {
            let members = desk.members.clone();
            tokio::spawn(async move {
                if leave {
                    members.leave(&scope).await
                } else {
                    members.change_role(&scope, user, Role::Member).await.map(drop)
                }
            })
        };
        let (one, two) =
            tokio::join!(demote(owner.clone(), eve, false), demote(second.clone(), ada, round % 2 == 0));
        let outcomes = [one.unwrap(), two.unwrap()];
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let owners: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM members WHERE org_id = $1 AND role = 'owner'")
                .bind(owner.org_id().to_string())
                .fetch_one(world.store.read())
                .await
                .unwrap();
        assert_eq!(owners, 1, "round {round}: {outcomes:?}");
        assert!(done >= 1, "{outcomes:?}");
    }
    let (ada, owner) = world.person("Only").await;
    assert!(matches!(desk.members.leave(&owner).await, Err(Error::Conflict { .. })));
    assert!(matches!(desk.members.remove(&owner, ada).await, Err(Error::Conflict { .. })));
    assert!(matches!(desk.members.change_role(&owner, ada, Role::Admin).await, Err(Error::Conflict { .. })));
}

#[tokio::test]
async fn who_may_manage_members() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (ada, owner) = world.person("Ada").await;
    let (_, admin) = desk.join(&world, &owner, "Adam", Role::Admin).await;
    let (mia, member) = desk.join(&world, &owner, "Mia", Role::Member).await;
    let (_, billing) = desk.join(&world, &owner, "Bill", Role::Billing).await;
    let (vic, viewer) = desk.join(&world, &owner, "Vic", Role::Viewer).await;

    assert_eq!(desk.members.list(&viewer).await.unwrap().len(), 5);
    for scope in [&member, &billing, &viewer] {
        assert!(is_forbidden(&desk.members.change_role(scope, mia, Role::Admin).await));
        assert!(is_forbidden(&desk.members.remove(scope, ada).await));
        assert!(is_forbidden(&desk.invites.list(scope).await));
        let invite = CreateInvite { email: "x@example.com".into(), role: Role::Member, workspace_id: None };
        assert!(is_forbidden(&desk.invites.create(scope, invite).await));
        let name = NameWorkspace { name: "W".into() };
        assert!(is_forbidden(&desk.workspaces.create(scope, name).await));
        assert!(is_forbidden(&desk.office.audit.list(scope, &AuditFilter::default(), None, 10).await));
    }
    assert_eq!(desk.members.change_role(&admin, mia, Role::Admin).await.unwrap().role, Role::Admin);
    assert!(is_forbidden(&desk.members.change_role(&admin, mia, Role::Owner).await));
    assert!(is_forbidden(&desk.members.change_role(&admin, ada, Role::Member).await));
    assert!(is_forbidden(&desk.members.remove(&admin, ada).await));
    let owner_invite = CreateInvite { email: "x@example.com".into(), role: Role::Owner, workspace_id: None };
    assert!(is_forbidden(&desk.invites.create(&admin, owner_invite).await));

    desk.members.remove(&admin, vic).await.unwrap();
    assert!(matches!(world.orgs.scope(vic, "ada").await, Err(Error::NotFound(_))));
    assert!(matches!(desk.members.remove(&admin, vic).await, Err(Error::NotFound(_))));
    // An old scope of somebody who was demoted meanwhile opens nothing.
    desk.members.change_role(&owner, admin.user_id(), Role::Member).await.unwrap();
    assert!(is_forbidden(&desk.members.remove(&admin, mia).await));
    // A stranger's id is nobody.
    let (eve, _) = world.person("Eve").await;
    assert!(matches!(desk.members.change_role(&owner, eve, Role::Admin).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn of_twenty_uses_of_one_invitation_one_joins() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (_, owner) = world.person("Ada").await;
    let (eve, _) = world.person("Eve").await;
    let token = desk.invite(&owner, "EVE@example.com", Role::Member).await;
    let tries = (0..20).map(|_| {
        let (invites, token) = (desk.invites.clone(), token.clone());
        tokio::spawn(async move { invites.accept(&token, eve, "eve@example.com", Arc::default()).await })
    });
    let mut joined = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(org) => {
                assert_eq!(org.slug, "ada");
                joined += 1;
            }
            Err(error) => assert!(matches!(error, Error::Conflict { .. }), "{error:?}"),
        }
    }
    assert_eq!(joined, 1);
    assert_eq!(world.orgs.scope(eve, "ada").await.unwrap().role(), Role::Member);
    let filter = AuditFilter { action: Some("member.joined".into()), ..AuditFilter::default() };
    assert_eq!(desk.office.audit.list(&owner, &filter, None, 10).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn of_twenty_new_accounts_by_one_invitation_one_is_made() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (_, owner) = world.person("Ada").await;
    let token = desk.invite(&owner, "new@example.com", Role::Viewer).await;
    let tries = (0..20).map(|n| {
        let (identity, invites, token) = (world.identity.clone(), desk.invites.clone(), token.clone());
        tokio::spawn(async move {
            let form = JoinForm { name: format!("New {n}"), password: PASSWORD.into() };
            identity.sign_up_invited(&invites, &token, form, Arc::default()).await
        })
    });
    let mut made = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        if let Ok(signed_in) = attempt.await.unwrap() {
            made.push(signed_in);
        }
    }
    assert_eq!(made.len(), 1);
    let memberships = world.identity.me(made[0].user.id).await.unwrap().memberships;
    assert_eq!(memberships.len(), 1, "an invited person gets no organization of their own");
    assert_eq!((memberships[0].role, memberships[0].org.slug.as_str()), (Role::Viewer, "ada"));
    // Removed from the only one, they still get in somewhere.
    desk.members.remove(&owner, made[0].user.id).await.unwrap();
    let form = alumia_protocol::people::SignIn {
        email: "new@example.com".into(),
        password: PASSWORD.into(),
        code: None,
    };
    let home = world.identity.sign_in(form).await.unwrap().org;
    assert_ne!(home.slug, "ada");
}

#[tokio::test]
async fn an_invitation_is_for_one_address_and_one_week_and_can_be_renewed_and_revoked() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (_, owner) = world.person("Ada").await;
    let (eve, _) = world.person("Eve").await;
    let (mallory, _) = world.person("Mallory").await;
    let new = |email: &str| CreateInvite { email: email.into(), role: Role::Member, workspace_id: None };
    let made = desk.invites.create(&owner, new("eve@example.com")).await.unwrap();
    let token = made.path.strip_prefix("/invite/").unwrap().to_owned();
    assert_eq!(desk.invites.view(&token).await.unwrap().org_name, "Ada");

    // The letter holds the link; the database and the list don't.
    world.worker.do_due().await.unwrap();
    let letters = world.mailbox.letters();
    let sent = |kept: &alumia_platform::mail::Kept| {
        kept.letter.to == "eve@example.com" && kept.letter.text.contains(&token)
    };
    assert!(letters.iter().any(sent), "{letters:?}");
    let hashes: Vec<String> =
        sqlx::query_scalar("SELECT token_hash FROM invites").fetch_all(world.store.read()).await.unwrap();
    assert!(!hashes[0].contains(&token));
    assert_eq!(desk.invites.list(&owner).await.unwrap().len(), 1);

    let wrong = desk.invites.accept(&token, mallory, "mallory@example.com", Arc::default()).await;
    assert!(matches!(wrong, Err(Error::Forbidden { reason: "wrong_account", .. })), "{wrong:?}");
    assert!(matches!(world.orgs.scope(mallory, "ada").await, Err(Error::NotFound(_))));
    for again in ["eve@example.com", "EVE@example.com"] {
        assert!(matches!(desk.invites.create(&owner, new(again)).await, Err(Error::Conflict { .. })));
    }
    assert!(matches!(desk.invites.create(&owner, new("ada@example.com")).await, Err(Error::Conflict { .. })));
    assert!(matches!(desk.invites.create(&owner, new("nobody")).await, Err(Error::Invalid(_))));

    world.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    let late = desk.invites.accept(&token, eve, "eve@example.com", Arc::default()).await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    let renewed = desk.invites.renew(&owner, made.invite.id).await.unwrap();
    let fresh = renewed.path.strip_prefix("/invite/").unwrap();
    assert!(matches!(desk.invites.view(&token).await, Err(Error::NotFound(_))), "the old link lives on");
    desk.invites.view(fresh).await.unwrap();
    desk.invites.revoke(&owner, made.invite.id).await.unwrap();
    assert!(matches!(desk.invites.view(fresh).await, Err(Error::NotFound(_))));
    assert!(desk.invites.accept(fresh, eve, "eve@example.com", Arc::default()).await.is_err());
    assert!(matches!(desk.invites.revoke(&owner, made.invite.id).await, Err(Error::NotFound(_))));
    for bad in ["", "x", "'--", &"g".repeat(64), "\0"] {
        assert!(matches!(desk.invites.view(bad).await, Err(Error::NotFound(_))), "{bad:?}");
    }
    // Another organisation's invitation is nobody's.
    let (_, stranger) = world.person("Stranger").await;
    let other = desk.invites.create(&owner, new("x@example.com")).await.unwrap().invite.id;
    assert!(matches!(desk.invites.revoke(&stranger, other).await, Err(Error::NotFound(_))));
    assert!(matches!(desk.invites.renew(&stranger, other).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_member_sees_their_workspaces_and_nobody_anothers_private_project() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (_, owner) = world.person("Ada").await;
    let (_, admin) = desk.join(&world, &owner, "Adam", Role::Admin).await;
    let (mia, member) = desk.join(&world, &owner, "Mia", Role::Member).await;
    let secret = desk.workspaces.create(&owner, NameWorkspace { name: "Secret".into() }).await.unwrap();
    let inside = CreateProject { workspace_id: Some(secret.id), ..project("Inside") };
    let inside = world.projects.create(&owner, inside).await.unwrap();
    let private = CreateProject { visibility: Visibility::Private, ..project("Mine") };
    let mine = world.projects.create(&member, private).await.unwrap();

    assert_eq!(desk.workspaces.list(&member).await.unwrap().len(), 1);
    assert_eq!(desk.workspaces.list(&admin).await.unwrap().len(), 2);
    assert!(matches!(desk.workspaces.get(&member, secret.id).await, Err(Error::NotFound(_))));
    assert!(matches!(desk.workspaces.members(&member, secret.id).await, Err(Error::NotFound(_))));
    assert!(matches!(desk.workspaces.switch(&member, Some(secret.id)).await, Err(Error::NotFound(_))));
    let smuggled = CreateProject { workspace_id: Some(secret.id), ..project("X") };
    assert!(matches!(world.projects.create(&member, smuggled).await, Err(Error::NotFound(_))));
    let moved = UpdateProject { workspace_id: Some(secret.id), ..UpdateProject::default() };
    assert!(matches!(world.projects.update(&member, mine.id, moved).await, Err(Error::NotFound(_))));

    let hidden_from = [(&member, inside.id), (&owner, mine.id), (&admin, mine.id)];
    for (scope, hidden) in hidden_from {
        let rename = || UpdateProject { name: Some("X".into()), ..UpdateProject::default() };
        assert!(matches!(world.projects.get(scope, hidden).await, Err(Error::NotFound(_))));
        assert!(matches!(world.projects.update(scope, hidden, rename()).await, Err(Error::NotFound(_))));
        assert!(matches!(world.projects.delete(scope, hidden).await, Err(Error::NotFound(_))));
        let listed = world.projects.list(scope, None, 100).await.unwrap().items;
        assert!(listed.iter().all(|project| project.id != hidden));
    }
    for (scope, slug) in [(&member, "inside"), (&owner, "mine"), (&admin, "mine")] {
        assert!(matches!(world.projects.by_slug(scope, slug).await, Err(Error::NotFound(_))));
    }

    desk.workspaces.add_member(&owner, secret.id, mia).await.unwrap();
    desk.workspaces.add_member(&owner, secret.id, mia).await.unwrap();
    world.projects.get(&member, inside.id).await.unwrap();
    desk.workspaces.switch(&member, Some(secret.id)).await.unwrap();
    assert_eq!(desk.workspaces.current(&member).await.unwrap(), Some(secret.id));
    assert_eq!(world.projects.create(&member, project("Here")).await.unwrap().workspace_id, secret.id);
    let listed = world.projects.list_in(&member, Some(secret.id), None, 50).await.unwrap().items;
    assert_eq!(listed.len(), 2);
    desk.workspaces.remove_member(&owner, secret.id, mia).await.unwrap();
    assert!(matches!(world.projects.get(&member, inside.id).await, Err(Error::NotFound(_))));
    assert_eq!(desk.workspaces.current(&member).await.unwrap(), None);
    assert_eq!(
        world.projects.create(&member, project("There")).await.unwrap().workspace_id,
        mine.workspace_id
    );

    // Out of the only workspace, even one's own projects are out of sight, and there is nowhere to make one.
    desk.workspaces.remove_member(&owner, mine.workspace_id, mia).await.unwrap();
    assert!(matches!(world.projects.get(&member, mine.id).await, Err(Error::NotFound(_))));
    assert!(is_forbidden(&world.projects.create(&member, project("Nowhere")).await));
}

#[tokio::test]
async fn workspaces_are_made_renamed_and_deleted_when_empty() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (ada, owner) = world.person("Ada").await;
    let (_, member) = desk.join(&world, &owner, "Mia", Role::Member).await;
    let (_, stranger) = world.person("Eve").await;
    let named = |name: &str| NameWorkspace { name: name.into() };
    let made = desk.workspaces.create(&owner, named("  Client  X ")).await.unwrap();
    assert_eq!((made.name.as_str(), made.slug.as_str(), made.members), ("Client X", "client-x", 1));
    assert_eq!(desk.workspaces.create(&owner, named("Client X")).await.unwrap().slug, "client-x-2");
    assert!(matches!(desk.workspaces.create(&owner, named(" ")).await, Err(Error::Invalid(_))));
    assert_eq!(desk.workspaces.rename(&owner, made.id, named("Client Y")).await.unwrap().name, "Client Y");
    assert_eq!(desk.workspaces.members(&owner, made.id).await.unwrap()[0].user_id, ada);

    let default = desk.workspaces.list(&owner).await.unwrap().remove(0);
    assert!(default.is_default);
    assert!(matches!(desk.workspaces.delete(&owner, default.id).await, Err(Error::BadRequest(_))));
    for other in [&stranger, &member] {
        let refused = desk.workspaces.delete(other, made.id).await;
        assert!(matches!(refused, Err(Error::NotFound(_) | Error::Forbidden { .. })), "{refused:?}");
    }
    assert!(matches!(desk.workspaces.get(&stranger, made.id).await, Err(Error::NotFound(_))));
    assert!(matches!(desk.workspaces.rename(&stranger, made.id, named("X")).await, Err(Error::NotFound(_))));
    assert!(matches!(
        desk.workspaces.add_member(&owner, made.id, stranger.user_id()).await,
        Err(Error::NotFound(_))
    ));

    desk.workspaces.add_member(&owner, made.id, member.user_id()).await.unwrap();
    let private =
        CreateProject { visibility: Visibility::Private, workspace_id: Some(made.id), ..project("Unseen") };
    let unseen = world.projects.create(&member, private).await.unwrap();
    let full = desk.workspaces.delete(&owner, made.id).await.unwrap_err();
    assert!(full.to_string().contains("private to their makers"), "{full}");
    world.projects.delete(&member, unseen.id).await.unwrap();
    let invite =
        CreateInvite { email: "new@example.com".into(), role: Role::Member, workspace_id: Some(made.id) };
    desk.invites.create(&owner, invite).await.unwrap();
    desk.workspaces.switch(&owner, Some(made.id)).await.unwrap();
    desk.workspaces.delete(&owner, made.id).await.unwrap();
    assert!(matches!(desk.workspaces.get(&owner, made.id).await, Err(Error::NotFound(_))));
    assert_eq!(desk.workspaces.current(&owner).await.unwrap(), None);
    assert_eq!(desk.invites.list(&owner).await.unwrap()[0].workspace_id, default.id);
}

#[tokio::test]
async fn the_audit_log_says_who_did_what_and_nobody_changes_it() {
    let world = World::new().await;
    let desk = Desk::of(&world);
    let (ada, owner) = world.person("Ada").await;
    let origin = Arc::new(audit::Origin {
        address: "203.0.113.9".into(),
        user_agent: "=cmd|' /C calc'!A0".into(),
        means: audit::Means::Browser,
    });
    let here = owner.clone().coming_from(origin);
    let (mia, _) = desk.join(&world, &here, "Mia", Role::Member).await;
    world.clock.advance(Duration::from_secs(5));
    desk.members.change_role(&here, mia, Role::Billing).await.unwrap();
    let audit = Audit::new(world.store.store(), Arc::new(world.clock.clone()));
    let refused = Entry::by(&here, "request.refused").refused(Outcome::Denied, "step_up_required");
    audit.note([refused]).await.unwrap();

    let all = audit.list(&owner, &AuditFilter::default(), None, 100).await.unwrap().items;
    let actions: Vec<_> = all.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["request.refused", "member.role_changed", "member.joined", "invite.created"]);
    let change = &all[1];
    assert_eq!(change.details, json!({ "from": "member", "to": "billing" }));
    assert_eq!((change.actor.kind, change.actor.user_id), (ActorKind::Person, Some(ada)));
    assert_eq!(change.target.as_ref().unwrap().name, "mia@example.com");
    assert_eq!((change.address.as_str(), change.outcome), ("203.0.113.9", Outcome::Done));

    let count = async |filter: AuditFilter| audit.list(&owner, &filter, None, 100).await.unwrap().items.len();
    assert_eq!(count(AuditFilter { action: Some("member".into()), ..AuditFilter::default() }).await, 2);
    assert_eq!(count(AuditFilter { outcome: Some(Outcome::Denied), ..AuditFilter::default() }).await, 1);
    assert_eq!(count(AuditFilter { actor: Some(mia.to_string()), ..AuditFilter::default() }).await, 1);
    assert_eq!(count(AuditFilter { since: Some(change.at), ..AuditFilter::default() }).await, 2);
    assert_eq!(count(AuditFilter { until: Some(change.at), ..AuditFilter::default() }).await, 2);
    let first = audit.list(&owner, &AuditFilter::default(), None, 3).await.unwrap();
    let rest = audit.list(&owner, &AuditFilter::default(), first.next_cursor.as_deref(), 3).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.has_more), (3, 1, false));
    let csv = audit::rows(&all).unwrap();
    assert_eq!(csv.lines().count(), 4);
    assert!(csv.contains("'=cmd"), "{csv}");

    // Another organisation sees none of it, and the database refuses to change or drop a line.
    let (_, stranger) = world.person("Eve").await;
    assert!(audit.list(&stranger, &AuditFilter::default(), None, 100).await.unwrap().items.is_empty());
    for sql in ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"] {
        let mut tx = world.store.begin().await.unwrap();
        let error = sqlx::query(sql).execute(&mut *tx).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    // What its change doesn't commit, it doesn't hold.
    let mut tx = world.store.begin().await.unwrap();
    audit.record(&mut tx, Entry::by(&owner, "never")).await.unwrap();
    drop(tx);
    assert_eq!(count(AuditFilter { action: Some("never".into()), ..AuditFilter::default() }).await, 0);
}
