//! The client against real servers on this machine's loopback, with a name server of the test's own.
#![allow(clippy::unwrap_used, missing_docs)]

use alumia_net::{Caps, Client, Dns, Fetched, IpNet, Method, NetError, Progress, Request, header};
use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::{Path, Request as Incoming},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
    routing::{any, get},
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

/// Answers from a list, one answer a question, the last one for ever.
#[derive(Default)]
struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: AtomicUsize,
}

impl Names {
    fn answer(self, name: &str, answers: &[&[&str]]) -> Self {
        let parsed = answers.iter().map(|one| one.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        self.answers.lock().unwrap().insert(name.into(), parsed);
        self
    }
}

#[async_trait]
impl Dns for Names {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let Some(list) = answers.get_mut(host) else {
            return Err(std::io::Error::other("no such name"));
        };
        Ok(if list.len() > 1 { list.remove(0) } else { list[0].clone() })
    }
}

const CAPS: Caps = Caps { bytes: 100_000, time: Duration::from_secs(5), redirects: 3 };

/// Only 127.0.0.1 is allowed; 127.0.0.2 is as private as any.
fn allow() -> Vec<IpNet> {
    vec!["127.0.0.1/32".parse().unwrap()]
}

async fn serve(app: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

async fn fetch(client: &Client, url: impl Into<String>) -> Result<Fetched, NetError> {
    client.fetch(Request::get(url), CAPS, &|_| ()).await
}

fn local(names: Names) -> Client {
    Client::with(Arc::new(names), allow()).unwrap()
}

#[tokio::test]
async fn fetches_by_name_and_tells_how_far_it_is() {
    let port =
        serve(Router::new().route(
            "/",
            get(|| async { ([(header::CONTENT_TYPE, "Text/HTML; charset=\"UTF-8\"")], "hello") }),
        ))
        .await;
    let client = local(Names::default().answer("site.test", &[&["127.0.0.1"]]));
    let seen = Mutex::new(vec![]);
    let progress = |step: Progress<'_>| seen.lock().unwrap().push(format!("{step:?}"));
    let url = format!("http://site.test:{port}/");
    let got = client.fetch(Request::get(&url), CAPS, &progress).await.unwrap();
    assert_eq!((got.status.as_u16(), &got.body[..], got.truncated), (200, &b"hello"[..], false));
    assert_eq!((got.url.as_str(), got.media_type().as_str()), (url.as_str(), "text/html"));
    assert_eq!(got.charset().as_deref(), Some("utf-8"));
    assert_eq!(*seen.lock().unwrap(), ["Answer(200, Some(5))", "Bytes(5)"]);
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_reached() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = hits.clone();
    let port = serve(Router::new().fallback(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async { "secret" }
    }))
    .await;
    let names = Names::default()
        .answer("inside.test", &[&["127.0.0.1"]])
        .answer("mixed.test", &[&["93.184.215.14", "127.0.0.1"]])
        .answer("mapped.test", &[&["::ffff:127.0.0.1"]])
        .answer("metadata.test", &[&["169.254.169.254"]]);
    let client = Client::with(Arc::new(names), vec![]).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "inside.test",
        "mixed.test",
        "mapped.test",
        "metadata.test",
        "0",
    ] {
        let refused = fetch(&client, format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(matches!(refused, NetError::Address { .. }), "{host}: {refused}");
    }
    let unknown = fetch(&client, format!("http://nowhere.test:{port}/")).await.unwrap_err();
    assert_eq!(unknown, NetError::Resolve("nowhere.test".into()));
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_server_that_changes_its_answer_gains_nothing() {
    let port = serve(Router::new().route("/", get(|| async { "x" })).route(
        "/again",
        get(|| async { ([(header::CONNECTION, "close")], Redirect::temporary("/")).into_response() }),
    ))
    .await;
    // Good for the first connection, private for the second: the hop after the redirect is vetted anew.
    let names = Names::default().answer("turns.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = local(names);
    let refused = fetch(&client, format!("http://turns.test:{port}/again")).await.unwrap_err();
    assert!(matches!(&refused, NetError::Redirect(inner) if matches!(**inner, NetError::Address { .. })));
    // And one question is all there is for one connection: no gap between check and use.
    let names = Arc::new(Names::default().answer("once.test", &[&["127.0.0.1"], &["127.0.0.2"]]));
    let client = Client::with(names.clone(), allow()).unwrap();
    assert_eq!(&fetch(&client, format!("http://once.test:{port}/")).await.unwrap().body[..], b"x");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_are_vetted_and_counted() {
    let port = serve(
        Router::new()
            .route("/loop", get(|| async { Redirect::temporary("/loop") }))
            .route("/file", get(|| async { Redirect::temporary("file:///etc/passwd") }))
            .route("/private", get(|| async { Redirect::permanent("http://10.0.0.1/") }))
            .route("/decimal", get(|| async { Redirect::to("http://2852039166/latest/meta-data/") }))
            .route("/user", get(|| async { Redirect::to("http://a:b@site.test/") }))
            .route("/port", get(|| async { Redirect::to("http://site.test:22/") }))
            .route("/bad", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "http://[")]) }))
            .route("/none", get(|| async { StatusCode::FOUND }))
            .route("/ok", get(|| async { Redirect::to("end?q=1") }))
            .route("/end", get(|| async { "end" })),
    )
    .await;
    let client = local(Names::default().answer("site.test", &[&["127.0.0.1"]]));
    let at = |path: &str| fetch(&client, format!("http://site.test:{port}{path}"));
    assert_eq!(at("/loop").await.unwrap_err(), NetError::Redirects(3));
    for (path, rule) in [
        ("/file", "only http and https"),
        ("/private", "10.0.0.1 is not public (private)"),
        ("/decimal", "169.254.169.254 is not public (link-local"),
        ("/user", "user name or password"),
        ("/port", "port 22 is refused"),
        ("/bad", "is not a URL"),
    ] {
        let refused = at(path).await.unwrap_err();
        assert!(matches!(refused, NetError::Redirect(_)), "{path}: {refused}");
        assert!(refused.to_string().contains(rule), "{path}: {refused}");
    }
    assert_eq!(at("/none").await.unwrap().status.as_u16(), 302);
    let end = at("/ok").await.unwrap();
    assert_eq!((&end.body[..], end.url.path(), end.url.query()), (&b"end"[..], "/end", Some("q=1")));
}

