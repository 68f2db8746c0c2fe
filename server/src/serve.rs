//! Starting, serving, ending.

use crate::{
    app::{App, AppParts},
    client_address::Proxies,
    command::Role,
    config::{self, BrowserMode, Config, Installs, Mode, PaymentGateway, SandboxMode, SignUps},
    health, router,
    stream::Frames,
    web_sessions::Sessions,
};
use alumia_browser::{Browsers, Chromium, Forwarder};
use alumia_local::{LocalModel, Program, weights::Shelf};
use alumia_models::LocalModels;
use alumia_net::{Client, SystemDns};
use alumia_platform::{
    Error, Parts, Platform, Result,
    billing::{
        Packages, Rates as Prices,
        payments::{Payments, StripeGateway, StripeKeys},
    },
    browser::BrowsingLimits,
    clock::SystemClock,
    engine::EngineLimits,
    limits::{Limiter, Rates},
    mail::{LogMail, Mail, Mailbox, Smtp},
    models::{Models, OnThisMachine},
    secrets::MasterKeys,
    store::{Engine, Store},
};
use alumia_sandbox::{Disabled, Sandbox};
use axum::{Router, serve::ListenerExt};
use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long requests that are under way may take when the server ends.
const DRAIN: Duration = Duration::from_secs(10);
const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);

/// A server at work.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    app: App,
    http: JoinHandle<std::io::Result<()>>,
    background: Vec<JoinHandle<()>>,
}

/// Serves until the process is told to end (SIGTERM, SIGINT).
///
/// # Errors
/// When the data directory, the database or the address can't be had.
pub async fn serve(config: Config, role: Role) -> Result<()> {
    let listener = TcpListener::bind(config.server.listen).await.map_err(|error| {
        let listen = config.server.listen;
        Error::BadRequest(format!(
            "Can't listen on {listen}: {error}. Choose another with --listen ADDR:PORT."
        ))
    })?;
    let platform = build(&config).await?;
    let running = start(config, role, platform, listener)?;
    let mut out = std::io::stdout();
    // Whoever doesn't read it doesn't need it.
    let _ = writeln!(out, "listening on http://{}", running.address).and_then(|()| out.flush());
    told_to_end().await;
    running.end().await
}

/// The database's URL: the configured one, else a file in the data directory, which is made when missing.
pub fn database_url(config: &Config) -> Result<String> {
    let data_dir = make_data_dir(&config.server.data_dir)?;
    if !config.database.url.is_empty() {
        return Ok(config.database.url.expose().to_owned());
    }
    Ok(format!("sqlite://{}", data_dir.join("alumia.db").display()))
}

/// The data directory as an absolute path; others on the machine can't look into a new one.
fn make_data_dir(data_dir: &Path) -> Result<std::path::PathBuf> {
    let make = || {
        let data_dir = std::path::absolute(data_dir)?;
        if !data_dir.is_dir() {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&data_dir)?;
        }
        Ok(data_dir)
    };
    make().map_err(|error: std::io::Error| {
        let data_dir = data_dir.display();
        Error::BadRequest(format!(
            "The data directory {data_dir} can't be made: {error}. Choose another with --data-dir DIR."
        ))
    })
}

