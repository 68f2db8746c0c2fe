//! Credits over the API: what there is, what it was used for, what blocks, and what makes it go on.

use super::snapshot::Chapter;
use crate::support::{
    App,
    client::Answer,
    eventually,
    people::{Person, text, unknown},
    provider::{COST, Provider},
};
use alumia_platform::billing::Grant;
use alumia_protocol::{Microcredits, billing::BucketKind, keys::Scope, people::Role};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// New organisations have nothing.
const POOR: &str = "[[billing.packages]]\nid = \"personal\"\nname = \"Personal\"\nprice_cents = 0\n\
                    monthly_credits = 0\ntiers = [\"free\", \"standard\"]\ncaps = {}\n";

fn priced(provider: &Provider) -> String {
    format!("providers = {}\n", provider.settings("operator"))
}

async fn put(person: &Person, path: &str, body: &Value) -> Answer {
    Answer::of(person.api(Method::PUT, path).json(body)).await
}

/// Says something in a new session; the session.
async fn say(person: &Person, project: &str) -> String {
    let session = person.session(project).await;
    person.say(&session, "hello").await;
    session
}

#[tokio::test]
async fn a_month_of_credits() {
    let provider = Provider::start(&["operator"]).await;
    let (app, mut chapter) = (App::with_settings(&priced(&provider)).await, Chapter::default());
    let ada = app.person("Ada").await;
    chapter.note("GET /billing", &ada.get("/billing").await);
    chapter.note("GET /billing/catalog", &ada.get("/billing/catalog").await);
    let project = ada.project("Rain").await;
    let session = say(&ada, &project).await;
    assert_eq!(ada.settled(&session).await, "idle");
    let events = ada.events(&session).await;
    let bill = events.iter().find(|event| event["kind"] == "usage.recorded").unwrap();
    chapter.add("usage.recorded", bill["data"].clone());
    assert_eq!(bill["data"]["costMicrocredits"], COST);
    chapter.note("GET /billing, after a call", &ada.get("/billing").await);
    chapter.note("GET /billing/buckets", &ada.get("/billing/buckets").await);
    chapter.note("GET /billing/ledger", &ada.get("/billing/ledger").await);
    chapter.note("GET /billing/ledger?limit=1", &ada.get("/billing/ledger?limit=1").await);
    let reservation = text(&bill["data"]["reservationId"]);
    let of_call = ada.get(&format!("/billing/ledger?reservationId={reservation}")).await.data();
    assert_eq!(of_call["items"].as_array().map(Vec::len), Some(3), "set aside, charged, given back");
    for group in ["model", "operation", "project", "agent", "user", "session", "workspace"] {
        let path = format!("/billing/usage?groupBy={group}");
        let report = ada.get(&path).await;
        assert_eq!(report.data()["total"]["cost"], COST, "{group}");
        chapter.add(&path, report.data()["items"].clone());
    }
    let days = ada.get("/billing/usage?groupBy=day").await.data();
    assert_eq!((days["items"][0]["cost"].as_i64(), days["items"][1].is_null()), (Some(COST), true));
    assert_eq!(text(&days["items"][0]["key"]).len(), 10);
    chapter.note("GET /billing/usage/calls", &ada.get("/billing/usage/calls").await);
    let other = format!("/billing/usage/calls?projectId={}", unknown());
    assert_eq!(ada.get(&other).await.data()["items"], json!([]));
    let table = ada.get("/billing/usage?groupBy=project&format=csv").await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(String::from_utf8(table.bytes).unwrap().lines().count(), 2);
    let table = String::from_utf8(ada.get("/billing/usage/calls?format=csv").await.bytes).unwrap();
    assert!(table.lines().nth(1).unwrap().contains(",model,m-1,settled,false,"), "{table}");
    chapter.note(
        "GET /billing/usage, backwards",
        &ada.get("/billing/usage?since=2026-02-01&until=2026-01-01").await,
    );
    chapter.note("GET /billing/usage, too long", &ada.get("/billing/usage?since=2020-01-01").await);
    chapter.note("GET /billing/usage, no group", &ada.get("/billing/usage?groupBy=mood").await);
    chapter.end("billing");
}

