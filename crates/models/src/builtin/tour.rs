//! The tour of the sample project: a real file, a real computation, real blocks, a second agent. Every number in it is
//! taken from what the tools answered.

use super::{
    calls::{self, CHECK_MESSAGES, DATA_BLOCK, FILE_LIST, FILE_READ, NewCall, SANDBOX_EXEC, SPAWN_AGENT},
    conversation::{Call, Step},
    csv_view,
    findings::Findings,
    play::{Kit, Move},
    results,
    second_opinion::SECOND_OPINION,
};
use std::fmt::Write as _;

/// The sample project's data file, at the top of its folder.
pub const DATA_FILE: &str = "mauna-loa-co2.csv";
/// What the sandbox computes with; Python's standard library only.
const SCRIPT: &str = include_str!("tour.py");

/// Seconds that the second agent is waited for.
const PATIENCE: u32 = 30;

/// The next move of the tour; `told` is what other agents said since it began.
pub fn next(steps: &[Step<'_>], told: &[&str], kit: Kit<'_>) -> Move {
    let calls = || steps.iter().flatten();
    let last_of = |tool: &str| calls().rfind(|call| call.name == tool);

    let Some(listing) = last_of(FILE_LIST) else { return open(kit) };
    let Some(reading) = last_of(FILE_READ) else { return read_file(listing, kit) };
    let Some(file) = reading.success().map(|content| results::text(content, &["content", "text"])) else {
        return Move::done(format!(
            "I couldn't read `{DATA_FILE}`: {}\n\nThe tour needs that file. You can add any CSV to this \
             project's files and ask me for `chart <file.csv>` or `table <file.csv>` instead.",
            results::reason(reading.failure().unwrap_or_default())
        ));
    };
    if !calls().any(|call| call.name == DATA_BLOCK) {
        let runs: Vec<_> = calls().filter(|call| call.name == SANDBOX_EXEC).collect();
        return match runs.last() {
            None if kit.has(SANDBOX_EXEC) => compute(&file),
            None => without_sandbox(&file, "The sandbox tool is switched off for this agent.", kit),
            // A restart may cut a command short; it only reads, so it can run again.
            Some(run) if runs.len() == 1 && was_interrupted(run) => Move::act(
                "The command was interrupted before it could answer. It only reads, so I run it again.",
                [calls::sandbox_exec(&script())],
            ),
            Some(run) => match Findings::of(run) {
                Ok(findings) => chart(&findings, kit),
                Err(reason) => without_sandbox(&file, &reason, kit),
            },
        };
    }
    let blocks = calls().filter(|call| call.name == DATA_BLOCK).count();
    let findings = last_of(SANDBOX_EXEC).and_then(|run| Findings::of(run).ok());
    let asked = last_of(SPAWN_AGENT).is_some_and(|call| call.success().is_some());
    match findings {
        Some(findings) if blocks == 1 => table_and_note(&findings, kit),
        Some(_) if asked && last_of(CHECK_MESSAGES).is_none() => Move::act(
            "It works in a session of its own, which has its own node on the canvas. I wait for its answer; a turn that \
             waits costs nothing.",
            [calls::check_messages(PATIENCE)],
        ),
        findings => close(steps, findings.as_ref(), asked.then_some(told)),
    }
}

fn open(kit: Kit<'_>) -> Move {
    let intro = "Welcome to Alumia. I'm the built-in guide: a fixed program, not a language model, but \
                 everything I do here runs through the same engine that a model would use.\n\nI'll take a \
                 real data set from this project, compute with it in a sandbox and put the results on the \
                 canvas. First, a look at the project's files.";
    if kit.has(FILE_LIST) {
        Move::act(intro, [calls::file_list()])
    } else {
        Move::done(format!(
            "{intro}\n\nThat is where it ends for now: the file tools are switched off for this agent. \
             Switch them on and ask me again."
        ))
    }
}

fn read_file(listing: &Call<'_>, kit: Kit<'_>) -> Move {
    let files = listing.success().and_then(results::listing);
    let there = files.as_ref().is_none_or(|files| files.iter().any(|(path, ..)| path == DATA_FILE));
    if !there {
        return Move::done(format!(
            "This project has no `{DATA_FILE}`, the sample project's data file, so there is nothing to tour \
             here. Open the sample project, or add a CSV file and ask me for `chart <file.csv>` or \
             `table <file.csv>`."
        ));
    }
    if !kit.has(FILE_READ) {
        return Move::done("The file is there, but reading files is switched off for this agent.");
    }
    let size = files.and_then(|files| files.into_iter().find(|(path, ..)| path == DATA_FILE));
    let size = size.map(|(_, bytes, _)| format!(" ({} KB)", bytes.div_ceil(1024))).unwrap_or_default();
    Move::act(
        format!(
            "There is `{DATA_FILE}`{size}: carbon dioxide in the air at Mauna Loa, Hawaii, measured by the \
             Scripps CO2 Program. I read it to see its columns."
        ),
        [calls::file_read(DATA_FILE)],
    )
}

fn script() -> String {
    format!("python3 - <<'PYTHON'\n{SCRIPT}PYTHON\n")
}

fn compute(file: &str) -> Move {
    let shape = csv_view::Rows::read(file).ok().and_then(|rows| {
        let columns = rows.columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (first, last) = (rows.rows.first()?.first()?, rows.rows.last()?.first()?);
        Some(format!(" {columns}; from {first} to {last}."))
    });
    Move::act(
        format!(
            "The columns:{} Next, Python in the session's sandbox: yearly means, the pace of each decade and \
             the yearly swing. It has no network and sees the project's files read-only. Open the call on \
             the canvas to read its arguments and live output.",
            shape.unwrap_or_else(|| " month, measured and adjusted value.".into())
        ),
        [calls::sandbox_exec(&script())],
    )
}

fn was_interrupted(run: &Call<'_>) -> bool {
    run.failure().is_some_and(|content| content.to_lowercase().contains("interrupted"))
}

fn chart(findings: &Findings, kit: Kit<'_>) -> Move {
    let text = format!(
        "{} months are now {} yearly means: {} ppm in {}, {} ppm in {}.",
        findings.rows,
        findings.years.len(),
        findings.first_mean(),
        findings.first_year(),
        findings.last_mean(),
        findings.last_year()
    );
    if !kit.has(DATA_BLOCK) {
        return Move::done(format!(
            "{text}\n\nI would put them on the canvas now, but the block tool is switched off for this agent."
        ));
    }
    Move::act(
        format!("{text} The chart sets them against the pace of the first twenty years."),
        [calls::data_block("Carbon dioxide at Mauna Loa", &findings.chart())],
    )
}

fn table_and_note(findings: &Findings, kit: Kit<'_>) -> Move {
    let mut text = String::from("Now the decades as a table, and a note with what stands out.");
    let mut all = vec![
        calls::data_block("Growth by decade", &findings.table()),
        calls::data_block("What the record shows", &findings.note()),
    ];
    if kit.has(SPAWN_AGENT) && kit.has(CHECK_MESSAGES) {
        text += " And a second opinion: another agent computes the ends of the chart its own way.";
        all.push(calls::spawn_agent("Second opinion", SECOND_OPINION));
    }
    text += " These calls run at the same time.";
    Move::act(text, all)
}

/// What the second agent's answer comes to.
fn compared(findings: &Findings, told: &[&str]) -> String {
    let Some(words) = told.last() else {
        return "The second agent hasn't answered yet; its node on the canvas says what it is at.".into();
    };
    let (first, last) = (findings.first_mean(), findings.last_mean());
    if words.contains(&format!("{first} ppm")) && words.contains(&format!("{last} ppm")) {
        format!("The second agent came to the same ends of the chart: {first} and {last} ppm.")
    } else {
        format!("The second agent says something else: {}", results::shorten(words, 300))
    }
}

fn without_sandbox(file: &str, reason: &str, kit: Kit<'_>) -> Move {
    let mut text = format!("The computation could not run. {reason}");
    let rows = match csv_view::Rows::read(file) {
        Ok(rows) if kit.has(DATA_BLOCK) => rows,
        _ => {
            text.push_str(" Without it there is nothing that I could put on the canvas.");
            return Move::done(text);
        }
    };
    text.push_str(
        " So I go on with what the file says by itself: its measurements as a chart, and its rows.",
    );
    let mut blocks: Vec<NewCall> = vec![];
    if let Ok(chart) = rows.chart() {
        blocks.push(calls::data_block("Carbon dioxide at Mauna Loa, as measured", &chart));
    }
    blocks.push(calls::data_block("The latest measurements", &rows.last(12).table()));
    Move::act(text, blocks)
}

fn close(steps: &[Step<'_>], findings: Option<&Findings>, told: Option<&[&str]>) -> Move {
    let blocks: Vec<_> = steps.iter().flatten().filter(|call| call.name == DATA_BLOCK).collect();
    let failed: Vec<_> = blocks.iter().filter_map(|call| call.failure()).collect();
    let mut text = match (failed.first(), findings.is_some()) {
        (None, true) => "Done: a chart, a table and a note are on the canvas, each made from the output of \
                         the command that just ran."
            .to_owned(),
        (None, false) => "Done: what the file says by itself is on the canvas.".to_owned(),
        (Some(reason), _) => format!(
            "{} of {} blocks could not be made: {}",
            failed.len(),
            blocks.len(),
            results::reason(reason)
        ),
    };
    if let (Some(findings), Some(told)) = (findings, told) {
        let _ = write!(text, "\n\n{}", compared(findings, told));
    }
    let _ = write!(
        text,
        "\n\nThings to try next:\n\n\
         - Drag the blocks, resize them, sort the table.\n\
         - `table {DATA_FILE}` for the raw rows, or `run python3 --version` for a command of your own.\n\
         - Close this tab in the middle of a turn and come back: the turn goes on without you.\n\
         - Connect a language model and ask Ala your own questions. `help` says how.\n\n\
         Data: Scripps CO2 Program, CC BY 4.0."
    );
    Move::done(text)
}
