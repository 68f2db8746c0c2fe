//! Workboards on both engines.

use super::{Canvas, Composed, Layout, Origin, Part};
use crate::{
    Error,
    sessions::{LogLimits, testing::*},
};
use alumia_protocol::{
    BlockId, RunId,
    blocks::{Block, Content, Move, MoveNodes, NodeId, Position},
    boards::Preset,
    dataspec::DataSpec,
    people::Role,
};

async fn house() -> (House, Canvas) {
    let house = House::new().await;
    let canvas = house.canvas(&house.log(LogLimits::default()));
    (house, canvas)
}

fn part(title: &str) -> Part {
    Part { block: None, title: Some(title.into()), content: Some(markdown(title)) }
}

fn stays(id: BlockId) -> Part {
    Part { block: Some((id, None)), ..Part::default() }
}

fn layout(parts: Vec<Part>) -> Layout {
    Layout { label: "Harbour dues".into(), preset: Preset::DecisionBrief, parts }
}

fn by(run: RunId) -> Origin {
    Origin { run_id: Some(run), ..Origin::default() }
}

async fn three(house: &House, canvas: &Canvas, run: RunId) -> Composed {
    let parts = vec![part("verdict"), part("options"), part("risks")];
    canvas.compose(&house.owner, house.project, layout(parts), by(run)).await.unwrap()
}

async fn all(house: &House, canvas: &Canvas) -> Vec<Block> {
    canvas.list(&house.owner, house.project, None, 100).await.unwrap().items
}

fn overlap(a: &Position, b: &Position) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

#[tokio::test]
async fn a_board_is_made_in_one_step_and_covers_nothing() {
    let (house, canvas) = house().await;
    for title in ["a", "b", "c"] {
        let content = Content::Data(DataSpec::examples().remove(8));
        let new =
            alumia_protocol::blocks::CreateBlock { id: None, title: title.into(), content, position: None };
        canvas.create(&house.owner, house.project, new, Origin::default()).await.unwrap();
    }
    let done = three(&house, &canvas, RunId::new()).await;
    let other = three(&house, &canvas, RunId::new()).await;
    assert_ne!(done.board, other.board);
    let blocks = canvas.board(&house.owner, house.project, &done.board).await.unwrap();
    assert_eq!(blocks, done.blocks);
    let of = |block: &Block| {
        let it = block.position.clone();
        (it.group_id, it.group_label, it.group_kind)
    };
    let expected = (Some(done.board.clone()), Some("Harbour dues".into()), Some("decision-brief".into()));
    assert!(blocks.iter().all(|block| of(block) == expected));
    let all = all(&house, &canvas).await;
    assert_eq!(all.len(), 9);
    for (index, a) in all.iter().enumerate() {
        for b in &all[index + 1..] {
            assert!(!overlap(&a.position, &b.position), "{} {}", a.title, b.title);
        }
    }
}

#[tokio::test]
async fn a_board_is_replaced_as_one_and_undone_as_one() {
    let (house, canvas) = house().await;
    let done = three(&house, &canvas, RunId::new()).await;
    let before = all(&house, &canvas).await;
    let ids: Vec<BlockId> = done.blocks.iter().map(|block| block.id).collect();
    let mut verdict = part("verdict, revised");
    verdict.block = Some((ids[0], Some(1)));
    let next = layout(vec![stays(ids[2]), verdict, part("costs")]);
    let run = RunId::new();
    let after = canvas.recompose(&house.owner, house.project, &done.board, next, by(run)).await.unwrap();
    assert_eq!((after.board.as_str(), after.removed.as_slice()), (done.board.as_str(), &ids[1..2]));
    let titles: Vec<_> = after.blocks.iter().map(|it| (it.title.as_str(), it.version)).collect();
    assert_eq!(titles, [("risks", 2), ("verdict, revised", 2), ("costs", 1)]);
    assert_eq!(all(&house, &canvas).await.len(), 3);
    let left = |blocks: &[Block]| blocks.iter().map(|it| it.position.x).fold(f64::MAX, f64::min);
    assert!((left(&after.blocks) - left(&before)).abs() < 1e-9, "where it was");

    let undone = canvas.restore_last_run(&house.owner, house.project).await.unwrap();
    assert_eq!((undone.run_id, undone.removed, undone.kept), (run, vec![after.blocks[2].id], vec![]));
    let now = all(&house, &canvas).await;
    let told = |blocks: &[Block]| {
        let told = blocks.iter().map(|it| (it.id, it.title.clone(), it.content.clone(), it.position.clone()));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(&now), told(&before), "also what went is back, and where it stood");
}

