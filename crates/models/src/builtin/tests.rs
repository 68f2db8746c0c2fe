//! The guide in conversation: each answer's calls are answered as the engine would, until it ends.

use super::*;
use crate::Role;
use alumia_protocol::dataspec::{ChartKind, DataSpec};
use futures::StreamExt;
use serde_json::{Value, json};
use std::process::Command;

const TOOLS: [&str; 5] = ["file_list", "file_read", "sandbox_exec", "data_block", "http_fetch"];

/// What a fake tool answers: content, and whether it is an error.
type Answers<'a> = &'a dyn Fn(&str, &Value) -> (String, bool);

/// A finished conversation: all text of the turn, and each call's tool and arguments.
struct Story {
    text: String,
    calls: Vec<(String, Value)>,
    messages: Vec<ModelMessage>,
}

impl Story {
    fn tools(&self) -> Vec<&str> {
        self.calls.iter().map(|(tool, _)| tool.as_str()).collect()
    }

    fn specs(&self) -> Vec<DataSpec> {
        let blocks = self.calls.iter().filter(|(tool, _)| tool == "data_block");
        blocks
            .map(|(_, arguments)| {
                let spec: DataSpec = serde_json::from_value(arguments["spec"].clone()).unwrap();
                spec.check().unwrap();
                spec
            })
            .collect()
    }
}

fn user(text: &str) -> ModelMessage {
    ModelMessage { role: Role::User, parts: vec![Part::Text(text.into())] }
}

fn request(messages: &[ModelMessage], tools: &[&str]) -> ModelRequest {
    let spec = |name: &&str| ToolSpec {
        name: (*name).into(),
        description: String::new(),
        schema: json!({ "type": "object", "required": ["title"], "properties": { "title": { "type": "string" } } }),
    };
    ModelRequest {
        model: MODEL_ID.into(),
        messages: messages.to_vec(),
        tools: tools.iter().map(spec).collect(),
        ..ModelRequest::default()
    }
}

/// One answer: its text and its calls (id, name, arguments), checked for the protocol on the way.
async fn answer(request: ModelRequest) -> (String, Vec<(String, String, String)>) {
    let guide = Builtin::with_pace(Duration::ZERO);
    let events: Vec<_> = guide.stream(request).await.unwrap().map(Result::unwrap).collect().await;
    let (mut text, mut calls, mut streamed) = (String::new(), vec![], String::new());
    for event in &events {
        match event {
            ModelEvent::Text(piece) => text.push_str(piece),
            ModelEvent::ToolCallDelta { arguments, .. } => streamed.push_str(arguments),
            ModelEvent::ToolCall { id, name, arguments, .. } => {
                assert_eq!(&std::mem::take(&mut streamed), arguments);
                calls.push((id.clone(), name.clone(), arguments.clone()));
            }
            ModelEvent::Usage(usage) => assert!(usage.input_tokens > 0 && usage.output_tokens > 0),
            _ => {}
        }
    }
    let reason = if calls.is_empty() { StopReason::End } else { StopReason::ToolCalls };
    assert_eq!(events.last(), Some(&ModelEvent::End(reason)));
    (text, calls)
}

/// Goes on with `messages` until an answer has no calls.
async fn play(mut messages: Vec<ModelMessage>, tools: &[&str], answers: Answers<'_>) -> Story {
    let (mut all, mut made) = (String::new(), vec![]);
    for _ in 0..12 {
        let (text, calls) = answer(request(&messages, tools)).await;
        all.push_str(&text);
        all.push('\n');
        let mut said = vec![Part::Text(text)];
        let mut results = vec![];
        for (id, name, arguments) in calls {
            assert!(tools.contains(&name.as_str()), "called {name}, which is off");
            let arguments = serde_json::from_str(&arguments).unwrap_or(Value::String(arguments));
            let (content, is_error) = answers(&name, &arguments);
            results.push(Part::ToolResult { id: id.clone(), name: name.clone(), content, is_error });
            said.push(Part::ToolCall { id, name: name.clone(), arguments: arguments.clone() });
            made.push((name, arguments));
        }
        messages.push(ModelMessage { role: Role::Assistant, parts: said });
        if results.is_empty() {
            return Story { text: all, calls: made, messages };
        }
        messages.push(ModelMessage { role: Role::Tool, parts: results });
    }
    panic!("the guide never ends: {all}");
}

fn sample() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../platform/src/sample/mauna-loa-co2.csv");
    std::fs::read_to_string(path).unwrap()
}

