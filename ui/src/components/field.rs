//! Form fields: a label, the control, and the error or hint right below it.

use super::icon::Icon;
use leptos::prelude::*;

/// One line of text.
#[component]
pub fn TextField(
    /// What it asks for.
    label: &'static str,
    /// The form's name for it; also its id.
    name: &'static str,
    /// `text`, `email`, `password` …
    #[prop(default = "text")]
    kind: &'static str,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// What the server said about it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// What to know before filling it in.
    #[prop(optional)]
    hint: &'static str,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Can't be left empty.
    #[prop(optional)]
    required: bool,
    /// Gets the focus when the page opens.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let secret = kind == "password";
    let described = format!("{name}-note");
    let note = described.clone();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <div class="field-control" class:has-toggle=secret>
                <input
                    id=name
                    name=name
                    type=move || if secret && shown.get() { "text" } else { kind }
                    value=value
                    autocomplete=autocomplete
                    required=required
                    autofocus=autofocus
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described
                />
                {secret
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="field-toggle needs-script"
                                aria-pressed=move || shown.get().to_string()
                                aria-label="Show password"
                                on:click=move |_| shown.update(|shown| *shown = !*shown)
                            >
                                <Icon name=Signal::derive(move || if shown.get() { "eye-off" } else { "eye" }) />
                            </button>
                        }
                    })}
            </div>
            <p class="field-note" id=note data-error=move || error.with(Option::is_some).to_string()>
                {move || error.get().unwrap_or_else(|| hint.to_owned())}
            </p>
        </div>
    }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// What it asks for.
    label: &'static str,
    /// The form's name for it; also its id.
    name: &'static str,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// Lines shown.
    #[prop(default = 3)]
    rows: u32,
    /// What the server said about it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// What to know before filling it in.
    #[prop(optional)]
    hint: &'static str,
) -> impl IntoView {
    let described = format!("{name}-note");
    let note = described.clone();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <div class="field-control">
                <textarea
                    id=name
                    name=name
                    rows=rows
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described
                >
                    {value}
                </textarea>
            </div>
            <p class="field-note" id=note data-error=move || error.with(Option::is_some).to_string()>
                {move || error.get().unwrap_or_else(|| hint.to_owned())}
            </p>
        </div>
    }
}

/// One of a few.
#[component]
pub fn Select(
    /// What it asks for.
    label: &'static str,
    /// The form's name for it; also its id.
    name: &'static str,
    /// Value and words of each option.
    options: Vec<(&'static str, &'static str)>,
    /// The value that is chosen at first.
    #[prop(optional)]
    value: &'static str,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(id, words)| view! { <option value=id selected=id == value>{words}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <div class="field-control select">
                <select id=name name=name>{options}</select>
                <Icon name="chevron-down" />
            </div>
        </div>
    }
}

/// What a whole form's failure says, above its fields.
#[component]
pub fn FormError(#[prop(into)] message: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div role="alert">
            {move || {
                message
                    .get()
                    .map(|message| view! { <p class="form-error"><Icon name="alert" />{message}</p> })
            }}
        </div>
    }
}
