//! The proxy, spoken to byte by byte over its Unix socket, with a name server of the test's own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use alumia_net::{Client, Dns, IpNet, ProxyCaps, ProxyEvent};
use async_trait::async_trait;
use axum::{Router, body::Body, extract::Request, routing::get};
use std::{
    collections::HashMap,
    net::IpAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UnixListener, UnixStream},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Answers from a list, one answer a question, the last one for ever.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    fn answer(self, name: &str, answers: &[&[&str]]) -> Self {
        let parsed = answers.iter().map(|one| one.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        self.0.lock().unwrap().insert(name.into(), parsed);
        self
    }
}

#[async_trait]
impl Dns for Names {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock().unwrap();
        let Some(list) = answers.get_mut(host) else {
            return Err(std::io::Error::other("no such name"));
        };
        Ok(if list.len() > 1 { list.remove(0) } else { list[0].clone() })
    }
}

struct Bench {
    dir: TempDir,
    serving: JoinHandle<()>,
    events: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    /// Only 127.0.0.1 is allowed; 127.0.0.2 is as private as any.
    fn new(names: Names, caps: ProxyCaps) -> Self {
        let allow: Vec<IpNet> = vec!["127.0.0.1/32".parse().unwrap()];
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("socket")).unwrap();
        let events = Arc::new(Mutex::new(vec![]));
        let log = events.clone();
        let watch = move |event| {
            log.lock().unwrap().push(match event {
                ProxyEvent::Unreached { authority, fault } => format!("{authority}: {fault}"),
                ProxyEvent::Spent(bytes) => format!("spent {bytes}"),
            });
        };
        let client = Client::with(Arc::new(names), allow).unwrap();
        let serving = tokio::spawn(client.proxy(caps, Arc::new(watch)).serve(listener));
        Self { dir, serving, events }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.socket()).await.unwrap()
    }

    /// All that is answered to what is said.
    async fn say(&self, said: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn get(&self, url: &str) -> String {
        self.say(&format!("GET {url} HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n")).await
    }

    async fn tunnel(&self, to: &str) -> (UnixStream, String) {
        let mut stream = self.connect().await;
        stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(Duration::from_secs(5), stream.read_u8()).await.unwrap();
            let Ok(byte) = byte else { break };
            head.push(byte);
        }
        (stream, String::from_utf8(head).unwrap())
    }

    fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

async fn serve(app: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

/// Counts who connects to 127.0.0.2.
async fn canary() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let (port, hits) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counter = hits.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, hits)
}

fn names() -> Names {
    Names::default().answer("site.test", &[&["127.0.0.1"]])
}

