use super::{Config, ConfigError};

/// The settings that hold, as a file would say them; secrets as `***`.
pub fn show(config: &Config) -> Result<String, ConfigError> {
    toml::to_string(config).map_err(|error| ConfigError::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::show;
    use crate::config::{MANUAL, load_from};
    use figment::{
        Figment,
        providers::{Format, Toml},
    };

    #[test]
    fn prints_no_secret() {
        let text = "[database]\nurl = \"postgres://a:hunter2@b/c\"\n\
                    [[providers]]\nid = \"openai\"\napi_key = \"hunter3\"\n\
                    [mail]\nsmtp_url = \"smtp://a:hunter4@b\"";
        let config = load_from(Figment::from(Toml::string(MANUAL)).merge(Toml::string(text))).unwrap();
        let shown = show(&config).unwrap();
        assert!(shown.contains("url = \"***\"") && shown.contains("api_key = \"***\""), "{shown}");
        assert!(!shown.contains("hunter") && !format!("{config:?}").contains("hunter"));
    }
}
