//! Random bodies at every route: right ones with something in them replaced, and anything at all.

use super::places::{Carries, Things, name, path, place};
use crate::support::{App, client::Answer};
use alumia_server::api::{Route, routes};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// Requests; `alumia_server` in a debug build answers some hundred a second.
const CASES: u32 = 800;

fn anything() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![
        Just(json!("")),
        Just(json!("\u{0}")),
        Just(json!("00000000-0000-0000-0000-000000000000")),
        Just(json!("ala")),
        Just(json!("\u{202E}\u{FFFF}\u{10FFFF}")),
        Just(json!("x".repeat(70_000))),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        odd,
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![
            Just("id".to_owned()),
            Just("type".to_owned()),
            Just("name".to_owned()),
            Just("content".to_owned()),
            Just("kind".to_owned()),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Replaces the `nth` value of a tree, counted as they are met.
fn replace(value: &mut Value, nth: &mut usize, with: &Value) {
    if *nth == 0 {
        value.clone_from(with);
    }
    *nth = nth.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, nth, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, nth, with)),
        _ => {}
    }
}

#[test]
fn random_bodies_are_no_fault_of_ours() {
    let runtime = Runtime::new().unwrap();
    let (app, ada, things) = runtime.block_on(async {
        let app = App::start().await;
        let ada = app.person("Ada").await;
        let things = Things::made_by(&app, &ada, json!({})).await;
        (app, ada, things)
    });
    // Those would take away what the others need.
    let harmless = |route: &Route| route.method != Method::DELETE && route.path != "/auth/logout";
    let routes: Vec<Route> = routes().into_iter().filter(harmless).collect();
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let case = (0..routes.len(), anything(), any::<bool>(), 0..12_usize);
    let outcome = TestRunner::new(config).run(&case, |(route, value, whole, mut nth)| {
        let route = &routes[route];
        let (carries, query) = place(route, &things);
        let body = match carries {
            Carries::Json(mut right) if !whole => {
                replace(&mut right, &mut nth, &value);
                right
            }
            _ => value,
        };
        let request = ada.api(route.method.clone(), &(path(route, &things) + &query)).json(&body);
        let answer = runtime.block_on(Answer::of(request));
        prop_assert!(answer.status < 500, "{} {body}: {answer}", name(route));
        if answer.status >= 400 {
            answer.error();
        }
        Ok(())
    });
    outcome.unwrap();
    // What went in comes out again.
    runtime.block_on(async {
        ada.get("/me").await.data();
        ada.get(&format!("/projects/{}/snapshot", things.project)).await.data();
        ada.get(&format!("/sessions/{}/events?limit=500", things.session)).await.data();
        ada.get(&format!("/projects/{}/blocks?limit=500", things.project)).await.data();
        drop(app);
    });
}
