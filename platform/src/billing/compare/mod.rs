//! Compares what is kept at hand with what it follows from: buckets and calls with the ledger's entries, bought
//! credits with payments, payments and subscriptions with their gateway. A difference is told and corrects nothing by itself.
mod store;

use super::payments::{ChargeState, Payments};
use crate::Result;
use alumia_protocol::OrgId;

/// Days back to which payments are compared with their gateway.
const DAYS: i64 = 7;

/// Something that doesn't add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub org: OrgId,
    /// What differs, with its id.
    pub what: String,
}

impl Payments {
    /// What doesn't add up; at most a hundred of each kind.
    pub async fn compare(&self) -> Result<Vec<Difference>> {
        let queue = &self.billing.queue;
        let mut differences = Vec::new();
        let mut tx = queue.store.moment().await?;
        for (what, found) in [
            ("bucket and ledger", store::buckets(&mut tx).await?),
            ("call and ledger", store::calls(&mut tx).await?),
            ("bought credits without their payment", store::unpaid(&mut tx).await?),
            ("payment without its credits", store::ungranted(&mut tx).await?),
        ] {
            let of = |(org, id): (OrgId, String)| Difference { org, what: format!("{what}: {id}") };
            differences.extend(found.into_iter().map(of));
        }
        drop(tx);
        let Some(gateway) = &self.gateway else { return Ok(differences) };
        let since = queue.clock.now().plus_seconds(-DAYS * 24 * 60 * 60);
        for paid in store::paid_since(&queue.store, gateway.id(), since).await? {
            let charge = gateway.look(&paid.object_id).await?;
            let fits = charge.is_some_and(|charge| {
                charge.state == ChargeState::Succeeded
                    && (charge.amount_cents, charge.refunded_cents)
                        == (paid.amount_cents, paid.refunded_cents)
            });
            if !fits {
                let what = format!("payment and gateway: {}", paid.id);
                differences.push(Difference { org: paid.org, what });
            }
        }
        for (org, customer) in self.differing_subscriptions().await? {
            differences.push(Difference { org, what: format!("subscription and gateway: {customer}") });
        }
        Ok(differences)
    }
}
