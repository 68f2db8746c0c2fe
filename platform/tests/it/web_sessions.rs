//! Browser sessions, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::World;
use alumia_platform::identity::{NewWebSession, WebSessions};
use alumia_protocol::UserId;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn of(user: UserId) -> NewWebSession {
    NewWebSession {
        user_id: Some(user),
        data: r#"{"step":1}"#.into(),
        user_agent: "Mozilla/5.0".into(),
        address: "192.0.2.7".into(),
    }
}

async fn alive(sessions: &WebSessions, id: &str) -> bool {
    sessions.load(id).await.unwrap().is_some()
}

#[tokio::test]
async fn begun_saved_loaded_ended() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let sessions = world.identity.web_sessions();
    assert!(sessions.create("one", of(ada)).await.unwrap());
    assert!(!sessions.create("one", of(ada)).await.unwrap(), "an id was given twice");
    let loaded = sessions.load("one").await.unwrap().unwrap();
    assert_eq!((loaded.user_id, loaded.data.as_str()), (Some(ada), r#"{"step":1}"#));
    assert_eq!((loaded.user_agent.as_str(), loaded.address.as_str()), ("Mozilla/5.0", "192.0.2.7"));
    assert_ne!(loaded.id_hash, "one");

    assert!(sessions.save("one", None, "{}").await.unwrap());
    let loaded = sessions.load("one").await.unwrap().unwrap();
    assert_eq!((loaded.user_id, loaded.data.as_str()), (None, "{}"));
    assert!(!sessions.save("two", None, "{}").await.unwrap());

    sessions.delete("one").await.unwrap();
    assert!(!alive(&sessions, "one").await);
    assert!(!sessions.save("one", Some(ada), "{}").await.unwrap(), "an ended session came back");

    let stored: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM web_sessions WHERE id_hash = 'one'")
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn over_after_two_weeks_unused_or_ninety_days() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let sessions = world.identity.web_sessions();
    for id in ["idle", "used"] {
        sessions.create(id, of(ada)).await.unwrap();
    }
    for _ in 0..6 {
        world.clock.advance(DAY * 13);
        assert!(alive(&sessions, "used").await);
    }
    assert!(!alive(&sessions, "idle").await);
    assert!(!sessions.save("idle", Some(ada), "{}").await.unwrap());
    // Day 78; the last stretch is cut at day 90.
    world.clock.advance(DAY * 11);
    assert!(alive(&sessions, "used").await);
    world.clock.advance(DAY);
    assert!(!alive(&sessions, "used").await);
    assert!(sessions.list(ada).await.unwrap().is_empty());
    assert_eq!(sessions.delete_expired().await.unwrap(), 2);
}

#[tokio::test]
async fn a_person_ends_one_or_all_others() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (eve, _) = world.person("Eve").await;
    let sessions = world.identity.web_sessions();
    for (id, user) in [("a1", ada), ("a2", ada), ("a3", ada), ("e1", eve)] {
        sessions.create(id, of(user)).await.unwrap();
    }
    world.clock.advance(Duration::from_secs(600));
    assert!(alive(&sessions, "a2").await);
    let list = sessions.list(ada).await.unwrap();
    assert_eq!(list.len(), 3);
    assert!(list[0].last_used_at > list[1].last_used_at, "the last used isn't first");

    let eves = sessions.list(eve).await.unwrap().remove(0);
    assert!(!sessions.end(ada, &eves.id_hash).await.unwrap(), "ended somebody else's session");
    assert!(sessions.end(ada, &list[0].id_hash).await.unwrap());
    assert!(!alive(&sessions, "a2").await);
    let current = sessions.load("a1").await.unwrap().unwrap().id_hash;
    assert_eq!(sessions.end_others(ada, &current).await.unwrap(), 1);
    assert!(alive(&sessions, "a1").await && alive(&sessions, "e1").await);
}

#[tokio::test]
async fn a_step_up_changes_the_id_and_keeps_the_rest() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let sessions = world.identity.web_sessions();
    sessions.create("one", of(ada)).await.unwrap();
    let before = sessions.load("one").await.unwrap().unwrap();
    assert_eq!(before.stepped_up_at, None);
    world.clock.advance(Duration::from_secs(60));
    let after = sessions.step_up("one", "two").await.unwrap().unwrap();
    assert_eq!(after.stepped_up_at, Some(sessions.now()));
    assert_eq!((after.user_id, &after.data, after.created_at), (Some(ada), &before.data, before.created_at));
    assert!(!alive(&sessions, "one").await, "the old id still opens the session");
    assert_eq!(sessions.load("two").await.unwrap(), Some(after));
    assert_eq!(sessions.step_up("one", "three").await.unwrap(), None, "a dead session was stepped up");
}
