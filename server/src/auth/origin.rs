//! Where a request came from and whose it is, for the audit log.

use super::Credentials;
use crate::{app::App, error::Failure, openapi::Part};
use alumia_platform::audit::{Means, Origin};
use alumia_protocol::OrgId;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use std::sync::{Arc, OnceLock};

/// The organisation that a request turned out to concern, as an extension; the audit layer reads it when the
/// request was refused.
#[derive(Clone, Default)]
pub struct Concerned(pub Arc<OnceLock<OrgId>>);

impl Concerned {
    /// It concerns this one; what was found first stays.
    pub(super) fn is(&self, org: OrgId) {
        self.0.get_or_init(|| org);
    }

    /// The organisation, once an extractor has found it.
    pub fn org(&self) -> Option<OrgId> {
        self.0.get().copied()
    }
}

/// Where the request came from.
pub struct Seen(pub Arc<Origin>);

impl Seen {
    /// As the connection and the headers say.
    pub fn of(parts: &Parts, app: &App) -> Self {
        let means = match parts.extensions.get::<Credentials>() {
            Some(Credentials::Key(holder)) => Means::Key(holder.id.to_string()),
            _ => Means::Browser,
        };
        Self(Arc::new(Origin {
            address: app.proxies.client(&parts.headers, &parts.extensions).to_string(),
            user_agent: user_agent(&parts.headers),
            means,
        }))
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

impl FromRequestParts<App> for Seen {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        Ok(Self::of(parts, app))
    }
}

impl Part for Seen {}
