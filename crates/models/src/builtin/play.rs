//! What the guide does next: a pure function of the turn so far.

use super::{
    calls::{self, DATA_BLOCK, FILE_LIST, FILE_READ, HTTP_FETCH, NewCall, SANDBOX_EXEC},
    command::{self, Command},
    conversation::{Call, Step, Turn},
    csv_view::Rows,
    raw_call, results, second_opinion, tour,
};
use crate::ToolSpec;
use alumia_protocol::dataspec::{DataSpec, Markdown};
use std::{fmt::Write as _, time::Duration};

/// What one answer says and asks for. Without calls the turn ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Move {
    pub text: String,
    pub calls: Vec<NewCall>,
    /// Time between two pieces of text, where it isn't the usual one.
    pub pace: Option<Duration>,
}

impl Move {
    pub fn act(text: impl Into<String>, calls: impl Into<Vec<NewCall>>) -> Self {
        Self { text: text.into(), calls: calls.into(), pace: None }
    }

    pub fn done(text: impl Into<String>) -> Self {
        Self::act(text, [])
    }
}

/// The tools that the agent may use now.
#[derive(Clone, Copy)]
pub struct Kit<'a>(pub &'a [ToolSpec]);

impl<'a> Kit<'a> {
    pub fn has(self, tool: &str) -> bool {
        self.get(tool).is_some()
    }

    pub fn get(self, tool: &str) -> Option<&'a ToolSpec> {
        self.0.iter().find(|spec| spec.name == tool)
    }
}

/// The next move of a turn. Messages that joined it are answered one after the other; to the tour, what its second
/// agent says is a part of it.
pub fn next(turn: &Turn<'_>, kit: Kit<'_>) -> Move {
    let mut said = String::new();
    let mut steps = turn.steps.as_slice();
    let mut commands: Vec<_> = turn.asks.iter().map(|ask| command::parse(ask)).collect();
    let mut told = Vec::new();
    if commands.first() == Some(&Command::Tour) {
        commands.retain(|command| match command {
            Command::Told(words) => {
                told.push(*words);
                false
            }
            _ => true,
        });
    }
    let mut asks = commands.iter().peekable();
    while let Some(command) = asks.next() {
        let taken = (0..=steps.len())
            .map(|count| (count, answer(command, &steps[..count], &told, kit)))
            .find(|(count, step)| step.calls.is_empty() || *count == steps.len());
        let Some((count, mut step)) = taken else { break };
        if !said.is_empty() {
            step.text = format!("{said}\n\n{}", step.text);
        }
        if !step.calls.is_empty() || asks.peek().is_none() {
            return step;
        }
        // What ended this message's part was said along with the first calls of the next one's.
        said = step.text;
        steps = &steps[count..];
        if !steps.is_empty() {
            said.clear();
        }
    }
    Move::done(HELP)
}

fn answer(command: &Command<'_>, steps: &[Step<'_>], told: &[&str], kit: Kit<'_>) -> Move {
    let result = steps.last().and_then(|step| step.last());
    match *command {
        Command::Tour => tour::next(steps, told, kit),
        Command::SecondOpinion => second_opinion::next(result, kit),
        Command::Run(line) => match result {
            None => with_tool(kit, SANDBOX_EXEC, "I run that in the session's sandbox.", || {
                calls::sandbox_exec(line)
            }),
            Some(call) => Move::done(ran(call)),
        },
        Command::Fetch(url) => match result {
            None => with_tool(
                kit,
                HTTP_FETCH,
                "I fetch that. It leaves this project, so you are asked first.",
                || calls::http_fetch(url),
            ),
            Some(call) => Move::done(match call.success() {
                Some(content) => {
                    let body = results::text(content, &["body", "text", "content"]);
                    format!("It answered. The beginning:\n\n{}", results::code_block(&body, 1_500))
                }
                None => sorry("That could not be fetched.", call),
            }),
        },
        Command::ListFiles => match result {
            None => with_tool(kit, FILE_LIST, "A look at the project's files.", calls::file_list),
            Some(call) => Move::done(listed(call)),
        },
        Command::Note(text) => match result {
            None => with_tool(kit, DATA_BLOCK, "I put that on the canvas.", || {
                let spec = DataSpec::Markdown(Markdown { text: text.to_owned() });
                let title = text.lines().next().unwrap_or_default().trim_start_matches('#').trim();
                calls::data_block(&results::shorten(title, 60), &spec)
            }),
            Some(call) => Move::done(made(call, "The note is on the canvas.")),
        },
        Command::Chart(path) => show_file(path, steps, kit, Rows::chart),
        Command::Table(path) => show_file(path, steps, kit, |rows| Ok(rows.table())),
        Command::Count(to) => count(to),
        Command::Call { tool, arguments } => raw_call::next(tool, arguments, steps, kit),
        Command::Told(words) => {
            let line = words.lines().next().unwrap_or_default();
            Move::done(format!("Noted: {}", results::shorten(line, 120)))
        }
        Command::Help => Move::done(format!("{LABEL}\n\n{HELP}")),
        Command::Unknown => Move::done(format!(
            "{LABEL} So I can't answer that. To get answers to free questions, connect a model (below); \
             until then, this is what I can do.\n\n{HELP}"
        )),
    }
}

