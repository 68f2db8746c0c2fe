use super::store;
use crate::{Result, clock::Clock, store::Store};
use alumia_protocol::{Timestamp, UserId};
use std::sync::Arc;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// A session that isn't used for so long is over …
const IDLE_SECONDS: i64 = 14 * DAY_SECONDS;
/// … and so is any session that is so old.
const ABSOLUTE_SECONDS: i64 = 90 * DAY_SECONDS;
/// The last use is written down this often, so that most requests only read.
const TOUCH_SECONDS: i64 = 5 * 60;
const LONGEST_USER_AGENT: usize = 512;

/// Browser sessions. The cookie holds the id; the database only its hash, so that a copy of the database
/// opens no session.
#[derive(Clone)]
pub struct WebSessions {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

/// What a new session begins with.
#[derive(Clone, Debug, Default)]
pub struct NewWebSession {
    /// Who is signed in.
    pub user_id: Option<UserId>,
    /// JSON, the server's own.
    pub data: String,
    /// The browser, as it calls itself.
    pub user_agent: String,
    /// Where the request came from.
    pub address: String,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSession {
    /// SHA-256 of the id, hex. Names the session in lists and to [`WebSessions::end`].
    pub id_hash: String,
    /// Who is signed in.
    pub user_id: Option<UserId>,
    /// JSON, the server's own.
    pub data: String,
    /// The browser, as it called itself.
    pub user_agent: String,
    /// Where it was begun.
    pub address: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Its last use, to some minutes.
    pub last_used_at: Timestamp,
    /// When a factor was last proved in it.
    pub stepped_up_at: Option<Timestamp>,
    /// When it ends if it isn't used: 14 days after the last use, at most 90 after its beginning.
    pub expires_at: Timestamp,
}

impl WebSessions {
    /// Sessions in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Begins a session; false when the id is taken.
    pub async fn create(&self, id: &str, new: NewWebSession) -> Result<bool> {
        let now = self.clock.now();
        let id_hash = hash(id);
        let session = WebSession {
            id_hash: id_hash.clone(),
            user_id: new.user_id,
            data: new.data,
            user_agent: new.user_agent.chars().take(LONGEST_USER_AGENT).collect(),
            address: new.address,
            created_at: now,
            last_used_at: now,
            stepped_up_at: None,
            expires_at: expiry(now, now),
        };
        let mut tx = self.store.begin().await?;
        let fresh = store::insert_web_session(&mut tx, &id_hash, &session).await?;
        tx.commit().await?;
        Ok(fresh)
    }

    /// Replaces the data and the person of a session; false when it is gone or over.
    pub async fn save(&self, id: &str, user_id: Option<UserId>, data: &str) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let there = store::save_web_session(&mut tx, &hash(id), user_id, data, self.clock.now()).await?;
        tx.commit().await?;
        Ok(there)
    }

    /// Goes on with a session under a new id, in which a factor has just been proved; the old id opens nothing
    /// any more. `None` when the session is gone or over.
    pub async fn step_up(&self, id: &str, new_id: &str) -> Result<Option<WebSession>> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let there = store::step_up_web_session(&mut tx, &hash(id), &hash(new_id), now).await?;
        tx.commit().await?;
        if there { store::web_session(&self.store, &hash(new_id), now).await } else { Ok(None) }
    }

    /// The present moment, by which a step-up's age is told.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A session that isn't over; counts as a use of it.
    pub async fn load(&self, id: &str) -> Result<Option<WebSession>> {
        let now = self.clock.now();
        let id_hash = hash(id);
        let Some(mut session) = store::web_session(&self.store, &id_hash, now).await? else {
            return Ok(None);
        };
        if session.last_used_at.plus_seconds(TOUCH_SECONDS) <= now {
            session.last_used_at = now;
            session.expires_at = expiry(session.created_at, now);
            let mut tx = self.store.begin().await?;
            store::touch_web_session(&mut tx, &id_hash, now, session.expires_at).await?;
            tx.commit().await?;
        }
        Ok(Some(session))
    }

    /// Ends a session by its id.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        store::delete_web_session(&mut tx, &hash(id)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A person's sessions, the last used first.
    pub async fn list(&self, user: UserId) -> Result<Vec<WebSession>> {
        store::web_sessions_of(&self.store, user, self.clock.now()).await
    }

    /// Ends one of a person's sessions by its [`WebSession::id_hash`]; false when there is none.
    pub async fn end(&self, user: UserId, id_hash: &str) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let ended = store::end_web_sessions(&mut tx, user, id_hash, false).await?;
        tx.commit().await?;
        Ok(ended > 0)
    }

    /// Ends all of a person's sessions but the one with this [`WebSession::id_hash`]; returns how many.
    pub async fn end_others(&self, user: UserId, id_hash: &str) -> Result<u64> {
        let mut tx = self.store.begin().await?;
        let ended = store::end_web_sessions(&mut tx, user, id_hash, true).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Removes sessions that are over; returns how many.
    pub async fn delete_expired(&self) -> Result<u64> {
        let mut tx = self.store.begin().await?;
        let gone = store::delete_expired_web_sessions(&mut tx, self.clock.now()).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

fn expiry(created_at: Timestamp, last_used_at: Timestamp) -> Timestamp {
    last_used_at.plus_seconds(IDLE_SECONDS).min(created_at.plus_seconds(ABSOLUTE_SECONDS))
}

fn hash(id: &str) -> String {
    super::tokens::sha256(id)
}
