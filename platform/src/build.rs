//! Puts the capabilities together.

use crate::{
    Error, Result,
    agents::Agents,
    apps::Apps,
    audit::Audit,
    billing::{Allowance, Billing, Notices, OwnKeys, Packages, payments::Payments},
    browser::{Browsing, BrowsingLimits},
    canvas::Canvas,
    clock::Clock,
    copies::Copies,
    engine::{Engine, EngineLimits, EngineParts},
    files::Files,
    idempotency::Idempotency,
    identity::{Identity, RESET_JOB, Site},
    jobs::{Jobs, Worker},
    keys::Keys,
    mail::{LETTER_JOB, Links, Mail, Mailbox, Outbox},
    models::{Models, OnThisMachine},
    orgs::{AccessChanges, Invites, Members, Office, Orgs, PURGE_JOB, Tenants, Workspaces},
    presence::Presences,
    projects::Projects,
    sample,
    secrets::{MasterKeys, Secrets},
    sessions::{Log, Sessions},
    share::{Shares, SharesParts},
    store::Store,
    tools::Tools,
};
use alumia_browser::Browsers;
use alumia_net::Client;
use alumia_protocol::{
    people::{SignUp, SignedIn},
    security::{Ceremony, FinishPasskey, StartPasskeySignUp},
};
use alumia_sandbox::Sandbox;
use std::{
    ops::{Deref, DerefMut},
    path::PathBuf,
    sync::Arc,
};

/// What the platform is made of; tests hand in fakes.
pub struct Parts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub data_dir: PathBuf,
    pub models: Models,
    /// What subscriptions include.
    pub packages: Packages,
    pub sandbox: Arc<dyn Sandbox>,
    /// Starts browsers for agents.
    pub browsers: Arc<dyn Browsers>,
    pub browsing: BrowsingLimits,
    /// Wraps the keys that the database's secrets are encrypted with.
    pub master_keys: MasterKeys,
    /// Sends letters.
    pub mail: Arc<dyn Mail>,
    /// Reaches the web for tools.
    pub net: Client,
    /// The tools, or `None` for the standard set.
    pub tools: Option<Tools>,
    pub limits: EngineLimits,
}

/// Every capability's service. One pointer: it is cloned several times for every request and kept by every open stream.
#[derive(Clone)]
pub struct Platform(Arc<Services>);

impl Deref for Platform {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// For whoever puts a platform together, before it is shared.
impl DerefMut for Platform {
    fn deref_mut(&mut self) -> &mut Services {
        Arc::make_mut(&mut self.0)
    }
}

/// What a [`Platform`] is.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub audit: Audit,
    pub billing: Billing,
    /// Keys of organisations' own for model providers.
    pub own_keys: OwnKeys,
    /// What is paid with money; nobody takes any until a gateway is set.
    pub payments: Payments,
    /// Letters about budgets.
    pub notices: Notices,
    pub identity: Identity,
    pub keys: Keys,
    pub idempotency: Idempotency,
    pub orgs: Orgs,
    pub members: Members,
    pub invites: Invites,
    pub workspaces: Workspaces,
    pub tenants: Tenants,
    /// Where it is announced that somebody may see less or more.
    pub access_changes: AccessChanges,
    /// Who looks at which project.
    pub presences: Presences,
    pub projects: Projects,
    pub agents: Agents,
    pub log: Log,
    pub sessions: Sessions,
    pub canvas: Canvas,
    pub files: Files,
    pub apps: Apps,
    /// Duplicates, archives.
    pub copies: Copies,
    /// Browsers of sessions.
    pub browsing: Browsing,
    /// Canvases for whoever has a link.
    pub shares: Shares,
    pub models: Models,
    /// Models of the server's own machine; none until they are given.
    pub on_this_machine: OnThisMachine,
    pub tools: Tools,
    pub engine: Engine,
    pub jobs: Jobs,
    /// Does the jobs of all capabilities.
    pub worker: Worker,
    pub secrets: Secrets,
    /// Letters to people.
    pub outbox: Outbox,
    /// Whether people may make accounts.
    pub sign_ups_open: bool,
    /// Holds the letters of development mode.
    pub mailbox: Option<Mailbox>,
}

impl Platform {
    /// Makes an account and fills its first project, where that is the sample.
    pub async fn sign_up(&self, form: SignUp) -> Result<SignedIn> {
        self.require_open()?;
        let signed_in = self.identity.sign_up(form).await?;
        self.furnish(&signed_in).await;
        Ok(signed_in)
    }

    /// Begins with an account that a passkey opens.
    pub async fn start_passkey_sign_up(
        &self,
        site: &Site,
        browser: &str,
        form: StartPasskeySignUp,
    ) -> Result<Ceremony> {
        self.require_open()?;
        self.identity.start_passkey_sign_up(site, browser, form).await
    }

