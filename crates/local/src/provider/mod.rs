//! The model on this machine as a provider like any other.

mod manage;
mod parse;
mod queue;
mod words;

use crate::{
    machine,
    process::{Process, Program, failed, load, said_of},
    prompt::{
        self, Kind, Prompt,
        plan::{Plan, Planning},
    },
    weights::{KnownModel, Shelf, Sources, answering},
    worker::protocol::{Ask, Counts, Ended, Generate, Said},
};
use alumia_models::{
    ModelError, ModelEvent, ModelRequest, ModelStream, Provider, Role, StopReason,
    builtin::{self, Builtin},
    config::THIS_MACHINE,
};
use alumia_protocol::models::{Capabilities, CatalogModel, Price};
use async_trait::async_trait;
use manage::Desk;
use parse::Step;
use queue::Queue;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use words::{usage, waiting};

/// Tokens of an answer when the request doesn't say.
const ANSWER: u32 = 1_024;
/// Tokens of a plan.
const PLAN: u32 = 16;
/// Something is said at least this often, so that nobody takes a queue for a dead provider.
const SIGN: Duration = Duration::from_secs(30);

/// How models run here.
#[derive(Clone, Debug)]
pub struct Settings {
    pub shelf: Shelf,
    /// Where weights come from.
    pub sources: Sources,
    /// The model that answers when nobody chose one and it is installed.
    pub preferred: String,
    pub program: Program,
    /// Threads; 0 takes as many as there are idle processors.
    pub threads: u32,
    /// Tokens of the context; 0 takes the model's usual one.
    pub context: u32,
    /// A model that nobody asked for so long is unloaded.
    pub idle: Duration,
}

/// The provider. Clones share one process.
#[derive(Clone)]
pub struct LocalModel {
    settings: Arc<Settings>,
    queue: Queue,
    process: Arc<Mutex<Option<Process>>>,
    ids: Arc<AtomicU64>,
    desk: Desk,
    tour: Arc<Builtin>,
}

impl LocalModel {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            queue: Queue::new(),
            process: Arc::default(),
            ids: Arc::default(),
            desk: Desk::default(),
            tour: Arc::new(Builtin::new()),
        }
    }

    /// Its entries in the catalog, the preferred one first. Whether they are installed is asked each time
    /// ([`Provider::unavailable`]), because that changes while a server runs.
    pub fn models(&self) -> Vec<CatalogModel> {
        let mut models: Vec<_> = answering().map(|model| self.entry(model)).collect();
        models.sort_by_key(|model| model.id != self.settings.preferred);
        models
    }

    fn entry(&self, model: &KnownModel) -> CatalogModel {
        CatalogModel {
            id: model.id.clone(),
            provider: THIS_MACHINE.into(),
            name: format!("{} (on this machine)", model.name),
            context_window: self.context(model),
            capabilities: Capabilities { tools: true, vision: false, reasoning: false },
            price: Some(Price::default()),
            fast_sibling: None,
            available: true,
            unavailable_reason: None,
            own_key: false,
        }
    }

    fn context(&self, model: &KnownModel) -> u32 {
        if self.settings.context == 0 { model.context } else { self.settings.context }
    }

    /// How many answers are being written or waited for.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The process that holds a model now, if one does.
    pub async fn process_id(&self) -> Option<u32> {
        self.process.lock().await.as_ref().and_then(Process::id)
    }

    /// Unloads the model when nobody asks for it for long enough.
    fn unload_later(&self) {
        let (this, last) = (self.clone(), self.ids.load(Ordering::Relaxed));
        tokio::spawn(async move {
            tokio::time::sleep(this.settings.idle).await;
            if this.ids.load(Ordering::Relaxed) == last && this.queue.len() == 0 {
                *this.process.lock().await = None;
            }
        });
    }
}

/// Tells the worker that nobody listens any more, and lets the next one have it.
struct Turn {
    /// The generation that goes on.
    id: u64,
    process: OwnedMutexGuard<Option<Process>>,
    local: LocalModel,
    threads: u32,
    done: bool,
}

impl Turn {
    /// Begins a generation.
    fn ask(&mut self, prompt: Prompt, max_tokens: u32) {
        self.id = self.local.ids.fetch_add(1, Ordering::Relaxed) + 1;
        self.done = false;
        let Prompt { pieces, stays, grammar } = prompt;
        if let Some(process) = self.process.as_ref() {
            let threads = self.threads;
            let id = self.id;
            let generate = Generate { id, prompt: pieces, stays, grammar, max_tokens, threads };
            process.ask(Ask::Generate(generate));
        }
    }

