//! The log as a table for spreadsheets.

use crate::{Error, Result};
use alumia_protocol::audit::{AuditEntry, Outcome};

/// The first row.
pub const HEADER: &str = "time,actor,person,email,actor_id,action,target,target_id,target_name,outcome,reason,\
                          address,user_agent,details\r\n";

/// One row a line of the log (RFC 4180).
pub fn rows(entries: &[AuditEntry]) -> Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for entry in entries {
        let actor = &entry.actor;
        let (kind, id, name) =
            entry.target.as_ref().map_or(("", "", ""), |target| (&*target.kind, &*target.id, &*target.name));
        let actor_kind = serde_json::to_value(actor.kind)?;
        let outcome = match entry.outcome {
            Outcome::Done => "done",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
        };
        let fields = [
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
        ];
        writer.write_record(fields.map(|field| harmless(&field))).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}

/// Spreadsheets run what begins like a formula, and names and user agents are a stranger's choice.
fn harmless(field: &str) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}") } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_text() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("Ada"), "Ada");
    }
}
