use super::{Append, Log, LogTx, store};
use crate::{
    Error, OrgScope, Result,
    agents::Agents,
    canvas,
    clock::Clock,
    projects::Projects,
    store::{Cursor, Store},
    text::is_too_deep,
};
use alumia_protocol::{
    AgentId, List, OrgId, ProjectId, RunId, SessionId,
    agents::Agent,
    events::EventData,
    projects::Project,
    sessions::{CreateSession, Message, Session, SessionStatus, UpdateSession},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Sessions on one page of a list.
const PAGE: usize = 50;
/// Bytes of a session's metadata.
const METADATA: usize = 16 << 10;

/// Conversations.
#[derive(Clone)]
pub struct Sessions {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
    pub(crate) projects: Projects,
    pub(crate) agents: Agents,
}

/// A session to be made.
pub(crate) struct NewSession<'a> {
    pub id: SessionId,
    pub agent: &'a Agent,
    pub label: String,
    pub metadata: Value,
    /// The session whose agent starts it, and how many such steps then lie between it and a person's.
    pub parent: Option<(SessionId, i64)>,
}

impl Sessions {
    /// The 50 newest a page, most recently changed first, of one project or of all that the caller sees.
    ///
    /// # Errors
    /// `NotFound` for a project that the caller doesn't see, `BadRequest` for a cursor that isn't ours.
    pub async fn list(
        &self,
        scope: &OrgScope,
        project: Option<ProjectId>,
        cursor: Option<&str>,
    ) -> Result<List<Session>> {
        if let Some(project) = project {
            self.projects.get(scope, project).await?;
        }
        self.page(scope, (project, None), cursor).await
    }

    /// The same, of one agent.
    pub async fn of_agent(
        &self,
        scope: &OrgScope,
        agent: AgentId,
        cursor: Option<&str>,
    ) -> Result<List<Session>> {
        self.page(scope, (None, Some(agent)), cursor).await
    }

    async fn page(
        &self,
        scope: &OrgScope,
        of: (Option<ProjectId>, Option<AgentId>),
        cursor: Option<&str>,
    ) -> Result<List<Session>> {
        let before = Cursor::parse(cursor)?;
        let mut items = store::list(&self.store, scope, of, before, PAGE + 1).await?;
        let has_more = items.len() > PAGE;
        items.truncate(PAGE);
        let next_cursor = items
            .last()
            .filter(|_| has_more)
            .map(|last| Cursor { at: last.updated_at, id: last.id.to_string() }.encode());
        Ok(List { items, next_cursor, has_more })
    }

    /// One session.
    ///
    /// # Errors
    /// `NotFound` when it is missing or in a project that the caller doesn't see.
    pub async fn get(&self, scope: &OrgScope, id: SessionId) -> Result<Session> {
        let session = store::find(&self.store, scope.org_id(), id).await?;
        match self.projects.get(scope, session.project_id).await {
            Err(Error::NotFound(_)) => Err(Error::NotFound("Session")),
            Err(error) => Err(error),
            Ok(_) => Ok(session),
        }
    }

    /// Its node gets a free place on the canvas.
    ///
    /// # Errors
    /// `NotFound` for a project or agent that the caller doesn't see, `Invalid` for values out of range
    /// and when there is no project yet, `Forbidden` for roles that only read.
    pub async fn create(&self, scope: &OrgScope, new: CreateSession) -> Result<Session> {
        scope.require_writer()?;
        let label = match new.label.as_deref().map(str::trim) {
            None | Some("") => "New chat".to_owned(),
            Some(label) => checked_label(label)?,
        };
        let metadata = checked_metadata(new.metadata.unwrap_or_else(|| json!({})))?;
        let project = match new.project_id {
            Some(id) => self.projects.get(scope, id).await?,
            None => self.recent_project(scope).await?,
        };
        let agent = match new.agent_id {
            Some(id) => self.agents.get(scope, id).await?,
            None => self.agents.ala(scope).await?,
        };
        if agent.workspace_id.is_some_and(|workspace| workspace != project.workspace_id) {
            let message = format!("{} works in another workspace than this project's.", agent.name);
            return Err(Error::invalid("agentId", message));
        }
        let mut log = self.log.begin(scope.org_id(), project.id).await?;
        let new = NewSession { id: SessionId::new(), agent: &agent, label, metadata, parent: None };
        let session = self.insert_within(&mut log, scope, new).await?;
        log.commit().await?;
        Ok(session)
    }

    /// Makes a session in the project whose turn this is, as part of a write.
    pub(crate) async fn insert_within(
        &self,
        log: &mut LogTx,
        scope: &OrgScope,
        new: NewSession<'_>,
    ) -> Result<Session> {
        let (org, project, now) = (log.org(), log.project(), self.clock.now());
        let NewSession { id, agent, label, metadata, parent } = new;
        let session = Session {
            id,
            project_id: project,
            agent_id: agent.id,
            agent_name: agent.name.clone(),
            agent_avatar: agent.avatar.clone(),
            label,
            status: SessionStatus::Idle,
            position: canvas::place_session(log.tx(), org, project).await?,
            metadata,
            parent_id: parent.map(|parent| parent.0),
            created_by: scope.user_id(),
            created_at: now,
            updated_at: now,
        };
        store::insert(log.tx(), org, &session, parent.map_or(0, |parent| parent.1)).await?;
        push(log, session.id, None, EventData::SessionCreated { session: Box::new(session.clone()) });
        Ok(session)
    }