    /// Begins the plan's next step or the answer.
    fn begin<'a>(&mut self, request: &ModelRequest, plan: &Plan<'a>) -> (Step, Option<Vec<Kind<'a>>>) {
        let prompt = prompt::build(request, plan);
        let call = prompt.grammar.is_some();
        self.ask(prompt, request.max_output_tokens.unwrap_or(ANSWER).min(ANSWER));
        (Step::new(format!("local_{}", self.id), call), None)
    }

    async fn next(&mut self) -> Result<Said, ModelError> {
        said_of(self.id, &mut self.process).await
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.done
            && let Some(process) = self.process.as_ref()
        {
            process.ask(Ask::Cancel(self.id));
        }
        self.local.unload_later();
    }
}

#[async_trait]
impl Provider for LocalModel {
    fn id(&self) -> &str {
        THIS_MACHINE
    }

    fn unavailable(&self, model: &str) -> Option<String> {
        let model = answering().find(|known| known.id == model)?;
        let missing = !self.settings.shelf.has(model);
        missing.then(|| {
            let size = model.bytes / 1_000_000;
            format!("It isn't on this machine. `alumia model install {}` gets it ({size} MB).", model.id)
        })
    }

    async fn stream(&self, mut request: ModelRequest) -> Result<ModelStream, ModelError> {
        // Whatever the model.
        if builtin::is_tour(&request.messages) {
            builtin::MODEL_ID.clone_into(&mut request.model);
            return self.tour.stream(request).await;
        }
        let model = answering().find(|model| model.id == request.model);
        let model = model.ok_or_else(|| ModelError::Malformed {
            detail: format!("there is no model \"{}\" for this machine", request.model),
        })?;
        let this = self.clone();
        Ok(Box::pin(async_stream::try_stream! {
            let place = this.queue.join();
            let mut ahead = place.ahead();
            while ahead > 0 {
                yield ModelEvent::Reasoning(waiting(ahead));
                ahead = loop {
                    match tokio::time::timeout(SIGN, place.moved(ahead)).await {
                        Ok(ahead) => break ahead,
                        Err(_) => yield ModelEvent::Reasoning(String::new()),
                    }
                };
            }
            let threads = machine::threads(this.settings.threads).await;
            let mut process = this.process.clone().lock_owned().await;
            if process.as_mut().is_none_or(|process| process.model != model.id) {
                yield ModelEvent::Reasoning(format!("Loading {} into memory.\n", model.name));
            }
            load(&this.settings, model, this.context(model), threads, &mut process).await?;
            this.desk.asked(&model.id);
            let mut turn = Turn { id: 0, process, local: this.clone(), threads, done: true };
            let (mut step, mut asked) = match prompt::plan::plan(&request) {
                Planning::Known(plan) => turn.begin(&request, &plan),
                Planning::Asked(prompt, kinds) => {
                    turn.ask(prompt, PLAN);
                    (Step::plan(), Some(kinds))
                }
            };
            let mut used = Counts::default();
            let ended = loop {
                match turn.next().await? {
                    Said::Text { text, .. } => {
                        if let Some(event) = step.push(&text) {
                            yield event;
                        }
                    }
                    Said::Done { ended, counts, .. } => {
                        used.add(counts);
                        let Some(kinds) = asked.take() else { break ended };
                        let plan = prompt::plan::read(step.text(), &kinds);
                        let begins = request.messages.last().is_some_and(|last| last.role == Role::User);
                        if let Some(words) = plan.words().filter(|_| begins) {
                            yield ModelEvent::Reasoning(words);
                        }
                        (step, asked) = turn.begin(&request, &plan);
                    }
                    Said::Failed { wrong, detail, .. } => {
                        turn.done = true;
                        Err(failed(wrong, detail))?;
                    }
                    // A sign of life.
                    Said::Read { .. } | Said::Ready { .. } | Said::Embedded { .. } => yield ModelEvent::Reasoning(String::new()),
                }
            };
            turn.done = true;
            drop(turn);
            drop(place);
            this.desk.wrote(&model.id, used.output, used.write_ms);
            tracing::debug!(counts = ?used, threads, "the model on this machine answered");
            let call = step.end();
            let reason = match (ended, call.is_some()) {
                (Ended::Length, _) => StopReason::Length,
                (_, true) => StopReason::ToolCalls,
                (_, false) => StopReason::End,
            };
            if let Some(call) = call {
                yield call;
            }
            yield ModelEvent::Usage(usage(used));
            yield ModelEvent::End(reason);
        }))
    }
}
