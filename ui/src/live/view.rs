//! What the chat and the canvas draw.

use alumia_protocol::sessions::MessageRole;
use alumia_protocol::{
    CallId, MessageId, RunId, SessionId, Timestamp, billing::Blocked, events::RunError, peers::PeerRef,
    sessions::Attachment,
};

/// One row of a conversation. The row's content is looked up by its key, so that a streaming text
/// touches its own row and not the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A person's or the agent's message.
    Message(MessageId),
    /// A tool call.
    Call(CallId),
    /// Something worth a line; the key is the event's number.
    Notice(i64),
}

/// A message as a row shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    /// Id.
    pub id: MessageId,
    /// Who wrote it.
    pub role: MessageRole,
    /// The other agent that wrote it.
    pub from: Option<PeerRef>,
    /// Markdown so far.
    pub text: String,
    /// What the model thought first, so far.
    pub reasoning: String,
    /// What goes with it.
    pub attachments: Vec<Attachment>,
    /// Whether more is expected.
    pub streaming: bool,
    /// When it began or, once finished, was finished.
    pub at: Timestamp,
    /// The run that it belongs to.
    pub run_id: Option<RunId>,
}

/// What another agent wrote to a session last.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// That agent's session.
    pub from: SessionId,
    /// The message.
    pub message: MessageId,
    /// What it says.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// How many it has written here.
    pub count: usize,
}

/// A line between messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What it says.
    pub kind: NoticeKind,
    /// When.
    pub at: Timestamp,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeKind {
    /// The model provider refused for now.
    ModelRetrying {
        /// Which attempt comes next.
        attempt: u32,
        /// How long it waits.
        delay_ms: u64,
        /// What the provider said.
        error: RunError,
    },
    /// Older turns were replaced by a summary in what the model reads.
    Compacted {
        /// The summary.
        summary: String,
    },
    /// Another worker went on with the run.
    TakenOver,
    /// The run could not be paid and waits, or waited, until it can.
    Unpaid(Blocked),
    /// A person stopped the run.
    Stopped,
    /// The run ended badly.
    Failed(RunError),
}
