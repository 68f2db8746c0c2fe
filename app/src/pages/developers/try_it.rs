//! A route that reads, called from here as the person who is signed in.

use super::super::docs::{
    model::{Reader, RouteDoc},
    samples::{Code, Samples},
};
use crate::{
    components::{
        button::{Button, Kind},
        icon::Icon,
        status::{Badge, Tone},
    },
    live::api,
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::BTreeMap;

/// Choose, fill in, send; the answer and the same call in four languages below.
#[component]
pub fn TryIt(routes: Vec<RouteDoc>, reader: Reader) -> impl IntoView {
    let first = routes.iter().position(|route| route.id == "projects_list").unwrap_or_default();
    let routes = StoredValue::new(routes);
    let chosen = RwSignal::new(first);
    let values = RwSignal::new(BTreeMap::<String, String>::new());
    let answer = RwSignal::new(None::<(u16, String)>);
    let busy = RwSignal::new(false);
    let route = Signal::derive(move || routes.with_value(|all| all[chosen.get()].clone()));
    let org = reader.org.clone().map(|(_, slug)| slug).unwrap_or_default();
    let project = StoredValue::new(reader.project.clone().unwrap_or_default());
    let preset = move || {
        let about_project = route.get_untracked().path.contains("/projects/{id}");
        values.set(if about_project {
            [("id".to_owned(), project.get_value())].into()
        } else {
            BTreeMap::new()
        });
        answer.set(None);
    };
    let path = Signal::derive(move || {
        let route = route.get();
        let values = values.get();
        let mut path = route.path.clone();
        let mut query = Vec::new();
        for (name, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
            let value = api::percent_encode(value);
            if path.contains(&format!("{{{name}}}")) {
                path = path.replace(&format!("{{{name}}}"), &value);
            } else {
                query.push(format!("{name}={value}"));
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    });
    let send = move |_| {
        let mut url = path.get_untracked();
        let takes_org = route.get_untracked().params.iter().any(|param| param.name == "org");
        if takes_org && !values.with_untracked(|values| values.contains_key("org")) {
            url = format!("{url}{}org={org}", if url.contains('?') { '&' } else { '?' });
        }
        busy.set(true);
        spawn_local(async move {
            answer.set(Some(api::try_get(&url).await));
            busy.set(false);
        });
    };
    let options = routes.with_value(|all| {
        all.iter()
            .enumerate()
            .map(|(at, route)| view! { <option value=at.to_string() selected=at == first>{route.path.clone()}</option> })
            .collect_view()
    });
    let fields = move || {
        let params: Vec<_> = route.get().params.into_iter().filter(|param| param.place != "header").collect();
        params
            .into_iter()
            .map(|param| {
                let id = format!("try-{}", param.name);
                let name = StoredValue::new(param.name.clone());
                let required = if param.required { " (required)" } else { "" };
                view! {
                    <div class="field">
                        <label for=id.clone()>{format!("{}{required}", param.name)}</label>
                        <div class="field-control">
                            <input
                                id=id
                                autocomplete="off"
                                prop:value=move || values.with(|values| values.get(&name.get_value()).cloned().unwrap_or_default())
                                on:input=move |event| values.update(|values| {
                                    values.insert(name.get_value(), event_target_value(&event));
                                })
                            />
                        </div>
                    </div>
                }
            })
            .collect_view()
    };
    let text = Signal::derive(move || answer.get().map(|(_, text)| text).unwrap_or_default());
    view! {
        <section class="developers-section" aria-labelledby="try-head">
            <h2 id="try-head">"Try it"</h2>
            <p class="muted">"Calls the API from this page as you. The samples do the same with a key in " <code>"ALUMIA_KEY"</code>"."</p>
            <div class="try-it">
                <div class="form">
                    <div class="field">
                        <label for="try-route">"Route"</label>
                        <div class="field-control select">
                            <select id="try-route" on:change=move |event| {
                                chosen.set(event_target_value(&event).parse().unwrap_or_default());
                                preset();
                            }>{options}</select>
                            <Icon name="chevron-down" />
                        </div>
                        <p class="field-note">{move || route.get().summary}</p>
                    </div>
                    <div class="try-fields">{fields}</div>
                    <span class="needs-script"><Button kind=Kind::Primary icon="play" busy on:click=send>"Send"</Button></span>
                </div>
                <Samples id="try" route path reader />
            </div>
            <div aria-live="polite">
                {move || {
                    answer
                        .get()
                        .map(|(status, _)| {
                            let tone = if (200..300).contains(&status) { Tone::Green } else { Tone::Red };
                            view! {
                                <p class="try-status"><Badge tone text=status.to_string() /></p>
                                <Code text what="the answer" />
                            }
                        })
                }}
            </div>
        </section>
    }
}
