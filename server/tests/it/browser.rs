//! Agents' browsers, from a person's word to the canvas; Chromium itself is tested where it is started.

use crate::support::{App, Wishes, eventually, people::Person};
use alumia_browser::{Fake, FakePage};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

const HOME: &str = "https://shop.example/";
const CART: &str = "https://shop.example/cart";
const STUCK: &str = "https://shop.example/stuck";
const CRASH: &str = "https://shop.example/crash";

fn browsers() -> Fake {
    let page = |title: &str, text: &str| FakePage {
        title: title.into(),
        text: text.into(),
        links: HashMap::from([(2, CART.to_owned())]),
        ..FakePage::default()
    };
    let cart =
        FakePage { notes: vec!["A pop-up was not opened.".into()], ..page("Cart", "Your cart: [1] field") };
    Fake::new()
        .page(HOME, page("The shop", "Tea [1] field [2] link \"Cart\""))
        .page(CART, cart)
        .stuck(STUCK)
        .crashes(CRASH)
}

async fn start(fake: &Fake, settings: &'static str) -> (App, Person) {
    let browsers = Some(Arc::new(fake.clone()) as _);
    let app = App::with(Wishes { settings, browsers, ..Wishes::default() }).await;
    let ada = app.person("Ada").await;
    (app, ada)
}

/// Has a tool called, allows it for the session where it asks, and returns how it ended.
async fn call(ada: &Person, session: &str, tool: &str, arguments: Value) -> Value {
    ada.say(session, &format!("call {tool} {arguments}")).await;
    if ada.settled(session).await == "awaiting_approval" {
        allow(ada, session).await;
        ada.settled(session).await;
    }
    let events = ada.events(session).await;
    let ends = ["tool.completed", "tool.failed"].map(Value::from);
    events.into_iter().rfind(|event| ends.contains(&event["kind"])).unwrap()
}

async fn allow(ada: &Person, session: &str) {
    let events = ada.events(session).await;
    let asked = events.iter().rfind(|event| event["kind"] == "approval.requested").unwrap();
    let id = asked["data"]["callId"].as_str().unwrap();
    let path = format!("/sessions/{session}/calls/{id}/approve");
    assert_eq!(ada.post(&path, &json!({ "approval": "session" })).await.status, 200);
}

fn output(ended: &Value) -> &Value {
    assert_eq!(ended["kind"], "tool.completed", "{ended}");
    &ended["data"]["output"]
}

fn refusal(ended: &Value) -> (&str, &str) {
    assert_eq!(ended["kind"], "tool.failed", "{ended}");
    let error = &ended["data"]["error"];
    (error["code"].as_str().unwrap(), error["message"].as_str().unwrap())
}

#[tokio::test]
async fn what_an_agent_does_in_its_browser_is_on_the_canvas() {
    let fake = browsers();
    let (app, ada) = start(&fake, "").await;
    let project = ada.project("Shop").await;
    let session = ada.session(&project).await;
    let blocks = async || {
        let page = ada.get(&format!("/projects/{project}/blocks")).await.data();
        page["items"].as_array().unwrap().clone()
    };
    let none = ada.get(&format!("/sessions/{session}/browser")).await;
    assert_eq!(none.status, 204);

    let opened = call(&ada, &session, "browser_open", json!({ "url": HOME })).await;
    assert!(output(&opened)["text"].as_str().unwrap().contains("[2] link"), "{opened}");
    assert!(opened["data"]["costMicrocredits"].as_i64().is_some_and(|cost| cost > 0), "{opened}");
    let [block] = &blocks().await[..] else { panic!("one block") };
    let shown = &block["content"]["data"];
    assert_eq!(
        (&block["title"], &shown["type"], &shown["url"]),
        (&json!("The shop"), &json!("browser"), &json!(HOME))
    );
    let path = format!("/projects/{project}/files/content?path={}", shown["path"].as_str().unwrap());
    let kept = ada.api(Method::GET, &path).send().await.unwrap();
    assert_eq!(
        (kept.status().as_u16(), kept.headers()["content-type"].to_str().unwrap()),
        (200, "image/jpeg")
    );
    let live = ada.api(Method::GET, &format!("/sessions/{session}/browser")).send().await.unwrap();
    assert_eq!(live.headers()["content-type"], "image/jpeg");
    assert!(live.bytes().await.unwrap().starts_with(b"\xff\xd8\xff"));

    let clicked = call(&ada, &session, "browser_click", json!({ "reference": 2 })).await;
    assert_eq!(output(&clicked)["notes"], json!(["A pop-up was not opened."]));
    let typed = call(&ada, &session, "browser_type", json!({ "reference": 1, "text": "two" })).await;
    assert!(output(&typed)["text"].as_str().unwrap().contains("\"two\""));
    let [block] = &blocks().await[..] else { panic!("the same block") };
    assert_eq!((&block["title"], &block["content"]["data"]["url"]), (&json!("Cart"), &json!(CART)));
    // One that a person took away comes back with the next page.
    ada.delete(&format!("/blocks/{}", block["id"].as_str().unwrap())).await;
    output(&call(&ada, &session, "browser_read", json!({})).await);
    assert_eq!(blocks().await.len(), 1);

    let stored = call(&ada, &session, "browser_screenshot", json!({ "path": "shots/cart" })).await;
    assert_eq!(output(&stored)["path"], "shots/cart.jpg");
    let (code, message) = ("not_found", "read the page again");
    let stale = call(&ada, &session, "browser_click", json!({ "reference": 99 })).await;
    assert!(refusal(&stale).0 == code && refusal(&stale).1.contains(message), "{stale}");

    assert_eq!(output(&call(&ada, &session, "browser_close", json!({})).await)["closed"], true);
    assert_eq!((fake.started(), fake.alive()), (1, 0));
    let closed = call(&ada, &session, "browser_read", json!({})).await;
    assert!(refusal(&closed).1.contains("Open one with browser_open"), "{closed}");
    let used = ada.get(&format!("/billing?org={}", ada.org)).await.data();
    assert!(used["used"]["browserMillis"].as_i64().unwrap() > 0, "{used}");
    drop(app);
}

