use super::{
    Tool,
    browser::{BrowserClick, BrowserClose, BrowserOpen, BrowserRead, BrowserScreenshot, BrowserType},
    canvas::{
        AppCreate, ComposeCanvas, DataBlock, ListBlocks, RecomposeCanvas, SearchBlocks, Show, UpdateBlock,
    },
    errors,
    files::{FileList, FileRead, FileWrite},
    peers::{CheckMessages, CreateAgent, ListAgents, MessageAgent, SetAgentModel, SpawnAgent},
    sandbox::{SandboxExec, SandboxRead, SandboxWrite},
    web::HttpFetch,
};
use crate::{browser::Browsing, canvas::Canvas, files::Files, text::is_too_deep};
use alumia_net::Client;
use alumia_protocol::tools::ToolError;
use alumia_sandbox::Sandbox;
use jsonschema::Validator;
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// All tools of the server.
#[derive(Clone)]
pub struct Tools {
    pub(crate) tools: Arc<[Arc<dyn Tool>]>,
    validators: Arc<HashMap<&'static str, Validator>>,
}

impl Tools {
    /// A set of tools; names are unique.
    pub fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        let compiled = tools.iter().filter_map(|tool| Some((tool.name(), compile(&**tool)?)));
        Self { validators: Arc::new(compiled.collect()), tools: tools.into() }
    }

    /// The tools that every agent can be given.
    pub fn standard(
        canvas: Canvas,
        files: Files,
        sandbox: Arc<dyn Sandbox>,
        browsing: Browsing,
        net: Client,
    ) -> Self {
        let (canvas, files, browsing) = (|| canvas.clone(), || files.clone(), || browsing.clone());
        Self::new(vec![
            Arc::new(DataBlock { canvas: canvas(), files: files() }),
            Arc::new(Show { canvas: canvas(), files: files() }),
            Arc::new(AppCreate { canvas: canvas() }),
            Arc::new(UpdateBlock { canvas: canvas(), files: files() }),
            Arc::new(ListBlocks { canvas: canvas() }),
            Arc::new(SearchBlocks { canvas: canvas() }),
            Arc::new(ComposeCanvas { canvas: canvas(), files: files() }),
            Arc::new(RecomposeCanvas { canvas: canvas(), files: files() }),
            Arc::new(ListAgents),
            Arc::new(MessageAgent),
            Arc::new(SpawnAgent),
            Arc::new(CheckMessages),
            Arc::new(CreateAgent),
            Arc::new(SetAgentModel),
            Arc::new(SandboxExec { sandbox, files: files() }),
            Arc::new(SandboxRead { files: files() }),
            Arc::new(SandboxWrite { files: files() }),
            Arc::new(BrowserOpen { browsing: browsing() }),
            Arc::new(BrowserRead { browsing: browsing() }),
            Arc::new(BrowserClick { browsing: browsing() }),
            Arc::new(BrowserType { browsing: browsing() }),
            Arc::new(BrowserScreenshot { browsing: browsing() }),
            Arc::new(BrowserClose { browsing: browsing() }),
            Arc::new(HttpFetch { net }),
            Arc::new(FileList { files: files() }),
            Arc::new(FileRead { files: files() }),
            Arc::new(FileWrite { files: files() }),
        ])
    }

    /// All, by group.
    pub fn all(&self) -> &[Arc<dyn Tool>] {
        &self.tools
    }

    /// One by name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// Parses and checks arguments as the model wrote them: `invalid_arguments` with the exact schema
    /// error and the pointer to the field.
    pub fn check(&self, tool: &dyn Tool, arguments: &str) -> Result<Value, ToolError> {
        // Several models send nothing at all where nothing is required.
        let text = if arguments.trim().is_empty() { "{}" } else { arguments };
        let value: Value = serde_json::from_str(text).map_err(|fault| {
            let message = format!(
                "The arguments are not valid JSON: {fault}. Send one JSON object that fits the tool's schema."
            );
            ToolError { code: "invalid_arguments".into(), message, path: None }
        })?;
        if is_too_deep(&value) {
            let message = "The arguments nest too deeply. Send them flatter.".into();
            return Err(ToolError { code: "invalid_arguments".into(), message, path: None });
        }
        let own;
        let validator = match self.validators.get(tool.name()) {
            Some(validator) => validator,
            None => match compile(tool) {
                Some(validator) => {
                    own = validator;
                    &own
                }
                None => return Err(errors::failed("This tool is broken here. Go on without it.")),
            },
        };
        if !validator.is_valid(&value) {
            return Err(errors::schema("", tool.schema(), &value, validator.iter_errors(&value)));
        }
        tool.check(&value)?;
        Ok(value)
    }
}

fn compile(tool: &dyn Tool) -> Option<Validator> {
    jsonschema::validator_for(tool.schema())
        .inspect_err(|fault| tracing::error!(tool = tool.name(), %fault, "a tool's schema is broken"))
        .ok()
}
