//! Partial output of running calls on its way to watchers: joined where it piles up, and bounded.

use alumia_protocol::CallId;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Bytes of partial output that one call may show; its result has its own limit.
const PER_CALL: usize = 1024 * 1024;
/// Bytes of one delta.
const PIECE: usize = 16 * 1024;

/// What one call has written.
pub struct Output {
    pub call_id: CallId,
    pub channel: String,
    pub text: String,
}

/// Output that no watcher has been told of yet.
#[derive(Default)]
pub struct Outputs {
    state: Mutex<State>,
    some: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Output>,
    written: HashMap<CallId, usize>,
}

impl Outputs {
    /// Takes more output; never waits.
    pub fn push(&self, call_id: CallId, channel: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut state = self.lock();
        let written = state.written.entry(call_id).or_default();
        if *written > PER_CALL {
            return;
        }
        *written += text.len();
        let over = *written > PER_CALL;
        let text = if over { "\n[more output follows; it is in the result]\n" } else { text };
        match state.waiting.back_mut() {
            Some(last)
                if last.call_id == call_id
                    && last.channel == channel
                    && last.text.len() + text.len() <= PIECE =>
            {
                last.text.push_str(text);
            }
            _ => state.waiting.push_back(Output { call_id, channel: channel.into(), text: text.into() }),
        }
        drop(state);
        self.some.notify_one();
    }

    /// Whether a call has shown all that it may: what it writes from now on nobody hears.
    pub fn is_full(&self, call_id: CallId) -> bool {
        self.lock().written.get(&call_id).is_some_and(|written| *written > PER_CALL)
    }

    /// The next piece, if there is one.
    pub fn pop(&self) -> Option<Output> {
        self.lock().waiting.pop_front()
    }

    /// The next piece.
    pub async fn next(&self) -> Output {
        loop {
            let some = self.some.notified();
            if let Some(output) = self.pop() {
                return output;
            }
            some.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_piles_up_and_stops_at_its_limit() {
        let outputs = Outputs::default();
        let (one, other) = (CallId::new(), CallId::new());
        outputs.push(one, "stdout", "a");
        outputs.push(one, "stdout", "b");
        outputs.push(one, "stderr", "c");
        outputs.push(other, "stderr", "d");
        let texts: Vec<String> = std::iter::from_fn(|| outputs.pop()).map(|output| output.text).collect();
        assert_eq!(texts, ["ab", "c", "d"]);
        for _ in 0..3_000 {
            outputs.push(one, "stdout", &"x".repeat(1_024));
        }
        let pieces: Vec<Output> = std::iter::from_fn(|| outputs.pop()).collect();
        assert!(pieces.iter().map(|piece| piece.text.len()).sum::<usize>() <= PER_CALL + 100);
        assert!(pieces.last().is_some_and(|last| last.text.contains("more output follows")));
        assert!(outputs.is_full(one) && !outputs.is_full(other));
    }
}
