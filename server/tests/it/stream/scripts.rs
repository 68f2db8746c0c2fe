//! Runs made at random: what a model says in each step, and what its tools do.

use crate::support::App;
use alumia_models::ModelError;
use alumia_platform::{
    engine::testing::{FakeTool, Say, Scripted},
    tools::Tool,
};
use alumia_protocol::events::Usage;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// What happens in one step of a run.
#[derive(Clone, Debug)]
pub enum Step {
    /// A text in pieces.
    Text(Vec<String>),
    /// A thought, then a text.
    Thought(String, String),
    /// Calls at the same time, each with what its tool prints; after a text.
    Calls(String, Vec<u8>),
    /// A call whose arguments don't fit.
    Malformed,
    /// The connection breaks in the middle of a text.
    Breaks(String),
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![Just("\u{1F30B} é\nline two: \"quoted\"\r\n".to_owned()), "[ -~]{1,12}"]
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(words(), 1..5).prop_map(Step::Text),
        (words(), words()).prop_map(|(thought, text)| Step::Thought(thought, text)),
        (words(), prop::collection::vec(0..4_u8, 1..3)).prop_map(|(text, calls)| Step::Calls(text, calls)),
        Just(Step::Malformed),
        words().prop_map(Step::Breaks),
    ]
}

/// A server whose model goes through `steps` with `pace` between its pieces, then says "Done.".
pub async fn app(steps: Vec<Step>, pace: Duration) -> App {
    let answers = steps.into_iter().flat_map(move |step| says(step, pace));
    let model = Scripted::answers(answers.collect::<Vec<_>>());
    let prints = FakeTool::new("file_list").doing(move |context, arguments: Value| {
        Box::pin(async move {
            for line in 0..arguments["n"].as_i64().unwrap() {
                (context.output)("stdout", &format!("line {line}\n"));
                tokio::time::sleep(pace).await;
            }
            Ok(arguments)
        })
    });
    let tools: Vec<Arc<dyn Tool>> = vec![Arc::new(prints)];
    App::scripted(model, tools).await
}

fn says(step: Step, pace: Duration) -> Vec<Vec<Say>> {
    let usage = Say::Usage(Usage { input_tokens: 10, cached_tokens: 0, output_tokens: 5 });
    let slowly = |says: Vec<Say>| {
        says.into_iter().flat_map(|say| [say, Say::Pause(pace)]).chain([usage.clone()]).collect::<Vec<_>>()
    };
    match step {
        // A run goes on after a step only if it called something.
        Step::Text(pieces) => {
            let mut says: Vec<_> = pieces.into_iter().map(Say::text).collect();
            says.push(Say::call("file_list", json!({ "n": 0 })));
            vec![slowly(says)]
        }
        Step::Thought(thought, text) => {
            let call = Say::call("file_list", json!({ "n": 0 }));
            vec![slowly(vec![Say::Reasoning(thought), Say::text(text), call])]
        }
        Step::Calls(text, calls) => {
            let mut says = vec![Say::text(text)];
            says.extend(calls.into_iter().map(|lines| Say::call("file_list", json!({ "n": lines }))));
            vec![slowly(says)]
        }
        Step::Malformed => vec![slowly(vec![Say::call("file_list", json!({ "n": "many" }))])],
        Step::Breaks(text) => {
            let broken = ModelError::Overloaded { retry_after: Some(pace), detail: "broke off".into() };
            let again = vec![Say::text("Again."), Say::call("file_list", json!({ "n": 1 }))];
            vec![vec![Say::text(text), Say::Pause(pace), Say::Fail(broken)], slowly(again)]
        }
    }
}
