use super::{Canvas, Origin};
use crate::{
    Error,
    sessions::{Feed, LogLimits, testing::*},
};
use alumia_protocol::{
    BlockId, RunId, SessionId,
    blocks::{Block, Content, CreateBlock, Move, MoveNodes, NodeId, Position, UpdateBlock},
    dataspec::DataSpec,
    events::EventData,
    people::Role,
    show::Show,
};
use futures::{FutureExt as _, StreamExt as _};

async fn house() -> (House, Canvas) {
    let house = House::new().await;
    let canvas = house.canvas(&house.log(LogLimits::default()));
    (house, canvas)
}

fn new(title: &str, text: &str) -> CreateBlock {
    CreateBlock { id: None, title: title.into(), content: markdown(text), position: None }
}

fn at(x: f64, y: f64) -> Position {
    Position { x, y, width: 240.0, height: 120.0, ..Position::default() }
}

async fn make(house: &House, canvas: &Canvas, title: &str, text: &str) -> Block {
    canvas.create(&house.owner, house.project, new(title, text), Origin::default()).await.unwrap()
}

fn titles(blocks: &[Block]) -> Vec<&str> {
    blocks.iter().map(|it| it.title.as_str()).collect()
}

#[tokio::test]
async fn every_kind_of_block_comes_back_as_it_was() {
    let (house, canvas) = house().await;
    let mut contents: Vec<_> = DataSpec::examples().into_iter().map(Content::Data).collect();
    contents.push(Content::Show(Show::Code {
        code: "x\0y".into(),
        language: "c".into(),
        filename: "".into(),
    }));
    for content in contents {
        let new = CreateBlock { id: None, title: String::new(), content, position: None };
        let made = canvas.create(&house.owner, house.project, new, Origin::default()).await.unwrap();
        assert_eq!(canvas.get(&house.owner, made.id).await.unwrap(), made);
        assert_eq!(made.version, 1);
    }
    let first = canvas.list(&house.owner, house.project, None, 10).await.unwrap();
    assert!(first.has_more);
    let rest = canvas.list(&house.owner, house.project, first.next_cursor.as_deref(), 10).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.has_more), (10, 3, false));
    assert!(first.items.iter().chain(&rest.items).map(|it| it.created_at).is_sorted());
    assert!(matches!(
        canvas.list(&house.owner, house.project, Some("nonsense"), 10).await,
        Err(Error::BadRequest(_))
    ));
}

#[tokio::test]
async fn blocks_of_a_run_stand_beside_its_session_and_cover_nothing() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let canvas = house.canvas(&log);
    let (one, two) = (house.session(&log).await, house.session(&log).await);
    for session in [one, two, one, one, two, one] {
        let origin = Origin { session_id: Some(session), run_id: Some(RunId::new()), step_id: None };
        canvas.create(&house.owner, house.project, new("", &"long text ".repeat(40)), origin).await.unwrap();
    }
    let snapshot = log.snapshot(&house.owner, house.project).await.unwrap();
    let nodes: Vec<Position> = snapshot
        .sessions
        .iter()
        .map(|it| it.session.position.clone())
        .chain(snapshot.blocks.iter().map(|it| it.position.clone()))
        .collect();
    for (index, a) in nodes.iter().enumerate() {
        for b in &nodes[..index] {
            let apart = a.x + a.width <= b.x
                || b.x + b.width <= a.x
                || a.y + a.height <= b.y
                || b.y + b.height <= a.y;
            assert!(apart, "{a:?} covers {b:?}");
        }
        assert!(a.x % 24.0 == 0.0 && a.y % 24.0 == 0.0);
    }
    let first = &snapshot.blocks[0];
    let node = &snapshot.sessions[0].session.position;
    assert_eq!((first.position.x, first.position.y), (node.x + node.width + 72.0, node.y));
    assert_eq!(first.session_id, Some(one));
}

