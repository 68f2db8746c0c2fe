//! Projects, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::{World, add_member, field};
use alumia_platform::Error;
use alumia_protocol::{
    WorkspaceId,
    projects::{CreateProject, UpdateProject, Visibility},
};
use serde_json::json;
use std::{collections::HashSet, time::Duration};

fn named(name: &str) -> CreateProject {
    CreateProject { name: name.into(), ..CreateProject::default() }
}

#[tokio::test]
async fn made_read_changed_deleted() {
    let world = World::new().await;
    let (ada, scope) = world.person("Ada").await;
    let new = CreateProject {
        name: "  Q3   Review ".into(),
        description: "What went well.\nWhat didn't.".into(),
        prompt: "Use euros.".into(),
        emoji: "📊".into(),
        tags: vec!["finance".into(), " finance ".into(), "q3".into()],
        metadata: Some(json!({"colour": "teal"})),
        ..CreateProject::default()
    };
    let made = world.projects.create(&scope, new).await.unwrap();
    assert_eq!((made.name.as_str(), made.slug.as_str()), ("Q3 Review", "q3-review"));
    assert_eq!(made.tags, ["finance", "q3"]);
    assert_eq!((made.created_by, made.status.as_str()), (ada, "active"));
    assert_eq!(world.projects.get(&scope, made.id).await.unwrap(), made);
    assert_eq!(world.projects.by_slug(&scope, "q3-review").await.unwrap(), made);

    world.clock.advance(Duration::from_secs(5));
    let change = UpdateProject {
        name: Some("Q3 review, final".into()),
        status: Some("archived".into()),
        tags: Some(vec![]),
        ..UpdateProject::default()
    };
    let changed = world.projects.update(&scope, made.id, change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.slug.as_str()), ("Q3 review, final", "q3-review"));
    assert_eq!((changed.status.as_str(), changed.tags.len()), ("archived", 0));
    assert_eq!(changed.description, made.description);
    assert_eq!(changed.metadata, made.metadata);
    assert!(changed.updated_at > made.updated_at && changed.created_at == made.created_at);
    assert_eq!(world.projects.get(&scope, made.id).await.unwrap(), changed);

    world.projects.delete(&scope, made.id).await.unwrap();
    assert!(matches!(world.projects.get(&scope, made.id).await, Err(Error::NotFound(_))));
    assert!(matches!(world.projects.by_slug(&scope, "q3-review").await, Err(Error::NotFound(_))));
    assert!(matches!(world.projects.delete(&scope, made.id).await, Err(Error::NotFound(_))));
    let change = UpdateProject { name: Some("x".into()), ..UpdateProject::default() };
    assert!(matches!(world.projects.update(&scope, made.id, change).await, Err(Error::NotFound(_))));
    let again = world.projects.create(&scope, named("Q3 review")).await.unwrap();
    assert_eq!(again.slug, "q3-review", "a deleted project kept its slug");
    world.projects.delete(&scope, again.id).await.unwrap();
    assert_eq!(world.projects.create(&scope, named("Q3 review")).await.unwrap().slug, "q3-review");
}

#[tokio::test]
async fn values_out_of_range_are_named() {
    let world = World::new().await;
    let (_, scope) = world.person("Ada").await;
    let new = CreateProject {
        name: "x".repeat(256),
        description: "x".repeat(5_001),
        prompt: "a\0b".into(),
        emoji: "x".repeat(17),
        tags: vec!["t".into(); 21],
        metadata: Some(json!([1])),
        ..CreateProject::default()
    };
    let error = world.projects.create(&scope, new).await.unwrap_err();
    let Error::Invalid(fields) = &error else { panic!("{error:?}") };
    let named_fields: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(named_fields, ["description", "emoji", "metadata", "name", "prompt", "tags"]);

    let project = world.projects.create(&scope, named("P")).await.unwrap();
    for (change, at) in [
        (UpdateProject { name: Some(" ".into()), ..Default::default() }, "name"),
        (UpdateProject { status: Some("gone".into()), ..Default::default() }, "status"),
        (UpdateProject { prompt: Some("x".repeat(12_001)), ..Default::default() }, "prompt"),
        (
            UpdateProject { metadata: Some(json!({"a": "x".repeat(20_000)})), ..Default::default() },
            "metadata",
        ),
        (UpdateProject { tags: Some(vec!["".into()]), ..Default::default() }, "tags"),
    ] {
        let error = world.projects.update(&scope, project.id, change).await.unwrap_err();
        assert!(field(&error, at).is_some(), "{at}: {error:?}");
    }
    assert_eq!(world.projects.get(&scope, project.id).await.unwrap(), project);

    let new = CreateProject { workspace_id: Some(WorkspaceId::new()), ..named("P") };
    assert!(matches!(world.projects.create(&scope, new).await, Err(Error::NotFound("workspace"))));
    let (eve, _) = world.person("Eve").await;
    let foreign = world.identity.me(eve).await.unwrap().memberships[0].default_workspace_id;
    let new = CreateProject { workspace_id: Some(foreign), ..named("P") };
    assert!(matches!(world.projects.create(&scope, new).await, Err(Error::NotFound("workspace"))));
}

