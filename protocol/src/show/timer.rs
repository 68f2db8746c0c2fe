use super::at_most;
use crate::{Timestamp, dataspec::SpecError};
use serde::{Deserialize, Serialize};

/// The longest countdown: a hundred days.
const LONGEST: u32 = 100 * 24 * 60 * 60;

/// What a timer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TimerMode {
    /// Counts down for a number of seconds.
    #[default]
    Countdown,
    /// Counts down to a moment; nobody starts or stops it.
    Until,
    /// Counts up.
    Stopwatch,
}

/// A countdown or stopwatch. People start, pause and reset it; everybody who looks sees the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timer {
    /// What it counts.
    pub mode: TimerMode,
    /// For `countdown`: its seconds, 1 to 8,640,000.
    #[serde(default)]
    pub seconds: Option<u32>,
    /// For `until`: the moment, in RFC 3339 with its time zone, e.g. `2027-01-01T00:00:00Z`.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Since when it runs, while it does. Leave it out; `start` is for you.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// Milliseconds that it had counted before that. Leave it out.
    #[serde(default)]
    pub elapsed: u64,
    /// Whether it starts at once; else a person starts it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub start: bool,
    /// What it says when it has ended, in a few words.
    #[serde(default)]
    pub ended: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Timer {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        let wrong = |path: &str, message: &str| Err(SpecError::new(path, message));
        match (self.mode, self.seconds, self.until) {
            (TimerMode::Countdown, None, _) => {
                return wrong("/seconds", "is missing; a countdown needs them");
            }
            (TimerMode::Countdown, Some(seconds), _) if !(1..=LONGEST).contains(&seconds) => {
                return wrong("/seconds", "must be between 1 and 8640000");
            }
            (TimerMode::Until, _, None) => {
                return wrong("/until", "is missing; it needs a moment to count to");
            }
            (TimerMode::Until | TimerMode::Stopwatch, Some(_), _) => {
                return wrong("/seconds", "is for a countdown alone");
            }
            (TimerMode::Countdown | TimerMode::Stopwatch, _, Some(_)) => {
                return wrong("/until", "is for the mode until alone");
            }
            _ => {}
        }
        if self.mode == TimerMode::Until && (self.start || self.started_at.is_some() || self.elapsed > 0) {
            return wrong("/start", "is not for a timer that counts to a moment: it runs by itself");
        }
        // Far outside of what anybody counts, sums would overflow.
        if self.elapsed > u64::from(LONGEST) * 1_000 {
            return wrong("/elapsed", "must be at most 8640000000");
        }
        at_most(self.ended.chars().count(), 200, "characters", || "/ended".into())
    }

    /// Whether it counts at `now`.
    pub fn is_running(&self, now: Timestamp) -> bool {
        match self.mode {
            TimerMode::Until => !self.is_over(now),
            TimerMode::Countdown => self.started_at.is_some() && !self.is_over(now),
            TimerMode::Stopwatch => self.started_at.is_some(),
        }
    }

    /// Whether a countdown has come to its end at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.mode != TimerMode::Stopwatch && self.shown(now) == 0
    }

    /// Milliseconds that it shows at `now`: those left, or those counted.
    pub fn shown(&self, now: Timestamp) -> u64 {
        match self.mode {
            TimerMode::Until => self.until.map_or(0, |until| between(now, until).div_ceil(1_000)),
            TimerMode::Countdown => {
                (u64::from(self.seconds.unwrap_or_default()) * 1_000).saturating_sub(self.counted(now))
            }
            TimerMode::Stopwatch => self.counted(now),
        }
    }

    fn counted(&self, now: Timestamp) -> u64 {
        self.elapsed.saturating_add(self.started_at.map_or(0, |started| between(started, now) / 1_000))
    }

    /// When a running countdown will be over.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let left = i64::try_from(self.shown(self.started_at?)).ok()?;
        (self.mode == TimerMode::Countdown)
            .then(|| self.started_at.map(|at| at.plus_micros(left.saturating_mul(1_000))))
            .flatten()
    }

    /// Lets it run from `now` on; one that runs, or is over, stays as it is.
    pub fn run(&mut self, now: Timestamp) {
        self.start = false;
        if self.mode != TimerMode::Until && !self.is_running(now) && !self.is_over(now) {
            self.started_at = Some(now);
        }
    }

    /// Keeps what it has counted until `now`.
    pub fn pause(&mut self, now: Timestamp) {
        self.elapsed = self.counted(now);
        self.started_at = None;
    }

    /// Back to its beginning, standing still.
    pub fn reset(&mut self) {
        (self.elapsed, self.started_at, self.start) = (0, None, false);
    }

    pub(super) fn example() -> Self {
        Self {
            mode: TimerMode::Countdown,
            seconds: Some(25 * 60),
            until: None,
            started_at: None,
            elapsed: 0,
            start: false,
            ended: "Time for a break".into(),
        }
    }
}

/// Microseconds; 0 where `later` isn't.
fn between(earlier: Timestamp, later: Timestamp) -> u64 {
    u64::try_from(later.0.saturating_sub(earlier.0)).unwrap_or_default()
}
