//! What goes into a machine and what comes out.

use alumia_models::{ModelError, StopReason};
use alumia_protocol::{
    CallId, MessageId, Microcredits, ReservationId, StepId, Timestamp,
    billing::Blocked,
    events::{EventData, RunEnd, RunError, Usage},
    models::Price,
    tools::{Approval, Effect as Touches, ToolError},
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// What the machine needs to know of one call of a tool.
#[derive(Clone, Debug)]
pub struct ToolFacts {
    /// "Fetch page example.org", "Fetching page …", "Fetched page …".
    pub plain: String,
    pub doing: String,
    pub done: String,
    pub effect: Touches,
    pub idempotent: bool,
    pub timeout: Duration,
    /// What a second of it costs, and be it nothing; `None` where its time isn't counted.
    pub second_price: Option<Microcredits>,
    /// It waits for messages of other agents and does nothing else: its run holds no worker meanwhile.
    pub awaits_peers: bool,
}

/// A call that waits for messages of other agents.
#[derive(Clone, Debug, PartialEq)]
pub struct Awaited {
    pub call_id: CallId,
    pub arguments: Value,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// The tools of this server: the facts of a call by its tool's name and its arguments. A plain look-up.
pub type Catalog = dyn Fn(&str, &Value) -> Option<ToolFacts> + Send + Sync;

/// Limits of one run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Model calls.
    pub steps: u32,
    /// Time at work; waiting for a person doesn't count.
    pub time: Duration,
    /// How long people may take to answer what a call asks them.
    pub approval: Duration,
}

/// What was read for the next step.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The id of the step, if one begins.
    pub step_id: StepId,
    /// The model that answers, and what it costs.
    pub model: String,
    pub price: Option<Price>,
    /// The agent's own limit of steps.
    pub max_steps: Option<u32>,
    /// Whether the conversation nears what the model can read.
    pub crowded: bool,
    /// Whether calls of it are paid with credits.
    pub metered: bool,
    /// Whether the organisation's own key pays for them.
    pub byok: bool,
}

/// A call whose arguments fit its tool's schema.
#[derive(Clone, Debug)]
pub struct Fit {
    pub arguments: Value,
    /// Whether a person allowed this tool before, for the session or the agent.
    pub granted: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A worker took the run.
    Begin {
        attempt: i64,
    },
    /// The answer to [`Effect::Prepare`].
    Prepared(Result<Ready, RunError>),
    /// The worst case of a call is set aside; `input_tokens` is what it will read, as far as one can tell.
    Reserved {
        id: ReservationId,
        input_tokens: i64,
    },
    /// It can't be paid.
    Blocked(Blocked),
    /// The worst case of a tool's call is set aside.
    CallReserved {
        call_id: CallId,
        id: ReservationId,
    },
    /// That can't be paid.
    CallBlocked {
        call_id: CallId,
        blocked: Blocked,
    },
    /// More of the model's answer.
    Text(String),
    Reasoning(String),
    Signature(String),
    Arguments {
        call_id: CallId,
        tool: String,
        text: String,
    },
    /// The model asks for a call; `arguments` as it wrote them.
    Called {
        call_id: CallId,
        tool: String,
        arguments: String,
        check: Result<Fit, ToolError>,
    },
    Usage(Usage),
    /// The answer is whole.
    Answered(StopReason),
    /// The model call failed; `luck` (0–999) spreads the retries of many runs.
    AnswerFailed {
        error: ModelError,
        luck: u16,
    },
    /// The pause before a retry is over.
    PauseOver,
    /// The model has said nothing for this long.
    ModelSilent {
        silence: Duration,
    },
    /// Older messages, up to `up_to`, were summed up.
    Compacted {
        summary: String,
        up_to: MessageId,
        usage: Option<Usage>,
    },
    /// There is nothing that could be left out.
    CompactionFailed,
    /// Partial output of a call.
    Output {
        call_id: CallId,
        channel: String,
        text: String,
    },
    /// A call has put out nothing for this long.
    Silent {
        call_id: CallId,
        silence: Duration,
    },
    /// A call is over.
    CallEnded {
        call_id: CallId,
        result: Result<Value, ToolError>,
    },
    /// A person answered an approval request (the log has it already).
    Resolved {
        call_id: CallId,
        approval: Approval,
    },
    /// Nobody has answered a call's request in time.
    Unanswered {
        call_id: CallId,
    },
    /// A person ends one call.
    CancelCall {
        call_id: CallId,
    },
    /// A person stops the run.
    Stop,
    /// The time limit is reached.
    TimeUp,
    /// [`Effect::Complete`] found a message in the queue: the run goes on with it.
    QueueWaits,
    /// [`Effect::Complete`] ended the run.
    Completed,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Commit these in one transaction, before anything that follows. With `step.started` among them,
    /// messages that wait in the queue join before it.
    Persist(Vec<EventData>),
    /// Tell watchers; not durable.
    Emit(EventData),
    /// Read agent, tools and model anew.
    Prepare,
    /// Set the worst case of the next model call aside.
    Reserve(Purpose),
    /// Give what was set aside free: its call cost nothing. What was used is settled by the commit of the
    /// `usage.recorded`, `tool.completed` or `tool.failed` that names it.
    Release(ReservationId),
    /// Set the worst case of a tool's call aside: so many seconds, at this price.
    ReserveCall { call_id: CallId, tool: String, second_price: Microcredits, timeout: Duration },
    /// Call the model for this message, without these tools.
    CallModel { message_id: MessageId, without: BTreeSet<String> },
    /// Drop the model call, the pause or the compaction that is going on.
    DropModel,
    /// Wait before the next attempt.
    Pause(Duration),
    /// Sum up older messages.
    Compact,
    /// Run a call; its end comes back as [`Event::CallEnded`].
    Run { call_id: CallId, tool: String, arguments: Value },
    /// End a call soon; its end still comes back.
    CancelCall(CallId),
    /// Only people, other agents, or credits can let it go on: commit these and let go of the run, unless what it waits
    /// for has come meanwhile.
    Suspend(Vec<EventData>),
    /// Commit these; unless a message waits in the queue, end the run in the same transaction.
    Complete(Vec<EventData>, RunEnd),
    /// The run is over; nothing follows.
    End,
}

/// What a model call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The step's answer.
    Answer,
    /// Summing up older messages.
    Summary,
}