/// The platform as the settings describe it.
pub async fn build(config: &Config) -> Result<Platform> {
    let store = Store::open(&database_url(config)?).await?;
    let data_dir = make_data_dir(&config.server.data_dir)?;
    let limits = EngineLimits {
        max_steps: config.runs.max_steps,
        max_time: Duration::from_secs(u64::from(config.runs.max_minutes) * 60),
        silence: Duration::from_secs(u64::from(config.runs.silence_seconds)),
        approval: Duration::from_hours(u64::from(config.runs.approval_hours)),
        workers: config.runs.workers,
        ..EngineLimits::default()
    };
    let clock = Arc::new(SystemClock);
    let mailbox = config.dev.then(|| Mailbox::new(clock.clone()));
    let net = net(config)?;
    let local = local_model(config)?;
    let mut platform = Platform::build(Parts {
        store,
        clock,
        master_keys: master_keys(config, &data_dir)?,
        mail: mail(config, mailbox.clone())?,
        models: models(config, local.clone())?,
        packages: packages(config)?,
        sandbox: sandbox(config, &data_dir),
        browsers: browsers(config, &data_dir, &net)?,
        browsing: browsing_limits(config),
        net,
        data_dir,
        tools: None,
        limits,
    })
    .await?;
    platform.sign_ups_open = config.security.sign_ups == SignUps::Open;
    platform.mailbox = mailbox;
    if let Some(url) = &config.server.public_url {
        platform.outbox.links().settle(url);
    }
    platform.on_this_machine = on_this_machine(config, platform.on_this_machine.clone(), local);
    platform.payments = payments(config, platform.payments.clone())?;
    if config.mode == Mode::Production {
        platform.keys = platform.keys.clone().live();
    }
    Ok(platform)
}

/// The configured master key, else the data directory's, which is made when missing.
fn master_keys(config: &Config, data_dir: &Path) -> Result<MasterKeys> {
    let configured = &config.security.master_key;
    if configured.is_empty() {
        MasterKeys::from_file(&data_dir.join("master.key"))
    } else {
        MasterKeys::parse(configured.expose())
    }
}

/// SMTP when it is configured, else the log and, in development mode, a mailbox.
fn mail(config: &Config, mailbox: Option<Mailbox>) -> Result<Arc<dyn Mail>> {
    let smtp_url = &config.mail.smtp_url;
    if smtp_url.is_empty() {
        return Ok(Arc::new(LogMail { mailbox }));
    }
    Ok(Arc::new(Smtp::new(smtp_url.expose(), &config.mail.from)?))
}

/// The configured providers, the well-known ones, those on this machine and the built-in one.
pub fn models(config: &Config, local: Option<LocalModel>) -> Result<Models> {
    let served = alumia_models::config::providers(config.providers.clone());
    let mut served = served.map_err(|error| Error::BadRequest(error.to_string()))?;
    if let Some(local) = local {
        // Before the guide, which comes last and answers when nothing else can.
        let models = local.models();
        served.insert(served.len().saturating_sub(1), (Arc::new(local), models));
    }
    Ok(Models::new(served))
}

/// Who looks after the models on this machine.
pub fn on_this_machine(config: &Config, none: OnThisMachine, local: Option<LocalModel>) -> OnThisMachine {
    let left_to_admins = match config.local_model.installs {
        Installs::Auto => config.mode == Mode::Development,
        Installs::Admins => true,
        Installs::Operator => false,
    };
    none.with(local.map(|local| Arc::new(local) as Arc<dyn LocalModels>), left_to_admins)
}

/// The models on this machine, unless they are switched off.
pub fn local_model(config: &Config) -> Result<Option<LocalModel>> {
    let settings = &config.local_model;
    if settings.mode == config::LocalModels::Off {
        return Ok(None);
    }
    let data_dir = std::path::absolute(&config.server.data_dir).map_err(Error::internal)?;
    let path = std::env::current_exe().map_err(Error::internal)?;
    Ok(Some(LocalModel::new(alumia_local::Settings {
        shelf: Shelf::of(&data_dir),
        sources: settings.sources(None),
        preferred: settings.model.clone(),
        program: Program { path, arguments: vec!["model-worker".into()] },
        threads: settings.threads,
        context: settings.context,
        idle: Duration::from_secs(u64::from(settings.idle_minutes) * 60),
    })))
}

/// The packages that come with Alumia, the operator's own, and what is paid besides.
pub fn packages(config: &Config) -> Result<Packages> {
    let prices = Prices::new(config.billing.sandbox_second_price, config.billing.browser_second_price)?;
    Ok(Packages::new(&config.billing.packages, &config.billing.package)?.charging(prices))
}

