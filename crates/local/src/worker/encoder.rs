//! The worker that makes embeddings.

use super::{Asked, Failure, misled, say};
use crate::worker::protocol::{Ask, Said, Wrong};
use alumia_embed::{EncodeError, Encoder, MOST_TOKENS};
use std::path::Path;

/// Serves until standard input ends.
pub fn serve(weights: &Path, asked: &Asked) -> Result<(), Failure> {
    let failure = |error: EncodeError| {
        let wrong = match error {
            EncodeError::Read(_) | EncodeError::Weights(_) => Wrong::File,
            EncodeError::Compute(_) | EncodeError::Text(_) => Wrong::Other,
        };
        Failure { wrong, detail: error.to_string() }
    };
    let encoder = Encoder::load(weights).map_err(failure)?;
    say(&Said::Ready { context: u32::try_from(MOST_TOKENS).unwrap_or(u32::MAX) });
    while let Ok(ask) = asked.work.recv() {
        let Ask::Embed { id, texts } = ask else { return Err(misled()) };
        match encoder.embed(&texts).map_err(failure) {
            Ok(vectors) => say(&Said::Embedded { id, vectors }),
            Err(Failure { wrong, detail }) => say(&Said::Failed { id: Some(id), wrong, detail }),
        }
    }
    Ok(())
}
