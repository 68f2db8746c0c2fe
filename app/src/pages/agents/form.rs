//! Who an agent is and how it runs: one form, saved as a whole. With script only what was changed is sent, and what
//! others changed meanwhile is brought together with it; without, all of it is sent.

use super::{
    draft::{Typed, change, effort_word, merge},
    models::ModelPicker,
    page::{AgentPageData, AgentState},
};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, Select, TextArea, TextField},
        form_field,
        icon::Icon,
        toast::{Toasts, use_toasts},
    },
    live::api,
    pages::{PageError, auth, settings::Section},
};
use alumia_protocol::{AgentId, agents::Agent, models::CatalogModel};
use leptos::{ev, prelude::*, task::spawn_local};

/// Saves what a browser without script sends.
#[server(prefix = "/fn", endpoint = "save_agent")]
pub async fn save_agent(
    org: String,
    slug: String,
    agent: AgentId,
    version: i64,
    name: String,
    avatar: String,
    description: String,
    prompt: String,
    model: Option<String>,
    workspace: Option<String>,
    fast: Option<String>,
    effort: Option<String>,
    steps: String,
    credits: String,
    #[server(default)] peers: Vec<AgentId>,
) -> Result<(), PageError> {
    let page = super::page_of(&org, &slug);
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    let agents = expect_context::<alumia_platform::Platform>().agents.clone();
    let present = agents.get(&scope, agent).await?;
    let offered = agents.list(&scope).await?.items;
    let typed = Typed {
        name: name.clone(),
        avatar: avatar.clone(),
        description: description.clone(),
        prompt: prompt.clone(),
        model: model.unwrap_or_default(),
        workspace: workspace.unwrap_or_default(),
        fast: fast.is_some(),
        effort: effort.unwrap_or_default(),
        steps: steps.clone(),
        credits: credits.clone(),
        offered: offered.into_iter().map(|other| other.id).collect(),
        peers,
    };
    let saved = match typed.agent(&present) {
        Err(fields) => Err(alumia_platform::Error::Invalid(fields)),
        Ok(wanted) => match change(&present, &wanted) {
            None => Ok(()),
            Some(change) => {
                let change = alumia_protocol::agents::UpdateAgent { version, ..change };
                agents.update(&scope, agent, change).await.map(drop)
            }
        },
    };
    match saved {
        Ok(()) => Ok(leptos_axum::redirect(&page)),
        Err(error) => {
            let values = [
                ("name", name.as_str()),
                ("avatar", &avatar),
                ("description", &description),
                ("prompt", &prompt),
                ("steps", &steps),
                ("credits", &credits),
            ];
            crate::server::form_error(error, "save_agent", &page, &values)
        }
    }
}

/// The name of a peer's box, as server functions read lists.
fn peer_field(at: usize) -> String {
    format!("peers[{at}]")
}

/// What others changed while this was typed: their agent, mine, and what both changed.
#[derive(Clone, PartialEq)]
struct Clash {
    theirs: Agent,
    mine: Agent,
    words: String,
}

/// The form with its sections.
#[component]
pub fn AgentForm(data: AgentPageData, state: AgentState) -> impl IntoView {
    let toasts = use_toasts();
    let before = auth::Before::of("save_agent");
    let error = RwSignal::new(before.error());
    let AgentState { base, .. } = state;
    // What a browser without script has sent stands there again.
    let first = {
        let mut agent = base.get_untracked();
        if before.error().is_some() {
            agent.name = before.value("name");
            agent.avatar = before.value("avatar");
            agent.description = before.value("description");
            agent.system_prompt = before.value("prompt");
        }
        agent
    };
    let shown = RwSignal::new((0, first));
    let clash = RwSignal::new(None::<Clash>);
    let busy = RwSignal::new(false);
    let others = StoredValue::new(data.others.clone());
    let saving = Saving { state, shown, clash, error, busy, toasts };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let field = |name: &str| form_field(&event, name);
        let offered: Vec<AgentId> = others.with_value(|others| others.iter().map(|other| other.0).collect());
        let ticked = offered.iter().enumerate().filter(|(at, _)| !field(&peer_field(*at)).is_empty());
        let peers = ticked.map(|(_, id)| *id).collect();
        let typed = Typed {
            name: field("name"),
            avatar: field("avatar"),
            description: field("description"),
            prompt: field("prompt"),
            model: field("model"),
            workspace: field("workspace"),
            fast: !field("fast").is_empty(),
            effort: field("effort"),
            steps: field("steps"),
            credits: field("credits"),
            offered,
            peers,
        };
        match typed.agent(&base.get_untracked()) {
            Ok(mine) => saving.save(mine, false),
            Err(fields) => error.set(Some(PageError {
                status: 422,
                message: "Some values need another look.".into(),
                fields,
                retry_after_ms: None,
                reason: None,
            })),
        }
    };
    let (org, slug, writes) = (data.org.clone(), data.agent.slug.clone(), data.writes);
    let id = data.agent.id.to_string();
    let data = StoredValue::new(data);
    view! {
        <form method="post" action="/fn/save_agent" class="agent-form" on:submit=submit>
            <input type="hidden" name="org" value=org />
            <input type="hidden" name="slug" value=slug />
            <input type="hidden" name="agent" value=id />
            <input type="hidden" name="version" value=move || base.with(|agent| agent.version.to_string()) />
            <fieldset disabled=!writes>
                // Made anew, not patched: what was typed into a field outlives a change of what it began with.
                <For
                    each=move || [shown.get()]
                    key=|shown| shown.0
                    children=move |(_, agent)| view! { <Fields data=data.get_value() agent error /> }
                />
            </fieldset>
            <div role="alert">
                {move || clash.get().map(|clash| view! { <Quarrel clash saving /> })}
            </div>
            {writes
                .then(|| {
                    view! {
                        <div class="agent-save">
                            <FormError message=Signal::derive(move || error.get().map(|error| {
                                error.general().unwrap_or_else(|| "Some values need another look: see above.".into())
                            })) />
                            <Button kind=Kind::Primary submit=true busy>"Save changes"</Button>
                        </div>
                    }
                })}
        </form>
    }
}