    /// Makes it, and fills its first project.
    pub async fn finish_passkey_sign_up(
        &self,
        site: &Site,
        browser: &str,
        form: FinishPasskey,
    ) -> Result<SignedIn> {
        self.require_open()?;
        let signed_in = self.identity.finish_passkey_sign_up(site, browser, form).await?;
        self.furnish(&signed_in).await;
        Ok(signed_in)
    }

    fn require_open(&self) -> Result<()> {
        if self.sign_ups_open {
            return Ok(());
        }
        Err(Error::Forbidden {
            reason: "sign_ups_closed",
            message: "Sign-up is closed here. Ask the operator for an account.".into(),
        })
    }

    async fn furnish(&self, signed_in: &SignedIn) {
        // The month's credits are there when the first page shows them; else the sweeper grants them.
        if let Err(error) = self.billing.open(signed_in.org.id).await {
            tracing::error!(%error, "a new organisation has no credits yet");
        }
        if let Err(error) = self.fill_samples(signed_in).await {
            // The account is there and works; only the sample's files are missing.
            tracing::error!(%error, "the sample project has no files");
        }
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
        let Parts {
            store,
            clock,
            data_dir,
            models,
            packages,
            sandbox,
            browsers,
            browsing,
            master_keys,
            mail,
            net,
            tools,
            limits,
        } = parts;
        let allowance = Allowance::of(packages.clone());
        let billing = Billing::new(store.clone(), clock.clone(), packages);
        let jobs = Jobs::new(store.clone(), clock.clone());
        let office = Office { allowance: allowance.clone(), ..Office::new(store.clone(), clock.clone()) };
        let members = Members::new(office.clone());
        let secrets = Secrets::open(store.clone(), clock.clone(), master_keys).await?;
        let own_keys = OwnKeys::new(billing.clone(), secrets.clone(), models.clone());
        let outbox = Outbox::new(store.clone(), jobs.clone(), secrets.clone(), mail, Links::default());
        let orgs = Orgs::new(store.clone());
        let identity = Identity::new(store.clone(), clock.clone(), outbox.clone());
        let keys = Keys::new(store.clone(), clock.clone());
        let idempotency = Idempotency::new(store.clone(), clock.clone());
        let projects = Projects {
            store: store.clone(),
            clock: clock.clone(),
            changes: office.changes.clone(),
            allowance,
        };
        let log = Log::new(store.clone(), clock.clone());
        let canvas = Canvas {
            store: store.clone(),
            clock: clock.clone(),
            log: log.clone(),
            projects: projects.clone(),
        };
        let files = Files { root: data_dir.join("files"), projects: projects.clone() };
        let apps = Apps::new(canvas.clone(), files.clone(), clock.clone());
        let tenants = Tenants::new(office.clone(), jobs.clone(), models.clone(), files.clone());
        let worker = Worker::new(jobs.clone())
            .with(LETTER_JOB, outbox.clone())
            .with(PURGE_JOB, tenants.clone())
            .with(RESET_JOB, identity.clone());
        let browsing = Browsing::new(browsers, canvas.clone(), files.clone(), browsing);
        let standard = || Tools::standard(canvas.clone(), files.clone(), sandbox, browsing.clone(), net);
        let tools = tools.unwrap_or_else(standard);
        let agents = Agents::new(store.clone(), clock.clone()).with(models.clone(), tools.clone());
        let sessions = Sessions {
            store: store.clone(),
            clock: clock.clone(),
            log: log.clone(),
            projects: projects.clone(),
            agents: agents.clone(),
        };
        let shares = Shares::new(SharesParts {
            store: store.clone(),
            clock: clock.clone(),
            audit: office.audit.clone(),
            projects: projects.clone(),
            log: log.clone(),
            files: files.clone(),
            links: outbox.links().clone(),
        });
        let (audit, archived) = (office.audit.clone(), files.clone());
        let copies = Copies::new(store.clone(), clock.clone(), audit, projects.clone(), archived);
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
            billing: billing.clone(),
            own_keys: own_keys.clone(),
            limits,
        });
        Ok(Self(Arc::new(Services {
            store,
            clock,
            audit: office.audit.clone(),
            on_this_machine: OnThisMachine::nothing(office.audit.clone()),
            payments: Payments::new(billing.clone()),
            notices: Notices::new(billing.clone(), members.clone(), outbox.clone()),
            billing,
            own_keys,
            access_changes: office.changes.clone(),
            presences: Presences::default(),
            members,
            invites: Invites::new(office.clone(), outbox.clone()),
            workspaces: Workspaces::new(office),
            tenants,
            identity,
            keys,
            idempotency,
            orgs,
            projects,
            agents,
            log,
            sessions,
            canvas,
            files,
            apps,
            copies,
            browsing,
            shares,
            models,
            tools,
            engine,
            jobs,
            worker,
            secrets,
            outbox,
            sign_ups_open: true,
            mailbox: None,
        })))
    }
}
