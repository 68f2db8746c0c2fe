//! Stripe's events over HTTP, from its library's signature over the raw body to the credits.

use crate::{
    stripe_account::{PAYS, SECRET_KEY, Signer, Simulator},
    support::{App, client::Answer, eventually, people::text},
};
use reqwest::{Client, Method};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "whsec_b3ZlciBIVFRQ";

async fn app(stripe: &Simulator) -> App {
    App::with_settings(&format!(
        "[stripe]\nsecret_key = \"{SECRET_KEY}\"\npublishable_key = \"pk_test_simulated\"\n\
         webhook_secret = \"{SECRET}\"\napi_base = \"{}\"\nprices = {{ pro = \"price_pro\" }}\n",
        stripe.url
    ))
    .await
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

#[tokio::test]
async fn stripe_tells_and_credits_come() {
    let stripe = Simulator::start().await;
    let app = app(&stripe).await;
    stripe.tell(&format!("{}/webhooks/stripe", app.url), SECRET).await;
    let ada = app.person("Ada").await;
    let offer = ada.get("/billing/catalog").await.data()["topUps"].clone();
    assert_eq!(
        (&offer["gateway"], &offer["publishableKey"], &offer["testMoney"]),
        (&json!("stripe"), &json!("pk_test_simulated"), &json!(true))
    );
    assert!(!offer.to_string().contains("sk_test"));
    let begun = ada.post("/billing/top-ups/payment-intent", &json!({ "credits": 1000 })).await;
    assert_eq!(begun.status, 201);
    let begun = begun.data();
    assert!(begun["gateway"] == "stripe" && begun["invoice"]["testMoney"] == true);
    let secret = text(&begun["clientSecret"]);
    let intent = secret.split_once("_secret_").unwrap().0;
    stripe.pay(intent, PAYS).await;
    eventually("the event comes", async || {
        (ada.get("/billing/invoices").await.data()["items"][0]["state"] == "done").then_some(())
    })
    .await;
    assert_eq!(ada.get("/billing").await.data()["available"], 1_200_000_000);
    // No card of the test gateway pays here.
    let card = format!("/billing/top-ups/{}/test-card", text(&begun["invoice"]["id"]));
    assert_eq!(ada.post(&card, &json!({ "card": "4242424242424242" })).await.status, 404);
    // The simulator tells of a refund too.
    stripe.refund(intent, 250).await;
    eventually("the refund comes", async || {
        (ada.get("/billing/invoices").await.data()["items"][0]["refundedCents"] == 250).then_some(())
    })
    .await;
    assert_eq!(ada.get("/billing").await.data()["available"], 950_000_000);
}

#[tokio::test]
async fn only_what_stripe_signed_is_heard() {
    let stripe = Simulator::start().await;
    let (app, mut signer) = (app(&stripe).await, Signer::start());
    let url = format!("{}/webhooks/stripe", app.url);
    let body =
        json!({ "id": "evt_1", "type": "balance.available", "data": { "object": { "object": "balance" } } });
    // Odd spaces: it is the raw body that is signed.
    let body = format!("  {body}\n");
    let header = signer.sign(&body, SECRET, now()).await;
    let send = async |header: Option<&str>, body: String| {
        let mut request =
            Client::new().post(&url).header("content-type", "application/json; charset=utf-8").body(body);
        if let Some(header) = header {
            request = request.header("stripe-signature", header);
        }
        Answer::of(request).await.status
    };
    assert_eq!(send(Some(&header), body.clone()).await, 200);
    assert_eq!(send(Some(&header), body.clone()).await, 200, "once more");
    assert_eq!(send(None, body.clone()).await, 400);
    assert_eq!(send(Some(&header), body.trim().to_owned()).await, 400);
    assert_eq!(send(Some("t=1,v1=é"), body.clone()).await, 400);
    assert_eq!(send(Some(&signer.sign(&body, "whsec_other", now()).await), body.clone()).await, 400);
    assert_eq!(send(Some(&signer.sign(&body, SECRET, now() - 400).await), body.clone()).await, 400);
    assert_eq!(send(Some(&header), "x".repeat(300 * 1024)).await, 413);
    assert_eq!(Client::new().get(&url).send().await.unwrap().status(), 405);
    // Where Stripe takes no payments nothing is heard.
    let without = App::start().await;
    let request =
        Client::new().post(format!("{}/webhooks/stripe", without.url)).header("stripe-signature", header);
    assert_eq!(Answer::of(request.body(body)).await.status, 404);
}

#[tokio::test]
async fn a_subscription_is_told_of_and_holds_its_organization() {
    let stripe = Simulator::start().await;
    let app = app(&stripe).await;
    stripe.tell(&format!("{}/webhooks/stripe", app.url), SECRET).await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let portal = ada.post("/billing/subscriptions/portal", &json!({})).await;
    assert_eq!(portal.status, 409, "{portal}");
    let wrong = ada.post("/billing/subscriptions/checkout", &json!({ "packageId": "scale" })).await;
    assert_eq!(wrong.status, 422, "{wrong}");
    let page = ada.post("/billing/subscriptions/checkout", &json!({ "packageId": "pro" })).await;
    assert_eq!(page.status, 201, "{page}");
    let url = text(&page.data()["url"]);
    let session = stripe.get(&format!("/v1/checkout/sessions/{}", url.rsplit('/').next().unwrap())).await;
    let back = format!("/{}/billing?returned", ada.org);
    assert!(session["asked"]["success_url"].as_str().unwrap().ends_with(&back), "{session}");
    let subscription = stripe.subscribe(session["customer"].as_str().unwrap(), "price_pro").await;
    let state = async |wanted: &str| {
        (ada.get("/billing").await.data()["subscription"]["state"] == wanted).then_some(())
    };
    eventually("Stripe tells that it began", async || state("active").await).await;
    let account = ada.get("/billing").await.data();
    assert_eq!(
        (&account["package"]["id"], &account["available"]),
        (&json!("pro"), &json!(2_200_000_000_i64))
    );
    let delete = || ada.api(Method::DELETE, "/org").json(&json!({ "confirm": ada.org }));
    let held = Answer::of(delete()).await;
    assert!(held.status == 409 && held.to_string().contains("subscription"), "{held}");
    stripe.end(&subscription).await;
    eventually("Stripe tells that it ended", async || state("over").await).await;
    assert_eq!(ada.get("/billing").await.data()["package"]["id"], "personal");
    let gone = Answer::of(delete()).await;
    assert!(gone.status < 300, "{gone}");
}

#[tokio::test]
async fn a_card_that_was_saved_pays_though_nobody_comes_back_from_the_page() {
    let stripe = Simulator::start().await;
    let app = app(&stripe).await;
    stripe.tell(&format!("{}/webhooks/stripe", app.url), SECRET).await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let put = async |body: serde_json::Value| {
        Answer::of(ada.api(Method::PUT, "/billing/auto-top-up").json(&body)).await
    };
    let limits = json!({ "threshold": 300, "credits": 500, "monthlyCap": 500 });
    // No card of the test gateway is kept here.
    let mut wrong = limits.clone();
    wrong["testCard"] = json!("4242424242424242");
    assert_eq!(put(wrong).await.status, 422);
    let waits = put(limits).await.data();
    assert_eq!((&waits["on"], &waits["card"]), (&json!(false), &json!(null)));
    stripe.save_card(&text(&waits["cardPage"]), PAYS).await;
    eventually("it is on and has bought", async || {
        let now = ada.get("/billing/auto-top-up").await.data();
        (now["on"] == true && now["card"] == "4242" && now["boughtThisMonth"] == 500).then_some(())
    })
    .await;
    eventually("the credits are there", async || {
        (ada.get("/billing").await.data()["available"] == 700_000_000).then_some(())
    })
    .await;
    assert_eq!(ada.get("/billing/invoices").await.data()["items"][0]["automatic"], true);
}
