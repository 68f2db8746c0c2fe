//! Paying for calls of models and tools: what they may cost at most, and what they cost.

use super::{Driver, Left, prepare::before_talk};
use crate::{
    Error,
    billing::{Ask, Operation, Tier, Used},
    engine::{
        EngineLimits,
        machine::{Event, Purpose},
    },
    fault::fault,
    models::cost,
    sessions::LogTx,
};
use alumia_protocol::{
    CallId, Microcredits, ReservationId, RunId, Timestamp,
    agents::Agent,
    billing::{Blocked, ChargedTo},
    events::Usage,
    models::CatalogModel,
};
use std::time::Duration;

/// Tokens of a paid answer at most: what is set aside for one must not lock up an account.
const MOST_OUTPUT: i64 = 16_000;
/// Beyond the time of a run, so that nothing is released under a call that goes on.
const GRACE: Duration = Duration::from_mins(2);
/// Beyond a call's deadline, until its process is gone.
const SLACK: Duration = Duration::from_secs(2);

impl Driver {
    /// The limit of an answer that is paid for; others have their provider's own.
    pub(super) fn most_output(&self) -> Option<u32> {
        let route = &self.around.as_ref()?.route;
        let model = &route.model;
        if route.byok {
            return None;
        }
        model.price.filter(|price| Tier::of(price) != Tier::Free)?;
        u32::try_from(most_output(model)).ok()
    }

    /// Sets the worst case of the next call aside: twice what it seems to read, and the longest answer.
    pub(super) async fn reserve(&mut self, purpose: Purpose) -> Result<(), Left> {
        let Some(around) = &self.around else { return Ok(()) };
        let model = &around.route.model;
        let tokens = self.talk.tokens(&self.files) + before_talk(&around.system, &around.tools);
        let input_tokens = i64::try_from(tokens).unwrap_or(i64::MAX).min(model.context_window.into());
        let (tier, amount) = worst_case(model, input_tokens)?;
        tracing::debug!(?purpose, %amount, "reserving");
        let bill = (around.charged_to, run_limit(&around.agent));
        let ask = self.ask(Operation::Model, amount, bill);
        let (model, provider) = (model.id.clone(), model.provider.clone());
        let ask = Ask { model, provider, tier: Some(tier), ..ask };
        let event = match self.set_aside(ask).await? {
            Ok(id) => Event::Reserved { id, input_tokens },
            Err(blocked) => Event::Blocked(blocked),
        };
        self.next.push_back(event);
        Ok(())
    }

    /// Sets the worst case of a tool's call aside: all the time that it may take.
    pub(super) async fn reserve_call(
        &mut self,
        call_id: CallId,
        tool: &str,
        second_price: Microcredits,
        timeout: Duration,
    ) -> Result<(), Left> {
        let operation = self.engine.parts.tools.get(tool).and_then(|tool| tool.paid_by_time());
        let operation = operation.ok_or_else(|| Error::internal("a tool that costs nothing has a price"))?;
        let seconds = i64::try_from((timeout + SLACK).as_secs()).unwrap_or(i64::MAX);
        let millis = seconds.saturating_mul(1_000);
        let amount = second_price.0.checked_mul(seconds).map(Microcredits);
        let amount = amount.ok_or_else(|| Error::internal("a call's worst case can't be counted"))?;
        let bill = self.bill().await?;
        let ask = Ask { millis, ..self.ask(operation, amount, bill) };
        let event = match self.set_aside(ask).await? {
            Ok(id) => Event::CallReserved { call_id, id },
            Err(blocked) => Event::CallBlocked { call_id, blocked },
        };
        self.next.push_back(event);
        Ok(())
    }

    /// Whom the run's calls are charged to, and what all of them may cost.
    async fn bill(&mut self) -> Result<(ChargedTo, Option<Microcredits>), Error> {
        if let Some(around) = &self.around {
            return Ok((around.charged_to, run_limit(&around.agent)));
        }
        // What a deleted agent's last calls cost is still charged.
        let agent = self.agent().await?;
        let project = self.engine.parts.projects.get(&self.scope, self.run.project_id).await?;
        Ok((self.charged_to(&project), agent.as_ref().and_then(run_limit)))
    }

    fn ask(
        &self,
        operation: Operation,
        amount: Microcredits,
        (charged_to, run_limit): (ChargedTo, Option<Microcredits>),
    ) -> Ask {
        let parts = &self.engine.parts;
        Ask {
            id: ReservationId::new(),
            operation,
            model: String::new(),
            provider: String::new(),
            tier: None,
            amount,
            millis: 0,
            charged_to,
            run_limit,
            deadline: deadline(&parts.limits, parts.clock.now()),
        }
    }

    /// Reserves, or remembers what could not be.
    async fn set_aside(&mut self, ask: Ask) -> Result<Result<ReservationId, Blocked>, Left> {
        let billing = &self.engine.parts.billing;
        // What was set aside when the run was accepted is for its first call.
        let ticket = ticket(self.run.id);
        match billing.reserve_instead(&self.scope, ticket, ask.clone()).await {
            Ok(reservation) => {
                fault!("reserve.after");
                Ok(Ok(reservation.id))
            }
            Err(Error::PaymentRequired(blocked)) => {
                self.unpaid = Some(ask);
                Ok(Err(*blocked))
            }
            Err(error) => Err(error.into()),
        }
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
    pub(super) async fn settle(&mut self, tx: &mut LogTx, id: ReservationId, used: Used) -> Result<(), Left> {
        fault!("settle.before");
        match self.engine.parts.billing.settle_within(tx.tx(), &self.scope, id, used).await {
            Ok(_) => Ok(()),
            Err(Error::Conflict { .. }) => {
                tracing::warn!(reservation = %id, "a call was too late to be charged");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down what an own key has paid for; the id of the line.
    pub(super) async fn note(&mut self, tx: &mut LogTx, usage: Usage) -> Result<ReservationId, Left> {
        let bill = self.bill().await?;
        let ask = self.ask(Operation::Model, Microcredits::ZERO, bill);
        let route = self.around.as_ref().map(|around| &around.route.model);
        let (model, provider) =
            route.map(|model| (model.id.clone(), model.provider.clone())).unwrap_or_default();
        let ask = Ask { model, provider, ..ask };
        let id = ask.id;
        let used = Used { usage, ..Used::default() };
        self.engine.parts.billing.note_within(tx.tx(), &self.scope, ask, used).await?;
        Ok(id)
    }

    /// Puts the run among those that go on when they can be paid.
    pub(super) async fn wait_for_payment(&mut self, tx: &mut LogTx) -> Result<(), Left> {
        let Some(ask) = &self.unpaid else { return Ok(()) };
        self.engine.parts.billing.wait_within(tx.tx(), self.run.org_id, ask).await?;
        Ok(())
    }
}

/// What is set aside for a run when it is accepted has its id.
pub(in crate::engine) const fn ticket(run: RunId) -> ReservationId {
    ReservationId(run.0)
}

/// Until when a call that is paid for now is over.
fn deadline(limits: &EngineLimits, now: Timestamp) -> Timestamp {
    let time = i64::try_from((limits.max_time + GRACE).as_micros()).unwrap_or(i64::MAX);
    now.plus_micros(time)
}

/// What the agent's settings let one run cost.
pub(in crate::engine) fn run_limit(agent: &Agent) -> Option<Microcredits> {
    let credits = agent.settings.max_credits_per_run?;
    Microcredits::credits(credits.into())
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
