use crate::OrgScope;
use alumia_protocol::{
    AgentId, OrgId, UserId,
    audit::{ActorKind, AuditTarget, Outcome},
};
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

/// Longest text of a line that a caller chooses.
const LONGEST: usize = 512;
/// Most bytes of a line's details.
const DETAILS: usize = 4_096;

/// Through what somebody acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Means {
    /// A browser session.
    #[default]
    Browser,
    /// An API key, by its id.
    Key(String),
    /// An agent's run.
    Agent(AgentId),
}

/// Where a request comes from. The server hands it to an [`OrgScope`], and every line that follows from the
/// scope's use carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Network address; empty inside the server.
    pub address: String,
    /// The program that asks, as it calls itself.
    pub user_agent: String,
    /// Through what.
    pub means: Means,
}

/// A line to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) org: Option<OrgId>,
    pub(super) user: Option<UserId>,
    pub(super) origin: Arc<Origin>,
    pub(super) action: Cow<'static, str>,
    pub(super) target: Option<AuditTarget>,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    pub(super) details: Value,
    pub(super) system: bool,
}

impl Entry {
    /// Something that a member did. Actions are words like `member.removed`: the thing, then what happened.
    pub fn by(scope: &OrgScope, action: impl Into<Cow<'static, str>>) -> Self {
        Self::from(Some(scope.org_id()), Some(scope.user_id()), scope.origin().clone(), action)
    }

    /// Something that belongs to no scope: a sign-in, a refused request. `org` says in whose log it stands;
    /// nobody's is the operator's.
    pub fn from(
        org: Option<OrgId>,
        user: Option<UserId>,
        origin: Arc<Origin>,
        action: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            org,
            user,
            origin,
            action: action.into(),
            target: None,
            outcome: Outcome::Done,
            reason: None,
            details: Value::Null,
            system: false,
        }
    }

    /// Something that Alumia did by itself.
    pub fn by_system(org: OrgId, action: impl Into<Cow<'static, str>>) -> Self {
        Self { system: true, ..Self::from(Some(org), None, Arc::default(), action) }
    }

    /// The same in another organisation's log.
    #[must_use]
    pub fn in_log_of(self, org: OrgId) -> Self {
        Self { org: Some(org), ..self }
    }

    /// What it was done to.
    #[must_use]
    pub fn on(mut self, kind: &str, id: impl ToString, name: impl Into<String>) -> Self {
        self.target =
            Some(AuditTarget { kind: kind.into(), id: id.to_string(), name: shorten(&name.into()) });
        self
    }

    /// Facts that go with it. What looks like a secret is struck out.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// It was not allowed, or did not work.
    #[must_use]
    pub fn refused(mut self, outcome: Outcome, reason: impl Into<String>) -> Self {
        self.outcome = outcome;
        self.reason = Some(reason.into());
        self
    }

    pub(super) fn actor(&self) -> (ActorKind, Option<String>) {
        match (&self.origin.means, self.user) {
            _ if self.system => (ActorKind::System, None),
            (Means::Key(id), _) => (ActorKind::Key, Some(id.clone())),
            (Means::Agent(id), _) => (ActorKind::Agent, Some(id.to_string())),
            (Means::Browser, Some(_)) => (ActorKind::Person, None),
            (Means::Browser, None) => (ActorKind::Unknown, None),
        }
    }

    /// The details as they are kept.
    pub(super) fn kept_details(&self) -> String {
        let mut details = self.details.clone();
        strike(&mut details);
        let text = if details.is_null() { "{}".into() } else { details.to_string() };
        if text.len() > DETAILS { r#"{"omitted":"too long"}"#.into() } else { text }
    }
}

/// Without what no database holds, and not without bound.
pub(super) fn shorten(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(LONGEST).collect()
}

/// Strikes out values whose name or shape is a secret's, so that a careless caller can't leak one.
fn strike(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.to_lowercase();
                let secret = ["password", "secret", "token", "code", "cookie"];
                if secret.iter().any(|word| name.contains(word)) {
                    *value = "***".into();
                } else {
                    strike(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strike),
        Value::String(text) if text.contains("alm_live_") || text.contains("alm_test_") => {
            *text = "***".into();
        }
        Value::String(text) => text.retain(|c| c != '\0'),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Origin};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn details_hold_no_secret_and_have_a_bound() {
        let kept =
            |details| Entry::from(None, None, Arc::<Origin>::default(), "x").with(details).kept_details();
        let text = kept(json!({
            "newPassword": "hunter2", "nested": [{ "accessToken": "hunter2" }], "note": "alm_live_hunter2",
            "role": "admin",
        }));
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("admin"));
        assert!(kept(json!({ "note": "x".repeat(10_000) })).len() < 100);
        assert_eq!(kept(serde_json::Value::Null), "{}");
    }
}
