//! Paths, queries and bytes on the wire that no client of ours would send.

use super::{
    hostile::healthy,
    places::{Things, path},
};
use crate::support::{App, client::Answer};
use alumia_server::api::routes;
use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

#[tokio::test]
async fn a_path_stays_in_its_folder() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Paths").await;
    for bad in [
        "../x",
        "..%2Fx",
        "%2e%2e%2fx",
        "a/../../x",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "..%5Cx",
        "a%00.txt",
        "a%0Ab",
        "file:///etc/passwd",
        "./x",
        "a//b",
        "",
        "../../../alumia.db",
    ] {
        let at = format!("/projects/{project}/files/content?path={bad}");
        for answer in [ada.get(&at).await, ada.put(&at, "x").await] {
            assert_eq!(answer.refusal().1, "VALIDATION_ERROR", "{bad}: {answer}");
        }
        if !bad.is_empty() {
            let answer = ada.get(&format!("/projects/{project}/files?folder={bad}")).await;
            assert_eq!(answer.refusal().1, "VALIDATION_ERROR", "{bad}: {answer}");
        }
    }
    // Encoded twice it is only a strange name.
    let at = format!("/projects/{project}/files/content?path=%252e%252e%252fx");
    assert_eq!(ada.put(&at, "x").await.data()["path"], "%2e%2e%2fx");
    for path in
        ["/pkg/../alumia.toml", "/pkg/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd"]
    {
        let answer = Answer::of(ada.request(Method::GET, path)).await;
        assert!(answer.status == 404 || answer.status == 200, "{path}: {}", answer.status);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("root:"), "{path}");
    }
}

#[tokio::test]
async fn strange_requests_get_an_answer() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let address = app.url.strip_prefix("http://").unwrap().to_owned();
    let long = "x".repeat(200_000);
    for (what, request) in [
        ("no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned()),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n")),
        ("a long query", format!("GET /api/v1/me?{long} HTTP/1.1\r\nhost: x\r\n\r\n")),
        (
            "a long header",
            format!("GET /api/v1/me HTTP/1.1\r\nhost: x\r\nx-long: {long}{long}{long}\r\n\r\n"),
        ),
        ("many headers", format!("GET /api/v1/me HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500))),
        ("no host", "GET /api/v1/me HTTP/1.1\r\n\r\n".to_owned()),
        ("a bad length", "POST /api/v1/chat HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".to_owned()),
        (
            "two lengths",
            "POST /api/v1/chat HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}"
                .to_owned(),
        ),
        (
            "a bad chunk",
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\nzz\r\n"
                .to_owned(),
        ),
        ("a broken percent", "GET /api/v1/projects/%zz HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        (
            "a whole URL",
            "GET http://evil.example/api/v1/me HTTP/1.1\r\nhost: evil.example\r\n\r\n".to_owned(),
        ),
        ("a strange host", "GET /login HTTP/1.1\r\nhost: <script>\r\n\r\n".to_owned()),
        (
            "control characters",
            "GET /api/v1/me HTTP/1.1\r\nhost: x\r\ncookie: alumia=\x01\x02\r\n\r\n".to_owned(),
        ),
    ] {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        // The server may have seen enough before all is sent.
        let _ = socket.write_all(request.as_bytes()).await;
        let mut answer = vec![0; 12];
        let read = tokio::time::timeout(Duration::from_secs(30), socket.read_exact(&mut answer)).await;
        if read.expect("it waits for ever").is_ok() {
            let line = String::from_utf8_lossy(&answer).into_owned();
            assert!(line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.1 5"), "{what}: {line}");
        }
    }
    healthy(&ada).await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_costs_nobody_the_connection() {
    let app = App::start().await;
    let address = app.url.strip_prefix("http://").unwrap();
    let body = "x".repeat(500_000);
    for (line, status) in [
        ("POST /api/v1/nowhere", "404"),
        ("POST /api/v1/projects", "401"),
        ("DELETE /api/v1/me", "405"),
        ("PUT /api/v1/me", "405"),
        ("POST /login", "405"),
        ("POST /fn/no_such_function", "404"),
        ("GET /healthz", "200"),
    ] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head =
            format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ");
        let next = "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        socket.write_all(format!("{head}{}\r\n\r\n{body}{next}", body.len()).as_bytes()).await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {text}");
        assert!(text.ends_with("ready\n"), "{line}: the next request has no answer: {text}");
    }
}

#[tokio::test]
async fn queries_with_anything_in_them_are_no_fault_of_ours() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let things = Things::made_by(&app, &ada, json!({})).await;
    let odd = [
        "",
        "%00",
        "%ff%fe",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "1e9",
        "null",
        "%F0%9F%92%A5",
    ];
    let names = ["limit", "cursor", "after", "org", "projectId", "path", "folder", "protocol"];
    let mut paths = Vec::new();
    for route in routes().into_iter().filter(|route| route.method == Method::GET) {
        let path = path(&route, &things);
        for name in names {
            paths.extend(odd.iter().map(|value| format!("{path}?{name}={value}")));
        }
    }
    let ask = async |path: String| {
        let answer = timeout(Duration::from_secs(20), ada.get(&path)).await;
        let answer = answer.unwrap_or_else(|_| panic!("GET {path}: no answer"));
        assert!(answer.status < 500, "GET {path}: {answer}");
    };
    stream::iter(paths).for_each_concurrent(8, ask).await;
    healthy(&ada).await;
}