#[derive(Clone, Copy)]
struct Saving {
    state: AgentState,
    /// What the fields begin with, and how often they were made anew.
    shown: RwSignal<(u32, Agent)>,
    clash: RwSignal<Option<Clash>>,
    error: RwSignal<Option<PageError>>,
    busy: RwSignal<bool>,
    toasts: Toasts,
}

impl Saving {
    /// Saves `mine`, and as often as others are faster brings theirs together with it.
    fn save(self, mine: Agent, keep_mine: bool) {
        self.busy.set(true);
        self.error.set(None);
        self.clash.set(None);
        spawn_local(async move {
            let Some(common) = self.state.base.try_get_untracked() else { return };
            let (mut base, mut wanted) = (common.clone(), mine.clone());
            for _ in 0..5 {
                let Some(change) = change(&base, &wanted) else {
                    self.has(base, &mine);
                    break;
                };
                let problem = match api::update_agent(base.id, &change).await {
                    Ok(saved) => {
                        self.has(saved, &mine);
                        break;
                    }
                    Err(problem) => problem,
                };
                let theirs = problem.details.as_ref().and_then(|details| details.get("agent")).cloned();
                let Some(theirs) = theirs.and_then(|theirs| serde_json::from_value::<Agent>(theirs).ok())
                else {
                    self.error.try_set(Some(problem.into()));
                    break;
                };
                let (merged, clashes) = merge(&common, &mine, &theirs, keep_mine);
                if !clashes.is_empty() && !keep_mine {
                    self.clash.try_set(Some(Clash { theirs, mine, words: clashes.join(", ") }));
                    break;
                }
                (base, wanted) = (theirs, merged);
            }
            self.busy.try_set(false);
        });
    }

    /// The server has this now. What it tidied, and what others changed, comes into the fields.
    fn has(self, saved: Agent, mine: &Agent) {
        self.toasts.say("Saved. It holds from the next step on.");
        if change(mine, &saved).is_some() {
            self.show(saved.clone());
        }
        self.state.saved(saved);
    }

    fn show(self, agent: Agent) {
        self.shown.try_update(|shown| *shown = (shown.0 + 1, agent));
    }

    /// Lets theirs stand where both changed something; what only I changed stays in the fields.
    fn yield_to(self, clash: &Clash) {
        let base = self.state.base.get_untracked();
        self.show(merge(&base, &clash.mine, &clash.theirs, false).0);
        self.state.saved(clash.theirs.clone());
        self.clash.set(None);
    }
}

/// Both changed the same: whose stays.
#[component]
fn Quarrel(clash: Clash, saving: Saving) -> impl IntoView {
    let words =
        format!("Somebody else has changed this agent meanwhile, and you both changed its {}.", clash.words);
    let (mine, theirs) = (clash.mine.clone(), clash);
    view! {
        <div class="agent-clash">
            <p><Icon name="alert" />{words}</p>
            <div class="settings-acts">
                <Button on:click=move |_| saving.save(mine.clone(), true)>"Keep mine"</Button>
                <Button on:click=move |_| saving.yield_to(&theirs)>"Take theirs"</Button>
            </div>
        </div>
    }
}