/// Payments through the gateway that the settings name.
pub fn payments(config: &Config, payments: Payments) -> Result<Payments> {
    Ok(match gateway(config) {
        PaymentGateway::Stripe => payments.with(Arc::new(StripeGateway::new(stripe(config)?)?)),
        PaymentGateway::Test => payments.with_test_money(),
        PaymentGateway::Auto | PaymentGateway::None => payments,
    })
}

/// Who takes payments. The test gateway never does in production mode, whatever else is said.
pub fn gateway(config: &Config) -> PaymentGateway {
    let has_stripe = matches!(config.stripe.keys(), Ok(Some(_)));
    match config.payments.gateway {
        PaymentGateway::Auto if has_stripe => PaymentGateway::Stripe,
        PaymentGateway::Auto | PaymentGateway::Test if config.mode == Mode::Development => {
            PaymentGateway::Test
        }
        PaymentGateway::Stripe => PaymentGateway::Stripe,
        PaymentGateway::Auto | PaymentGateway::Test | PaymentGateway::None => PaymentGateway::None,
    }
}

fn stripe(config: &Config) -> Result<StripeKeys> {
    let keys = config.stripe.keys().map_err(|message| Error::BadRequest(message.into()))?;
    let mut keys = keys.ok_or_else(|| Error::BadRequest("The keys of [stripe] are missing.".into()))?;
    let packages = packages(config)?;
    let dearer = |id: &str| packages.get(id).price_cents;
    keys.prices.sort_by_key(|(package, _)| dearer(package));
    Ok(keys)
}

/// Where commands run, if they may.
pub fn sandbox(config: &Config, data_dir: &Path) -> Arc<dyn Sandbox> {
    match config.sandbox.mode {
        SandboxMode::Auto => alumia_sandbox::standard(&data_dir.join("sandbox")),
        SandboxMode::Off => Arc::new(Disabled::new("it is switched off in the settings")),
    }
}

/// The client that tools reach the web with.
pub fn net(config: &Config) -> Result<Client> {
    Client::with(Arc::new(SystemDns), config.network.allow.clone()).map_err(Error::internal)
}

/// What starts browsers for agents, if they may have any.
pub fn browsers(config: &Config, data_dir: &Path, net: &Client) -> Result<Arc<dyn Browsers>> {
    let settings = &config.browser;
    Ok(match settings.mode {
        BrowserMode::Off => Arc::new(alumia_browser::Disabled::new("it is switched off in the settings")),
        BrowserMode::Auto => {
            let path = std::env::current_exe().map_err(Error::internal)?;
            let executable = Some(settings.executable.as_str()).filter(|path| !path.is_empty());
            let chromium = Chromium::new(alumia_browser::Settings {
                executable: executable.map(PathBuf::from),
                forwarder: Forwarder { path, arguments: vec!["browser-forwarder".into()] },
                client: net.clone(),
                state: data_dir.join("browser"),
                limits: alumia_browser::Limits::default(),
            });
            Arc::new(chromium.map_err(Error::internal)?)
        }
    })
}

/// How many browsers there may be, and for how long.
pub fn browsing_limits(config: &Config) -> BrowsingLimits {
    let settings = &config.browser;
    BrowsingLimits {
        most: settings.most.max(1),
        idle: Duration::from_secs(u64::from(settings.idle_minutes) * 60),
    }
}

