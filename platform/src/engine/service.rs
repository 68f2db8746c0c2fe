use super::here::Here;
use crate::{
    agents::Agents,
    billing::{Billing, OwnKeys},
    clock::Clock,
    files::Files,
    models::Models,
    projects::Projects,
    sessions::{Log, Sessions},
    store::Store,
    tools::Tools,
};
use alumia_protocol::Timestamp;
use std::{sync::Arc, time::Duration};

/// Limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct EngineLimits {
    /// Model calls in one run.
    pub max_steps: u32,
    /// Time at work of one run; waiting for a person doesn't count.
    pub max_time: Duration,
    /// How long a tool call may put out nothing before people are told.
    pub silence: Duration,
    /// How long people may take to answer what a call asks them.
    pub approval: Duration,
    /// How long a worker that says nothing keeps its runs.
    pub lease: Duration,
    /// Messages waiting in one session.
    pub queue: usize,
    /// Runs going on at once in this process.
    pub workers: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            max_steps: 50,
            max_time: Duration::from_mins(30),
            silence: Duration::from_secs(30),
            approval: Duration::from_hours(24),
            lease: Duration::from_secs(6),
            queue: 10,
            workers: 512,
        }
    }
}

/// What the engine works with.
#[derive(Clone)]
pub struct EngineParts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub log: Log,
    pub sessions: Sessions,
    pub projects: Projects,
    pub agents: Agents,
    pub files: Files,
    pub models: Models,
    pub tools: Tools,
    pub billing: Billing,
    pub own_keys: OwnKeys,
    pub limits: EngineLimits,
}

/// Starts, drives, stops and takes over runs. What people tell it is in `chat` and `orders`, the work
/// itself in `worker`.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<EngineParts>,
    pub(super) here: Arc<Here>,
}

impl Engine {
    /// An engine that drives nothing until [`Engine::work`] is called.
    pub fn new(parts: EngineParts) -> Self {
        let here = Arc::new(Here::new(&parts.tools, parts.billing.packages(), parts.limits.workers));
        Self { parts: Arc::new(parts), here }
    }

    /// Limits of every run.
    pub fn limits(&self) -> EngineLimits {
        self.parts.limits
    }

    /// Until when a lease that is taken or renewed now holds.
    pub(super) fn lease_until(&self) -> Timestamp {
        let lease = i64::try_from(self.parts.limits.lease.as_micros()).unwrap_or(i64::MAX);
        self.parts.clock.now().plus_micros(lease)
    }
}
