//! Who looks at which project just now, where their pointer is and what they have selected.
//!
//! A tab is here for as long as it reads the project's stream. All of it is in this server's memory and in no log:
//! nobody needs it a moment later.

use crate::{Error, Result};
use alumia_protocol::{
    ProjectId, TabId, UserId,
    presence::{Guest, MOST_SELECTED, Presence, Whereabouts},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Between two words on the same project: a pointer that moves is news all the time.
const PAUSE: Duration = Duration::from_millis(100);
/// More than these aren't told of.
const MOST_GUESTS: usize = 50;

/// Everybody who is here. Cheap to clone.
#[derive(Clone, Default)]
pub struct Presences(Arc<Mutex<HashMap<ProjectId, Room>>>);

struct Room {
    guests: Vec<(u64, Guest)>,
    next: u64,
    changes: watch::Sender<()>,
}

impl Presences {
    /// Lets a tab in until the answer is dropped.
    pub fn join(&self, project: ProjectId, tab: TabId, user_id: UserId, name: String) -> Stay {
        let mut rooms = self.rooms();
        let room = rooms.entry(project).or_insert_with(|| Room {
            guests: Vec::new(),
            next: 0,
            changes: watch::Sender::new(()),
        });
        let key = room.next;
        room.next += 1;
        room.guests.push((key, Guest { tab, user_id, name, cursor: None, selection: Vec::new() }));
        room.changes.send_replace(());
        let mut changes = room.changes.subscribe();
        changes.mark_changed();
        Stay { presences: self.clone(), project, key, changes, told: false }
    }

    /// Takes in where one of somebody's tabs is. One that isn't here (any more) is nobody's concern.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than 200 selected nodes.
    pub fn report(&self, project: ProjectId, user: UserId, at: Whereabouts) -> Result<()> {
        if at.selection.len() > MOST_SELECTED {
            return Err(Error::invalid("selection", "selection must name at most 200 nodes."));
        }
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&project) else { return Ok(()) };
        let mut changed = false;
        for (_, guest) in &mut room.guests {
            let same = guest.cursor == at.cursor && guest.selection == at.selection;
            if guest.tab == at.tab && guest.user_id == user && !same {
                (guest.cursor, guest.selection) = (at.cursor, at.selection.clone());
                changed = true;
            }
        }
        if changed {
            room.changes.send_replace(());
        }
        Ok(())
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<ProjectId, Room>> {
        // Every change is whole before anything could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, project: ProjectId) -> Presence {
        let rooms = self.rooms();
        let mut guests: Vec<Guest> = Vec::new();
        for (_, guest) in rooms.get(&project).map_or(&[][..], |room| &room.guests) {
            // A line that broke is still here when its tab is back already.
            let same = |known: &Guest| (known.tab, known.user_id) == (guest.tab, guest.user_id);
            match guests.iter().position(same) {
                Some(known) => guests[known] = guest.clone(),
                None if guests.len() < MOST_GUESTS => guests.push(guest.clone()),
                None => {}
            }
        }
        Presence { guests }
    }
}

/// A tab's being here.
pub struct Stay {
    presences: Presences,
    project: ProjectId,
    key: u64,
    changes: watch::Receiver<()>,
    told: bool,
}

impl Stay {
    /// Everybody who is here: at once the first time, then whenever that changed, ten times a second at most.
    pub async fn next(&mut self) -> Presence {
        // The room is there as long as somebody is in it.
        drop(self.changes.changed().await);
        if std::mem::replace(&mut self.told, true) {
            tokio::time::sleep(PAUSE).await;
        }
        self.changes.mark_unchanged();
        self.presences.of(self.project)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut rooms = self.presences.rooms();
        let Some(room) = rooms.get_mut(&self.project) else { return };
        room.guests.retain(|(key, _)| *key != self.key);
        if room.guests.is_empty() {
            rooms.remove(&self.project);
        } else {
            room.changes.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::presence::Spot;

    fn at(tab: TabId, x: f64) -> Whereabouts {
        Whereabouts { tab, cursor: Some(Spot { x, y: 1.0 }), selection: vec![] }
    }

    fn names(presence: &Presence) -> Vec<&str> {
        presence.guests.iter().map(|guest| guest.name.as_str()).collect()
    }

    #[tokio::test]
    async fn guests_see_each_other_come_move_and_go() {
        let presences = Presences::default();
        let (project, ada, mia) = (ProjectId::new(), UserId::new(), UserId::new());
        let (tab, other) = (TabId::new(), TabId::new());
        let mut first = presences.join(project, tab, ada, "Ada".into());
        assert_eq!(names(&first.next().await), ["Ada"]);
        let second = presences.join(project, other, mia, "Mia".into());
        assert_eq!(names(&first.next().await), ["Ada", "Mia"]);
        presences.report(project, mia, at(other, 7.0)).unwrap();
        assert_eq!(first.next().await.guests[1].cursor, Some(Spot { x: 7.0, y: 1.0 }));
        // Nobody speaks for another's tab, and what is the same is no news.
        presences.report(project, ada, at(other, 9.0)).unwrap();
        presences.report(project, mia, at(other, 7.0)).unwrap();
        let nothing = tokio::time::timeout(Duration::from_millis(300), first.next()).await;
        assert!(nothing.is_err());
        drop(second);
        assert_eq!(names(&first.next().await), ["Ada"]);
        drop(first);
        assert!(presences.rooms().is_empty());
    }

    #[tokio::test]
    async fn a_tab_that_is_back_before_its_old_line_is_gone_is_one_guest() {
        let presences = Presences::default();
        let (project, ada, tab) = (ProjectId::new(), UserId::new(), TabId::new());
        let old = presences.join(project, tab, ada, "Ada".into());
        let mut new = presences.join(project, tab, ada, "Ada".into());
        assert_eq!(names(&new.next().await), ["Ada"]);
        drop(old);
        assert_eq!(names(&new.next().await), ["Ada"]);
        let many = Whereabouts { selection: vec![], ..at(tab, 0.0) };
        let node = alumia_protocol::blocks::NodeId::Block(alumia_protocol::BlockId::new());
        let many = Whereabouts { selection: vec![node; MOST_SELECTED + 1], ..many };
        assert!(presences.report(project, ada, many).is_err());
    }

    #[tokio::test]
    async fn a_pointer_that_moves_all_the_time_is_told_of_now_and_then() {
        let presences = Presences::default();
        let (project, ada, tab) = (ProjectId::new(), UserId::new(), TabId::new());
        let mut stay = presences.join(project, tab, ada, "Ada".into());
        stay.next().await;
        let moving = async {
            for step in 0..60 {
                presences.report(project, ada, at(tab, f64::from(step))).unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let told = async {
            let mut told = 0;
            while stay.next().await.guests[0].cursor.is_none_or(|spot| spot.x < 59.0) {
                told += 1;
            }
            told
        };
        let (told, ()) = tokio::join!(told, moving);
        assert!((1..=8).contains(&told), "{told}");
    }
}
