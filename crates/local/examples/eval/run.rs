//! One task: the model's steps, the tools' answers, and whether it came out right.

use crate::tasks::{Kit, Task};
use alumia_models::{ModelEvent, ModelMessage, ModelRequest, Part, Provider, Role, ToolSpec};
use alumia_protocol::events::Usage;
use alumia_sandbox::{Bubblewrap, Command, Limits, Sandbox};
use futures::StreamExt as _;
use regex::RegexBuilder;
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Steps that a task may take.
const STEPS: usize = 6;

/// How a task went.
pub struct Outcome {
    pub failure: Option<String>,
    /// What was said and called, in order.
    pub told: Vec<String>,
    /// Until the first thing that a person sees, for each step.
    pub first: Vec<Duration>,
    pub time: Duration,
    pub usage: Usage,
}

struct Called {
    name: String,
    arguments: String,
    good: bool,
}

pub async fn run(provider: &dyn Provider, model: &str, kit: &Kit, task: &Task, files: &Path) -> Outcome {
    let began = Instant::now();
    let mut outcome = Outcome {
        failure: None,
        told: Vec::new(),
        first: Vec::new(),
        time: Duration::ZERO,
        usage: Usage::default(),
    };
    let mut calls = Vec::new();
    let ended = steps(provider, model, kit, task, files, &mut outcome, &mut calls).await;
    outcome.failure = match ended {
        Err(why) => Some(why),
        Ok(answer) => judge(task, &answer, &calls),
    };
    outcome.time = began.elapsed();
    outcome
}

async fn steps(
    provider: &dyn Provider,
    model: &str,
    kit: &Kit,
    task: &Task,
    files: &Path,
    outcome: &mut Outcome,
    calls: &mut Vec<Called>,
) -> Result<String, String> {
    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    let bench = Bench::new(place.path(), files, task)?;
    let mut messages = vec![ModelMessage { role: Role::User, parts: vec![Part::Text(task.ask.clone())] }];
    for _ in 0..STEPS {
        let request = ModelRequest {
            model: model.to_owned(),
            system: kit.system.clone(),
            brief: kit.brief.clone(),
            messages: messages.clone(),
            tools: kit.tools.clone(),
            ..ModelRequest::default()
        };
        let (text, call) = step(provider, request, outcome).await?;
        let mut parts = Vec::new();
        if !text.trim().is_empty() {
            outcome.told.push(format!("says: {text}"));
            parts.push(Part::Text(text.clone()));
        }
        let Some((id, name, arguments)) = call else { return Ok(text) };
        outcome.told.push(format!("calls: {name} {arguments}"));
        let (content, good) = bench.call(&kit.tools, &name, &arguments).await;
        outcome.told.push(format!("gets: {content}"));
        calls.push(Called { name: name.clone(), arguments: arguments.clone(), good });
        let read = serde_json::from_str(&arguments).unwrap_or(Value::Null);
        parts.push(Part::ToolCall { id: id.clone(), name: name.clone(), arguments: read });
        messages.push(ModelMessage { role: Role::Assistant, parts });
        let result = Part::ToolResult { id, name, content, is_error: !good };
        messages.push(ModelMessage { role: Role::Tool, parts: vec![result] });
    }
    Err(format!("came to no answer in {STEPS} steps"))
}

type Call = (String, String, String);

async fn step(
    provider: &dyn Provider,
    request: ModelRequest,
    outcome: &mut Outcome,
) -> Result<(String, Option<Call>), String> {
    let (asked, mut seen, mut text, mut call) = (Instant::now(), false, String::new(), None);
    let mut events = provider.stream(request).await.map_err(|error| format!("{error:?}"))?;
    while let Some(event) = events.next().await {
        let event = event.map_err(|error| format!("{error:?}"))?;
        if !seen && matches!(event, ModelEvent::Text(_) | ModelEvent::ToolCallDelta { .. }) {
            seen = true;
            outcome.first.push(asked.elapsed());
        }
        match event {
            ModelEvent::Text(more) => text.push_str(&more),
            ModelEvent::Reasoning(thought) if thought.starts_with("Plan") => outcome.told.push(thought),
            ModelEvent::ToolCall { id, name, arguments, .. } => call = Some((id, name, arguments)),
            ModelEvent::Usage(usage) => {
                outcome.usage.input_tokens += usage.input_tokens;
                outcome.usage.cached_tokens += usage.cached_tokens;
                outcome.usage.output_tokens += usage.output_tokens;
            }
            _ => {}
        }
    }
    Ok((text, call))
}

