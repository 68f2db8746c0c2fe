//! Messages between agents of one project.

use crate::{AgentId, MessageId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

/// An agent in one of its sessions, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PeerRef {
    /// The session.
    pub session_id: SessionId,
    /// Its agent.
    pub agent_id: AgentId,
    /// What that was called then.
    pub agent_name: String,
}

/// Why an agent gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EnvelopeKind {
    /// Another one wrote.
    Message,
    /// It was started for this.
    Task,
    /// One that it started has ended, failed or been stopped.
    Ended,
}

/// A message from one agent to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The message.
    pub message_id: MessageId,
    /// Why it was sent.
    pub kind: EnvelopeKind,
    /// Who wrote it.
    pub from: PeerRef,
    /// Who reads it.
    pub to: PeerRef,
    /// What it says.
    pub text: String,
    /// How many messages lie between a person's word and this one, itself included.
    pub hops: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
}
