use super::{
    model::{Answer, Attempt, Begun, Question},
    store::{self, Sealed},
};
use crate::{Error, Result, clock::Clock, secrets::cipher, store::Store};
use std::sync::Arc;

const KEEP_SECONDS: i64 = 24 * 60 * 60;
/// An attempt that has said nothing for so long is believed dead, and the next one may begin.
const HOLD_SECONDS: i64 = 120;

/// The answers of requests that named a key.
#[derive(Clone)]
pub struct Idempotency {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Idempotency {
    /// Answers in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Takes the key, or says why not.
    pub async fn begin(&self, question: Question<'_>) -> Result<Begun> {
        let now = self.clock.now();
        let hashed = question.hashed();
        let id = uuid::Uuid::now_v7().to_string();
        let mut tx = self.store.begin().await?;
        store::drop_stale(&mut tx, &hashed, now).await?;
        let (hold, keep) = (now.plus_seconds(HOLD_SECONDS), now.plus_seconds(KEEP_SECONDS));
        let first = store::take(&mut tx, &hashed, &id, hold, keep).await?;
        let taken = if first { None } else { store::taken(&mut tx, &hashed).await? };
        tx.commit().await?;
        let Some(taken) = taken else {
            return Ok(if first {
                let super::model::Hashed { credential, key: key_hash, seal, .. } = hashed;
                Begun::First(Attempt { credential, key_hash, id, seal })
            } else {
                // Its first attempt was forgotten between the two looks.
                Begun::Running
            });
        };
        if taken.request_hash != hashed.request {
            return Ok(Begun::Other);
        }
        let Some(sealed) = taken.answer else {
            tracing::debug!(until = %taken.held_until, "the first of this key's requests still runs");
            return Ok(Begun::Running);
        };
        let body = cipher::open(&hashed.seal, &sealed.nonce, &sealed.body, sealed.headers.as_bytes());
        let body = body.ok_or_else(|| Error::internal("a kept answer was changed in the database"))?;
        Ok(Begun::Answered(Answer {
            status: u16::try_from(sealed.status).map_err(Error::internal)?,
            headers: serde_json::from_str(&sealed.headers)?,
            body,
        }))
    }

    /// Keeps the answer for a day.
    pub async fn finish(&self, attempt: &Attempt, answer: &Answer) -> Result<()> {
        let headers = serde_json::to_string(&answer.headers)?;
        let (nonce, body) = cipher::seal(&attempt.seal, &answer.body, headers.as_bytes())
            .ok_or_else(|| Error::internal("the cipher refused to encrypt"))?;
        let sealed = Sealed { status: answer.status.into(), headers, nonce, body };
        let mut tx = self.store.begin().await?;
        store::answer(&mut tx, attempt, &sealed).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives the key back: nothing was done, or there is no answer to keep.
    pub async fn forget(&self, attempt: &Attempt) -> Result<()> {
        let mut tx = self.store.begin().await?;
        store::forget(&mut tx, attempt).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes answers whose day is over; returns how many.
    pub async fn delete_expired(&self) -> Result<u64> {
        store::delete_expired(&self.store, self.clock.now()).await
    }
}
