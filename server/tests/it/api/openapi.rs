//! The API's description says what the API does.

use super::places::{ROOMY, Things, name, request};
use crate::support::{App, client::Answer};
use alumia_protocol::{keys::Scope, people::Role};
use alumia_server::api::{BASE, DOCUMENT, Route, routes};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

fn described(route: &Route) -> &'static Value {
    let method = route.method.as_str().to_ascii_lowercase();
    &DOCUMENT["paths"][format!("{BASE}{}", route.path)][method]
}

/// What `#/…` points to.
fn target(reference: &str) -> &'static Value {
    DOCUMENT
        .pointer(reference.strip_prefix('#').unwrap())
        .unwrap_or_else(|| panic!("{reference} points nowhere"))
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "$ref") {
                    Some(reference) => found.push(reference.to_owned()),
                    None => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_route_is_described() {
    let mut ids = std::collections::BTreeSet::new();
    for route in routes() {
        let operation = described(&route);
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{}", name(&route));
        assert!(ids.insert(operation["operationId"].to_string()), "{} has another's id", name(&route));
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{}", name(&route));
        for status in ["429", "500", "503"] {
            assert!(answers.contains_key(status), "{}: {status}", name(&route));
        }
        assert!(operation["x-alumia-limit"].is_string(), "{}", name(&route));
    }
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let all: usize = paths.values().map(|methods| methods.as_object().unwrap().len()).sum();
    assert_eq!(all, routes().len());
    let mut found = Vec::new();
    references(&DOCUMENT, &mut found);
    assert!(found.len() > 100);
    for reference in &found {
        target(reference);
    }
}

#[tokio::test]
async fn it_is_served_to_everybody() {
    let app = App::with_settings(ROOMY).await;
    let answer = app.nobody().get("/openapi.json").await;
    assert_eq!((answer.status, answer.json()["openapi"].as_str()), (200, Some("3.1.0")));
    assert_eq!(answer.json(), *DOCUMENT);
}

/// Checks what a schema of the document describes. Making one takes a hundred times as long as using it.
fn validator(schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    let make = || {
        let schema = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    };
    made.entry(schema.to_string()).or_insert_with(make).clone()
}

/// What doesn't fit the description.
fn misfit(route: &Route, answer: &Answer) -> Option<String> {
    let responses = &described(route)["responses"];
    let mut response = &responses[answer.status.to_string()];
    if let Some(reference) = response["$ref"].as_str() {
        response = target(reference);
    }
    if response.is_null() {
        return Some(format!("{}: {} is not described: {answer}", name(route), answer.status));
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let contents = response["content"].as_object();
    let Some(contents) = contents else {
        return (!answer.bytes.is_empty())
            .then(|| format!("{}: a body where none is described", name(route)));
    };
    let no_json = ["text/event-stream", "application/zip"].contains(&kind);
    if contents.contains_key("*/*") || no_json && contents.contains_key(kind) {
        return None;
    }
    let Some(content) = contents.get(kind) else {
        return Some(format!("{}: {kind} is not described: {answer}", name(route)));
    };
    let validator = validator(&content["schema"]);
    let body = answer.json();
    let wrong: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    (!wrong.is_empty()).then(|| format!("{}: {wrong:?}: {answer}", name(route)))
}

#[tokio::test]
async fn answers_fit_it() {
    let app = App::with_settings(ROOMY).await;
    let ada = app.person("Ada").await;
    let vera = app.person("Vera").await;
    app.join(&vera, &ada, Role::Viewer).await;
    app.step_up(&ada).await;
    let key = app.program(&ada, &ada.org, &[Scope::Terminal]).await;
    let (nothing, leaving) = (Things::unknown(), app.person("Leo").await);
    let mut wrong = Vec::new();
    for route in routes() {
        let things = Things::made_by(&app, &ada, json!({})).await;
        // Something has happened there.
        let said = ada.say(&things.session, "count to 2").await;
        assert!(said["runId"].is_string());
        ada.settled(&things.session).await;
        // Signing out ends only the session of somebody who isn't needed.
        let ada = if route.path == "/auth/logout" { &leaving } else { &ada };
        let mut answers = vec![
            Answer::of(request(&app.nobody(), &route, &things, "")).await,
            Answer::of(request(&key, &route, &things, "")).await,
            Answer::of(request(&vera, &route, &things, &ada.org)).await,
            Answer::of(request(ada, &route, &nothing, "")).await,
        ];
        if route.is_change() {
            answers.push(
                Answer::of(
                    request(ada, &route, &things, "").body("{").header("content-type", "application/json"),
                )
                .await,
            );
            answers.push(
                Answer::of(request(ada, &route, &things, "").header("sec-fetch-site", "cross-site")).await,
            );
        }
        // The right one last: it may delete the thing.
        answers.push(Answer::of(request(ada, &route, &things, "")).await);
        wrong.extend(answers.iter().filter_map(|answer| misfit(&route, answer)));
    }
    assert!(wrong.is_empty(), "{} answers don't fit:\n{}", wrong.len(), wrong.join("\n"));
}
