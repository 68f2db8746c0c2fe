//! Pages whose code is a module of its own, which the browser loads when the page is first shown.
//!
//! What a newcomer sees first (start, sign-up, sign-in) stays in the main module.

use super::{
    auth::{ConfirmPage, ForgotPage, ResetPage, StepUpPage},
    billing::{BillingPage, ReceiptPage},
    developers::DevelopersPage,
    docs::{ApiDocsPage, gallery::Gallery},
    frame::Frame,
    invite::InvitePage,
    orgs::OrgsPage,
    projects::ProjectsPage,
    settings::{
        audit::AuditPage, general::GeneralPage, members::MembersPage, security::SecurityPage,
        workspaces::WorkspacesPage,
    },
    share::SharePage,
    workspace::{LabPage, ProjectPage},
};
use crate::canvas::bench::BenchPage;
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
    /// `/share/<token>`.
    Share = SharePage,
    /// `/orgs`.
    Orgs = OrgsPage,
    /// `/<org>/settings/general`.
    General = GeneralPage,
    /// `/<org>/settings/members`.
    Members = MembersPage,
    /// `/<org>/settings/workspaces`.
    Workspaces = WorkspacesPage,
    /// `/<org>/settings/security`.
    Security = SecurityPage,
    /// `/<org>/settings/audit`.
    Audit = AuditPage,
    /// `/<org>/billing`.
    Billing = BillingPage,
    /// `/<org>/billing/receipts/<id>`.
    Receipt = ReceiptPage,
    /// `/<org>/developers`.
    Developers = DevelopersPage,
    /// `/docs/api`.
    ApiDocs = ApiDocsPage,
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
