//! Source code with line numbers and a copy button.

use crate::components::{button::IconButton, toast::Toasts};
use leptos::prelude::*;

pub(super) fn view(code: &str, language: String, filename: String) -> AnyView {
    let lines = code
        .lines()
        .map(|line| view! { <span class="code-line">{line.to_owned()}"\n"</span> })
        .collect_view();
    let name = if filename.is_empty() { language } else { filename };
    let whole = StoredValue::new(code.to_owned());
    let toasts = use_context::<Toasts>();
    let copy = move |_| {
        let copied = window().navigator().clipboard().write_text(&whole.get_value());
        leptos::task::spawn_local(async move {
            let outcome = wasm_bindgen_futures::JsFuture::from(copied).await;
            if let Some(toasts) = toasts {
                match outcome {
                    Ok(_) => toasts.say("Copied"),
                    Err(_) => {
                        toasts.fail("The browser did not allow copying. Select the code and copy it by hand.")
                    }
                }
            }
        });
    };
    view! {
        <figure class="block-code">
            <figcaption>
                <span class="mono truncate">{name}</span>
                <IconButton icon="copy" label="Copy code" on:click=copy />
            </figcaption>
            <pre tabindex="0"><code>{lines}</code></pre>
        </figure>
    }
    .into_any()
}
