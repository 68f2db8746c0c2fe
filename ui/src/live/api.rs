//! Changes through the JSON API, for the chat and the canvas.

use super::step_up;
use alumia_protocol::{
    AgentId, ApiKeyId, BlockId, CallId, List, MessageId, ProjectId, SessionId, TooManyRequests,
    agents::{Agent, UpdateAgent},
    apps::{AppFrame, AppQuery, AppRows},
    billing::BillingOverview,
    blocks::{Block, BlockVersion, CreateBlock, MoveNodes, RestoredRun, UpdateBlock},
    copies::{DuplicateProject, RestoredProject},
    error::{Failure, Success},
    keys::{MintedApiKey, NewApiKey, RotateApiKey},
    presence::Whereabouts,
    projects::{CreateProject, Project, ProjectDetails},
    sessions::{ChatAccepted, ChatRequest, CreateSession, Session, UpdateSession},
    share::{MadeShare, NewShare, ShareState},
    tools::Approval,
};
use gloo_net::http::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::collections::BTreeMap;

/// Why a change did not happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// HTTP status; 0 when the server wasn't reached.
    pub status: u16,
    /// A sentence for a person.
    pub message: String,
    /// The exact cause, for programs.
    pub reason: Option<String>,
    /// Facts that go with it: the present block when a version was stale.
    pub details: Option<serde_json::Value>,
    /// Field to message.
    pub fields: BTreeMap<String, String>,
    /// When the next try can pass, where the server says so.
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    fn new(status: u16, message: &str) -> Self {
        Self {
            status,
            message: message.into(),
            reason: None,
            details: None,
            fields: BTreeMap::new(),
            retry_after_ms: None,
        }
    }

    fn unreached() -> Self {
        Self::new(0, "The server can't be reached. Check your connection; nothing you typed is lost.")
    }

    /// What this browser couldn't do.
    pub(super) fn here(message: &str) -> Self {
        Self::new(400, message)
    }

    /// Whether trying again later, unchanged, may work.
    pub const fn is_passing(&self) -> bool {
        matches!(self.status, 0 | 429 | 500..)
    }
}

/// What a change answers.
pub type Answer<T> = Result<T, Problem>;

/// Says something to an agent. The same message id again is the same message.
pub async fn chat(request: &ChatRequest) -> Answer<ChatAccepted> {
    send(Method::POST, "/chat", Some(request)).await
}

/// Stops a session's run.
pub async fn stop(session: SessionId) -> Answer<()> {
    done(Method::POST, &format!("/chat/{session}/stop")).await
}

/// Goes on with a waiting or failed session.
pub async fn resume(session: SessionId) -> Answer<()> {
    done(Method::POST, &format!("/chat/{session}/resume")).await
}

/// Answers an approval request.
pub async fn approve(session: SessionId, call: CallId, approval: Approval) -> Answer<()> {
    let path = format!("/sessions/{session}/calls/{call}/approve");
    ignore(send(Method::POST, &path, Some(&json!({ "approval": approval }))).await)
}

/// Ends one running call.
pub async fn cancel_call(session: SessionId, call: CallId) -> Answer<()> {
    done(Method::POST, &format!("/sessions/{session}/calls/{call}/cancel")).await
}

/// Edits a queued message; `None` removes it.
pub async fn edit_queued(session: SessionId, message: MessageId, content: Option<&str>) -> Answer<()> {
    let path = format!("/sessions/{session}/queue/{message}");
    match content {
        Some(content) => ignore(send(Method::PATCH, &path, Some(&json!({ "content": content }))).await),
        None => done(Method::DELETE, &path).await,
    }
}

/// Begins a conversation.
pub async fn create_session(new: &CreateSession) -> Answer<Session> {
    send(Method::POST, "/sessions", Some(new)).await
}

/// Renames a conversation.
pub async fn update_session(session: SessionId, change: &UpdateSession) -> Answer<Session> {
    send(Method::PATCH, &format!("/sessions/{session}"), Some(change)).await
}

/// Deletes a conversation.
pub async fn delete_session(session: SessionId) -> Answer<()> {
    done(Method::DELETE, &format!("/sessions/{session}")).await
}

