//! Where pages lead and what they reach.

use super::bench::{Bench, limits};
use alumia_browser::BrowserError;
use axum::{
    Router,
    extract::{Path, WebSocketUpgrade},
    http::header::CONTENT_TYPE,
    response::{Html, Redirect},
    routing::get,
};
use std::time::Duration;

/// Everything that a page can ask for, to an address that it must not reach. What came of it is the title.
const REACHING: &str = r"<!doctype html><title>waiting</title><body><script>
const hosts = ['127.0.0.2', '2130706434', '0x7f.2', '0177.0.0.2', 'inside.test', '[::ffff:127.0.0.2]'].map(host => host + ':PORT');
const said = [];
const tries = [];
const reached = (what) => { if (what) said.push(what); };
for (const host of hosts) {
    tries.push(fetch('http://' + host + '/fetch', { mode: 'no-cors' }).then(async answer =>
        reached(answer.type !== 'opaque' && (await answer.text()).includes('refused') ? '' : ''), () => 0));
    tries.push(new Promise(done => { const image = new Image(); image.onload = () => { said.push('img'); done(); };
        image.onerror = done; image.src = 'http://' + host + '/img'; }));
    tries.push(new Promise(done => { const socket = new WebSocket('ws://' + host + '/ws');
        socket.onopen = () => { said.push('ws'); done(); }; socket.onclose = done; }));
    navigator.sendBeacon('http://' + host + '/beacon', 'x');
    for (const [tag, attribute] of [['iframe', 'src'], ['script', 'src'], ['object', 'data'], ['video', 'src'], ['embed', 'src']]) {
        const element = document.createElement(tag);
        element[attribute] = 'http://' + host + '/' + tag;
        document.body.append(element);
    }
    const link = document.createElement('link');
    link.rel = 'preconnect'; link.href = 'http://' + host; document.head.append(link);
    try { new EventSource('http://' + host + '/events'); } catch {}
}
tries.push(new Promise(done => {
    try {
        const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.2:PORT' },
            { urls: 'turn:127.0.0.2:PORT?transport=tcp', username: 'u', credential: 'p' }] });
        peer.onicecandidate = event => { if (!event.candidate) done(); };
        peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer));
        setTimeout(done, 1500);
    } catch { done(); }
}));
Promise.all(tries).then(() => { document.title = 'done ' + said.join(); });
</script>";

/// A worker, shared or in service, that asks on the page's behalf. They need a secure context, as 127.0.0.1 is one.
const WORKER: &str = "const ask = url => Promise.allSettled([fetch(url, { mode: 'no-cors' }), fetch('http://inside.test:PORT/')])
    .then(all => all.map(one => one.status).join());
self.oninstall = event => { self.skipWaiting(); event.waitUntil(ask('http://127.0.0.2:PORT/install')); };
self.onactivate = event => event.waitUntil(clients.claim());
self.onmessage = async event => (event.source ?? self).postMessage(await ask(event.data));";

const WORKS: &str = "<title>waiting</title><script>
const url = 'http://127.0.0.2:PORT/';
const hears = one => new Promise(done => { one.onmessage = event => done(event.data) });
(async () => {
    const worker = new Worker('/worker/PORT');
    const heard = hears(worker);
    worker.postMessage(url);
    const first = await heard;
    navigator.serviceWorker.register('/worker/PORT', { scope: '/worker/' });
    const registration = await new Promise(done => setInterval(async () => {
        const found = await navigator.serviceWorker.getRegistration('/worker/');
        if (found?.active) done(found);
    }, 50));
    const second = hears(navigator.serviceWorker);
    registration.active.postMessage(url);
    document.title = 'worked ' + first + ' ' + await second;
})();
</script>";

fn site() -> Router {
    let to = |Path(to): Path<String>| async move { Redirect::temporary(&to.replace('|', "/")) };
    Router::new()
        .route("/", get(|| async { Html("<title>Start</title>") }))
        .route("/to/{to}", get(to))
        .route("/ws", get(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(|_| async {}) }))
        .route("/refresh/{to}", get(|Path(to): Path<String>| async move {
            Html(format!("<meta http-equiv=refresh content='0;url={}'>", to.replace('|', "/")))
        }))
        .route("/reach/{port}", get(|Path(port): Path<String>| async move { Html(REACHING.replace("PORT", &port)) }))
        .route("/worker/{port}", get(|Path(port): Path<String>| async move {
            ([(CONTENT_TYPE, "text/javascript")], WORKER.replace("PORT", &port))
        }))
        .route("/works/{port}", get(|Path(port): Path<String>| async move { Html(WORKS.replace("PORT", &port)) }))
        .route("/sockets", get(|| async {
            Html("<script>const socket = new WebSocket('ws://' + location.host + '/ws');
                socket.onopen = () => document.title = 'open'; socket.onerror = () => document.title = 'error'</script>")
        }))
}

