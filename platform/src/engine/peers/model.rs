//! The rules of agents that write to each other.

use alumia_protocol::{
    AgentId, CallId, RunId, SessionId, Timestamp, peers::PeerRef, sessions::SessionStatus,
};
use std::collections::HashSet;

/// Steps from a person's session to one that was started by one that was started …
pub const DEPTH: i64 = 4;
/// Runs that agents have begun and that aren't over, in one project.
pub const LIVE: usize = 8;
/// Messages between agents since a person's word.
pub const HOPS: i64 = 32;
/// Messages between two sessions, both ways, in [`PAIR_SECONDS`].
pub const PAIR: i64 = 10;
pub const PAIR_SECONDS: i64 = 60;
/// Messages of agents that wait in one session.
pub const MAILBOX: i64 = 20;

/// A session of the project as the others see it.
#[derive(Clone, Debug)]
pub struct Standing {
    pub session_id: SessionId,
    pub agent_id: AgentId,
    pub agent_name: String,
    pub agent_slug: String,
    pub label: String,
    pub parent: Option<SessionId>,
    pub depth: i64,
    pub status: SessionStatus,
    /// Its run that isn't over.
    pub run: Option<LiveRun>,
}

/// A run that isn't over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRun {
    pub id: RunId,
    /// Nobody works on it: it waits for somebody or something.
    pub waiting: bool,
    pub stop_requested: bool,
    /// Another agent's message began it.
    pub by_peer: bool,
}

impl Standing {
    pub fn peer(&self) -> PeerRef {
        PeerRef { session_id: self.session_id, agent_id: self.agent_id, agent_name: self.agent_name.clone() }
    }
}

/// A call that waits for messages.
#[derive(Clone, Debug)]
pub struct Wait {
    pub run_id: RunId,
    pub call_id: CallId,
    pub session_id: SessionId,
    /// Whose; empty for anybody's.
    pub sources: Vec<SessionId>,
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Wait {
    /// Whether a message of this sender, `None` for a person, is what it waits for.
    pub fn is_for(&self, sender: Option<SessionId>) -> bool {
        sender.is_none_or(|sender| self.sources.is_empty() || self.sources.contains(&sender))
    }

    fn listens_to(&self, other: &Standing) -> bool {
        other.session_id != self.session_id && self.is_for(Some(other.session_id))
    }
}

/// How many runs agents have begun that aren't over.
pub fn live_peers(all: &[Standing]) -> usize {
    all.iter().filter(|standing| standing.run.is_some_and(|run| run.by_peer)).count()
}

/// Why waiting is in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InVain {
    /// Nobody who is waited for is at work.
    Nobody,
    /// All who could write wait themselves, in the end for this one: the agents' names, this one first and last.
    Circle(Vec<String>),
}

/// Whether a session waits in vain. `waits` holds those of all sessions whose runs are suspended, this one's among
/// them.
pub fn in_vain(all: &[Standing], waits: &[Wait], of: SessionId) -> Option<InVain> {
    if waits.iter().any(|wait| wait.session_id == of && sources(all, wait).next().is_none()) {
        return Some(InVain::Nobody);
    }
    if hopeful(all, waits).contains(&of) {
        return None;
    }
    let name = |id: SessionId| {
        let found = all.iter().find(|standing| standing.session_id == id);
        found.map_or_else(String::new, |standing| standing.agent_name.clone())
    };
    let next = |from: SessionId| {
        let wait = waits.iter().find(|wait| wait.session_id == from)?;
        sources(all, wait).next().map(|other| other.session_id)
    };
    let (mut names, mut seen, mut at) = (vec![name(of)], HashSet::from([of]), of);
    while let Some(other) = next(at) {
        names.push(name(other));
        if !seen.insert(other) {
            break;
        }
        at = other;
    }
    Some(InVain::Circle(names))
}

/// Those at work whom a call waits for.
pub fn sources<'a>(all: &'a [Standing], wait: &'a Wait) -> impl Iterator<Item = &'a Standing> {
    all.iter().filter(|other| other.run.is_some() && wait.listens_to(other))
}

/// The sessions that will do something before their deadlines: those at work, those that wait for one of them, and
/// those that wait for nobody who is at work, since they are told so.
fn hopeful(all: &[Standing], waits: &[Wait]) -> HashSet<SessionId> {
    let mut hopeful = HashSet::new();
    loop {
        let hope = |wait: &Wait| {
            let mut sources = sources(all, wait).peekable();
            sources.peek().is_none() || sources.any(|other| hopeful.contains(&other.session_id))
        };
        let fresh: Vec<SessionId> = all
            .iter()
            .filter(|standing| standing.run.is_some() && !hopeful.contains(&standing.session_id))
            .filter(|standing| waits.iter().filter(|wait| wait.session_id == standing.session_id).all(hope))
            .map(|standing| standing.session_id)
            .collect();
        if fresh.is_empty() {
            return hopeful;
        }
        hopeful.extend(fresh);
    }
}

/// Why a name names nobody, or nobody in particular.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    Nobody,
    Oneself,
    /// Several agents are called that: their slugs.
    Several(Vec<String>),
}

