//! The protocol of Chromium's developer tools over a pair of pipes (`--remote-debugging-pipe`): JSON messages, each ended by a NUL.
//!
//! Commands have numbers and are answered by them; whatever else comes is an event. One browser has several
//! sessions ("flat": a name in each message), one for itself and one for each page.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::{mpsc, oneshot},
};

/// The longest message that is read. A longer one is passed over, and who waits for it hears so.
const LONGEST: usize = 32 << 20;

/// Events that may wait to be taken; then the browser waits.
const EVENTS: usize = 1024;

/// An answer, not yet taken apart: some are large, and little of them is needed.
pub(crate) type Answer = Box<RawValue>;

/// Why a command has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The pipe is closed.
    Closed,
    /// The answer is longer than what is read.
    TooLarge,
    /// The browser says no.
    Refused(String),
}

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Event {
    pub session: Option<String>,
    pub method: String,
    pub params: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Option<u64>,
    result: Option<Answer>,
    error: Option<Refusal>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    session_id: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

type Waiting = HashMap<u64, oneshot::Sender<Result<Answer, Fault>>>;

/// Sends commands. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cdp {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    /// `None` once the pipe is closed.
    waiting: Arc<Mutex<Option<Waiting>>>,
    next: Arc<AtomicU64>,
}

impl Cdp {
    /// Speaks over these pipes. The events must be taken, by somebody who doesn't wait for answers meanwhile; they
    /// end when the pipe does.
    pub(crate) fn over(
        mut to: impl AsyncWrite + Send + Unpin + 'static,
        from: impl AsyncRead + Send + Unpin + 'static,
    ) -> (Self, mpsc::Receiver<Event>) {
        let (lines, mut written) = mpsc::unbounded_channel::<Vec<u8>>();
        let (happened, events) = mpsc::channel(EVENTS);
        let cdp = Self { lines, waiting: Arc::new(Mutex::new(Some(HashMap::new()))), next: Arc::default() };
        tokio::spawn(async move {
            while let Some(line) = written.recv().await {
                if to.write_all(&line).await.is_err() {
                    return;
                }
            }
        });
        let waiting = cdp.waiting.clone();
        tokio::spawn(async move {
            read(BufReader::with_capacity(64 << 10, from), &waiting, happened).await;
            // Whoever waits hears of the end by the drop of what would answer.
            lock(&waiting).take();
        });
        (cdp, events)
    }

    /// Sends a command and waits for its answer. Cancel-safe.
    pub(crate) async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Answer, Fault> {
        let id = self.number();
        let (answer, answered) = oneshot::channel();
        lock(&self.waiting).as_mut().ok_or(Fault::Closed)?.insert(id, answer);
        let _forget = Forget { waiting: &self.waiting, id };
        self.write(id, session, method, &params);
        answered.await.unwrap_or(Err(Fault::Closed))
    }

