//! Which model an agent runs on: what each costs, whether it can be used now, and who pays for it.

use crate::components::{credits, icon::Icon};
use alumia_protocol::{
    Microcredits,
    models::{CatalogModel, Price},
};
use leptos::prelude::*;

/// The models to choose from, as radio buttons. `chosen` follows.
#[component]
pub fn ModelPicker(
    models: Vec<CatalogModel>,
    /// What the organisation's default is now, in words.
    default: String,
    /// The model that stands in the agent.
    present: String,
    chosen: RwSignal<String>,
    /// Ala follows the default.
    only_default: bool,
) -> impl IntoView {
    let row = move |id: String, label: AnyView, facts: AnyView, off: bool| {
        let checked = id == present;
        let (value, picked) = (id.clone(), id);
        view! {
            <label class="model" data-off=off.to_string()>
                <input
                    type="radio"
                    name="model"
                    value=value
                    checked=checked
                    disabled=off && !checked
                    on:change=move |_| chosen.set(picked.clone())
                />
                <span class="model-text">
                    <span class="model-name">{label}</span>
                    <span class="model-facts">{facts}</span>
                </span>
            </label>
        }
    };
    let first = row(
        String::new(),
        view! { "The organization's default" }.into_any(),
        view! { {default} }.into_any(),
        false,
    );
    if only_default {
        return view! { <div class="models">{first}</div> }.into_any();
    }
    let here = chosen.get_untracked();
    let missing = (!here.is_empty() && !models.iter().any(|model| model.id == here)).then_some(here);
    let (usable, others): (Vec<_>, Vec<_>) =
        models.into_iter().partition(|model| model.available || model.id == chosen.get_untracked());
    let count = others.len();
    let named = row.clone();
    let one = move |model: CatalogModel| {
        let badge =
            model.own_key.then(|| view! { <span class="tag"><Icon name="lock" />"Your own key"</span> });
        let price = if model.own_key { "no credits".to_owned() } else { price_words(model.price) };
        let window = format!("reads {} tokens", credits::thousands(model.context_window.into()));
        let facts = [model.provider.clone(), price, window].join(" · ");
        let why = (!model.available).then(|| {
            let why = model.unavailable_reason.unwrap_or_else(|| "It can't be used now.".into());
            view! { <span class="model-why"><Icon name="info" />{why}</span> }
        });
        let label = view! { <span>{model.name}</span>{badge} };
        named(model.id, label.into_any(), view! { {facts}{why} }.into_any(), !model.available)
    };
    let missing = missing.map(|id| {
        let facts = view! { "It is not in this server's catalog any more, so no run can use it." };
        row(id.clone(), view! { {id} }.into_any(), facts.into_any(), true)
    });
    let usable = usable.into_iter().map(one.clone()).collect_view();
    let others = (count > 0).then(|| {
        let rows = others.into_iter().map(one).collect_view();
        let words = if count == 1 {
            "1 model can't be used now".to_owned()
        } else {
            format!("{count} models can't be used now")
        };
        view! {
            <details class="models-off">
                <summary>{words}</summary>
                <div class="models">{rows}</div>
            </details>
        }
    });
    view! { <div class="models">{first}{missing}{usable}</div>{others} }.into_any()
}

/// "3 in, 15 out, 0.3 cached (credits per million tokens)".
fn price_words(price: Option<Price>) -> String {
    let Some(price) = price else { return "no price".to_owned() };
    let words = |micros| credits::number(Microcredits(micros));
    if price == Price::default() {
        return "free".to_owned();
    }
    format!(
        "{} in, {} out, {} cached (credits per million tokens)",
        words(price.input),
        words(price.output),
        words(price.cached)
    )
}
