use super::{Letter, Mail, MailError};
use crate::clock::Clock;
use alumia_protocol::Timestamp;
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

const MOST: usize = 200;

/// Keeps letters in memory instead of sending them: the mailbox of development mode, and of tests.
#[derive(Clone)]
pub struct Mailbox(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    letters: Mutex<VecDeque<Kept>>,
    failures: AtomicU32,
}

/// A letter with when it came.
#[derive(Clone, Debug)]
pub struct Kept {
    pub letter: Letter,
    pub at: Timestamp,
}

impl Mailbox {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { clock, letters: Mutex::default(), failures: AtomicU32::new(0) }))
    }

    /// The letters, the newest first; the oldest are thrown away.
    pub fn letters(&self) -> Vec<Kept> {
        self.0.letters.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Refuses the next `tries`, as a mail server that is away does.
    pub fn fail(&self, tries: u32) {
        self.0.failures.store(tries, Ordering::SeqCst);
    }
}

#[async_trait]
impl Mail for Mailbox {
    async fn send(&self, _: &str, letter: &Letter) -> Result<(), MailError> {
        let failures = &self.0.failures;
        if failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(MailError("the mailbox was told to refuse this".into()));
        }
        let mut letters = self.0.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.push_front(Kept { letter: letter.clone(), at: self.0.clock.now() });
        letters.truncate(MOST);
        Ok(())
    }
}
