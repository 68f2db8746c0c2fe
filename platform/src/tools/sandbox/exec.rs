use crate::{
    billing::Operation,
    files::{Files, Place},
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::tools::ToolError;
use alumia_sandbox::{Channel, Command, Outcome, OutputSink, Sandbox, SandboxError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

const DEFAULT: u64 = 60;
const MOST: u64 = 600;
/// Between the command's own limit and the call's, so that the more telling message wins.
const SLACK: Duration = Duration::from_secs(5);
/// Less than this is left of the package's room when it was what ended a command.
const NEARLY_FULL: i64 = 1 << 20;
/// Characters of each channel that the model reads; people have seen all of it.
const TEXT: usize = 30_000;
/// Of what a command printed before it was ended.
const TAIL: usize = 2_000;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// A shell script, run by `/bin/sh`. For Python, write `python3 - <<'PY'`, the program and `PY`.
    #[schemars(length(min = 1, max = 100_000))]
    command: String,
    /// How long it may run; 60 seconds when absent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 600))]
    timeout_seconds: Option<u64>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Runs a command in the session's sandbox.
pub struct SandboxExec {
    pub sandbox: Arc<dyn Sandbox>,
    pub files: Files,
}

#[async_trait]
impl Tool for SandboxExec {
    about! {
        name: "sandbox_exec", group: "sandbox", effect: Write, idempotent: false, seconds: 65,
        title: "Run command", "Running command", "Ran command",
        description: "Runs a shell command or Python in this session's sandbox and answers with its exit \
            code and output. It starts in /work, whose files stay for the next command; the project's files \
            are under /project, read-only. There is no network and nothing can be installed. Background \
            processes end with the command. Print what you need and no more; write large results to files."
    }
    fn timeout_for(&self, arguments: &Value) -> Duration {
        let asked = arguments.get("timeoutSeconds").and_then(Value::as_u64);
        Duration::from_secs(asked.unwrap_or(DEFAULT).clamp(1, MOST)) + SLACK
    }
    fn paid_by_time(&self) -> Option<Operation> {
        Some(Operation::Sandbox)
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "command")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let arguments: Arguments = schema::read(arguments)?;
        if arguments.command.contains('\0') {
            return Err(errors::invalid("/command", "holds a NUL character, which no shell can run"));
        }
        Ok(())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { command, timeout_seconds } = schema::read(&arguments)?;
        let (scope, project) = (&context.scope, context.project_id);
        let seconds = timeout_seconds.unwrap_or(DEFAULT);
        let workdir = self.files.sandbox_dir(scope, project, context.session_id).await;
        // A command may make room where there is none, but it can't leave more behind than fits.
        let (room, used) = self.files.room(scope.org_id()).await.map_err(errors::service)?;
        let room = room.and_then(|room| room.left(used)).map(i64::unsigned_abs);
        let command = Command {
            script: command,
            workdir: workdir.map_err(errors::service)?,
            project_dir: Some(self.files.project_dir(scope, project).await.map_err(errors::service)?),
            timeout: Duration::from_secs(seconds),
            room,
            stdin: None,
        };
        let tail = Arc::new(Mutex::new(String::new()));
        let sink = sink(context.output.clone(), tail.clone());
        let place = Place::sandbox(scope, project, context.session_id);
        let (files, sandbox, cancel) = (self.files.clone(), self.sandbox.clone(), context.cancel.clone());
        // Whatever becomes of who asked, what the command has left is counted.
        let running = tokio::spawn(async move {
            let ended = sandbox.exec(command, sink, cancel).await;
            if let Err(error) = files.recount(&place).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a work folder is not counted for now"
                );
            }
            ended
        });
        let ended = running.await.map_err(|fault| errors::service(crate::Error::internal(fault)))?;
        if matches!(ended, Err(SandboxError::Full)) && room.is_some() {
            let (room, used) = self.files.room(scope.org_id()).await.map_err(errors::service)?;
            if let Some(room) = room.filter(|room| room.left(used).is_some_and(|left| left < NEARLY_FULL)) {
                return Err(errors::service(room.refusal()));
            }
        }
        let printed = tail.lock().map(|tail| tail.clone()).unwrap_or_default();
        ended.map(|outcome| answer(&outcome)).map_err(|fault| refusal(fault, seconds, &printed))
    }
}

/// Passes output on, and keeps the end of it for the answer of a command that has to be ended.
fn sink(output: Arc<dyn Fn(&str, &str) + Send + Sync>, tail: Arc<Mutex<String>>) -> OutputSink {
    Arc::new(move |channel, text| {
        let name = match channel {
            Channel::Stdout => "stdout",
            Channel::Stderr => "stderr",
        };
        output(name, text);
        if let Ok(mut tail) = tail.lock() {
            tail.push_str(text);
            if tail.len() > TAIL * 4 {
                let from = tail.floor_char_boundary(tail.len() - TAIL);
                tail.drain(..from);
            }
        }
    })
}

fn answer(outcome: &Outcome) -> Value {
    json!({
        "exitCode": outcome.exit_code,
        "stdout": middle_out(&outcome.stdout),
        "stderr": middle_out(&outcome.stderr),
    })
}

/// The beginning and the end of a long text: errors stand at the end, headings at the beginning.
fn middle_out(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(TEXT / 2);
    let tail = text.ceil_char_boundary(text.len() - TEXT / 2);
    let gone = tail - head;
    format!("{}\n[… {gone} bytes are left out here …]\n{}", &text[..head], &text[tail..])
}

fn refusal(fault: SandboxError, seconds: u64, printed: &str) -> ToolError {
    let end = printed.floor_char_boundary(printed.len().saturating_sub(TAIL));
    let printed = match printed[end..].trim() {
        "" => " It had printed nothing.".into(),
        printed => format!(" The last it printed:\n{printed}"),
    };
    match fault {
        SandboxError::Off(reason) => errors::error(
            "unavailable",
            format!("Commands can't run here: the sandbox is off ({reason}). Go on without them and say so."),
        ),
        SandboxError::Timeout => errors::error(
            "timeout",
            format!(
                "The command was ended after {seconds} s. Make it do less at a time, or ask for more with \
                 timeoutSeconds (at most {MOST}).{printed}"
            ),
        ),
        SandboxError::Cancelled => errors::error("cancelled", format!("The command was stopped.{printed}")),
        SandboxError::Full => errors::failed(format!(
            "The command was ended: the work folder is full. Remove files from /work, or write less.{printed}"
        )),
        SandboxError::Memory => errors::failed(format!(
            "The command was ended: it used more memory than it may. Work on smaller parts.{printed}"
        )),
        SandboxError::Start(fault) => {
            tracing::error!(%fault, "a sandbox could not start");
            errors::failed(format!("The sandbox could not start: {fault}. Trying once more may help."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_keeps_both_ends() {
        let text = format!("head{}tail", "é".repeat(TEXT));
        let cut = middle_out(&text);
        assert!(cut.starts_with("head") && cut.ends_with("tail") && cut.contains("bytes are left out here"));
        assert!(cut.len() < TEXT + 100);
        assert_eq!(middle_out("short"), "short");
    }

    #[test]
    fn the_end_of_the_output_stands_in_the_refusal() {
        let printed = format!("{}last words", "ü".repeat(5_000));
        let refusal = refusal(SandboxError::Timeout, 60, &printed);
        assert_eq!(refusal.code, "timeout");
        assert!(refusal.message.ends_with("last words") && refusal.message.len() < 2_300);
    }
}
