//! What the server hands to server functions through Leptos's context, next to
//! [`alumia_platform::Platform`], and what those functions share.

use crate::pages::PageError;
use alumia_protocol::{OrgId, UserId};
use axum::http::{HeaderValue, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Link;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Who is asking.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// `None` when nobody is signed in.
    pub user: Option<UserId>,
    /// Whether a factor was proved in this browser session a short while ago.
    pub stepped_up: bool,
}

/// The API's description, for the pages that show it.
#[derive(Clone)]
pub struct Described {
    /// OpenAPI.
    pub document: &'static serde_json::Value,
    /// Where the reader reaches this server: `https://alumia.example.org`.
    pub origin: String,
}

/// The modules of lazy pages, and which of them this page's head names already.
///
/// Leptos would name them by itself with a [`leptos::WasmSplitManifest`], but asks for it outside of the page's
/// reactive owner (`leptos_integration_utils` 0.8.9): when another page is rendered meanwhile, it finds none
/// or that one's, and the wrong head gets the names.
#[derive(Clone, Debug)]
pub struct LazyModules {
    of_groups: Arc<BTreeMap<String, Vec<String>>>,
    named: Arc<Mutex<BTreeSet<String>>>,
}

impl LazyModules {
    /// `manifest` is the splitter's: the modules of each lazy function, by its name and a hash
    /// (`workspace_1898813023086895483`).
    #[must_use]
    pub fn new(manifest: HashMap<String, Vec<String>>) -> Self {
        let of_groups = manifest
            .into_iter()
            .map(|(name, modules)| match name.rsplit_once('_') {
                Some((group, _)) => (group.to_owned(), modules),
                None => (name, modules),
            })
            .collect();
        Self { of_groups: Arc::new(of_groups), named: Arc::default() }
    }

    /// The same for another page, whose head names none yet.
    #[must_use]
    pub fn for_page(&self) -> Self {
        Self { of_groups: self.of_groups.clone(), named: Arc::default() }
    }

    /// The modules of `group` that weren't asked for on this page before.
    fn unnamed(&self, group: &str) -> Vec<String> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let modules = self.of_groups.get(group).into_iter().flatten();
        modules.filter(|module| named.insert((*module).clone())).cloned().collect()
    }
}

/// Names the modules of a group of lazy pages in the page's head, so that the browser loads them at once and not
/// one after the other when the script asks for them.
pub(crate) fn name_modules(group: &str) {
    let Some(modules) = use_context::<LazyModules>() else { return };
    for module in modules.unnamed(group) {
        let href = format!("/pkg/{module}.wasm");
        // A link goes to the head when it is rendered; in its place there is nothing.
        let link = view! { <Link rel="preload" href as_="fetch" type_="application/wasm" crossorigin="anonymous" /> };
        _ = link.to_html();
    }
}

/// A browser session's beginning and end, done by the server because it owns the cookie.
pub trait Door: Send + Sync {
    /// Signs `user` in under a new session id.
    fn enter(&self, user: UserId) -> Pin<Box<dyn Future<Output = alumia_platform::Result<()>> + Send + '_>>;
    /// Notes that a factor was proved just now; goes on under a new id.
    fn step_up(&self) -> Pin<Box<dyn Future<Output = alumia_platform::Result<()>> + Send + '_>>;
    /// What names the session in lists; empty where nobody is signed in.
    fn session(&self) -> String;
    /// Signs out.
    fn leave(&self) -> Pin<Box<dyn Future<Output = alumia_platform::Result<()>> + Send + '_>>;
}

/// Where a server function says which organisation the request turned out to concern, for the audit log.
#[derive(Clone, Default)]
pub struct Concern(pub Arc<OnceLock<OrgId>>);

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
        reason: None,
    })
}

/// Who is asking, when they have proved a factor a short while ago. With script, the refusal opens the dialog
/// over the page; without, the browser is sent to the page for it and then back to `path`, and this is `None`.
pub(crate) fn stepped_up(path: &str) -> Result<Option<UserId>, PageError> {
    let user = signed_in(path)?;
    if expect_context::<Caller>().stepped_up {
        return Ok(Some(user));
    }
    if is_plain_form() {
        leptos_axum::redirect(&format!("/auth/step-up?next={}", crate::live::api::percent_encode(path)));
        return Ok(None);
    }
    if let Some(response) = use_context::<ResponseOptions>() {
        let name = axum::http::HeaderName::from_static(crate::live::step_up::HEADER);
        response.insert_header(name, HeaderValue::from_static("required"));
    }
    Err(alumia_platform::Error::step_up_required().into())
}

/// What names the asking browser session in lists.
pub(crate) fn session() -> String {
    use_context::<DoorHandle>().map(|door| door.session()).unwrap_or_default()
}

/// Where the present request came from.
pub(crate) fn origin() -> Arc<alumia_platform::audit::Origin> {
    use_context().unwrap_or_default()
}

/// Accounts, for a request that comes from where the present one does.
pub(crate) fn identity() -> alumia_platform::identity::Identity {
    expect_context::<alumia_platform::Platform>().identity.coming_from(origin())
}

/// A member of the organisation with this slug, who is known to come from where the request does.
pub(crate) async fn member(user: UserId, org: &str) -> Result<alumia_platform::OrgScope, PageError> {
    // While a page is rendered, what is asked of the request after waiting may find it gone.
    let (concern, origin) = (use_context::<Concern>(), origin());
    let scope = expect_context::<alumia_platform::Platform>().orgs.scope(user, org).await?;
    if let Some(Concern(concern)) = concern {
        concern.get_or_init(|| scope.org_id());
    }
    Ok(scope.coming_from(origin))
}

/// Whether a form was sent by a browser without script.
pub(crate) fn is_plain_form() -> bool {
    let accept = use_context::<Parts>()
        .and_then(|request| request.headers.get(header::ACCEPT).cloned())
        .and_then(|accept| accept.to_str().map(str::to_owned).ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
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
    let Some(response) = use_context::<ResponseOptions>().filter(|_| is_plain_form()) else {
        return Err(error);
    };
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
