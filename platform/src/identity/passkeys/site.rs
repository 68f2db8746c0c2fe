use crate::{Error, Result};
use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// Where the browser is: passkeys are made for a site and work there alone.
#[derive(Clone, Debug)]
pub struct Site {
    origin: Url,
    name: String,
}

impl Site {
    /// From an origin such as `https://alumia.example.org`.
    ///
    /// # Errors
    /// `BadRequest` for one that can have no passkeys.
    pub fn new(origin: &str) -> Result<Self> {
        let url = Url::parse(origin).ok();
        let found = url.and_then(|origin| {
            let name = origin.domain()?.to_owned();
            let safe = origin.scheme() == "https" || name == "localhost";
            safe.then_some(Self { origin, name })
        });
        found.ok_or_else(|| {
            Error::BadRequest(
                "Passkeys need https and a name instead of a number as the address; http://localhost works too."
                    .into(),
            )
        })
    }

    pub(super) fn webauthn(&self) -> Result<Webauthn> {
        WebauthnBuilder::new(&self.name, &self.origin)
            .and_then(|builder| builder.rp_name("Alumia").build())
            .map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn only_where_browsers_allow_passkeys() {
        for good in ["https://alumia.example.org", "http://localhost:3000", "https://localhost"] {
            Site::new(good).unwrap().webauthn().unwrap();
        }
        for bad in ["http://alumia.example.org", "http://127.0.0.1:3000", "https://[::1]", "", "null"] {
            assert!(Site::new(bad).is_err(), "{bad}");
        }
    }
}
