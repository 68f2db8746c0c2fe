use super::{Config, LocalModel, MANUAL, Mode, PaymentGateway};
use figment::{
    Figment,
    error::{Kind, OneOf},
    providers::{Env, Format, Toml},
};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What is wrong with the settings, one line each.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl ConfigError {
    /// One complaint.
    pub fn new(line: impl Into<String>) -> Self {
        Self(vec![line.into()])
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// The file used when none is named and it exists.
const USUAL_FILE: &str = "alumia.toml";

/// Reads the settings: defaults, then `file` (or `./alumia.toml` if there is one), then the environment.
///
/// # Errors
/// A file that is missing or can't be read, an unknown key, a value of the wrong kind, settings that
/// contradict each other.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let file = match file {
        Some(file) if !file.is_file() => {
            return Err(ConfigError::new(format!("The settings file {} doesn't exist.", file.display())));
        }
        Some(file) => Some(file.to_owned()),
        None => Some(PathBuf::from(USUAL_FILE)).filter(|file| file.is_file()),
    };
    let mut figment = Figment::from(Toml::string(MANUAL));
    if let Some(file) = file {
        figment = figment.merge(Toml::file_exact(file));
    }
    load_from(figment.merge(environment()))
}

/// Variables of the form `ALUMIA_SECTION__KEY`, and those that name a key outside a section. Others that
/// begin alike (`ALUMIA_BIN` in a test script) are not settings.
fn environment() -> Env {
    Env::prefixed("ALUMIA_")
        .filter(|key| {
            let key = key.as_str();
            key.contains("__") || key.eq_ignore_ascii_case("mode") || key.eq_ignore_ascii_case("providers")
        })
        .split("__")
}

/// The settings that `figment`'s sources add up to.
pub fn load_from(figment: Figment) -> Result<Config, ConfigError> {
    let config: Config =
        figment.extract().map_err(|errors| ConfigError(errors.into_iter().map(explain).collect()))?;
    check(&config)?;
    Ok(config)
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let mut wrong = vec![];
    if config.mode == Mode::Production && !config.server.is_https() {
        wrong.push(
            "mode = \"production\" needs [server] public_url with the https address that browsers use."
                .to_owned(),
        );
    }
    let limits = config.limits;
    let rates = [
        ("chat_per_minute", limits.chat_per_minute),
        ("auth_per_minute", limits.auth_per_minute),
        ("writes_per_minute", limits.writes_per_minute),
        ("reads_per_minute", limits.reads_per_minute),
        ("shares_per_minute", limits.shares_per_minute),
    ];
    wrong.extend(
        rates
            .iter()
            .filter(|(_, rate)| *rate == 0)
            .map(|(key, _)| format!("[limits] {key} must be at least 1.")),
    );
    let runs = config.runs;
    let least = [
        ("max_steps", runs.max_steps),
        ("max_minutes", runs.max_minutes),
        ("silence_seconds", runs.silence_seconds),
        ("approval_hours", runs.approval_hours),
        ("workers", u32::try_from(runs.workers).unwrap_or(u32::MAX)),
    ];
    let zero = least.iter().filter(|(_, value)| *value == 0);
    wrong.extend(zero.map(|(key, _)| format!("[runs] {key} must be at least 1.")));
    if !(1..=1_440).contains(&config.security.step_up_minutes) {
        wrong.push("[security] step_up_minutes must be from 1 to 1440.".to_owned());
    }
    let master_key = &config.security.master_key;
    if !master_key.is_empty()
        && let Err(error) = alumia_platform::secrets::MasterKeys::parse(master_key.expose())
    {
        wrong.push(format!("[security] master_key: {error}"));
    }
    let mail = &config.mail;
    if !mail.smtp_url.is_empty()
        && let Err(error) = alumia_platform::mail::Smtp::new(mail.smtp_url.expose(), &mail.from)
    {
        wrong.push(format!("{error}."));
    }
    if let Err(error) = alumia_models::config::providers(config.providers.clone()) {
        wrong.push(format!("{error}."));
    }
    wrong.extend(local_model(&config.local_model));
    let billing = &config.billing;
    if let Err(error) = alumia_platform::billing::Packages::new(&billing.packages, &billing.package) {
        wrong.push(format!("{error}."));
    }
    let gateway = config.payments.gateway;
    if config.mode == Mode::Production && gateway == PaymentGateway::Test {
        wrong.push(
            "[payments] gateway = \"test\" takes test money, which mode = \"production\" refuses.".to_owned(),
        );
    }
    match config.stripe.keys() {
        Err(message) => wrong.push(format!("[stripe] {message}.")),
        Ok(None) if gateway == PaymentGateway::Stripe => {
            wrong.push("[payments] gateway = \"stripe\" needs the keys of [stripe].".to_owned());
        }
        Ok(_) => {}
    }
    if let Ok(packages) = alumia_platform::billing::Packages::new(&billing.packages, &billing.package) {
        for package in config.stripe.prices.keys() {
            if packages.all().iter().all(|known| known.id != *package || known.price_cents == 0) {
                wrong.push(format!(
                    "[stripe] prices: \"{}\" is no package with a price.",
                    package.escape_debug()
                ));
            }
        }
    }
    let (sandbox, browser) = (billing.sandbox_second_price, billing.browser_second_price);
    if let Err(error) = alumia_platform::billing::Rates::new(sandbox, browser) {
        wrong.push(format!("{error}."));
    }
    if wrong.is_empty() { Ok(()) } else { Err(ConfigError(wrong)) }
}

