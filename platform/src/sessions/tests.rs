use super::{Append, LogLimits, testing::*};
use crate::Error;
use alumia_protocol::{
    CallId, MessageId, ProjectId, RunId,
    events::{Event, EventData},
    people::Role,
    sessions::{CreateSession, MessageRole, SessionStatus, UpdateSession},
};

#[tokio::test]
async fn a_new_session_takes_what_is_usual() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let sessions = house.sessions(&log);
    let made = sessions.create(&house.owner, CreateSession::default()).await.unwrap();
    assert_eq!(made.label, "New chat");
    assert_eq!((made.project_id, made.agent_id), (house.project, house.agent));
    assert_eq!((made.status, made.agent_name.as_str()), (SessionStatus::Idle, "Ala"));
    assert_eq!(sessions.get(&house.owner, made.id).await.unwrap(), made);
    let events = log.session_events(house.org, made.id).await.unwrap();
    let created = EventData::SessionCreated { session: Box::new(made.clone()) };
    assert_eq!(wire(&events[0]), wire(&Event { data: created, ..events[0].clone() }));
    let change =
        UpdateSession { label: Some("  Plans ".into()), metadata: Some(serde_json::json!({"a": 1})) };
    let changed = sessions.update(&house.owner, made.id, change).await.unwrap();
    assert_eq!((changed.label.as_str(), &changed.metadata["a"]), ("Plans", &serde_json::json!(1)));
    assert_eq!(sessions.get(&house.owner, made.id).await.unwrap(), changed);
}

#[tokio::test]
async fn values_out_of_range_are_refused() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let sessions = house.sessions(&log);
    let long = Some("ü".repeat(256));
    let new = CreateSession { label: long.clone(), ..CreateSession::default() };
    assert!(matches!(sessions.create(&house.owner, new).await, Err(Error::Invalid(_))));
    let big = Some(serde_json::json!({ "a": "x".repeat(20_000) }));
    let new = CreateSession { metadata: big, ..CreateSession::default() };
    assert!(matches!(sessions.create(&house.owner, new).await, Err(Error::Invalid(_))));
    let id = house.session(&log).await;
    for label in [long, Some("  ".into())] {
        let change = UpdateSession { label, metadata: None };
        assert!(matches!(sessions.update(&house.owner, id, change).await, Err(Error::Invalid(_))));
    }
    let fits = Some("ü".repeat(255));
    let new = CreateSession { label: fits.clone(), ..CreateSession::default() };
    assert_eq!(Some(sessions.create(&house.owner, new).await.unwrap().label), fits);
}

#[tokio::test]
async fn a_list_shows_the_last_changed_first_fifty_a_page() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let sessions = house.sessions(&log);
    let mut made = Vec::new();
    for _ in 0..53 {
        made.push(house.session(&log).await);
    }
    let change = UpdateSession { label: Some("Touched".into()), metadata: None };
    sessions.update(&house.owner, made[0], change).await.unwrap();
    let first = sessions.list(&house.owner, Some(house.project), None).await.unwrap();
    let second = sessions.list(&house.owner, None, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!(
        (first.items.len(), first.has_more, second.items.len(), second.has_more),
        (50, true, 3, false)
    );
    assert_eq!(second.next_cursor, None);
    let mut listed: Vec<_> = first.items.iter().chain(&second.items).map(|it| it.id).collect();
    assert_eq!((listed[0], listed[1], listed[52]), (made[0], made[52], made[1]));
    listed.sort();
    assert_eq!(listed, made);
    let wrong = sessions.list(&house.owner, None, Some("1_2")).await;
    assert!(matches!(wrong, Err(Error::BadRequest(_))));
}

#[tokio::test]
async fn what_is_going_on_can_not_be_deleted() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let sessions = house.sessions(&log);
    let id = house.session(&log).await;
    let say = async |status| {
        let mut tx = log.begin(house.org, house.project).await.unwrap();
        sessions.set_status(&mut tx, id, None, status).await.unwrap();
        tx.commit().await.unwrap().len()
    };
    assert_eq!(say(SessionStatus::Active).await, 1);
    // Saying it twice is one event.
    assert_eq!(say(SessionStatus::Active).await, 0);
    assert!(matches!(sessions.delete(&house.owner, id).await, Err(Error::Conflict { .. })));
    say(SessionStatus::AwaitingApproval).await;
    assert!(matches!(sessions.delete(&house.owner, id).await, Err(Error::Conflict { .. })));
    say(SessionStatus::Failed).await;
    sessions.delete(&house.owner, id).await.unwrap();
    assert!(matches!(sessions.get(&house.owner, id).await, Err(Error::NotFound(_))));
    assert!(matches!(sessions.delete(&house.owner, id).await, Err(Error::NotFound(_))));
    assert!(matches!(log.subscribe_session(&house.owner, id, None).await.map(drop), Err(Error::NotFound(_))));
    assert!(log.snapshot(&house.owner, house.project).await.unwrap().sessions.is_empty());
}