#[tokio::test]
async fn a_page_that_is_stuck_or_crashes_takes_its_browser_with_it() {
    let fake = browsers();
    let (_app, ada) = start(&fake, "").await;
    let session = ada.session(&ada.project("Stuck").await).await;
    output(&call(&ada, &session, "browser_open", json!({ "url": HOME })).await);

    ada.say(&session, &format!("call browser_open {{\"url\": \"{STUCK}\"}}")).await;
    eventually("it is asked for", async || fake.calls().contains(&format!("open {STUCK}")).then_some(()))
        .await;
    let begun = Instant::now();
    assert_eq!(ada.post(&format!("/chat/{session}/stop"), &json!(null)).await.status, 200);
    ada.settled(&session).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(fake.alive(), 0);

    let crashed = call(&ada, &session, "browser_open", json!({ "url": CRASH })).await;
    assert!(refusal(&crashed).1.contains("crashed"), "{crashed}");
    assert_eq!(fake.alive(), 0);
    output(&call(&ada, &session, "browser_open", json!({ "url": HOME })).await);
    assert_eq!((fake.started(), fake.alive()), (3, 1));
}

#[tokio::test]
async fn there_are_no_more_browsers_than_may_be() {
    let fake = browsers();
    let (app, ada) = start(&fake, "[browser]\nmost = 1").await;
    let project = ada.project("Busy").await;
    let (first, second) = (ada.session(&project).await, ada.session(&project).await);
    for session in [&first, &second] {
        output(&call(&ada, session, "browser_open", json!({ "url": HOME })).await);
        assert_eq!(fake.alive(), 1, "the one that nobody uses makes room");
    }
    // One in use stays, and who comes then is told.
    ada.say(&second, &format!("call browser_open {{\"url\": \"{STUCK}\"}}")).await;
    eventually("it is asked for", async || fake.calls().contains(&format!("open {STUCK}")).then_some(()))
        .await;
    let refused = call(&ada, &first, "browser_open", json!({ "url": HOME })).await;
    assert!(refusal(&refused).0 == "unavailable" && refusal(&refused).1.contains("in use"), "{refused}");
    assert_eq!(fake.alive(), 1);
    app.end().await;
    assert_eq!(fake.alive(), 0, "none outlives the server");
}

#[tokio::test]
async fn without_chromium_the_agent_is_told_why() {
    let fake = Fake::new().off("there is no Chromium");
    let (_app, ada) = start(&fake, "").await;
    let session = ada.session(&ada.project("None").await).await;
    let off = call(&ada, &session, "browser_open", json!({ "url": HOME })).await;
    assert_eq!(refusal(&off).0, "unavailable");
    assert!(refusal(&off).1.contains("there is no Chromium"), "{off}");
}
