//! Share links: a project's canvas for whoever has the link.
//!
//! What a viewer gets is made of the types here and of nothing else. They name what may be seen; a field that
//! a block, session or project gains elsewhere isn't shown until somebody adds it here.

use crate::{
    BlockId, ProjectId, SessionId, Timestamp,
    blocks::{Content, Position},
};
use serde::{Deserialize, Serialize};

/// How long a link works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ShareExpiry {
    /// Until it is turned off.
    #[default]
    #[serde(rename = "never")]
    Never,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
    /// A day.
    #[serde(rename = "1d")]
    Day,
    /// A week.
    #[serde(rename = "7d")]
    Week,
    /// Thirty days.
    #[serde(rename = "30d")]
    Month,
}

impl ShareExpiry {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Never];

    /// As it stands on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::Hour => "In 1 hour",
            Self::Day => "In 1 day",
            Self::Week => "In 7 days",
            Self::Month => "In 30 days",
        }
    }

    /// Seconds; `None` for a link without an end.
    pub const fn seconds(self) -> Option<i64> {
        match self {
            Self::Never => None,
            Self::Hour => Some(60 * 60),
            Self::Day => Some(24 * 60 * 60),
            Self::Week => Some(7 * 24 * 60 * 60),
            Self::Month => Some(30 * 24 * 60 * 60),
        }
    }
}

/// What a viewer sees as time goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ShareMode {
    /// The canvas as it is, also while it changes.
    #[default]
    Live,
    /// The canvas as it was when the link was made.
    Frozen,
}

/// `POST /projects/:id/share`: makes a link; one that was there before is dead at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NewShare {
    /// How long it works; without an end when absent.
    pub expires_in: ShareExpiry,
    /// Whether viewers get the files that blocks show from the project's folder (pictures, sound, film, PDF); no
    /// when absent.
    pub files: bool,
    /// See [`ShareMode`]; live when absent.
    pub mode: ShareMode,
}

/// A project's link, for those who look after the project. The link itself can't be read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `null` for never.
    pub expires_at: Option<Timestamp>,
    /// See [`ShareMode`].
    pub mode: ShareMode,
    /// See [`NewShare::files`].
    pub files: bool,
    /// About how many viewers there were: one who comes back within half an hour counts once.
    pub views: i64,
}

/// `GET /projects/:id/share`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShareState {
    /// Whether a link works now.
    pub enabled: bool,
    /// The link that works, or has run out; `null` where there is none.
    pub share: Option<Share>,
}

/// A link that was just made. `url` and `token` are in this answer alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MadeShare {
    /// What to send to others.
    pub url: String,
    /// Its secret part: 72 characters.
    pub token: String,
    /// The link.
    #[serde(flatten)]
    pub share: Share,
}

/// A canvas as viewers see it, as of `seq`; the stream goes on from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SharedProject {
    /// Id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Its emoji.
    pub emoji: String,
    /// See [`ShareMode`].
    pub mode: ShareMode,
    /// Whether the files that blocks show can be had.
    pub files: bool,
    /// When the link was made: the moment that a frozen canvas shows.
    pub shared_at: Timestamp,
    /// When the link ends; `null` for never.
    pub expires_at: Option<Timestamp>,
    /// Position that this stands for.
    pub seq: i64,
    /// Agents on the canvas, oldest first.
    pub agents: Vec<SharedAgent>,
    /// Blocks, oldest first.
    pub blocks: Vec<SharedBlock>,
}

/// An agent's node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SharedAgent {
    /// Id of the node.
    pub id: SessionId,
    /// The agent's name.
    pub name: String,
    /// The agent's avatar.
    pub avatar: String,
    /// Whether it is at work.
    pub working: bool,
    /// Where it stands.
    pub position: Position,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SharedBlock {
    /// Id.
    pub id: BlockId,
    /// Title.
    pub title: String,
    /// What it holds. A file whose path is empty isn't shared.
    pub content: Content,
    /// Where it stands.
    pub position: Position,
    /// The agent's node that an edge comes from.
    pub made_by: Option<SessionId>,
}

/// One event of a shared canvas's stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SharedEvent {
    /// Position to resume from.
    pub seq: i64,
    /// What changed.
    #[serde(flatten)]
    pub change: SharedChange,
}

/// What changed on a shared canvas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "data", rename_all_fields = "camelCase")]
pub enum SharedChange {
    /// A block appeared or changed.
    #[serde(rename = "block.shown")]
    BlockShown {
        /// The block as it is now.
        block: Box<SharedBlock>,
    },
    /// A block is gone.
    #[serde(rename = "block.gone")]
    BlockGone {
        /// The block.
        block_id: BlockId,
    },
    /// An agent's node appeared or changed.
    #[serde(rename = "agent.shown")]
    AgentShown {
        /// The node as it is now.
        agent: Box<SharedAgent>,
    },
    /// An agent began or stopped working.
    #[serde(rename = "agent.working")]
    AgentWorking {
        /// Its node.
        id: SessionId,
        /// Whether it is at work.
        working: bool,
    },
    /// An agent's node is gone.
    #[serde(rename = "agent.gone")]
    AgentGone {
        /// The node.
        id: SessionId,
    },
}

impl SharedChange {
    /// The kind as it stands in `event:`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BlockShown { .. } => "block.shown",
            Self::BlockGone { .. } => "block.gone",
            Self::AgentShown { .. } => "agent.shown",
            Self::AgentWorking { .. } => "agent.working",
            Self::AgentGone { .. } => "agent.gone",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NewShare, ShareExpiry, ShareMode};

    #[test]
    fn what_is_left_out_is_live_without_files_and_end() {
        let new: NewShare = serde_json::from_str("{}").unwrap();
        assert_eq!(new, NewShare { expires_in: ShareExpiry::Never, files: false, mode: ShareMode::Live });
        for expiry in ShareExpiry::ALL {
            assert_eq!(serde_json::to_value(expiry).unwrap(), expiry.word());
        }
        assert!(serde_json::from_str::<NewShare>(r#"{"expiresIn":"2d"}"#).is_err());
    }
}
