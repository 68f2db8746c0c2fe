//! The event log: what happens in a project's sessions and on its canvas.
//!
//! A sequence number comes from the project's counter, so it increases within each session and one
//! number is enough to resume a stream that carries a whole project. Finished things are durable;
//! deltas live until what they belong to is durable, so numbers have gaps in the stored log.

use crate::{
    BlockId, CallId, MessageId, ProjectId, ReservationId, RunId, SessionId, StepId, Timestamp,
    billing::Blocked,
    blocks::Block,
    peers::Envelope,
    sessions::{Message, QueuedMessage, RunDelay, Session, SessionStatus},
    tools::{Approval, Effect, ToolError},
};
use serde::{Deserialize, Serialize};

/// One event on the wire: `id:` is `seq`, `event:` is the kind, `data:` is this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Position in the project's log.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The session that it belongs to; absent for a person's edits of the canvas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The run that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// The step that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_id: Option<StepId>,
    /// Kind and content.
    #[serde(flatten)]
    pub data: EventData,
}

/// Tokens and cost of model calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Tokens sent.
    pub input_tokens: i64,
    /// Of those, served from the provider's cache.
    pub cached_tokens: i64,
    /// Tokens answered.
    pub output_tokens: i64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.input_tokens += more.input_tokens;
        self.cached_tokens += more.cached_tokens;
        self.output_tokens += more.output_tokens;
    }
}

/// Why a run failed or was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunError {
    /// For programs: `rate_limited`, `overloaded`, `context_too_long`, `bad_key`, `refused`, `timeout`,
    /// `malformed`, `model_unavailable`, `agent_disabled`, `max_steps`, `max_credits`, `time_limit`,
    /// `stopped`, `internal`.
    pub code: String,
    /// For people: what happened.
    pub message: String,
    /// For people: what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunEnd {
    /// `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Why, unless it completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// All its model calls together.
    pub usage: Usage,
    /// What it cost.
    pub cost_microcredits: i64,
}

