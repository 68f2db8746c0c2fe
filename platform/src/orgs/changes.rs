//! Word that somebody may see less (or more) than a moment ago, so that what is open ends at once.

use alumia_protocol::{OrgId, UserId};
use tokio::sync::broadcast::{self, error::RecvError};

/// Changes that a slow listener may be behind before it just looks again.
const BEHIND: usize = 256;

/// Who is concerned: an organisation, a person, or a person in an organisation.
#[derive(Clone, Copy, Debug)]
struct Change {
    org: Option<OrgId>,
    user: Option<UserId>,
}

/// Where changes of what people may see are announced, after they are committed. Reaches this process; the
/// streams of other servers look for themselves every few seconds.
#[derive(Clone, Debug)]
pub struct AccessChanges(broadcast::Sender<Change>);

impl Default for AccessChanges {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }
}

impl AccessChanges {
    /// A member's role, workspaces or membership changed.
    pub fn member(&self, org: OrgId, user: UserId) {
        self.announce(Some(org), Some(user));
    }

    /// Something changed for everybody in the organisation: what is private, what exists.
    pub fn org(&self, org: OrgId) {
        self.announce(Some(org), None);
    }

    /// A person's own sessions or credentials changed.
    pub fn person(&self, user: UserId) {
        self.announce(None, Some(user));
    }

    fn announce(&self, org: Option<OrgId>, user: Option<UserId>) {
        // Nobody listens when no stream is open.
        drop(self.0.send(Change { org, user }));
    }

    /// Listens for what concerns `user` in `org`.
    pub fn watch(&self, org: OrgId, user: UserId) -> AccessWatch {
        AccessWatch { changes: self.0.subscribe(), org, user }
    }
}

/// See [`AccessChanges::watch`].
pub struct AccessWatch {
    changes: broadcast::Receiver<Change>,
    org: OrgId,
    user: UserId,
}

impl AccessWatch {
    /// Returns when something changed and it is time to look again.
    pub async fn changed(&mut self) {
        loop {
            match self.changes.recv().await {
                Ok(change) => {
                    let concerns_org = change.org.is_none_or(|org| org == self.org);
                    if concerns_org && change.user.is_none_or(|user| user == self.user) {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => return,
                // Whoever announces is gone, and so is the server.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AccessChanges;
    use alumia_protocol::{OrgId, UserId};
    use std::time::Duration;

    #[tokio::test]
    async fn each_hears_what_concerns_them() {
        let (changes, org, user) = (AccessChanges::default(), OrgId::new(), UserId::new());
        let mut watch = changes.watch(org, user);
        let hears = async |watch: &mut super::AccessWatch| {
            tokio::time::timeout(Duration::from_millis(50), watch.changed()).await.is_ok()
        };
        changes.member(org, UserId::new());
        changes.org(OrgId::new());
        changes.person(UserId::new());
        assert!(!hears(&mut watch).await);
        for n in 0..3 {
            match n {
                0 => changes.member(org, user),
                1 => changes.org(org),
                _ => changes.person(user),
            }
            assert!(hears(&mut watch).await);
            assert!(!hears(&mut watch).await);
        }
        (0..1_000).for_each(|_| changes.person(UserId::new()));
        assert!(hears(&mut watch).await, "a listener that fell behind doesn't look again");
    }
}
