//! The API reference's samples in Rust, as the page shows them: built along with the tests, so that they compile, and
//! run and compared with the page by `end2end/specs/samples.spec.ts`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "samples show what they were answered")]

use std::error::Error;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "projects_list" => projects_list().await,
        "projects_create" => projects_create().await,
        "chat_chat" => chat_chat().await,
        "files_write" => files_write().await,
        "files_read" => files_read().await,
        other => Err(format!("there is no sample {other:?}").into()),
    }
}

#[rustfmt::skip]
async fn projects_list() -> Outcome {
    // Acts in Acme (acme): the key says so.
    let answer: serde_json::Value = reqwest::Client::new()
        .request(reqwest::Method::GET, "http://alumia.example/api/v1/projects")
        .bearer_auth(std::env::var("ALUMIA_KEY")?)
        .send()
        .await?
        .json()
        .await?;
    println!("{answer:#}");
    Ok(())
}

#[rustfmt::skip]
async fn projects_create() -> Outcome {
    // Acts in Acme (acme): the key says so.
    let answer: serde_json::Value = reqwest::Client::new()
        .request(reqwest::Method::POST, "http://alumia.example/api/v1/projects")
        .bearer_auth(std::env::var("ALUMIA_KEY")?)
        .json(&serde_json::json!({
          "name": "text"
        }))
        .send()
        .await?
        .json()
        .await?;
    println!("{answer:#}");
    Ok(())
}

#[rustfmt::skip]
async fn chat_chat() -> Outcome {
    // Acts in Acme (acme): the key says so.
    let mut answer = reqwest::Client::new()
        .request(reqwest::Method::POST, "http://alumia.example/api/v1/chat")
        .bearer_auth(std::env::var("ALUMIA_KEY")?)
        .json(&serde_json::json!({
          "message": {
            "content": "Show me around",
            "id": "0190a5c2-7b1e-7cc0-9d3c-5e2f6a1b4c8d"
          },
          "projectId": "{project}"
        }))
        .send()
        .await?;
    while let Some(bytes) = answer.chunk().await? {
        print!("{}", String::from_utf8_lossy(&bytes));
    }
    Ok(())
}

#[rustfmt::skip]
async fn files_write() -> Outcome {
    // Acts in Acme (acme): the key says so.
    let answer: serde_json::Value = reqwest::Client::new()
        .request(reqwest::Method::PUT, "http://alumia.example/api/v1/projects/{project}/files/content?path=notes.txt")
        .bearer_auth(std::env::var("ALUMIA_KEY")?)
        .body(std::fs::read("file.txt")?)
        .send()
        .await?
        .json()
        .await?;
    println!("{answer:#}");
    Ok(())
}

#[rustfmt::skip]
async fn files_read() -> Outcome {
    // Acts in Acme (acme): the key says so.
    let answer = reqwest::Client::new()
        .request(reqwest::Method::GET, "http://alumia.example/api/v1/projects/{project}/files/content?path=notes.txt")
        .bearer_auth(std::env::var("ALUMIA_KEY")?)
        .send()
        .await?
        .text()
        .await?;
    println!("{answer}");
    Ok(())
}