#[tokio::test]
async fn budgets_are_set_as_a_whole() {
    let provider = Provider::start(&["operator"]).await;
    let (app, mut chapter) = (App::with_settings(&priced(&provider)).await, Chapter::default());
    let ada = app.person("Ada").await;
    let project = ada.project("Rain").await;
    let hard = |limit: i64| json!({ "scope": "project", "targetId": project, "period": "month", "limit": limit, "hard": true });
    let soft = json!({ "scope": "org", "period": "day", "limit": 5_000_000, "hard": false });
    let set = async |budgets: Value| put(&ada, "/billing/budgets", &json!({ "budgets": budgets })).await;
    chapter.note("PUT /billing/budgets, not stepped up", &set(json!([soft])).await);
    app.step_up(&ada).await;
    chapter.note("PUT /billing/budgets", &set(json!([soft, hard(1)])).await);
    chapter.note("GET /billing/budgets", &ada.get("/billing/budgets").await);
    let session = say(&ada, &project).await;
    assert_eq!(ada.settled(&session).await, "awaiting_payment");
    let events = ada.events(&session).await;
    let blocked = events.iter().find(|event| event["kind"] == "billing.blocked").unwrap();
    let told = &blocked["data"];
    assert_eq!(
        (told["reason"].as_str(), told["budget"]["targetId"].as_str()),
        (Some("budget_exhausted"), Some(&*project))
    );
    assert_eq!(told["missing"].as_i64(), told["needed"].as_i64().map(|needed| needed - 1));
    let program = app.program(&ada, &ada.org, &[Scope::ChatWrite, Scope::ProjectsWrite]).await;
    let message = json!({ "id": unknown(), "content": "hello" });
    let refused = program.post("/chat", &json!({ "projectId": project, "message": message })).await;
    assert_eq!(refused.refusal(), (402, "PAYMENT_REQUIRED".into(), "budget_exhausted".into()));
    let details = refused.error()["details"].clone();
    assert_eq!((details["budget"]["scope"].as_str(), details["missing"].is_i64()), (Some("project"), true));
    // Raised, the waiting run goes on by itself.
    let raised = set(json!([hard(50_000_000)])).await.data();
    assert_eq!(raised["items"].as_array().map(Vec::len), Some(1));
    eventually("the run goes on", async || {
        let status = ada.get(&format!("/sessions/{session}")).await.data()["status"].clone();
        (status == "idle").then_some(())
    })
    .await;
    chapter.note("GET /billing/budgets, after a call", &ada.get("/billing/budgets").await);
    let wrong = json!([
        { "scope": "org", "targetId": project, "period": "day", "limit": 1, "hard": true },
        { "scope": "project", "period": "day", "limit": 1, "hard": true },
        { "scope": "agent", "targetId": unknown(), "period": "day", "limit": -1, "hard": true },
    ]);
    chapter.note("PUT /billing/budgets, wrong", &set(wrong).await);
    let nothing =
        json!([{ "scope": "agent", "targetId": unknown(), "period": "day", "limit": 1, "hard": true }]);
    let nothing = set(nothing).await;
    assert_eq!(nothing.refusal().0, 422, "{nothing}");
    // Another's project is as good as none.
    let bob = app.person("Bob").await;
    app.step_up(&bob).await;
    let foreign = put(&bob, "/billing/budgets", &json!({ "budgets": [hard(1)] })).await;
    assert_eq!(foreign.refusal().0, 422, "{foreign}");
    assert_eq!(set(json!([])).await.data()["items"], json!([]));
    chapter.end("budgets");
}

