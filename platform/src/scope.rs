//! Proof of who acts in which organisation.

use alumia_protocol::{OrgId, UserId, people::Role};

/// A member acting in an organisation. Every tenant query takes one, and only authentication
/// ([`crate::orgs::Orgs::scope`]) and the engine (for the person whose run it drives) make one.
#[derive(Clone, Debug)]
pub struct OrgScope {
    org_id: OrgId,
    user_id: UserId,
    role: Role,
}

impl OrgScope {
    pub(crate) const fn new(org_id: OrgId, user_id: UserId, role: Role) -> Self {
        Self { org_id, user_id, role }
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

    /// Refuses roles that only read.
    pub fn require_writer(&self) -> crate::Result<()> {
        match self.role {
            Role::Owner | Role::Admin | Role::Member => Ok(()),
            Role::Billing | Role::Viewer => Err(crate::Error::Forbidden {
                reason: "role",
                message:
                    "Your role in this organization can read but not change this. Ask an owner or admin."
                        .into(),
            }),
        }
    }
}
