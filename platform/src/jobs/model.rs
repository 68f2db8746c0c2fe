use alumia_protocol::Timestamp;
use serde_json::Value;
use std::{fmt, str::FromStr, time::Duration};
use uuid::Uuid;

/// A job's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub Uuid);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Work to enqueue.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which worker function it is for.
    pub kind: &'static str,
    /// What that function needs.
    pub payload: Value,
    /// Not before; `None` for at once.
    pub run_at: Option<Timestamp>,
    /// After so many failures it is dead and waits for a person.
    pub max_attempts: u32,
}

impl NewJob {
    /// A job for now, tried up to ten times (over some seventeen hours).
    pub const fn new(kind: &'static str, payload: Value) -> Self {
        Self { kind, payload, run_at: None, max_attempts: 10 }
    }
}

/// A claimed job. It is the worker's until `lease_until`, unless the lease is extended.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    pub payload: Value,
    /// Which attempt this is, from 1; a later attempt makes this one's results void.
    pub attempt: i64,
    pub lease_until: Timestamp,
}

/// A job that nobody tries any more.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadJob {
    pub id: JobId,
    pub kind: String,
    pub payload: Value,
    pub attempts: i64,
    /// What the last attempt said.
    pub last_error: String,
    pub dead_at: Timestamp,
}

/// What a lost worker says.
pub(super) const LOST: &str = "The worker was lost before it finished.";

/// How long a job rests after its `attempt`th failure: from 10 s, three times as long each time, at most
/// 6 h; a fifth of it by chance, so that what failed together doesn't come back together.
pub(super) fn rest(attempt: i64) -> Duration {
    let exponent = u32::try_from(attempt.clamp(1, 20) - 1).unwrap_or(0);
    let base = (10 * 3_u64.saturating_pow(exponent)).min(6 * 3_600);
    Duration::from_millis(base * 800 + rand::random_range(0..=base * 200))
}

/// Errors are kept for people to read, not for ever and not without bound.
pub(super) fn shorten(error: &str) -> String {
    error.chars().filter(|c| *c != '\0').take(2_000).collect()
}

#[cfg(test)]
mod tests {
    use super::rest;

    #[test]
    fn rests_grow_to_a_limit() {
        for (attempt, seconds) in [(1, 10), (2, 30), (3, 90), (8, 21_600), (i64::MAX, 21_600), (0, 10)] {
            let rest = rest(attempt).as_secs_f64();
            let (least, most) = (f64::from(seconds) * 0.8, f64::from(seconds));
            assert!((least..=most).contains(&rest), "attempt {attempt}: {rest}");
        }
    }
}
