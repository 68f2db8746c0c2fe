//! Whole canvases at once, for copies of projects.

use super::{
    model::{check_content, check_position, check_title},
    store,
};
use crate::{Result, store::Store, store::Tx};
use alumia_protocol::{
    BlockId, OrgId, ProjectId, Timestamp,
    blocks::{Block, Content, Position},
};
use std::collections::HashMap;

/// What a block of a new canvas holds.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    /// The id that it had where it comes from.
    pub former: BlockId,
    pub title: String,
    pub content: Content,
    pub position: Position,
}

/// Checks what comes from outside.
///
/// # Errors
/// As with [`super::Canvas::create`].
pub(crate) fn check(seed: &Seed) -> Result<()> {
    check_title(&seed.title)?;
    check_position("position", &seed.position)?;
    check_content(&seed.content).map(drop)
}

/// The blocks of a project, oldest first.
pub(crate) async fn seeds_of(store: &Store, org: OrgId, project: ProjectId) -> Result<Vec<Seed>> {
    let mut tx = store.moment().await?;
    let blocks = store::blocks_of(&mut tx, org, project, None).await?;
    let seed = |block: Block| Seed {
        former: block.id,
        title: block.title,
        content: block.content,
        position: block.position,
    };
    Ok(blocks.into_iter().map(seed).collect())
}

/// Blocks for a new canvas, in this order, under new ids. Where one's content names another by its former id, it names
/// the new one.
///
/// # Errors
/// Those of JSON that can't be written.
pub(crate) fn sow(project: ProjectId, seeds: Vec<Seed>, now: Timestamp) -> Result<Vec<Block>> {
    let ids: HashMap<String, String> =
        seeds.iter().map(|seed| (seed.former.to_string(), BlockId::new().to_string())).collect();
    let block = |seed: Seed| {
        let json = serde_json::to_string(&seed.content)?;
        let content = match renamed(&json, &ids) {
            Some(json) => serde_json::from_str(&json)?,
            None => seed.content,
        };
        let id = ids.get(&seed.former.to_string()).and_then(|id| id.parse().ok());
        Ok(Block {
            id: id.unwrap_or_else(BlockId::new),
            project_id: project,
            title: seed.title,
            content,
            position: seed.position,
            version: 1,
            session_id: None,
            run_id: None,
            created_at: now,
            updated_at: now,
        })
    };
    seeds.into_iter().map(block).collect()
}

/// Bytes of an id as text.
const ID: usize = 36;

/// The text with every id that is a key replaced; `None` where there is none. An id is 36 characters that nothing
/// else is by chance.
fn renamed(text: &str, ids: &HashMap<String, String>) -> Option<String> {
    let mut new: Option<String> = None;
    let (mut copied, mut at) = (0, 0);
    while at + ID <= text.len() {
        // Dashes stand at their places in every id, which is quicker to see than a look at the map.
        let bytes = text.as_bytes();
        let known = (bytes[at + 8] == b'-' && bytes[at + 13] == b'-')
            .then(|| text.get(at..at + ID).and_then(|part| ids.get(part)))
            .flatten();
        match known {
            Some(id) => {
                let new = new.get_or_insert_default();
                new.push_str(&text[copied..at]);
                new.push_str(id);
                at += ID;
                copied = at;
            }
            None => at += 1,
        }
    }
    new.map(|mut new| {
        new.push_str(&text[copied..]);
        new
    })
}

/// Stores the blocks of a new canvas in the transaction that makes its project. Nobody can have been following its log,
/// so nothing is told there: whoever comes begins with a snapshot.
pub(crate) async fn plant(tx: &mut Tx, org: OrgId, blocks: &[Block]) -> Result<()> {
    store::insert_new(tx, org, blocks).await
}

#[cfg(test)]
mod tests {
    use super::{Seed, sow};
    use alumia_protocol::{
        BlockId, ProjectId, Timestamp,
        blocks::{Content, Position},
        dataspec::{DataSpec, Markdown},
    };

    #[test]
    fn blocks_that_name_each_other_go_on_doing_so() {
        let (a, b, stranger) = (BlockId::new(), BlockId::new(), BlockId::new());
        let seed = |former, text: String| Seed {
            former,
            title: "T".into(),
            content: Content::Data(DataSpec::Markdown(Markdown { text })),
            position: Position { group_id: Some("board".into()), ..Position::default() },
        };
        let text = format!("ü {b}{b} and {stranger}, not {}", &a.to_string()[..35]);
        let seeds = vec![seed(a, text), seed(b, format!("of {a}"))];
        let project = ProjectId::new();
        let made = sow(project, seeds, Timestamp(7)).unwrap();
        let (first, second) = (&made[0], &made[1]);
        assert!(first.id != a && second.id != b && first.id != second.id);
        let words = |content: &Content| match content {
            Content::Data(DataSpec::Markdown(it)) => it.text.clone(),
            other => panic!("{other:?}"),
        };
        let tail = &a.to_string()[..35];
        assert_eq!(words(&first.content), format!("ü {0}{0} and {stranger}, not {tail}", second.id));
        assert_eq!(words(&second.content), format!("of {}", first.id));
        assert_eq!((first.project_id, first.version, first.session_id), (project, 1, None));
        assert_eq!(first.position.group_id.as_deref(), Some("board"));
    }
}
