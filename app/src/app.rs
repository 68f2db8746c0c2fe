//! The document and the router.

use crate::{
    components::{
        step_up::StepUpDialog,
        toast::{ToastRegion, Toasts},
    },
    pages::{
        NotFound,
        auth::{ConfirmPage, ForgotPage, LoginPage, ResetPage, SignupPage, StepUpPage},
        frame::Frame,
        home::HomePage,
        projects::ProjectsPage,
        settings::security::SecurityPage,
        workspace::{LabPage, ProjectPage},
    },
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, Stylesheet, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
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
    // Runs when the page has been taken over: what is pressed from now on does something.
    Effect::new(|| {
        if let Some(root) = document().document_element() {
            drop(root.set_attribute("data-ready", "true"));
        }
    });
    view! {
        <Stylesheet href="/pkg/alumia.css" />
        <Title formatter=|title: String| if title.starts_with("Alumia") { title } else { format!("{title} · Alumia") } />
        <a class="skip" href="#main">"Skip to content"</a>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/signup") view=SignupPage ssr=SsrMode::Async />
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/auth/step-up") view=StepUpPage ssr=SsrMode::Async />
                <Route path=path!("/forgot") view=ForgotPage ssr=SsrMode::Async />
                <Route path=path!("/reset/:token") view=ResetPage ssr=SsrMode::Async />
                <Route path=path!("/confirm/:token") view=ConfirmPage ssr=SsrMode::Async />
                <Route path=path!("/docs/components") view=Gallery ssr=SsrMode::Async />
                <ParentRoute path=path!("/:org") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/lab") view=LabPage />
                    <Route path=path!("/projects") view=ProjectsPage />
                    <Route path=path!("/projects/:slug") view=ProjectPage />
                    <Route path=path!("/settings/security") view=SecurityPage />
                </ParentRoute>
            </Routes>
        </Router>
        <StepUpDialog />
        <ToastRegion />
    }
}

/// The component page exists in development alone.
#[component]
fn Gallery() -> impl IntoView {
    #[cfg(debug_assertions)]
    return crate::components::gallery::Gallery();
    #[cfg(not(debug_assertions))]
    NotFound()
}