    /// Sends a command whose answer doesn't matter.
    pub(crate) fn send(&self, session: Option<&str>, method: &str, params: &Value) {
        self.write(self.number(), session, method, params);
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn write(&self, id: u64, session: Option<&str>, method: &str, params: &Value) {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut line = message.to_string().into_bytes();
        line.push(0);
        // When nobody writes any more the pipe is closed, which the reader tells.
        let _ = self.lines.send(line);
    }
}

/// Takes a command off the list when nobody waits for it any more.
struct Forget<'a> {
    waiting: &'a Mutex<Option<Waiting>>,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = lock(self.waiting).as_mut() {
            waiting.remove(&self.id);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(
    mut from: impl AsyncBufRead + Unpin,
    waiting: &Mutex<Option<Waiting>>,
    happened: mpsc::Sender<Event>,
) {
    let answer = |id: u64, result| {
        let waits = lock(waiting).as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(waits) = waits {
            let _ = waits.send(result);
        }
    };
    let mut line = Vec::new();
    while let Ok(Some(whole)) = next(&mut from, &mut line).await {
        if !whole {
            if let Some(id) = number(&line) {
                answer(id, Err(Fault::TooLarge));
            }
            continue;
        }
        let Ok(message) = serde_json::from_slice::<Message>(&line) else { continue };
        if let Some(id) = message.id {
            let refused = message.error.map(|refusal| Fault::Refused(refusal.message));
            answer(
                id,
                refused.map_or_else(|| Ok(message.result.unwrap_or_else(|| RawValue::NULL.to_owned())), Err),
            );
        } else if let Some(method) = message.method {
            let event = Event { session: message.session_id, method, params: message.params };
            if happened.send(event).await.is_err() {
                return;
            }
        }
    }
}

/// Reads up to the next NUL: whether the message is there as a whole or only its beginning, `None` at the end.
async fn next(from: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
    line.clear();
    let mut whole = true;
    loop {
        let there = from.fill_buf().await?;
        if there.is_empty() {
            return Ok(None);
        }
        let end = there.iter().position(|byte| *byte == 0);
        let piece = &there[..end.unwrap_or(there.len())];
        whole = whole && line.len() + piece.len() <= LONGEST;
        if whole {
            line.extend_from_slice(piece);
        }
        let read = piece.len() + usize::from(end.is_some());
        from.consume(read);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

/// The number that a cut answer begins with; events have none.
fn number(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(br#"{"id":"#)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, duplex};

    #[tokio::test]
    async fn answers_find_who_asked_and_the_rest_are_events() {
        let (ours, theirs) = duplex(1 << 20);
        let (from, to) = tokio::io::split(ours);
        let (cdp, mut events) = Cdp::over(to, from);
        let browser = async {
            let (mut from, mut to) = tokio::io::split(theirs);
            let mut asked = Vec::new();
            while asked.split(|byte| *byte == 0).count() < 4 {
                from.read_buf(&mut asked).await.unwrap();
            }
            let first: Value =
                serde_json::from_slice(asked.split(|byte| *byte == 0).next().unwrap()).unwrap();
            assert_eq!(first, json!({ "id": 0, "method": "A.a", "params": { "x": 1 }, "sessionId": "s" }));
            to.write_all(b"{\"id\":1,\"error\":{\"code\":-1,\"message\":\"no\"}}\0not json\0").await.unwrap();
            to.write_all(b"{\"method\":\"E.e\",\"params\":{\"y\":2},\"sessionId\":\"s\"}\0{\"id\":0,")
                .await
                .unwrap();
            to.write_all(b"\"result\":{\"z\":3}}\0").await.unwrap();
            // The third is never answered: the pipe closes.
        };
        let (first, second, third, ()) = tokio::join!(
            cdp.call(Some("s"), "A.a", json!({ "x": 1 })),
            cdp.call(None, "B.b", json!({})),
            cdp.call(None, "C.c", json!({})),
            browser,
        );
        assert_eq!(first.map(|answer| answer.get().to_owned()), Ok(r#"{"z":3}"#.into()));
        assert_eq!(second.map(drop), Err(Fault::Refused("no".into())));
        assert_eq!(third.map(drop), Err(Fault::Closed));
        let event = events.recv().await.unwrap();
        assert_eq!((event.method.as_str(), event.params["y"].as_u64()), ("E.e", Some(2)));
        assert!(events.recv().await.is_none());
        assert_eq!(cdp.call(None, "D.d", json!({})).await.map(drop), Err(Fault::Closed));
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_is_passed_over() {
        let (ours, theirs) = duplex(1 << 20);
        let (from, to) = tokio::io::split(ours);
        let (cdp, _events) = Cdp::over(to, from);
        let browser = async {
            let (_from, mut to) = tokio::io::split(theirs);
            to.write_all(b"{\"id\":0,\"result\":\"").await.unwrap();
            for _ in 0..=32 {
                to.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
            }
            to.write_all(b"\"}\0{\"id\":1,\"result\":{}}\0").await.unwrap();
        };
        let (first, second, ()) =
            tokio::join!(cdp.call(None, "A.a", json!({})), cdp.call(None, "B.b", json!({})), browser);
        assert_eq!((first.map(drop), second.map(drop)), (Err(Fault::TooLarge), Ok(())));
    }

    #[tokio::test]
    async fn a_dropped_call_is_forgotten() {
        let (ours, _theirs) = duplex(1 << 20);
        let (from, to) = tokio::io::split(ours);
        let (cdp, _events) = Cdp::over(to, from);
        let call = cdp.call(None, "A.a", json!({}));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), call).await.is_err());
        assert_eq!(lock(&cdp.waiting).as_ref().map(HashMap::len), Some(0));
    }
}
