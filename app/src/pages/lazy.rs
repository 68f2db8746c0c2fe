//! Pages whose code is a module of its own, which the browser loads when the page is first shown.
//!
//! What a newcomer sees first (start, sign-up, sign-in) stays in the main module.

use super::{
    frame::Frame,
    projects::ProjectsPage,
    workspace::{LabPage, ProjectPage},
};
use crate::{canvas::bench::BenchPage, components::gallery::Gallery};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

macro_rules! lazy_pages {
    ($($(#[$doc:meta])* $name:ident = $page:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        #[lazy_route]
        impl LazyRoute for $name {
            fn data() -> Self {
                Self
            }

            fn view(_page: Self) -> AnyView {
                $page().into_any()
            }
        }
    )+};
}

lazy_pages! {
    /// What surrounds an organisation's pages.
    OrgFrame = Frame,
    /// `/docs/components`; the server shows it in development alone.
    Components = Gallery,
    /// `/docs/canvas-bench`; the server shows it in development alone.
    CanvasBench = BenchPage,
    /// `/<org>/lab`.
    Lab = LabPage,
    /// `/<org>/projects`.
    Projects = ProjectsPage,
    /// `/<org>/projects/<slug>`.
    Project = ProjectPage,
}