/// An organisation's credits at a glance.
pub async fn billing(org: &str) -> Answer<BillingOverview> {
    send::<(), _>(Method::GET, &format!("/billing?org={}", percent_encode(org)), None).await
}

/// A project with what it has used so far.
pub async fn project(project: ProjectId) -> Answer<ProjectDetails> {
    send::<(), _>(Method::GET, &format!("/projects/{project}"), None).await
}

/// Makes a project.
pub async fn create_project(new: &CreateProject) -> Answer<Project> {
    send(Method::POST, "/projects", Some(new)).await
}

/// Whether and how a project is shared.
pub async fn share(project: ProjectId) -> Answer<ShareState> {
    send(Method::GET, &format!("/projects/{project}/share"), None::<&()>).await
}

/// Makes a project's share link, in place of the one that it has.
pub async fn make_share(project: ProjectId, new: &NewShare) -> Answer<MadeShare> {
    send(Method::POST, &format!("/projects/{project}/share"), Some(new)).await
}

/// Turns a project's share link off.
pub async fn turn_share_off(project: ProjectId) -> Answer<()> {
    done(Method::DELETE, &format!("/projects/{project}/share")).await
}

/// Puts a block on the canvas.
pub async fn create_block(project: ProjectId, new: &CreateBlock) -> Answer<Block> {
    send(Method::POST, &format!("/projects/{project}/blocks"), Some(new)).await
}

/// Changes a block; 409 with the present one in `details` when the version is stale.
pub async fn update_block(block: BlockId, change: &UpdateBlock) -> Answer<Block> {
    send(Method::PATCH, &format!("/blocks/{block}"), Some(change)).await
}

/// Opens a frame for the app that a block holds.
pub async fn app_frame(block: BlockId) -> Answer<AppFrame> {
    send(Method::POST, &format!("/blocks/{block}/frame"), None::<&()>).await
}

/// The same by a share link; `path` is below the API.
pub async fn shared_app_frame(path: &str) -> Answer<AppFrame> {
    send(Method::GET, path, None::<&()>).await
}

/// Looks something up in an app's database.
pub async fn query_app(block: BlockId, query: &AppQuery) -> Answer<AppRows> {
    send(Method::POST, &format!("/blocks/{block}/query"), Some(query)).await
}

/// Changes an app's database.
pub async fn execute_app(block: BlockId, query: &AppQuery) -> Answer<AppRows> {
    send(Method::POST, &format!("/blocks/{block}/execute"), Some(query)).await
}

/// What a block was before, newest first.
pub async fn block_versions(block: BlockId) -> Answer<List<BlockVersion>> {
    send(Method::GET, &format!("/blocks/{block}/versions"), None::<&()>).await
}

/// Undoes what the last run did to the canvas; 409 where nothing is left of any.
pub async fn restore_last_run(project: ProjectId) -> Answer<RestoredRun> {
    send(Method::POST, &format!("/projects/{project}/restore-last-run"), None::<&()>).await
}

/// Deletes a block.
pub async fn delete_block(block: BlockId) -> Answer<()> {
    done(Method::DELETE, &format!("/blocks/{block}")).await
}

/// Moves nodes, all or none.
pub async fn move_nodes(project: ProjectId, moves: &MoveNodes) -> Answer<()> {
    ignore(send(Method::PATCH, &format!("/projects/{project}/blocks/positions"), Some(moves)).await)
}

/// Says where this tab is on the canvas.
pub async fn tell_presence(project: ProjectId, at: &Whereabouts) -> Answer<()> {
    ignore(send(Method::PUT, &format!("/projects/{project}/presence"), Some(at)).await)
}

/// Turns one tool of an agent on or off.
pub async fn set_tool(agent: AgentId, tool: &str, enabled: bool) -> Answer<Agent> {
    let path = format!("/agents/{agent}/tools/{tool}");
    send(Method::PUT, &path, Some(&json!({ "enabled": enabled }))).await
}

/// Has a tool ask again that was always allowed an agent.
pub async fn revoke_approval(agent: AgentId, tool: &str) -> Answer<()> {
    ignore(send(Method::DELETE, &format!("/agents/{agent}/approvals/{tool}"), None::<&()>).await)
}

