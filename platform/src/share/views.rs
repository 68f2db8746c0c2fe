//! How many viewers a link had.

use crate::audit::Origin;
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long somebody who comes back is still the same viewer.
const SESSION: Duration = Duration::from_mins(30);
/// Viewers that are remembered; beyond, all are forgotten and some count twice.
const REMEMBERED: usize = 100_000;

/// Views that wait to be written, and who was counted lately.
///
/// A viewer is an address and a browser, of which only a number with this process's own salt is remembered, for
/// half an hour. So a viewer counts once for about as long as they stay, two people behind one address with the
/// same browser count as one, and one on two servers counts twice. Nothing is written when a view is counted:
/// whoever keeps the link writes the sum every few seconds, and a crash loses those of the last ones.
#[derive(Default)]
pub(super) struct Views {
    salt: RandomState,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    seen: HashMap<u64, Instant>,
    waiting: HashMap<String, i64>,
}

impl Views {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a viewer of a link, unless they were counted a short while ago.
    pub(super) fn count(&self, link: &str, viewer: &Origin) {
        let who = self.salt.hash_one((link, &viewer.address, &viewer.user_agent));
        let now = Instant::now();
        let mut counts = self.lock();
        if counts.seen.len() >= REMEMBERED {
            counts.seen.retain(|_, at| now - *at < SESSION);
            if counts.seen.len() >= REMEMBERED {
                counts.seen.clear();
            }
        }
        let before = counts.seen.insert(who, now);
        if before.is_none_or(|at| now - at >= SESSION) {
            *counts.waiting.entry(link.to_owned()).or_default() += 1;
        }
    }

    /// Those of a link that wait, which wait no more.
    pub(super) fn take(&self, link: &str) -> i64 {
        self.lock().waiting.remove(link).unwrap_or_default()
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, link: &str, views: i64) {
        *self.lock().waiting.entry(link.to_owned()).or_default() += views;
    }
}

#[cfg(test)]
mod tests {
    use super::Views;
    use crate::audit::Origin;

    #[test]
    fn a_viewer_counts_once_for_each_link() {
        let views = Views::default();
        let viewer = |address: &str| Origin { address: address.into(), ..Origin::default() };
        for _ in 0..3 {
            views.count("a", &viewer("192.0.2.1"));
            views.count("b", &viewer("192.0.2.1"));
            views.count("a", &viewer("192.0.2.2"));
        }
        assert_eq!((views.take("a"), views.take("b")), (2, 1));
        views.count("a", &viewer("192.0.2.1"));
        assert_eq!(views.take("a"), 0);
        views.put_back("a", 2);
        assert_eq!((views.take("a"), views.take("a")), (2, 0));
    }
}
