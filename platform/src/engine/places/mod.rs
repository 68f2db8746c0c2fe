//! Which runs may begin: of an organisation no more at once than its package runs, in the order in which they came.
//!
//! A run has a place while it is `running`; one that waits for a person or for credits has none. Places are given in
//! the transaction that claims a run or accepts one, by whoever has the organisation's turn there, so that there are
//! never more than fit, however many servers give them. A run whose worker has died keeps its place until its lease
//! has run out, and whoever takes it over then has it.
pub mod store;

use super::{Engine, store::Claimed};
use crate::{OrgScope, Result, billing::Packages, sessions::Append, store::Tx};
use alumia_protocol::{
    OrgId,
    billing::UsageGroup,
    events::EventData,
    sessions::{RunDelay, Session, SessionDetails},
};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

/// Runs that are told in one go that they have to wait.
const TOLD: usize = 16;

/// See the module.
pub struct Places {
    statements: store::Statements,
    /// Some run waited for a place when it was last looked.
    delayed: AtomicBool,
}

/// What came of a look for runs.
pub struct Look {
    pub claimed: Vec<Claimed>,
    /// Have to wait, and nobody was told.
    pub delayed: Vec<store::Found>,
    /// There may be more to do at once.
    pub more: bool,
}

impl Places {
    pub fn new(packages: &Packages) -> Self {
        let statements = store::Statements::new(&packages.runs_at_once());
        Self { statements, delayed: AtomicBool::new(false) }
    }

    /// Whether an end makes room for a run that waits.
    pub fn are_wanted(&self) -> bool {
        self.delayed.load(Ordering::Relaxed)
    }
}

impl Engine {
    /// Claims up to `limit` runs, or only those that have to be ended.
    pub(super) async fn take(&self, owner: &str, limit: usize, stopped: bool) -> Result<Look> {
        let (parts, places) = (&self.parts, &self.here.places_of_orgs);
        let found = places.statements.look(&parts.store, parts.clock.now(), stopped).await?;
        let orgs: BTreeSet<OrgId> = found.iter().filter(|run| run.ready).map(|run| run.org_id).collect();
        let orgs: Vec<OrgId> = orgs.into_iter().collect();
        let mut claimed = Vec::new();
        if !orgs.is_empty() {
            let mut tx = parts.store.begin().await?;
            // In the order of their ids, so that nobody waits in a circle.
            for org in &orgs {
                parts.store.turn(&mut tx, &turn(*org)).await?;
            }
            let times = (parts.clock.now(), self.lease_until());
            let most = i64::try_from(limit).unwrap_or(1);
            claimed = places.statements.claim(&mut tx, &orgs, owner, times, most, stopped).await?;
            tx.commit().await?;
        }
        if !stopped {
            places.delayed.store(found.iter().any(|run| !run.ready), Ordering::Relaxed);
        }
        let mut delayed: Vec<store::Found> =
            found.into_iter().filter(|run| !run.ready && !run.told).collect();
        let more = claimed.len() == limit || delayed.len() > TOLD;
        delayed.truncate(TOLD);
        Ok(Look { claimed, delayed, more })
    }

    /// Tells people why a run has yet to begin.
    pub(super) async fn tell(&self, found: &store::Found) -> Result<()> {
        let package = self.parts.billing.packages().get(&found.package);
        let Some(at_once) = package.caps.concurrent_runs else { return Ok(()) };
        let message =
            format!("Waiting for another run to end: the package {} runs {at_once} at once.", package.name);
        let delay = RunDelay { message, package: package.id.clone(), at_once };
        let mut tx = self.parts.log.begin(found.org_id, found.project_id).await?;
        let why = serde_json::to_string(&delay)?;
        if store::delay(tx.tx(), found.org_id, found.id, &why).await? {
            tx.push(Append {
                session_id: Some(found.session_id),
                run_id: Some(found.id),
                step_id: None,
                data: EventData::RunDelayed(delay),
            });
            tx.commit().await?;
        }
        Ok(())
    }

    /// Sessions with what they have used so far, and why a run of theirs has yet to begin.
    pub async fn details(&self, scope: &OrgScope, sessions: Vec<Session>) -> Result<Vec<SessionDetails>> {
        let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
        let mut spent = self.parts.billing.spent(scope, UsageGroup::Session, &ids).await?;
        let mut delays = store::delays(&self.parts.store, scope.org_id()).await?;
        let details = |session: Session| SessionDetails {
            spent: spent.remove(&session.id.to_string()).unwrap_or_default(),
            delayed: delays.remove(&session.id),
            session,
        };
        Ok(sessions.into_iter().map(details).collect())
    }

    /// Whether a run that is accepted in this transaction may begin at once. Whatever waits goes first.
    pub(super) async fn may_begin(&self, tx: &mut Tx, org: OrgId) -> Result<bool> {
        let Some(at_once) = self.parts.billing.package_within(tx, org).await?.caps.concurrent_runs else {
            return Ok(true);
        };
        self.parts.store.turn(tx, &turn(org)).await?;
        Ok(store::going(tx, org).await? < i64::from(at_once))
    }
}

fn turn(org: OrgId) -> String {
    format!("runs of {org}")
}
