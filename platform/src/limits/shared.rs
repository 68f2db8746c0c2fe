//! The same buckets for several servers, in the store.

use super::{Allowance, Bucket, Key, Refusal, keys::Keys, store};
use crate::{Result, clock::Clock, store::Store};
use std::{sync::Arc, time::Duration};

/// Buckets in the store.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    /// Takes one unit under every key, or none under any when one of them has none left.
    pub(super) async fn check(
        &self,
        bucket: Bucket,
        keys: &[Key],
        limit: u32,
        interval: Duration,
    ) -> Result<Result<Allowance, Refusal>> {
        let now = self.clock.now().0;
        let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
        let window = interval.saturating_mul(limit.into());
        let mut latest = now;
        let mut tx = self.store.begin().await?;
        // In one order everywhere, so that no two servers wait for each other.
        for key in Keys::new(keys).iter() {
            match store::take(&mut tx, (bucket.name(), &key.text()), now, interval, window).await? {
                Ok(full_at) => latest = latest.max(full_at),
                Err(full_at) => {
                    let wait = (full_at + interval - now - window).max(1);
                    let retry_after_ms = wait.unsigned_abs().div_ceil(1_000);
                    return Ok(Err(Refusal { limit, retry_after_ms }));
                }
            }
        }
        tx.commit().await?;
        let used = (latest - now).max(0);
        let remaining = u32::try_from((window - used) / interval).unwrap_or(0);
        let reset_seconds = used.unsigned_abs().div_ceil(1_000_000);
        Ok(Ok(Allowance { limit, remaining, reset_seconds }))
    }
}