/// An agent as it is now.
pub async fn agent(agent: AgentId) -> Answer<Agent> {
    send(Method::GET, &format!("/agents/{agent}"), None::<&()>).await
}

/// Changes an agent; 409 with the present one in `details` when the version is stale.
pub async fn update_agent(agent: AgentId, change: &UpdateAgent) -> Answer<Agent> {
    send(Method::PATCH, &format!("/agents/{agent}"), Some(change)).await
}

/// Makes an API key in an organisation.
pub async fn mint_key(org: &str, new: &NewApiKey) -> Answer<MintedApiKey> {
    send(Method::POST, &format!("/api-keys?org={org}"), Some(new)).await
}

/// Gives an API key a new secret.
pub async fn rotate_key(org: &str, key: ApiKeyId, rotation: RotateApiKey) -> Answer<MintedApiKey> {
    send(Method::POST, &format!("/api-keys/{key}/rotate?org={org}"), Some(&rotation)).await
}

/// Ends an API key.
pub async fn revoke_key(org: &str, key: ApiKeyId) -> Answer<()> {
    done(Method::DELETE, &format!("/api-keys/{key}?org={org}")).await
}

/// Status and body of a read, as they are but for white space; 0 when the server wasn't reached.
pub async fn try_get(path: &str) -> (u16, String) {
    let unreached = || (0, Problem::unreached().message);
    let Ok(request) = RequestBuilder::new(path).method(Method::GET).build() else { return unreached() };
    let Ok(response) = request.send().await else { return unreached() };
    let text = response.text().await.unwrap_or_default();
    let json = serde_json::from_str::<serde_json::Value>(&text);
    (response.status(), json.and_then(|json| serde_json::to_string_pretty(&json)).unwrap_or(text))
}

/// Makes a project like this one; the same key again is the same copy.
pub async fn duplicate_project(
    project: ProjectId,
    wishes: &DuplicateProject,
    key: &str,
) -> Answer<ProjectDetails> {
    let request = RequestBuilder::new(&format!("/api/v1/projects/{project}/duplicate")).method(Method::POST);
    let request = request.header("idempotency-key", key).json(wishes);
    answer(request.map_err(|_| Problem::unreached())?.send().await).await
}

/// Makes a project of an archive, or with `dry_run` asks what that would be; the same key again is the same project.
pub async fn restore_project(
    org: &str,
    archive: &web_sys::File,
    dry_run: bool,
    name: Option<&str>,
    key: Option<&str>,
) -> Answer<RestoredProject> {
    let mut path = format!("/api/v1/projects/restore?org={}&dryRun={dry_run}", percent_encode(org));
    if let Some(name) = name {
        path.push_str(&format!("&name={}", percent_encode(name)));
    }
    let mut request =
        RequestBuilder::new(&path).method(Method::POST).header("content-type", "application/zip");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    answer(request.body(archive).map_err(|_| Problem::unreached())?.send().await).await
}

/// Address of a project's file.
pub fn file_url(project: ProjectId, path: &str) -> String {
    format!("/api/v1/projects/{project}/files/content?path={}", percent_encode(path))
}

/// Address of the last picture of the page that a session's browser shows; the number makes it a new one.
pub fn browser_url(session: SessionId, number: u64) -> String {
    format!("/api/v1/sessions/{session}/browser?number={number}")
}

/// For the value of a query parameter; also where there is no browser to ask.
pub fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// Stores a file in the project's folder.
pub async fn put_file(project: ProjectId, path: &str, file: &web_sys::File) -> Answer<()> {
    let request = RequestBuilder::new(&file_url(project, path)).method(Method::PUT);
    let media_type = match file.type_() {
        none if none.is_empty() => "application/octet-stream".into(),
        some => some,
    };
    let request = request.header("content-type", &media_type).body(file);
    ignore(answer(request.map_err(|_| Problem::unreached())?.send().await).await)
}

pub(super) async fn done(method: Method, path: &str) -> Answer<()> {
    ignore(send(method, path, None::<&()>).await)
}

