//! Looking after the models of this machine while the server runs.

use super::LocalModel;
use crate::weights::{self, Installing, KnownModel, Purpose, Weights, WeightsError, find_answering};
use alumia_models::{LocalModels, NotDone};
use alumia_protocol::models::{LocalModel as Seen, LocalState};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::oneshot;

/// What goes on with weights, and what is known of models by using them.
#[derive(Clone, Default)]
pub struct Desk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    coming: Option<Coming>,
    problems: BTreeMap<&'static str, String>,
    speeds: BTreeMap<&'static str, f64>,
    /// The model that was asked last.
    asked: Option<&'static str>,
}

/// An install.
struct Coming {
    model: &'static str,
    at: Installing,
    bytes: u64,
    /// When the first bytes came, and how many were there.
    since: Option<(Instant, u64)>,
    /// Dropped to stop it; it is gone when its thread has ended.
    stop: Option<oneshot::Sender<()>>,
}

impl Coming {
    fn speed(&self) -> Option<u64> {
        let (since, before) = self.since?;
        let milliseconds = u64::try_from(since.elapsed().as_millis()).ok()?;
        (self.at == Installing::Fetching && milliseconds > 0)
            .then(|| self.bytes.saturating_sub(before).saturating_mul(1000) / milliseconds)
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A model wrote so many tokens in so many milliseconds.
    pub fn wrote(&self, model: &'static str, tokens: u32, milliseconds: u64) {
        // A few tell nothing.
        if tokens >= 8 && milliseconds > 0 {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of one answer")]
            let speed = f64::from(tokens) * 1000.0 / milliseconds as f64;
            self.state().speeds.insert(model, (speed * 10.0).round() / 10.0);
        }
    }

    /// A model is loaded and asked.
    pub fn asked(&self, model: &'static str) {
        self.state().asked = Some(model);
    }

    fn progress(&self, at: Installing, bytes: u64) {
        if let Some(coming) = &mut self.state().coming {
            if coming.since.is_none() {
                coming.since = Some((Instant::now(), bytes));
            }
            (coming.at, coming.bytes) = (at, bytes);
        }
    }

    fn end(&self, model: &'static str, ended: Result<(), WeightsError>) {
        let mut state = self.state();
        state.coming = None;
        if let Err(error) = ended {
            tracing::warn!(%error, model, "the weights of a model can't be had");
            state.problems.insert(model, error.to_string());
        }
    }
}

fn known(id: &str) -> Result<&'static KnownModel, NotDone> {
    find_answering(id).map_err(|_| NotDone::Unknown)
}

impl LocalModel {
    fn seen(&self, weights: &Weights, loaded: Option<&str>) -> Seen {
        let Weights { model, installed, partial } = weights;
        let state = self.desk.state();
        let coming = state.coming.as_ref().filter(|coming| coming.model == model.id);
        let (how_far, fetched_bytes) = match coming {
            Some(coming) if coming.at == Installing::Checking => (LocalState::Checking, model.bytes),
            Some(coming) => (LocalState::Fetching, coming.bytes.max(*partial)),
            None if *installed && loaded == Some(&model.id) => (LocalState::Loaded, model.bytes),
            None if *installed => (LocalState::Installed, model.bytes),
            None => (LocalState::Absent, *partial),
        };
        Seen {
            id: model.id.clone(),
            name: model.name.clone(),
            licence: model.licence.clone(),
            bytes: model.bytes,
            memory_mb: model.memory_mb,
            state: how_far,
            fetched_bytes,
            bytes_per_second: coming.and_then(Coming::speed),
            tokens_per_second: state.speeds.get(model.id.as_str()).copied(),
            problem: state.problems.get(model.id.as_str()).filter(|_| !installed).cloned(),
        }
    }
}

impl LocalModels for LocalModel {
    fn list(&self) -> Vec<Seen> {
        // Whoever holds it is answering.
        let loaded = match self.process.try_lock() {
            Ok(process) => process.as_ref().map(|process| process.model.clone()),
            Err(_) => self.desk.state().asked.map(str::to_owned),
        };
        let weights = self.settings.shelf.list();
        let answering = weights.iter().filter(|weights| weights.model.purpose == Purpose::Answers);
        answering.map(|weights| self.seen(weights, loaded.as_deref())).collect()
    }

    fn install(&self, id: &str) -> Result<(), NotDone> {
        let model = known(id)?;
        let (stop, stopped) = oneshot::channel();
        {
            let mut state = self.desk.state();
            match &state.coming {
                Some(coming) if coming.model == model.id => return Ok(()),
                Some(coming) => {
                    let other =
                        find_answering(coming.model).map_or(coming.model, |other| other.name.as_str());
                    return Err(NotDone::Busy(format!("{other} is being fetched. One comes at a time.")));
                }
                None => {}
            }
            state.problems.remove(model.id.as_str());
            state.coming = Some(Coming {
                model: &model.id,
                at: Installing::Fetching,
                bytes: 0,
                since: None,
                stop: Some(stop),
            });
        }
        let (this, desk) = (self.clone(), self.desk.clone());
        // A thread of its own: a gigabyte is hashed on it. It ends with the process wherever it is, and the next
        // install goes on from there.
        let started = std::thread::Builder::new().name("weights".into()).spawn(move || {
            let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(this.fetch(model, stopped)),
                Err(source) => {
                    let path = this.settings.shelf.folder().to_owned();
                    Err(WeightsError::Io { doing: "Can't fetch into", path, source })
                }
            };
            this.desk.end(&model.id, ended);
        });
        if let Err(error) = started {
            desk.state().coming = None;
            return Err(NotDone::Failed(format!("The server can't begin to fetch it: {error}.")));
        }
        Ok(())
    }

    fn stop(&self, id: &str) -> Result<(), NotDone> {
        let model = known(id)?;
        let mut state = self.desk.state();
        if let Some(coming) = state.coming.as_mut().filter(|coming| coming.model == model.id) {
            coming.stop = None;
        }
        Ok(())
    }

    fn remove(&self, id: &str) -> Result<(), NotDone> {
        let model = known(id)?;
        if self.desk.state().coming.as_ref().is_some_and(|coming| coming.model == model.id) {
            return Err(NotDone::Busy(format!("{} is being fetched. Stop that first.", model.name)));
        }
        self.settings.shelf.remove(model).map_err(|error| NotDone::Failed(error.to_string()))?;
        self.desk.state().problems.remove(model.id.as_str());
        // One that is answering has its file open, and is unloaded when nobody asks it for a while.
        if let Ok(mut process) = self.process.try_lock()
            && process.as_ref().is_some_and(|process| process.model == model.id)
        {
            *process = None;
        }
        Ok(())
    }
}

impl LocalModel {
    async fn fetch(
        &self,
        model: &'static KnownModel,
        stopped: oneshot::Receiver<()>,
    ) -> Result<(), WeightsError> {
        let settings = &self.settings;
        let progress = &mut |at, bytes| self.desk.progress(at, bytes);
        tokio::select! {
            done = weights::install(&settings.shelf, model, &settings.sources, progress) => done.map(drop),
            _ = stopped => Ok(()),
        }
    }
}
