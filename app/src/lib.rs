//! The web interface: pages and server functions. Built for the server (`ssr`) and for the browser (`hydrate`).

pub mod app;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

use alumia_ui::{canvas, chat, components, copies, live};
pub use app::{App, shell};

/// Takes over the page that the server rendered. `data-ready` on the root element tells style sheets and
/// tests that clicks are answered from now on.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    // Leptos's own executor is there only once hydration has begun.
    wasm_bindgen_futures::spawn_local(async {
        let body = leptos::prelude::document().body();
        // A document without a body has nothing to take over.
        let Some(body) = body else { return };
        leptos::mount::hydrate_from_async(body, App).await.forget();
        leptos::prelude::request_animation_frame(|| {
            if let Some(root) = leptos::prelude::document().document_element() {
                // Fails only for a name that is no attribute name.
                let _ = root.set_attribute("data-ready", "true");
            }
        });
    });
}
