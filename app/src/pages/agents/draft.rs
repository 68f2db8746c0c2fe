//! What somebody types about an agent, and what becomes of it when others change the agent meanwhile.

use alumia_protocol::{
    AgentId, WorkspaceId,
    agents::{Agent, ReasoningEffort, UpdateAgent},
};
use std::collections::BTreeMap;

/// The form's fields, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub name: String,
    pub avatar: String,
    pub description: String,
    pub prompt: String,
    pub model: String,
    pub workspace: String,
    pub fast: bool,
    pub effort: String,
    pub steps: String,
    pub credits: String,
    /// The other agents that the form offers, and those of them that were ticked.
    pub offered: Vec<AgentId>,
    pub peers: Vec<AgentId>,
}

impl Typed {
    /// The agent that they make of `base`.
    ///
    /// # Errors
    /// Field to message, for what can't be read.
    pub fn agent(&self, base: &Agent) -> Result<Agent, BTreeMap<String, String>> {
        let mut wrong = BTreeMap::new();
        let mut number = |field: &str, text: &str| {
            let text: String = text.chars().filter(|c| !matches!(c, ',' | ' ')).collect();
            let read = (!text.is_empty()).then(|| text.parse::<u32>().ok());
            if read == Some(None) {
                wrong.insert(field.to_owned(), "Write a whole number, or leave this empty.".to_owned());
            }
            read.flatten()
        };
        let mut agent = base.clone();
        agent.settings.max_steps = number("settings.maxSteps", &self.steps);
        agent.settings.max_credits_per_run = number("settings.maxCreditsPerRun", &self.credits);
        agent.settings.fast_mode = self.fast;
        agent.settings.reasoning_effort = effort(&self.effort);
        agent.name.clone_from(&self.name);
        agent.avatar.clone_from(&self.avatar);
        agent.description = self.description.replace("\r\n", "\n");
        agent.system_prompt = self.prompt.replace("\r\n", "\n");
        agent.model.clone_from(&self.model);
        agent.workspace_id = self.workspace.parse::<WorkspaceId>().ok();
        // One that this person doesn't see stays as it is.
        agent.allowed_peers.retain(|peer| self.peers.contains(peer) || !self.offered.contains(peer));
        let fresh = self.peers.iter().filter(|peer| !base.allowed_peers.contains(peer));
        agent.allowed_peers.extend(fresh);
        if wrong.is_empty() { Ok(agent) } else { Err(wrong) }
    }
}

fn effort(word: &str) -> Option<ReasoningEffort> {
    match word {
        "low" => Some(ReasoningEffort::Low),
        "medium" => Some(ReasoningEffort::Medium),
        "high" => Some(ReasoningEffort::High),
        _ => None,
    }
}

/// As the form writes it.
pub const fn effort_word(effort: Option<ReasoningEffort>) -> &'static str {
    match effort {
        None => "",
        Some(ReasoningEffort::Low) => "low",
        Some(ReasoningEffort::Medium) => "medium",
        Some(ReasoningEffort::High) => "high",
    }
}

/// What turns `base` into `wanted`, as far as the form goes. `None` when that is nothing.
pub fn change(base: &Agent, wanted: &Agent) -> Option<UpdateAgent> {
    fn differs<T: Clone + PartialEq>(base: &T, wanted: &T) -> Option<T> {
        (base != wanted).then(|| wanted.clone())
    }
    let change = UpdateAgent {
        version: base.version,
        name: differs(&base.name, &wanted.name),
        description: differs(&base.description, &wanted.description),
        avatar: differs(&base.avatar, &wanted.avatar),
        model: differs(&base.model, &wanted.model),
        system_prompt: differs(&base.system_prompt, &wanted.system_prompt),
        allowed_peers: differs(&base.allowed_peers, &wanted.allowed_peers),
        settings: differs(&base.settings, &wanted.settings),
        workspace_id: differs(&base.workspace_id, &wanted.workspace_id),
        ..UpdateAgent::default()
    };
    (change != UpdateAgent { version: base.version, ..UpdateAgent::default() }).then_some(change)
}

