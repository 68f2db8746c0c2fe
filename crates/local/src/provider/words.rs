//! What is told of a model on this machine: the queue, counts.

use crate::worker::protocol::Counts;
use alumia_protocol::events::Usage;

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
