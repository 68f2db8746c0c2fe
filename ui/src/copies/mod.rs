//! What a project's menu offers to do with all of it: duplicate, export, restore.

mod duplicate;
mod restore;

use crate::components::{icon::Icon, menu::Menu};
use alumia_protocol::ProjectId;
use duplicate::DuplicateDialog;
use leptos::prelude::*;
use restore::RestoreDialog;

/// The project that is to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
}

/// Which dialog is open, for menus and for [`CopyDialogs`].
#[derive(Clone, Copy)]
pub struct CopyDesk {
    /// Whether the dialog for a duplicate is open.
    duplicating: RwSignal<bool>,
    /// Of what.
    source: RwSignal<Option<Source>>,
    /// Whether the dialog for an archive is open.
    restoring: RwSignal<bool>,
}

impl CopyDesk {
    /// Nothing is open.
    pub fn new() -> Self {
        Self {
            duplicating: RwSignal::new(false),
            source: RwSignal::new(None),
            restoring: RwSignal::new(false),
        }
    }

    fn duplicate(self, source: Source) {
        self.source.set(Some(source));
        self.duplicating.set(true);
    }

    /// Asks for an archive.
    pub fn restore(self) {
        self.restoring.set(true);
    }
}

impl Default for CopyDesk {
    fn default() -> Self {
        Self::new()
    }
}

/// A project's menu. Export needs no script: it is a link to the archive, which the browser saves as it arrives.
#[component]
pub fn ProjectMenu(desk: CopyDesk, source: Source) -> impl IntoView {
    let label = view! { <Icon name="more" /> }.into_any();
    let name = format!("Menu of {}", source.name);
    let export = format!("/api/v1/projects/{}/export", source.id);
    view! {
        <div class="project-menu">
            <Menu label name place="down-end">
                <button type="button" class="menu-item needs-script" on:click=move |_| desk.duplicate(source.clone())>
                    <Icon name="copy" />
                    "Duplicate"
                </button>
                <a class="menu-item" href=export rel="external" download="">
                    <Icon name="download" />
                    "Export"
                </a>
                <button type="button" class="menu-item needs-script" on:click=move |_| desk.restore()>
                    <Icon name="upload" />
                    "Restore…"
                </button>
            </Menu>
        </div>
    }
}

/// The dialogs that menus open; `made` runs when there is one more project.
#[component]
pub fn CopyDialogs(
    desk: CopyDesk,
    /// The organisation's slug.
    #[prop(into)]
    org: Signal<String>,
    #[prop(optional, into)] made: Option<Callback<()>>,
) -> impl IntoView {
    let made = Callback::new(move |()| {
        if let Some(made) = made {
            made.run(());
        }
    });
    view! {
        <DuplicateDialog open=desk.duplicating source=desk.source org made />
        <RestoreDialog open=desk.restoring org made />
    }
}