#[component]
fn Fields(data: AgentPageData, agent: Agent, error: RwSignal<Option<PageError>>) -> impl IntoView {
    let AgentPageData { ala, models, default_model, workspaces, steps_limit, others, .. } = data;
    let of_field =
        move |name: &'static str| Signal::derive(move || error.get().and_then(|error| error.field(name)));
    let chosen = RwSignal::new(agent.model.clone());
    let default = default_model.as_ref().map_or_else(
        || "No model can be used now.".to_owned(),
        |default| {
            models
                .iter()
                .find(|model| model.id == *default)
                .map_or_else(|| default.clone(), |model| format!("{} now", model.name))
        },
    );
    let known = StoredValue::new((models.clone(), default_model.unwrap_or_default()));
    let facts = Signal::derive(move || {
        let chosen = chosen.get();
        known
            .with_value(|(models, default)| {
                let wanted = if chosen.is_empty() { default } else { &chosen };
                models.iter().find(|model| model.id == *wanted).map(|model: &CatalogModel| {
                    let fast = model.fast_sibling.as_ref();
                    let fast = fast.and_then(|fast| models.iter().find(|model| model.id == *fast));
                    (fast.map(|model| model.name.clone()), model.capabilities.reasoning)
                })
            })
            .unwrap_or_default()
    });
    let settings = agent.settings.clone();
    let peers = agent.allowed_peers.clone();
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let limit_hint =
        format!("Model calls in one run. Empty: the server's limit, {steps_limit}, which no agent exceeds.");
    let rooms = (workspaces.len() > 1 && !ala).then(|| {
        let present = agent.workspace_id;
        let options = workspaces
            .into_iter()
            .map(|(id, name)| view! { <option value=id.to_string() selected=present == Some(id)>{name}</option> })
            .collect_view();
        view! {
            <div class="field">
                <label for="workspace">"Where it works"</label>
                <div class="field-control select">
                    <select id="workspace" name="workspace">
                        <option value="">"Every workspace"</option>
                        {options}
                    </select>
                    <Icon name="chevron-down" />
                </div>
            </div>
        }
        .into_any()
    });
    // A field that isn't shown keeps what the agent has.
    let room = agent.workspace_id.map(|id| id.to_string()).unwrap_or_default();
    let rooms =
        rooms.unwrap_or_else(|| view! { <input type="hidden" name="workspace" value=room /> }.into_any());
    view! {
        <Section title="Who it is" lead="How people find it, and what it is told before every conversation.">
            {if ala {
                view! { <input type="hidden" name="name" value=agent.name.clone() /> }.into_any()
            } else {
                view! { <TextField label="Name" name="name" value=agent.name.clone() error=of_field("name") required=true /> }.into_any()
            }}
            <TextField label="Emoji" name="avatar" value=agent.avatar error=of_field("avatar") />
            <TextArea label="Description" name="description" value=agent.description rows=2 error=of_field("description") hint="What it is for. People read it, the agent doesn't." />
            <div class="agent-prompt">
                <TextArea label="Prompt" name="prompt" value=agent.system_prompt rows=12 error=of_field("systemPrompt") hint="Who it is, how it works, what it must not do. At most 20,000 characters." />
            </div>
            {rooms}
        </Section>
        <Section title="Model" lead="What it thinks with. Your organization's own keys win over the server's and cost no credits.">
            <fieldset class="models-field">
                <legend class="sr-only">"Model"</legend>
                <ModelPicker models default present=agent.model chosen only_default=ala />
            </fieldset>
            <p class="field-note" data-error="true">{move || of_field("model").get()}</p>
            {move || match facts.get().0 {
                Some(fast) => view! {
                    <label class="check">
                        <input type="checkbox" name="fast" value="on" checked=settings.fast_mode />
                        <span>"Fast mode"<span class="muted">{format!("Runs on {fast}, which answers sooner and costs less.")}</span></span>
                    </label>
                }.into_any(),
                None if settings.fast_mode => view! { <input type="hidden" name="fast" value="on" /> }.into_any(),
                None => ().into_any(),
            }}
            {move || {
                let effort = effort_word(settings.reasoning_effort);
                if !facts.get().1 {
                    return view! { <input type="hidden" name="effort" value=effort /> }.into_any();
                }
                view! {
                    <Select
                        label="Reasoning effort"
                        name="effort"
                        options=vec![("", "As the model likes"), ("low", "Low: quick answers"), ("medium", "Medium"), ("high", "High: long thought")]
                        value=effort
                    />
                }.into_any()
            }}
        </Section>
        <Section title="Peers" lead="The agents that it may write to and start. Other sessions of its own it may always. Asked before every message.">
            {if others.is_empty() {
                view! { <p class="field-note">"There are no other agents yet."</p> }.into_any()
            } else {
                let boxes = others
                    .into_iter()
                    .enumerate()
                    .map(|(at, (id, name, about))| view! {
                        <label class="check">
                            <input type="checkbox" name=peer_field(at) value=id.to_string() checked=peers.contains(&id) />
                            <span>{name}<span class="muted">{about}</span></span>
                        </label>
                    })
                    .collect_view();
                view! { <fieldset class="agent-peers"><legend class="sr-only">"Peers"</legend>{boxes}</fieldset> }.into_any()
            }}
            <p class="field-note" data-error="true">{move || of_field("allowedPeers").get()}</p>
        </Section>
        <Section title="Limits" lead="Where one run ends, whatever is left to do.">
            <TextField label="Steps" name="steps" value=number(settings.max_steps) error=of_field("settings.maxSteps") />
            <p class="field-note">{limit_hint}</p>
            <TextField label="Credits" name="credits" value=number(settings.max_credits_per_run) error=of_field("settings.maxCreditsPerRun") hint="What the calls of one run may cost. Empty: no limit of its own." />
        </Section>
    }
}
