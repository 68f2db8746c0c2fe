//! Looking after payments that no event has told of.

use super::{service::Payments, store, subscriptions};
use crate::Result;
use alumia_protocol::Timestamp;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked for what is due.
const LOOK: Duration = Duration::from_secs(15);
/// The same for events that the test gateway has yet to deliver.
const TEST_LOOK: Duration = Duration::from_secs(1);
/// The same for automatic payments, where nothing told that credits were spent: another server may have.
const TOP_UP_LOOK: Duration = Duration::from_secs(2);
/// Between two such looks at least, however much is spent.
const BREATH: Duration = Duration::from_millis(100);
/// How often the books are compared.
const NIGHT: Duration = Duration::from_hours(24);
/// Looked at in one go.
const MOST: i64 = 100;
pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
/// A payment that nobody has paid by then has failed.
const OPEN_SECONDS: i64 = 3 * 24 * HOUR;

/// When a payment is looked at next: every minute for an hour, then every hour; `None` once it is too old.
pub(super) fn next_look(created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let age = (now.0 - created_at.0) / 1_000_000;
    match age {
        ..HOUR => Some(now.plus_seconds(MINUTE)),
        HOUR..OPEN_SECONDS => Some(now.plus_seconds(HOUR)),
        _ => None,
    }
}

impl Payments {
    /// Looks after payments until `ending` fires. Every server may.
    pub async fn work(&self, ending: CancellationToken) {
        let mut nights = tokio::time::interval_at(tokio::time::Instant::now() + NIGHT, NIGHT);
        let mut ticks = tokio::time::interval(LOOK);
        let mut deliveries = tokio::time::interval(TEST_LOOK);
        let mut top_ups = tokio::time::interval(TOP_UP_LOOK);
        for ticks in [&mut ticks, &mut deliveries, &mut nights, &mut top_ups] {
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        loop {
            let done = tokio::select! {
                () = ending.cancelled() => return,
                _ = ticks.tick(), if self.gateway.is_some() => self.reconcile().await.map(drop),
                _ = top_ups.tick(), if self.gateway.is_some() => self.top_up().await.map(drop),
                () = self.spent(), if self.gateway.is_some() => self.top_up().await.map(drop),
                _ = nights.tick() => self.tell_differences().await,
                _ = deliveries.tick(), if self.test.is_some() => self.deliver_test_events().await,
            };
            if let Err(error) = done {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "payments are not looked after for now"
                );
            }
        }
    }

    /// Returns when credits were spent in this process, or automatic payments were turned on, though not at once
    /// after the last time.
    async fn spent(&self) {
        tokio::time::sleep(BREATH).await;
        self.billing.queue.spent.notified().await;
    }

    /// Raises an alert for each thing that doesn't add up.
    async fn tell_differences(&self) -> Result<()> {
        for difference in self.compare().await? {
            tracing::error!(org = %difference.org, "the books differ: {}", difference.what);
        }
        Ok(())
    }

    /// Asks the gateway about payments and subscriptions that are due; how many those were. One that it doesn't
    /// answer for stops none of the others.
    pub async fn reconcile(&self) -> Result<usize> {
        let Some(gateway) = &self.gateway else { return Ok(0) };
        let queue = &self.billing.queue;
        let due = store::due(&queue.store, gateway.id(), queue.clock.now(), MOST).await?;
        for payment in &due {
            if let Err(error) = self.look_after(payment).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    payment = %payment.invoice.id,
                    "a payment is not looked at"
                );
            }
        }
        let customers = subscriptions::due(&queue.store, gateway.id(), queue.clock.now(), MOST).await?;
        for customer in &customers {
            if let Err(error) = self.look_at_customer(None, customer).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    customer,
                    "a subscription is not looked at"
                );
            }
        }
        Ok(due.len() + customers.len())
    }

    /// Hears the events of the test gateway that are due.
    pub async fn deliver_test_events(&self) -> Result<()> {
        let Some(test) = &self.test else { return Ok(()) };
        for event in test.due().await? {
            self.hear(&event.id, &event.object_id).await?;
            test.delivered(&event).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::next_look;
    use alumia_protocol::Timestamp;

    #[test]
    fn looks_grow_rarer_and_end() {
        let begun = Timestamp(0);
        let after = |seconds: i64| {
            let now = begun.plus_seconds(seconds);
            next_look(begun, now).map(|at| (at.0 - now.0) / 1_000_000)
        };
        let seen = [0, 3_599, 3_600, 259_199, 259_200].map(after);
        assert_eq!(seen, [Some(60), Some(60), Some(3_600), Some(3_600), None]);
    }
}
