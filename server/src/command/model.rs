//! `alumia model`: the weights of models that run on this machine.

use super::{Settings, print};
use crate::config::Config;
use alumia_local::weights::{self, Installing, KnownModel, Purpose, Shelf};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use std::{error::Error, fmt::Write as _, path::PathBuf};

#[derive(Subcommand)]
pub enum Command {
    /// Fetches a model's weights and checks them. Ended in the middle, it goes on where it was the next time.
    Install {
        /// The model; the one of the settings when absent.
        name: Option<String>,
        /// A file with the weights, instead of fetching them.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Does nothing when the settings name a provider.
        #[arg(long)]
        unless_provider: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Shows which models there are and which are installed.
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Removes a model's weights, and what an install that was ended has left.
    Remove {
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// What people should know before they rely on one.
pub const SMALL: &str = "small model on this machine: good for chat, extraction and single steps; connect a provider for long work";

/// Does what the command says.
pub async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Install { name, file, unless_provider, settings } => {
            let config = settings.load()?;
            if unless_provider && !config.providers.is_empty() {
                return Ok(());
            }
            let model = weights::find(name.as_deref().unwrap_or(&config.local_model.model))?;
            install(&config, model, file).await
        }
        Command::List { settings } => {
            print(&list(&shelf(&settings.load()?)?));
            Ok(())
        }
        Command::Remove { name, settings } => {
            let model = weights::find(&name)?;
            let removed = shelf(&settings.load()?)?.remove(model)?;
            let what = if removed { "is removed" } else { "was not installed" };
            print(&format!("{} {what}.\n", model.name));
            Ok(())
        }
    }
}

/// The store of the settings' data directory.
pub fn shelf(config: &Config) -> std::io::Result<Shelf> {
    Ok(Shelf::of(&std::path::absolute(&config.server.data_dir)?))
}

async fn install(
    config: &Config,
    model: &'static KnownModel,
    file: Option<PathBuf>,
) -> Result<(), Box<dyn Error>> {
    let shelf = shelf(config)?;
    let sources = config.local_model.sources(file);
    // Hidden where nobody watches.
    let bar = ProgressBar::new(model.bytes).with_style(ProgressStyle::with_template(
        "{msg} {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    )?);
    let mut shown = None;
    let installed = weights::install(&shelf, model, &sources, &mut |what, bytes| {
        if shown != Some(what) {
            shown = Some(what);
            let doing = match what {
                Installing::Fetching => "Fetching",
                Installing::Checking => "Checking",
            };
            bar.set_message(format!("{doing} {}", model.name));
            bar.set_position(bytes);
            bar.reset_eta();
        }
        bar.set_position(bytes);
    })
    .await;
    bar.finish_and_clear();
    let done = if installed? { "is installed" } else { "was installed already" };
    let good_for = match model.purpose {
        Purpose::Answers => SMALL,
        Purpose::Embeddings => "turns texts into vectors, for search by meaning",
    };
    print(&format!("{} {done} ({good_for}).\n", model.name));
    Ok(())
}

fn list(shelf: &Shelf) -> String {
    let mut text = String::new();
    for entry in shelf.list() {
        let model = entry.model;
        let state = match (entry.installed, entry.partial) {
            (true, _) => "installed".into(),
            (false, 0) => "not installed".into(),
            (false, partial) => format!("{} % fetched", partial * 100 / model.bytes),
        };
        let (size, memory) = (model.bytes / 1_000_000, model.memory_mb);
        let _ = writeln!(
            text,
            "{:<20} {state:<14} {size:>5} MB on disk, {memory:>5} MB in memory, {}",
            model.id, model.licence
        );
    }
    let _ = writeln!(text, "\nall-MiniLM turns texts into vectors; each other is a {SMALL}.");
    text
}
