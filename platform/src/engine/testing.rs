//! A model provider and tools that do what a test says: slow, late, malformed, broken off, never.
//!
//! They are full implementations of the seams, so that tests of any crate run the real engine.

use crate::{
    billing::Operation,
    tools::{Tool, ToolContext},
};
use alumia_models::{ModelError, ModelEvent, ModelRequest, ModelStream, Provider, StopReason};
use alumia_protocol::{
    events::Usage,
    models::{Capabilities, CatalogModel, Price},
    tools::{Effect, Title, ToolError},
};
use async_trait::async_trait;
use futures::{StreamExt as _, future::BoxFuture};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// One thing that a scripted model does.
#[derive(Clone, Debug)]
pub enum Say {
    Text(String),
    Reasoning(String),
    /// A call, its arguments in two pieces and then whole.
    Call {
        tool: String,
        arguments: String,
    },
    Usage(Usage),
    /// Says nothing for a while.
    Pause(Duration),
    /// Says nothing until it is told to go on.
    Wait(Arc<Notify>),
    /// Ends the stream with an error; as the first thing, refuses the call.
    Fail(ModelError),
    /// The connection breaks off: the stream ends without an end.
    Disconnect,
    /// Never says anything again.
    Hang,
    /// Ends the answer for this reason; without it, an answer ends as its content suggests.
    End(StopReason),
}

impl Say {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A call with these arguments.
    #[expect(clippy::needless_pass_by_value, reason = "reads best with json!")]
    pub fn call(tool: &str, arguments: Value) -> Self {
        Self::Call { tool: tool.into(), arguments: arguments.to_string() }
    }
}

type Script = Box<dyn Fn(&ModelRequest, usize) -> Vec<Say> + Send + Sync>;

/// A model that follows a script.
pub struct Scripted {
    script: Script,
    requests: Mutex<Vec<ModelRequest>>,
}

impl Scripted {
    /// Answers by looking at the request and how many came before it.
    pub fn by(script: impl Fn(&ModelRequest, usize) -> Vec<Say> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), requests: Mutex::default() })
    }

    /// Gives these answers one after the other; "Done." when none is left.
    pub fn answers(answers: impl IntoIterator<Item = Vec<Say>>) -> Arc<Self> {
        let answers: Mutex<VecDeque<Vec<Say>>> = Mutex::new(answers.into_iter().collect());
        Self::by(move |_, _| lock(&answers).pop_front().unwrap_or_else(|| vec![Say::text("Done.")]))
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<ModelRequest> {
        lock(&self.requests).clone()
    }

    /// The catalog's entry for its only model: reads 100,000 tokens, sees images, costs a little.
    pub fn model() -> CatalogModel {
        CatalogModel {
            id: "scripted-1".into(),
            provider: "scripted".into(),
            name: "Scripted".into(),
            context_window: 100_000,
            capabilities: Capabilities { tools: true, vision: true, reasoning: true },
            price: Some(Price { input: 3_000_000, output: 15_000_000, cached: 300_000 }),
            fast_sibling: None,
            available: true,
            unavailable_reason: None,
            own_key: false,
        }
    }
}

#[async_trait]
impl Provider for Scripted {
    fn id(&self) -> &'static str {
        "scripted"
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let nth = {
            let mut requests = lock(&self.requests);
            requests.push(request.clone());
            requests.len() - 1
        };
        let mut says: VecDeque<Say> = (self.script)(&request, nth).into();
        if let Some(Say::Fail(error)) = says.front() {
            return Err(error.clone());
        }
        let stream = async_stream::stream! {
            let mut index = 0;
            while let Some(say) = says.pop_front() {
                match say {
                    Say::Text(text) => yield Ok(ModelEvent::Text(text)),
                    Say::Reasoning(text) => yield Ok(ModelEvent::Reasoning(text)),
                    Say::Call { tool, arguments } => {
                        let id = format!("provider-{index}");
                        let middle = (0..=arguments.len() / 2).rev().find(|at| arguments.is_char_boundary(*at));
                        let (first, second) = arguments.split_at(middle.unwrap_or(0));
                        let (first, second) = (first.to_owned(), second.to_owned());
                        yield Ok(ModelEvent::ToolCallDelta {
                            index,
                            id: Some(id.clone()),
                            name: Some(tool.clone()),
                            arguments: first,
                        });
                        yield Ok(ModelEvent::ToolCallDelta { index, id: None, name: None, arguments: second });
                        yield Ok(ModelEvent::ToolCall { index, id, name: tool, arguments });
                        index += 1;
                    }
                    Say::Usage(usage) => yield Ok(ModelEvent::Usage(usage)),
                    Say::Pause(pause) => tokio::time::sleep(pause).await,
                    Say::Wait(told) => told.notified().await,
                    Say::Fail(error) => {
                        yield Err(error);
                        return;
                    }
                    Say::Disconnect => return,
                    Say::Hang => std::future::pending().await,
                    Say::End(reason) => {
                        yield Ok(ModelEvent::End(reason));
                        return;
                    }
                }
            }
            yield Ok(ModelEvent::End(if index > 0 { StopReason::ToolCalls } else { StopReason::End }));
        };
        Ok(stream.boxed())
    }
}

type Work = Box<dyn Fn(ToolContext, Value) -> BoxFuture<'static, Result<Value, ToolError>> + Send + Sync>;

/// A tool that does what a test says. Its arguments are `{"n": integer}`.
pub struct FakeTool {
    name: &'static str,
    effect: Effect,
    idempotent: bool,
    timeout: Duration,
    paid: bool,
    schema: Value,
    work: Work,
    runs: AtomicUsize,
}

impl FakeTool {
    /// An idempotent reading tool that returns `{"n": …}` as it was given.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            effect: Effect::Read,
            idempotent: true,
            timeout: Duration::from_secs(30),
            paid: false,
            schema: json!({
                "type": "object",
                "properties": { "n": { "type": "integer" } },
                "required": ["n"],
                "additionalProperties": false,
            }),
            work: Box::new(|_, arguments| Box::pin(async move { Ok(arguments) })),
            runs: AtomicUsize::new(0),
        }
    }

    /// With another effect.
    #[must_use]
    pub fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Not to be run again when nobody knows how far it got.
    #[must_use]
    pub fn once(self) -> Self {
        Self { idempotent: false, ..self }
    }

    /// Paid by its time, as the sandbox is.
    #[must_use]
    pub fn paid(self) -> Self {
        Self { paid: true, ..self }
    }

    /// With another deadline.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Doing this.
    #[must_use]
    pub fn doing(
        self,
        work: impl Fn(ToolContext, Value) -> BoxFuture<'static, Result<Value, ToolError>> + Send + Sync + 'static,
    ) -> Self {
        Self { work: Box::new(work), ..self }
    }

    /// Times that it was called.
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Tool for FakeTool {
    fn name(&self) -> &'static str {
        self.name
    }

    fn group(&self) -> &'static str {
        "test"
    }

    fn title(&self) -> Title {
        Title { plain: "Do it", doing: "Doing it", done: "Did it" }
    }

    fn description(&self) -> &'static str {
        "Does what the test says."
    }

    fn schema(&self) -> &Value {
        &self.schema
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn idempotent(&self) -> bool {
        self.idempotent
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn paid_by_time(&self) -> Option<Operation> {
        self.paid.then_some(Operation::Sandbox)
    }

    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        (self.work)(context, arguments).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
