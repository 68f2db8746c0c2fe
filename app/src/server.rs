//! What the server hands to server functions through Leptos's context, next to
//! [`alumia_platform::Platform`], and what those functions share.

use crate::pages::PageError;
use alumia_protocol::UserId;
use axum::http::{HeaderValue, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

/// Who is asking.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// `None` when nobody is signed in.
    pub user: Option<UserId>,
}

/// A browser session's beginning and end, done by the server because it owns the cookie.
pub trait Door: Send + Sync {
    /// Signs `user` in under a new session id.
    fn enter(&self, user: UserId) -> Pin<Box<dyn Future<Output = alumia_platform::Result<()>> + Send + '_>>;
    /// Signs out.
    fn leave(&self) -> Pin<Box<dyn Future<Output = alumia_platform::Result<()>> + Send + '_>>;
}

/// The door of the present request.
pub type DoorHandle = Arc<dyn Door>;

/// Who is asking; sends whoever isn't signed in to sign in and then back to `path`.
pub(crate) fn signed_in(path: &str) -> Result<UserId, PageError> {
    if let Some(user) = expect_context::<Caller>().user {
        return Ok(user);
    }
    leptos_axum::redirect(&format!("/login?next={}", crate::live::api::percent_encode(path)));
    Err(PageError {
        status: 401,
        message: "Sign in to see this.".into(),
        fields: BTreeMap::new(),
        retry_after_ms: None,
    })
}

const FORM_COOKIE: &str = "alumia_form";

/// What a form that was sent without script shows again: what was typed, and what is wrong with it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Returned {
    pub form: String,
    pub values: BTreeMap<String, String>,
    pub error: PageError,
}

/// Answers a form. A browser without script is sent back to `page`, where [`returned`] finds what was
/// typed; with script the error goes to the page as it is.
pub(crate) fn form_error(
    error: alumia_platform::Error,
    form: &str,
    page: &str,
    values: &[(&str, &str)],
) -> Result<(), PageError> {
    let error = PageError::from(error);
    let (Some(request), Some(response)) = (use_context::<Parts>(), use_context::<ResponseOptions>()) else {
        return Err(error);
    };
    let accept = request.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        return Err(error);
    }
    let values = values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let returned = Returned { form: form.into(), values, error };
    let json = serde_json::to_string(&returned).unwrap_or_default();
    let text = crate::live::api::percent_encode(&json);
    // What is too long for a cookie is typed again; the message still fits.
    let text = if text.len() > 3_500 { String::new() } else { text };
    let cookie = format!("{FORM_COOKIE}={text}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.append_header(header::SET_COOKIE, cookie);
    }
    leptos_axum::redirect(page);
    Ok(())
}

/// What `form` left behind, once: the cookie goes with this answer.
pub(crate) fn returned(form: &str) -> Option<Returned> {
    let request = use_context::<Parts>()?;
    let cookies = request.headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let mut pairs = cookies.flat_map(|cookie| cookie.split("; ")).filter_map(|pair| pair.split_once('='));
    let (_, text) = pairs.find(|(name, _)| *name == FORM_COOKIE)?;
    let json = percent_decode(text)?;
    let returned: Returned = serde_json::from_str(&json).ok()?;
    if returned.form != form {
        return None;
    }
    let gone = format!("{FORM_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    use_context::<ResponseOptions>()?.append_header(header::SET_COOKIE, HeaderValue::from_str(&gone).ok()?);
    Some(returned)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, more) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = more;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::percent_decode;

    #[test]
    fn decodes_what_was_encoded_and_refuses_the_rest() {
        let text = "{\"a\":\"é; =%\"}";
        let encoded = crate::live::api::percent_encode(text);
        assert_eq!(percent_decode(&encoded).as_deref(), Some(text));
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(percent_decode(bad), None, "{bad}");
        }
    }
}