/// Tools that work: the sample file, and a real Python.
fn working(tool: &str, arguments: &Value) -> (String, bool) {
    let answer = match tool {
        "file_list" => json!([{ "path": DATA_FILE, "size": 15_000, "isDir": false }]),
        "file_read" => json!({ "path": arguments["path"], "content": sample() }),
        "sandbox_exec" => {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../platform/src/sample/");
            let command = arguments["command"].as_str().unwrap().replace("/project/", folder);
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            json!({
                "exitCode": output.status.code(),
                "stdout": String::from_utf8(output.stdout).unwrap(),
                "stderr": String::from_utf8(output.stderr).unwrap(),
            })
        }
        _ => json!({ "blockId": "b" }),
    };
    (answer.to_string(), false)
}

#[tokio::test]
async fn the_tour_shows_what_the_sandbox_computed() {
    let story = play(vec![user(TOUR)], &TOOLS, &working).await;
    assert_eq!(
        story.tools(),
        ["file_list", "file_read", "sandbox_exec", "data_block", "data_block", "data_block"]
    );
    let specs = story.specs();
    let DataSpec::Chart(chart) = &specs[0] else { panic!("{:?}", specs[0]) };
    assert_eq!(chart.kind, ChartKind::Line);
    assert_eq!(chart.labels.len(), 61);
    // The year 1959 as its own twelve rows of the file say, without the script.
    let of_1959: Vec<f64> = sample()
        .lines()
        .filter(|line| line.starts_with("1959-"))
        .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
        .collect();
    #[allow(clippy::cast_precision_loss)]
    let mean = of_1959.iter().sum::<f64>() / of_1959.len() as f64;
    assert!((chart.series[0].values[0].unwrap() - mean).abs() < 0.006);
    let DataSpec::Table(table) = &specs[1] else { panic!("{:?}", specs[1]) };
    assert_eq!(table.rows.len(), 6);
    let DataSpec::Markdown(note) = &specs[2] else { panic!("{:?}", specs[2]) };
    assert!(
        note.text.contains("741 monthly values") && note.text.contains("highest in May"),
        "{}",
        note.text
    );
    assert!(story.text.contains("not a language model") && story.text.contains("Things to try next"));
}

/// The tools, with those for a second agent.
const WITH_PEERS: [&str; 6] =
    ["file_list", "file_read", "sandbox_exec", "data_block", "spawn_agent", "check_messages"];

#[tokio::test]
async fn the_tour_compares_what_a_second_agent_found() {
    let alone = play(vec![user(TOUR)], &WITH_PEERS, &working).await;
    let tools = alone.tools();
    assert_eq!(tools[4..], ["data_block", "data_block", "spawn_agent", "check_messages"]);
    assert!(alone.text.contains("hasn't answered yet"), "{}", alone.text);

    // What it is asked reaches it with a label, and its last words come back with one.
    let label = |words: &str| format!("<peer_message from=\"Ala\">\n{words}\n</peer_message>");
    let task = alone.calls[6].1["task"].as_str().unwrap();
    let asked = vec![user(&label(task))];
    assert!(is_tour(&asked) && is_tour(&alone.messages) && !is_tour(&[user("hello")]));
    let second = play(asked, &WITH_PEERS, &working).await;
    assert_eq!(second.tools(), ["sandbox_exec"]);
    let words = second.text.lines().skip(1).collect::<Vec<_>>().join("\n");
    assert!(words.starts_with("1959: 316.0 ppm"), "{words}");

    let before = alone.messages.len() - 1;
    let told = |words: &str| {
        let mut messages = alone.messages[..before].to_vec();
        messages.push(user(&label(&format!("I am done. My last words:\n\n{words}"))));
        play(messages, &WITH_PEERS, &working)
    };
    let (same, other) = (told(&words).await, told("1959: 400.0 ppm").await);
    assert!(same.calls.is_empty() && same.text.contains("came to the same ends"), "{}", same.text);
    assert!(other.text.contains("something else: I am done."), "{}", other.text);
    assert!(same.text.contains("Things to try next"));

    let refused = play(vec![user(TOUR)], &WITH_PEERS, &|tool, arguments| match tool {
        "spawn_agent" => ("{\"error\":{\"message\":\"No.\"}}".into(), true),
        _ => working(tool, arguments),
    });
    let refused = refused.await;
    assert!(!refused.tools().contains(&"check_messages") && !refused.text.contains("second agent came"));
}

#[tokio::test]
async fn no_number_of_the_tour_is_its_own() {
    let other = |tool: &str, arguments: &Value| match tool {
        "sandbox_exec" => {
            let found = json!({
                "rows": 24, "first_month": "1801-01", "last_month": "1802-12", "years": [1801, 1802],
                "means": [1.25, 2.5], "pace": [1.0, 1.5], "pace_years": [1801, 1802],
                "decades": [{ "decade": "1800s", "mean": 1.9, "growth": 1.25, "years": 2 }],
                "high_month": 1, "low_month": 2, "swing": 0.5
            });
            (json!({ "exitCode": 0, "stdout": format!("read\n{found}\n"), "stderr": "" }).to_string(), false)
        }
        _ => working(tool, arguments),
    };
    let story = play(vec![user(TOUR)], &TOOLS, &other).await;
    let blocks: String = story.calls[3..].iter().map(|(_, arguments)| arguments.to_string()).collect();
    assert!(blocks.contains("1801") && blocks.contains("January"));
    for number in ["315", "411", "1959", "2019", "741"] {
        assert!(!blocks.contains(number), "{number} in {blocks}");
    }
}

