//! Proof of who acts in which organisation.

use crate::{Error, Result, audit::Origin};
use alumia_protocol::{OrgId, UserId, people::Role};
use std::sync::{Arc, LazyLock};

/// A member acting in an organisation. Every tenant query takes one, and only authentication
/// ([`crate::orgs::Orgs::scope`]) and the engine (for the person whose run it drives) make one.
#[derive(Clone, Debug)]
pub struct OrgScope {
    org_id: OrgId,
    user_id: UserId,
    role: Role,
    origin: Arc<Origin>,
}

impl OrgScope {
    pub(crate) fn new(org_id: OrgId, user_id: UserId, role: Role) -> Self {
        static INSIDE: LazyLock<Arc<Origin>> = LazyLock::new(Arc::default);
        Self { org_id, user_id, role, origin: INSIDE.clone() }
    }

    /// The same person, coming from there.
    #[must_use]
    pub fn coming_from(mut self, origin: Arc<Origin>) -> Self {
        self.origin = origin;
        self
    }

    /// The organisation.
    pub const fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// The person.
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    /// What the person may do.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Where the request came from, for the audit log.
    pub const fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Whether the person manages the organisation: its owners and admins.
    pub const fn is_admin(&self) -> bool {
        matches!(self.role, Role::Owner | Role::Admin)
    }

    /// Refuses roles that only read.
    pub fn require_writer(&self) -> Result<()> {
        match self.role {
            Role::Owner | Role::Admin | Role::Member => Ok(()),
            Role::Billing | Role::Viewer => Err(refused(
                "Your role in this organization can read but not change this. Ask an owner or admin.".into(),
            )),
        }
    }

    /// Refuses everybody but owners and admins; `what` completes "Only … can".
    pub fn require_admin(&self, what: &str) -> Result<()> {
        if self.is_admin() {
            return Ok(());
        }
        Err(refused(format!("Only owners and admins of this organization can {what}. Ask one of them.")))
    }

    /// Refuses everybody but those who look after money: owners, admins and billing members.
    pub fn require_treasurer(&self) -> Result<()> {
        match self.role {
            Role::Owner | Role::Admin | Role::Billing => Ok(()),
            Role::Member | Role::Viewer => Err(refused(
                "Only owners, admins and billing members of this organization can do this. Ask one of them."
                    .into(),
            )),
        }
    }

    /// Refuses everybody but owners.
    pub fn require_owner(&self, what: &str) -> Result<()> {
        if self.role == Role::Owner {
            return Ok(());
        }
        Err(refused(format!("Only owners of this organization can {what}. Ask one of them.")))
    }
}

fn refused(message: String) -> Error {
    Error::Forbidden { reason: "role", message }
}
