//! Waiting for messages without holding a worker.

use super::{
    model::{self, InVain, Standing, Unclear, Wait},
    nobody, several_of, store,
};
use crate::{
    Result,
    engine::{
        Engine,
        machine::Awaited,
        store::{self as runs, Claimed},
    },
    sessions::{Append, LogTx},
    tools::peers::Check,
};
use alumia_protocol::{
    CallId, OrgId, ProjectId, RunId, SessionId, Timestamp, events::EventData, peers::PeerRef,
    sessions::SessionStatus, tools::ToolError,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a call that waited ended.
pub(in crate::engine) type Ended = (CallId, std::result::Result<Value, ToolError>);

impl Engine {
    /// Looks whether calls of a run that is about to be let go of have what they wait for, as part of that write.
    /// Where none has, what they wait for is noted.
    pub(in crate::engine) async fn await_peers(
        &self,
        tx: &mut LogTx,
        run: &Claimed,
        awaited: &[Awaited],
    ) -> Result<Vec<Ended>> {
        if awaited.is_empty() {
            return Ok(Vec::new());
        }
        let (org, project, now) = (tx.org(), tx.project(), self.parts.clock.now());
        store::end_waits(tx.tx(), run).await?;
        let all = store::standings(&mut **tx.tx(), org, project).await?;
        let mail = store::mail(&mut **tx.tx(), org, run.session_id).await?;
        let mut waits = store::waits(tx.tx(), org, project).await?;
        let mut ended = Vec::new();
        let mut mine = Vec::new();
        for call in awaited {
            match sources(&all, run.session_id, &call.arguments) {
                Ok(sources) => mine.push(Wait {
                    run_id: run.id,
                    call_id: call.call_id,
                    session_id: run.session_id,
                    sources,
                    since: call.since,
                    until: call.until,
                }),
                Err(error) => ended.push((call.call_id, Err(error))),
            }
        }
        waits.extend(mine.iter().cloned());
        let in_vain = model::in_vain(&all, &waits, run.session_id);
        for wait in &mine {
            if let Some(end) = end(&all, wait, &mail, now, in_vain.as_ref()) {
                ended.push((wait.call_id, end));
            }
        }
        if ended.is_empty() {
            for wait in &mine {
                store::insert_wait(tx.tx(), org, project, wait).await?;
                tx.push(Append {
                    session_id: Some(run.session_id),
                    run_id: Some(run.id),
                    step_id: None,
                    data: EventData::PeerAwaited { call_id: wait.call_id, from: wait.sources.clone() },
                });
            }
        }
        Ok(ended)
    }

    /// Hands a run that waits for this sender (`None` for a person) to a worker, as part of the write that sends.
    pub(in crate::engine) async fn wake_awaiting(
        &self,
        tx: &mut LogTx,
        run: &Claimed,
        sender: Option<SessionId>,
    ) -> Result<()> {
        let (org, project) = (tx.org(), tx.project());
        let waits = store::waits(tx.tx(), org, project).await?;
        if waits.iter().any(|wait| wait.run_id == run.id && wait.is_for(sender)) {
            self.wake_one(tx, run.session_id, run.id).await?;
        }
        Ok(())
    }

    async fn wake_one(&self, tx: &mut LogTx, session: SessionId, run: RunId) -> Result<()> {
        let org = tx.org();
        if runs::wake(tx.tx(), org, run).await? {
            self.parts.sessions.set_status(tx, session, Some(run), SessionStatus::Active).await?;
        }
        Ok(())
    }

    /// Wakes the runs whose wait is over without a message: their time is up, or nobody is left who could write.
    pub(in crate::engine) async fn end_waits(&self) -> Result<()> {
        let mut projects: BTreeMap<(OrgId, ProjectId), Vec<Wait>> = BTreeMap::new();
        for (org, project, wait) in store::all_waits(&self.parts.store).await? {
            projects.entry((org, project)).or_default().push(wait);
        }
        for ((org, project), waits) in projects {
            let all = store::standings(self.parts.store.read(), org, project).await?;
            let now = self.parts.clock.now();
            let (mut due, mut circle): (Vec<&Wait>, Vec<&Wait>) = (Vec::new(), Vec::new());
            for wait in &waits {
                match model::in_vain(&all, &waits, wait.session_id) {
                    None if wait.until > now => {}
                    Some(InVain::Circle(_)) if wait.until > now => circle.push(wait),
                    _ => due.push(wait),
                }
            }
            // Of several that wait for each other the last one is told; then the others have somebody to wait for.
            due.extend(circle.into_iter().max_by_key(|wait| wait.since));
            if due.is_empty() {
                continue;
            }
            let mut tx = self.parts.log.begin(org, project).await?;
            for wait in due {
                self.wake_one(&mut tx, wait.session_id, wait.run_id).await?;
            }
            tx.commit().await?;
            self.here.wake.notify_one();
        }
        Ok(())
    }
}

/// The sessions that a call names; none for anybody.
fn sources(
    all: &[Standing],
    me: SessionId,
    arguments: &Value,
) -> std::result::Result<Vec<SessionId>, ToolError> {
    let check = Check::read(arguments)?;
    let mut sources = Vec::new();
    for (index, name) in check.from.iter().enumerate() {
        let message = match model::find(all, me, name) {
            Ok(found) => {
                if !sources.contains(&found.session_id) {
                    sources.push(found.session_id);
                }
                continue;
            }
            Err(Unclear::Oneself) => "That is you: nobody hears from themselves.".into(),
            Err(Unclear::Nobody) => nobody(name),
            Err(Unclear::Several(slugs)) => {
                several_of(name, &slugs.iter().map(String::as_str).collect::<Vec<_>>())
            }
        };
        let path = Some(format!("/from/{index}"));
        return Err(ToolError { code: "invalid_arguments".into(), message, path });
    }
    Ok(sources)
}

/// How a wait ends, if it does.
fn end(
    all: &[Standing],
    wait: &Wait,
    mail: &[Option<PeerRef>],
    now: Timestamp,
    in_vain: Option<&InVain>,
) -> Option<std::result::Result<Value, ToolError>> {
    if mail.iter().any(|from| wait.is_for(from.as_ref().map(|from| from.session_id))) {
        let mut from: Vec<&str> = Vec::new();
        for sender in mail {
            let name = sender.as_ref().map_or("a person", |sender| &sender.agent_name);
            if !from.contains(&name) {
                from.push(name);
            }
        }
        return Some(Ok(json!({ "messages": mail.len(), "from": from, "note": "They follow below." })));
    }
    let alone = model::sources(all, wait).next().is_none();
    let note = match in_vain {
        _ if alone => "Nobody wrote, and nobody who could is at work.",
        Some(InVain::Circle(names)) => {
            let message = format!(
                "Waiting would never end: {}. Write to one of them, or go on without.",
                circle(names)
            );
            return Some(Err(ToolError { code: "wait_cycle".into(), message, path: None }));
        }
        _ if wait.until <= now => "Nobody wrote in that time.",
        _ => return None,
    };
    let others =
        all.iter().filter(|other| other.session_id != wait.session_id && wait.is_for(Some(other.session_id)));
    let peers: Vec<Value> = others
        .map(|other| json!({ "agent": other.agent_slug, "sessionId": other.session_id, "status": other.status }))
        .collect();
    Some(Ok(json!({ "messages": 0, "note": note, "peers": peers })))
}

/// "you wait for B, which waits for C, which waits for you".
fn circle(names: &[String]) -> String {
    let mut text = String::from("you wait for ");
    let last = names.len().saturating_sub(1);
    for (at, name) in names.iter().enumerate().skip(1) {
        if at > 1 {
            text.push_str(", which waits for ");
        }
        text.push_str(if at == last && Some(name) == names.first() { "you" } else { name });
    }
    text
}
