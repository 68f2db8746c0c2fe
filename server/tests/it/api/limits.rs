//! Rate limits as callers meet them.

use crate::support::{
    App, Wishes,
    client::Answer,
    people::{PASSWORD, unknown},
};
use reqwest::Method;
use serde_json::{Value, json};

/// So few that a test reaches them, and so slow to come back that it stays there.
const TIGHT: &str = "[limits]\nchat_per_minute = 3\nauth_per_minute = 3\nwrites_per_minute = 6\nreads_per_minute = 8\n\
                     [server]\ntrusted_proxies = [\"127.0.0.1\"]";

async fn tight() -> App {
    App::with(Wishes { settings: TIGHT, ..Wishes::default() }).await
}

fn figures(answer: &Answer) -> (u32, u32, u32) {
    let figure = |name| answer.header(name).unwrap_or_else(|| panic!("{name}: {answer}")).parse().unwrap();
    (figure("ratelimit-limit"), figure("ratelimit-remaining"), figure("ratelimit-reset"))
}

/// A 429 has a body of its own and says when to come back, twice and alike.
fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer}");
    let body = answer.json();
    let fields = body.as_object().unwrap();
    assert_eq!(fields.len(), 2, "{answer}");
    assert_eq!(body["error"], "Too many requests");
    let millis = body["retryAfterMs"].as_u64().unwrap();
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(millis > 0 && seconds == millis.div_ceil(1_000), "{millis} ms, {seconds} s");
    assert_eq!(figures(answer).1, 0);
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn reads_and_writes_have_buckets_of_their_own() {
    let app = tight().await;
    let ada = app.person("Ada").await;
    for left in (0..8).rev() {
        let answer = ada.get("/me").await;
        let (limit, remaining, reset) = figures(&answer);
        assert_eq!((answer.status, limit), (200, 8));
        // Time goes by, and with it some comes back.
        assert!((left..=left + 1).contains(&remaining) && reset <= 60, "{remaining} {reset}");
    }
    let refused = loop {
        let answer = ada.get("/me").await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_refused(&refused);
    let project = ada.post("/projects", &json!({ "name": "x" })).await;
    assert_eq!((project.status, figures(&project).0), (201, 6), "writes are not reads");
    // What is refused for another reason costs all the same.
    let before = figures(&ada.post("/projects", &json!({ "name": "" })).await).1;
    let after = figures(&ada.post("/projects", &json!({ "name": "" })).await).1;
    assert!(after < before, "{after} {before}");
}

#[tokio::test]
async fn one_address_can_not_guess_on() {
    let app = tight().await;
    let login = async |address: &str, email: &str| {
        let request = app.nobody().api(Method::POST, "/auth/login").header("x-forwarded-for", address);
        Answer::of(request.json(&json!({ "email": email, "password": PASSWORD }))).await
    };
    for _ in 0..3 {
        assert_eq!(login("203.0.113.1", "a@example.com").await.status, 401);
    }
    assert_refused(&login("203.0.113.1", "b@example.com").await);
    // What a client says left of the proxy's word is made up.
    assert_refused(&login("198.51.100.7, 203.0.113.1", "b@example.com").await);
    assert_eq!(login("203.0.113.2", "a@example.com").await.status, 401, "another address");
    // A customer has 2⁶⁴ of these addresses: they are one.
    for host in 1..=3 {
        assert_eq!(login(&format!("2001:db8:0:1::{host}"), "a@example.com").await.status, 401);
    }
    assert_refused(&login("2001:db8:0:1:ffff::9", "a@example.com").await);
    // Sign-up draws from the same bucket.
    let form = json!({ "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let request = app.nobody().api(Method::POST, "/auth/signup").header("x-forwarded-for", "203.0.113.1");
    assert_refused(&Answer::of(request.json(&form)).await);
}

#[tokio::test]
async fn a_person_has_one_bucket_wherever_they_are() {
    let app = tight().await;
    let ada = app.person("Ada").await;
    let mut statuses = Vec::new();
    for host in 1..=12 {
        let request = ada.api(Method::GET, "/me").header("x-forwarded-for", format!("203.0.113.{host}"));
        statuses.push(Answer::of(request).await.status);
    }
    assert!(statuses.starts_with(&[200; 8]) && statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn the_same_message_again_is_the_same_run_and_takes_nothing_from_the_chats_bucket() {
    let app = App::with(Wishes { settings: "[limits]\nchat_per_minute = 3", ..Wishes::default() }).await;
    let ada = app.person("Ada").await;
    let session = ada.session(&ada.project("Again").await).await;
    let message = json!({ "id": unknown(), "content": "help" });
    let say = async |message: &Value| ada.post(&format!("/sessions/{session}/messages"), message).await;
    let first = say(&message).await;
    assert_eq!((first.status, figures(&first).0), (202, 3), "{first}");
    for _ in 0..10 {
        let again = say(&message).await;
        assert_eq!((again.status, again.data()), (202, first.data()));
        assert_eq!(figures(&again).0, 300, "it is a write like others");
    }
    let by_chat = ada.api(Method::POST, "/chat").header("accept", "application/json");
    let by_chat = by_chat.json(&json!({ "sessionId": session, "message": message }));
    assert_eq!(Answer::of(by_chat).await.data(), first.data());
    // New messages do cost.
    let mut statuses = Vec::new();
    let mut last = first;
    for _ in 0..5 {
        last = say(&json!({ "id": unknown(), "content": "help" })).await;
        statuses.push(last.status);
    }
    assert!(statuses.starts_with(&[202; 2]) && statuses.contains(&429), "{statuses:?}");
    assert_refused(&last);
    // At the limit, the one that was accepted still gets its answer.
    assert_eq!(say(&message).await.status, 202);
}

#[tokio::test]
async fn the_same_message_many_times_at_once_is_one_run() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("At once").await;
    let body = json!({ "projectId": project, "message": { "id": unknown(), "content": "count to 3" } });
    let sends = (0..20).map(|_| {
        let request = ada.api(Method::POST, "/chat").header("accept", "application/json").json(&body);
        Answer::of(request)
    });
    let answers: Vec<Value> = futures::future::join_all(sends).await.iter().map(Answer::data).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    let sessions = ada.get(&format!("/sessions?projectId={project}")).await.data();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
}