/// Kind and content of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "data", rename_all_fields = "camelCase")]
pub enum EventData {
    /// A person's message was accepted and its run waits for a worker.
    #[serde(rename = "run.queued")]
    RunQueued {
        /// The person's message.
        message: Message,
    },
    /// The organisation's package runs no more at once: the run waits until another one ends.
    #[serde(rename = "run.delayed")]
    RunDelayed(RunDelay),
    /// A worker took the run.
    #[serde(rename = "run.started")]
    RunStarted {
        /// 1 for the first worker, more after a take-over.
        attempt: i64,
        /// The model that answers.
        model: String,
    },
    /// A model call begins.
    #[serde(rename = "step.started")]
    StepStarted {
        /// Counts from 1 within the run.
        number: u32,
    },
    /// More text of a message. Not durable.
    #[serde(rename = "text.delta")]
    TextDelta {
        /// The message.
        message_id: MessageId,
        /// The text to append.
        text: String,
    },
    /// More of the model's thoughts. Not durable.
    #[serde(rename = "reasoning.delta")]
    ReasoningDelta {
        /// The message.
        message_id: MessageId,
        /// The text to append.
        text: String,
    },
    /// A message is finished: the agent's, or a queued one that joined the run.
    #[serde(rename = "message.completed")]
    MessageCompleted {
        /// The whole message.
        message: Message,
    },
    /// What is left of a message whose model call broke off and is made again; drops its deltas.
    #[serde(rename = "message.discarded")]
    MessageDiscarded {
        /// The message.
        message_id: MessageId,
    },
    /// The provider refused for now; the call is made again after a pause.
    #[serde(rename = "model.retrying")]
    ModelRetrying {
        /// Which attempt comes next.
        attempt: u32,
        /// How long it waits.
        delay_ms: u64,
        /// What the provider said.
        error: RunError,
    },
    /// Older turns were replaced by a summary in what the model reads.
    #[serde(rename = "context.compacted")]
    ContextCompacted {
        /// The summary.
        summary: String,
        /// The last message that it stands for.
        up_to: MessageId,
    },
    /// A tool call begins.
    #[serde(rename = "tool.started")]
    ToolStarted {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// "Running command".
        title: String,
        /// What it touches.
        effect: Effect,
        /// Whether it may be run again after a crash.
        idempotent: bool,
        /// When it will be stopped.
        deadline_at: Timestamp,
        /// Arguments as validated.
        arguments: serde_json::Value,
    },
    /// More of a call's arguments as the model writes them. Not durable.
    #[serde(rename = "tool.args.delta")]
    ToolArgsDelta {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// The text to append.
        text: String,
    },
    /// More of a call's output. Not durable.
    #[serde(rename = "tool.output.delta")]
    ToolOutputDelta {
        /// The call.
        call_id: CallId,
        /// `stdout`, `stderr` or `progress`.
        channel: String,
        /// The text to append.
        text: String,
    },
    /// The model has said nothing for a while in the middle of an answer, or before it. It goes on; said once for each
    /// silence.
    #[serde(rename = "model.stalled")]
    ModelStalled {
        /// How long it has been silent.
        silent_ms: i64,
    },
    /// A running call has put out nothing for a while. It goes on; said once for each silence.
    #[serde(rename = "tool.stalled")]
    ToolStalled {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// How long it has been silent.
        silent_ms: i64,
    },
    /// A call ended well.
    #[serde(rename = "tool.completed")]
    ToolCompleted {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// "Ran command".
        title: String,
        /// What it returned.
        output: serde_json::Value,
        /// How long it took.
        duration_ms: i64,
        /// What it cost.
        cost_microcredits: i64,
        /// What had been set aside for it; absent for a call that costs nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reservation_id: Option<ReservationId>,
    },
    /// A call ended badly.
    #[serde(rename = "tool.failed")]
    ToolFailed {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// Which attempt in a row.
        attempt: u32,
        /// Why.
        error: ToolError,
        /// How long it took.
        duration_ms: i64,
        /// What it cost all the same.
        #[serde(default)]
        cost_microcredits: i64,
        /// What had been set aside for it; absent for a call that costs nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reservation_id: Option<ReservationId>,
    },
    /// A call's arguments were malformed; the model is told why and tries again.
    #[serde(rename = "tool.retrying")]
    ToolRetrying {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// Which attempt in a row was malformed.
        attempt: u32,
        /// What was wrong.
        error: ToolError,
        /// What the model sent.
        arguments: serde_json::Value,
    },
    /// A call waits for a person.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// "Fetch page".
        title: String,
        /// Arguments exactly as they will be used.
        arguments: serde_json::Value,
        /// Until when somebody may answer; then the agent goes on without the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// A person answered.
    #[serde(rename = "approval.resolved")]
    ApprovalResolved {
        /// The call.
        call_id: CallId,
        /// The answer.
        approval: Approval,
    },
    /// A message waits for the next step boundary.
    #[serde(rename = "message.queued")]
    MessageQueued {
        /// The message.
        message: QueuedMessage,
    },
    /// A queued message was edited, or removed when `content` is absent.
    #[serde(rename = "message.queue_changed")]
    MessageQueueChanged {
        /// The message.
        message_id: MessageId,
        /// Its new content.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<String>,
    },
    /// This session's agent wrote to another one.
    #[serde(rename = "peer.sent")]
    PeerSent {
        /// What it wrote.
        envelope: Box<Envelope>,
    },
    /// Another agent wrote to this session's.
    #[serde(rename = "peer.received")]
    PeerReceived {
        /// What that wrote.
        envelope: Box<Envelope>,
    },
    /// A call waits for messages; the run holds no worker until one comes or the call's time is up.
    #[serde(rename = "peer.awaited")]
    PeerAwaited {
        /// The call.
        call_id: CallId,
        /// Whose messages; empty for anybody's.
        from: Vec<SessionId>,
    },
    /// A block appeared on the canvas.
    #[serde(rename = "block.created")]
    BlockCreated {
        /// The block.
        block: Box<Block>,
    },
    /// A block changed: content, title or position.
    #[serde(rename = "block.updated")]
    BlockUpdated {
        /// The block as it is now.
        block: Box<Block>,
    },
    /// A block is gone.
    #[serde(rename = "block.deleted")]
    BlockDeleted {
        /// The block.
        block_id: BlockId,
    },
    /// A session appeared.
    #[serde(rename = "session.created")]
    SessionCreated {
        /// The session.
        session: Box<Session>,
    },
    /// A session's label or position changed.
    #[serde(rename = "session.updated")]
    SessionUpdated {
        /// The session as it is now.
        session: Box<Session>,
    },
    /// A session is gone.
    #[serde(rename = "session.deleted")]
    SessionDeleted {},
    /// A session is doing something else now.
    #[serde(rename = "status.changed")]
    StatusChanged {
        /// What.
        status: SessionStatus,
    },
    /// A model call's tokens and cost.
    #[serde(rename = "usage.recorded")]
    UsageRecorded {
        /// The model.
        model: String,
        /// Tokens.
        usage: Usage,
        /// Cost.
        cost_microcredits: i64,
        /// The line of the books that it stands in; absent for a model that costs nobody anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reservation_id: Option<ReservationId>,
        /// The organisation's own key paid for it, so that it cost no credits.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        byok: bool,
    },
    /// The next call can't be paid; the run waits until it can.
    #[serde(rename = "billing.blocked")]
    BillingBlocked(Blocked),
    /// The run ended well.
    #[serde(rename = "run.completed")]
    RunCompleted(RunEnd),
    /// The run ended badly.
    #[serde(rename = "run.failed")]
    RunFailed(RunEnd),
    /// A person stopped the run.
    #[serde(rename = "run.cancelled")]
    RunCancelled(RunEnd),
}