#[tokio::test]
async fn what_a_person_moved_or_deleted_after_the_run_stays_so() {
    let (house, canvas) = house().await;
    let done = three(&house, &canvas, RunId::new()).await;
    let ids: Vec<BlockId> = done.blocks.iter().map(|block| block.id).collect();
    let run = RunId::new();
    let next = layout(vec![part("first"), stays(ids[0]), stays(ids[1]), stays(ids[2])]);
    canvas.recompose(&house.owner, house.project, &done.board, next, by(run)).await.unwrap();
    let position = Position { x: -4_000.0, y: 8.0, width: 300.0, height: 90.0, ..Position::default() };
    let moves = vec![Move { node: NodeId::Block(ids[0]), position: position.clone() }];
    canvas.place(&house.owner, house.project, MoveNodes { moves }).await.unwrap();
    canvas.delete(&house.owner, ids[1]).await.unwrap();
    canvas.restore_last_run(&house.owner, house.project).await.unwrap();
    let now = all(&house, &canvas).await;
    let left: Vec<_> = now.iter().map(|it| (it.id, &it.position)).collect();
    assert_eq!(left, [(ids[0], &position), (ids[2], &done.blocks[2].position)]);
}

#[tokio::test]
async fn what_cant_be_is_refused_and_changes_nothing() {
    let (house, canvas) = house().await;
    let done = three(&house, &canvas, RunId::new()).await;
    let ids: Vec<BlockId> = done.blocks.iter().map(|block| block.id).collect();
    let before = all(&house, &canvas).await;
    let recompose = async |board: &str, next: Layout| {
        canvas.recompose(&house.owner, house.project, board, next, Origin::default()).await
    };
    let wrong =
        |what: &Error, field: &str| matches!(what, Error::Invalid(faults) if faults.contains_key(field));

    let none = recompose("no such board", layout(vec![part("x")])).await.unwrap_err();
    assert!(matches!(none, Error::NotFound("Workboard")), "{none:?}");
    let foreign = recompose(&done.board, layout(vec![stays(BlockId::new())])).await.unwrap_err();
    assert!(matches!(foreign, Error::NotFound("Block")), "{foreign:?}");
    let twice = recompose(&done.board, layout(vec![stays(ids[0]), stays(ids[0])])).await.unwrap_err();
    assert!(wrong(&twice, "blocks/1/blockId"), "{twice:?}");
    let stale = Part { block: Some((ids[0], Some(7))), ..part("late") };
    let stale = recompose(&done.board, layout(vec![part("new"), stale])).await.unwrap_err();
    assert!(matches!(stale, Error::Conflict { .. }), "{stale:?}");
    let empty = recompose(&done.board, layout(vec![])).await.unwrap_err();
    assert!(wrong(&empty, "blocks"), "{empty:?}");
    let many = recompose(&done.board, layout((0..25).map(|_| part("x")).collect())).await.unwrap_err();
    assert!(wrong(&many, "blocks"), "{many:?}");
    let hollow = Part { content: None, ..part("x") };
    let hollow = recompose(&done.board, layout(vec![part("y"), hollow])).await.unwrap_err();
    assert!(wrong(&hollow, "blocks/1"), "{hollow:?}");
    let long = recompose(&done.board, layout(vec![part(&"x".repeat(256))])).await.unwrap_err();
    assert!(wrong(&long, "blocks/0/title"), "{long:?}");
    let unnamed = Layout { label: "  ".into(), ..layout(vec![part("x")]) };
    let unnamed = recompose(&done.board, unnamed).await.unwrap_err();
    assert!(wrong(&unnamed, "label"), "{unnamed:?}");
    assert_eq!(all(&house, &canvas).await, before);

    let viewer = house.member(Role::Viewer).await;
    let parts = layout(vec![part("x")]);
    let refused = canvas.compose(&viewer, house.project, parts.clone(), Origin::default()).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let (stranger, theirs) = house.neighbour().await;
    let unseen =
        canvas.recompose(&stranger, house.project, &done.board, parts.clone(), Origin::default()).await;
    assert!(matches!(unseen, Err(Error::NotFound(_))), "{unseen:?}");
    let elsewhere = canvas.recompose(&stranger, theirs, &done.board, parts, Origin::default()).await;
    assert!(matches!(elsewhere, Err(Error::NotFound("Workboard"))), "{elsewhere:?}");
}