#[tokio::test]
async fn without_a_sandbox_the_tour_says_so_and_goes_on() {
    let off = |tool: &str, arguments: &Value| match tool {
        "sandbox_exec" => ("The sandbox is off: bubblewrap is missing.".to_owned(), true),
        _ => working(tool, arguments),
    };
    let broken = |tool: &str, arguments: &Value| match tool {
        "sandbox_exec" => {
            (json!({ "exitCode": 127, "stdout": "", "stderr": "python3: not found" }).to_string(), false)
        }
        _ => working(tool, arguments),
    };
    let failing = play(vec![user(TOUR)], &TOOLS, &off).await;
    assert!(failing.text.contains("bubblewrap is missing"), "{}", failing.text);
    let missing = play(vec![user(TOUR)], &TOOLS, &broken).await;
    assert!(missing.text.contains("exit code 127: python3: not found"), "{}", missing.text);
    let disabled = play(vec![user(TOUR)], &["file_list", "file_read", "data_block"], &working).await;
    assert!(disabled.text.contains("switched off for this agent"), "{}", disabled.text);
    for story in [failing, missing, disabled] {
        let specs = story.specs();
        assert!(matches!(specs[..], [DataSpec::Chart(_), DataSpec::Table(_)]), "{specs:?}");
        assert!(story.text.contains("Things to try next"));
    }
}

#[tokio::test]
async fn an_interrupted_command_runs_again_once() {
    let times = std::cell::Cell::new(0);
    let story = play(vec![user(TOUR)], &TOOLS, &|tool, arguments| match tool {
        "sandbox_exec" => {
            times.set(times.get() + 1);
            ("interrupted, outcome unknown".to_owned(), true)
        }
        _ => working(tool, arguments),
    })
    .await;
    assert_eq!(times.get(), 2);
    assert!(story.text.contains("interrupted before it could answer"));
}

#[tokio::test]
async fn every_failure_ends_in_a_plain_answer() {
    for broken in TOOLS {
        for content in ["", "no", "{\"error\":{\"code\":\"failed\",\"message\":\"Disk full.\"}}"] {
            let story = play(vec![user(TOUR)], &TOOLS, &|tool, arguments| {
                if tool == broken { (content.to_owned(), true) } else { working(tool, arguments) }
            })
            .await;
            assert!(!story.text.trim().is_empty());
        }
        let others: Vec<_> = TOOLS.into_iter().filter(|tool| *tool != broken).collect();
        play(vec![user(TOUR)], &others, &working).await;
    }
    let elsewhere = play(vec![user(TOUR)], &TOOLS, &|_, _| ("[]".into(), false)).await;
    assert!(elsewhere.text.contains("no `mauna-loa-co2.csv`"), "{}", elsewhere.text);
}

#[tokio::test]
async fn the_same_messages_give_the_same_answer_at_every_point() {
    let story = play(vec![user("help"), user(TOUR)], &TOOLS, &working).await;
    for cut in 1..story.messages.len() {
        if story.messages[cut].role != Role::Assistant {
            continue;
        }
        let (text, calls) = answer(request(&story.messages[..cut], &TOOLS)).await;
        assert!(matches!(&story.messages[cut].parts[0], Part::Text(said) if *said == text));
        assert_eq!(calls.len(), story.messages[cut].parts.len() - 1);
    }
}

