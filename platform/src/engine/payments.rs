//! Runs that wait until they can be paid, and what a program's message may cost.

use super::{
    Engine,
    context::Conversation,
    driver::{allowed, before_talk, run_limit, ticket, worst_case},
    prompt, store,
};
use crate::{
    Error, OrgScope, Result,
    audit::Means,
    billing::{Ask, Operation, Tier},
};
use alumia_protocol::{
    RunId,
    billing::ChargedTo,
    sessions::{ChatRequest, SessionStatus},
};
use std::collections::HashMap;

/// How long credits are held for a run that nobody has begun to work on.
const TICKET_SECONDS: i64 = 120;

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

    /// Sets aside what the answer to a program's message may cost, before anything is stored, so that a program
    /// whose organisation can't pay is told so at once. The run's first call takes its place. A person's message
    /// is taken in whatever is left: their run waits, and the chat says for what. `false` when there is nothing
    /// to pay.
    ///
    /// # Errors
    /// `PaymentRequired` with what blocks it.
    pub(super) async fn hold_payment(
        &self,
        scope: &OrgScope,
        request: &ChatRequest,
        run: RunId,
    ) -> Result<bool> {
        if !matches!(scope.origin().means, Means::Key(_)) {
            return Ok(false);
        }
        let parts = &self.parts;
        let session = match request.session_id {
            Some(id) => Some(parts.sessions.get(scope, id).await?),
            None => None,
        };
        if session.as_ref().is_some_and(|session| is_at_work(session.status)) {
            // It joins a run that pays for itself.
            return Ok(false);
        }
        let agent = match (&session, request.agent_id) {
            (Some(session), _) => self.answerer(scope, session).await?,
            (None, Some(id)) => parts.agents.get(scope, id).await?,
            (None, None) => parts.agents.ala(scope).await?,
        };
        let member = store::member(&parts.store, scope.org_id(), scope.user_id()).await?;
        let default_model = member.map(|(_, model)| model).unwrap_or_default();
        let wanted = [request.model.as_deref().unwrap_or_default(), &agent.model, &default_model];
        let wanted = wanted.into_iter().find(|model| !model.is_empty()).unwrap_or_default();
        // A model that can't run is the run's to tell.
        let own = parts.own_keys.own(scope).await?;
        let Ok(route) = parts.models.route(&own, wanted, agent.settings.fast_mode) else { return Ok(false) };
        if route.byok || route.model.price.is_none_or(|price| Tier::of(&price) == Tier::Free) {
            return Ok(false);
        }
        let project = session.as_ref().map(|session| session.project_id).or(request.project_id);
        let project = parts.projects.get(scope, project.ok_or(Error::NotFound("project"))?).await?;
        let tools = if route.model.capabilities.tools { allowed(self, &agent) } else { Vec::new() };
        let mut talk = Conversation::default();
        if let Some(session) = &session {
            for event in &parts.log.session_events(scope.org_id(), session.id).await? {
                talk.apply(event);
            }
        }
        let message = &request.message;
        let tokens = before_talk(&prompt::system(&agent, &project, parts.clock.now()), &tools)
            + talk.tokens(&HashMap::new())
            + message.content.len() / 3
            + message.attachments.len() * 50
            + 10;
        let (tier, amount) = worst_case(&route.model, i64::try_from(tokens).unwrap_or(i64::MAX))?;
        let ask = Ask {
            id: ticket(run),
            operation: Operation::Model,
            model: route.model.id,
            provider: route.model.provider,
            tier: Some(tier),
            amount,
            millis: 0,
            charged_to: ChargedTo {
                workspace_id: Some(project.workspace_id),
                user_id: Some(scope.user_id()),
                project_id: Some(project.id),
                agent_id: Some(agent.id),
                session_id: session.map(|session| session.id),
                run_id: Some(run),
            },
            run_limit: run_limit(&agent),
            deadline: parts.clock.now().plus_seconds(TICKET_SECONDS),
        };
        parts.billing.reserve(scope, ask).await?;
        Ok(true)
    }

    /// Gives what [`Self::hold_payment`] set aside free: no run came of it.
    pub(super) async fn drop_payment(&self, scope: &OrgScope, run: RunId) {
        if let Err(error) = self.parts.billing.release(scope, ticket(run)).await {
            tracing::warn!(%error, %run, "credits stay reserved until their deadline");
        }
    }
}

const fn is_at_work(status: SessionStatus) -> bool {
    match status {
        SessionStatus::Active
        | SessionStatus::AwaitingPeer
        | SessionStatus::AwaitingApproval
        | SessionStatus::AwaitingConnection => true,
        SessionStatus::Idle | SessionStatus::Failed | SessionStatus::AwaitingPayment => false,
    }
}