/// Listens and, as `role` says, drives runs.
pub fn start(config: Config, role: Role, platform: Platform, listener: TcpListener) -> Result<Running> {
    let address = listener.local_addr().map_err(Error::internal)?;
    // Whoever serves without a public_url is reached at the address that it listens on.
    platform.outbox.links().settle(origin_of(address));
    let limits = config.limits;
    let rates = Rates {
        chat: limits.chat_per_minute,
        auth: limits.auth_per_minute,
        write: limits.writes_per_minute,
        read: limits.reads_per_minute,
        share: limits.shares_per_minute,
    };
    let mut limiter = Limiter::new(platform.clock.clone(), rates);
    if platform.store.engine() == Engine::Postgres {
        // Others may serve the same people.
        limiter = limiter.shared(platform.store.clone(), platform.clock.clone());
    }
    let app = App::new(AppParts {
        sessions: Sessions::new(platform.identity.web_sessions(), &config),
        limiter,
        frames: Arc::new(Frames::default()),
        proxies: Arc::new(Proxies::new(config.server.trusted_proxies.clone())),
        refusals: Arc::default(),
        ready: Arc::new(AtomicBool::new(true)),
        ending: CancellationToken::new(),
        config: Arc::new(config),
        platform,
    });
    let mut background = vec![tokio::spawn(keep_house(app.clone()))];
    if role != Role::Web {
        let (engine, ending) = (app.platform.engine.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { engine.work(ending).await }));
        let (worker, ending) = (app.platform.worker.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { worker.work(ending).await }));
        let (billing, ending) = (app.platform.billing.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { billing.work(ending).await }));
        let (notices, ending) = (app.platform.notices.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { notices.work(ending).await }));
        let (files, ending) = (app.platform.files.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { files.work(ending).await }));
        let (payments, ending) = (app.platform.payments.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { payments.work(ending).await }));
        let (browsing, ending) = (app.platform.browsing.clone(), app.ending.clone());
        background.push(tokio::spawn(async move { browsing.work(ending).await }));
    }
    let routes = match role {
        Role::Worker => Router::new().merge(health::router()).with_state(app.clone()),
        Role::All | Role::Web => router::router(&app),
    };
    let listener = listener.tap_io(|stream| {
        // An event is small and must not wait for more; without this it may, for 40 ms.
        let _ = stream.set_nodelay(true);
    });
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let ending = app.ending.clone();
    let http = axum::serve(listener, service).with_graceful_shutdown(async move { ending.cancelled().await });
    let http = tokio::spawn(async move { http.await });
    Ok(Running { address, app, http, background })
}

impl Running {
    /// Takes no new requests, lets those under way finish, lets go of runs, closes the database.
    pub async fn end(self) -> Result<()> {
        self.app.ready.store(false, Ordering::Relaxed);
        self.app.ending.cancel();
        if tokio::time::timeout(DRAIN, self.http).await.is_err() {
            tracing::warn!("some requests were cut off at the end");
        }
        for task in self.background {
            if tokio::time::timeout(DRAIN, task).await.is_err() {
                tracing::warn!("a background task was cut off at the end");
            }
        }
        self.app.platform.store.close().await;
        Ok(())
    }
}

/// Removes what is over, now and then.
async fn keep_house(app: App) {
    let identity = &app.platform.identity;
    let sessions = identity.web_sessions();
    let work = async {
        let mut ticks = tokio::time::interval(HOUSEKEEPING);
        loop {
            ticks.tick().await;
            if let Err(error) = sessions.delete_expired().await {
                tracing::warn!(%error, "expired browser sessions stay for now");
            }
            if let Err(error) = app.platform.idempotency.delete_expired().await {
                tracing::warn!(%error, "kept answers of yesterday stay for now");
            }
            if let Err(error) = app.limiter.forget_full().await {
                tracing::warn!(%error, "rate limits that are full again stay for now");
            }
            if let Err(error) = identity.delete_expired().await {
                tracing::warn!(%error, "expired links and ceremonies stay for now");
            }
        }
    };
    tokio::select! {
        () = app.ending.cancelled() => {}
        () = work => {}
    }
}

/// Cookies and passkeys of a server on this machine are made for the name `localhost`.
fn origin_of(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

async fn told_to_end() {
    let interrupt = async {
        // Where there is no such signal, only the other one ends the server.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
