//! A real server on a port of its own with a database of its own, and people who use it.

// Made for the tests of the service.
#[path = "../../../../platform/tests/it/common/authenticator.rs"]
pub mod authenticator;
pub mod client;
pub mod frames;
pub mod people;
pub mod process;
pub mod provider;

use alumia_browser::{Browsers, Disabled};
use alumia_models::{Provider, builtin::Builtin};
use alumia_platform::{
    Parts, Platform,
    clock::SystemClock,
    engine::{EngineLimits, testing::Scripted},
    mail::Mailbox,
    models::Models,
    secrets::MasterKeys,
    store::{Store, testing::TestStore},
    tools::{Tool, Tools},
};
use alumia_server::{
    command::Role,
    config::{Config, MANUAL, SignUps, load_from},
    serve::{self, Running},
};
use client::Client;
use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use people::Person;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Limits that no test reaches by accident.
const ROOMY: &str = "[limits]\nchat_per_minute = 1000000\nauth_per_minute = 1000000\n\
                     writes_per_minute = 1000000\nreads_per_minute = 1000000\nshares_per_minute = 1000000\n";

/// A server in this process.
pub struct App {
    pub url: String,
    pub platform: Platform,
    pub store: TestStore,
    /// Keeps it serving; the runtime of the test ends it, if the test doesn't.
    running: Running,
    _folder: TempDir,
}

/// What a test wants different.
#[derive(Default)]
pub struct Wishes {
    /// Settings beside the usual ones, as in `alumia.toml`.
    pub settings: &'static str,
    /// The only model there is.
    pub model: Option<Arc<Scripted>>,
    /// The only tools there are.
    pub tools: Option<Vec<Arc<dyn Tool>>>,
    /// What starts browsers; nothing does without.
    pub browsers: Option<Arc<dyn Browsers>>,
}

impl App {
    /// As it is shipped, the built-in model at full speed, with rate limits that nobody reaches.
    pub async fn start() -> Self {
        Self::with(Wishes { settings: ROOMY, ..Wishes::default() }).await
    }

    /// As it is shipped, with more settings; those of a section that is there already don't go in.
    pub async fn with_settings(more: &str) -> Self {
        let settings = Box::leak(format!("{more}\n{ROOMY}").into_boxed_str());
        Self::with(Wishes { settings, ..Wishes::default() }).await
    }

    /// With a model and tools that do what the test says.
    pub async fn scripted(model: Arc<Scripted>, tools: Vec<Arc<dyn Tool>>) -> Self {
        Self::with(Wishes { settings: ROOMY, model: Some(model), tools: Some(tools), browsers: None }).await
    }

    pub async fn with(wishes: Wishes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = TestStore::new().await;
        let mut config = settings(wishes.settings);
        config.server.data_dir = folder.path().join("data");
        config.database.url = store.url().to_owned().into();
        std::fs::create_dir_all(&config.server.data_dir).unwrap();
        let models = if let Some(model) = wishes.model {
            Models::new(vec![(model, vec![Scripted::model()])])
        } else if !config.providers.is_empty() {
            serve::models(&config, None).unwrap()
        } else {
            let guide: Arc<dyn Provider> = Arc::new(Builtin::with_pace(Duration::ZERO));
            Models::new(vec![(guide, vec![Builtin::model()])])
        };
        let mut platform = Platform::build(Parts {
            store: Store::open(store.url()).await.unwrap(),
            clock: Arc::new(SystemClock),
            models,
            packages: serve::packages(&config).unwrap(),
            master_keys: MasterKeys::from_file(&config.server.data_dir.join("master.key")).unwrap(),
            mail: Arc::new(Mailbox::new(Arc::new(SystemClock))),
            sandbox: serve::sandbox(&config, &config.server.data_dir),
            browsers: wishes.browsers.unwrap_or_else(|| Arc::new(Disabled::new("this is a test"))),
            browsing: serve::browsing_limits(&config),
            net: alumia_net::Client::new().unwrap(),
            data_dir: config.server.data_dir.clone(),
            tools: wishes.tools.map(Tools::new),
            limits: EngineLimits::default(),
        })
        .await
        .unwrap();
        platform.payments = serve::payments(&config, platform.payments.clone()).unwrap();
        let local = serve::local_model(&config).unwrap();
        platform.on_this_machine = serve::on_this_machine(&config, platform.on_this_machine.clone(), local);
        platform.sign_ups_open = config.security.sign_ups == SignUps::Open;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve::start(config, Role::All, platform.clone(), listener).unwrap();
        // By name: passkeys are for names, not for numbers.
        let url = format!("http://localhost:{}", running.address.port());
        Self { url, platform, store, running, _folder: folder }
    }

    /// Ends it as a service manager would.
    pub async fn end(self) {
        self.running.end().await.unwrap();
    }

    /// Somebody who isn't signed in.
    pub fn nobody(&self) -> Client {
        Client::new(&self.url)
    }

    /// Somebody with an account and an organisation of their own, signed in.
    pub async fn person(&self, name: &str) -> Person {
        Person::sign_up(self.nobody(), name).await
    }
}

/// The shipped settings with some replaced.
pub fn settings(text: &str) -> Config {
    load_from(Figment::from(Toml::string(MANUAL)).merge(Toml::string(text))).unwrap()
}

/// Asks again and again, for things that take a moment.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: not within 30 seconds");
}
