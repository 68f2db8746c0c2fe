//! A PDF file of the project's folder, in the browser's own viewer. Browsers without one (those of phones, most of
//! them) would download a framed PDF unasked: there, and without script, it is two links.

use super::media::{kept_back, name};
use crate::{components::icon::Icon, live::shared::file_url};
use alumia_protocol::{ProjectId, show::Pdf};
use leptos::prelude::*;

pub(super) fn view(pdf: &Pdf, project: ProjectId) -> AnyView {
    let name = name(&pdf.path);
    let Some(url) = file_url(project, &pdf.path) else { return kept_back("file", "A PDF file".into()) };
    let at = pdf.page.map(|page| format!("#page={page}")).unwrap_or_default();
    let (shown, saved, title) = (format!("{url}{at}"), name.clone(), format!("PDF: {name}"));
    let viewer = RwSignal::new(None::<bool>);
    Effect::new(move || {
        let known = js_sys::Reflect::get(&window().navigator(), &"pdfViewerEnabled".into());
        viewer.set(Some(known.is_ok_and(|known| known.is_truthy())));
    });
    let source = shown.clone();
    let page = move || match viewer.get() {
        Some(true) => {
            view! { <iframe src=source.clone() title=title.clone() data-live=""></iframe> }.into_any()
        }
        told => {
            let words =
                told.map(|_| view! { <span class="muted">"This browser shows no PDF within a page."</span> });
            view! { <div class="pdf-closed"><Icon name="file" />{words}</div> }.into_any()
        }
    };
    view! {
        <figure class="block-pdf">
            {page}
            <figcaption>
                <a class="media-file" href=shown target="_blank" rel="noopener" data-live="">
                    <Icon name="external" />
                    "Open"
                </a>
                <a class="media-file" href=url download=saved data-live="">
                    <Icon name="download" />
                    <span class="truncate">{name}</span>
                </a>
            </figcaption>
        </figure>
    }
    .into_any()
}