/// The session that `to` names for the session `from`: by a session's id, an agent's slug or its exact name. Of an
/// agent's sessions it is the one that `from` has to do with, else the newest.
pub fn find<'a>(all: &'a [Standing], from: SessionId, to: &str) -> Result<&'a Standing, Unclear> {
    let to = to.trim();
    let others = || all.iter().filter(|standing| standing.session_id != from);
    if let Ok(id) = to.parse::<SessionId>() {
        if id == from {
            return Err(Unclear::Oneself);
        }
        return others().find(|standing| standing.session_id == id).ok_or(Unclear::Nobody);
    }
    let by_slug: Vec<&Standing> = others().filter(|standing| standing.agent_slug == to).collect();
    let found = if by_slug.is_empty() {
        others().filter(|standing| standing.agent_name == to).collect()
    } else {
        by_slug
    };
    let mut slugs: Vec<String> = found.iter().map(|standing| standing.agent_slug.clone()).collect();
    slugs.sort();
    slugs.dedup();
    if slugs.len() > 1 {
        return Err(Unclear::Several(slugs));
    }
    let parent = all.iter().find(|standing| standing.session_id == from).and_then(|standing| standing.parent);
    let near = |standing: &&&Standing| {
        standing.parent == Some(from) || Some(standing.session_id) == parent || standing.run.is_some()
    };
    let ranked = found.iter().rev().find(near).or(found.last());
    match ranked {
        Some(standing) => Ok(standing),
        None if all
            .iter()
            .any(|it| it.session_id == from && (it.agent_slug == to || it.agent_name == to)) =>
        {
            Err(Unclear::Oneself)
        }
        None => Err(Unclear::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(name: &str, live: bool) -> Standing {
        Standing {
            session_id: SessionId::new(),
            agent_id: AgentId::new(),
            agent_name: name.into(),
            agent_slug: name.to_lowercase(),
            label: String::new(),
            parent: None,
            depth: 0,
            status: SessionStatus::Idle,
            run: live.then(|| LiveRun {
                id: RunId::new(),
                waiting: false,
                stop_requested: false,
                by_peer: true,
            }),
        }
    }

    fn wait(of: &Standing, sources: &[&Standing]) -> Wait {
        Wait {
            run_id: RunId::new(),
            call_id: CallId::new(),
            session_id: of.session_id,
            sources: sources.iter().map(|source| source.session_id).collect(),
            since: Timestamp(0),
            until: Timestamp(1),
        }
    }

    #[test]
    fn a_circle_of_any_length_is_found_and_named() {
        for length in [2, 5] {
            let all: Vec<Standing> = (0..length).map(|n| standing(&format!("A{n}"), true)).collect();
            let mut waits: Vec<Wait> = (0..length - 1).map(|n| wait(&all[n], &[&all[n + 1]])).collect();
            let last = all[length - 1].session_id;
            assert_eq!(in_vain(&all, &waits, all[0].session_id), None, "the last one works");
            waits.push(wait(&all[length - 1], &[&all[0]]));
            let Some(InVain::Circle(names)) = in_vain(&all, &waits, last) else { panic!("{length}") };
            assert_eq!(names.len(), length + 1);
            assert_eq!(names.first(), names.last());
        }
    }

    #[test]
    fn one_who_is_at_work_anywhere_behind_gives_hope() {
        let all = [standing("A", true), standing("B", true), standing("C", true), standing("D", false)];
        let [a, b, c, d] = &all;
        // A and B wait for each other, and B for C too, who works.
        let waits = [wait(a, &[b]), wait(b, &[a, c])];
        assert_eq!(in_vain(&all, &waits, a.session_id), None);
        // Two calls of one session must both end before it goes on.
        let both = [wait(a, &[b]), wait(b, &[a]), wait(b, &[c])];
        assert!(in_vain(&all, &both, a.session_id).is_some());
        // Who isn't at work writes nothing.
        assert_eq!(in_vain(&all, &[wait(a, &[d])], a.session_id), Some(InVain::Nobody));
        // Who waits for that one goes on by itself, and so there is hope for the next.
        assert_eq!(in_vain(&all, &[wait(a, &[d]), wait(b, &[a])], b.session_id), None);
        // Anybody: all the others.
        assert_eq!(in_vain(&all, &[wait(a, &[])], a.session_id), None);
        let everybody = [wait(a, &[]), wait(b, &[]), wait(c, &[])];
        assert!(matches!(in_vain(&all, &everybody, c.session_id), Some(InVain::Circle(_))));
    }

    #[test]
    fn a_name_is_a_slug_or_exact_and_of_several_sessions_the_nearest() {
        let (me, mut child) = (standing("Me", true), standing("Writer", false));
        child.parent = Some(me.session_id);
        let mut newer = standing("Writer", false);
        (newer.agent_id, newer.parent) = (child.agent_id, None);
        let twin = Standing { agent_slug: "scout-2".into(), ..standing("Scout", true) };
        let all = vec![me.clone(), child.clone(), newer.clone(), standing("Scout", true), twin];
        let found = |to: &str| find(&all, me.session_id, to).map(|standing| standing.session_id);
        assert_eq!(found("writer"), Ok(child.session_id));
        assert_eq!(found(" Writer "), Ok(child.session_id));
        assert_eq!(found(&newer.session_id.to_string()), Ok(newer.session_id));
        assert_eq!(found("me"), Err(Unclear::Oneself));
        assert_eq!(found(&me.session_id.to_string()), Err(Unclear::Oneself));
        // One slug is the other's name: the slug wins; the name alone says nothing.
        assert!(found("scout").is_ok());
        assert_eq!(found("Scout"), Err(Unclear::Several(vec!["scout".into(), "scout-2".into()])));
        for trick in ["WRITER", "Wr\u{456}ter", "writer\u{200b}", "wri", "", "%", "writer' OR '1'='1"] {
            assert_eq!(found(trick), Err(Unclear::Nobody), "{trick:?}");
        }
    }
}
