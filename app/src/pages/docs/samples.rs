//! A call in the languages that people ask for.

use super::model::{AnswerKind, Reader, RouteDoc};
use crate::components::{button::IconButton, tabs::Tabs, toast::use_toasts};
use leptos::prelude::*;

/// Names of the languages.
pub const LANGUAGES: [&str; 4] = ["curl", "JavaScript", "Python", "Rust"];

/// The key is never part of a sample: it comes from the environment. A file that is sent is `file.txt`.
/// `end2end/specs/samples.spec.ts` runs what this writes.
pub fn sample(language: usize, route: &RouteDoc, path: &str, reader: &Reader) -> String {
    let url = format!("{}{path}", reader.origin);
    let write = [curl, javascript, python, rust][language.min(3)];
    let sign = ["#", "//", "#", "//"][language.min(3)];
    let acts =
        reader.org.as_ref().map(|(name, slug)| format!("{sign} Acts in {name} ({slug}): the key says so.\n"));
    let route = RouteDoc { body: route.body_for(reader), ..route.clone() };
    acts.unwrap_or_default() + &write(&route, &url)
}

fn curl(route: &RouteDoc, url: &str) -> String {
    let RouteDoc { method, body, takes_file, answer, .. } = route;
    let send = match body {
        Some(body) => {
            let body = body.replace('\'', r"'\''");
            format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'")
        }
        None if *takes_file => {
            " \\\n  -H 'Content-Type: application/octet-stream' \\\n  --data-binary @file.txt".to_owned()
        }
        None => String::new(),
    };
    let streams = if *answer == AnswerKind::Stream { " -N" } else { "" };
    let verb = if method == "GET" { String::new() } else { format!(" -X {method}") };
    format!("curl{streams}{verb} '{url}' \\\n  -H \"Authorization: Bearer $ALUMIA_KEY\"{send}")
}

fn javascript(route: &RouteDoc, url: &str) -> String {
    let RouteDoc { method, body, takes_file, answer, .. } = route;
    let (import, kind, send) = match body {
        Some(body) => (
            "",
            "\n    'Content-Type': 'application/json',",
            format!("\n  body: JSON.stringify({}),", body.replace('\n', "\n  ")),
        ),
        None if *takes_file => (
            "import { readFile } from 'node:fs/promises';\n\n",
            "\n    'Content-Type': 'application/octet-stream',",
            "\n  body: await readFile('file.txt'),".to_owned(),
        ),
        None => ("", "", String::new()),
    };
    let show = match answer {
        AnswerKind::Json => "console.dir(await answer.json(), { depth: null });",
        AnswerKind::Stream => {
            "for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {\n  \
             process.stdout.write(text);\n}"
        }
        AnswerKind::File => "console.log(await answer.text());",
    };
    format!(
        "{import}const answer = await fetch('{url}', {{\n  method: '{method}',\n  headers: {{\n    Authorization: \
         `Bearer ${{process.env.ALUMIA_KEY}}`,{kind}\n  }},{send}\n}});\n{show}"
    )
}

fn python(route: &RouteDoc, url: &str) -> String {
    let RouteDoc { method, body, takes_file, answer, .. } = route;
    let (import, send) = match body {
        Some(body) => ("import json\n", format!("\n    json=json.loads(r\'\'\'{body}\'\'\'),")),
        None if *takes_file => ("", "\n    data=open('file.txt', 'rb'),".to_owned()),
        None => ("", String::new()),
    };
    let (stream, show) = match answer {
        AnswerKind::Json => ("", "print(answer.json())"),
        AnswerKind::Stream => (
            "\n    stream=True,",
            "for line in answer.iter_lines(decode_unicode=True):\n    print(line, flush=True)",
        ),
        AnswerKind::File => ("", "print(answer.text)"),
    };
    format!(
        "{import}import os\nimport requests\n\nanswer = requests.request(\n    '{method}',\n    '{url}',\n    \
         headers={{'Authorization': f\"Bearer {{os.environ['ALUMIA_KEY']}}\"}},{send}{stream}\n)\n{show}"
    )
}

fn rust(route: &RouteDoc, url: &str) -> String {
    let RouteDoc { method, body, takes_file, answer, .. } = route;
    let send = match body {
        Some(body) => format!("\n    .json(&serde_json::json!({}))", body.replace('\n', "\n    ")),
        None if *takes_file => "\n    .body(std::fs::read(\"file.txt\")?)".to_owned(),
        None => String::new(),
    };
    let (kind, read, show) = match answer {
        AnswerKind::Json => {
            ("let answer: serde_json::Value", "\n    .json()\n    .await?", "println!(\"{answer:#}\");")
        }
        AnswerKind::Stream => (
            "let mut answer",
            "",
            "while let Some(bytes) = answer.chunk().await? {\n    print!(\"{}\", String::from_utf8_lossy(&bytes));\n}",
        ),
        AnswerKind::File => ("let answer", "\n    .text()\n    .await?", "println!(\"{answer}\");"),
    };
    format!(
        "{kind} = reqwest::Client::new()\n    .request(reqwest::Method::{method}, \"{url}\")\n    \
         .bearer_auth(std::env::var(\"ALUMIA_KEY\")?){send}\n    .send()\n    .await?{read};\n{show}"
    )
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
    use super::{AnswerKind, Reader, RouteDoc, sample};

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
            takes_file: false,
            answer: AnswerKind::Json,
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
