//! A simulator of Stripe that others wrote (localstripe), and Stripe's own library to sign events with.
#![allow(dead_code, reason = "each test file uses its part of this")]

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

const SIMULATOR: &str = "scripts/stripe-simulator";
const SIGNER: &str = "end2end/support/stripe-sign.mjs";
const SET_UP: &str = "run `scripts/setup node python` first (`make test` does)";
/// Both start slowly on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub const SECRET_KEY: &str = "sk_test_simulated";
pub const PAYS: &str = "4242424242424242";
pub const DECLINED: &str = "4000000000000341";
/// Its bank asks the person first.
pub const CHALLENGED: &str = "4000002500003155";

fn file(name: &str) -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("{name} is missing"))
}

fn spawn(command: &mut Command) -> Child {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    piped.spawn().unwrap_or_else(|error| panic!("{command:?} does not start ({error}): {SET_UP}"))
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let next = tokio::time::timeout(PATIENCE, lines.next_line()).await;
    next.expect("it doesn't answer").unwrap().unwrap_or_else(|| panic!("it ended at once: {SET_UP}"))
}

/// An account at Stripe; ends when it is dropped.
pub struct Simulator {
    pub url: String,
    http: reqwest::Client,
    _process: Child,
}

impl Simulator {
    pub async fn start() -> Self {
        let mut process = spawn(&mut Command::new(file(SIMULATOR)));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = line(&mut lines).await;
        let url = first.strip_prefix("listening on ").expect("its first line is its address").to_owned();
        Self { url, http: reqwest::Client::new(), _process: process }
    }

    /// Status and answer of `POST /v1/…`.
    pub async fn try_post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(SECRET_KEY).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.try_post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer =
            self.http.get(format!("{}{path}", self.url)).bearer_auth(SECRET_KEY).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// What Stripe's dialog in the browser does with a card; the payment as it stands then.
    pub async fn pay(&self, intent: &str, number: &str) -> Value {
        let card = json!({ "number": number, "exp_month": 12, "exp_year": 2050, "cvc": "123" });
        let method = self.post("/v1/payment_methods", &json!({ "type": "card", "card": card })).await;
        let path = format!("/v1/payment_intents/{intent}");
        self.post(&path, &json!({ "payment_method": method["id"] })).await;
        // A card that is declined answers 402.
        self.try_post(&format!("{path}/confirm"), &json!({})).await;
        self.get(&path).await
    }

    /// The person's word to their bank.
    pub async fn answer(&self, intent: &Value, yes: bool) {
        let path =
            format!("/v1/payment_intents/{}/_authenticate?success={yes}", intent["id"].as_str().unwrap());
        self.try_post(&path, &json!({ "client_secret": intent["client_secret"] })).await;
    }

    /// Pays so much back.
    pub async fn refund(&self, intent: &str, cents: i64) {
        self.post("/v1/refunds", &json!({ "payment_intent": intent, "amount": cents })).await;
    }

    /// The payer's bank asks for all of it back; the dispute.
    pub async fn dispute(&self, intent: &str) -> String {
        let dispute = self.post("/v1/disputes", &json!({ "payment_intent": intent })).await;
        dispute["id"].as_str().unwrap().to_owned()
    }

    /// Ends a dispute: `won` or `lost`.
    pub async fn decide(&self, dispute: &str, status: &str) {
        self.post(&format!("/v1/disputes/{dispute}"), &json!({ "status": status })).await;
    }

    /// Types a card on a page that saves one.
    pub async fn save_card(&self, page: &str, number: &str) {
        assert_eq!(self.press(page, &format!("do=save&card={number}")).await, 303);
    }

    /// Sends the form of one of its pages; the status: 303 leads back.
    pub async fn press(&self, page: &str, form: &str) -> u16 {
        let away = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = away.post(page).header("content-type", "application/x-www-form-urlencoded");
        request.body(form.to_owned()).send().await.unwrap().status().as_u16()
    }

    /// A customer subscribes to a price; the subscription.
    pub async fn subscribe(&self, customer: &str, price: &str) -> String {
        let order = json!({ "customer": customer, "price": price });
        self.post("/_test/subscriptions/new", &order).await["id"].as_str().unwrap().to_owned()
    }

    /// What time and banks do to a subscription: `start` in seconds since 1970, `status`, `ends`, `price`.
    pub async fn change(&self, subscription: &str, changes: &Value) {
        self.post(&format!("/_test/subscriptions/{subscription}"), changes).await;
    }

    /// Ends a subscription at once.
    pub async fn end(&self, subscription: &str) {
        let url = format!("{}/v1/subscriptions/{subscription}", self.url);
        assert!(self.http.delete(url).bearer_auth(SECRET_KEY).send().await.unwrap().status().is_success());
    }

    /// Sends its events to an address from now on.
    pub async fn tell(&self, url: &str, secret: &str) {
        let path = format!("{}/_config/webhooks/here", self.url);
        let answer =
            self.http.post(path).json(&json!({ "url": url, "secret": secret })).send().await.unwrap();
        assert!(answer.status().is_success());
    }
}

/// Signs as Stripe does.
pub struct Signer {
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Signer {
    pub fn start() -> Self {
        let mut process = spawn(Command::new("node").arg(file(SIGNER)));
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { input: process.stdin.take().unwrap(), lines, _process: process }
    }

    /// The header `Stripe-Signature` of a body at a time in seconds since 1970.
    pub async fn sign(&mut self, payload: &str, secret: &str, timestamp: i64) -> String {
        let order = json!({ "payload": payload, "secret": secret, "timestamp": timestamp });
        self.input.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        line(&mut self.lines).await
    }
}
