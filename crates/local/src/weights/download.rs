//! Fetching a file over HTTP, going on where an earlier try stopped.

use futures::StreamExt as _;
use reqwest::{Client, StatusCode, header};
use std::{io, path::Path, time::Duration};
use tokio::{
    fs::{File, OpenOptions},
    io::AsyncWriteExt as _,
};

/// Tries after a connection that broke, and how long before each.
const AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// Why a file could not be fetched.
#[derive(Debug)]
pub enum Failed {
    /// The disk's fault.
    Disk(io::Error),
    /// Everything else, as the end of a sentence.
    Net(String),
}

/// A client that waits, but not for ever.
pub fn client() -> reqwest::Result<Client> {
    Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .user_agent(concat!("alumia/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Fetches `url` to the end of the file at `path`, which may hold the beginning already. Never writes more
/// than `most` bytes. `seen` hears how many bytes are there.
pub async fn fetch(
    client: &Client,
    url: &str,
    path: &Path,
    most: u64,
    seen: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Failed> {
    let mut tries = AGAIN.iter();
    loop {
        let before = length(path).await.map_err(Failed::Disk)?;
        match attempt(client, url, path, most, seen).await {
            Err(Failed::Net(why)) => {
                // A try that got further doesn't count against the next.
                if length(path).await.map_err(Failed::Disk)? > before {
                    tries = AGAIN.iter();
                }
                match tries.next().filter(|_| !why.starts_with(FINAL)) {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(Failed::Net(why.trim_start_matches(FINAL).to_owned())),
                }
            }
            other => return other,
        }
    }
}

/// Marks answers that asking again doesn't change.
const FINAL: char = '\u{0}';

async fn length(path: &Path) -> io::Result<u64> {
    match tokio::fs::metadata(path).await {
        Ok(file) => Ok(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

async fn attempt(
    client: &Client,
    url: &str,
    path: &Path,
    most: u64,
    seen: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Failed> {
    let mut have = length(path).await.map_err(Failed::Disk)?;
    let mut request = client.get(url);
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
    }
    // A server that can't be reached isn't waited for: there may be another source.
    let away = |error: reqwest::Error| {
        let mark = if error.is_connect() { String::from(FINAL) } else { String::new() };
        Failed::Net(mark + &told(&error))
    };
    let answer = request.send().await.map_err(away)?;
    let mut file = match answer.status() {
        StatusCode::PARTIAL_CONTENT if begins_at(&answer, have) => open(path, true).await,
        // It was whole already.
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => return Ok(()),
        StatusCode::OK => {
            have = 0;
            open(path, false).await
        }
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(Failed::Net(format!("{url} answered {status}")));
        }
        status => return Err(Failed::Net(format!("{FINAL}{url} answered {status}"))),
    }
    .map_err(Failed::Disk)?;
    let expected = answer.content_length().map(|length| have + length);
    let mut body = answer.bytes_stream();
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| Failed::Net(told(&error)))?;
        have += u64::try_from(bytes.len()).unwrap_or(0);
        if have > most {
            return Err(Failed::Net(format!("{FINAL}{url} sends more than it should")));
        }
        file.write_all(&bytes).await.map_err(Failed::Disk)?;
        seen(have);
    }
    file.flush().await.map_err(Failed::Disk)?;
    match expected {
        Some(expected) if have < expected => {
            Err(Failed::Net(format!("{url} broke off at {have} of {expected} bytes")))
        }
        _ => Ok(()),
    }
}

fn begins_at(answer: &reqwest::Response, have: u64) -> bool {
    let range = answer.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}

async fn open(path: &Path, append: bool) -> io::Result<File> {
    OpenOptions::new().create(true).append(append).write(true).truncate(!append).open(path).await
}

/// An error with its causes, which is where the reason stands.
pub fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
