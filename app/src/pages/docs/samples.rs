//! A call in the languages that people ask for.

use super::model::{Reader, RouteDoc};
use crate::components::{button::IconButton, tabs::Tabs, toast::use_toasts};
use leptos::prelude::*;

/// Names of the languages.
pub const LANGUAGES: [&str; 4] = ["curl", "JavaScript", "Python", "Rust"];

/// The key is never part of a sample: it comes from the environment.
pub fn sample(language: usize, route: &RouteDoc, path: &str, reader: &Reader) -> String {
    let url = format!("{}{path}", reader.origin);
    let method = route.method.as_str();
    let body = route.body.as_deref();
    let acts = reader.org.as_ref().map(|(name, slug)| format!("Acts in {name} ({slug}): the key says so."));
    let note = |sign: &str| acts.as_ref().map(|acts| format!("{sign} {acts}\n")).unwrap_or_default();
    match language {
        0 => {
            let send = body.map(|body| {
                let body = body.replace('\'', r"'\''");
                format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'")
            });
            let streams = if route.streams { " -N" } else { "" };
            let verb = if method == "GET" { String::new() } else { format!(" -X {method}") };
            let send = send.unwrap_or_default();
            format!(
                "{}curl{streams}{verb} '{url}' \\\n  -H \"Authorization: Bearer $ALUMIA_KEY\"{send}",
                note("#")
            )
        }
        1 => {
            let (kind, send) = body.map_or((String::new(), String::new()), |body| {
                (
                    "\n    'Content-Type': 'application/json',".to_owned(),
                    format!("\n  body: JSON.stringify({}),", body.replace('\n', "\n  ")),
                )
            });
            format!(
                "{}const answer = await fetch('{url}', {{\n  method: '{method}',\n  headers: {{\n    Authorization: \
                 `Bearer ${{process.env.ALUMIA_KEY}}`,{kind}\n  }},{send}\n}});\nconsole.log(await answer.json());",
                note("//")
            )
        }
        2 => {
            let send = body.map(|body| format!("\n    json=json.loads('''{body}'''),")).unwrap_or_default();
            let import = if body.is_some() { "import json\n" } else { "" };
            format!(
                "{}{import}import os\nimport requests\n\nanswer = requests.request(\n    '{method}',\n    '{url}',\n    \
                 headers={{'Authorization': f\"Bearer {{os.environ['ALUMIA_KEY']}}\"}},{send}\n)\nprint(answer.json())",
                note("#")
            )
        }
        _ => {
            let send =
                body.map(|body| format!("\n    .json(&serde_json::json!({}))", body.replace('\n', "\n    ")));
            format!(
                "{}let answer: serde_json::Value = reqwest::Client::new()\n    .request(reqwest::Method::{method}, \
                 \"{url}\")\n    .bearer_auth(std::env::var(\"ALUMIA_KEY\")?){}\n    .send()\n    .await?\n    .json()\n    \
                 .await?;\nprintln!(\"{{answer:#}}\");",
                note("//"),
                send.unwrap_or_default()
            )
        }
    }
}

/// Code with a button that copies it.
#[component]
pub fn Code(
    /// The code.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for the copy button.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let toasts = use_toasts();
    let copy = move |_| {
        drop(window().navigator().clipboard().write_text(&text.get_untracked()));
        toasts.say("Copied.");
    };
    let name = what.clone();
    view! {
        <div class="code-box">
            <pre tabindex="0" role="region" aria-label=name><code>{move || text.get()}</code></pre>
            <span class="needs-script"><IconButton icon="copy" label=format!("Copy {what}") on:click=copy /></span>
        </div>
    }
}

/// A call in each language, one at a time.
#[component]
pub fn Samples(
    /// Prefix of ids.
    id: &'static str,
    /// The route.
    #[prop(into)]
    route: Signal<RouteDoc>,
    /// Path and query with everything filled in.
    #[prop(into)]
    path: Signal<String>,
    /// Whose samples they are.
    reader: Reader,
) -> impl IntoView {
    let language = RwSignal::new(0);
    let reader = StoredValue::new(reader);
    let text = Signal::derive(move || {
        reader.with_value(|reader| sample(language.get(), &route.get(), &path.get(), reader))
    });
    view! {
        <div class="samples">
            <Tabs id label="Language" tabs=LANGUAGES.to_vec() selected=language />
            <div
                role="tabpanel"
                id=move || format!("{id}-panel-{}", language.get())
                aria-labelledby=move || format!("{id}-tab-{}", language.get())
            >
                <Code text what="the sample" />
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, RouteDoc, sample};

    #[test]
    fn samples_hold_the_readers_own_place_and_no_key() {
        let route = RouteDoc {
            id: "projects_create".into(),
            tag: "projects".into(),
            method: "POST".into(),
            path: "/api/v1/projects".into(),
            summary: String::new(),
            description: String::new(),
            scope: None,
            params: vec![],
            body: Some("{\n  \"name\": \"it's\"\n}".into()),
            answers: vec![],
            streams: false,
        };
        let reader = Reader {
            origin: "https://a.example".into(),
            org: Some(("Acme".into(), "acme".into())),
            project: None,
        };
        for language in 0..4 {
            let text = sample(language, &route, &route.path, &reader);
            assert!(text.contains("https://a.example/api/v1/projects") && text.contains("acme"), "{text}");
            assert!(text.contains("ALUMIA_KEY") && !text.contains("alm_"), "{text}");
        }
        assert!(sample(0, &route, &route.path, &reader).contains(r"it'\''s"));
    }
}