#[tokio::test]
async fn a_request_goes_on_without_what_was_for_the_proxy() {
    let echo = |request: Request| async move {
        let mut lines: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let body = axum::body::to_bytes(request.into_body(), 1000).await.unwrap();
        format!("{method} {path} {} {}", lines.join(" "), String::from_utf8_lossy(&body))
    };
    let port = serve(Router::new().fallback(echo)).await;
    let bench = Bench::new(names(), ProxyCaps::default());
    let said = format!(
        "POST http://site.test:{port}/a/%2e?b=c HTTP/1.1\r\nHost: evil.test\r\nX-Hop: 1\r\nConnection: close, x-hop\r\n\
         Proxy-Authorization: secret\r\nProxy-Connection: keep-alive\r\nX-Stays: 2\r\nContent-Length: 4\r\n\r\nbody"
    );
    let answer = bench.say(&said).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let wanted = format!("POST /a/%2e?b=c content-length=4 host=site.test:{port} x-stays=2 body");
    assert!(answer.ends_with(&wanted), "{answer}");
    assert!(bench.events().is_empty());
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_with_the_rule() {
    let (port, hits) = canary().await;
    let names = names()
        .answer("inside.test", &[&["127.0.0.2"]])
        .answer("mixed.test", &[&["127.0.0.1", "127.0.0.2"]])
        .answer("metadata.test", &[&["169.254.169.254"]])
        .answer("mapped.test", &[&["::ffff:127.0.0.2"]]);
    let bench = Bench::new(names, ProxyCaps::default());
    for (host, rule) in [
        ("127.0.0.2", "not public (loopback)"),
        ("localhost", "not public (loopback)"),
        ("LOCALHOST", "not public (loopback)"),
        ("x.localhost", "not public (loopback)"),
        ("[::1]", "not public (loopback)"),
        ("[::ffff:127.0.0.2]", "not public (loopback)"),
        ("2130706434", "not public (loopback)"),
        ("0x7f.2", "not public (loopback)"),
        ("0177.0.0.2", "not public (loopback)"),
        ("127.2", "not public (loopback)"),
        ("127.0.0.2.", "not public (loopback)"),
        ("0", "not public (this network)"),
        ("10.0.0.1", "not public (private)"),
        ("169.254.169.254", "not public (link-local and cloud metadata)"),
        ("[fd00:ec2::254]", "not public (private)"),
        ("inside.test", "not public (loopback)"),
        ("mixed.test", "not public (loopback)"),
        ("mapped.test", "not public (loopback)"),
        ("metadata.test", "not public (link-local"),
        ("user@127.0.0.2", "user name"),
        ("user:word@site.test", "user name"),
    ] {
        let answer = bench.get(&format!("http://{host}:{port}/")).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{host}: {answer}");
        assert!(answer.contains(rule) && answer.contains("content-type: text/plain"), "{host}: {answer}");
        let (_, head) = bench.tunnel(&format!("{host}:{port}")).await;
        // What is no authority at all isn't even read as a request.
        assert!(head.starts_with("HTTP/1.1 403") || head.starts_with("HTTP/1.1 400"), "{host}: {head}");
        let events = bench.events();
        assert!(
            events[0].contains(rule) && events[0].contains(&format!("{host}:{port}")),
            "{host}: {events:?}"
        );
    }
    for (url, rule) in [
        ("http://site.test:22/", "port 22 is refused"),
        ("http://site.test:6379/", "port 6379 is refused"),
        ("https://site.test/", "only http and https"),
        ("ftp://site.test/", "only http and https"),
        ("/path", "is not a URL"),
    ] {
        let answer = bench.get(url).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains(rule), "{url}: {answer}");
    }
    assert!(bench.tunnel("site.test:25").await.1.starts_with("HTTP/1.1 403"));
    let unknown = bench.get("http://nowhere.test/").await;
    assert!(unknown.starts_with("HTTP/1.1 502") && unknown.contains("does not resolve"), "{unknown}");
    assert!(bench.events().iter().any(|event| event.starts_with("nowhere.test:80: ")));
    let closed = { TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port() };
    let away = bench.tunnel(&format!("site.test:{closed}")).await.1;
    assert!(away.starts_with("HTTP/1.1 502"), "{away}");
    assert!(bench.say("no http at all\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let port = serve(Router::new().route("/", get(|| async { "x" }))).await;
    let (_, hits) = canary().await;
    let bench = Bench::new(
        Names::default().answer("turns.test", &[&["127.0.0.1"], &["127.0.0.2"]]),
        ProxyCaps::default(),
    );
    let url = format!("http://turns.test:{port}/");
    // One question for one connection: what was vetted is what is connected to.
    assert!(bench.get(&url).await.ends_with("\r\n\r\nx"));
    assert!(bench.get(&url).await.starts_with("HTTP/1.1 403"));
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_tunnel_carries_both_ways_and_ends_with_the_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    let bench = Bench::new(names(), ProxyCaps::default());
    let (mut stream, head) = bench.tunnel(&format!("site.test:{port}")).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    for _ in 0..3 {
        stream.write_all(b"there and back").await.unwrap();
        let mut back = [0; 14];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"there and back");
    }
    bench.serving.abort();
    let end = timeout(Duration::from_secs(2), stream.read(&mut [0; 10])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    assert!(UnixStream::connect(bench.socket()).await.is_err());
}

#[tokio::test]
async fn bytes_are_counted_over_everything() {
    let endless = || async {
        Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 4096])))
    };
    let port = serve(Router::new().route("/endless", get(endless)).route("/", get(|| async { "x" }))).await;
    let bench = Bench::new(names(), ProxyCaps { bytes: 1 << 20, ..ProxyCaps::default() });
    let (mut idle, _) = bench.tunnel(&format!("site.test:{port}")).await;
    let answer = bench.get(&format!("http://site.test:{port}/endless")).await;
    assert!(answer.len() > 100_000 && answer.len() < 1_200_000, "{}", answer.len());
    let after = bench.get(&format!("http://site.test:{port}/")).await;
    assert!(after.starts_with("HTTP/1.1 403") && after.contains("1 MB were"), "{after}");
    // What was open before carries nothing either.
    let _ = idle.write_all(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n").await;
    let end = timeout(Duration::from_secs(2), idle.read(&mut [0; 10])).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    let events = bench.events();
    assert_eq!(events.iter().filter(|event| *event == "spent 1048576").count(), 1, "{events:?}");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let port = serve(Router::new().route("/", get(|| async { "x" }))).await;
    let bench = Bench::new(names(), ProxyCaps { connections: 2, ..ProxyCaps::default() });
    let (first, _) = bench.tunnel(&format!("site.test:{port}")).await;
    let (_second, _) = bench.tunnel(&format!("site.test:{port}")).await;
    let url = format!("http://site.test:{port}/");
    assert!(bench.get(&url).await.starts_with("HTTP/1.1 503"));
    drop(first);
    for _ in 0..50 {
        if bench.get(&url).await.starts_with("HTTP/1.1 200") {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("a connection that ended made no room");
}
