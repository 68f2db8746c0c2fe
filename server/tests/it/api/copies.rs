//! Copies of projects as those who make them meet them.

use crate::support::{
    App,
    client::Answer,
    people::{Person, text},
};
use alumia_protocol::keys::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Cursor, Read as _};

async fn maker(app: &App) -> (Person, String) {
    let ada = app.person("Ada").await;
    let project = ada.project("Tides").await;
    ada.block(&project).await;
    let path = format!("/projects/{project}/files/content?path=data/tides.csv");
    let rows = (0..40_000).map(|row| format!("{row},{}\n", row * 7_919 % 10_007)).collect::<String>();
    assert_eq!(ada.put(&path, rows).await.status, 200);
    (ada, project)
}

async fn restore(ada: &Person, query: &str, archive: &[u8], key: Option<&str>) -> Answer {
    let request = ada.api(Method::POST, &format!("/projects/restore{query}"));
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    Answer::of(request.header("content-type", "application/zip").body(archive.to_vec())).await
}

async fn names(ada: &Person) -> Vec<String> {
    let all = ada.get("/projects").await.data();
    all["items"].as_array().unwrap().iter().map(|project| text(&project["name"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicated_once_for_each_key() {
    let app = App::start().await;
    let (ada, project) = maker(&app).await;
    let path = format!("/projects/{project}/duplicate");
    let ask = async |body: Option<Value>| {
        let request = ada.api(Method::POST, &path).header("idempotency-key", "a copy");
        Answer::of(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    };
    let first = ask(None).await;
    assert_eq!(first.status, 201, "{first}");
    let copy = first.data();
    assert_eq!(copy["name"], "Tides (copy)");
    assert_eq!(copy["costMicrocredits"], 0);
    let again = ask(None).await;
    assert_eq!((again.status, again.data()["id"].clone()), (201, copy["id"].clone()));
    assert_eq!(ask(Some(json!({ "name": "Other" }))).await.status, 409);
    assert_eq!(names(&ada).await.iter().filter(|name| name.starts_with("Tides")).count(), 2);
    let blocks = ada.get(&format!("/projects/{}/blocks", text(&copy["id"]))).await.data();
    assert_eq!(blocks["items"].as_array().unwrap().len(), 1);
    let wrong = ada.post(&path, &json!({ "name": "" })).await;
    assert_eq!(
        (wrong.status, wrong.error()["details"]["fields"]["name"].is_string()),
        (422, true),
        "{wrong}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_out_and_comes_back() {
    let app = App::start().await;
    let (ada, project) = maker(&app).await;
    let archive = ada.get(&format!("/projects/{project}/export")).await;
    assert_eq!(archive.status, 200, "{archive}");
    assert_eq!(archive.header("content-type"), Some("application/zip"));
    assert_eq!(archive.header("content-encoding"), None, "it is packed already");
    assert_eq!(archive.header("content-disposition"), Some("attachment; filename*=UTF-8''tides.alumia.zip"));
    let mut zip = zip::ZipArchive::new(Cursor::new(&archive.bytes)).unwrap();
    let mut rows = String::new();
    zip.by_name("files/data/tides.csv").unwrap().read_to_string(&mut rows).unwrap();
    assert!(archive.bytes.len() > 128 << 10, "larger than JSON may be: {}", archive.bytes.len());
    let before = names(&ada).await;
    let dry = restore(&ada, "?dryRun=true", &archive.bytes, None).await;
    assert_eq!(dry.status, 200, "{dry}");
    let told = dry.data();
    assert_eq!(
        (told["restorable"].clone(), told["blocks"].clone(), told["files"].clone()),
        (json!(true), json!(1), json!(1))
    );
    assert_eq!((told["bytes"].as_u64(), told["project"].clone()), (Some(rows.len() as u64), Value::Null));
    assert_eq!(names(&ada).await, before);
    let made = restore(&ada, "?name=Tides%20again", &archive.bytes, Some("once")).await;
    assert_eq!(made.status, 201, "{made}");
    let restored = text(&made.data()["project"]["id"]);
    assert_eq!(made.data()["project"]["name"], "Tides again");
    let again = restore(&ada, "?name=Tides%20again", &archive.bytes, Some("once")).await;
    assert_eq!((again.status, again.data()), (201, made.data()));
    let mut other = archive.bytes.clone();
    other.truncate(other.len() - 1);
    assert_eq!(restore(&ada, "?name=Tides%20again", &other, Some("once")).await.status, 409);
    assert_eq!(names(&ada).await.len(), before.len() + 1);
    let path = format!("/projects/{restored}/files/content?path=data/tides.csv");
    assert_eq!(ada.get(&path).await.bytes, rows.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_stored_goes_along() {
    let app = App::start().await;
    let (ada, project) = maker(&app).await;
    ada.app_with_rows(&project).await;
    let copy = ada.post(&format!("/projects/{project}/duplicate"), &json!({})).await;
    assert_eq!(ada.rows_of_app(&text(&copy.data()["id"])).await, 2);
    let archive = ada.get(&format!("/projects/{project}/export")).await.bytes;
    let told = restore(&ada, "?dryRun=true", &archive, None).await.data();
    assert_eq!((told["restorable"].clone(), told["databases"].clone()), (json!(true), json!(1)));
    let made = restore(&ada, "", &archive, None).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(ada.rows_of_app(&text(&made.data()["project"]["id"])).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_is_told_by_its_entry() {
    let app = App::start().await;
    let (ada, project) = maker(&app).await;
    let before = names(&ada).await;
    let refused = restore(&ada, "", b"no archive", None).await;
    assert_eq!((refused.status, refused.error()["code"].clone()), (422, json!("VALIDATION_ERROR")));
    assert!(refused.error()["details"]["fields"]["archive"].as_str().unwrap().contains("zip"), "{refused}");
    let mut archive = ada.get(&format!("/projects/{project}/export")).await.bytes;
    archive[60] ^= 0xff;
    let refused = restore(&ada, "", &archive, None).await;
    assert_eq!(refused.status, 422, "{refused}");
    assert!(refused.error()["details"]["fields"]["files/data/tides.csv"].is_string(), "{refused}");
    assert_eq!(restore(&ada, "?dryRun=perhaps", &archive, None).await.status, 400);
    let elsewhere = format!("?workspaceId={}", uuid::Uuid::now_v7());
    let archive = ada.get(&format!("/projects/{project}/export")).await.bytes;
    assert_eq!(restore(&ada, &elsewhere, &archive, None).await.status, 404);
    assert_eq!(names(&ada).await, before);
    let nobody = Answer::of(app.nobody().api(Method::POST, "/projects/restore").body("no archive")).await;
    assert_eq!(nobody.status, 401, "{nobody}");
    let nobody = app.nobody().api(Method::POST, "/projects/restore").header("idempotency-key", "x");
    assert_eq!(Answer::of(nobody.header("authorization", "Bearer x").body("no archive")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_needs_the_widest_scope_for_archives() {
    let app = App::start().await;
    let (ada, project) = maker(&app).await;
    let path = format!("/projects/{project}/export");
    let narrow =
        app.program(&ada, &ada.org, &[Scope::ProjectsRead, Scope::ProjectsWrite, Scope::FilesRead]).await;
    assert_eq!(narrow.get(&path).await.refusal().2, "scope");
    assert_eq!(narrow.post(&format!("/projects/{project}/duplicate"), &json!({})).await.status, 201);
    let wide = app.program(&ada, &ada.org, &[Scope::Everything]).await;
    let archive = wide.get(&path).await;
    assert_eq!(archive.status, 200);
    let request = wide.api(Method::POST, "/projects/restore").body(archive.bytes);
    assert_eq!(Answer::of(request).await.status, 201);
}
