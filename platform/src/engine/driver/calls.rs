//! Running tool calls: deadlines, cancelling, letting go.

use super::outputs::{Output, Outputs};
use crate::{
    engine::{machine::Event, prompt},
    tools::{Tool, ToolContext},
};
use alumia_protocol::{CallId, tools::ToolError};
use futures::FutureExt as _;
use serde_json::{Value, json};
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

/// How long a call that was told to end may take before it is abandoned.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes of a result that its event keeps.
const RESULT: usize = 256 * 1024;

type Ended = (CallId, Result<Value, ToolError>);

/// A call that is going on.
struct Running {
    cancel: CancellationToken,
    /// When it began or last put something out.
    heard: Instant,
    /// Its present silence has been told.
    told: bool,
}

/// The calls of one run that are going on. Dropping it ends them all.
pub struct Calls {
    /// How long a call is silent before that is told.
    patience: Duration,
    running: HashMap<CallId, Running>,
    tasks: JoinSet<Ended>,
    outputs: Arc<Outputs>,
    /// A call has ended, but what it wrote before comes first.
    ended: Option<Ended>,
}

impl Calls {
    /// None yet; a call's silence is told after `patience`.
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            running: HashMap::new(),
            tasks: JoinSet::new(),
            outputs: Arc::default(),
            ended: None,
        }
    }

    /// Where calls put their partial output.
    pub fn outputs(&self) -> Arc<Outputs> {
        self.outputs.clone()
    }

    /// Starts a call whose context holds the token that ends it.
    pub fn start(&mut self, tool: Arc<dyn Tool>, context: ToolContext, arguments: Value) {
        let id = context.call_id;
        let cancel = context.cancel.clone();
        self.running.insert(id, Running { cancel, heard: Instant::now(), told: false });
        self.tasks.spawn(async move {
            let result = run(tool, context, arguments).await;
            (id, result.map(|output| cap(output, RESULT)))
        });
    }

    /// Tells a call to end; its end still comes, abandoned or not.
    pub fn cancel(&self, id: CallId) {
        if let Some(call) = self.running.get(&id) {
            call.cancel.cancel();
        }
    }

    /// Tells all to end and waits until they have, within the grace.
    pub async fn end_all(&mut self) {
        self.running.values().for_each(|call| call.cancel.cancel());
        while self.tasks.join_next().await.is_some() {}
    }

    /// The next thing that happens to a call; waits for ever when none is going on.
    pub async fn next(&mut self) -> Event {
        while self.ended.is_none() {
            // Nobody can tell whether one writes that has shown all that it may.
            let heard = |(id, call): &(&CallId, &Running)| !call.told && !self.outputs.is_full(**id);
            let silent = self.running.iter().filter(heard);
            let silent = silent.min_by_key(|(_, call)| call.heard).map(|(id, call)| (*id, call.heard));
            let outputs = self.outputs.clone();
            tokio::select! {
                biased;
                output = outputs.next() => return self.heard(output),
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok(ended) => self.ended = Some(ended),
                    // A task can only fail by being aborted, which happens when all of this is dropped.
                    Err(_) => return std::future::pending().await,
                },
                (call_id, heard) = silence(silent, self.patience) => {
                    if outputs.is_full(call_id) {
                        continue;
                    }
                    if let Some(call) = self.running.get_mut(&call_id) {
                        call.told = true;
                    }
                    return Event::Silent { call_id, silence: heard.elapsed() };
                }
                else => return std::future::pending().await,
            }
        }
        if let Some(output) = self.outputs.pop() {
            return self.heard(output);
        }
        match self.ended.take() {
            Some((call_id, result)) => {
                self.running.remove(&call_id);
                Event::CallEnded { call_id, result }
            }
            None => std::future::pending().await,
        }
    }

    fn heard(&mut self, output: Output) -> Event {
        let Output { call_id, channel, text } = output;
        if let Some(call) = self.running.get_mut(&call_id) {
            (call.heard, call.told) = (Instant::now(), false);
        }
        Event::Output { call_id, channel, text }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.running.values().for_each(|call| call.cancel.cancel());
    }
}

