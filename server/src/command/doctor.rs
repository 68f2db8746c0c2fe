//! `alumia doctor`: looks at everything that a server needs, and says what to do about what is missing.

use super::model;
use crate::{
    config::{Config, LocalModels},
    serve,
};
use alumia_local::weights::{self, KnownModel};
use alumia_platform::store::Store;
use std::fmt;

/// What was found, in the order that it matters.
pub struct Report(Vec<Finding>);

struct Finding {
    what: &'static str,
    state: State,
    text: String,
}

#[derive(PartialEq, Eq)]
enum State {
    Good,
    /// Works, with less.
    Reduced,
    Broken,
}

impl Report {
    /// Whether a server would start.
    pub fn is_healthy(&self) -> bool {
        self.0.iter().all(|finding| finding.state != State::Broken)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { what, state, text } in &self.0 {
            let mark = match state {
                State::Good => "ok",
                State::Reduced => "less",
                State::Broken => "BROKEN",
            };
            writeln!(f, "{mark:<7} {what:<15} {text}")?;
        }
        Ok(())
    }
}

/// Looks at data directory, database, mail, sandbox, browser and models; calls nobody outside.
pub async fn examine(config: &Config) -> Report {
    let mut findings = vec![data_directory(config)];
    findings.push(database(config).await);
    findings.push(mail(config));
    findings.push(sandbox(config));
    findings.push(browser(config));
    findings.push(models(config));
    findings.extend(local_model(config));
    Report(findings)
}

fn data_directory(config: &Config) -> Finding {
    let what = "data directory";
    let shown = config.server.data_dir.display().to_string();
    let write = || {
        serve::database_url(config).map_err(|error| error.to_string())?;
        let probe = config.server.data_dir.join(".doctor");
        std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(|error| {
            format!("{shown} can't be written: {error}. Give this user the right to, or choose another with --data-dir.")
        })
    };
    match write() {
        Ok(()) => Finding { what, state: State::Good, text: shown.clone() },
        Err(text) => Finding { what, state: State::Broken, text },
    }
}

async fn database(config: &Config) -> Finding {
    let what = "database";
    let opened = match serve::database_url(config) {
        Ok(url) => Store::open(&url).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(store) => {
            let text = format!("{:?}, schema up to date", store.engine());
            store.close().await;
            Finding { what, state: State::Good, text }
        }
        Err(error) => Finding { what, state: State::Broken, text: error.to_string() },
    }
}

fn mail(config: &Config) -> Finding {
    let what = "mail";
    if config.mail.smtp_url.is_empty() {
        let text = "letters go to the log; set [mail] smtp_url to send them".into();
        return Finding { what, state: State::Reduced, text };
    }
    let text = format!("by SMTP, from {}", config.mail.from);
    Finding { what, state: State::Good, text }
}

fn sandbox(config: &Config) -> Finding {
    let what = "sandbox";
    match serve::sandbox(config, &config.server.data_dir).off_reason() {
        None => Finding { what, state: State::Good, text: "commands run confined".into() },
        Some(reason) => Finding { what, state: State::Reduced, text: format!("commands are off: {reason}") },
    }
}

fn browser(config: &Config) -> Finding {
    let what = "browser";
    let browsers = serve::net(config).and_then(|net| serve::browsers(config, &config.server.data_dir, &net));
    match browsers.map(|browsers| browsers.off_reason()) {
        Ok(None) => Finding { what, state: State::Good, text: "agents browse in a confined Chromium".into() },
        Ok(Some(reason)) => {
            Finding { what, state: State::Reduced, text: format!("agents have none: {reason}") }
        }
        Err(error) => Finding { what, state: State::Broken, text: error.to_string() },
    }
}

fn models(config: &Config) -> Finding {
    let what = "models";
    match serve::local_model(config).and_then(|local| serve::models(config, local)) {
        Err(error) => Finding { what, state: State::Broken, text: error.to_string() },
        Ok(_) if config.providers.is_empty() && installed(config).is_some() => Finding {
            what,
            state: State::Reduced,
            text: "none but the one on this machine; add [[providers]] to the settings for large ones".into(),
        },
        Ok(_) if config.providers.is_empty() => Finding {
            what,
            state: State::Reduced,
            text: "only the built-in guide; add [[providers]] to the settings for real ones".into(),
        },
        Ok(_) => {
            let ids: Vec<_> = config.providers.iter().map(|provider| provider.id.as_str()).collect();
            Finding { what, state: State::Good, text: ids.join(", ") }
        }
    }
}

/// The model on this machine that would answer.
fn installed(config: &Config) -> Option<&'static KnownModel> {
    if config.local_model.mode == LocalModels::Off {
        return None;
    }
    let shelf = model::shelf(config).ok()?;
    let preferred = weights::find_answering(&config.local_model.model).ok().into_iter();
    preferred.chain(weights::answering()).find(|model| shelf.has(model))
}

fn local_model(config: &Config) -> Option<Finding> {
    let what = "local model";
    if config.local_model.mode == LocalModels::Off {
        return None;
    }
    let Some(model) = installed(config) else {
        let text = "not installed; `alumia model install` gets one that needs no provider".into();
        return Some(Finding { what, state: State::Reduced, text });
    };
    let opened = model::shelf(config).map_err(|error| error.to_string());
    let opened = opened.and_then(|shelf| shelf.open(model).map_err(|error| error.to_string()));
    Some(match opened {
        Err(text) => Finding { what, state: State::Broken, text },
        Ok(_) => match alumia_local::free_memory_mb() {
            Some(free) if free < model.memory_mb => {
                let text =
                    format!("{} needs {} MB of memory, and {free} MB are free", model.name, model.memory_mb);
                Finding { what, state: State::Reduced, text }
            }
            _ => Finding { what, state: State::Good, text: format!("{}, a {}", model.name, model::SMALL) },
        },
    })
}
