//! What was: earlier versions of a block, and what the last run changed, brought back.

use super::scene::{Scene, kind_name};
use crate::{
    blocks::BlockView,
    components::{
        button::{Button, Kind},
        dialog::Dialog,
        time::Ago,
        toast::Toasts,
    },
    live::api,
};
use alumia_protocol::{
    BlockId,
    blocks::{Block, BlockVersion, RestoredRun, UpdateBlock},
};
use leptos::{prelude::*, task::spawn_local};

impl Scene {
    /// Undoes what the last run did to the canvas, and says what became of it.
    pub fn undo_last_run(self) {
        let (project, toasts) = (self.live.project_id(), self.owner.get_value().with(use_context::<Toasts>));
        spawn_local(async move {
            let told = match api::restore_last_run(project).await {
                Ok(done) => told(&done),
                Err(problem) => problem.message,
            };
            if !self.inner.is_disposed() {
                self.announce(told.clone());
            }
            if let Some(toasts) = toasts {
                toasts.say(told);
            }
        });
    }
}

/// What an undone run left, in a sentence or two.
fn told(done: &RestoredRun) -> String {
    let count = |number: usize| if number == 1 { "1 block".to_owned() } else { format!("{number} blocks") };
    let mut parts = Vec::new();
    if !done.restored.is_empty() {
        parts.push(format!("{} as before", count(done.restored.len())));
    }
    if !done.removed.is_empty() {
        parts.push(format!("{} removed", count(done.removed.len())));
    }
    let kept = match done.kept.len() {
        0 => String::new(),
        kept => format!(" {} changed since stayed.", count(kept)),
    };
    format!("The last run is undone: {}.{kept}", parts.join(", "))
}

/// The dialog with a block's earlier versions.
#[component]
pub(super) fn Versions(scene: Scene) -> impl IntoView {
    let open = RwSignal::new(false);
    let found = RwSignal::new(None::<Result<Vec<BlockVersion>, String>>);
    Effect::new(move |_| {
        if let Some(block) = scene.versions_of.get() {
            found.set(None);
            open.set(true);
            spawn_local(async move {
                let answer = api::block_versions(block).await;
                found.try_set(Some(answer.map(|list| list.items).map_err(|problem| problem.message)));
            });
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            scene.versions_of.set(None);
        }
    });
    let list = move || match (found.get(), scene.versions_of.get()) {
        (None, _) | (_, None) => view! { <p class="muted">"Looking …"</p> }.into_any(),
        (Some(Err(message)), _) => view! { <p class="form-error" role="alert">{message}</p> }.into_any(),
        (Some(Ok(versions)), _) if versions.is_empty() => {
            view! { <p class="muted">"This block has not been changed yet."</p> }.into_any()
        }
        (Some(Ok(versions)), Some(block)) => {
            let rows = versions
                .into_iter()
                .map(|version| view! { <Version scene block version open /> })
                .collect_view();
            view! { <ol class="versions">{rows}</ol> }.into_any()
        }
    };
    view! {
        <Dialog open title="Earlier versions" class="versions-dialog">
            {move || open.get().then(list)}
        </Dialog>
    }
}

#[component]
fn Version(scene: Scene, block: BlockId, version: BlockVersion, open: RwSignal<bool>) -> impl IntoView {
    let toasts = use_context::<Toasts>();
    let looks = RwSignal::new(false);
    let BlockVersion { version: number, title, content, run_id, replaced_at } = version;
    let name = if title.is_empty() { kind_name(&content).to_owned() } else { title.clone() };
    let by = if run_id.is_some() { "an agent's" } else { "a person's" };
    let shown = scene.live.block(block).map(|present| {
        let of = present.get_untracked();
        RwSignal::new(Block { title: title.clone(), content: content.clone(), session_id: None, ..of })
    });
    let restore = move |_| {
        let Some(present) = scene.live.block(block) else { return };
        let change = UpdateBlock {
            version: present.with_untracked(|block| block.version),
            title: Some(title.clone()),
            content: Some(content.clone()),
            position: None,
        };
        spawn_local(async move {
            let told = match api::update_block(block, &change).await {
                Ok(_) => format!("Version {number} is back."),
                Err(problem) => problem.message,
            };
            open.try_set(false);
            if let Some(toasts) = toasts {
                toasts.say(told);
            }
        });
    };
    view! {
        <li class="version">
            <div class="version-head">
                <span class="num muted">{number}</span>
                <strong class="truncate">{name}</strong>
                <span class="muted">{by} ", until " <Ago at=replaced_at /></span>
                <span class="version-acts">
                    <Button
                        kind=Kind::Quiet
                        on:click=move |_| looks.update(|looks| *looks = !*looks)
                    >
                        {move || if looks.get() { "Hide" } else { "Show" }}
                    </Button>
                    <Button kind=Kind::Secondary on:click=restore>"Bring back"</Button>
                </span>
            </div>
            {move || looks.get().then(|| shown.map(|block| view! { <div class="version-shown"><BlockView block look_only=true /></div> }))}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::told;
    use alumia_protocol::{BlockId, RunId, blocks::RestoredRun};

    #[test]
    fn it_says_what_became_of_what_a_run_did() {
        let ids = |number: usize| (0..number).map(|_| BlockId::new()).collect::<Vec<_>>();
        let done = |restored, removed, kept| RestoredRun {
            run_id: RunId::new(),
            restored: ids(restored),
            removed: ids(removed),
            kept: ids(kept),
        };
        assert_eq!(told(&done(1, 0, 0)), "The last run is undone: 1 block as before.");
        let all =
            "The last run is undone: 2 blocks as before, 3 blocks removed. 1 block changed since stayed.";
        assert_eq!(told(&done(2, 3, 1)), all);
    }
}
