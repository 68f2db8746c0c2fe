//! Light, dark, or what the system has.

use leptos::prelude::*;

fn root() -> Option<web_sys::Element> {
    document().document_element()
}

/// `light`, `dark` or `system`.
pub fn chosen() -> &'static str {
    match root().and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "system",
    }
}

/// Chooses one of them, here and on the pages to come.
pub fn choose(theme: &str) {
    let Some(root) = root() else { return };
    let storage = window().local_storage().ok().flatten();
    // A browser that refuses storage keeps the choice until the page is left.
    let _ = if theme == "system" {
        drop(root.remove_attribute("data-theme"));
        storage.map(|storage| storage.remove_item("theme"))
    } else {
        drop(root.set_attribute("data-theme", theme));
        storage.map(|storage| storage.set_item("theme", theme))
    };
}

/// Whether the page is dark now.
pub fn is_dark() -> bool {
    match chosen() {
        "system" => {
            let media = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
            media.is_some_and(|media| media.matches())
        }
        theme => theme == "dark",
    }
}
