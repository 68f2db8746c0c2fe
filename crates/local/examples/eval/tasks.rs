//! Tasks, and the tools that they are given.

use alumia_models::ToolSpec;
use serde::Deserialize;
use std::{error::Error, fs, path::Path, sync::Arc};

/// One task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// chat, extraction, one tool, two tools, refusal.
    pub group: String,
    pub ask: String,
    /// Tools that must be called well, in this order; `a|b` takes either. Others may be called between.
    #[serde(default)]
    pub tools: Vec<String>,
    /// No tool may be called.
    #[serde(default)]
    pub no_tools: bool,
    /// Regular expressions, whatever the case, that the answer must all hold.
    #[serde(default)]
    pub answer: Vec<String>,
    /// And those that it must not.
    #[serde(default)]
    pub not: Vec<String>,
    /// Regular expressions that the arguments of some call must hold, all in one.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What `http_fetch` answers.
    #[serde(default)]
    pub page: String,
}

#[derive(Deserialize)]
struct Table {
    task: Vec<Task>,
}

/// What the platform gives a model beside the task.
pub struct Kit {
    pub system: String,
    pub brief: String,
    pub tools: Arc<[ToolSpec]>,
}

#[derive(Deserialize)]
struct Stored {
    system: String,
    brief: String,
    tools: Vec<StoredTool>,
}

#[derive(Deserialize)]
struct StoredTool {
    name: String,
    description: String,
    schema: serde_json::Value,
}

pub fn read(path: &Path) -> Result<Vec<Task>, Box<dyn Error>> {
    Ok(toml::from_str::<Table>(&fs::read_to_string(path)?)?.task)
}

pub fn kit(path: &Path) -> Result<Kit, Box<dyn Error>> {
    let stored: Stored = serde_json::from_str(&fs::read_to_string(path)?)?;
    let spec = |StoredTool { name, description, schema }: StoredTool| ToolSpec { name, description, schema };
    Ok(Kit {
        system: stored.system,
        brief: stored.brief,
        tools: stored.tools.into_iter().map(spec).collect(),
    })
}
