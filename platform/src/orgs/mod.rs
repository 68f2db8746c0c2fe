//! Organisations: who belongs to them, what they may see, how they begin and end.
//!
//! | folder | holds |
//! | --- | --- |
//! | here | [`Orgs`]: from a person to the proof of what they may do |
//! | `members/` | roles, removing, leaving |
//! | `invites/` | invitations by mail |
//! | `workspaces/` | workspaces and who belongs to them |
//! | `tenants/` | making, changing, deleting an organisation |
mod changes;
mod invites;
mod members;
mod model;
mod service;
mod store;
mod tenants;
mod workspaces;
pub use changes::{AccessChanges, AccessWatch};
pub use invites::Invites;
pub use members::Members;
pub use service::{Orgs, Resource};
pub use tenants::{PURGE_JOB, Tenants};
pub use workspaces::Workspaces;

use crate::{audit::Audit, billing::Allowance, clock::Clock, store::Store};
use std::sync::Arc;

/// What every service here works with.
#[derive(Clone)]
pub struct Office {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub audit: Audit,
    pub changes: AccessChanges,
    pub allowance: Allowance,
}

impl Office {
    /// An office of its own.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let audit = Audit::new(store.clone(), clock.clone());
        Self { store, clock, audit, changes: AccessChanges::default(), allowance: Allowance::default() }
    }
}
