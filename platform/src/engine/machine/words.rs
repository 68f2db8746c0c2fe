//! What the engine says to people and models when something doesn't go as planned.

use alumia_models::ModelError;
use alumia_protocol::{Microcredits, events::RunError, tools::ToolError};
use std::time::Duration;

fn run_error(code: &str, message: impl Into<String>, action: impl Into<String>) -> RunError {
    RunError { code: code.into(), message: message.into(), action: Some(action.into()) }
}

fn tool_error(code: &str, message: impl Into<String>) -> ToolError {
    ToolError { code: code.into(), message: message.into(), path: None }
}

/// A provider's detail as a part of a sentence; nothing when there is none.
fn said(detail: &str) -> String {
    let detail = detail.trim();
    if detail.is_empty() {
        return String::new();
    }
    let short: String = detail.chars().take(300).collect();
    format!(" It said: {short}")
}

/// A model call's failure for people.
pub fn model_error(error: &ModelError) -> RunError {
    match error {
        ModelError::RateLimited { detail, .. } => run_error(
            "rate_limited",
            format!("The model's provider limits how many requests it takes.{}", said(detail)),
            "Wait a little and resume, or choose another model for this agent.",
        ),
        ModelError::Overloaded { detail, .. } => run_error(
            "overloaded",
            format!("The model's provider is overloaded or away.{}", said(detail)),
            "Resume in a few minutes, or choose another model for this agent.",
        ),
        ModelError::ContextTooLong { detail } => run_error(
            "context_too_long",
            format!("The conversation is longer than the model can read.{}", said(detail)),
            "Start a new session, or choose a model with a larger context.",
        ),
        ModelError::BadKey { detail } => run_error(
            "bad_key",
            format!("The model's provider refused the key.{}", said(detail)),
            "Ask whoever runs this server to check the provider's key, or choose another model.",
        ),
        ModelError::Refused { detail } => refused(detail),
        ModelError::Timeout { detail } => run_error(
            "timeout",
            format!("The model's provider did not answer in time.{}", said(detail)),
            "Resume, or choose another model for this agent.",
        ),
        ModelError::Malformed { detail } => run_error(
            "malformed",
            format!("The provider's answer can't be read.{}", said(detail)),
            "Resume to try again; if it stays so, choose another model for this agent.",
        ),
        ModelError::Unusable { detail } => run_error(
            "model_unavailable",
            format!("The model can't run on this machine. {detail}"),
            "Do as it says and resume, or choose another model for this agent.",
        ),
    }
}

/// The model would not answer.
pub fn refused(detail: &str) -> RunError {
    run_error(
        "refused",
        format!("The model or its provider refused to answer.{}", said(detail)),
        "Put the request in other words, or choose another model.",
    )
}

/// The model answered with nothing, twice.
pub fn empty_answer() -> RunError {
    run_error(
        "malformed",
        "The model's answer was empty.",
        "Resume to try again, say more about what you need, or choose another model.",
    )
}

/// The limit of steps.
pub fn max_steps(limit: u32) -> RunError {
    run_error(
        "max_steps",
        format!("The run reached its limit of {limit} steps before it was done."),
        "Resume to give it as many steps again, or raise the agent's limit of steps.",
    )
}

/// The agent's limit of credits.
pub fn max_credits(limit: Microcredits) -> RunError {
    run_error(
        "max_credits",
        format!("The run reached its limit: its next call could take it over {limit}."),
        "Raise the agent's limit of credits and resume, or send a message, which begins a run anew.",
    )
}

/// The limit of time.
pub fn time_limit(limit: Duration) -> RunError {
    let limit = match limit.as_secs() {
        0..=59 => format!("{} s", limit.as_secs_f32()),
        seconds => format!("{} min", seconds / 60),
    };
    run_error(
        "time_limit",
        format!("The run reached its limit of {limit} before it was done."),
        "Resume to go on from here, or ask for the work in smaller parts.",
    )
}

/// A person stopped the run.
pub fn stopped() -> RunError {
    run_error("stopped", "You stopped this run.", "Send a message to go on.")
}

/// A call that ended because its run did.
pub fn stopped_call() -> ToolError {
    tool_error("stopped", "The run was stopped before this call ended.")
}

/// A call that a person ended.
pub fn cancelled_call() -> ToolError {
    tool_error(
        "cancelled",
        "The person cancelled this call. Go on without it, or ask what they would rather have.",
    )
}

/// A call that a person didn't allow.
pub fn denied() -> ToolError {
    tool_error("denied", "The person did not allow this call. Don't ask for it again; find another way.")
}

/// A call that ran when its server went away.
pub fn interrupted() -> ToolError {
    tool_error(
        "interrupted",
        "The server was restarted while this call ran: its outcome is unknown. \
         Check what it did before you call it again.",
    )
}

/// A call that nobody answered.
pub fn unanswered(limit: Duration) -> ToolError {
    let hours = limit.as_secs().div_ceil(3_600);
    tool_error(
        "unanswered",
        format!(
            "Nobody allowed or denied this call within {hours} h. Go on without it, or say what it is needed for."
        ),
    )
}

/// A call of a tool that this server doesn't have any more.
pub fn gone(tool: &str) -> ToolError {
    tool_error("not_found", format!("The tool \"{tool}\" is not available any more. Go on without it."))
}

/// A call of a tool that the model could not get right.
pub fn withdrawn(tool: &str) -> ToolError {
    tool_error(
        "withdrawn",
        format!("The tool \"{tool}\" is off for the rest of this run after too many malformed calls."),
    )
}

/// The malformed call that was one too many.
pub fn malformed_too_often(error: ToolError) -> ToolError {
    let message = format!(
        "{} This was one malformed call too many: the tool is off for the rest of this run. Go on without it.",
        error.message
    );
    ToolError { message, ..error }
}

/// What the model reads with a failure that it has seen before.
pub const BROKEN: &str = "This is the same failure of the same call again: take the tool as broken for these \
                          arguments. Don't repeat the call; go on another way or say what is missing.";

/// The agent is off.
pub fn agent_disabled(name: &str) -> RunError {
    run_error(
        "agent_disabled",
        format!("{name} is switched off."),
        "Switch the agent on, or choose another one.",
    )
}

/// The agent is deleted, or out of sight of the person whose run it is.
pub fn agent_gone() -> RunError {
    run_error(
        "agent_disabled",
        "The agent of this chat was deleted, or moved to a workspace that you don't belong to.",
        "Begin a chat with another agent; what was said here stays.",
    )
}

/// No model can be had.
pub fn model_unavailable(why: &str) -> RunError {
    run_error("model_unavailable", why, "Choose another model for this agent, then resume.")
}

/// Whoever started the run may not any more.
pub fn not_allowed() -> RunError {
    run_error(
        "internal",
        "Whoever started this run can't work in this project any more.",
        "Ask an owner or admin of the organisation.",
    )
}
