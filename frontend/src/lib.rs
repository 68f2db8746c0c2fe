//! The WebAssembly entry: hydrate, nothing else.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    alumia_app::hydrate();
}