#[tokio::test]
async fn of_many_programs_those_that_can_not_be_paid_are_told_402() {
    // The first ones are still at work when the last ones ask.
    let provider = Provider::slow(&["operator"], Duration::from_secs(15)).await;
    let app = App::with_settings(&format!("{}{POOR}", priced(&provider))).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Many").await;
    let program = app.program(&ada, &ada.org, &[Scope::Everything]).await;
    let chat = async || {
        let message = json!({ "id": unknown(), "content": "hello" });
        let body = json!({ "projectId": project, "message": message });
        Answer::of(program.api(Method::POST, "/chat").header("accept", "application/json").json(&body)).await
    };
    let refused = chat().await;
    assert_eq!(refused.refusal().2, "no_credits");
    let sessions = ada.get("/sessions").await.data()["items"].clone();
    assert_eq!(sessions, json!([]), "nothing is left of what was refused");
    let needed = refused.error()["details"]["needed"].as_i64().unwrap();
    let amount = Microcredits(needed * 10);
    let grant = Grant { key: "ten".into(), kind: BucketKind::Promo, amount, expires_at: None };
    app.platform.billing.grant(ada.org_id.parse().unwrap(), grant).await.unwrap();
    let answers = join_all((0..100).map(|_| chat())).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    let refused = answers.iter().filter(|answer| answer.status == 402).count();
    assert_eq!((taken, refused), (10, 90));
    let overview = ada.get("/billing").await.data();
    let held = (overview["available"].as_i64(), overview["reserved"].as_i64());
    assert_eq!(held, (Some(0), Some(needed * 10)));
    eventually("all runs end", async || {
        let overview = ada.get("/billing").await.data();
        (overview["reserved"] == 0 && overview["waitingRuns"] == 0).then_some(())
    })
    .await;
    let overview = ada.get("/billing").await.data();
    assert_eq!(overview["spentThisMonth"], COST * 10);
    assert_eq!(overview["available"], (needed - COST) * 10);
}

#[tokio::test]
async fn buying_credits_lets_a_waiting_run_go_on() {
    let provider = Provider::start(&["operator"]).await;
    let app = App::with_settings(&format!("{}{POOR}", priced(&provider))).await;
    let mut chapter = Chapter::default();
    let ada = app.person("Ada").await;
    let session = say(&ada, &ada.project("Rain").await).await;
    assert_eq!(ada.settled(&session).await, "awaiting_payment");
    chapter.note("GET /billing, waiting", &ada.get("/billing").await);
    let begin = async |credits: i64| {
        ada.post("/billing/top-ups/payment-intent", &json!({ "credits": credits })).await
    };
    chapter.note("POST …/payment-intent, too little", &begin(1).await);
    let begun = begin(500).await;
    chapter.note("POST …/payment-intent", &begun);
    let path = format!("/billing/top-ups/{}/test-card", text(&begun.data()["invoice"]["id"]));
    let pay = async |card: &str| ada.post(&path, &json!({ "card": card })).await;
    chapter.note("POST …/test-card, no card", &pay("1234").await);
    chapter.note("POST …/test-card, declined", &pay("4000000000000002").await);
    chapter.note("POST …/test-card", &pay("4242 4242 4242 4242").await);
    chapter.note("POST …/test-card again", &pay("4242 4242 4242 4242").await);
    eventually("the run goes on", async || {
        let status = ada.get(&format!("/sessions/{session}")).await.data()["status"].clone();
        (status == "idle").then_some(())
    })
    .await;
    chapter.note("GET /billing/invoices", &ada.get("/billing/invoices").await);
    let bob = app.person("Bob").await;
    let foreign = bob.post(&path, &json!({ "card": "4242424242424242" })).await;
    assert_eq!(foreign.status, 404, "{foreign}");
    let key = app.program(&ada, &ada.org, &[Scope::Everything]).await;
    chapter.note(
        "POST …/payment-intent by a key",
        &key.post("/billing/top-ups/payment-intent", &json!({ "credits": 500 })).await,
    );
    // The same request again is the same payment.
    let again = async || {
        let request =
            ada.api(Method::POST, "/billing/top-ups/payment-intent").header("idempotency-key", "once");
        Answer::of(request.json(&json!({ "credits": 1_000 }))).await.data()["invoice"]["id"].clone()
    };
    assert_eq!(again().await, again().await);
    assert_eq!(ada.get("/billing/invoices").await.data()["items"].as_array().map(Vec::len), Some(2));
    chapter.end("payments");
}

