//! The canvas, or what is selected of it, as a file: a picture (PNG, SVG) or its data (JSON). Nothing leaves the page.
//!
//! The pictures are the page's own drawing: the nodes' elements with the page's style sheets and fonts, in the one
//! element of SVG that holds HTML. So they look like the canvas whatever a block shows, in every theme, and no second
//! drawing of blocks has to follow the first. What that costs: an SVG made so is drawn whole by browsers, and by few
//! programs besides; the PNG is for those.

mod data;
mod gather;
mod picture;
mod raster;

use super::scene::Scene;
use crate::components::{
    button::{Button, Kind},
    dialog::Dialog,
    field::FormError,
    toast::Toasts,
};
use alumia_protocol::blocks::NodeId;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast as _;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Png,
    Svg,
    Json,
}

impl Form {
    const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Json => "json",
        }
    }
}

/// Why there is no file: a sentence for the person.
type Made<T> = Result<T, String>;

/// The dialog; opens with the scene's `exporting`.
#[component]
pub(super) fn ExportDialog(scene: Scene) -> impl IntoView {
    let selected_only = RwSignal::new(false);
    let busy = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let toasts = use_context::<Toasts>();
    let selected = move || scene.selection.with(Vec::len);
    Effect::new(move || {
        if scene.exporting.get() {
            problem.set(None);
            selected_only.set(scene.selection.with_untracked(|ids| ids.len() > 1));
        }
    });
    let run = move |form: Form| {
        if busy.get_untracked().is_some() {
            return;
        }
        let ids = if selected_only.get_untracked() {
            scene.selection.get_untracked()
        } else {
            scene.reading_order()
        };
        problem.set(None);
        busy.set(Some("Beginning".into()));
        spawn_local(async move {
            let made = make(scene, form, &ids, busy).await;
            gather::let_go(scene);
            // The page may be gone.
            if busy.try_set(None).is_some() {
                return;
            }
            match made.and_then(|blob| save(&blob, form)) {
                Ok(name) => {
                    scene.exporting.set(false);
                    if let Some(toasts) = toasts {
                        toasts.say(format!("Saved as {name}"));
                    }
                }
                Err(message) => problem.set(Some(message)),
            }
        });
    };
    let choice = move |only: bool, words: &'static str| {
        view! {
            <label class="share-choice">
                <input
                    type="radio"
                    name="export-what"
                    prop:checked=move || selected_only.get() == only
                    disabled=move || only && selected() == 0
                    on:change=move |_| selected_only.set(only)
                />
                <span>
                    {words}
                    <span class="muted">
                        {move || only.then(|| match selected() {
                            0 => "Nothing is selected.".to_owned(),
                            1 => "One node is selected.".to_owned(),
                            count => format!("{count} nodes are selected."),
                        })}
                    </span>
                </span>
            </label>
        }
    };
    let act = move |form: Form, words: &'static str, kind: Kind| {
        let working = Signal::derive(move || busy.get().is_some());
        view! { <Button kind busy=working on:click=move |_| run(form)>{words}</Button> }
    };
    view! {
        // Keys in the dialog are none of the canvas's.
        <div data-ui="" on:keydown=|event| event.stop_propagation()>
            <Dialog open=scene.exporting title="Export the canvas" class="share-dialog">
                <div class="form">
                    <p class="muted">
                        "The file is made in this page. A picture looks like the canvas; JSON holds its blocks with their places, its agents and its edges."
                    </p>
                    <FormError message=problem />
                    <fieldset class="share-modes">
                        <legend>"Export"</legend>
                        {choice(false, "The whole canvas")}
                        {choice(true, "The selection")}
                    </fieldset>
                    <p class="muted" role="status">{move || busy.get()}</p>
                    <div class="share-acts">
                        {act(Form::Json, "JSON", Kind::Secondary)}
                        {act(Form::Svg, "SVG", Kind::Secondary)}
                        {act(Form::Png, "PNG", Kind::Primary)}
                    </div>
                </div>
            </Dialog>
        </div>
    }
}

async fn make(
    scene: Scene,
    form: Form,
    ids: &[NodeId],
    said: RwSignal<Option<String>>,
) -> Made<web_sys::Blob> {
    if ids.is_empty() {
        return Err("There is nothing on the canvas yet.".into());
    }
    if form == Form::Json {
        return blob(&data::of(scene, ids)?, "application/json");
    }
    gather::draw(scene, ids, said).await?;
    let picture = picture::of(scene, ids, said).await?;
    match form {
        Form::Png => {
            said.try_set(Some("Painting the picture".into()));
            raster::png(&picture).await
        }
        Form::Svg | Form::Json => blob(&picture.svg, "image/svg+xml"),
    }
}

fn blob(text: &str, kind: &str) -> Made<web_sys::Blob> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)
        .map_err(|_| "The browser has no memory left for this. Export a selection.".to_owned())
}

/// Hands the file to the person; returns its name.
fn save(blob: &web_sys::Blob, form: Form) -> Made<String> {
    let refused = |_| "The browser did not allow saving the file.".to_owned();
    let name = format!("canvas.{}", form.ending());
    let url = web_sys::Url::create_object_url_with_blob(blob).map_err(refused)?;
    let link = document().create_element("a").map_err(refused)?;
    let link: web_sys::HtmlAnchorElement = link.unchecked_into();
    link.set_href(&url);
    link.set_download(&name);
    link.click();
    // The browser reads it after this turn.
    set_timeout(move || drop(web_sys::Url::revoke_object_url(&url)), std::time::Duration::from_secs(60));
    Ok(name)
}
