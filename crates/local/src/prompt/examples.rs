//! Worked examples, in the form that the model is to write.

use super::step;
use alumia_models::ToolSpec;
use serde::Deserialize;
use serde_json::Value;
use std::{fmt::Write as _, sync::LazyLock};

#[derive(Deserialize)]
struct Example {
    ask: String,
    #[serde(default)]
    steps: Vec<Step>,
    answer: String,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    plan: Option<String>,
    call: String,
    arguments: Value,
    result: String,
}

#[derive(Deserialize)]
struct Table {
    example: Vec<Example>,
}

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    // Compiled in and read by a test.
    toml::from_str::<Table>(include_str!("examples.toml")).map(|table| table.example).unwrap_or_default()
});

/// Those whose tools are offered.
pub fn text(tools: &[&ToolSpec]) -> String {
    let offered = |step: &Step| tools.iter().any(|tool| tool.name == step.call);
    let mut text = String::from("\nExamples:\n");
    for Example { ask, steps, answer } in EXAMPLES.iter().filter(|example| example.steps.iter().all(offered))
    {
        let _ = writeln!(text, "\nPerson: {ask}");
        for Step { plan, call, arguments, result } in steps {
            let _ = writeln!(text, "{}", step::call(plan.as_deref(), call, arguments));
            let _ = writeln!(text, "{call} answered:\n{result}");
        }
        let _ = writeln!(text, "{}", step::answer(answer));
    }
    text
}