#[tokio::test]
async fn private_projects_and_roles() {
    let world = World::new().await;
    let (_, owner) = world.person("Owner").await;
    let mut scopes = Vec::new();
    for (name, role) in [("Maker", "member"), ("Other", "member"), ("Viewer", "viewer"), ("Money", "billing")]
    {
        let (user, _) = world.person(name).await;
        add_member(&world, &owner, user, role).await;
        scopes.push(world.orgs.scope(user, "owner").await.unwrap());
    }
    let [maker, other, viewer, billing] = scopes.as_slice() else { unreachable!() };
    let private = CreateProject { visibility: Visibility::Private, ..named("Mine") };
    let mine = world.projects.create(maker, private).await.unwrap();
    let team = world.projects.create(maker, named("Ours")).await.unwrap();

    assert_eq!(world.projects.get(maker, mine.id).await.unwrap(), mine);
    assert_eq!(world.projects.list(maker, None, 50).await.unwrap().items.len(), 3);
    for scope in [&owner, other, viewer, billing] {
        assert!(matches!(world.projects.get(scope, mine.id).await, Err(Error::NotFound(_))));
        assert!(matches!(world.projects.by_slug(scope, "mine").await, Err(Error::NotFound(_))));
        assert_eq!(world.projects.list(scope, None, 50).await.unwrap().items.len(), 2);
        assert_eq!(world.projects.get(scope, team.id).await.unwrap(), team);
    }
    let rename = || UpdateProject { name: Some("New".into()), ..UpdateProject::default() };
    let hide = || UpdateProject { visibility: Some(Visibility::Private), ..UpdateProject::default() };
    assert!(matches!(world.projects.update(other, mine.id, rename()).await, Err(Error::NotFound(_))));
    world.projects.update(other, team.id, rename()).await.unwrap();
    for scope in [viewer, billing] {
        for refused in [
            world.projects.create(scope, named("X")).await.err(),
            world.projects.update(scope, team.id, rename()).await.err(),
            world.projects.delete(scope, team.id).await.err(),
        ] {
            assert!(matches!(refused, Some(Error::Forbidden { reason: "role", .. })), "{refused:?}");
        }
    }
    assert!(matches!(world.projects.update(other, team.id, hide()).await, Err(Error::Forbidden { .. })));
    assert!(matches!(world.projects.delete(other, team.id).await, Err(Error::Forbidden { .. })));
    world.projects.update(maker, team.id, hide()).await.unwrap();
    assert!(matches!(world.projects.get(other, team.id).await, Err(Error::NotFound(_))));
    assert!(matches!(world.projects.delete(&owner, mine.id).await, Err(Error::NotFound(_))));
    world.projects.delete(maker, mine.id).await.unwrap();
}

#[tokio::test]
async fn pages_hold_every_project_once_also_at_equal_times() {
    let world = World::new().await;
    let (_, scope) = world.person("Ada").await;
    for n in 0..25 {
        if n % 10 == 0 {
            world.clock.advance(Duration::from_secs(1));
        }
        world.projects.create(&scope, named(&format!("P {n}"))).await.unwrap();
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let page = world.projects.list(&scope, cursor.as_deref(), 7).await.unwrap();
        seen.extend(page.items.iter().map(|project| (project.updated_at, project.id)));
        pages += 1;
        assert_eq!(page.has_more, page.next_cursor.is_some());
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, 4);
    assert_eq!(seen.iter().map(|seen| seen.1).collect::<HashSet<_>>().len(), 26);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "not newest first");
    assert_eq!(world.projects.list(&scope, None, 0).await.unwrap().items.len(), 1);
    assert_eq!(world.projects.list(&scope, None, u32::MAX).await.unwrap().items.len(), 26);
    for bad in ["", "zzz", "'; --", "a\0"] {
        assert!(
            matches!(world.projects.list(&scope, Some(bad), 5).await, Err(Error::BadRequest(_))),
            "{bad:?}"
        );
    }
}

#[tokio::test]
async fn parallel_projects_of_one_name_get_slugs_of_their_own() {
    let world = World::new().await;
    let (_, scope) = world.person("Ada").await;
    let tries = [0; 12].map(|_| {
        let (projects, scope) = (world.projects.clone(), scope.clone());
        tokio::spawn(async move { projects.create(&scope, named("Plan")).await.unwrap().slug })
    });
    let mut slugs = HashSet::new();
    for attempt in tries {
        slugs.insert(attempt.await.unwrap());
    }
    assert_eq!(slugs.len(), 12, "{slugs:?}");
    assert!(slugs.contains("plan"));
}
