//! Accounts that a passkey opens, over HTTP. What the rules are, `platform/tests/passkeys.rs` has.

use crate::support::{
    App, Wishes,
    authenticator::Authenticator,
    client::{Answer, Client},
    people::PASSWORD,
};
use serde_json::{Value, json};

const START: &str = "/auth/passkeys/signup/start";
const FINISH: &str = "/auth/passkeys/signup/finish";

fn ada() -> Value {
    json!({ "name": "Ada", "email": "ada@example.com" })
}

/// Begins with an account; the client keeps what the browser is known again by.
async fn start(client: &mut Client, form: &Value) -> Value {
    let answer = client.post(START, form).await;
    client.keep(&answer);
    answer.data()
}

fn second_half(begun: &Value, credential: &Value) -> Value {
    json!({ "ceremony": begun["ceremony"], "credential": credential, "name": "Laptop" })
}

/// Signed up with a passkey.
async fn person(app: &App) -> (Client, Authenticator, Answer) {
    let (mut client, mut device) = (app.nobody(), Authenticator::on(&app.url));
    let begun = start(&mut client, &ada()).await;
    let made = device.create(&begun["publicKey"]);
    let answer = client.post(FINISH, &second_half(&begun, &made)).await;
    client.keep(&answer);
    (client, device, answer)
}

async fn users(app: &App) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(app.store.read()).await.unwrap()
}

#[tokio::test]
async fn signing_up_steps_up_out_and_in_again() {
    let app = App::start().await;
    let (client, mut device, answer) = person(&app).await;
    assert_eq!(answer.status, 201, "{answer}");
    assert_eq!(answer.data()["org"]["slug"], "ada");
    let me = client.get("/me").await.data();
    assert_eq!((&me["user"]["name"], &me["memberships"][0]["role"]), (&json!("Ada"), &json!("owner")));
    let state = client.get("/auth/step-up").await.data();
    assert_eq!(state["steppedUp"], true, "the passkey has just been used");
    assert_eq!((&state["factors"]["passkeys"], &state["factors"]["password"]), (&json!(1), &json!(false)));
    let log = client.get("/audit?action=auth.signed_in").await.data();
    assert_eq!(log["items"].as_array().map(Vec::len), Some(1), "{log}");

    // The only way in stays.
    let passkeys = client.get("/auth/passkeys").await.data();
    let only = format!("/auth/passkeys/{}", passkeys["items"][0]["id"].as_str().unwrap());
    assert_eq!(client.delete(&only).await.refusal().0, 409);

    assert_eq!(client.post("/auth/logout", &json!(null)).await.status, 200);
    let mut client = app.nobody();
    let login = json!({ "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(client.post("/auth/login", &login).await.status, 401);
    let begun = client.post("/auth/passkeys/login/start", &json!(null)).await;
    client.keep(&begun);
    let signed = device.get(&begun.data()["publicKey"]);
    let finish = second_half(&begun.data(), &signed);
    let elsewhere = app.nobody().post("/auth/passkeys/login/finish", &finish).await;
    assert_eq!(elsewhere.status, 400, "{elsewhere}");
    let answer = client.post("/auth/passkeys/login/finish", &finish).await;
    client.keep(&answer);
    assert_eq!(answer.status, 200, "{answer}");

    // A sign-in isn't a step-up; the passkey is.
    let set = json!({ "password": PASSWORD });
    assert_eq!(client.post("/auth/password", &set).await.refusal().2, "step_up_required");
    let begun = client.post("/auth/passkeys/step-up/start", &json!(null)).await.data();
    let signed = device.get(&begun["publicKey"]);
    let answer = client.post("/auth/passkeys/step-up/finish", &second_half(&begun, &signed)).await;
    client.keep(&answer);
    assert_eq!(client.post("/auth/password", &set).await.status, 200);
    assert_eq!(client.post("/auth/login", &login).await.status, 200);
}

#[tokio::test]
async fn nothing_is_made_before_the_second_half_nor_twice() {
    let app = App::start().await;
    let (mut client, mut device) = (app.nobody(), Authenticator::on(&app.url));
    let begun = start(&mut client, &ada()).await;
    assert_eq!((users(&app).await, client.get("/me").await.status), (0, 401));
    let finish = second_half(&begun, &device.create(&begun["publicKey"]));
    assert_eq!(app.nobody().post(FINISH, &finish).await.status, 400, "another browser ends it");
    assert_eq!(users(&app).await, 0);
    assert_eq!(client.post(FINISH, &finish).await.status, 201);
    assert_eq!(client.post(FINISH, &finish).await.status, 400, "a replay counts");
    let again = client.post(START, &json!({ "name": "Eve", "email": "eve@example.com" })).await.data();
    let swapped = json!({ "ceremony": again["ceremony"], "credential": finish["credential"] });
    let refused = client.post(FINISH, &swapped).await;
    assert_eq!(refused.refusal(), (401, "UNAUTHORIZED".into(), "passkey_refused".into()));
    assert_eq!(users(&app).await, 1);
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_like_with_a_password() {
    let app = App::start().await;
    let (_, _, answer) = person(&app).await;
    assert_eq!(answer.status, 201, "{answer}");
    let by_passkey = app.nobody().post(START, &ada()).await;
    let form = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let by_password = app.nobody().post("/auth/signup", &form).await;
    assert_eq!((by_passkey.status, by_password.status), (422, 422));
    assert_eq!(by_passkey.error()["details"], by_password.error()["details"]);
}

#[tokio::test]
async fn a_closed_house_makes_no_accounts() {
    let settings = "[security]\nsign_ups = \"closed\"";
    let app = App::with(Wishes { settings, ..Wishes::default() }).await;
    let finish = json!({ "ceremony": "x", "credential": {} });
    for (path, form) in [(START, ada()), (FINISH, finish)] {
        let answer = app.nobody().post(path, &form).await;
        assert_eq!(answer.refusal(), (403, "FORBIDDEN".into(), "sign_ups_closed".into()), "{path}");
    }
}

#[tokio::test]
async fn beginning_counts_like_signing_up() {
    let settings = "[limits]\nauth_per_minute = 3";
    let app = App::with(Wishes { settings, ..Wishes::default() }).await;
    for _ in 0..3 {
        assert_eq!(app.nobody().post(START, &json!({ "name": "", "email": "" })).await.status, 422);
    }
    assert_eq!(app.nobody().post(START, &ada()).await.status, 429);
    let form = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(app.nobody().post("/auth/signup", &form).await.status, 429);
}

#[tokio::test]
async fn what_a_browser_is_known_again_by_is_for_this_host_and_no_script() {
    let settings = "[server]\npublic_url = \"https://alumia.example\"\n[limits]\nauth_per_minute = 1000\n";
    let app = App::with(Wishes { settings, ..Wishes::default() }).await;
    let answer = app.nobody().post(START, &ada()).await;
    let cookie = answer.header("set-cookie").unwrap();
    let (name, attributes) = cookie.split_once('=').unwrap();
    assert_eq!(name, "__Host-alumia-visit");
    let rest: Vec<_> = attributes.split("; ").skip(1).collect();
    assert_eq!(rest, ["Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Strict", "Secure"]);
}
