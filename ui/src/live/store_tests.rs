use super::Live;
use alumia_protocol::{
    AgentId, BlockId, MessageId, ProjectId, SessionId, Timestamp, UserId,
    blocks::{Block, Content, Position},
    dataspec::{DataSpec, Markdown},
    events::{Event, EventData, SessionView, Snapshot},
    sessions::{Session, SessionStatus},
};
use leptos::prelude::*;

fn session() -> Session {
    Session {
        id: SessionId::new(),
        project_id: ProjectId::new(),
        agent_id: AgentId::new(),
        agent_name: "Ala".into(),
        agent_avatar: String::new(),
        label: "New chat".into(),
        status: SessionStatus::Idle,
        position: Position::default(),
        metadata: serde_json::json!({}),
        parent_id: None,
        created_by: UserId::new(),
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn block(title: &str) -> Block {
    Block {
        id: BlockId::new(),
        project_id: ProjectId::new(),
        title: title.into(),
        content: Content::Data(DataSpec::Markdown(Markdown { text: "x".into() })),
        position: Position::default(),
        version: 1,
        session_id: None,
        run_id: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn event(seq: i64, session: Option<SessionId>, data: EventData) -> Event {
    Event { seq, at: Timestamp(seq), session_id: session, run_id: None, step_id: None, data }
}

fn snapshot(seq: i64, sessions: Vec<Session>, blocks: Vec<Block>) -> Snapshot {
    let sessions = sessions.into_iter().map(|session| SessionView { session, events: vec![], queue: vec![] });
    Snapshot { project_id: ProjectId::new(), seq, sessions: sessions.collect(), blocks }
}

#[test]
fn an_event_seen_twice_changes_nothing() {
    Owner::new().with(|| {
        let session = session();
        let live = Live::new(ProjectId::new(), snapshot(4, vec![session.clone()], vec![]));
        let id = MessageId::new();
        let delta =
            |seq| event(seq, Some(session.id), EventData::TextDelta { message_id: id, text: "ab".into() });
        for seq in [4, 5, 5, 3, 6] {
            live.apply(delta(seq));
        }
        let text = live.session(session.id).unwrap().message(id).unwrap().get_untracked().text;
        assert_eq!(text, "abab");
        assert_eq!(live.seq(), 6);
    });
}

#[test]
fn one_event_touches_one_block() {
    Owner::new().with(|| {
        let (mut one, two) = (block("one"), block("two"));
        let live = Live::new(ProjectId::new(), snapshot(1, vec![], vec![one.clone(), two.clone()]));
        let kept = live.block(two.id).unwrap();
        one.title = "changed".into();
        live.apply(event(2, None, EventData::BlockUpdated { block: Box::new(one.clone()) }));
        assert_eq!(live.block(one.id).unwrap().get_untracked().title, "changed");
        assert_eq!(kept.get_untracked(), two);
        live.apply(event(3, None, EventData::BlockDeleted { block_id: one.id }));
        assert!(live.block(one.id).is_none());
        assert_eq!(live.blocks().get_untracked(), [two.id]);
        // A change that isn't confirmed yet has no number and moves none.
        live.apply(event(0, None, EventData::BlockCreated { block: Box::new(one.clone()) }));
        assert_eq!((live.blocks().get_untracked(), live.seq()), (vec![two.id, one.id], 3));
    });
}

#[test]
fn a_snapshot_replaces_everything_and_keeps_signals() {
    Owner::new().with(|| {
        let (old, new, kept) = (block("old"), block("new"), block("kept"));
        let (first, second) = (session(), session());
        let live =
            Live::new(ProjectId::new(), snapshot(9, vec![first.clone()], vec![old.clone(), kept.clone()]));
        let signal = live.block(kept.id).unwrap();
        live.reset(snapshot(12, vec![second.clone()], vec![kept.clone(), new.clone()]));
        assert_eq!(live.blocks().get_untracked(), [kept.id, new.id]);
        assert!(live.block(old.id).is_none() && live.session(first.id).is_none());
        assert_eq!(live.sessions().get_untracked(), [second.id]);
        let renamed = Block { title: "again".into(), ..kept.clone() };
        live.apply(event(13, None, EventData::BlockUpdated { block: Box::new(renamed) }));
        assert_eq!(signal.get_untracked().title, "again");
    });
}

#[test]
fn sessions_come_and_go() {
    Owner::new().with(|| {
        let live = Live::new(ProjectId::new(), snapshot(0, vec![], vec![]));
        let session = session();
        live.apply(event(
            1,
            Some(session.id),
            EventData::SessionCreated { session: Box::new(session.clone()) },
        ));
        let signals = live.session(session.id).unwrap();
        live.apply(event(2, Some(session.id), EventData::StatusChanged { status: SessionStatus::Active }));
        assert_eq!(signals.session.get_untracked().status, SessionStatus::Active);
        live.apply(event(3, Some(session.id), EventData::SessionDeleted {}));
        assert!(live.session(session.id).is_none() && live.sessions().get_untracked().is_empty());
        live.apply(event(4, Some(session.id), EventData::StatusChanged { status: SessionStatus::Idle }));
    });
}
