use crate::Result;
use alumia_protocol::{
    blocks::{Block, Content},
    dataspec::{DataSpec, TileSpec},
    events::{Event, EventData, Snapshot},
    sessions::{Session, SessionStatus},
    share::{ShareMode, SharedAgent, SharedBlock, SharedChange, SharedProject},
};
use rand::{TryRng as _, rngs::SysRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::store::Found;

/// 288 bits; as hex 72 characters.
const RANDOM_BYTES: usize = 36;
/// Longest avatar that is a sign and not the place of a picture.
const SIGN: usize = 4;

/// A new token, straight from the operating system.
pub(super) fn new_token() -> Result<String> {
    let mut random = [0; RANDOM_BYTES];
    SysRng.try_fill_bytes(&mut random).map_err(crate::Error::internal)?;
    Ok(hex(&random))
}

/// What the database keeps of a token. Any text has one, so that what never was a token is looked up like one
/// that is dead.
pub(super) fn hash(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a frozen link shows.
#[derive(Serialize, Deserialize)]
pub(super) struct Frozen {
    pub project: SharedProject,
    /// SHA-256 of each file by its path: one that was changed since isn't what was shared. Called after pictures,
    /// which were the first files that a block could show; links that were frozen then are still read.
    pub pictures: BTreeMap<String, String>,
}

/// A canvas as viewers of this link see it.
pub(super) fn project(link: &Found, snapshot: &Snapshot) -> SharedProject {
    SharedProject {
        id: link.project,
        name: link.name.clone(),
        emoji: link.emoji.clone(),
        mode: link.mode,
        files: link.files,
        shared_at: link.created_at,
        expires_at: link.expires_at,
        seq: snapshot.seq,
        agents: snapshot.sessions.iter().map(|view| agent(&view.session)).collect(),
        blocks: snapshot.blocks.iter().map(|shown| block(shown, link.files)).collect(),
    }
}

/// What an event of the project changes for viewers. Kinds that aren't here are none of their business.
pub(super) fn change(event: &Event, files: bool) -> Option<SharedChange> {
    Some(match &event.data {
        EventData::BlockCreated { block: shown } | EventData::BlockUpdated { block: shown } => {
            SharedChange::BlockShown { block: Box::new(block(shown, files)) }
        }
        EventData::BlockDeleted { block_id } => SharedChange::BlockGone { block_id: *block_id },
        EventData::SessionCreated { session } | EventData::SessionUpdated { session } => {
            SharedChange::AgentShown { agent: Box::new(agent(session)) }
        }
        EventData::StatusChanged { status } => {
            SharedChange::AgentWorking { id: event.session_id?, working: is_working(*status) }
        }
        EventData::SessionDeleted {} => SharedChange::AgentGone { id: event.session_id? },
        _ => return None,
    })
}

/// Brings a canvas up to a change.
pub(super) fn apply(project: &mut SharedProject, change: &SharedChange) {
    match change {
        SharedChange::BlockShown { block } => {
            match project.blocks.iter_mut().find(|known| known.id == block.id) {
                Some(known) => known.clone_from(block),
                None => project.blocks.push((**block).clone()),
            }
        }
        SharedChange::BlockGone { block_id } => project.blocks.retain(|known| known.id != *block_id),
        SharedChange::AgentShown { agent } => {
            match project.agents.iter_mut().find(|known| known.id == agent.id) {
                Some(known) => known.clone_from(agent),
                None => project.agents.push((**agent).clone()),
            }
        }
        SharedChange::AgentWorking { id, working } => {
            for known in project.agents.iter_mut().filter(|known| known.id == *id) {
                known.working = *working;
            }
        }
        SharedChange::AgentGone { id } => project.agents.retain(|known| known.id != *id),
    }
}

fn block(block: &Block, files: bool) -> SharedBlock {
    SharedBlock {
        id: block.id,
        title: block.title.clone(),
        content: content(&block.content, files),
        position: block.position.clone(),
        made_by: block.session_id,
    }
}

fn agent(session: &Session) -> SharedAgent {
    let avatar = &session.agent_avatar;
    let is_sign = avatar.chars().count() <= SIGN && !avatar.contains(['/', ':']);
    SharedAgent {
        id: session.id,
        name: session.agent_name.clone(),
        avatar: if is_sign { avatar.clone() } else { String::new() },
        working: is_working(session.status),
        position: session.position.clone(),
    }
}

/// What else a session does or waits for says too much: that credits are missing, that somebody is asked.
fn is_working(status: SessionStatus) -> bool {
    status == SessionStatus::Active
}

/// What a block holds; without files nothing in it has a path.
fn content(content: &Content, files: bool) -> Content {
    let mut shown = content.clone();
    if !files {
        each_file(&mut shown, |path| path.clear());
    }
    shown
}

/// Paths of the files that a canvas shows: pictures, sound, film, captions, PDF.
pub(super) fn files(project: &SharedProject) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for block in &project.blocks {
        each_file(&mut block.content.clone(), |path| {
            if !path.is_empty() {
                paths.insert(path.clone());
            }
        });
    }
    paths
}

/// Everything in a block that names a file of the project.
fn each_file(content: &mut Content, mut look: impl FnMut(&mut String)) {
    match content {
        Content::Show(show) => show.each_path(look),
        Content::Data(DataSpec::Card(card)) => card.image.iter_mut().for_each(look),
        Content::Data(DataSpec::Dashboard(dashboard)) => {
            for tile in &mut dashboard.tiles {
                if let TileSpec::Card(card) = &mut tile.spec {
                    card.image.iter_mut().for_each(&mut look);
                }
            }
        }
        Content::Data(_) | Content::App(_) => {}
    }
}

/// For the database.
pub(super) const fn mode_word(mode: ShareMode) -> &'static str {
    match mode {
        ShareMode::Live => "live",
        ShareMode::Frozen => "frozen",
    }
}

#[cfg(test)]
mod tests {
    use super::{each_file, hash, new_token};
    use alumia_protocol::{blocks::Content, dataspec::DataSpec, show::Show};
    use std::collections::HashSet;

    #[test]
    fn tokens_are_long_distinct_and_kept_as_hashes() {
        let tokens: HashSet<String> = (0..100).map(|_| new_token().unwrap()).collect();
        assert_eq!(tokens.len(), 100);
        for token in tokens {
            assert!(token.len() == 72 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
            assert_eq!(hash(&token).len(), 64);
        }
        assert_eq!(hash("").len(), hash("x".repeat(10_000)).len());
    }

    /// A type of block that gains a file has to be found here, or viewers would be told its path.
    #[test]
    fn every_path_of_every_type_is_found() {
        let all = DataSpec::examples().into_iter().map(Content::Data);
        for content in all.chain(Show::examples().into_iter().map(Content::Show)) {
            let text = serde_json::to_string(&content).unwrap();
            let mut paths = Vec::new();
            each_file(&mut content.clone(), |path| paths.push(path.clone()));
            let ends = [".png", ".jpg", ".webp", ".mp3", ".mp4", ".vtt", ".pdf"];
            let named = ends.iter().map(|end| text.matches(end).count()).sum::<usize>();
            assert_eq!(paths.iter().filter(|path| !path.is_empty()).count(), named, "{text}");
        }
    }
}
