//! The door: cookies, session ids, forged requests, and what a stranger can't learn.

use crate::support::{
    App, Wishes,
    client::{Answer, Client},
    people::PASSWORD,
};
use reqwest::{Method, header::COOKIE};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HTTPS: &str = "[server]\npublic_url = \"https://alumia.example\"\n[limits]\nauth_per_minute = 100000\n";

fn login(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

/// A cookie's name and attributes, sorted.
fn cookie(answer: &Answer) -> (String, Vec<String>) {
    let text = answer.header("set-cookie").unwrap();
    let (name, rest) = text.split_once('=').unwrap();
    let mut attributes: Vec<_> = rest.split("; ").skip(1).map(str::to_owned).collect();
    attributes.sort();
    (name.to_owned(), attributes)
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_no_script() {
    let app = App::start().await;
    let mut ada = app.person("Ada").await;
    let answer = ada.post("/auth/login", &login(&ada.email, PASSWORD)).await;
    let (name, attributes) = cookie(&answer);
    assert_eq!(name, "alumia");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax"]);
    ada.keep(&answer);
    let gone = ada.post("/auth/logout", &json!(null)).await;
    assert_eq!(cookie(&gone).1, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"]);

    let app = App::with(Wishes { settings: HTTPS, ..Wishes::default() }).await;
    let form = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let answer = app.nobody().post("/auth/signup", &form).await;
    let (name, attributes) = cookie(&answer);
    assert_eq!(name, "__Host-alumia");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax", "Secure"]);
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
}

#[tokio::test]
async fn signing_in_gives_a_new_id_and_the_old_one_is_dead() {
    let app = App::start().await;
    let before = app.person("Ada").await;
    let mut after = before.clone();
    let answer = before.post("/auth/login", &login(&before.email, PASSWORD)).await;
    after.keep(&answer);
    assert_ne!(before.cookie, after.cookie);
    assert_eq!(after.get("/me").await.status, 200);
    assert_eq!(before.get("/me").await.status, 401, "an id known from before opens nothing");

    // An id that somebody slipped in before the sign-in doesn't become the session's.
    let mut fixed = app.nobody();
    fixed.cookie = Some(format!("alumia={}", "a".repeat(64)));
    let answer = fixed.post("/auth/login", &login(&before.email, PASSWORD)).await;
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(fixed.get("/me").await.status, 401);

    // A refused sign-in leaves the session as it was, and sets no cookie.
    let refused = after.post("/auth/login", &login(&before.email, "wrong")).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
    assert_eq!(after.get("/me").await.status, 200);

    // Two devices; signing out on one ends that one's session.
    let mut other = app.nobody();
    other.keep(&other.post("/auth/login", &login(&before.email, PASSWORD)).await);
    assert_eq!(after.post("/auth/logout", &json!(null)).await.status, 200);
    assert_eq!((after.get("/me").await.status, other.get("/me").await.status), (401, 200));
    assert_eq!(after.post("/auth/logout", &json!(null)).await.status, 401);
}

#[tokio::test]
async fn only_a_page_of_ours_changes_anything_with_a_cookie() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Forged").await;
    let cookie = ada.cookie.clone().unwrap();
    let send = async |method: Method, headers: &[(&str, &str)]| {
        let request = ada.anonymous().api(method, &format!("/projects/{project}"));
        let request = headers
            .iter()
            .fold(request.header(COOKIE, &cookie), |request, (name, value)| request.header(*name, *value));
        Answer::of(request.json(&json!({ "name": "Renamed" }))).await.status
    };
    let host = app.url.as_str();
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", host)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("referer", host)],
    ] {
        for method in [Method::PATCH, Method::DELETE] {
            assert_eq!(send(method.clone(), headers).await, 403, "{method} {headers:?}");
        }
        assert_eq!(send(Method::GET, headers).await, 200, "reading changes nothing: {headers:?}");
    }
    assert_eq!(ada.get(&format!("/projects/{project}")).await.data()["name"], "Forged");
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[("origin", host)]] {
        assert_eq!(send(Method::PATCH, headers).await, 200, "{headers:?}");
    }
    // A forged sign-in would put the victim into the attacker's account: refused without a cookie too.
    let forged = app.nobody().api(Method::POST, "/auth/login").header("sec-fetch-site", "cross-site");
    let forged = Answer::of(forged.json(&login(&ada.email, PASSWORD))).await;
    assert_eq!(forged.refusal(), (403, "FORBIDDEN".into(), "csrf".into()));
    assert_eq!(forged.header("set-cookie"), None);
    // A program without a cookie has nothing to forge.
    assert_eq!(app.nobody().post("/auth/login", &login(&ada.email, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn a_stranger_does_not_learn_who_has_an_account() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let long = "x".repeat(2_000);
    let tries = [
        (ada.email.as_str(), "wrong"),
        ("nobody@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        (ada.email.as_str(), ""),
        ("no address", "wrong"),
        ("", ""),
        (ada.email.as_str(), long.as_str()),
        (long.as_str(), "wrong"),
    ];
    let mut told = Vec::new();
    for (email, password) in tries {
        let answer = app.nobody().post("/auth/login", &login(email, password)).await;
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        told.push((answer.status, answer.error(), names, answer.bytes.len()));
    }
    assert!(told.iter().all(|other| *other == told[0]), "{told:#?}");
    assert_eq!(told[0].0, 401);

    // The same work is done for both. Taken in turns, so that a busy machine is busy for both.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        known.push(time(&app.nobody(), &ada.email).await);
        unknown.push(time(&app.nobody(), "nobody@example.com").await);
    }
    let (known, unknown) = (median(known), median(unknown));
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!((0.4..2.5).contains(&ratio), "known {known:?}, unknown {unknown:?}");
}

async fn time(client: &Client, email: &str) -> Duration {
    let begun = Instant::now();
    assert_eq!(client.post("/auth/login", &login(email, "wrong")).await.status, 401);
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_closed_house_makes_no_accounts() {
    let settings = "[security]\nsign_ups = \"closed\"";
    let app = App::with(Wishes { settings, ..Wishes::default() }).await;
    let form = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let answer = app.nobody().post("/auth/signup", &form).await;
    assert_eq!(answer.refusal(), (403, "FORBIDDEN".into(), "sign_ups_closed".into()));
}
