//! `/`: the product in one screen.

use super::{
    PageError,
    frame::{Mark, ThemeSwitch},
};
use crate::components::icon::Icon;
use leptos::prelude::*;
use leptos_meta::Title;

/// Path of the lab of whoever is signed in.
#[server(prefix = "/fn", endpoint = "home")]
pub async fn load_home() -> Result<Option<String>, PageError> {
    let Some(user) = expect_context::<crate::server::Caller>().user else { return Ok(None) };
    let me = expect_context::<alumia_platform::Platform>().identity.me(user).await?;
    Ok(me.memberships.first().map(|membership| format!("/{}/lab", membership.org.slug)))
}

/// `/`
#[component]
pub fn HomePage() -> impl IntoView {
    let lab = Resource::new_blocking(|| (), |()| load_home());
    let doors = move || {
        Suspend::new(async move {
            match lab.await.ok().flatten() {
                Some(path) => view! { <a class="button primary large" href=path>"Open the lab"<Icon name="arrow-right" /></a> }.into_any(),
                None => view! {
                    <a class="button primary large" href="/signup">"Create an account"<Icon name="arrow-right" /></a>
                    <a class="button large" href="/login">"Sign in"</a>
                }
                .into_any(),
            }
        })
    };
    view! {
        <Title text="Alumia: agents at work on a live canvas" />
        <header class="home-bar">
            <a href="/" class="brand"><Mark />"Alumia"</a>
            <ThemeSwitch />
        </header>
        <main id="main" class="home" tabindex="-1">
            <section class="home-lead">
                <h1>"Watch your agents work. Keep what they make."</h1>
                <p>
                    "Alumia puts people and AI agents on one live canvas. You ask in a chat, see every tool call as it "
                    "happens, and the results stay as charts, tables and notes that you can reopen, edit and share."
                </p>
                <div class="home-doors"><Suspense>{doors}</Suspense></div>
                <p class="home-note">"The first tour takes under a minute and needs no model key."</p>
            </section>
            <Picture />
            <ul class="home-facts" role="list">
                <li><Icon name="bolt" /><h2>"It goes on without you"</h2><p>"A run belongs to the server. Close the tab, lose the network, restart: nothing is lost."</p></li>
                <li><Icon name="terminal" /><h2>"Real tools, fenced in"</h2><p>"Python and shell in a sandbox without network. What reaches outside asks you first."</p></li>
                <li><Icon name="globe" /><h2>"Yours to run"</h2><p>"One binary, your data directory, any model provider, or your own key."</p></li>
            </ul>
        </main>
    }
}

/// A still of the canvas, drawn with the product's own parts.
#[component]
fn Picture() -> impl IntoView {
    // The growth of carbon dioxide by decade, as the tour finds it, in hundredths of ppm a year.
    let bars = [86, 124, 158, 157, 199, 240];
    view! {
        <div class="home-picture" aria-hidden="true">
            <div class="still still-agent">
                <header><span class="avatar">"A"</span><strong>"Ala"</strong><span class="badge" data-tone="amber"><span class="badge-dot"></span>"Running"</span></header>
                <div class="still-call"><Icon name="check" />"Read file"<span>"12 ms"</span></div>
                <div class="still-call"><Icon name="check" />"Ran command"<span>"1.4 s"</span></div>
                <div class="still-call live"><Icon name="bolt" />"Making block"<span>"0.3 s"</span></div>
            </div>
            <div class="still still-chart">
                <header><strong>"Growth by decade, ppm a year"</strong></header>
                <svg viewBox="0 0 210 100" preserveAspectRatio="none">
                    {bars
                        .into_iter()
                        .enumerate()
                        .map(|(at, height)| {
                            let height = height * 5 / 13;
                            view! { <rect x=at * 35 + 5 y=100 - height width="24" height=height rx="3" data-bar=at.to_string() /> }
                        })
                        .collect_view()}
                </svg>
            </div>
            <div class="still still-metric"><span>"Months read"</span><strong>"741"</strong></div>
        </div>
    }
}
