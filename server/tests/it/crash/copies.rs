//! A copy of a project is there whole or not at all, wherever the server dies.

use crate::support::{
    client::Client,
    eventually,
    people::{Person, text},
    process::{Home, Process},
};
use alumia_platform::fault::COPY_POINTS;
use reqwest::Method;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_whole_or_not_at_all_wherever_the_server_dies() {
    for point in COPY_POINTS {
        let home = Home::new().await;
        let mut server = Process::start(&home, Some(point)).await;
        let mut ada = Person::sign_up(Client::new(&server.url), "Ada").await;
        let project = ada.project("Tides").await;
        ada.block(&project).await;
        ada.app_with_rows(&project).await;
        for name in ["a.txt", "deep/b.txt"] {
            let path = format!("/projects/{project}/files/content?path={name}");
            assert_eq!(ada.put(&path, "here").await.status, 200);
        }
        let files = home.data_dir().join("files").join(&ada.org_id);
        let before = walk(&files);
        let copy = ada.api(Method::POST, &format!("/projects/{project}/duplicate"));
        assert!(copy.send().await.is_err(), "{point}: the server dies before it can answer");
        while !server.is_dead() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server = Process::start(&home, None).await;
        ada.client.url.clone_from(&server.url);
        eventually("the markers are gone", async || walk(&files.join("coming")).is_empty().then_some(()))
            .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let all = ada.get("/projects").await.data()["items"].as_array().unwrap().clone();
        let copies: Vec<&Value> = all.iter().filter(|it| it["name"] == "Tides (copy)").collect();
        let after = walk(&files);
        if *point == "copy.made" {
            let copy = text(&copies[0]["id"]);
            let blocks = ada.get(&format!("/projects/{copy}/blocks")).await.data();
            assert_eq!(blocks["items"].as_array().unwrap().len(), 2);
            assert_eq!(walk(&files.join(&copy)).len(), 3, "{after:?}");
            assert_eq!(after.len(), before.len() + 3, "{after:?}");
            assert_eq!(ada.rows_of_app(&copy).await, 2);
        } else {
            assert!(copies.is_empty(), "{point}");
            assert_eq!(after, before, "{point}");
        }
        // And it can be asked for again.
        let again = ada.post(&format!("/projects/{project}/duplicate"), &serde_json::json!({})).await;
        assert_eq!(again.status, 201, "{point}: {again}");
        assert_eq!(ada.rows_of_app(&text(&again.data()["id"])).await, 2);
    }
}