#[tokio::test]
async fn secrets_stay_with_the_site_that_they_are_for() {
    async fn echo(headers: HeaderMap, request: Incoming) -> String {
        let has = |name: &str| headers.contains_key(name);
        let (method, auth, cookie, key) =
            (request.method(), has("authorization"), has("cookie"), has("x-api-key"));
        format!("{method} {auth} {cookie} {key} {}", has("accept-language"))
    }
    let port = serve(
        Router::new()
            .route("/same", any(|| async { Redirect::temporary("/echo") }))
            .route(
                "/other/{port}",
                any(|Path(port): Path<u16>| async move {
                    Redirect::temporary(&format!("http://other.test:{port}/echo"))
                }),
            )
            .route("/see", any(|| async { Redirect::to("/echo") }))
            .route("/echo", any(echo)),
    )
    .await;
    let names = Names::default().answer("site.test", &[&["127.0.0.1"]]);
    let client = local(names.answer("other.test", &[&["127.0.0.1"]]));
    let send = |method: Method, path: &str, body: Option<&'static str>| {
        let mut request = Request::new(method, format!("http://site.test:{port}{path}"));
        for name in ["authorization", "cookie", "x-api-key", "accept-language"] {
            request.headers.insert(name, "secret".parse().unwrap());
        }
        request.body = body.map(Into::into);
        let client = client.clone();
        async move {
            let answer = client.fetch(request, CAPS, &|_| ()).await?;
            Ok::<_, NetError>(String::from_utf8(answer.body.to_vec()).unwrap())
        }
    };
    assert_eq!(send(Method::GET, "/same", None).await.unwrap(), "GET true true true true");
    assert_eq!(
        send(Method::GET, &format!("/other/{port}"), None).await.unwrap(),
        "GET false false false true"
    );
    assert_eq!(send(Method::POST, "/same", Some("x")).await.unwrap(), "POST true true true true");
    assert_eq!(send(Method::POST, "/see", Some("x")).await.unwrap(), "GET true true true true");
    let refused = send(Method::POST, &format!("/other/{port}"), Some("x")).await.unwrap_err();
    assert_eq!(refused, NetError::RedirectedBody("other.test".into()));
}

#[tokio::test]
async fn size_and_time_are_capped() {
    let port = serve(
        Router::new()
            .route("/big", get(|| async { vec![b'x'; 300_000] }))
            .route("/exact", get(|| async { vec![b'x'; CAPS.bytes] }))
            .route(
                "/endless",
                get(|| async {
                    Body::from_stream(futures::stream::repeat_with(|| {
                        Ok::<_, std::io::Error>(vec![0u8; 4096])
                    }))
                }),
            )
            .route(
                "/silent",
                get(|| async {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }),
            )
            .route(
                "/drip",
                get(|| async {
                    Body::from_stream(futures::stream::unfold((), |()| async {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        Some((Ok::<_, std::io::Error>("x"), ()))
                    }))
                }),
            ),
    )
    .await;
    let client = local(Names::default().answer("site.test", &[&["127.0.0.1"]]));
    for (path, length, truncated) in
        [("/big", CAPS.bytes, true), ("/exact", CAPS.bytes, false), ("/endless", CAPS.bytes, true)]
    {
        let got = fetch(&client, format!("http://site.test:{port}{path}")).await.unwrap();
        assert_eq!((got.body.len(), got.truncated), (length, truncated), "{path}");
    }
    for path in ["/silent", "/drip"] {
        let started = Instant::now();
        let caps = Caps { time: Duration::from_secs(1), ..CAPS };
        let request = Request::get(format!("http://site.test:{port}{path}"));
        assert_eq!(client.fetch(request, caps, &|_| ()).await.unwrap_err(), NetError::Timeout(1));
        assert!(started.elapsed() < Duration::from_secs(2), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_http_or_not_there_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0-hello\r\n\r\n").await;
        }
    });
    let client = local(Names::default());
    let odd = fetch(&client, format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(matches!(odd, NetError::Answer { .. }), "{odd}");
    let closed = { TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port() };
    let away = fetch(&client, format!("http://127.0.0.1:{closed}/")).await.unwrap_err();
    assert!(matches!(away, NetError::Connect { .. }), "{away}");
}
