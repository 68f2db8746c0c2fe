//! What is told of a model on this machine: errors, the queue, counts.

use super::process::Process;
use crate::{
    weights::WeightsError,
    worker::protocol::{Counts, Wrong},
};
use alumia_models::{ModelError, ModelMessage, Part, Role, builtin};
use alumia_protocol::events::Usage;

/// The tour is played by the guide, with whatever model.
pub fn is_tour(messages: &[ModelMessage]) -> bool {
    let asked = messages.iter().rfind(|message| message.role == Role::User);
    asked.is_some_and(
        |message| matches!(message.parts.as_slice(), [Part::Text(text)] if text.trim() == builtin::TOUR),
    )
}

pub fn waiting(ahead: usize) -> String {
    match ahead {
        1 => "The model on this machine gives one answer at a time; one is ahead.\n".into(),
        more => format!("The model on this machine gives one answer at a time; {more} are ahead.\n"),
    }
}

pub fn usage(counts: Counts) -> Usage {
    Usage {
        input_tokens: counts.input.into(),
        cached_tokens: counts.cached.into(),
        output_tokens: counts.output.into(),
    }
}

pub fn unusable(detail: String) -> ModelError {
    ModelError::Unusable { detail }
}

pub fn told(error: WeightsError) -> String {
    error.to_string()
}

pub fn failed(wrong: Wrong, detail: String) -> ModelError {
    match wrong {
        Wrong::TooLong => ModelError::ContextTooLong { detail },
        Wrong::Processor => unusable(format!("It can't run here: {detail}. Connect a provider instead.")),
        Wrong::File | Wrong::Other => unusable(format!("It can't go on: {detail}.")),
    }
}

/// Another try gets a new process.
pub async fn died(process: &mut Process) -> ModelError {
    let detail = format!("the process of the model on this machine is gone: {}", process.epitaph().await);
    ModelError::Overloaded { retry_after: None, detail }
}