    /// Absent fields stay.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Forbidden` as with [`Sessions::create`].
    pub async fn update(&self, scope: &OrgScope, id: SessionId, change: UpdateSession) -> Result<Session> {
        scope.require_writer()?;
        let label = change.label.as_deref().map(str::trim).map(checked_label).transpose()?;
        let metadata = change.metadata.map(checked_metadata).transpose()?;
        let org = scope.org_id();
        let project = self.get(scope, id).await?.project_id;
        let mut log = self.log.begin(org, project).await?;
        let mut session = store::get(log.tx(), org, id).await?;
        session.label = label.unwrap_or(session.label);
        session.metadata = metadata.unwrap_or(session.metadata);
        session.updated_at = self.clock.now();
        store::save(log.tx(), org, &session).await?;
        push(&mut log, id, None, EventData::SessionUpdated { session: Box::new(session.clone()) });
        log.commit().await?;
        Ok(session)
    }

    /// Soft; what it made stays on the canvas.
    ///
    /// # Errors
    /// `Conflict` while a run is going on, `NotFound`, `Forbidden`.
    pub async fn delete(&self, scope: &OrgScope, id: SessionId) -> Result<()> {
        scope.require_writer()?;
        let org = scope.org_id();
        let project = self.get(scope, id).await?.project_id;
        let mut log = self.log.begin(org, project).await?;
        let session = store::get(log.tx(), org, id).await?;
        if !matches!(session.status, SessionStatus::Idle | SessionStatus::Failed) {
            return Err(Error::conflict(
                "An agent is at work in this chat. Stop it first, then delete the chat.",
            ));
        }
        store::delete(log.tx(), org, id, self.clock.now()).await?;
        push(&mut log, id, None, EventData::SessionDeleted {});
        log.commit().await?;
        Ok(())
    }

    /// Finished messages, oldest first; `limit` counts 1–200.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the session, `BadRequest` for a cursor that isn't ours.
    pub async fn messages(
        &self,
        scope: &OrgScope,
        id: SessionId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<Message>> {
        let after = match cursor {
            None => i64::MIN,
            Some(cursor) => cursor.parse().map_err(|_| bad_cursor())?,
        };
        self.get(scope, id).await?;
        let limit = limit.clamp(1, 200) as usize;
        let mut events = self.log.messages(scope.org_id(), id, after, limit + 1).await?;
        let has_more = events.len() > limit;
        events.truncate(limit);
        let next_cursor = events.last().filter(|_| has_more).map(|event| event.seq.to_string());
        let items = events.into_iter().filter_map(|event| match event.data {
            EventData::RunQueued { message } | EventData::MessageCompleted { message } => Some(message),
            _ => None,
        });
        Ok(List { items: items.collect(), next_cursor, has_more })
    }

    /// Says what a session is doing, as part of a write; nothing happens when it does that already.
    /// Whoever queues a run says `Active` in the same write, so that nobody deletes the session under it.
    pub(crate) async fn set_status(
        &self,
        log: &mut LogTx,
        id: SessionId,
        run: Option<RunId>,
        status: SessionStatus,
    ) -> Result<()> {
        let mut session = in_turn(log, id).await?;
        if session.status != status {
            session.status = status;
            session.updated_at = self.clock.now();
            let org = log.org();
            store::save(log.tx(), org, &session).await?;
            push(log, id, run, EventData::StatusChanged { status });
        }
        Ok(())
    }

    /// Gives a session another label, as part of a write; one that is too long is cut.
    pub(crate) async fn rename(
        &self,
        log: &mut LogTx,
        id: SessionId,
        run: Option<RunId>,
        label: &str,
    ) -> Result<()> {
        let mut session = in_turn(log, id).await?;
        session.label = label.trim().chars().take(255).collect();
        session.updated_at = self.clock.now();
        let org = log.org();
        store::save(log.tx(), org, &session).await?;
        push(log, id, run, EventData::SessionUpdated { session: Box::new(session) });
        Ok(())
    }

    async fn recent_project(&self, scope: &OrgScope) -> Result<Project> {
        let recent = self.projects.list(scope, None, 1).await?.items.into_iter().next();
        let none =
            || Error::invalid("projectId", "There is no project yet. Create one, then start a chat in it.");
        recent.ok_or_else(none)
    }
}

/// A session of the project whose turn this is.
pub(crate) async fn in_turn(log: &mut LogTx, id: SessionId) -> Result<Session> {
    let (org, project): (OrgId, ProjectId) = (log.org(), log.project());
    let session = store::get(log.tx(), org, id).await?;
    if session.project_id == project { Ok(session) } else { Err(Error::NotFound("Session")) }
}

fn push(log: &mut LogTx, session: SessionId, run_id: Option<RunId>, data: EventData) {
    log.push(Append { session_id: Some(session), run_id, step_id: None, data });
}

fn checked_label(label: &str) -> Result<String> {
    if (1..=255).contains(&label.chars().count()) {
        Ok(label.to_owned())
    } else {
        Err(Error::invalid("label", "Use 1 to 255 characters."))
    }
}

fn checked_metadata(metadata: Value) -> Result<Value> {
    if metadata.to_string().len() > METADATA {
        return Err(Error::invalid("metadata", "Metadata may take at most 16 KB as JSON."));
    }
    if is_too_deep(&metadata) {
        return Err(Error::invalid("metadata", "This nests too deeply."));
    }
    Ok(metadata)
}

fn bad_cursor() -> Error {
    Error::BadRequest("This cursor is none of ours. Start again without a cursor.".into())
}