/// One member and three projects, the sample among them.
const SMALL: &str = "[[billing.packages]]\nid = \"personal\"\nname = \"Personal\"\nprice_cents = 0\n\
                     monthly_credits = 0\ntiers = [\"free\"]\ncaps = { members = 1, projects = 3 }\n";

#[tokio::test]
async fn a_package_includes_so_many_members_and_projects() {
    let app = App::with_settings(SMALL).await;
    let ada = app.person("Ada").await;
    let there = ada.get("/projects").await.data()["items"].as_array().map(Vec::len).unwrap();
    // Of many at once as many are made as fit.
    let names: Vec<String> = (0..8).map(|nth| format!("Project {nth}")).collect();
    let made = join_all(names.iter().map(|name| {
        let ada = &ada;
        async move { ada.post("/projects", &json!({ "name": name })).await }
    }))
    .await;
    assert_eq!(made.iter().filter(|answer| answer.status == 201).count(), 3 - there);
    let refused = made.iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!(refused.refusal(), (402, "PAYMENT_REQUIRED".into(), "package_blocked".into()));
    assert!(refused.to_string().contains("includes 3 projects"), "{refused}");
    app.step_up(&ada).await;
    let invited = ada.post("/org/invites", &json!({ "email": "b@example.org", "role": "viewer" })).await;
    assert_eq!(invited.refusal(), (402, "PAYMENT_REQUIRED".into(), "package_blocked".into()));
    assert!(invited.to_string().contains("includes 1 member."), "{invited}");
}

#[tokio::test]
async fn nobody_takes_test_money_where_it_is_switched_off() {
    let app = App::with_settings("[payments]\ngateway = \"none\"").await;
    let ada = app.person("Ada").await;
    let begun = ada.post("/billing/top-ups/payment-intent", &json!({ "credits": 500 })).await;
    assert_eq!(begun.refusal().1, "SERVICE_UNAVAILABLE");
    assert_eq!(ada.get("/billing/catalog").await.data()["topUps"]["gateway"], Value::Null);
}

