//! What a page shows when its data could not be had.

use crate::{components::icon::Icon, live::api};
use alumia_protocol::{TooManyRequests, error::Failure};
use leptos::{
    prelude::*,
    server_fn::{Bytes, codec::JsonEncoding},
};
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a server function failed, for the person in front of the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageError {
    /// HTTP status of the class; 0 when the server wasn't reached.
    pub status: u16,
    /// What happened and what to do.
    pub message: String,
    /// Field to message.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Milliseconds until the next try can pass.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// The exact cause, where the page does something about it.
    #[serde(default)]
    pub reason: Option<String>,
}

impl FromServerFnError for PageError {
    type Encoder = JsonEncoding;

    /// Reads our own error, or what a layer before the function answered: a rate limit, a refused request.
    fn de(data: Bytes) -> Self {
        if let Ok(error) = serde_json::from_slice(&data) {
            return error;
        }
        let unknown = ServerFnErrorErr::Deserialization("not an error of ours".into());
        let mut error = Self::from_server_fn_error(unknown);
        if let Ok(limited) = serde_json::from_slice::<TooManyRequests>(&data) {
            error.status = 429;
            error.message = "That was a lot at once. Wait a moment, then try again.".into();
            error.retry_after_ms = Some(limited.retry_after_ms);
        } else if let Ok(failure) = serde_json::from_slice::<Failure>(&data) {
            error.status = failure.error.code.status();
            error.message = failure.error.message;
            error.reason = failure.error.reason;
        }
        error
    }

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let unreached = matches!(error, ServerFnErrorErr::Request(_));
        let message = if unreached {
            "The server can't be reached. Check your connection and try again."
        } else {
            "Something went wrong on the way to the server. Reload the page and try again."
        };
        Self {
            status: if unreached { 0 } else { 500 },
            message: message.into(),
            fields: BTreeMap::new(),
            retry_after_ms: None,
            reason: None,
        }
    }
}

impl From<api::Problem> for PageError {
    fn from(problem: api::Problem) -> Self {
        let api::Problem { status, message, reason, fields, retry_after_ms, .. } = problem;
        Self { status, message, fields, retry_after_ms, reason }
    }
}

impl PageError {
    /// The message for one field.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.get(name).cloned()
    }

    /// What stands above a form: nothing when every complaint has its field.
    pub fn general(&self) -> Option<String> {
        match self.retry_after_ms {
            Some(wait) => {
                Some(format!("Too many tries. Wait {} seconds, then try again.", wait.div_ceil(1_000).max(1)))
            }
            None => self.fields.is_empty().then(|| self.message.clone()),
        }
    }
}

#[cfg(feature = "ssr")]
impl From<alumia_platform::Error> for PageError {
    /// Also gives the page or the function's answer its status.
    fn from(error: alumia_platform::Error) -> Self {
        use alumia_platform::Error;
        let (status, message) = match &error {
            Error::NotFound(_) => (404, "There is nothing here, or you can't see it.".to_owned()),
            Error::BadRequest(message) => (400, message.clone()),
            Error::Invalid(_) => (422, error.to_string()),
            Error::Unauthorized { message, .. } => (401, message.clone()),
            Error::PaymentRequired(blocked) => (402, blocked.message.clone()),
            Error::Forbidden { message, .. } => (403, message.clone()),
            Error::Conflict { message, .. } => (409, message.clone()),
            Error::TooLarge(message) => (413, message.clone()),
            Error::Limited { .. } => {
                (429, "That was a lot at once. Wait a moment, then try again.".to_owned())
            }
            Error::Unavailable { message, .. } => (503, message.clone()),
            Error::Internal(source) => {
                tracing::error!(error = %source, "page failed");
                (500, "Something went wrong on our side. Reload the page; if it stays, tell whoever runs this server.".to_owned())
            }
        };
        let fields = if let Error::Invalid(fields) = &error { fields.clone() } else { BTreeMap::new() };
        let retry_after_ms =
            if let Error::Limited { retry_after_ms } = error { Some(retry_after_ms) } else { None };
        let reason = match &error {
            Error::Unauthorized { reason, .. } => reason.map(str::to_owned),
            Error::PaymentRequired(blocked) => Some(blocked.reason.word().to_owned()),
            Error::Forbidden { reason, .. } => Some((*reason).to_owned()),
            _ => None,
        };
        set_status(status);
        Self { status, message, fields, retry_after_ms, reason }
    }
}

/// Gives the present answer its status; in the browser there is none to give.
pub fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (use_context::<leptos_axum::ResponseOptions>(), axum::http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}

/// A whole page for an address with nothing behind it.
#[component]
pub fn NotFound() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Not found" />
        <Full icon="search" title="There is nothing here">
            <p>"The address may be mistyped, or what was here is gone or not shared with you."</p>
            <a class="button" href="/">"Go to the start"</a>
        </Full>
    }
}

/// A whole page for data that could not be had.
#[component]
pub fn Problem(error: PageError) -> impl IntoView {
    if error.status == 404 {
        return view! { <NotFound /> }.into_any();
    }
    view! {
        <Title text="Something went wrong" />
        <Full icon="alert" title="This page could not be shown">
            <p>{error.message}</p>
            <a class="button" href="" rel="external">"Try again"</a>
        </Full>
    }
    .into_any()
}

#[component]
fn Full(icon: &'static str, title: &'static str, children: Children) -> impl IntoView {
    view! {
        <main id="main" class="full" tabindex="-1">
            <span class="empty-icon"><Icon name=icon /></span>
            <h1>{title}</h1>
            {children()}
        </main>
    }
}

#[cfg(test)]
mod tests {
    use super::PageError;
    use leptos::prelude::FromServerFnError;

    #[test]
    fn reads_what_the_layers_before_it_answer() {
        let own = PageError {
            status: 422,
            message: "m".into(),
            fields: [("email".into(), "e".into())].into(),
            retry_after_ms: None,
            reason: None,
        };
        assert_eq!(PageError::de(own.ser()), own);
        let limited = PageError::de(r#"{"error":"Too many requests","retryAfterMs":2100}"#.into());
        assert_eq!(limited.general().as_deref(), Some("Too many tries. Wait 3 seconds, then try again."));
        let refused = r#"{"success":false,"error":{"code":"FORBIDDEN","message":"From another site.","requestId":"r"}}"#;
        assert_eq!(PageError::de(refused.into()).general().as_deref(), Some("From another site."));
        assert_eq!(PageError::de("<html>".into()).status, 500);
    }
}
