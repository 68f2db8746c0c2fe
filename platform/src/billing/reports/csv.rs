//! Reports as tables for spreadsheets.

use crate::{Result, billing::store::word, spreadsheet};
use alumia_protocol::billing::{PaidCall, UsageRow};

/// The first row of a report.
pub const USAGE_HEADER: &str =
    "key,name,calls,byok_calls,input_tokens,cached_tokens,output_tokens,milliseconds,cost_microcredits\r\n";

/// The first row of a list of calls.
pub const CALLS_HEADER: &str = "id,time,operation,model,state,byok,reserved_microcredits,cost_microcredits,\
                                refunded_microcredits,input_tokens,cached_tokens,output_tokens,milliseconds,\
                                workspace_id,user_id,project_id,agent_id,session_id,run_id\r\n";

/// The rows of a report.
pub fn usage_rows(rows: &[UsageRow]) -> Result<String> {
    spreadsheet::rows(rows.iter().map(|UsageRow { key, name, sum }| {
        [
            key.clone(),
            name.clone().unwrap_or_default(),
            sum.calls.to_string(),
            sum.byok_calls.to_string(),
            sum.input_tokens.to_string(),
            sum.cached_tokens.to_string(),
            sum.output_tokens.to_string(),
            sum.millis.to_string(),
            sum.cost.0.to_string(),
        ]
    }))
}

/// The rows of a list of calls.
pub fn call_rows(calls: &[PaidCall]) -> Result<String> {
    spreadsheet::rows(calls.iter().map(|call| {
        let to = &call.charged_to;
        let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        [
            call.id.to_string(),
            call.at.to_string(),
            word(&call.operation).unwrap_or_default(),
            call.model.clone(),
            call.state.clone(),
            call.byok.to_string(),
            call.reserved.0.to_string(),
            call.cost.0.to_string(),
            call.refunded.0.to_string(),
            call.usage.input_tokens.to_string(),
            call.usage.cached_tokens.to_string(),
            call.usage.output_tokens.to_string(),
            call.millis.to_string(),
            id(to.workspace_id.map(|id| id.0)),
            id(to.user_id.map(|id| id.0)),
            id(to.project_id.map(|id| id.0)),
            id(to.agent_id.map(|id| id.0)),
            id(to.session_id.map(|id| id.0)),
            id(to.run_id.map(|id| id.0)),
        ]
    }))
}