#[tokio::test]
async fn values_out_of_range_are_named_by_their_field() {
    let (house, canvas) = house().await;
    let bad_chart = serde_json::json!({"kind": "data", "data": {"type": "chart", "kind": "line",
        "labels": ["a", "b"], "series": [{"name": "s", "values": [1.0]}]}});
    let mut spoiled = vec![
        ("title", CreateBlock { title: "t".repeat(256), ..new("", "x") }),
        ("position/x", CreateBlock { position: Some(at(f64::NAN, 0.0)), ..new("", "x") }),
    ];
    if let Ok(content) = serde_json::from_value::<Content>(bad_chart) {
        spoiled.push(("content/data/series", CreateBlock { content, ..new("", "x") }));
    }
    let made = make(&house, &canvas, "A", "a").await;
    for (field, new) in spoiled {
        let change = UpdateBlock {
            version: 1,
            title: Some(new.title.clone()),
            content: Some(new.content.clone()),
            position: new.position.clone(),
        };
        let created = canvas.create(&house.owner, house.project, new, Origin::default()).await;
        let updated = canvas.update(&house.owner, made.id, change, Origin::default()).await;
        for result in [created, updated] {
            let Err(Error::Invalid(fields)) = result else { panic!("{field}: {result:?}") };
            assert!(fields.keys().all(|it| it.starts_with(field)), "{fields:?}");
        }
    }
    let long = CreateBlock { content: markdown(&"x".repeat(600_000)), ..new("", "x") };
    let result = canvas.create(&house.owner, house.project, long, Origin::default()).await;
    assert!(matches!(result, Err(Error::TooLarge(_) | Error::Invalid(_))), "{result:?}");
    assert_eq!(canvas.get(&house.owner, made.id).await.unwrap(), made);
}

#[tokio::test]
async fn a_stale_change_is_refused_with_the_present_block() {
    let (house, canvas) = house().await;
    let made = make(&house, &canvas, "A", "a").await;
    let change =
        |title: &str| UpdateBlock { version: 1, title: Some(title.into()), content: None, position: None };
    let (first, second) = tokio::join!(
        canvas.update(&house.owner, made.id, change("B"), Origin::default()),
        canvas.update(&house.owner, made.id, change("C"), Origin::default()),
    );
    let (won, lost) = if first.is_ok() { (first, second) } else { (second, first) };
    let won = won.unwrap();
    assert_eq!((won.version, won.content.clone()), (2, made.content));
    let Err(Error::Conflict { details: Some(details), .. }) = lost else { panic!("{lost:?}") };
    assert_eq!(details["block"], serde_json::to_value(&won).unwrap());
}

#[tokio::test]
async fn a_deleted_block_comes_back_under_its_id() {
    let (house, canvas) = house().await;
    let made = make(&house, &canvas, "A", "a").await;
    let again = || CreateBlock { id: Some(made.id), position: Some(at(1.0, 2.0)), ..new("A again", "a") };
    let taken = canvas.create(&house.owner, house.project, again(), Origin::default()).await;
    assert!(matches!(taken, Err(Error::Conflict { .. })));
    canvas.delete(&house.owner, made.id).await.unwrap();
    assert!(matches!(canvas.get(&house.owner, made.id).await, Err(Error::NotFound(_))));
    assert!(matches!(canvas.delete(&house.owner, made.id).await, Err(Error::NotFound(_))));
    // Not on another canvas, nor in another organisation.
    let other = house.project("team").await;
    let (stranger, foreign) = house.neighbour().await;
    for (scope, project) in [(&house.owner, other), (&stranger, foreign)] {
        let result = canvas.create(scope, project, again(), Origin::default()).await;
        assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    }
    let back = canvas.create(&house.owner, house.project, again(), Origin::default()).await.unwrap();
    assert_eq!((back.id, back.version, back.created_at), (made.id, 3, made.created_at));
    assert_eq!(canvas.get(&house.owner, made.id).await.unwrap(), back);
    let fresh = CreateBlock { id: Some(BlockId::new()), ..new("", "x") };
    let id = fresh.id;
    let fresh = canvas.create(&house.owner, house.project, fresh, Origin::default()).await.unwrap();
    assert_eq!(Some(fresh.id), id);
}

