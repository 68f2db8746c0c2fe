use alumia_protocol::{
    ProjectId,
    events::{Event, Snapshot},
    presence::Presence,
};
use bytes::Bytes;
use serde::Serialize;
use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

/// Events as they stand on the wire, each made once however many watch.
///
/// All watchers of a project get an event at about the same time, so a small table that newer events
/// overwrite is enough.
pub struct Frames {
    slots: Box<[Mutex<Option<Slot>>]>,
    hasher: RandomState,
}

struct Slot {
    project: ProjectId,
    seq: i64,
    frame: Bytes,
}

const SLOTS: usize = 512;
/// Larger ones are made again for each watcher, so that the table stays small.
const LARGEST: usize = 32 * 1024;

impl Default for Frames {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::new(None)).collect(), hasher: RandomState::new() }
    }
}

impl Frames {
    /// An event's frame: `id`, `event`, `data`.
    pub fn event(&self, project: ProjectId, event: &Event) -> Bytes {
        let slot =
            usize::try_from(self.hasher.hash_one((project, event.seq)) % SLOTS as u64).unwrap_or_default();
        let mut slot = self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = slot.as_ref().filter(|known| known.project == project && known.seq == event.seq)
        {
            return known.frame.clone();
        }
        let frame = frame(Some(event.seq), event.data.kind(), event);
        if frame.len() <= LARGEST {
            *slot = Some(Slot { project, seq: event.seq, frame: frame.clone() });
        }
        frame
    }
}

/// The frame that replaces all that a client has.
pub fn snapshot(snapshot: &Snapshot) -> Bytes {
    frame(Some(snapshot.seq), "snapshot", snapshot)
}

/// Who is here. Without an id, so that where a reader goes on from stays the log's.
pub fn presence(presence: &Presence) -> Bytes {
    frame(None, "presence", presence)
}

/// The frame that tells a slow reader to come again.
pub fn lagged() -> Bytes {
    Bytes::from_static(b"event: lagged\ndata: {}\n\n")
}

fn frame(seq: Option<i64>, kind: &str, data: &impl Serialize) -> Bytes {
    let id = seq.map(|seq| format!("id: {seq}\n")).unwrap_or_default();
    // JSON escapes line breaks, so `data` is one line; these types have no map whose keys aren't text.
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("{id}event: {kind}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::{MessageId, Timestamp, events::EventData};

    fn event(seq: i64, text: &str) -> Event {
        let data = EventData::TextDelta { message_id: MessageId::new(), text: text.into() };
        Event { seq, at: Timestamp(0), session_id: None, run_id: None, step_id: None, data }
    }

    #[test]
    fn watchers_share_a_frame_and_projects_do_not() {
        let frames = Frames::default();
        let (one, other) = (ProjectId::new(), ProjectId::new());
        let first = frames.event(one, &event(7, "a\nb"));
        assert!(std::ptr::eq(first.as_ptr(), frames.event(one, &event(7, "a\nb")).as_ptr()));
        assert!(frames.event(other, &event(7, "c")).windows(3).any(|window| window == b"\"c\""));
        let text = String::from_utf8(first.to_vec()).unwrap();
        assert!(text.starts_with("id: 7\nevent: text.delta\ndata: {") && text.ends_with("}\n\n"), "{text}");
        assert_eq!(text.lines().count(), 4);
    }
}