#[tokio::test]
async fn commands_do_what_they_say() {
    let run = play(vec![user("run echo a")], &TOOLS, &working).await;
    assert_eq!(run.tools(), ["sandbox_exec"]);
    assert!(run.text.contains("```text\na\n```"), "{}", run.text);

    let wrong = play(vec![user("run exit 3")], &TOOLS, &working).await;
    assert!(wrong.text.contains("exit code 3"), "{}", wrong.text);

    let list = play(vec![user("list files")], &TOOLS, &working).await;
    assert!(list.text.contains("- `mauna-loa-co2.csv`, 15000 bytes"), "{}", list.text);

    let note = play(vec![user("note: # Plan\n- one")], &TOOLS, &working).await;
    assert_eq!(note.calls[0].1["title"], "Plan");
    assert!(matches!(&note.specs()[0], DataSpec::Markdown(note) if note.text == "# Plan\n- one"));

    for (ask, tools) in [
        ("chart mauna-loa-co2.csv", vec!["file_read", "data_block"]),
        ("table mauna-loa-co2.csv", vec!["file_read", "data_block"]),
    ] {
        let story = play(vec![user(ask)], &TOOLS, &working).await;
        assert_eq!(story.tools(), tools);
        assert_eq!(story.specs().len(), 1);
    }

    let denied = play(vec![user("fetch https://example.com")], &TOOLS, &|_, _| {
        (json!({ "code": "denied", "message": "The person did not allow it." }).to_string(), true)
    })
    .await;
    assert!(denied.text.contains("The person did not allow it."), "{}", denied.text);

    let off = play(vec![user("fetch https://example.com")], &["data_block"], &working).await;
    assert!(off.text.contains("switched off") && off.calls.is_empty(), "{}", off.text);

    let count = play(vec![user("count to 12")], &TOOLS, &working).await;
    assert_eq!(count.text.trim(), "1 2 3 4 5 6 7 8 9 10 11 12");
}

#[tokio::test]
async fn anything_else_gets_the_label_and_the_way_to_a_real_model() {
    for ask in ["What is the meaning of life?", "", "help"] {
        let story = play(vec![user(ask)], &TOOLS, &working).await;
        assert!(story.calls.is_empty());
        for part in ["not a language model", "show me around", "[[providers]]"] {
            assert!(story.text.contains(part), "{part}");
        }
    }
}

#[tokio::test]
async fn a_malformed_call_goes_out_as_written_and_is_corrected_once() {
    let messages = vec![user("call data_block {\"title\": 5,,}")];
    let story = play(messages, &TOOLS, &|_, arguments| match arguments["title"].as_str() {
        None => (
            json!({ "code": "invalid_arguments", "message": "expected value at column 13" }).to_string(),
            true,
        ),
        Some(_) => (json!({ "blockId": "b" }).to_string(), false),
    })
    .await;
    assert_eq!(story.calls[0].1, json!("{\"title\": 5,,}"));
    assert_eq!(story.calls[1].1, json!({ "title": "example" }));
    assert!(story.text.contains("expected value at column 13"));

    let stubborn =
        play(vec![user("call data_block {}")], &TOOLS, &|_, _| ("invalid_arguments".into(), true)).await;
    assert_eq!(stubborn.calls.len(), 2);
    assert!(stubborn.text.contains("failed"));
}

#[tokio::test]
async fn a_message_that_joins_is_answered_too_and_one_after_a_stop_alone() {
    let first = play(vec![user(TOUR)], &TOOLS, &working).await;
    // It joins after the first step's result.
    let mut messages = first.messages[..3].to_vec();
    messages.push(user("run echo joined"));
    let joined = play(messages, &TOOLS, &working).await;
    assert_eq!(joined.tools().last(), Some(&"sandbox_exec"));
    assert_eq!(joined.tools().len(), 6);
    assert!(joined.text.contains("Things to try next") && joined.text.contains("joined"));

    let mut messages = first.messages[..2].to_vec();
    let Part::ToolCall { id, name, .. } = &messages[1].parts[1] else { panic!() };
    let stopped = Part::ToolResult {
        id: id.clone(),
        name: name.clone(),
        content: "cancelled by the person".into(),
        is_error: true,
    };
    messages.push(ModelMessage { role: Role::Tool, parts: vec![stopped] });
    messages.push(user("list files"));
    assert_eq!(play(messages, &TOOLS, &working).await.tools(), ["file_list"]);
}

#[tokio::test]
async fn dropping_the_stream_ends_it_and_its_pieces_are_words() {
    let guide = Builtin::new();
    let mut stream = guide.stream(request(&[user("count to 500")], &TOOLS)).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), ModelEvent::Text("1 ".into()));
    let started = std::time::Instant::now();
    assert_eq!(stream.next().await.unwrap().unwrap(), ModelEvent::Text("2 ".into()));
    assert!(started.elapsed() >= Duration::from_millis(45));
    drop(stream);
    assert_eq!(words(" a  b\nc").collect::<Vec<_>>(), [" ", "a  ", "b\n", "c"]);
    assert_eq!(words("ä ö").collect::<String>(), "ä ö");
    for text in ["", "ä", &"ä".repeat(3_000)] {
        assert_eq!(pieces(text).concat(), *text);
        assert!(pieces(text).len() <= ARGUMENT_PIECES);
    }
}

#[tokio::test]
async fn another_model_is_refused() {
    let wrong = ModelRequest { model: "gpt".into(), ..ModelRequest::default() };
    assert!(matches!(Builtin::new().stream(wrong).await, Err(ModelError::Malformed { .. })));
}
