//! Rate limits: GCRA buckets by person, by address and by API key.

mod keys;
mod shared;
mod store;

use crate::{Error, Result as Outcome, clock::Clock, store::Store};
use alumia_protocol::{ApiKeyId, UserId};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, Reference as _},
    middleware::StateInformationMiddleware,
};
use keys::{Keys, Places};
use shared::Shared;
use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Every so many checks, keys that are as good as fresh are forgotten.
const CHECKS_BETWEEN_CLEANINGS: usize = 4_096;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Messages to agents.
    Chat,
    /// Sign-up, sign-in, step-up, minting keys.
    Auth,
    /// Other changes.
    Write,
    /// Everything else.
    Read,
    /// What anybody sees by a link: shared canvases.
    Share,
}

impl Bucket {
    /// In the store.
    const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Auth => "auth",
            Self::Write => "write",
            Self::Read => "read",
            Self::Share => "share",
        }
    }
}

/// Who is limited. A caller counts under each of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A person.
    User(UserId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// An address, made by [`Key::address`].
    Address(IpAddr),
}

impl Key {
    /// In the store.
    fn text(&self) -> String {
        match self {
            Self::User(id) => format!("user {id}"),
            Self::ApiKey(id) => format!("key {id}"),
            Self::Address(address) => format!("address {address}"),
        }
    }

    /// An address; of IPv6 the network that one customer gets, since they have 2⁶⁴ addresses in it.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            v4 => v4,
        })
    }
}

/// Requests per minute of each bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// See [`Bucket::Chat`].
    pub chat: u32,
    /// See [`Bucket::Auth`]; comes back at half that speed.
    pub auth: u32,
    /// See [`Bucket::Write`].
    pub write: u32,
    /// See [`Bucket::Read`].
    pub read: u32,
    /// See [`Bucket::Share`].
    pub share: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { chat: 60, auth: 10, write: 300, read: 1_200, share: 120 }
    }
}

/// A request that may pass, with what the `RateLimit-*` headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests that fit in a full bucket.
    pub limit: u32,
    /// Requests that could follow at once, by the fuller of the caller's buckets.
    pub remaining: u32,
    /// Seconds until the bucket is as good as untouched.
    pub reset_seconds: u64,
}

/// A request that must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Requests that fit in a full bucket.
    pub limit: u32,
    /// Milliseconds until one request can pass.
    pub retry_after_ms: u64,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Limited { retry_after_ms: refusal.retry_after_ms }
    }
}

/// All buckets. Cheap to clone.
#[derive(Clone)]
pub struct Limiter {
    here: Arc<Buckets>,
    /// Those of all servers together, where there may be several.
    shared: Option<Shared>,
}

struct Buckets {
    chat: Limit,
    auth: Limit,
    write: Limit,
    read: Limit,
    share: Limit,
    checks: AtomicUsize,
}

/// The buckets of one kind, and how often each gets a unit back.
struct Limit {
    buckets: RateLimiter<Keys, Places, Time, StateInformationMiddleware>,
    interval: Duration,
}

/// Our clock as the algorithm's.
#[derive(Clone)]
struct Time(Arc<dyn Clock>);

impl governor::clock::Clock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Limiter {
    /// Full buckets of these sizes; a rate of 0 counts as 1.
    pub fn new(clock: Arc<dyn Clock>, rates: Rates) -> Self {
        let limit = |per_minute: u32, slowness: u32| {
            let burst = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
            let interval = Duration::from_secs(60) * slowness / burst.get();
            let interval = interval.max(Duration::from_nanos(1));
            let quota = Quota::with_period(interval).expect("the interval isn't zero").allow_burst(burst);
            Limit { buckets: RateLimiter::new(quota, Places::default(), Time(clock.clone())), interval }
        };
        let here = Buckets {
            chat: limit(rates.chat, 1),
            auth: limit(rates.auth, 2),
            write: limit(rates.write, 1),
            read: limit(rates.read, 1),
            share: limit(rates.share, 1),
            checks: AtomicUsize::new(0),
        };
        Self { here: Arc::new(here), shared: None }
    }

    /// The same limits for all servers on this store together. Each still asks its own buckets first, so what
    /// one server alone refuses costs the store nothing.
    #[must_use]
    pub fn shared(self, store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Some(Shared { store, clock }), ..self }
    }

    /// Takes one unit under every key, or none under any when one of them has none left.
    ///
    /// While the store is away, each server limits by itself.
    pub async fn check(&self, bucket: Bucket, keys: &[Key]) -> Result<Allowance, Refusal> {
        let here = self.check_here(bucket, keys)?;
        let Some(shared) = &self.shared else { return Ok(here) };
        match shared.check(bucket, keys, here.limit, self.limit(bucket).interval).await {
            Ok(together) => together,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "rate limits are not shared");
                Ok(here)
            }
        }
    }

    /// Forgets shared buckets that are full again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_full(&self) -> Outcome<()> {
        match &self.shared {
            Some(shared) => store::forget_full(&shared.store, shared.clock.now().0).await,
            None => Ok(()),
        }
    }

    fn limit(&self, bucket: Bucket) -> &Limit {
        match bucket {
            Bucket::Chat => &self.here.chat,
            Bucket::Auth => &self.here.auth,
            Bucket::Write => &self.here.write,
            Bucket::Read => &self.here.read,
            Bucket::Share => &self.here.share,
        }
    }

    fn check_here(&self, bucket: Bucket, keys: &[Key]) -> Result<Allowance, Refusal> {
        if self.here.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_BETWEEN_CLEANINGS == 0 {
            self.forget_idle();
        }
        let limit = &self.limit(bucket).buckets;
        match limit.check_key(&Keys::new(keys)) {
            Ok(state) => {
                let (quota, remaining) = (state.quota(), state.remaining_burst_capacity());
                let size = quota.burst_size().get();
                let full_in = quota.replenish_interval() * size.saturating_sub(remaining);
                Ok(Allowance {
                    limit: size,
                    remaining,
                    reset_seconds: full_in.as_millis().div_ceil(1_000) as u64,
                })
            }
            Err(until) => {
                let wait: Duration = until.earliest_possible().duration_since(limit.clock().now()).into();
                let retry_after_ms = u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
                Err(Refusal {
                    limit: until.quota().burst_size().get(),
                    retry_after_ms: retry_after_ms.max(1),
                })
            }
        }
    }

    /// Callers that are remembered at the moment.
    pub fn remembered(&self) -> usize {
        let Buckets { chat, auth, write, read, share, .. } = &*self.here;
        [chat, auth, write, read, share].map(|limit| limit.buckets.len()).iter().sum()
    }

    /// Forgets keys whose bucket is full again.
    pub fn forget_idle(&self) {
        let Buckets { chat, auth, write, read, share, .. } = &*self.here;
        for limit in [chat, auth, write, read, share] {
            limit.buckets.retain_recent();
            limit.buckets.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests;
