//! Pages that are slow, endless or too large.

use super::bench::{Bench, all_gone, limits, number};
use alumia_browser::{BrowserError, Limits};
use axum::{
    Router,
    body::Body,
    http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE},
    response::{Html, IntoResponse},
    routing::get,
};
use std::time::{Duration, Instant};

/// Ten gigabytes, as fast as they are taken. As a page it is one comment, which costs nothing to show.
fn endless() -> Body {
    let head = futures::stream::iter([Ok("<title>Endless</title><p>start</p><!--".into())]);
    let chunks = (0..160_000).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 64 << 10]));
    Body::from_stream(futures::StreamExt::chain(head, futures::stream::iter(chunks)))
}

async fn never() -> &'static str {
    std::future::pending().await
}

fn site() -> Router {
    let drip = || async {
        let head =
            futures::stream::iter([Ok::<_, std::io::Error>("<title>Drip</title><p>Something is there.</p>")]);
        Body::from_stream(futures::StreamExt::chain(head, futures::stream::pending())).into_response()
    };
    let html = |body| async { ([(CONTENT_TYPE, "text/html")], body).into_response() };
    let saved = || async {
        let headers =
            [(CONTENT_DISPOSITION, "attachment; filename=huge.bin"), (CONTENT_LENGTH, "10485760000")];
        (headers, endless()).into_response()
    };
    let zipped = || async { ([(CONTENT_TYPE, "application/zip")], endless()).into_response() };
    Router::new()
        .route("/", get(|| async { Html("<title>Start</title><p>start</p>") }))
        .route("/never", get(never))
        .route("/drip", get(move || async move { ([(CONTENT_TYPE, "text/html")], drip().await).into_response() }))
        .route("/image", get(|| async { Html("<title>Image</title><p>Text</p><img src=/never><button>Go</button>") }))
        .route("/restless", get(|| async {
            Html("<title>Restless</title><script>setInterval(() => fetch('/'), 50)</script>")
        }))
        .route("/busy", get(|| async { Html("<title>Busy</title><script>setTimeout(() => { for (;;); }, 100)</script>") }))
        .route("/busy-at-once", get(|| async { Html("<title>Busy</title><script>for (;;);</script>") }))
        .route("/busy-again", get(|| async {
            Html("<title>Again</title><script>function again() { setTimeout(again, 0); for (;;); } setTimeout(again, 100)</script>")
        }))
        .route("/saved", get(saved))
        .route("/zipped", get(zipped))
        .route("/link", get(|| async { Html("<title>Link</title><a href=/saved>Save</a><a download href=/>Attribute</a>") }))
        .route("/nothing", get(|| async { axum::http::StatusCode::NO_CONTENT }))
        .route("/large", get(move || html(endless())))
        .route("/nodes", get(|| async {
            Html("<title>Nodes</title><p>first</p><script>for (let i = 0; i < 20000; i++) {
                const p = document.createElement('p'); p.textContent = 'paragraph ' + i; document.body.append(p) }</script>")
        }))
        .route("/more-nodes", get(|| async {
            Html("<title>More</title><body><script>document.body.innerHTML = '<p>paragraph</p>'.repeat(30000)</script>")
        }))
        .route("/deep", get(|| async {
            Html("<title>Deep</title><body><script>let at = document.body; for (let i = 0; i < 1000; i++) {
                const div = document.createElement('div'); at.append(div); at = div } at.textContent = 'deep'</script>")
        }))
        .route("/write", get(|| async {
            Html("<title>Late</title><p id=p>early</p><script>setTimeout(() => fetch('/').then(() => p.textContent = 'late'), 150)</script>")
        }))
}

#[tokio::test]
async fn what_shows_something_is_answered_with_it() {
    let bench = Bench::with(site(), Limits { load: Duration::from_secs(2), ..limits() }).await;
    let browser = bench.start().await;
    let started = Instant::now();
    let page = browser.open(&bench.url("/drip")).await.unwrap();
    assert!(page.loading && page.text.contains("Something is there."), "{page:?}");
    assert!(started.elapsed() < Duration::from_secs(4));
    let page = browser.open(&bench.url("/image")).await.unwrap();
    assert!(page.loading && page.text.contains("Text"), "{page:?}");
    assert!(browser.click(number(&page, "button \"Go\"")).await.unwrap().loading);
    let started = Instant::now();
    let never = browser.open(&bench.url("/never")).await.unwrap_err();
    assert!(never.to_string().contains("does not answer within 2 seconds"), "{never}");
    assert!(started.elapsed() < Duration::from_secs(4));
    let started = Instant::now();
    assert!(!browser.open(&bench.url("/restless")).await.unwrap().loading);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    let started = Instant::now();
    assert!(
        browser.open(&bench.url("/write")).await.unwrap().text.contains("late"),
        "it is waited for a short while"
    );
    println!("a page with a late request: {:?}", started.elapsed());
    assert_eq!(browser.open(&bench.url("/")).await.unwrap().text, "start");
    let nothing = browser.open(&bench.url("/nothing")).await.unwrap_err();
    assert!(nothing.to_string().contains("nothing to show"), "{nothing}");
}