pub fn with_tool(kit: Kit<'_>, tool: &str, text: &str, call: impl FnOnce() -> NewCall) -> Move {
    if kit.has(tool) {
        Move::act(text, [call()])
    } else {
        Move::done(format!(
            "That needs the tool `{tool}`, which is switched off for this agent. Switch it on and ask again."
        ))
    }
}

fn sorry(what: &str, call: &Call<'_>) -> String {
    format!("{what} {}", results::reason(call.failure().unwrap_or_default()))
}

fn made(call: &Call<'_>, what: &str) -> String {
    if call.success().is_some() { what.into() } else { sorry("The block could not be made.", call) }
}

fn ran(call: &Call<'_>) -> String {
    let Some(content) = call.success() else { return sorry("The command did not run to its end.", call) };
    let output = results::output(content);
    let mut text = match output.exit_code {
        Some(0) | None => "The command ended well.".to_owned(),
        Some(code) => format!("The command ended with exit code {code}."),
    };
    for (name, printed) in [("It printed", &output.stdout), ("On its error channel", &output.stderr)] {
        if !printed.trim().is_empty() {
            let _ = write!(text, "\n\n{name}:\n\n{}", results::code_block(printed, 2_000));
        }
    }
    text
}

fn listed(call: &Call<'_>) -> String {
    let Some(content) = call.success() else { return sorry("The files could not be listed.", call) };
    match results::listing(content) {
        None => format!("The project's files:\n\n{}", results::code_block(content, 2_000)),
        Some(entries) if entries.is_empty() => "The project has no files yet.".into(),
        Some(entries) => {
            let line = |(path, size, folder): &(String, u64, bool)| {
                if *folder { format!("- `{path}/`\n") } else { format!("- `{path}`, {size} bytes\n") }
            };
            let more = entries.len().saturating_sub(50);
            let mut text =
                format!("The project's files:\n\n{}", entries.iter().take(50).map(line).collect::<String>());
            if more > 0 {
                let _ = write!(text, "- and {more} more");
            }
            text
        }
    }
}

fn show_file(
    path: &str,
    steps: &[Step<'_>],
    kit: Kit<'_>,
    block: impl Fn(&Rows) -> Result<DataSpec, String>,
) -> Move {
    let call = |tool: &str| steps.iter().flatten().rfind(|call| call.name == tool);
    if let Some(call) = call(DATA_BLOCK) {
        return Move::done(made(call, "It is on the canvas."));
    }
    let Some(reading) = call(FILE_READ) else {
        return with_tool(kit, FILE_READ, &format!("I read `{path}`."), || calls::file_read(path));
    };
    let Some(content) = reading.success() else {
        return Move::done(sorry(&format!("I couldn't read `{path}`."), reading));
    };
    let file = results::text(content, &["content", "text"]);
    match Rows::read(&file).and_then(|rows| Ok((block(&rows)?, rows))) {
        Err(reason) => Move::done(format!("I can't show `{path}` that way. {reason}")),
        Ok((spec, rows)) => {
            let mut text = format!("{} rows, {} columns.", rows.rows.len(), rows.columns.len());
            if rows.left_out > 0 {
                let left_out = rows.left_out;
                let _ = write!(text, " I leave out the last {left_out}: a block shows the first 1,000.");
            }
            with_tool(kit, DATA_BLOCK, &text, || calls::data_block(path, &spec))
        }
    }
}

fn count(to: u32) -> Move {
    let to = to.min(5_000);
    let text = (1..=to).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    Move { pace: Some(Duration::from_millis(50)), ..Move::done(text) }
}

const LABEL: &str = "I'm the **built-in guide**, a small fixed program inside Alumia. I'm not a language \
                     model: I understand a handful of commands and nothing else.";

const HELP: &str = "| say | and I |
| --- | --- |
| `show me around` | tour the sample project: read a file, compute, chart, table, note, ask a second agent |
| `list files` | show what the project's folder holds |
| `chart <file.csv>` | draw a file's numbers |
| `table <file.csv>` | show a file's rows |
| `note: <text>` | put a note on the canvas |
| `run <shell command>` | run it in the sandbox and show its output |
| `fetch <url>` | fetch it from the web, after you allow it |
| `count to <n>` | count, slowly, to watch a stream |
| `call <tool> <json>` | call any tool with exactly these arguments |

**To connect a language model**, give the server a provider in `alumia.toml` and start it again:

```toml
[[providers]]
id = \"anthropic\"
api_key = \"…\"
```

Anthropic, OpenAI, Gemini and a dozen others work like that; for a local one (Ollama, vLLM, llama.cpp) add \
`dialect = \"openai\"`, its `base_url` and its `models`. Then pick the model on the agent's page.";
