//! Telling an agent that one which it started has ended.

use super::{model, send::Letter, store};
use crate::{
    Result,
    engine::{Engine, store::Claimed},
    sessions::{Append, LogTx},
};
use alumia_protocol::{
    MessageId,
    events::{EventData, RunError},
    peers::EnvelopeKind,
};

/// Bytes of its last words that go along.
const WORDS: usize = 8 * 1024;

/// How a run ended, and what its agent said last.
pub(in crate::engine) struct End<'a> {
    pub error: Option<&'a RunError>,
    pub stopped: bool,
    pub words: Option<&'a str>,
}

impl End<'_> {
    fn text(&self) -> String {
        let words = |text: &str| crate::engine::prompt::cap(text.trim(), WORDS);
        match (self.error, self.words) {
            _ if self.stopped => "I was stopped before I was done.".into(),
            (Some(error), None) => format!("I failed. {}", error.message),
            (Some(error), Some(said)) => {
                format!("I failed. {} The last that I said:\n\n{}", error.message, words(said))
            }
            (None, Some(said)) => format!("I am done. My last words:\n\n{}", words(said)),
            (None, None) => "I am done.".into(),
        }
    }
}

impl Engine {
    /// As part of the write that ends a run which another agent's task began: tells that agent. One that is at work
    /// reads it next, one whose own run went well is woken by it; one that was stopped or failed finds it in its
    /// conversation when somebody makes it go on.
    pub(in crate::engine) async fn tell_end(
        &self,
        tx: &mut LogTx,
        run: &Claimed,
        end: &End<'_>,
    ) -> Result<()> {
        let Some(parent) = store::told_of_end(tx.tx(), run).await? else { return Ok(()) };
        let (org, project) = (tx.org(), tx.project());
        let all = store::standings(&mut **tx.tx(), org, project).await?;
        let find = |id| all.iter().find(|standing| standing.session_id == id);
        let (Some(to), Some(me)) = (find(parent), find(run.session_id)) else { return Ok(()) };
        let letter = Letter {
            id: MessageId::new(),
            kind: EnvelopeKind::Ended,
            from: me.peer(),
            run_id: run.id,
            to,
            text: end.text(),
            hops: run.hops + 1,
            user_id: run.user_id,
        };
        let listens = match to.run {
            Some(live) => !live.stop_requested,
            None => letter.hops <= model::HOPS && store::ended_well(tx.tx(), org, parent).await?,
        };
        if listens {
            return self.deliver(tx, letter).await.map(drop);
        }
        let message = letter.message(None, self.parts.clock.now());
        tx.push(Append {
            session_id: Some(parent),
            run_id: None,
            step_id: None,
            data: EventData::MessageCompleted { message },
        });
        self.record(tx, &letter, to.run.map(|live| live.id)).await
    }
}
