//! How quick a model on this machine is: `speed DATA_DIR MODEL [THREADS]` prints rows for docs/PERFORMANCE.md.
//! Quiet machine, please.

use alumia_local::{
    LocalModel, Program, Settings,
    weights::{Shelf, Sources},
};
use alumia_models::{ModelEvent, ModelMessage, ModelRequest, Part, Provider as _, Role, ToolSpec};
use alumia_protocol::events::Usage;
use futures::StreamExt as _;
use serde_json::Value;
use std::{
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// One answer: until its first piece, in all, its text and what was counted.
async fn ask(
    local: &LocalModel,
    request: ModelRequest,
) -> Result<(Duration, Duration, String, Usage), Box<dyn Error>> {
    let (asked, mut first, mut text, mut usage) = (Instant::now(), None, String::new(), Usage::default());
    let mut events = local.stream(request).await?;
    while let Some(event) = events.next().await {
        match event? {
            ModelEvent::Text(more) => {
                first.get_or_insert_with(|| asked.elapsed());
                text += &more;
            }
            ModelEvent::Usage(counted) => usage = counted,
            _ => {}
        }
    }
    Ok((first.unwrap_or_default(), asked.elapsed(), text, usage))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_dir, model, rest @ ..] = arguments.as_slice() else {
        return Err("speed DATA_DIR MODEL [THREADS]".into());
    };
    let threads = rest.first().map_or(Ok(0), |threads| threads.parse())?;
    let local = LocalModel::new(Settings {
        shelf: Shelf::of(Path::new(data_dir)),
        sources: Sources::default(),
        preferred: model.clone(),
        program: Program { path: std::env::current_exe()?.with_file_name("worker"), arguments: Vec::new() },
        threads,
        context: 0,
        idle: Duration::from_secs(600),
    });
    let kit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/kit.json"))?;
    let kit: Value = serde_json::from_str(&kit)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tool = |tool: &Value| ToolSpec {
        name: text(&tool["name"]),
        description: text(&tool["description"]),
        schema: tool["schema"].clone(),
    };
    let said = |role, said: &str| ModelMessage { role, parts: vec![Part::Text(said.to_owned())] };
    let mut request = ModelRequest {
        model: model.clone(),
        brief: text(&kit["brief"]),
        tools: kit["tools"].as_array().into_iter().flatten().map(tool).collect(),
        messages: vec![said(Role::User, "Explain what a glacier is.")],
        ..ModelRequest::default()
    };
    println!("| {model} | figure |\n| --- | --- |");
    let mut turn = "cold";
    for then in ["And what is a moraine?", "How old is the oldest ice on Earth?", ""] {
        let (first, all, answer, usage) = ask(&local, request.clone()).await?;
        #[expect(clippy::cast_precision_loss, reason = "a handful of tokens")]
        let speed = usage.output_tokens as f64 / (all - first).as_secs_f64();
        let read = usage.input_tokens - usage.cached_tokens;
        println!(
            "| {turn}: first piece | {:.1} s, {read} of {} tokens read; then {speed:.1} tokens/s |",
            first.as_secs_f64(),
            usage.input_tokens
        );
        turn = "warm";
        request.messages.extend([said(Role::Assistant, &answer), said(Role::User, then)]);
    }
    let pid = local.process_id().await.ok_or("the process is gone")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    println!("| resident | {} |", resident.trim_start_matches("VmRSS:").trim());
    Ok(())
}
