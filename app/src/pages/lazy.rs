//! Pages whose code is a module of its own, which the browser loads when one of them is first shown.
//!
//! What a newcomer sees first (start, sign-up, sign-in) stays in the main module. Pages that people go to and fro
//! between share one: the splitter makes a module of what each set of others has in common, so with a module
//! for every page a visit took two hundred requests.

use super::{
    agents::{AgentPage, AgentsPage},
    auth::{ConfirmPage, ForgotPage, ResetPage, StepUpPage},
    billing::{BillingPage, ReceiptPage},
    developers::DevelopersPage,
    docs::{ApiDocsPage, gallery::Gallery},
    frame::Frame,
    invite::InvitePage,
    orgs::OrgsPage,
    projects::ProjectsPage,
    settings::{
        audit::AuditPage, general::GeneralPage, members::MembersPage, models::ModelsPage,
        security::SecurityPage, workspaces::WorkspacesPage,
    },
    share::SharePage,
    workspace::{LabPage, ProjectPage},
};
use crate::canvas::bench::BenchPage;
use leptos::{lazy, prelude::*};
use leptos_router::LazyRoute;

macro_rules! lazy_pages {
    ($($(#[$doc:meta])* $module:ident, $preload:ident, $pages:ident {
        $($(#[$page_doc:meta])* $name:ident = $page:ident),+ $(,)?
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        enum $pages { $($name),+ }

        #[lazy]
        fn $module(page: $pages) -> AnyView {
            match page { $($pages::$name => $page().into_any()),+ }
        }

        $(
            $(#[$page_doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl LazyRoute for $name {
                fn data() -> Self {
                    Self
                }

                async fn view(_page: Self) -> AnyView {
                    #[cfg(feature = "ssr")]
                    crate::server::name_modules(stringify!($module));
                    $module($pages::$name).await
                }

                async fn preload() {
                    #[cfg(target_arch = "wasm32")]
                    $preload().await;
                }
            }
        )+
    )+};
}

lazy_pages! {
    /// Ways in and back in.
    ways, __preload_ways, Ways {
        /// `/auth/step-up`.
        StepUp = StepUpPage,
        /// `/forgot`.
        Forgot = ForgotPage,
        /// `/reset/<token>`.
        Reset = ResetPage,
        /// `/confirm/<token>`.
        Confirm = ConfirmPage,
        /// `/invite/<token>`.
        Invite = InvitePage,
    }

    /// What every page of an organisation needs.
    organization, __preload_organization, Organization {
        /// What surrounds an organisation's pages.
        OrgFrame = Frame,
        /// `/<org>/projects`.
        Projects = ProjectsPage,
    }

    /// Where people and agents work.
    workspace, __preload_workspace, Workspace {
        /// `/<org>/lab`.
        Lab = LabPage,
        /// `/<org>/projects/<slug>`.
        Project = ProjectPage,
    }

    /// What is set up now and then.
    office, __preload_office, Office {
        /// `/orgs`.
        Orgs = OrgsPage,
        /// `/<org>/agents`.
        Agents = AgentsPage,
        /// `/<org>/agents/<slug>`.
        Agent = AgentPage,
        /// `/<org>/settings/general`.
        General = GeneralPage,
        /// `/<org>/settings/members`.
        Members = MembersPage,
        /// `/<org>/settings/workspaces`.
        Workspaces = WorkspacesPage,
        /// `/<org>/settings/models`.
        LocalModels = ModelsPage,
        /// `/<org>/settings/security`.
        Security = SecurityPage,
        /// `/<org>/settings/audit`.
        Audit = AuditPage,
        /// `/<org>/developers`.
        Developers = DevelopersPage,
        /// `/docs/api`.
        ApiDocs = ApiDocsPage,
    }

    /// Money.
    money, __preload_money, Money {
        /// `/<org>/billing`.
        Billing = BillingPage,
        /// `/<org>/billing/receipts/<id>`.
        Receipt = ReceiptPage,
    }

    /// For whoever has a link.
    shared, __preload_shared, Shared {
        /// `/share/<token>`.
        Share = SharePage,
    }

    /// The server shows these in development alone.
    workbench, __preload_workbench, Workbench {
        /// `/docs/components`.
        Components = Gallery,
        /// `/docs/canvas-bench`.
        CanvasBench = BenchPage,
    }
}
