use super::{Entry, store};
use crate::{
    OrgScope, Result,
    clock::Clock,
    store::{Cursor, Store, Tx},
};
use alumia_protocol::{
    AuditId, List,
    audit::{AuditEntry, AuditFilter},
};
use std::sync::Arc;

/// The log of who did what. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Audit {
    /// The log in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Writes a line that stands when the caller's transaction commits: what was done and the line about
    /// it are there together or not at all.
    pub async fn record(&self, tx: &mut Tx, entry: Entry) -> Result<()> {
        store::insert(tx, AuditId::new(), self.clock.now(), &entry).await
    }

    /// Writes lines by themselves: about what was refused, or what lies outside a transaction.
    pub async fn note(&self, entries: impl IntoIterator<Item = Entry>) -> Result<()> {
        let mut tx = self.store.begin().await?;
        for entry in entries {
            self.record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// An organisation's lines, newest first; `limit` from 1 to 1,000. For owners and admins.
    pub async fn list(
        &self,
        scope: &OrgScope,
        filter: &AuditFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<AuditEntry>> {
        scope.require_admin("read the audit log")?;
        let before = Cursor::parse(cursor)?;
        let limit = limit.clamp(1, 1_000) as usize;
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let mut items = store::page(&self.store, scope.org_id(), filter, &before, most).await?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items
            .last()
            .filter(|_| has_more)
            .map(|last| Cursor { at: last.at, id: last.id.to_string() }.encode());
        Ok(List { items, next_cursor, has_more })
    }

    /// The actions that an organisation's log holds. For owners and admins.
    pub async fn actions(&self, scope: &OrgScope) -> Result<Vec<String>> {
        scope.require_admin("read the audit log")?;
        store::actions(&self.store, scope.org_id()).await
    }
}