fn judge(task: &Task, answer: &str, calls: &[Called]) -> Option<String> {
    if task.no_tools && !calls.is_empty() {
        return Some(format!("called {} where no tool was needed", calls[0].name));
    }
    let mut good = calls.iter().filter(|call| call.good);
    for wanted in &task.tools {
        if !good.any(|call| wanted.split('|').any(|name| name == call.name)) {
            return Some(format!("made no good call of {wanted}"));
        }
    }
    let holds = |pattern: &str, text: &str| {
        let pattern = RegexBuilder::new(pattern).case_insensitive(true).build();
        pattern.is_ok_and(|pattern| pattern.is_match(text))
    };
    let fits = |call: &Called| task.arguments.iter().all(|pattern| holds(pattern, &call.arguments));
    if !task.arguments.is_empty() && !calls.iter().any(|call| call.good && fits(call)) {
        return Some("no call had the right arguments".into());
    }
    // A thousand may be set off.
    let plain = answer.replace(',', "");
    let there = |pattern: &String| holds(pattern, answer) || holds(pattern, &plain);
    if let Some(missing) = task.answer.iter().find(|pattern| !there(pattern)) {
        return Some(format!("its answer lacks /{missing}/: {}", answer.replace('\n', " ")));
    }
    let wrong = task.not.iter().find(|pattern| there(pattern));
    wrong.map(|wrong| format!("its answer holds /{wrong}/: {}", answer.replace('\n', " ")))
}

/// The tools, as far as tasks need them: files and commands are real, the canvas takes everything that keeps to
/// its schema.
struct Bench {
    sandbox: Bubblewrap,
    work: std::path::PathBuf,
    project: std::path::PathBuf,
    page: String,
}

impl Bench {
    fn new(place: &Path, files: &Path, task: &Task) -> Result<Self, String> {
        let (work, project) = (place.join("work"), place.join("project"));
        let copy = || {
            fs::create_dir_all(&work)?;
            fs::create_dir_all(&project)?;
            for file in fs::read_dir(files)? {
                let file = file?;
                fs::copy(file.path(), project.join(file.file_name()))?;
            }
            std::io::Result::Ok(())
        };
        copy().map_err(|error| error.to_string())?;
        let sandbox =
            Bubblewrap::new(&place.join("state"), Limits::default()).map_err(|error| error.to_string())?;
        Ok(Self { sandbox, work, project, page: task.page.clone() })
    }

    /// What a call answers, and whether it was a good one.
    async fn call(&self, tools: &[ToolSpec], name: &str, arguments: &str) -> (String, bool) {
        let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
            return (format!("There is no tool {name}."), false);
        };
        let Ok(arguments) = serde_json::from_str::<Value>(arguments) else {
            return ("The arguments are not JSON.".into(), false);
        };
        if let Err(error) = jsonschema::validate(&tool.schema, &arguments) {
            return (format!("Error (invalid) at {}: {error}", error.instance_path()), false);
        }
        match self.answer(name, &arguments).await {
            Ok(answer) => (format!("<tool_output tool=\"{name}\">\n{answer}\n</tool_output>"), true),
            Err(error) => (format!("Error: {error}"), false),
        }
    }

    async fn answer(&self, name: &str, arguments: &Value) -> Result<String, String> {
        let text = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
        let inside = |folder: &Path, path: &str| {
            let path =
                path.trim_start_matches("/project/").trim_start_matches("/work/").trim_start_matches('/');
            folder.join(path)
        };
        let io = |error: std::io::Error| error.to_string();
        match name {
            "sandbox_exec" => {
                let command = Command {
                    script: text("command"),
                    workdir: self.work.clone(),
                    project_dir: Some(self.project.clone()),
                    timeout: Duration::from_secs(20),
                    room: None,
                    stdin: None,
                };
                let ended = self.sandbox.exec(command, Arc::new(|_, _| ()), CancellationToken::new()).await;
                let ended = ended.map_err(|error| error.to_string())?;
                Ok(json!({ "exitCode": ended.exit_code, "stdout": ended.stdout, "stderr": ended.stderr })
                    .to_string())
            }
            "file_list" => {
                let mut names = Vec::new();
                for file in fs::read_dir(&self.project).map_err(io)? {
                    let file = file.map_err(io)?;
                    names.push(json!({ "path": file.file_name().to_string_lossy(), "size": file.metadata().map_err(io)?.len() }));
                }
                Ok(json!({ "entries": names }).to_string())
            }
            "file_read" => fs::read_to_string(inside(&self.project, &text("path")))
                .map_err(|_| "There is no such file in this project. file_list tells what is there.".into()),
            "sandbox_read" => fs::read_to_string(inside(&self.work, &text("path"))).map_err(io),
            "file_write" | "sandbox_write" => {
                let folder = if name == "file_write" { &self.project } else { &self.work };
                let path = inside(folder, &text("path"));
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(io)?;
                }
                fs::write(path, text("text")).map_err(io)?;
                Ok(json!({ "path": text("path"), "size": text("text").len() }).to_string())
            }
            "data_block" | "show" => Ok(json!({ "blockId": "b1", "version": 1 }).to_string()),
            "list_blocks" | "search_blocks" => Ok(json!({ "blocks": [
                { "id": "b7", "version": 2, "title": "Budget 2025", "type": "table" },
                { "id": "b9", "version": 1, "title": "Team photo", "type": "image" },
            ] })
            .to_string()),
            "update_block" => Ok(json!({ "blockId": text("blockId"), "version": 3 }).to_string()),
            "http_fetch" => Ok(json!({ "status": 200, "text": self.page }).to_string()),
            _ => Ok("{}".into()),
        }
    }
}