/// Mine and theirs, both made of `base`, brought together; and what both changed, in words. There `mine` decides
/// whose stays.
pub fn merge(base: &Agent, mine: &Agent, theirs: &Agent, keep_mine: bool) -> (Agent, Vec<&'static str>) {
    let mut merged = theirs.clone();
    let mut clashes = Vec::new();
    macro_rules! field {
        ($words:literal, $($path:ident).+) => {
            if mine.$($path).+ != base.$($path).+ && mine.$($path).+ != theirs.$($path).+ {
                let clash = theirs.$($path).+ != base.$($path).+;
                if clash {
                    clashes.push($words);
                }
                if !clash || keep_mine {
                    merged.$($path).+ = mine.$($path).+.clone();
                }
            }
        };
    }
    field!("name", name);
    field!("emoji", avatar);
    field!("description", description);
    field!("prompt", system_prompt);
    field!("model", model);
    field!("workspace", workspace_id);
    field!("peers", allowed_peers);
    field!("fast mode", settings.fast_mode);
    field!("reasoning effort", settings.reasoning_effort);
    field!("limit of steps", settings.max_steps);
    field!("limit of credits", settings.max_credits_per_run);
    (merged, clashes)
}

#[cfg(test)]
mod tests {
    use super::{Typed, change, merge};
    use alumia_protocol::{AgentId, OrgId, Timestamp, agents::Agent};

    fn agent() -> Agent {
        Agent {
            id: AgentId::new(),
            org_id: OrgId::new(),
            workspace_id: None,
            name: "Scout".into(),
            slug: "scout".into(),
            description: String::new(),
            avatar: "🔎".into(),
            model: String::new(),
            system_prompt: "Look.".into(),
            allowed_tools: vec![],
            allowed_peers: vec![],
            allowed_connectors: vec![],
            is_active: true,
            settings: Default::default(),
            version: 3,
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
        }
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let base = agent();
        assert_eq!(change(&base, &base), None);
        let mut wanted = base.clone();
        wanted.system_prompt = "Look twice.".into();
        let sent = serde_json::to_value(change(&base, &wanted)).unwrap();
        assert_eq!(sent, serde_json::json!({ "version": 3, "systemPrompt": "Look twice." }));
    }

    #[test]
    fn what_two_changed_apart_comes_together_and_what_both_did_is_asked() {
        let base = agent();
        let (mut mine, mut theirs) = (base.clone(), base.clone());
        mine.system_prompt = "Mine.".into();
        mine.settings.max_steps = Some(5);
        theirs.description = "Theirs.".into();
        theirs.settings.fast_mode = true;
        theirs.version = 4;
        let (merged, clashes) = merge(&base, &mine, &theirs, false);
        assert!(clashes.is_empty());
        assert_eq!((merged.system_prompt.as_str(), merged.description.as_str()), ("Mine.", "Theirs."));
        assert_eq!((merged.settings.max_steps, merged.settings.fast_mode), (Some(5), true));
        assert_eq!(merged.version, 4);

        theirs.system_prompt = "Other.".into();
        for (keep, stays) in [(true, "Mine."), (false, "Other.")] {
            let (merged, clashes) = merge(&base, &mine, &theirs, keep);
            assert_eq!((clashes, merged.system_prompt.as_str()), (vec!["prompt"], stays));
            assert_eq!(merged.settings.max_steps, Some(5));
        }
        // The same twice is no quarrel.
        theirs.system_prompt = "Mine.".into();
        assert!(merge(&base, &mine, &theirs, false).1.is_empty());
    }

    #[test]
    fn peers_that_are_not_offered_stay() {
        let [seen, other, unseen] = [AgentId::new(), AgentId::new(), AgentId::new()];
        let base = Agent { allowed_peers: vec![unseen, seen], ..agent() };
        let typed = Typed { offered: vec![seen, other], peers: vec![other], ..Typed::default() };
        assert_eq!(typed.agent(&base).unwrap().allowed_peers, [unseen, other]);
        let same = Typed { peers: vec![seen], ..typed };
        assert_eq!(same.agent(&base).unwrap().allowed_peers, base.allowed_peers);
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let typed = Typed { steps: "1,000".into(), credits: String::new(), ..Typed::default() };
        let read = typed.agent(&agent()).unwrap();
        assert_eq!((read.settings.max_steps, read.settings.max_credits_per_run), (Some(1_000), None));
        for bad in ["-1", "1.5", "many", "99999999999"] {
            let wrong = Typed { credits: bad.into(), ..Typed::default() }.agent(&agent()).unwrap_err();
            assert!(wrong.contains_key("settings.maxCreditsPerRun"), "{bad}");
        }
    }
}