#[tokio::test]
async fn a_key_of_ones_own_is_proved_used_and_removed() {
    let provider = Provider::start(&["operator", "sk-own-0123456789"]).await;
    let app = App::with_settings(&format!("{}{POOR}", priced(&provider))).await;
    let mut chapter = Chapter::default();
    let ada = app.person("Ada").await;
    let session = say(&ada, &ada.project("Own").await).await;
    assert_eq!(ada.settled(&session).await, "awaiting_payment");
    let add = async |provider: &str, key: &str| {
        ada.post("/billing/byok-keys", &json!({ "provider": provider, "key": key })).await
    };
    chapter.note("POST /billing/byok-keys, not stepped up", &add("paid", "sk-own-0123456789").await);
    app.step_up(&ada).await;
    chapter.note("POST /billing/byok-keys, no key", &add("paid", " ").await);
    chapter.note("POST /billing/byok-keys, refused", &add("paid", "sk-wrong-key").await);
    chapter.note("POST /billing/byok-keys, no such provider", &add("builtin", "sk-own-0123456789").await);
    assert!(!provider.seen().contains(&"operator".to_owned()));
    let added = add("paid", "sk-own-0123456789").await;
    chapter.note("POST /billing/byok-keys", &added);
    // What waited goes on by the key, and costs nothing.
    eventually("the run goes on", async || {
        let status = ada.get(&format!("/sessions/{session}")).await.data()["status"].clone();
        (status == "idle").then_some(())
    })
    .await;
    assert_eq!(provider.seen(), ["sk-wrong-key", "sk-own-0123456789", "sk-own-0123456789"]);
    let events = ada.events(&session).await;
    let bill = events.iter().find(|event| event["kind"] == "usage.recorded").unwrap();
    chapter.add("usage.recorded", bill["data"].clone());
    chapter.note("GET /billing/byok-keys", &ada.get("/billing/byok-keys").await);
    chapter.add("GET /billing/usage", ada.get("/billing/usage").await.data()["items"].clone());
    let models = ada.get("/models").await.data()["items"].clone();
    let own: Vec<_> = models.as_array().unwrap().iter().filter(|model| model["ownKey"] == true).collect();
    assert_eq!(own.iter().map(|model| text(&model["id"])).collect::<Vec<_>>(), ["m-1"]);
    let secrets: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT ciphertext FROM secrets").fetch_all(app.store.read()).await.unwrap();
    assert!(
        !secrets.is_empty() && !secrets.iter().any(|sealed| sealed.windows(6).any(|part| part == b"sk-own"))
    );
    // A second one takes its place.
    let again = add("paid", "sk-own-0123456789").await.data();
    assert_ne!(again["id"], added.data()["id"]);
    let gone = ada.delete(&format!("/billing/byok-keys/{}", text(&added.data()["id"]))).await;
    assert_eq!(gone.status, 404);
    let at = format!("/billing/byok-keys/{}", text(&again["id"]));
    let ben = app.person("Ben").await;
    app.join(&ben, &ada, Role::Member).await;
    app.step_up(&ben).await;
    assert_eq!(ben.delete(&at).await.status, 404, "it is none of his own organisation's");
    chapter.note("DELETE /billing/byok-keys/:id", &ada.delete(&at).await);
    assert_eq!(ada.get("/billing/byok-keys").await.data()["items"], json!([]));
    let sealed: Vec<i64> = sqlx::query_scalar("SELECT COUNT(*) FROM secrets WHERE owner_table = 'byok_keys'")
        .fetch_all(app.store.read())
        .await
        .unwrap();
    assert_eq!(sealed, [0]);
    let lines = ada.get("/audit?action=provider_key").await.data()["items"].clone();
    let actions: Vec<_> = lines.as_array().unwrap().iter().map(|line| text(&line["action"])).collect();
    assert_eq!(actions, ["provider_key.removed", "provider_key.replaced", "provider_key.added"]);
    assert!(!lines.to_string().contains("0123456789"));
    chapter.end("own_keys");
}

