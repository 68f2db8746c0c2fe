//! Reading agent, tools and model anew before every step.

use super::{Driver, Surroundings};
use crate::{
    Error,
    billing::Tier,
    engine::{
        Engine, context,
        machine::{Fit, Ready, words},
        prompt, store,
    },
    models::Route,
    tools::Tool,
};
use alumia_models::ModelRequest;
use alumia_protocol::{
    StepId, agents::Agent, billing::ChargedTo, events::RunError, models::Price, projects::Project,
    tools::ToolError,
};
use std::{collections::BTreeSet, sync::Arc};

impl Driver {
    /// What the next step works with, or why there can be none.
    pub(super) async fn prepare(&mut self) -> Result<Result<Ready, RunError>, Error> {
        if self.scope.require_writer().is_err() {
            return Ok(Err(words::not_allowed()));
        }
        let engine = self.engine.clone();
        let parts = &engine.parts;
        let agent = match self.agent().await? {
            Some(agent) if agent.is_active => agent,
            Some(agent) => return Ok(Err(words::agent_disabled(&agent.name))),
            None => return Ok(Err(words::agent_gone())),
        };
        let project = match parts.projects.get(&self.scope, self.run.project_id).await {
            Ok(project) => project,
            Err(Error::NotFound(_)) => return Ok(Err(words::not_allowed())),
            Err(error) => return Err(error),
        };
        let route = match self.route(&agent).await {
            Ok(route) => route,
            Err(Error::Internal(error)) => return Err(Error::Internal(error)),
            Err(error) => return Ok(Err(words::model_unavailable(&error.to_string()))),
        };
        // What an own key pays for costs nothing here.
        let price = if route.byok { Some(Price::default()) } else { route.model.price };
        let Some(price) = price else {
            let message = format!("The model {} has no price, so nobody can pay for it.", route.model.name);
            return Ok(Err(words::model_unavailable(&message)));
        };
        let grants =
            store::grants(&parts.store, self.run.org_id, self.run.session_id, self.run.agent_id).await?;
        let tools = if route.model.capabilities.tools { allowed(&self.engine, &agent) } else { Vec::new() };
        let system = prompt::system(&agent, &project, parts.clock.now());
        let (talk, window) = (self.talk.tokens(&self.files), Self::window(&route));
        let full = talk + before_talk(&system, &tools) > window / 5 * 4;
        let ready = Ready {
            step_id: StepId::new(),
            model: route.model.id.clone(),
            price: Some(price),
            metered: Tier::of(&price) != Tier::Free,
            byok: route.byok,
            max_steps: agent.settings.max_steps,
            // Where the tools alone fill a small window, summing up a short talk would cost a call and make no room.
            crowded: full && talk > window / 5,
        };
        let charged_to = self.charged_to(&project);
        let brief = prompt::brief(&agent, &project, parts.clock.now());
        self.around = Some(Surroundings { route, agent, system, brief, charged_to, grants, tools });
        Ok(Ok(ready))
    }

    /// The agent as it is now; `None` when it is deleted or out of sight.
    pub(super) async fn agent(&mut self) -> Result<Option<Agent>, Error> {
        match self.engine.parts.agents.get(&self.scope, self.run.agent_id).await {
            Ok(agent) => Ok(Some(agent)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) const fn charged_to(&self, project: &Project) -> ChargedTo {
        ChargedTo {
            workspace_id: Some(project.workspace_id),
            user_id: Some(self.run.user_id),
            project_id: Some(self.run.project_id),
            agent_id: Some(self.run.agent_id),
            session_id: Some(self.run.session_id),
            run_id: Some(self.run.id),
        }
    }

    async fn route(&mut self, agent: &Agent) -> Result<Route, Error> {
        let keys = &self.engine.parts.own_keys;
        let own = keys.own(&self.scope).await?;
        let wanted = [&self.run.model, &agent.model, &self.default_model];
        let model = wanted.into_iter().find(|model| !model.is_empty()).map_or("", String::as_str);
        let route = self.engine.parts.models.route(&own, model, agent.settings.fast_mode)?;
        keys.equip(&self.scope, route).await
    }

    pub(super) fn window(route: &Route) -> usize {
        usize::try_from(route.model.context_window).unwrap_or(usize::MAX).max(1_000)
    }

    /// The request of one model call.
    pub(super) async fn request(&mut self, without: &BTreeSet<String>) -> Option<ModelRequest> {
        let around = self.around.as_ref()?;
        let vision = around.route.model.capabilities.vision;
        for message in self.talk.with_attachments() {
            for attachment in &message.attachments {
                if !self.files.contains_key(&attachment.path) {
                    let (files, project) = (&self.engine.parts.files, self.run.project_id);
                    let loaded = context::load(files, &self.scope, project, attachment, vision).await;
                    self.files.insert(attachment.path.clone(), loaded);
                }
            }
        }
        let offered = around.tools.iter().filter(|tool| !without.contains(tool.name()));
        let reasoning = around.route.model.capabilities.reasoning;
        Some(ModelRequest {
            model: around.route.model_id.clone(),
            system: around.system.clone(),
            brief: around.brief.clone(),
            messages: self.talk.messages(&self.files),
            tools: self.engine.here.specs(&offered.collect::<Vec<_>>()),
            max_output_tokens: self.most_output(),
            reasoning_effort: around.agent.settings.reasoning_effort.filter(|_| reasoning),
        })
    }
}

/// About how many tokens a model reads before the conversation.
pub(in crate::engine) fn before_talk(system: &str, tools: &[Arc<dyn Tool>]) -> usize {
    let specs: usize = tools.iter().map(|tool| tool.description().len() / 3 + 200).sum();
    specs + system.len() / 3
}

/// The tools that the agent has.
pub(in crate::engine) fn allowed(engine: &Engine, agent: &Agent) -> Vec<Arc<dyn Tool>> {
    let all = engine.parts.tools.all().iter();
    all.filter(|tool| agent.allowed_tools.iter().any(|name| name == tool.name())).cloned().collect()
}

impl Surroundings {
    /// Looks a call over before anything runs.
    pub(super) fn check(&self, engine: &Engine, name: &str, arguments: &str) -> Result<Fit, ToolError> {
        let Some(tool) = self.tools.iter().find(|tool| tool.name() == name) else {
            return Err(unknown(name, &self.tools));
        };
        let arguments = engine.parts.tools.check(&**tool, arguments)?;
        Ok(Fit { arguments, granted: self.grants.contains(name) })
    }
}

/// A call of a tool that the agent doesn't have.
pub(super) fn unknown(name: &str, tools: &[Arc<dyn Tool>]) -> ToolError {
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
    let have = if names.is_empty() {
        "There are no tools now".into()
    } else {
        format!("There are: {}", names.join(", "))
    };
    let name: String = name.chars().take(64).collect();
    ToolError {
        code: "unknown_tool".into(),
        message: format!("There is no tool \"{name}\". {have}."),
        path: None,
    }
}
