//! `/share/<token>`: a project's canvas for whoever has its link. No account, nothing to change.

use super::PageError;
use crate::{
    canvas::Canvas,
    components::{icon::Icon, time::day},
    live::{
        Connection, Live,
        shared::{Shared, snapshot},
    },
};
use alumia_protocol::share::{ShareMode, SharedProject};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;

/// Reads the canvas that a link opens, and counts the viewer.
#[server(prefix = "/fn", endpoint = "share")]
pub async fn load_share(token: String) -> Result<SharedProject, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let view = platform.shares.view(&token, &crate::server::origin()).await?;
    Ok(view.shown().project.clone())
}

/// `/share/<token>`, `/share/project/<token>`
#[component]
pub fn SharePage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.with(|params| params.get("token").unwrap_or_default()));
    let data = Resource::new_blocking(move || token.get(), load_share);
    view! {
        <Meta name="robots" content="noindex, nofollow, noarchive" />
        <Meta name="referrer" content="no-referrer" />
        <Transition>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(project) => {
                        view! { <SharedCanvas project token=token.get_untracked() /> }.into_any()
                    }
                    Err(error) if error.status == 404 => view! { <Gone /> }.into_any(),
                    Err(error) => view! { <Unread error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn SharedCanvas(project: SharedProject, token: String) -> impl IntoView {
    provide_context(Shared { token });
    let about = StoredValue::new((project.name.clone(), project.emoji.clone()));
    let (mode, shared_at) = (project.mode, project.shared_at);
    let live = Live::new(project.id, snapshot(project));
    provide_context(live);
    Effect::new(move |connected: Option<()>| {
        if connected.is_none() {
            live.connect();
        }
    });
    let is_over = Memo::new(move |_| live.refused().get().is_some());
    move || {
        // Nothing of the canvas stays when its link ends.
        if is_over.get() {
            return view! { <Gone /> }.into_any();
        }
        let (name, emoji) = about.get_value();
        let emoji = (!emoji.is_empty()).then(|| view! { <span aria-hidden="true">{emoji}</span> });
        let kind = match mode {
            ShareMode::Live => view! { <LiveState live /> }.into_any(),
            ShareMode::Frozen => {
                view! { <p class="connection">"Snapshot of "{day(shared_at)}</p> }.into_any()
            }
        };
        view! {
            <Title text=name.clone() />
            <main id="main" class="share" tabindex="-1">
                <header class="share-head">
                    {emoji}
                    <h1 class="truncate">{name}</h1>
                    <span class="badge">"View only"</span>
                    {kind}
                </header>
                <div class="share-canvas"><Canvas /></div>
                <footer class="share-foot">
                    <span>"Shared with "<a href="/" rel="external">"Alumia"</a></span>
                </footer>
            </main>
        }
        .into_any()
    }
}

/// How the page and the server stand.
#[component]
fn LiveState(live: Live) -> impl IntoView {
    let state = move || match live.connection().get() {
        Connection::Connecting => ("connecting", "Connecting"),
        Connection::Live => ("live", "Live"),
        Connection::Reconnecting => ("reconnecting", "Reconnecting"),
        Connection::Offline => ("offline", "Offline"),
    };
    view! {
        <div class="connection needs-script" data-state=move || state().0 role="status">
            <span class="connection-dot"></span>
            <span>{move || state().1}</span>
        </div>
    }
}

/// The same page for every link that doesn't work. It doesn't know why, and says what it can be.
#[component]
fn Gone() -> impl IntoView {
    view! {
        <Title text="Nothing shared here" />
        <main id="main" class="full" tabindex="-1">
            <span class="empty-icon"><Icon name="link" /></span>
            <h1>"This link shows nothing"</h1>
            <p>"A share link stops working for one of four reasons, and we can't say which one it is here:"</p>
            <ul class="share-causes">
                <li><strong>"Sharing was turned off"</strong>" or the link was replaced by a new one."</li>
                <li><strong>"The link has expired."</strong>" Links can be made to end after a while."</li>
                <li><strong>"The project was deleted."</strong></li>
                <li><strong>"The address is not complete."</strong>" The last part of a link has 72 characters."</li>
            </ul>
            <p>
                "Open the link again from where you got it, to be sure that all of it is there. If that doesn't help, ask whoever sent it for a new one: an old link never comes back to life."
            </p>
            <a class="button" href="/" rel="external">"Go to the start"</a>
        </main>
    }
}

/// What is wrong is here and not with the link.
#[component]
fn Unread(error: PageError) -> impl IntoView {
    view! {
        <Title text="Not shown" />
        <main id="main" class="full" tabindex="-1">
            <span class="empty-icon"><Icon name="alert" /></span>
            <h1>"This canvas could not be shown"</h1>
            <p>{error.message}</p>
            <a class="button" href="" rel="external">"Try again"</a>
        </main>
    }
}
