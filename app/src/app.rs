//! The document and the router.

use crate::{
    components::{
        step_up::StepUpDialog,
        toast::{ToastRegion, Toasts},
    },
    pages::{
        NotFound,
        auth::{LoginPage, SignupPage},
        home::HomePage,
        lazy::{
            Agent, Agents, ApiDocs, Audit, Billing, CanvasBench, Components, Confirm, Developers, Forgot,
            General, Invite, Lab, LocalModels, Members, OrgFrame, Orgs, Project, Projects, Receipt, Reset,
            Security, Share, StepUp, Workspaces,
        },
    },
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, Stylesheet, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

/// Sets the chosen theme before anything is drawn, and lets the style sheets know that script runs.
const BEFORE_PAINT: &str = "(function(d){d.dataset.script='';try{var t=localStorage.getItem('theme');\
    if(t==='light'||t==='dark')d.dataset.theme=t}catch(e){}})(document.documentElement)";

/// The HTML document around every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <script nonce=use_nonce()>{BEFORE_PAINT}</script>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="preload" href="/fonts/inter.woff2" r#as="font" type="font/woff2" crossorigin="anonymous" />
                <HydrationScripts options />
                // The main module imports it.
                <link rel="modulepreload" href="/pkg/__wasm_split.______________________.js" crossorigin="anonymous" />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Every page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Toasts::new());
    view! {
        <Stylesheet href="/pkg/alumia.css" />
        <Title text="Alumia" formatter=|title: String| if title.starts_with("Alumia") { title } else { format!("{title} · Alumia") } />
        // The router would scroll there and leave the focus where it is.
        <a class="skip" href="#main" rel="external">"Skip to content"</a>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/signup") view=SignupPage ssr=SsrMode::Async />
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/auth/step-up") view={Lazy::<StepUp>::new()} ssr=SsrMode::Async />
                <Route path=path!("/forgot") view={Lazy::<Forgot>::new()} ssr=SsrMode::Async />
                <Route path=path!("/reset/:token") view={Lazy::<Reset>::new()} ssr=SsrMode::Async />
                <Route path=path!("/confirm/:token") view={Lazy::<Confirm>::new()} ssr=SsrMode::Async />
                <Route path=path!("/invite/:token") view={Lazy::<Invite>::new()} ssr=SsrMode::Async />
                <Route path=path!("/share/:token") view={Lazy::<Share>::new()} ssr=SsrMode::Async />
                <Route path=path!("/share/project/:token") view={Lazy::<Share>::new()} ssr=SsrMode::Async />
                <Route path=path!("/orgs") view={Lazy::<Orgs>::new()} ssr=SsrMode::Async />
                <Route path=path!("/docs/api") view={Lazy::<ApiDocs>::new()} ssr=SsrMode::Async />
                <Route path=path!("/docs/components") view={Lazy::<Components>::new()} ssr=SsrMode::Async />
                <Route path=path!("/docs/canvas-bench") view={Lazy::<CanvasBench>::new()} ssr=SsrMode::Async />
                <ParentRoute path=path!("/:org") view={Lazy::<OrgFrame>::new()} ssr=SsrMode::Async>
                    <Route path=path!("/lab") view={Lazy::<Lab>::new()} />
                    <Route path=path!("/projects") view={Lazy::<Projects>::new()} />
                    <Route path=path!("/projects/:slug") view={Lazy::<Project>::new()} />
                    <Route path=path!("/agents") view={Lazy::<Agents>::new()} />
                    <Route path=path!("/agents/:slug") view={Lazy::<Agent>::new()} />
                    <Route path=path!("/billing") view={Lazy::<Billing>::new()} />
                    <Route path=path!("/billing/receipts/:id") view={Lazy::<Receipt>::new()} />
                    <Route path=path!("/developers") view={Lazy::<Developers>::new()} />
                    <Route path=path!("/settings/general") view={Lazy::<General>::new()} />
                    <Route path=path!("/settings/members") view={Lazy::<Members>::new()} />
                    <Route path=path!("/settings/workspaces") view={Lazy::<Workspaces>::new()} />
                    <Route path=path!("/settings/models") view={Lazy::<LocalModels>::new()} />
                    <Route path=path!("/settings/security") view={Lazy::<Security>::new()} />
                    <Route path=path!("/settings/audit") view={Lazy::<Audit>::new()} />
                </ParentRoute>
            </Routes>
        </Router>
        <StepUpDialog />
        <ToastRegion />
    }
}
