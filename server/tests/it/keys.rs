//! Secrets in the real program: the master key's rotation, a wrong one, and no secret where none belongs.

use crate::support::{
    client::Client,
    people::{PASSWORD, Person},
};
use serde_json::json;
use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// `alumia` on a data directory of its own.
fn alumia(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alumia"));
    command
        .args(arguments)
        .args(["--data-dir", "data"])
        .current_dir(folder)
        .env("RUST_LOG", "trace")
        // Letters would be in the log; with a mail server that is away they wait, encrypted.
        .env("ALUMIA_MAIL__SMTP_URL", "smtp://127.0.0.1:9")
        .env("ALUMIA_LIMITS__AUTH_PER_MINUTE", "100000")
        .kill_on_drop(true);
    command
}

async fn serve(folder: &Path) -> (Child, Client) {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    let mut child = alumia(folder, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
    let first = first.expect("it starts within a minute").unwrap().expect("it prints its address");
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    (child, Client::new(&url))
}

async fn rotate(folder: &Path) -> Output {
    alumia(folder, &["keys", "rotate"]).output().await.unwrap()
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            let name = entry.file_name().into_string().unwrap();
            found.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_rotated_while_serving_and_a_wrong_one_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (mut server, nobody) = serve(folder).await;
    let ada = Person::sign_up(nobody, "Ada").await;
    let before = std::fs::read_to_string(folder.join("data/master.key")).unwrap();

    let output = rotate(folder).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("Version 2") && told.contains("1 data key now"), "{told}");
    let after = std::fs::read_to_string(folder.join("data/master.key")).unwrap();
    assert!(before.starts_with("1:") && after.starts_with("2:") && after.lines().count() == 1);
    let retired = std::fs::read_to_string(folder.join("data/master.key.retired")).unwrap();
    assert_eq!(retired, before);

    // The running server seals and opens with the data keys that it has.
    let enrolled = ada.post("/auth/totp/enroll", &json!({ "password": PASSWORD })).await.data();
    server.kill().await.unwrap();
    let (mut server, again) = serve(folder).await;
    let ada = Person { client: ada.client.at(&again.url), ..ada };
    // A wrong code is looked at, which needs the sealed secret, and refused.
    let refused = ada.post("/auth/totp/confirm", &json!({ "code": "000000" })).await;
    assert!(matches!(refused.status, 200 | 422), "{refused}");
    assert!(enrolled["secret"].is_string());
    server.kill().await.unwrap();

    std::fs::write(folder.join("data/master.key"), before.replace("1:", "2:")).unwrap();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["keys", "rotate"]] {
        let output = alumia(folder, arguments).output().await.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "a wrong master key was taken");
        assert!(complaint.contains("master key doesn't fit this database"), "{complaint}");
        assert!(!complaint.contains(before.trim().trim_start_matches("1:")), "{complaint}");
    }
    std::fs::write(folder.join("data/master.key"), after).unwrap();
    let (_server, client) = serve(folder).await;
    assert_eq!(client.get("/models").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_log_database_or_answers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (mut server, nobody) = serve(folder).await;
    let ada = Person::sign_up(nobody.clone(), "Ada").await;
    let totp = ada.post("/auth/totp/enroll", &json!({ "password": PASSWORD })).await.data();
    let session = ada.cookie.clone().unwrap();
    let session = session.split_once('=').unwrap().1.to_owned();
    let wrong = "canary-wrong-password-0123456789";
    let form = json!({ "email": "ada@example.com", "password": wrong });
    let mut answers = vec![nobody.post("/auth/login", &form).await.to_string()];
    let key = format!("alm_test_{}", "c0ffee".repeat(8));
    let with_key = ada.anonymous().api(reqwest::Method::GET, "/me").bearer_auth(&key);
    answers.push(crate::support::client::Answer::of(with_key).await.to_string());
    let garbage = ada.api(reqwest::Method::POST, "/auth/login").body(format!("{{\"password\":\"{wrong}\""));
    answers.push(crate::support::client::Answer::of(garbage).await.to_string());
    for page in ["/lab", "/projects", "/settings/security", "/settings/general", "/settings/audit"] {
        let page = ada.request(reqwest::Method::GET, &format!("/{}{page}", ada.org));
        answers.push(crate::support::client::Answer::of(page).await.to_string());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.kill().await.unwrap();

    let master = std::fs::read_to_string(folder.join("data/master.key")).unwrap();
    let canaries = [
        PASSWORD,
        wrong,
        totp["secret"].as_str().unwrap(),
        session.as_str(),
        key.as_str(),
        master.trim().trim_start_matches("1:"),
    ];
    let mut found = Vec::new();
    files(folder, &mut found);
    assert!(found.iter().any(|(name, bytes)| name == "alumia.db" && !bytes.is_empty()));
    assert!(found.iter().any(|(name, bytes)| name == "log" && bytes.len() > 1_000), "the log is empty");
    for canary in canaries {
        for (name, bytes) in &found {
            assert!(name == "master.key" || !holds(bytes, canary), "{name} holds {canary}");
        }
        for answer in &answers {
            assert!(!answer.contains(canary), "an answer holds {canary}: {answer}");
        }
    }
}
