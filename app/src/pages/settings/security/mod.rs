//! `/<org>/settings/security`: address, password, factors, browser sessions.

mod account;
mod factors;
mod sessions;

use crate::pages::{PageError, Problem};
use alumia_protocol::security::{BrowserSession, Factors, Passkey};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityData {
    /// The account's address.
    pub email: String,
    /// Whether somebody has confirmed that it is theirs.
    pub verified: bool,
    /// What there is to prove who one is with.
    pub factors: Factors,
    /// Passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Browsers that are signed in, the last used first.
    pub sessions: Vec<BrowserSession>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "security")]
pub async fn load_security(org: String, path: String) -> Result<SecurityData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    // While a page is rendered, what is asked of the request after waiting may find it gone.
    let (user, session) = (crate::server::signed_in(&path)?, crate::server::session());
    // An organisation that one doesn't belong to has no such page.
    platform.orgs.scope(user, &org).await?;
    let identity = platform.identity.clone();
    Ok(SecurityData {
        email: identity.me(user).await?.user.email,
        verified: identity.is_verified(user).await?,
        factors: identity.factors(user).await?,
        passkeys: identity.passkeys(user).await?,
        sessions: identity.browsers(user, &session).await?,
    })
}

/// Reads the page's data again, after a change.
#[derive(Clone, Copy)]
struct Reload(Callback<()>);

/// `/<org>/settings/security`
#[component]
pub fn SecurityPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_security(org, path.get_untracked()),
    );
    provide_context(Reload(Callback::new(move |()| data.refetch())));
    view! {
        <Title text="Security" />
        <main id="main" class="page settings" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Security data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Security(data: SecurityData) -> impl IntoView {
    let SecurityData { email, verified, factors, passkeys, sessions } = data;
    view! {
        <super::SettingsHead />
        <factors::Passkeys factors passkeys />
        <factors::App factors />
        <account::Password factors />
        <account::EmailAddress email verified />
        <sessions::Sessions sessions />
    }
}

/// Path of this page, for forms that come back to it.
#[cfg(feature = "ssr")]
fn page_of(org: &str) -> String {
    format!("/{}/settings/security", crate::live::api::percent_encode(org))
}