#[tokio::test]
async fn a_busy_page_is_said_to_be_and_can_be_left() {
    let bench = Bench::with(
        site(),
        Limits { answer: Duration::from_secs(2), load: Duration::from_secs(2), ..limits() },
    )
    .await;
    let browser = bench.start().await;
    for path in ["/busy", "/busy-at-once"] {
        let started = Instant::now();
        let page = browser.open(&bench.url(path)).await.unwrap();
        assert_eq!(page.title, "Busy");
        assert!(page.notes.iter().any(|note| note.contains("busy for too long")), "{path}: {:?}", page.notes);
        println!("{path}: {:?}", started.elapsed());
        assert_eq!(browser.open(&bench.url("/")).await.unwrap().text, "start", "{path}");
    }
    // One that begins again whenever it is stopped can't be read, but left.
    println!("{:?}", browser.open(&bench.url("/busy-again")).await);
    let started = Instant::now();
    assert_eq!(browser.open(&bench.url("/")).await.unwrap().text, "start");
    println!("left after {:?}", started.elapsed());
    browser.open(&bench.url("/busy")).await.ok();
    let started = Instant::now();
    browser.close().await;
    assert!(started.elapsed() < Duration::from_secs(1));
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn large_pages_are_cut() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    let started = Instant::now();
    let page = browser.open(&bench.url("/nodes")).await.unwrap();
    println!("20,000 paragraphs: {:?}", started.elapsed());
    assert!(page.text.starts_with("first\n") && page.text.contains("[Only the "));
    assert!(page.text.chars().count() < 20_100);
    let page = browser.open(&bench.url("/more-nodes")).await.unwrap();
    assert!(
        page.title == "More" && page.text.starts_with("paragraph\n") && page.text.contains("[Only the "),
        "{page:?}"
    );
    let page = browser.open(&bench.url("/deep")).await.unwrap();
    assert_eq!(page.title, "Deep");
}

#[tokio::test]
async fn downloads_are_refused_and_bytes_are_capped() {
    let bench = Bench::with(site(), Limits { bytes: 20 << 20, ..limits() }).await;
    let browser = bench.start().await;
    for path in ["/saved", "/zipped"] {
        let started = Instant::now();
        let refused = browser.open(&bench.url(path)).await.unwrap_err();
        assert!(matches!(&refused, BrowserError::Download(url) if url.ends_with(path)), "{refused:?}");
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    let page = browser.open(&bench.url("/link")).await.unwrap();
    assert!(page.notes.iter().any(|note| note.contains("a download of huge.bin")), "{:?}", page.notes);
    let after = browser.click(number(&page, "link \"Save\"")).await.unwrap();
    assert!(after.title == "Link" && after.notes.iter().any(|note| note.contains("huge.bin")), "{after:?}");
    browser.click(number(&page, "link \"Attribute\"")).await.unwrap();
    // A page of ten gigabytes ends where the bytes do.
    let started = Instant::now();
    let page = browser.open(&bench.url("/large")).await;
    println!(
        "a page without end, 20 MB of which may be loaded: {:?} {:?}",
        started.elapsed(),
        page.as_ref().map(|page| page.text.len())
    );
    assert!(started.elapsed() < Duration::from_secs(15));
    let page = page.unwrap();
    assert!(page.title == "Endless" && page.text == "start", "{page:?}");
    let noted = |what: &str| page.notes.iter().any(|note| note.contains(what));
    assert!(noted("20 MB were") && noted("the page broke off"), "{:?}", page.notes);
    let after = browser.open(&bench.url("/")).await.unwrap_err();
    assert!(after.to_string().contains("20 MB"), "{after}");
    let told = bench
        .seen
        .lock()
        .unwrap()
        .iter()
        .any(|one| matches!(one, alumia_browser::Seen::Note(note) if note.contains("20 MB")));
    assert!(told);
    browser.close().await;
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn calls_that_are_dropped_leave_the_browser_usable() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    for path in ["/never", "/drip", "/image"] {
        for after in [0, 5, 50, 300] {
            let (after, url) = (Duration::from_millis(after), bench.url(path));
            let opening = tokio::time::timeout(after, browser.open(&url));
            let opened = opening.await;
            assert!(opened.is_err(), "{path} {after:?} {opened:?}");
        }
    }
    assert_eq!(browser.open(&bench.url("/")).await.unwrap().text, "start");
    // And it can be closed in the middle of one.
    let (opened, ()) = tokio::join!(
        async {
            let url = bench.url("/never");
            browser.open(&url).await
        },
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let started = Instant::now();
            browser.close().await;
            println!("close: {:?}", started.elapsed());
            assert!(started.elapsed() < Duration::from_secs(1));
            all_gone(Duration::ZERO).await;
        }
    );
    assert_eq!(opened, Err(BrowserError::Closed));
    assert_eq!(browser.read().await, Err(BrowserError::Closed));
}
