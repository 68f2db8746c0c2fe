//! The server dies and starts again on the same data: at every fault point, and at random moments.
//!
//! Needs the feature `faults`. `ALUMIA_CHAOS=<rounds>` kills it more often.

mod copies;
mod play;
mod watcher;

use crate::stripe_account::{PAYS, SECRET_KEY, Signer, Simulator};
use crate::support::{
    eventually,
    provider::{COST, Provider},
};
use alumia_platform::fault::FAULT_POINTS;
use futures::{StreamExt as _, stream};
use play::Play;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Asks first, then fails at once: nothing leaves the machine for this address.
const ASKS: &str = "fetch http://127.0.0.1:9/";
/// Calls a tool that must not run twice.
const ONCE: &str = "note: written down once";
/// Two seconds of text.
const SLOW: &str = "count to 40";

/// Servers at once; they mostly wait for a dead one's lease to end.
const LANES: usize = 6;

#[expect(clippy::disallowed_methods, reason = "how often tests kill is no setting of the server")]
fn rounds() -> Option<u64> {
    std::env::var("ALUMIA_CHAOS").ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_a_crash_at_every_fault_point() {
    let times = if rounds().is_some() { 1..=3 } else { 1..=1 };
    let cases = times.flat_map(|nth| FAULT_POINTS.iter().map(move |point| (*point, nth)));
    let results = stream::iter(cases.collect::<Vec<_>>()).map(|(point, nth)| async move {
        let mut play = Play::begin(Some(&format!("{point}#{nth}"))).await;
        let mut turns = [play.turn(ASKS).await];
        play.until_over(&mut turns, None).await;
        // A point that a run passes only once can't be reached twice.
        if nth == 1 {
            assert_eq!(play.deaths, 1, "{point} was not reached");
        }
        let logs = play.check(&turns).await;
        let ends = logs[0].iter().filter(|event| event["kind"] == "tool.failed");
        assert_eq!(ends.count(), 1, "{point}: the call failed once");
    });
    results.buffer_unordered(LANES).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_run_twice_does_not() {
    let cases = [
        // Nothing of the call was durable: the answer that asks for it is made again.
        ("tool.started.before", 1, None),
        ("tool.started.after", 0, Some("interrupted")),
        ("tool.running", 0, Some("interrupted")),
        ("tool.ended.before", 1, Some("interrupted")),
        ("tool.ended.after", 1, None),
    ];
    let results = stream::iter(cases).map(|(point, expected, failure)| async move {
        let mut play = Play::begin(Some(point)).await;
        let mut turns = [play.turn(ONCE).await];
        play.until_over(&mut turns, None).await;
        assert_eq!(play.deaths, 1, "{point} was not reached");
        let blocks = play.blocks().await;
        let logs = play.check(&turns).await;
        let failed = logs[0].iter().find(|event| event["kind"] == "tool.failed");
        assert_eq!(blocks, expected, "{point}");
        let code = failed.map(|event| event["data"]["error"]["code"].clone());
        assert_eq!(code, failure.map(Value::from), "{point}");
    });
    results.buffer_unordered(LANES).collect::<Vec<()>>().await;
}

/// Reserved, charged and given back once, wherever the server dies in between.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_costs_is_charged_once() {
    let points =
        ["reserve.after", "settle.before", "answer.before", "answer.after", "end.before", "end.after"];
    let results = stream::iter(points).map(|point| async move {
        let provider = Provider::start(&["operator"]).await;
        let mut play = Play::paying(point, &provider).await;
        let before = play.person.get("/billing").await.data()["available"].as_i64().unwrap();
        let mut turns = [play.turn("hello").await];
        play.until_over(&mut turns, None).await;
        assert_eq!(play.deaths, 1, "{point} was not reached");
        let after = play.person.get("/billing").await.data();
        let used = play.person.get("/billing/usage").await.data()["total"].clone();
        let logs = play.check(&turns).await;
        let bills: Vec<&Value> = logs[0].iter().filter(|event| event["kind"] == "usage.recorded").collect();
        assert_eq!(bills.len(), 1, "{point}");
        assert_eq!(bills[0]["data"]["costMicrocredits"], COST, "{point}");
        assert_eq!((used["calls"].as_i64(), used["cost"].as_i64()), (Some(1), Some(COST)), "{point}");
        assert_eq!(after["reserved"], 0, "{point}: something stays held");
        assert_eq!(after["available"], before - COST, "{point}");
    });
    results.buffer_unordered(LANES).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_grants_once_wherever_the_server_dies() {
    let results = stream::iter(["payment.before", "payment.after"]).map(|point| async move {
        let mut play = Play::begin(Some(point)).await;
        let available = async |play: &Play| play.person.get("/billing").await.data()["available"].as_i64();
        let before = available(&play).await.unwrap();
        let begun =
            play.person.post("/billing/top-ups/payment-intent", &json!({ "credits": 500 })).await.data();
        let pay = format!("/billing/top-ups/{}/test-card", begun["invoice"]["id"].as_str().unwrap());
        let card = json!({ "card": "4242424242424242" });
        // The server dies before it can answer.
        assert!(play.person.api(Method::POST, &pay).json(&card).send().await.is_err(), "{point}");
        // Its end takes a moment after the connection's.
        for _ in 0..500 {
            play.revive().await;
            if play.deaths > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(play.deaths, 1, "{point} was not reached");
        eventually("the credits are there", async || {
            (available(&play).await == Some(before + 500_000_000)).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(available(&play).await, Some(before + 500_000_000), "{point}: granted twice");
        let invoices = play.person.get("/billing/invoices").await.data()["items"].clone();
        assert_eq!(invoices[0]["state"], "done", "{point}");
    });
    results.buffer_unordered(LANES).collect::<Vec<()>>().await;
}

/// Bought once, wherever the server dies: neither twice nor never.
#[tokio::test(flavor = "multi_thread")]
async fn what_buys_itself_is_bought_once_wherever_the_server_dies() {
    let points = ["top_up.begun", "top_up.charged", "payment.before", "payment.after"];
    let results = stream::iter(points).map(|point| async move {
        let mut play = Play::begin(Some(point)).await;
        play.step_up().await;
        // The package's 200 credits are fewer than 300, so it buys at once.
        let body =
            json!({ "threshold": 300, "credits": 500, "monthlyCap": 5_000, "testCard": "4242424242424242" });
        let set = play.person.api(Method::PUT, "/billing/auto-top-up").json(&body).send().await;
        // The server may die before it can answer.
        assert!(set.is_err() || set.is_ok_and(|answer| answer.status().is_success()), "{point}");
        eventually("it is dead and lives again", async || {
            play.revive().await;
            (play.deaths > 0).then_some(())
        })
        .await;
        eventually("the credits are there", async || {
            let available = play.person.get("/billing").await.data()["available"].as_i64();
            (available == Some(700_000_000)).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(
            play.person.get("/billing").await.data()["available"],
            700_000_000,
            "{point}: bought twice"
        );
        let invoices = play.person.get("/billing/invoices").await.data()["items"].clone();
        assert_eq!(invoices.as_array().map(Vec::len), Some(1), "{point}");
        assert_eq!(invoices[0]["state"], "done", "{point}");
        assert_eq!(play.person.get("/billing/auto-top-up").await.data()["on"], true, "{point}");
    });
    results.buffer_unordered(LANES).collect::<Vec<()>>().await;
}

/// Stripe sends an event again that wasn't answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_event_grants_once_wherever_the_server_dies() {
    const SECRET: &str = "whsec_a2lsbCAtOQ";
    let stripe = Simulator::start().await;
    for point in ["payment.before", "payment.after"] {
        let mut play = Play::with(
            point,
            vec![
                ("ALUMIA_STRIPE__SECRET_KEY", SECRET_KEY.into()),
                ("ALUMIA_STRIPE__PUBLISHABLE_KEY", "pk_test_simulated".into()),
                ("ALUMIA_STRIPE__WEBHOOK_SECRET", SECRET.into()),
                ("ALUMIA_STRIPE__API_BASE", stripe.url.clone()),
            ],
        )
        .await;
        let credits = json!({ "credits": 500 });
        let begun = play.person.post("/billing/top-ups/payment-intent", &credits).await.data();
        let secret = begun["clientSecret"].as_str().unwrap().to_owned();
        let intent = secret.split_once("_secret_").unwrap().0;
        stripe.pay(intent, PAYS).await;
        let object = json!({ "id": intent, "object": "payment_intent" });
        let event =
            json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": object } });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = Signer::start().sign(&event.to_string(), SECRET, now.try_into().unwrap()).await;
        let send = async |play: &Play| {
            let url = format!("{}/webhooks/stripe", play.person.url);
            let request = reqwest::Client::new().post(url).header("stripe-signature", &header);
            request.body(event.to_string()).send().await.map(|answer| answer.status().as_u16())
        };
        assert!(send(&play).await.is_err(), "{point}");
        eventually("it is dead and lives again", async || {
            play.revive().await;
            (play.deaths > 0).then_some(())
        })
        .await;
        for _ in 0..2 {
            assert_eq!(send(&play).await.unwrap(), 200, "{point}");
        }
        assert_eq!(play.person.get("/billing").await.data()["available"], 700_000_000, "{point}");
        assert_eq!(play.person.get("/billing/invoices").await.data()["items"][0]["state"], "done", "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_survive_kill_9_at_any_moment() {
    let lanes = (0..rounds().unwrap_or(3)).map(|round| async move {
        let mut play = Play::begin(None).await;
        let mut turns = Vec::new();
        for content in [ASKS, ONCE, SLOW] {
            turns.push(play.turn(content).await);
        }
        // The first moments have the most commits.
        let luck = f64::from(rand::random::<u16>()) / f64::from(u16::MAX);
        let delay = Duration::from_secs_f64(luck * luck * 2.5);
        println!("round {round}: killed after {delay:?}");
        play.until_over(&mut turns, Some(Instant::now() + delay)).await;
        play.until_over(&mut turns, None).await;
        play.check(&turns).await;
    });
    stream::iter(lanes).buffer_unordered(LANES).collect::<Vec<()>>().await;
}
