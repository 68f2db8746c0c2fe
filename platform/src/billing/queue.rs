//! Puts what waits at the same time into one transaction: a commit is what costs, and it costs the same for
//! one act as for many.

use super::{
    model::{Act, Done},
    packages::Packages,
    post::{Desk, post},
};
use crate::{Error, Result, clock::Clock, store::Store};
use alumia_protocol::OrgId;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, oneshot};

/// Acts of one transaction at most.
const MOST: usize = 128;

type Answer = oneshot::Sender<Result<Done>>;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) packages: Packages,
    waiting: Arc<Mutex<Waiting>>,
    /// Told when something may be paid that couldn't be before.
    pub(super) news: Arc<Notify>,
    /// Told when something was asked to be paid: there may be too little left.
    pub(super) spent: Arc<Notify>,
}

#[derive(Default)]
struct Waiting {
    acts: VecDeque<(OrgId, Act, Answer)>,
    /// Somebody is at work on them.
    busy: bool,
}

impl Queue {
    pub fn new(store: Store, clock: Arc<dyn Clock>, packages: Packages) -> Self {
        Self { store, clock, packages, waiting: Arc::default(), news: Arc::default(), spent: Arc::default() }
    }

    pub(super) fn desk(&self) -> Desk<'_> {
        Desk { engine: self.store.engine(), packages: &self.packages, now: self.clock.now() }
    }

    /// Does one act; when this returns, it is durable. Who stops waiting doesn't stop the act.
    pub async fn act(&self, org: OrgId, act: Act) -> Result<Done> {
        let (answer, answered) = oneshot::channel();
        let begin = {
            let mut waiting = self.lock();
            waiting.acts.push_back((org, act, answer));
            !std::mem::replace(&mut waiting.busy, true)
        };
        if begin {
            // A task of its own: whoever asked may go away while the others wait.
            tokio::spawn(self.clone().work());
        }
        answered.await.unwrap_or_else(|_| Err(Error::internal("the ledger's worker has gone")))
    }

    async fn work(self) {
        loop {
            let batch: Vec<(OrgId, Act, Answer)> = {
                let mut waiting = self.lock();
                let size = waiting.acts.len().min(MOST);
                if size == 0 {
                    waiting.busy = false;
                    return;
                }
                waiting.acts.drain(..size).collect()
            };
            let (acts, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|(org, act, answer)| ((org, act), answer)).unzip();
            let mut outcome = self.commit(acts.clone()).await;
            if matches!(outcome, Err(Error::Unavailable { .. })) {
                // PostgreSQL may have had to break a circle of waiting servers; that is over at once.
                outcome = self.commit(acts.clone()).await;
            }
            match outcome {
                Ok(done) => answers.into_iter().zip(done).for_each(|(answer, done)| drop(answer.send(done))),
                Err(Error::Unavailable { message, retry_after_seconds }) => {
                    for answer in answers {
                        let message = message.clone();
                        drop(answer.send(Err(Error::Unavailable { message, retry_after_seconds })));
                    }
                }
                // One of them may be to blame: each for itself.
                Err(_) => {
                    for (act, answer) in acts.into_iter().zip(answers) {
                        let done = self.commit(vec![act]).await.and_then(only);
                        drop(answer.send(done));
                    }
                }
            }
        }
    }

    async fn commit(&self, acts: Vec<(OrgId, Act)>) -> Result<Vec<Result<Done>>> {
        let mut tx = self.store.begin().await?;
        let gives = acts.iter().any(|(_, act)| matches!(act, Act::Grant(_) | Act::Refund(..)));
        let takes = acts.iter().any(|(_, act)| matches!(act, Act::Reserve(_) | Act::Replace(..)));
        let done = post(self.desk(), &mut tx, acts).await?;
        tx.commit().await?;
        if takes {
            self.spent.notify_one();
        }
        if gives {
            self.news.notify_one();
        }
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one result of one act.
pub(super) fn only(done: Vec<Result<Done>>) -> Result<Done> {
    done.into_iter().next().unwrap_or_else(|| Err(Error::internal("an act of the ledger has no result")))
}