impl EventData {
    /// The kind as it stands in `event:`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RunQueued { .. } => "run.queued",
            Self::RunDelayed(_) => "run.delayed",
            Self::RunStarted { .. } => "run.started",
            Self::StepStarted { .. } => "step.started",
            Self::TextDelta { .. } => "text.delta",
            Self::ReasoningDelta { .. } => "reasoning.delta",
            Self::MessageCompleted { .. } => "message.completed",
            Self::MessageDiscarded { .. } => "message.discarded",
            Self::ModelRetrying { .. } => "model.retrying",
            Self::ModelStalled { .. } => "model.stalled",
            Self::ContextCompacted { .. } => "context.compacted",
            Self::ToolStarted { .. } => "tool.started",
            Self::ToolArgsDelta { .. } => "tool.args.delta",
            Self::ToolOutputDelta { .. } => "tool.output.delta",
            Self::ToolStalled { .. } => "tool.stalled",
            Self::ToolCompleted { .. } => "tool.completed",
            Self::ToolFailed { .. } => "tool.failed",
            Self::ToolRetrying { .. } => "tool.retrying",
            Self::ApprovalRequested { .. } => "approval.requested",
            Self::ApprovalResolved { .. } => "approval.resolved",
            Self::MessageQueued { .. } => "message.queued",
            Self::MessageQueueChanged { .. } => "message.queue_changed",
            Self::PeerSent { .. } => "peer.sent",
            Self::PeerReceived { .. } => "peer.received",
            Self::PeerAwaited { .. } => "peer.awaited",
            Self::BlockCreated { .. } => "block.created",
            Self::BlockUpdated { .. } => "block.updated",
            Self::BlockDeleted { .. } => "block.deleted",
            Self::SessionCreated { .. } => "session.created",
            Self::SessionUpdated { .. } => "session.updated",
            Self::SessionDeleted {} => "session.deleted",
            Self::StatusChanged { .. } => "status.changed",
            Self::UsageRecorded { .. } => "usage.recorded",
            Self::BillingBlocked(_) => "billing.blocked",
            Self::RunCompleted(_) => "run.completed",
            Self::RunFailed(_) => "run.failed",
            Self::RunCancelled(_) => "run.cancelled",
        }
    }

    /// Whether the event is stored; the others live until what they belong to is finished.
    pub const fn is_durable(&self) -> bool {
        !matches!(
            self,
            Self::TextDelta { .. }
                | Self::ReasoningDelta { .. }
                | Self::ToolArgsDelta { .. }
                | Self::ToolOutputDelta { .. }
        )
    }

    /// Whether the run that the event belongs to is over.
    pub const fn ends_run(&self) -> bool {
        matches!(self, Self::RunCompleted(_) | Self::RunFailed(_) | Self::RunCancelled(_))
    }
}

/// Everything that a project's page shows, as of `seq`; the stream goes on from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The project.
    pub project_id: ProjectId,
    /// Position in the log that this stands for.
    pub seq: i64,
    /// Sessions, oldest first.
    pub sessions: Vec<SessionView>,
    /// Blocks, oldest first.
    pub blocks: Vec<Block>,
}

/// A session with its conversation, as the chat and the canvas show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// Its durable events that the conversation is made of, oldest first, and, when a run is going on,
    /// one delta per unfinished text or output that stands for all of its deltas so far.
    pub events: Vec<Event>,
    /// Messages waiting for the next step boundary, oldest first.
    pub queue: Vec<QueuedMessage>,
}
