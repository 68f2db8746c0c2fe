//! What pages want beside being shown.

use super::bench::{Bench, all_gone, number, processes_with};
use axum::{Router, response::Html, routing::get};
use std::time::{Duration, Instant};

fn site() -> Router {
    let page = |html: &'static str| get(move || async move { Html(html) });
    Router::new()
        .route("/", page("<title>Start</title><p>start</p>"))
        .route("/popups", page(
            "<title>Popups</title><button onclick='for (let i = 0; i < 100; i++) window.open(`/popup?` + i, `w` + i)'>Many</button>
            <a target=_blank href=/popup?link>Blank</a><form target=_blank action=/popup><button>Sent</button></form>
            <script>window.open('/popup?load')</script>"))
        .route("/popup", page("<title>Popup</title><script>window.opener && (window.opener.document.title = 'reached')</script>"))
        .route("/alerts", page("<title>Alerts</title><button onclick='for (let i = 0; i < 100; i++) alert(`alert ` + i)'>Storm</button>
            <button onclick='document.title = [confirm(`sure?`), prompt(`name?`, `x`)].join()'>Ask</button>
            <button onclick='for (;;) alert(`again`)'>Endless</button>"))
        .route("/leaving", page("<title>Leaving</title><button>Touch</button>
            <script>onbeforeunload = event => { event.preventDefault(); return 'stay' }</script>"))
        .route("/wishes", page("<title>Wishes</title><input type=file aria-label=File>
            <button onclick='ask()'>Ask</button><button onclick='print()'>Print</button>
            <button onclick='window.close()'>Close</button>
            <button onclick='location = `mailto:a@b.c`'>Mail</button>
            <button onclick='document.documentElement.requestFullscreen()'>Full</button>
            <script>async function ask() {
                const said = ['denied'];
                await new Promise(done => navigator.geolocation.getCurrentPosition(() => { said.push('place'); done() }, () => done()));
                document.title = said.join();
            }</script>"))
}

#[tokio::test]
async fn pop_ups_are_closed_and_noted() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    let page = browser.open(&bench.url("/popups")).await.unwrap();
    println!("on load: {:?}", page.notes);
    let started = Instant::now();
    let many = browser.click(number(&page, "button \"Many\"")).await.unwrap();
    println!("100 pop-ups: {:?} {:?}", started.elapsed(), many.notes);
    assert_eq!(many.title, "Popups");
    assert!(
        many.notes
            .iter()
            .any(|note| note.starts_with("a pop-up to http://site.test") && note.contains("/popup?"))
    );
    assert!(many.notes.len() <= 11);
    for what in ["link \"Blank\"", "button \"Sent\""] {
        let after = browser.click(number(&page, what)).await.unwrap();
        assert_eq!(after.title, "Popups");
        assert!(after.notes.iter().any(|note| note.contains("/popup")), "{what}: {:?}", after.notes);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(processes_with(&["--type=renderer"]).len() <= 2, "{:?}", processes_with(&["--type=renderer"]));
    assert_eq!(browser.open(&bench.url("/")).await.unwrap().text, "start");
}

#[tokio::test]
async fn dialogs_are_dismissed_and_noted() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    let page = browser.open(&bench.url("/alerts")).await.unwrap();
    let started = Instant::now();
    let storm = browser.click(number(&page, "button \"Storm\"")).await.unwrap();
    println!("100 dialogs: {:?} {:?}", started.elapsed(), storm.notes);
    assert_eq!(storm.notes[0], "a dialog was dismissed: \"alert 0\"");
    assert_eq!(storm.notes.last().unwrap(), "and 90 more times something like that");
    let asked = browser.click(number(&page, "button \"Ask\"")).await.unwrap();
    assert_eq!(asked.title, "false,");
    assert_eq!(asked.notes, ["a dialog was dismissed: \"sure?\"", "a dialog was dismissed: \"name?\""]);
    let page = browser.open(&bench.url("/leaving")).await.unwrap();
    browser.click(number(&page, "button \"Touch\"")).await.unwrap();
    let left = browser.open(&bench.url("/")).await.unwrap();
    assert_eq!((left.text.as_str(), left.notes.len()), ("start", 1), "{:?}", left.notes);
    let page = browser.open(&bench.url("/alerts")).await.unwrap();
    let endless = browser.click(number(&page, "button \"Endless\"")).await;
    println!("endless dialogs: {endless:?}");
    assert_eq!(browser.open(&bench.url("/")).await.unwrap().text, "start", "an endless storm can be left");
    browser.close().await;
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn wishes_are_denied() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    // There is more to wish for in a secure context, as this address is one.
    let url = format!("http://127.0.0.1:{}/wishes", bench.port);
    let page = browser.open(&url).await.unwrap();
    println!("{}", page.text);
    let asked = browser.click(number(&page, "button \"Ask\"")).await.unwrap();
    println!("{} {:?}", asked.title, asked.notes);
    assert_eq!(asked.title, "denied");
    let file = browser.click(number(&page, "button \"File")).await.unwrap();
    assert_eq!(file.notes, ["the page asked for a file and got none"]);
    for what in ["Print", "Mail", "Full"] {
        let after = browser.click(number(&page, &format!("button \"{what}\""))).await.unwrap();
        assert_eq!((after.url.as_str(), after.status), (url.as_str(), Some(200)), "{what}");
    }
    // A page that closes its window closes the browser, or is kept; either way that is clear.
    let closed = browser.click(number(&page, "button \"Close\"")).await;
    println!("window.close: {closed:?}");
    assert_eq!(closed.is_ok(), browser.is_alive());
}
