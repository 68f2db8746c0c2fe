//! What open frames show.

use alumia_protocol::{
    Timestamp,
    apps::{App, AppFrame},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::{TryRng as _, rngs::SysRng};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Error, Result};

/// A frame loads its files at once; what it loads later has this long.
const OPEN_SECONDS: i64 = 600;
/// Bytes of all that open frames show; beyond, the oldest are forgotten.
const ROOM: usize = 64 << 20;
/// 256 bits, so that nobody guesses one.
const SECRET: usize = 32;

/// The apps that frames were opened for, by a secret each: a frame has no origin and so no cookie to prove anything by.
/// In memory, as they were in that moment.
#[derive(Default)]
pub(super) struct Frames(Mutex<Open>);

#[derive(Default)]
struct Open {
    apps: HashMap<String, (Arc<App>, Timestamp)>,
    /// Oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

impl Frames {
    /// Opens a frame.
    pub fn open(&self, app: App, now: Timestamp) -> Result<AppFrame> {
        let mut secret = [0; SECRET];
        SysRng.try_fill_bytes(&mut secret).map_err(Error::internal)?;
        let secret = BASE64_URL_SAFE_NO_PAD.encode(secret);
        let expires_at = now.plus_seconds(OPEN_SECONDS);
        let url = format!("/apps/{secret}/{}", alumia_protocol::apps::ENTRY);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.bytes += size(&app);
        open.apps.insert(secret.clone(), (Arc::new(app), expires_at));
        open.order.push_back(secret);
        while let Some(first) = open.order.front() {
            let over = open.apps.get(first).is_none_or(|(_, until)| *until <= now);
            if !over && open.bytes <= ROOM {
                break;
            }
            if let Some(first) = open.order.pop_front()
                && let Some((gone, _)) = open.apps.remove(&first)
            {
                open.bytes -= size(&gone);
            }
        }
        Ok(AppFrame { url, expires_at })
    }

    /// What a frame shows, while it is open.
    pub fn get(&self, secret: &str, now: Timestamp) -> Option<Arc<App>> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.apps.get(secret).filter(|(_, until)| *until > now).map(|(app, _)| app.clone())
    }
}

fn size(app: &App) -> usize {
    app.files.iter().map(|file| file.text.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::apps::AppFile;

    #[test]
    fn frames_end_and_the_oldest_make_room() {
        let frames = Frames::default();
        let secret = |frame: &AppFrame| frame.url.split('/').nth(2).unwrap().to_owned();
        let now = Timestamp(1_000_000);
        let first = secret(&frames.open(App::example(), now).unwrap());
        assert!(frames.get(&first, now).is_some());
        assert!(frames.get(&first, now.plus_seconds(OPEN_SECONDS)).is_none());
        assert!(frames.get("", now).is_none());
        let big = || App { files: vec![AppFile { path: "index.html".into(), text: "x".repeat(ROOM / 3) }] };
        let others: Vec<_> = (0..4).map(|_| secret(&frames.open(big(), now).unwrap())).collect();
        assert!(frames.get(&first, now).is_none());
        let left: Vec<bool> = others.iter().map(|it| frames.get(it, now).is_some()).collect();
        assert_eq!(left, [false, true, true, true]);
        let later = now.plus_seconds(OPEN_SECONDS);
        frames.open(App::example(), later).unwrap();
        let open = frames.0.lock().unwrap();
        assert_eq!((open.apps.len(), open.order.len(), open.bytes), (1, 1, size(&App::example())));
    }
}
