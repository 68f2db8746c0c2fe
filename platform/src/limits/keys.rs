//! The buckets' state, under several keys at once.

use super::Key;
use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// All keys of one caller, each once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Keys(Vec<Key>);

impl Keys {
    pub(super) fn new(keys: &[Key]) -> Self {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.dedup();
        Self(keys)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Key> {
        self.0.iter()
    }
}

/// Key to the moment at which its bucket will be full again (GCRA's theoretical arrival time).
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<Key, Nanos>>);

impl Places {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Nanos>> {
        // Every change is one insertion: there is no half-done state to fear.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Places {
    type Key = Keys;

    /// The emptiest bucket decides and its outcome is the answer: GCRA refuses by comparing this moment
    /// with a constant, so if the latest one passes, all do. Only then is any of them changed.
    fn measure_and_replace<T, F, E>(&self, keys: &Keys, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut places = self.lock();
        let mut now: Vec<(Key, Option<Nanos>)> =
            keys.0.iter().map(|key| (*key, places.get(key).copied())).collect();
        now.sort_unstable_by_key(|(_, place)| std::cmp::Reverse(*place));
        let latest = now.first().and_then(|(_, place)| *place);
        let (outcome, _) = measure(latest)?;
        for (key, place) in now {
            let (_, next) = measure(place)?;
            places.insert(key, next);
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Keys> for Places {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, place| *place > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.lock().shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}