#[tokio::test]
async fn private_addresses_are_refused_with_the_rule_however_they_are_reached() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    let port = bench.inside;
    for (url, rule) in [
        (format!("http://127.0.0.2:{port}/"), "not public (loopback)"),
        (format!("http://localhost:{port}/"), "not public (loopback)"),
        (format!("http://2130706434:{port}/"), "not public (loopback)"),
        (format!("http://0x7f.2:{port}/"), "not public (loopback)"),
        (format!("http://127。0。0。2:{port}/"), "not public (loopback)"),
        (format!("http://[::1]:{port}/"), "not public (loopback)"),
        (format!("http://inside.test:{port}/"), "not public (loopback)"),
        (format!("https://inside.test:{port}/"), "not public (loopback)"),
        ("http://169.254.169.254/latest/meta-data/".into(), "cloud metadata"),
        ("http://metadata.test/".into(), "cloud metadata"),
        ("https://metadata.test/".into(), "cloud metadata"),
        ("http://10.0.0.1/".into(), "not public (private)"),
        ("http://nowhere.test/".into(), "does not resolve"),
        ("https://nowhere.test/".into(), "does not resolve"),
        ("http://site.test:22/".into(), "port 22"),
        ("http://me:word@site.test/".into(), "user name"),
        ("file:///etc/passwd".into(), "only http and https"),
        ("chrome://version/".into(), "only http and https"),
        ("chrome://crash".into(), "only http and https"),
        ("javascript:alert(1)".into(), "only http and https"),
        ("data:text/html,x".into(), "only http and https"),
        ("view-source:http://site.test/".into(), "only http and https"),
        ("about:blank".into(), "only http and https"),
        ("no address".into(), "not a URL"),
        (bench.url(&format!("/to/http:||127.0.0.2:{port}|")), "not public (loopback)"),
        (bench.url(&format!("/to/http:||inside.test:{port}|")), "not public (loopback)"),
        (bench.url(&format!("/to/https:||inside.test:{port}|")), "not public (loopback)"),
        (bench.url("/to/http:||169.254.169.254|"), "cloud metadata"),
    ] {
        let refused = browser.open(&url).await.unwrap_err();
        assert!(matches!(refused, BrowserError::Refused(_)), "{url}: {refused:?}");
        assert!(refused.to_string().contains(rule), "{url}: {refused}");
    }
    for url in ["/to/file:|||etc|passwd", "/to/chrome:||version", "/to/data:text|html,x"] {
        let refused = browser.open(&bench.url(url)).await.unwrap_err();
        assert!(matches!(refused, BrowserError::Load { .. }), "{url}: {refused:?}");
    }
    // The page goes there by itself a moment later.
    let refreshed = browser.open(&bench.url(&format!("/refresh/http:||inside.test:{port}|"))).await;
    assert!(matches!(refreshed, Err(BrowserError::Refused(_))), "{refreshed:?}");
    for url in ["/refresh/file:|||etc|passwd", "/refresh/chrome:||version"] {
        if let Ok(page) = browser.open(&bench.url(url)).await {
            assert!(page.url.starts_with("http://site.test"), "{}", page.url);
        }
    }
    assert_eq!(bench.hits(), 0);
    assert_eq!(browser.open(&bench.url("/")).await.unwrap().title, "Start", "it can still be used");
    let away = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() };
    let refused = browser.open(&format!("http://site.test:{away}/")).await.unwrap_err();
    assert!(refused.to_string().contains("no connection to site.test"), "{refused}");
}

#[tokio::test]
async fn nothing_that_a_page_does_reaches_a_private_address() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    let title = |wanted: &'static str| {
        let browser = browser.clone();
        async move {
            for _ in 0..80 {
                let page = browser.read().await.unwrap();
                if page.title.starts_with(wanted) {
                    return page.title;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("{:?}", browser.read().await)
        }
    };
    browser.open(&bench.url("/sockets")).await.unwrap();
    assert_eq!(title("open").await, "open", "a socket to where it may go");
    browser.open(&bench.url(&format!("/reach/{}", bench.inside))).await.unwrap();
    assert_eq!(title("done").await, "done");
    let (port, inside) = (bench.port, bench.inside);
    browser.open(&format!("http://127.0.0.1:{port}/works/{inside}")).await.unwrap();
    println!("{}", title("worked").await);
    assert_eq!(bench.hits(), 0);
    browser.close().await;
}

/// The page of the test before does try: where it may reach the place it does.
#[tokio::test]
async fn what_an_operator_allows_is_reached() {
    let bench = Bench::allowing(&["127.0.0.0/8"], site(), limits()).await;
    let browser = bench.start().await;
    browser.open(&bench.url(&format!("/reach/{}", bench.inside))).await.unwrap();
    assert!(bench.hits() > 20, "{}", bench.hits());
    browser.close().await;
}
