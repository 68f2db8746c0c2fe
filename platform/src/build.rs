//! Puts the capabilities together.

use crate::{
    Error, Result,
    agents::Agents,
    canvas::Canvas,
    clock::Clock,
    engine::{Engine, EngineLimits, EngineParts},
    files::Files,
    identity::Identity,
    jobs::Jobs,
    models::Models,
    orgs::Orgs,
    projects::Projects,
    sample,
    sessions::{Log, Sessions},
    store::Store,
    tools::Tools,
};
use alumia_net::Client;
use alumia_protocol::people::{SignUp, SignedIn};
use alumia_sandbox::Sandbox;
use std::{path::PathBuf, sync::Arc};

/// What the platform is made of; tests hand in fakes.
pub struct Parts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub data_dir: PathBuf,
    pub models: Models,
    pub sandbox: Arc<dyn Sandbox>,
    /// Reaches the web for tools.
    pub net: Client,
    /// The tools, or `None` for the standard set.
    pub tools: Option<Tools>,
    pub limits: EngineLimits,
}

/// Every capability's service. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub identity: Identity,
    pub orgs: Orgs,
    pub projects: Projects,
    pub agents: Agents,
    pub log: Log,
    pub sessions: Sessions,
    pub canvas: Canvas,
    pub files: Files,
    pub models: Models,
    pub tools: Tools,
    pub engine: Engine,
    pub jobs: Jobs,
    /// Whether people may make accounts.
    pub sign_ups_open: bool,
}

impl Platform {
    /// Makes an account and fills its first project, where that is the sample.
    pub async fn sign_up(&self, form: SignUp) -> Result<SignedIn> {
        if !self.sign_ups_open {
            return Err(Error::Forbidden {
                reason: "sign_ups_closed",
                message: "Sign-up is closed here. Ask the operator for an account.".into(),
            });
        }
        let signed_in = self.identity.sign_up(form).await?;
        if let Err(error) = self.fill_samples(&signed_in).await {
            // The account is there and works; only the sample's files are missing.
            tracing::error!(%error, "the sample project has no files");
        }
        Ok(signed_in)
    }

    async fn fill_samples(&self, signed_in: &SignedIn) -> Result<()> {
        let scope = self.orgs.scope(signed_in.user.id, &signed_in.org.slug).await?;
        for project in self.projects.list(&scope, None, 10).await?.items {
            sample::ensure(&self.files, &scope, &project).await?;
        }
        Ok(())
    }

    /// Wires the services; starts nothing.
    pub async fn build(parts: Parts) -> Result<Self> {
        let Parts { store, clock, data_dir, models, sandbox, net, tools, limits } = parts;
        let jobs = Jobs::new(store.clone(), clock.clone());
        let orgs = Orgs::new(store.clone());
        let identity = Identity::new(store.clone(), clock.clone());
        let projects = Projects { store: store.clone(), clock: clock.clone() };
        let agents = Agents { store: store.clone(), clock: clock.clone() };
        let log = Log::new(store.clone(), clock.clone());
        let canvas = Canvas {
            store: store.clone(),
            clock: clock.clone(),
            log: log.clone(),
            projects: projects.clone(),
        };
        let files = Files { root: data_dir.join("files"), projects: projects.clone() };
        let sessions = Sessions {
            store: store.clone(),
            clock: clock.clone(),
            log: log.clone(),
            projects: projects.clone(),
            agents: agents.clone(),
        };
        let tools = tools.unwrap_or_else(|| Tools::standard(canvas.clone(), files.clone(), sandbox, net));
        let engine = Engine::new(EngineParts {
            store: store.clone(),
            clock: clock.clone(),
            log: log.clone(),
            sessions: sessions.clone(),
            projects: projects.clone(),
            agents: agents.clone(),
            files: files.clone(),
            models: models.clone(),
            tools: tools.clone(),
            limits,
        });
        Ok(Self {
            store,
            clock,
            identity,
            orgs,
            projects,
            agents,
            log,
            sessions,
            canvas,
            files,
            models,
            tools,
            engine,
            jobs,
            sign_ups_open: true,
        })
    }
}