#[tokio::test]
async fn positions_change_all_or_not_at_all() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let canvas = house.canvas(&log);
    let session = house.session(&log).await;
    let (a, b) = (make(&house, &canvas, "A", "a").await, make(&house, &canvas, "B", "b").await);
    let (_, foreign) = house.neighbour().await;
    let other_project = house.project("team").await;
    let elsewhere =
        canvas.create(&house.owner, other_project, new("C", "c"), Origin::default()).await.unwrap();
    let before = log.snapshot(&house.owner, house.project).await.unwrap();
    let mut feed = log.subscribe(&house.owner, house.project, Some(before.seq)).await.unwrap();
    let good = Move { node: NodeId::Block(a.id), position: at(10.0, 20.0) };
    let bad = [
        Move { node: NodeId::Block(BlockId::new()), position: at(0.0, 0.0) },
        Move { node: NodeId::Block(elsewhere.id), position: at(0.0, 0.0) },
        Move { node: NodeId::Session(SessionId::new()), position: at(0.0, 0.0) },
        Move { node: NodeId::Block(b.id), position: at(2e6, 0.0) },
        Move { node: NodeId::Block(b.id), position: Position { width: 0.0, ..at(0.0, 0.0) } },
    ];
    for bad in bad {
        let moves = MoveNodes { moves: vec![good.clone(), bad] };
        let result = canvas.place(&house.owner, house.project, moves).await;
        assert!(matches!(result, Err(Error::NotFound(_) | Error::Invalid(_))), "{result:?}");
    }
    let many = MoveNodes { moves: vec![good.clone(); 5_001] };
    assert!(matches!(canvas.place(&house.owner, house.project, many).await, Err(Error::Invalid(_))));
    let there = canvas.place(&house.owner, foreign, MoveNodes { moves: vec![good.clone()] }).await;
    assert!(matches!(there, Err(Error::NotFound(_))));
    assert!(feed.next().now_or_never().is_none());
    let after = log.snapshot(&house.owner, house.project).await.unwrap();
    assert_eq!(after.blocks, before.blocks);

    let moves = vec![
        Move { node: NodeId::Block(a.id), position: at(0.0, 0.0) },
        Move { node: NodeId::Session(session), position: at(-5.0, 0.0) },
        good,
    ];
    canvas.place(&house.owner, house.project, MoveNodes { moves }).await.unwrap();
    let moved = canvas.get(&house.owner, a.id).await.unwrap();
    assert_eq!((moved.position, moved.version), (at(10.0, 20.0), a.version));
    let mut kinds = Vec::new();
    while let Some(Some(Feed::Event(event))) = feed.next().now_or_never() {
        kinds.push(event.data.kind());
        if let EventData::SessionUpdated { session } = &event.data {
            assert_eq!(session.position, at(-5.0, 0.0));
        }
    }
    assert_eq!(kinds, ["block.updated", "session.updated"]);
}

#[tokio::test]
async fn a_whole_canvas_moves_in_one_call() {
    let (house, canvas) = house().await;
    let mut moves = Vec::new();
    for _ in 0..120 {
        let node = NodeId::Block(make(&house, &canvas, "", "a").await.id);
        moves.push(Move { node, position: at(1.0, 1.0) });
    }
    canvas.place(&house.owner, house.project, MoveNodes { moves }).await.unwrap();
    let all = canvas.list(&house.owner, house.project, None, 500).await.unwrap();
    assert!(all.items.iter().all(|it| it.position == at(1.0, 1.0)));
}

#[tokio::test]
async fn search_finds_words_in_titles_first() {
    let (house, canvas) = house().await;
    for (title, text) in [
        ("Notes", "The revenue of ÜBERSEE grew"),
        ("Revenue by month", "figures"),
        ("Monthly revenue", "figures"),
        ("revenue", "x"),
        ("Other", "type markdown text"),
    ] {
        make(&house, &canvas, title, text).await;
    }
    let find = async |query: &str| canvas.search(&house.owner, house.project, query, 10).await.unwrap();
    assert_eq!(titles(&find("REVENUE").await), ["revenue", "Revenue by month", "Monthly revenue", "Notes"]);
    assert_eq!(titles(&find("übersee revenue").await), ["Notes"]);
    // Names of fields are no content.
    assert!(find("data kind").await.is_empty());
    assert!(find("  ").await.is_empty());
    assert!(find("100%_'").await.is_empty());
}

#[tokio::test]
async fn others_neither_see_nor_change() {
    let (house, canvas) = house().await;
    let made = make(&house, &canvas, "A", "a").await;
    let (stranger, _) = house.neighbour().await;
    let viewer = house.member(Role::Viewer).await;
    let change = || UpdateBlock { version: 1, title: None, content: None, position: None };
    let missing =
        |result: Result<(), Error>| assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
    missing(canvas.get(&stranger, made.id).await.map(drop));
    missing(canvas.list(&stranger, house.project, None, 1).await.map(drop));
    missing(canvas.search(&stranger, house.project, "a", 1).await.map(drop));
    missing(canvas.create(&stranger, house.project, new("", "x"), Origin::default()).await.map(drop));
    missing(canvas.update(&stranger, made.id, change(), Origin::default()).await.map(drop));
    missing(canvas.delete(&stranger, made.id).await);
    assert!(canvas.get(&viewer, made.id).await.is_ok());
    let moves = MoveNodes { moves: vec![] };
    for result in [
        canvas.create(&viewer, house.project, new("", "x"), Origin::default()).await.map(drop),
        canvas.update(&viewer, made.id, change(), Origin::default()).await.map(drop),
        canvas.delete(&viewer, made.id).await,
        canvas.place(&viewer, house.project, moves).await,
    ] {
        assert!(matches!(result, Err(Error::Forbidden { .. })), "{result:?}");
    }
}

