//! The log as a table for spreadsheets.

use crate::{Result, spreadsheet};
use alumia_protocol::audit::{AuditEntry, Outcome};

/// The first row.
pub const HEADER: &str = "time,actor,person,email,actor_id,action,target,target_id,target_name,outcome,reason,\
                          address,user_agent,details\r\n";

/// One row a line of the log.
pub fn rows(entries: &[AuditEntry]) -> Result<String> {
    spreadsheet::rows(entries.iter().map(row))
}

fn row(entry: &AuditEntry) -> [String; 14] {
    let actor = &entry.actor;
    let (kind, id, name) =
        entry.target.as_ref().map_or(("", "", ""), |target| (&*target.kind, &*target.id, &*target.name));
    let actor_kind = serde_json::to_value(actor.kind).unwrap_or_default();
    let outcome = match entry.outcome {
        Outcome::Done => "done",
        Outcome::Denied => "denied",
        Outcome::Failed => "failed",
    };
    [
        entry.at.to_string(),
        actor_kind.as_str().unwrap_or_default().to_owned(),
        actor.name.clone().unwrap_or_default(),
        actor.email.clone().unwrap_or_default(),
        actor.id.clone().or_else(|| actor.user_id.map(|id| id.to_string())).unwrap_or_default(),
        entry.action.clone(),
        kind.to_owned(),
        id.to_owned(),
        name.to_owned(),
        outcome.to_owned(),
        entry.reason.clone().unwrap_or_default(),
        entry.address.clone(),
        entry.user_agent.clone(),
        entry.details.to_string(),
    ]
}
