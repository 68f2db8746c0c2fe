//! The component set. Everything here uses the tokens of `style/tokens.css` alone. `/docs/components`
//! shows every component in every state in development.

pub mod button;
pub mod card;
pub mod credits;
pub mod dialog;
pub mod enroll;
pub mod field;
pub mod icon;
pub mod markdown;
pub mod menu;
pub mod palette;
pub mod status;
pub mod step_up;
pub mod switch;
pub mod table;
pub mod tabs;
pub mod theme;
pub mod time;
pub mod toast;

/// What a form's field holds, when it is sent.
pub fn form_field(event: &leptos::ev::SubmitEvent, name: &str) -> String {
    use wasm_bindgen::JsCast as _;
    let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
    let data = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
    data.and_then(|data| data.get(name).as_string()).unwrap_or_default()
}