fn ignore(answer: Answer<serde_json::Value>) -> Answer<()> {
    answer.map(drop)
}

/// Sends a request. Where a step-up is due, it is asked for, and the request sent once more.
pub(super) async fn send<B: Serialize, T: DeserializeOwned>(
    method: Method,
    path: &str,
    body: Option<&B>,
) -> Answer<T> {
    match send_once(method.clone(), path, body).await {
        Err(problem) if problem.reason.as_deref() == Some(step_up::REASON) && step_up::ask().await => {
            send_once(method, path, body).await
        }
        other => other,
    }
}

async fn send_once<B: Serialize, T: DeserializeOwned>(
    method: Method,
    path: &str,
    body: Option<&B>,
) -> Answer<T> {
    let request =
        RequestBuilder::new(&format!("/api/v1{path}")).method(method).header("accept", "application/json");
    let request = match body {
        Some(body) => request.json(body),
        None => request.build(),
    };
    answer(request.map_err(|_| Problem::unreached())?.send().await).await
}

async fn answer<T: DeserializeOwned>(sent: Result<Response, gloo_net::Error>) -> Answer<T> {
    let response = sent.map_err(|_| Problem::unreached())?;
    let status = response.status();
    let seconds = response.headers().get("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    let text = response.text().await.map_err(|_| Problem::unreached())?;
    read(status, &text).map_err(|problem| Problem {
        retry_after_ms: problem.retry_after_ms.or(seconds.map(|seconds| seconds * 1_000)),
        ..problem
    })
}

/// Reads an answer's envelope.
fn read<T: DeserializeOwned>(status: u16, text: &str) -> Answer<T> {
    if (200..300).contains(&status) {
        // 204 has no body; those that expect nothing read null.
        let text = if text.is_empty() { r#"{"success":true,"data":null}"# } else { text };
        return serde_json::from_str::<Success<T>>(text).map(|answer| answer.data).map_err(|_| {
            Problem::new(status, "The server's answer could not be read. Reload the page and try again.")
        });
    }
    if let Ok(limited) = serde_json::from_str::<TooManyRequests>(text) {
        let mut problem = Problem::new(status, "That was a lot at once. Wait a moment.");
        problem.retry_after_ms = Some(limited.retry_after_ms);
        return Err(problem);
    }
    let Ok(Failure { error, .. }) = serde_json::from_str::<Failure>(text) else {
        return Err(Problem::new(status, "The server could not do that just now. Try again in a moment."));
    };
    let fields = error.details.as_ref().and_then(|details| details.get("fields")).cloned();
    Err(Problem {
        status,
        message: error.message,
        reason: error.reason,
        fields: fields.and_then(|fields| serde_json::from_value(fields).ok()).unwrap_or_default(),
        details: error.details,
        retry_after_ms: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{percent_encode, read};

    #[test]
    fn encodes_what_would_end_a_query_value() {
        assert_eq!(percent_encode("a/b c&d=é#.csv"), "a/b%20c%26d%3D%C3%A9%23.csv");
    }

    #[test]
    fn reads_every_shape_of_answer() {
        assert_eq!(read::<u32>(200, r#"{"success":true,"data":7}"#), Ok(7));
        assert_eq!(read::<serde_json::Value>(204, ""), Ok(serde_json::Value::Null));
        let limited = read::<u32>(429, r#"{"error":"Too many requests","retryAfterMs":1500}"#).unwrap_err();
        assert_eq!(limited.retry_after_ms, Some(1500));
        let text = r#"{"success":false,"error":{"code":"VALIDATION_ERROR","message":"Look again.","details":{"fields":{"name":"Too long."}},"requestId":"r"}}"#;
        let invalid = read::<u32>(422, text).unwrap_err();
        assert_eq!((invalid.message.as_str(), invalid.fields["name"].as_str()), ("Look again.", "Too long."));
        assert!(!invalid.is_passing());
        let proxy = read::<u32>(502, "<html>bad gateway</html>").unwrap_err();
        assert!(proxy.is_passing() && !proxy.message.contains("html"));
        assert_eq!(read::<u32>(200, "<html>").unwrap_err().status, 200);
    }
}
