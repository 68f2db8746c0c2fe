//! What players and pages of files have in common.

use crate::components::icon::Icon;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A file's name, without the folders above it.
pub(super) fn name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// In place of a file that a share link doesn't give.
pub(super) fn kept_back(icon: &'static str, about: String) -> AnyView {
    view! {
        <figure class="block-image" data-missing="">
            <Icon name=icon />
            <figcaption>{about}<span class="muted">"Files are not shared here."</span></figcaption>
        </figure>
    }
    .into_any()
}

/// Why a player plays nothing.
fn why(code: u16) -> &'static str {
    match code {
        2 => "It couldn't be loaded. Check your connection, then reload the page.",
        3 => "It is damaged, so it can't be played to its end.",
        // It tells neither whether the file is there nor whether it knows the format.
        _ => "The file isn't there any more, is empty, or has a format that this browser doesn't play.",
    }
}

/// Watches a player: the returned signal says why it plays nothing, `None` while it may. A failure that came before
/// the page's script is found too.
pub(super) fn watched<E>(
    player: NodeRef<E>,
) -> (RwSignal<Option<&'static str>>, impl Fn(leptos::ev::ErrorEvent) + Copy)
where
    E: leptos::html::ElementType + 'static,
    E::Output: JsCast + Clone + 'static,
{
    let failed = RwSignal::new(None);
    let look = move || {
        let media = player.get_untracked().and_then(|it| it.dyn_into::<web_sys::HtmlMediaElement>().ok());
        if let Some(error) = media.and_then(|media| media.error()) {
            failed.set(Some(why(error.code())));
        }
    };
    Effect::new(move || {
        if player.get().is_some() {
            look();
        }
    });
    (failed, move |_| look())
}

/// What went wrong, and the way to the file itself.
pub(super) fn trouble(failed: RwSignal<Option<&'static str>>, url: String, name: String) -> AnyView {
    let words = move || {
        failed.get().map(|why| {
            view! {
                <p class="media-trouble">
                    <Icon name="alert" />
                    <span><strong>"This can't be played. "</strong>{why}</span>
                </p>
            }
        })
    };
    let saved = name.clone();
    view! {
        <div role="status">{words}</div>
        <a class="media-file" href=url download=saved data-live=""><Icon name="download" /><span class="truncate">{name}</span></a>
    }
    .into_any()
}
