//! Runs that wait until they can be paid, and messages that can't be.

use super::{Engine, driver::worst_case, store};
use crate::{
    OrgScope, Result,
    audit::Means,
    billing::{Ask, Operation, Tier},
};
use alumia_protocol::{
    ReservationId,
    billing::ChargedTo,
    sessions::{ChatRequest, SessionStatus},
};

impl Engine {
    /// Wakes the runs that can be paid now, in the order in which they wait; returns how many.
    pub(super) async fn resume_paid(&self) -> Result<usize> {
        let mut woken = 0;
        for (org, ask) in self.parts.billing.payable().await? {
            let to = ask.charged_to;
            let (Some(project), Some(session), Some(run)) = (to.project_id, to.session_id, to.run_id) else {
                continue;
            };
            let mut tx = self.parts.log.begin(org, project).await?;
            if store::wake(tx.tx(), org, run).await? {
                let sessions = &self.parts.sessions;
                sessions.set_status(&mut tx, session, Some(run), SessionStatus::Active).await?;
                woken += 1;
            }
            self.parts.billing.end_wait_within(tx.tx(), org, run).await?;
            tx.commit().await?;
            self.here.wake.notify_one();
        }
        Ok(woken)
    }

    /// Refuses a program's message that nobody could pay the answer of, before anything is stored. A person's
    /// is taken in: their run waits, and the chat says for what.
    pub(super) async fn check_payment(&self, scope: &OrgScope, request: &ChatRequest) -> Result<()> {
        if !matches!(scope.origin().means, Means::Key(_)) {
            return Ok(());
        }
        let parts = &self.parts;
        let agent = match (request.session_id, request.agent_id) {
            (Some(id), _) => {
                let session = parts.sessions.get(scope, id).await?;
                parts.agents.get(scope, session.agent_id).await?
            }
            (None, Some(id)) => parts.agents.get(scope, id).await?,
            (None, None) => parts.agents.ala(scope).await?,
        };
        let member = store::member(&parts.store, scope.org_id(), scope.user_id()).await?;
        let default_model = member.map(|(_, model)| model).unwrap_or_default();
        let wanted = [request.model.as_deref().unwrap_or_default(), &agent.model, &default_model];
        let wanted = wanted.into_iter().find(|model| !model.is_empty()).unwrap_or_default();
        // A model that can't run is the run's to tell.
        let Ok(route) = parts.models.route(scope, wanted, agent.settings.fast_mode) else { return Ok(()) };
        if route.model.price.is_none_or(|price| Tier::of(&price) == Tier::Free) {
            return Ok(());
        }
        let tokens = i64::try_from(request.message.content.len() / 3).unwrap_or(i64::MAX);
        let (tier, amount) = worst_case(&route.model, tokens)?;
        let ask = Ask {
            id: ReservationId::new(),
            operation: Operation::Model,
            model: route.model.id,
            tier: Some(tier),
            amount,
            charged_to: ChargedTo {
                user_id: Some(scope.user_id()),
                project_id: request.project_id,
                agent_id: Some(agent.id),
                session_id: request.session_id,
                ..ChargedTo::default()
            },
            run_limit: None,
            deadline: parts.clock.now(),
        };
        parts.billing.admits(scope, ask).await
    }
}
