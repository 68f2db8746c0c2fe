//! The command line.

mod billing;
mod doctor;
mod keys;
mod model;

use crate::{
    config::{self, Config, ConfigError},
    serve,
};
use alumia_platform::store::Store;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{io::Write as _, net::SocketAddr, path::PathBuf, process::ExitCode};

/// AI agents and people on one live canvas.
#[derive(Parser)]
#[command(name = "alumia", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the server.
    Serve {
        #[command(flatten)]
        settings: Settings,
        /// Address and port; port 0 takes a free one.
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
        /// Development mode; refused when mode = "production".
        #[arg(long)]
        dev: bool,
        /// What this process does.
        #[arg(long, value_enum, default_value_t = Role::All)]
        role: Role,
    },
    /// Brings the database's schema up to date.
    Migrate {
        #[command(flatten)]
        settings: Settings,
    },
    /// Checks the data directory, the database, the sandbox and the models.
    Doctor {
        #[command(flatten)]
        settings: Settings,
    },
    /// Language models on this machine.
    Model {
        #[command(subcommand)]
        command: model::Command,
    },
    /// Holds a language model for a server that starts it.
    #[command(hide = true)]
    ModelWorker {
        #[arg(long)]
        weights: PathBuf,
        #[arg(long)]
        context: u32,
        #[arg(long)]
        threads: u32,
    },
    /// Inside a browser's sandbox: carries connections to the proxy outside. Only Alumia itself runs it.
    #[command(hide = true)]
    BrowserForwarder {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// The keys that the database's secrets are encrypted with.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// What an operator does now and then.
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Explains the settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Puts a new master key in the place of the old one, while servers go on serving.
    Rotate {
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Credits and payments.
    Billing {
        #[command(subcommand)]
        command: BillingCommand,
    },
}

#[derive(Subcommand)]
enum BillingCommand {
    /// Asks the gateway about payments that are due, and compares ledger, calls, payments and gateway. Changes
    /// nothing where they differ.
    Reconcile {
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Says what is wrong with the settings.
    Check {
        #[command(flatten)]
        settings: Settings,
    },
    /// Prints the settings that hold, without secrets.
    Show {
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Args)]
struct Settings {
    /// The settings file; ./alumia.toml if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where files, the database and generated keys live.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Settings {
    fn load(self) -> Result<Config, ConfigError> {
        let mut config = config::load(self.config.as_deref())?;
        if let Some(data_dir) = self.data_dir {
            config.server.data_dir = data_dir;
        }
        Ok(config)
    }
}

/// What a server process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Answers requests and drives runs.
    All,
    /// Answers requests.
    Web,
    /// Drives runs.
    Worker,
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// Does what the command line says.
pub fn run() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Serve { settings, listen, dev, role } => {
            let mut config = settings.load()?;
            if let Some(listen) = listen {
                config.server.listen = listen;
            }
            if dev && config.mode == config::Mode::Production {
                return Err(ConfigError::new("--dev is refused because mode = \"production\".").into());
            }
            config.dev = dev;
            log_to_stderr();
            runtime()?.block_on(serve::serve(config, role))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate { settings } => {
            let config = settings.load()?;
            runtime()?.block_on(async {
                let store = Store::open(&serve::database_url(&config)?).await?;
                store.close().await;
                Ok::<_, alumia_platform::Error>(())
            })?;
            print("The schema is up to date.\n");
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor { settings } => {
            let report = runtime()?.block_on(doctor::examine(&settings.load()?));
            print(&report.to_string());
            Ok(if report.is_healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Model { command } => {
            runtime()?.block_on(model::run(command))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ModelWorker { weights, context, threads } => {
            alumia_local::worker::main(&alumia_local::worker::Start { model: weights, context, threads });
            Ok(ExitCode::SUCCESS)
        }
        Command::BrowserForwarder { arguments } => Ok(alumia_browser::forwarder::main(arguments)),
        Command::Keys { command: KeysCommand::Rotate { settings } } => {
            print(&runtime()?.block_on(keys::rotate(&settings.load()?))?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Admin {
            command: AdminCommand::Billing { command: BillingCommand::Reconcile { settings } },
        } => {
            let (told, agrees) = runtime()?.block_on(billing::reconcile(&settings.load()?))?;
            print(&told);
            Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Config { command: ConfigCommand::Check { settings } } => {
            settings.load()?;
            print("The settings are fine.\n");
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { command: ConfigCommand::Show { settings } } => {
            print(&config::show(&settings.load()?)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// A closed standard output (`alumia config show | head`) is no failure.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn complain(error: &dyn std::error::Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    let _ = writeln!(std::io::stderr(), "alumia: {text}");
}

/// One line an event on standard error; `RUST_LOG` chooses which.
fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,alumia_server=info,alumia_platform=info"));
    // A second call finds a subscriber in place, which is as good.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