#[tokio::test]
async fn a_package_without_own_keys_takes_none() {
    let provider = Provider::start(&["operator", "sk-own-0123456789"]).await;
    let settings = POOR.replace("caps = {}", "caps = {}\nown_keys = false");
    let app = App::with_settings(&format!("{}{settings}", priced(&provider))).await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let key = json!({ "provider": "paid", "key": "sk-own-0123456789" });
    let refused = ada.post("/billing/byok-keys", &key).await;
    assert_eq!(refused.refusal(), (402, "PAYMENT_REQUIRED".into(), "package_blocked".into()));
    assert_eq!(provider.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn sessions_and_projects_say_what_they_cost_and_what_own_keys_paid() {
    let provider = Provider::start(&["operator", "sk-own-0123456789"]).await;
    let app = App::with_settings(&priced(&provider)).await;
    let ada = app.person("Ada").await;
    let (project, other) = (ada.project("Rain").await, ada.project("Sun").await);
    let session = say(&ada, &project).await;
    assert_eq!(ada.settled(&session).await, "idle");
    ada.say(&session, "again").await;
    assert_eq!(ada.settled(&session).await, "idle");
    let quiet = ada.session(&project).await;
    let spent = |data: &Value| (data["costMicrocredits"].clone(), data["ownKeyCalls"].clone());
    let costs = |cost: i64, own: i64| (json!(cost), json!(own));
    let one = ada.get(&format!("/sessions/{session}")).await.data();
    assert_eq!(spent(&one), costs(2 * COST, 0));
    assert!(one["inputTokens"].as_i64() > Some(0) && one["outputTokens"].as_i64() > Some(0), "{one}");
    // A key of one's own costs no credits, and is told.
    app.step_up(&ada).await;
    let key = json!({ "provider": "paid", "key": "sk-own-0123456789" });
    assert_eq!(ada.post("/billing/byok-keys", &key).await.status, 201);
    ada.say(&session, "once more").await;
    assert_eq!(ada.settled(&session).await, "idle");
    let found = |list: Value, id: &str| -> Value {
        list["items"].as_array().unwrap().iter().find(|item| item["id"] == id).cloned().unwrap()
    };
    let sessions = ada.get("/sessions").await.data();
    let projects = ada.get("/projects").await.data();
    for (told, wanted) in [
        (found(sessions.clone(), &session), costs(2 * COST, 1)),
        (found(sessions, &quiet), costs(0, 0)),
        (ada.get(&format!("/sessions/{session}")).await.data(), costs(2 * COST, 1)),
        (found(projects.clone(), &project), costs(2 * COST, 1)),
        (found(projects, &other), costs(0, 0)),
        (ada.get(&format!("/projects/{project}")).await.data(), costs(2 * COST, 1)),
        (
            ada.patch(&format!("/projects/{project}"), &json!({ "name": "Hail" })).await.data(),
            costs(2 * COST, 1),
        ),
    ] {
        assert_eq!(spent(&told), wanted, "{told}");
    }
    // What a deleted session has cost stays with its project.
    assert!(ada.delete(&format!("/sessions/{session}")).await.status < 300);
    assert_eq!(spent(&ada.get(&format!("/projects/{project}")).await.data()), costs(2 * COST, 1));
}

/// A megabyte of files, and one run at once.
const NARROW: &str = "[[billing.packages]]\nid = \"personal\"\nname = \"Personal\"\nprice_cents = 0\n\
                      monthly_credits = 0\ntiers = [\"free\"]\ncaps = { storage_mb = 1, concurrent_runs = 1 }\n";

#[tokio::test]
async fn a_package_includes_so_many_bytes_of_files() {
    let app = App::with_settings(NARROW).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Rain").await;
    let used = async || ada.get("/billing").await.data()["used"]["storageBytes"].as_i64().unwrap();
    let before = used().await;
    assert!(before > 0, "the sample's files are counted");
    let path = |name: &str| format!("/projects/{project}/files/content?path={name}");
    assert_eq!(ada.put(&path("a.bin"), vec![7_u8; 700_000]).await.status, 200);
    assert_eq!(used().await, before + 700_000);
    let refused = ada.put(&path("b.bin"), vec![7_u8; 700_000]).await;
    assert_eq!(refused.refusal(), (402, "PAYMENT_REQUIRED".into(), "package_blocked".into()));
    let told = refused.to_string();
    assert!(told.contains("includes 1 MB of files") && told.contains("\"includedIn\""), "{told}");
    let files = ada.get(&format!("/projects/{project}/files")).await.data();
    assert_eq!(files["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(ada.put(&path("a.bin"), vec![7_u8; 7]).await.status, 200);
    assert_eq!(ada.put(&path("b.bin"), vec![7_u8; 700_000]).await.status, 200);
    assert_eq!(used().await, before + 700_007);
}

#[tokio::test]
async fn a_run_that_waits_for_a_person_leaves_its_place_to_others() {
    let app = App::with_settings(NARROW).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Rain").await;
    let (first, second) = (ada.session(&project).await, ada.session(&project).await);
    ada.say(&first, "call http_fetch {\"url\": \"https://example.org/\"}").await;
    assert_eq!(ada.settled(&first).await, "awaiting_approval");
    // Who waits for a person has no place: this one begins.
    ada.say(&second, "count to 3").await;
    assert_eq!(ada.settled(&second).await, "idle");
    assert_eq!(ada.get("/billing").await.data()["used"]["runningRuns"], 0);
    assert!(ada.get(&format!("/sessions/{second}")).await.data()["delayed"].is_null());
}
