//! Hashing: argon2id, away from the async threads, a few at a time.

use super::model::LONGEST_PASSWORD;
use crate::{Error, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::sync::Semaphore;

/// How long a sign-in waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Each hash takes 19 MiB and a core for some ten milliseconds, so only as many run as there are cores.
#[derive(Clone)]
pub(super) struct Passwords(Arc<Semaphore>);

impl Passwords {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Semaphore::new(cores)))
    }

    /// The PHC string of a password, with a salt of its own.
    pub(super) async fn hash(&self, password: String) -> Result<String> {
        self.work(move || hash(&password)).await?
    }

    /// Whether the password fits. Without a hash to compare with, the same work is done for nothing, so
    /// that the time doesn't tell whether there is an account.
    pub(super) async fn fits(&self, password: String, expected: Option<String>) -> Result<bool> {
        self.work(move || {
            static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody's password").ok());
            let known = expected.is_some() && password.len() <= LONGEST_PASSWORD;
            // An overlong password fits no account; hashing it would make it an expensive question.
            let password = if password.len() <= LONGEST_PASSWORD { password.as_str() } else { "" };
            let Some(expected) = expected.as_deref().or(NOBODY.as_deref()) else { return Ok(false) };
            let expected = PasswordHash::new(expected).map_err(|error| Error::internal(error.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &expected).is_ok() && known)
        })
        .await?
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Unavailable {
                message: "Many people are signing in just now. Try again in a moment.".into(),
                retry_after_seconds: 5,
            });
        };
        tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when nobody waits for it any more.
            let _turn = turn;
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

fn hash(password: &str) -> Result<String> {
    match Argon2::default().hash_password(password.as_bytes()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => Err(Error::internal(error.to_string())),
    }
}
