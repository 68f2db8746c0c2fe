//! Paying for model calls: what they may cost at most, and what they cost.

use super::{Driver, Left};
use crate::{
    Error,
    billing::{Ask, Operation, Tier, Used},
    engine::machine::{Event, Purpose},
    models::cost,
    sessions::LogTx,
};
use alumia_protocol::{Microcredits, ReservationId, events::Usage, models::CatalogModel};
use std::time::Duration;

/// Tokens of a paid answer at most: what is set aside for one must not lock up an account.
const MOST_OUTPUT: i64 = 16_000;
/// Beyond the time of a run, so that nothing is released under a call that goes on.
const GRACE: Duration = Duration::from_mins(2);

impl Driver {
    /// The limit of an answer that is paid for; others have their provider's own.
    pub(super) fn most_output(&self) -> Option<u32> {
        let model = &self.around.as_ref()?.route.model;
        model.price.filter(|price| Tier::of(price) != Tier::Free)?;
        u32::try_from(most_output(model)).ok()
    }

    /// Sets the worst case of the next call aside: twice what it seems to read, and the longest answer.
    pub(super) async fn reserve(&mut self, purpose: Purpose) -> Result<(), Left> {
        let Some(around) = &self.around else { return Ok(()) };
        let model = &around.route.model;
        let specs: usize = around.tools.iter().map(|tool| tool.description().len() / 3 + 200).sum();
        let tokens = self.talk.tokens(&self.files) + around.system.len() / 3 + specs;
        let input_tokens = i64::try_from(tokens).unwrap_or(i64::MAX).min(model.context_window.into());
        let (tier, amount) = worst_case(model, input_tokens)?;
        let limits = &self.engine.parts.limits;
        let time = i64::try_from((limits.max_time + GRACE).as_micros()).unwrap_or(i64::MAX);
        let ask = Ask {
            id: ReservationId::new(),
            operation: Operation::Model,
            model: model.id.clone(),
            tier: Some(tier),
            amount,
            charged_to: around.charged_to,
            run_limit: around
                .agent
                .settings
                .max_credits_per_run
                .and_then(|credits| Microcredits::credits(credits.into())),
            deadline: self.engine.parts.clock.now().plus_micros(time),
        };
        tracing::debug!(?purpose, amount = %ask.amount, "reserving");
        let event = match self.engine.parts.billing.reserve(&self.scope, ask.clone()).await {
            Ok(reservation) => Event::Reserved { id: reservation.id, input_tokens },
            Err(Error::PaymentRequired(blocked)) => {
                self.unpaid = Some(ask);
                Event::Blocked(*blocked)
            }
            Err(error) => return Err(error.into()),
        };
        self.next.push_back(event);
        Ok(())
    }

    /// Gives free what was set aside; fine when that has been done.
    pub(super) async fn release(&mut self, id: ReservationId) -> Result<(), Left> {
        match self.engine.parts.billing.release(&self.scope, id).await {
            Ok(_) | Err(Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Charges a call in the write that records it. One whose reservation is over by now, because this
    /// driver was away for longer than its deadline, is not charged.
    pub(super) async fn settle(
        &mut self,
        tx: &mut LogTx,
        id: ReservationId,
        usage: Usage,
        cost: i64,
    ) -> Result<(), Left> {
        let used = Used { cost: Microcredits(cost), usage, millis: 0 };
        match self.engine.parts.billing.settle_within(tx.tx(), &self.scope, id, used).await {
            Ok(_) => Ok(()),
            Err(Error::Conflict { .. }) => {
                tracing::warn!(reservation = %id, "a call was too late to be charged");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the run among those that go on when they can be paid.
    pub(super) async fn wait_for_payment(&mut self, tx: &mut LogTx) -> Result<(), Left> {
        let Some(ask) = &self.unpaid else { return Ok(()) };
        self.engine.parts.billing.wait_within(tx.tx(), self.run.org_id, ask).await?;
        Ok(())
    }
}

/// What a call of a model that seems to read so many tokens costs at most: twice that, because the count is a
/// guess, and the longest answer that it is allowed.
pub(in crate::engine) fn worst_case(
    model: &CatalogModel,
    input_tokens: i64,
) -> Result<(Tier, Microcredits), Error> {
    let price = model.price.unwrap_or_default();
    let window = i64::from(model.context_window).max(1_000);
    let worst = Usage {
        input_tokens: input_tokens.saturating_mul(2).saturating_add(1_000).min(window),
        cached_tokens: 0,
        output_tokens: most_output(model),
    };
    let amount =
        cost(&price, &worst).ok_or_else(|| Error::internal("a call's worst case can't be counted"))?;
    Ok((Tier::of(&price), Microcredits(amount)))
}

fn most_output(model: &CatalogModel) -> i64 {
    MOST_OUTPUT.min(i64::from(model.context_window) / 2).max(1)
}