/// What a run does to a block.
async fn rewrite(house: &House, canvas: &Canvas, id: BlockId, text: &str, run: Option<RunId>) {
    let version = canvas.get(&house.owner, id).await.unwrap().version;
    let content = Some(markdown(text));
    let change = UpdateBlock { version, title: Some(text.into()), content, position: None };
    let origin = Origin { run_id: run, ..Origin::default() };
    canvas.update(&house.owner, id, change, origin).await.unwrap();
}

#[tokio::test]
async fn what_a_run_did_is_undone_as_one_and_what_people_did_since_stays() {
    let (house, canvas) = house().await;
    let (first, second) = (RunId::new(), RunId::new());
    let by = |run: RunId| Origin { run_id: Some(run), ..Origin::default() };
    let make_by = async |title: &str, run: RunId| {
        canvas.create(&house.owner, house.project, new(title, title), by(run)).await.unwrap().id
    };
    let ours = make(&house, &canvas, "ours", "ours").await.id;
    let early = make_by("early", first).await;
    rewrite(&house, &canvas, ours, "by the first", Some(first)).await;
    // The second one changes several times what others made, makes some of its own, and people go on with one of each.
    rewrite(&house, &canvas, ours, "once", Some(second)).await;
    rewrite(&house, &canvas, ours, "twice", Some(second)).await;
    rewrite(&house, &canvas, early, "corrected", Some(second)).await;
    let (draft, kept) = (make_by("draft", second).await, make_by("kept", second).await);
    rewrite(&house, &canvas, draft, "draft, longer", Some(second)).await;
    rewrite(&house, &canvas, kept, "ours now", None).await;
    rewrite(&house, &canvas, early, "and by hand", None).await;

    let undone = canvas.restore_last_run(&house.owner, house.project).await.unwrap();
    assert_eq!((undone.run_id, undone.restored, undone.removed), (second, vec![ours], vec![draft]));
    assert_eq!(undone.kept, [early, kept]);
    let now = canvas.list(&house.owner, house.project, None, 10).await.unwrap().items;
    assert_eq!(titles(&now), ["by the first", "and by hand", "ours now"]);
    assert_eq!((now[0].content.clone(), now[0].version), (markdown("by the first"), 5));

    // The run before is next: what it left stands at `ours` alone, brought back by a person, and at nothing else.
    let nothing = canvas.restore_last_run(&house.owner, house.project).await;
    assert!(matches!(nothing, Err(Error::Conflict { .. })), "{nothing:?}");
    let versions = canvas.versions(&house.owner, ours).await.unwrap().items;
    let told: Vec<_> = versions.iter().map(|it| (it.version, it.title.as_str(), it.run_id)).collect();
    let expected = [
        (4, "twice", Some(second)),
        (3, "once", Some(second)),
        (2, "by the first", Some(first)),
        (1, "ours", None),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_run_before_the_last_can_be_undone_after_it() {
    let (house, canvas) = house().await;
    let block = make(&house, &canvas, "start", "start").await.id;
    let (first, second) = (RunId::new(), RunId::new());
    rewrite(&house, &canvas, block, "first", Some(first)).await;
    let other = make(&house, &canvas, "other", "other").await.id;
    rewrite(&house, &canvas, other, "second", Some(second)).await;
    let undone = canvas.restore_last_run(&house.owner, house.project).await.unwrap();
    assert_eq!((undone.run_id, undone.restored), (second, vec![other]));
    let undone = canvas.restore_last_run(&house.owner, house.project).await.unwrap();
    assert_eq!((undone.run_id, undone.restored), (first, vec![block]));
    let now = canvas.list(&house.owner, house.project, None, 10).await.unwrap().items;
    assert_eq!(titles(&now), ["start", "other"]);
    let viewer = house.member(Role::Viewer).await;
    let refused = canvas.restore_last_run(&viewer, house.project).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn no_more_versions_are_kept_than_may_be() {
    let (house, canvas) = house().await;
    let block = make(&house, &canvas, "0", "0").await.id;
    for number in 1..=60 {
        rewrite(&house, &canvas, block, &number.to_string(), None).await;
    }
    let versions = canvas.versions(&house.owner, block).await.unwrap().items;
    assert_eq!((versions.len(), versions[0].version, versions[0].title.as_str()), (50, 60, "59"));
}

#[tokio::test]
async fn a_page_on_the_canvas_leads_to_the_web_and_nowhere_else() {
    let (house, canvas) = house().await;
    for (url, fine) in
        [("https://example.org/", true), ("javascript:alert(1)", false), ("data:text/html,x", false)]
    {
        let content =
            Content::Show(Show::Browser { url: url.into(), title: String::new(), path: String::new() });
        let new = CreateBlock { id: None, title: String::new(), content, position: None };
        let made = canvas.create(&house.owner, house.project, new, Origin::default()).await;
        assert_eq!(made.is_ok(), fine, "{url}: {made:?}");
    }
}