fn local_model(settings: &LocalModel) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Err(error) = alumia_local::weights::find_answering(&settings.model) {
        wrong.push(format!("[local_model] model: {error}"));
    }
    if settings.context != 0 && !(1_024..=32_768).contains(&settings.context) {
        wrong.push("[local_model] context must be 0 or from 1024 to 32768.".to_owned());
    }
    if settings.threads > 64 || settings.idle_minutes == 0 {
        wrong.push("[local_model] threads must be at most 64 and idle_minutes at least 1.".to_owned());
    }
    for (key, url) in [("hub", &settings.hub), ("package_index", &settings.package_index)] {
        if !(url.is_empty() || url.starts_with("http://") || url.starts_with("https://")) {
            wrong.push(format!("[local_model] {key} must be an address like https://example.org, or empty."));
        }
    }
    wrong
}

/// One line that names the source, the key and what would be right.
fn explain(error: figment::Error) -> String {
    let source = error.metadata.as_ref().map(|metadata| match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ if metadata.name.contains("environment") => "the environment".to_owned(),
        _ => "the defaults".to_owned(),
    });
    let mut path = error.path.clone();
    let problem = match &error.kind {
        Kind::UnknownField(field, expected) => {
            if path.last() != Some(field) {
                path.push(field.clone());
            }
            format!("is unknown; known here: {}", OneOf(expected))
        }
        Kind::MissingField(field) => {
            path.push(field.to_string());
            "is missing".to_owned()
        }
        Kind::InvalidType(actual, expected) => format!("is {actual}, but must be {expected}"),
        Kind::InvalidValue(actual, expected) => format!("is {actual}, but must be {expected}"),
        Kind::UnknownVariant(value, expected) => {
            format!("is {value:?}, but must be one of {}", OneOf(expected))
        }
        Kind::Message(message) => message.clone(),
        other => other.to_string(),
    };
    let source = source.map(|source| format!("{source}: ")).unwrap_or_default();
    if path.is_empty() {
        format!("{source}{problem}")
    } else {
        format!("{source}{}: {problem}", path.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Config, ConfigError> {
        load_from(Figment::from(Toml::string(MANUAL)).merge(Toml::string(text)))
    }

    fn complaint(text: &str) -> String {
        with(text).expect_err("these settings are wrong").to_string()
    }

    #[test]
    fn the_manual_alone_is_complete() {
        let config = with("").unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.server.public_url, None);
        assert_eq!(config.limits.chat_per_minute, 60);
    }

    #[test]
    fn the_manuals_example_of_a_provider_is_right() {
        let example: String = MANUAL
            .lines()
            .skip_while(|line| !line.starts_with("# [[providers]]"))
            .take_while(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches("# ").to_owned() + "\n")
            .collect();
        let config = with(&example).unwrap();
        assert_eq!(config.providers[0].models[0].id, "qwen2.5:7b");
    }

    #[test]
    fn the_manuals_example_of_a_package_is_right() {
        let example: String = MANUAL
            .lines()
            .skip_while(|line| !line.starts_with("# [[billing.packages]]"))
            .take_while(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches("# ").to_owned() + "\n")
            .collect();
        let config = with(&example).unwrap();
        assert_eq!(config.billing.packages[0].id, "guest");
        assert!(complaint("[billing]\npackage = \"gold\"").contains("personal, pro, team, scale"));
        let wrong = complaint(&example.replace("monthly_credits = 20", "monthly_credits = -20"));
        assert!(wrong.contains("billing.packages[0] \"guest\": monthly_credits is -20"), "{wrong}");
        let wrong = complaint(&example.replace("monthly_credits = 20", ""));
        assert!(wrong.contains("billing.packages.0") && wrong.contains("monthly_credits"), "{wrong}");
    }

    #[test]
    fn a_price_that_is_wrong_is_named_with_its_place() {
        let priced = |price: &str| {
            format!(
                "[[providers]]\nid = \"local\"\ndialect = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                 models = [{{ id = \"free\", context = 1, input_price = 0, output_price = 0 }}, \
                 {{ id = \"dear\", context = 1, input_price = 0, {price} }}]"
            )
        };
        for (price, wanted) in [
            ("output_price = -1", "models[1] \"dear\": output_price is negative"),
            ("output_price = 1000000000001", "models[1] \"dear\": output_price is 1000000000001"),
            ("output_price = 99999999999999999999", "output_price"),
            ("output_price = 0.5", "providers.0.models.1.output_price"),
            ("cached_price = 1", "providers.0.models.1.output_price: is missing"),
        ] {
            let message = complaint(&priced(price));
            assert!(message.contains(wanted), "{price}: {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn prop_prices_are_in_bounds_or_refused_by_name(which in 0..3_usize, price: i64) {
            let mut prices = [("input_price", 0), ("output_price", 0), ("cached_price", 0)];
            prices[which].1 = price;
            let prices: Vec<String> = prices.iter().map(|(name, price)| format!("{name} = {price}")).collect();
            let loaded = with(&format!(
                "[[providers]]\nid = \"local\"\ndialect = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                 models = [{{ id = \"m\", context = 1, {} }}]",
                prices.join(", ")
            ));
            let fits = (0..=1_000_000_000_000).contains(&price);
            proptest::prop_assert_eq!(loaded.is_ok(), fits);
            if let Err(error) = loaded {
                let name = ["input_price", "output_price", "cached_price"][which];
                let place = format!("providers[0] \"local\", models[0] \"m\": {name} is");
                proptest::prop_assert!(error.to_string().contains(&place), "{}", error);
            }
        }
    }

    #[test]
    fn complaints_name_the_key_and_what_would_be_right() {
        let unknown = complaint("[limits]\nchat_per_minut = 3");
        assert!(
            unknown.contains("limits.chat_per_minut") && unknown.contains("chat_per_minute"),
            "{unknown}"
        );
        assert!(complaint("[server]\nlisten = \"here\"").contains("server.listen"));
        assert!(complaint("[server]\npublic_url = \"example.org/alumia\"").contains("not an origin"));
        assert!(complaint("[server]\ntrusted_proxies = [\"all\"]").contains("10.0.0.0/8"));
        assert!(complaint("mode = \"prod\"").contains("production"));
        assert!(complaint("mode = \"production\"").contains("public_url"));
        assert!(complaint("[limits]\nchat_per_minute = 0").contains("at least 1"));
        assert!(complaint("[security]\nstep_up_minutes = 0").contains("step_up_minutes"));
        assert!(complaint("[security]\nmaster_key = \"hunter2\"").contains("openssl rand"));
        let mail = complaint("[mail]\nsmtp_url = \"http://a:hunter2@b\"");
        assert!(mail.contains("smtp_url") && !mail.contains("hunter2"), "{mail}");
        let production = "mode = \"production\"\n[server]\npublic_url = \"https://a.example\"\n";
        assert!(complaint(&format!("{production}[payments]\ngateway = \"test\"")).contains("refuses"));
        assert!(with(&format!("{production}[payments]\ngateway = \"auto\"")).is_ok());
        for (text, word) in [
            ("[payments]\ngateway = \"stripe\"", "needs the keys"),
            ("[stripe]\nprices = { personal = \"price_1\" }", "no package with a price"),
            ("[stripe]\nsecret_key = \"pk_test_1\"", "secret_key must be"),
            ("[stripe]\nsecret_key = \"sk_test_1\"", "publishable_key must be"),
            ("[stripe]\nsecret_key = \"sk_test_1\"\npublishable_key = \"pk_live_1\"", "both be test keys"),
            (
                "[stripe]\nsecret_key = \"rk_live_1\"\npublishable_key = \"pk_live_1\"",
                "webhook_secret must be",
            ),
        ] {
            assert!(complaint(text).contains(word), "{text}");
        }
        for price in ["sandbox_second_price", "browser_second_price"] {
            let told = complaint(&format!("[billing]\n{price} = -1"));
            assert!(told.contains(&format!("{price} is -1")), "{told}");
        }
        for (text, word) in [
            ("model = \"gpt\"", "There are: qwen2.5-coder-1.5b"),
            ("context = 5", "from 1024"),
            ("idle_minutes = 0", "at least 1"),
            ("hub = \"hub.example\"", "https://example.org"),
        ] {
            assert!(complaint(&format!("[local_model]\n{text}")).contains(word), "{text}");
        }
        assert!(complaint("[nonsense]\na = 1").contains("nonsense"));
        for taken in ["builtin", "this-machine"] {
            let provider = format!("[[providers]]\nid = \"{taken}\"\nmodels = []");
            assert!(complaint(&provider).contains("choose another"));
        }
    }
}
