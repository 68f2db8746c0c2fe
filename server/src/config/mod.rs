//! Settings: an embedded, commented default file, overridden by a file, then by the environment.
//!
//! One small struct per concern. Unknown keys are errors; secrets print as `***`.

mod concerns;
mod load;
mod show;

pub use concerns::{
    BrowserMode, Config, Database, Installs, Limits, LocalModel, LocalModels, Mail, Mode, PaymentGateway,
    Payments, Runs, Sandbox, SandboxMode, Secret, Security, Server, SignUps, Stripe,
};
pub use load::{ConfigError, load, load_from};
pub use show::show;

/// The settings' manual: every key with its default.
pub const MANUAL: &str = include_str!("default.toml");