/// Waits until a call has been silent for so long; for ever without one.
async fn silence(call: Option<(CallId, Instant)>, patience: Duration) -> (CallId, Instant) {
    match call {
        Some((id, heard)) => {
            tokio::time::sleep_until(heard + patience).await;
            (id, heard)
        }
        None => std::future::pending().await,
    }
}

async fn run(tool: Arc<dyn Tool>, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
    let (token, timeout) = (context.cancel.clone(), tool.timeout_for(&arguments));
    let work = AssertUnwindSafe(tool.call(context, arguments)).catch_unwind();
    tokio::pin!(work);
    let late = tokio::select! {
        biased;
        result = &mut work => return unwind(result, &*tool),
        () = token.cancelled() => false,
        () = tokio::time::sleep(timeout) => true,
    };
    token.cancel();
    let result = tokio::time::timeout(GRACE, work).await;
    match result {
        // It ended in time after all, or says itself how far it got.
        Ok(Ok(Ok(output))) => Ok(output),
        Ok(Ok(Err(error))) if !late || error.code == "timeout" => Err(error),
        _ if late => Err(ToolError {
            code: "timeout".into(),
            message: format!("It was stopped at its limit of {} s.", timeout.as_secs_f32()),
            path: None,
        }),
        _ => Err(ToolError { code: "cancelled".into(), message: "It was cancelled.".into(), path: None }),
    }
}

fn unwind(
    result: std::thread::Result<Result<Value, ToolError>>,
    tool: &dyn Tool,
) -> Result<Value, ToolError> {
    result.unwrap_or_else(|_| {
        tracing::error!(tool = tool.name(), "a tool panicked");
        let message = "The tool broke down. Try it with other arguments, or go on without it.".into();
        Err(ToolError { code: "failed".into(), message, path: None })
    })
}

/// A result that fits `max` bytes: long texts in it are cut where they stand, with a line that says so.
fn cap(output: Value, max: usize) -> Value {
    if size(&output) <= max {
        return output;
    }
    let mut cut = output;
    for share in [max / 4, max / 32, 256] {
        shorten(&mut cut, share);
        if size(&cut) <= max {
            return cut;
        }
    }
    json!({ "truncated": true, "text": prompt::cap(&cut.to_string(), max / 2) })
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::Object(fields) => {
            2 + fields.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>()
        }
        _ => 8,
    }
}

fn shorten(value: &mut Value, max: usize) {
    match value {
        Value::String(text) if text.len() > max => *text = prompt::cap(text, max),
        Value::Array(items) => items.iter_mut().for_each(|item| shorten(item, max)),
        Value::Object(fields) => fields.values_mut().for_each(|value| shorten(value, max)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_whose_output_is_no_longer_shown_is_not_called_silent() {
        let mut calls = Calls::new(Duration::from_millis(400));
        let (loud, quiet) = (CallId::new(), CallId::new());
        for id in [loud, quiet] {
            let call = Running { cancel: CancellationToken::new(), heard: Instant::now(), told: false };
            calls.running.insert(id, call);
            calls.tasks.spawn(std::future::pending());
        }
        let outputs = calls.outputs();
        // It fills up while the silence is being waited for.
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            for _ in 0..1_100 {
                outputs.push(loud, "stdout", &"x".repeat(1_024));
            }
        });
        let told = loop {
            if let Event::Silent { call_id, .. } = calls.next().await {
                break call_id;
            }
        };
        assert_eq!(told, quiet);
        assert!(tokio::time::timeout(Duration::from_secs(1), calls.next()).await.is_err());
    }

    #[test]
    fn a_big_result_is_cut_inside_its_shape() {
        let small = json!({ "a": 1 });
        assert_eq!(cap(small.clone(), RESULT), small);
        let big = cap(json!({ "exitCode": 0, "stdout": "x".repeat(2_000_000) }), RESULT);
        assert_eq!(big["exitCode"], 0);
        assert!(big["stdout"].as_str().is_some_and(|text| text.contains("[cut here")));
        assert!(big.to_string().len() <= RESULT);
        let many = cap(json!(vec![1; 1_000_000]), RESULT);
        assert_eq!(many["truncated"], true);
        assert!(many.to_string().len() <= RESULT);
    }
}
