//! The evaluation: tasks that a model is given with the real tools, each looked at for what came out.
//!
//! `eval --data-dir DIR [--tasks FILE] [--config FILE] [--model ID]… [--only WORD] [--verbose]`. Without `--model`
//! every installed model of this machine is asked, the one for embeddings too, and the default one of every provider that
//! is configured.

mod passages;
mod report;
mod run;
mod tasks;

use alumia_local::{
    LocalEmbedder, LocalModel, Program, Settings,
    weights::{Shelf, Sources},
};
use alumia_models::{
    Embedder as _, Provider, builtin,
    config::{ProviderConfig, providers},
};
use alumia_protocol::models::CatalogModel;
use serde::Deserialize;
use std::{error::Error, path::PathBuf, sync::Arc, time::Duration};

#[derive(Default)]
struct Options {
    data_dir: PathBuf,
    tasks: Option<PathBuf>,
    config: Option<PathBuf>,
    models: Vec<String>,
    only: String,
    verbose: bool,
}

#[derive(Deserialize)]
struct Configured {
    #[serde(default)]
    providers: Vec<ProviderConfig>,
}

type Asked = (Arc<dyn Provider>, CatalogModel);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("eval");
    let tasks = tasks::read(options.tasks.as_deref().unwrap_or(&folder.join("tasks.toml")))?;
    let tasks: Vec<_> = tasks
        .into_iter()
        .filter(|task| task.ask.contains(&options.only) || task.group.contains(&options.only))
        .collect();
    let kit = tasks::kit(&folder.join("kit.json"))?;
    let embedder = LocalEmbedder::new(settings(&options)?).filter(|embedder| {
        let wanted = options.models.is_empty() || options.models.iter().any(|id| id == embedder.model());
        wanted && options.only.is_empty() && embedder.unavailable().is_none()
    });
    if let Some(embedder) = &embedder {
        println!("{}", passages::markdown(embedder, &folder.join("passages.toml")).await?);
    }
    let asked = asked(&options)?;
    if asked.is_empty() && embedder.is_none() {
        return Err("there is no model to ask: install one with `alumia model install`".into());
    }
    for (provider, model) in asked {
        eprintln!("{}/{}: {} tasks", model.provider, model.id, tasks.len());
        let mut results = Vec::new();
        for task in &tasks {
            let result = run::run(&*provider, &model.id, &kit, task, &folder.join("files")).await;
            eprintln!("{} {}", if result.failure.is_none() { "ok  " } else { "FAIL" }, task.ask);
            if options.verbose {
                result.told.iter().for_each(|line| eprintln!("     {line}"));
            }
            if let Some(failure) = &result.failure {
                eprintln!("     {failure}");
            }
            results.push((task, result));
        }
        println!("{}", report::markdown(&model, &results));
    }
    Ok(())
}

fn options() -> Result<Options, String> {
    let mut options = Options { data_dir: "data".into(), ..Options::default() };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--verbose" {
            options.verbose = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--data-dir" => options.data_dir = value.into(),
            "--tasks" => options.tasks = Some(value.into()),
            "--config" => options.config = Some(value.into()),
            "--model" => options.models.push(value),
            "--only" => options.only = value,
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok(options)
}

/// How models of this machine run.
fn settings(options: &Options) -> std::io::Result<Settings> {
    let program = std::env::current_exe()?.with_file_name("worker");
    Ok(Settings {
        shelf: Shelf::of(&options.data_dir),
        sources: Sources::default(),
        preferred: String::new(),
        program: Program { path: program, arguments: Vec::new() },
        threads: 0,
        context: 0,
        idle: Duration::from_secs(600),
    })
}

/// Who is asked, in the order of the catalog.
fn asked(options: &Options) -> Result<Vec<Asked>, Box<dyn Error>> {
    let local = LocalModel::new(settings(options)?);
    let configured = match &options.config {
        Some(path) => toml::from_str::<Configured>(&std::fs::read_to_string(path)?)?.providers,
        None => Vec::new(),
    };
    let mut all: Vec<Asked> = Vec::new();
    for (provider, models) in providers(configured)? {
        let usable =
            models.into_iter().filter(|model| model.available && model.provider != builtin::PROVIDER_ID);
        let usable = usable.take(if options.models.is_empty() { 1 } else { usize::MAX });
        all.extend(usable.map(|model| (provider.clone(), model)));
    }
    let here: Arc<dyn Provider> = Arc::new(local.clone());
    let installed = |model: &CatalogModel| local.unavailable(&model.id).is_none();
    all.extend(local.models().into_iter().filter(installed).map(|model| (here.clone(), model)));
    all.retain(|(_, model)| options.models.is_empty() || options.models.contains(&model.id));
    Ok(all)
}