#[tokio::test]
async fn messages_are_folded_from_the_log() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let sessions = house.sessions(&log);
    let (id, run) = (house.session(&log).await, RunId::new());
    let said: Vec<_> = (0..5).map(|_| MessageId::new()).collect();
    let mut tx = log.begin(house.org, house.project).await.unwrap();
    for (index, message_id) in said.iter().enumerate() {
        let data = if index % 2 == 0 {
            EventData::RunQueued { message: message(*message_id, MessageRole::User, "Hi", None) }
        } else {
            let message = message(*message_id, MessageRole::Assistant, "Hello", Some(CallId::new()));
            EventData::MessageCompleted { message }
        };
        tx.push(Append { session_id: Some(id), run_id: Some(run), step_id: None, data });
        tx.push(append(id, run, EventData::StepStarted { number: 1 }));
    }
    tx.commit().await.unwrap();
    let first = sessions.messages(&house.owner, id, None, 3).await.unwrap();
    let rest = sessions.messages(&house.owner, id, first.next_cursor.as_deref(), 3).await.unwrap();
    let ids: Vec<_> = first.items.iter().chain(&rest.items).map(|it| it.id).collect();
    assert_eq!(ids, said);
    assert_eq!((first.has_more, rest.has_more), (true, false));
    let wrong = sessions.messages(&house.owner, id, Some("x"), 3).await;
    assert!(matches!(wrong, Err(Error::BadRequest(_))));
}

#[tokio::test]
async fn others_see_what_their_project_lets_them_see() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let sessions = house.sessions(&log);
    let shared = house.session(&log).await;
    let own = house.project("private").await;
    let new = CreateSession { project_id: Some(own), ..CreateSession::default() };
    let private = sessions.create(&house.owner, new.clone()).await.unwrap().id;
    let (stranger, foreign) = house.neighbour().await;
    let (member, viewer) = (house.member(Role::Member).await, house.member(Role::Viewer).await);

    let missing =
        |result: Result<(), Error>| assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
    // What is private is its maker's alone; the organization's other owners and admins see none of it either.
    let (admin, co_owner) = (house.member(Role::Admin).await, house.member(Role::Owner).await);
    let (canvas, files) = (house.canvas(&log), house.files());
    for scope in [&stranger, &member, &admin, &co_owner] {
        missing(log.snapshot(scope, own).await.map(drop));
        missing(log.subscribe(scope, own, None).await.map(drop));
        missing(log.subscribe_session(scope, private, None).await.map(drop));
        missing(log.list(scope, private, 0, 10).await.map(drop));
        missing(canvas.list(scope, own, None, 10).await.map(drop));
        missing(canvas.search(scope, own, "x", 10).await.map(drop));
        missing(files.list(scope, own, "").await.map(drop));
        missing(files.read(scope, own, "a", 10).await.map(drop));
        missing(files.write(scope, own, "a", b"x").await.map(drop));
        missing(sessions.get(scope, private).await.map(drop));
        missing(sessions.messages(scope, private, None, 1).await.map(drop));
        missing(sessions.update(scope, private, UpdateSession::default()).await.map(drop));
        missing(sessions.delete(scope, private).await);
        missing(sessions.list(scope, Some(own), None).await.map(drop));
        missing(sessions.create(scope, new.clone()).await.map(drop));
    }
    missing(sessions.get(&stranger, shared).await.map(drop));
    for project in [foreign, ProjectId::new()] {
        let new = CreateSession { project_id: Some(project), ..CreateSession::default() };
        missing(sessions.create(&house.owner, new).await.map(drop));
    }
    let listed = sessions.list(&member, None, None).await.unwrap();
    assert_eq!(listed.items.iter().map(|it| it.id).collect::<Vec<_>>(), [shared]);
    assert_eq!(sessions.list(&house.owner, None, None).await.unwrap().items.len(), 2);
    assert!(sessions.list(&stranger, None, None).await.unwrap().items.is_empty());
    assert!(sessions.get(&viewer, shared).await.is_ok());
    for result in [
        sessions.create(&viewer, CreateSession::default()).await.map(drop),
        sessions.update(&viewer, shared, UpdateSession::default()).await.map(drop),
        sessions.delete(&viewer, shared).await,
    ] {
        assert!(matches!(result, Err(Error::Forbidden { .. })), "{result:?}");
    }
}
