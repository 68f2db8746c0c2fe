//! Reading, clicking, typing.

use super::bench::{Bench, all_gone, number};
use alumia_browser::{BrowserError, Seen};
use axum::{
    Router,
    extract::Query,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{Html, Redirect},
    routing::get,
};
use std::{collections::BTreeMap, time::Duration};

const FORM: &str = r#"<!doctype html><title>Form</title><style>.far { margin-top: 3000px }</style>
<h1>Order</h1><p>Read <a href="/terms">the terms</a>, then order.</p>
<nav aria-label="Main"><ul><li><a href="/a">Home</a></li><li>Plain</li></ul></nav>
<form action="/sent"><label>Name <input name="name" value="old name"></label>
<label>Note <textarea name="note">old</textarea></label>
<label>Country <select name="country"><option value="at">Austria</option><option value="pe">Peru</option></select></label>
<label>Day <input type="date" name="day"></label>
<label><input type="checkbox" name="agree"> Agree</label>
<input type="password" name="word" aria-label="Word"><input type="file" aria-label="File" name="file">
<div contenteditable role="textbox" aria-label="Free" id="free">old words</div>
<div class="far"><button>Send</button></div></form>
<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td>3</td></tr></table>
<div onclick="document.title = 'clicked'">Click me</div>
<button hidden>Never</button><button style="width:0;height:0;padding:0;border:0;overflow:hidden" aria-label="Flat"></button>
<img alt="A cup" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<iframe title="Inner" srcdoc="<p>In the frame</p><button onclick='parent.document.title = `framed`'>Inside</button>"></iframe>
<script>document.querySelector('select').onchange = event => { document.title = 'chose ' + event.target.value }</script>"#;

fn site() -> Router {
    let sent = |Query(all): Query<BTreeMap<String, String>>| async move {
        let lines: Vec<_> = all.iter().map(|(name, value)| format!("<p>{name}={value}</p>")).collect();
        Html(format!("<title>Sent</title>{}", lines.concat()))
    };
    let cookie = |headers: HeaderMap| async move {
        let had = headers.get("cookie").map_or("none", |value| value.to_str().unwrap_or("odd"));
        ([(SET_COOKIE, "who=me")], Html(format!("<p>cookie {had}</p>")))
    };
    Router::new()
        .route("/", get(|| async { Html(FORM) }))
        .route("/sent", get(sent))
        .route("/terms", get(|| async { Redirect::to("/terms/full") }))
        .route("/terms/full", get(|| async { Html("<title>Terms</title><p>All of them.</p>") }))
        .route("/cookie", get(cookie))
        .route("/frame", get(|| async { Html("<iframe src='//other.test/x'></iframe>") }))
}

#[tokio::test]
async fn a_form_is_read_filled_in_and_sent() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    let page = browser.open(&bench.url("/")).await.unwrap();
    println!("{}", page.text);
    assert_eq!((page.title.as_str(), page.status, page.loading), ("Form", Some(200), false));
    assert_eq!(page.url, bench.url("/"));
    for line in [
        "# Order",
        "link \"the terms\", then order.",
        "navigation \"Main\":",
        "link \"Home\"",
        "  - Plain",
        "textbox \"Name\" = \"old name\"",
        "| Item | Price |\n| Tea | 3 |",
        "image \"A cup\"",
        "frame \"Inner\":",
        "In the frame",
        "one of: \"Austria\", \"Peru\"",
    ] {
        assert!(page.text.contains(line), "{line} is not in:\n{}", page.text);
    }
    assert!(!page.text.contains("Never"), "{}", page.text);

    let at = |what: &str| number(&page, what);
    let page = browser.type_text(at("textbox \"Name\""), "Jo & \"Co\" ü", false).await.unwrap();
    assert!(page.text.contains("textbox \"Name\" = \"Jo & \"Co\" ü\""), "{}", page.text);
    browser.type_text(at("textbox \"Note\""), "two\nlines", false).await.unwrap();
    browser.type_text(at("textbox \"Word\""), "secret", false).await.unwrap();
    let page = browser.type_text(at("combobox \"Country\""), "peru", false).await.unwrap();
    assert_eq!(page.title, "chose pe");
    let free = browser.type_text(at("textbox \"Free\""), "new words", false).await.unwrap();
    assert!(free.text.contains("new words") && !free.text.contains("old words"), "{}", free.text);
    assert!(!free.text.contains("secret"), "{}", free.text);
    browser.type_text(at("date field \"Day\""), "2026-11-28", false).await.unwrap();
    let page = browser.click(at("checkbox \"Agree\"")).await.unwrap();
    assert!(page.text.contains("checkbox \"Agree\" (checked"), "{}", page.text);
    let page = browser.click(at("clickable \"Click me\"")).await.unwrap();
    assert_eq!(page.title, "clicked");
    let page = browser.click(at("button \"Inside\"")).await.unwrap();
    assert_eq!(page.title, "framed");

    // What can't be done is said, and does nothing.
    let no_entry = browser.type_text(at("combobox"), "Atlantis", false).await.unwrap_err();
    assert!(no_entry.to_string().contains("Austria, Peru"), "{no_entry}");
    for (what, why) in
        [("button \"Send\"", "it is a button"), ("checkbox", "click it"), ("button \"File", "no files|files")]
    {
        let refused = browser.type_text(at(what), "x", false).await.unwrap_err().to_string();
        assert!(why.split('|').any(|why| refused.contains(why)), "{what}: {refused}");
    }
    let bad_day = browser.type_text(at("date field"), "tomorrow", false).await;
    assert!(matches!(bad_day, Err(BrowserError::NoField(..))), "{bad_day:?}");
    let flat = browser.click(at("button \"Flat\"")).await;
    assert!(matches!(flat, Err(BrowserError::Hidden(_))), "{flat:?}");
    assert_eq!(browser.click(9999).await, Err(BrowserError::Stale(9999)));

    let (send, name) = (at("button \"Send\""), at("textbox \"Name\""));
    let page = browser.click(send).await.unwrap();
    assert_eq!(page.title, "Sent");
    for line in
        ["agree=on", "country=pe", "day=2026-11-28", "name=Jo & \"Co\" ü", "note=two lines", "word=secret"]
    {
        assert!(page.text.contains(line), "{line} is not in:\n{}", page.text);
    }
    // The numbers were those of the page before.
    assert_eq!(browser.click(send).await, Err(BrowserError::Stale(send)));
    assert_eq!(browser.type_text(name, "x", false).await, Err(BrowserError::Stale(name)));

    let page = browser.open(&bench.url("/")).await.unwrap();
    let page = browser.type_text(number(&page, "textbox \"Name\""), "by enter", true).await.unwrap();
    assert!(page.title == "Sent" && page.text.contains("name=by enter"), "{page:?}");
    let page = browser.open(&bench.url("/")).await.unwrap();
    let page = browser.click(number(&page, "link \"the terms\"")).await.unwrap();
    assert_eq!((page.url.as_str(), page.title.as_str()), (bench.url("/terms/full").as_str(), "Terms"));

    let picture = browser.screenshot().await.unwrap();
    assert!(picture.bytes.starts_with(&[0xff, 0xd8]) && picture.media_type == "image/jpeg");
    assert!(picture.bytes.len() > 1000);
    assert!(bench.pictures() > 0);
    let seen = bench.seen.lock().unwrap().clone();
    let named =
        |wanted: &str| seen.iter().any(|one| matches!(one, Seen::Page { title, .. } if title == wanted));
    assert!(named("Form") && named("Terms") && named("chose pe"));
    browser.close().await;
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn what_was_removed_is_stale() {
    let page = r"<button onclick='document.querySelector(`p`).remove()'>Remove</button><p><button>Goes</button></p>
        <script>setTimeout(() => {}, 0)</script>";
    let bench = Bench::new(Router::new().route("/", get(move || async move { Html(page) }))).await;
    let browser = bench.start().await;
    let page = browser.open(&bench.url("/")).await.unwrap();
    let (remove, goes) = (number(&page, "button \"Remove\""), number(&page, "button \"Goes\""));
    let page = browser.click(remove).await.unwrap();
    assert_eq!(number(&page, "button \"Remove\""), remove, "what stays keeps its number");
    assert_eq!(browser.click(goes).await, Err(BrowserError::Stale(goes)));
}

#[tokio::test]
async fn each_browser_has_its_own_cookies_and_forgets_them() {
    let bench = Bench::new(site().fallback(|| async { StatusCode::NOT_FOUND })).await;
    let (one, other) = tokio::join!(bench.start(), bench.start());
    assert!(one.open(&bench.url("/cookie")).await.unwrap().text.contains("cookie none"));
    assert!(one.open(&bench.url("/cookie")).await.unwrap().text.contains("cookie who=me"));
    assert!(other.open(&bench.url("/cookie")).await.unwrap().text.contains("cookie none"));
    assert_eq!(one.open(&bench.url("/nowhere")).await.unwrap().status, Some(404));
    one.close().await;
    assert!(other.is_alive() && !one.is_alive());
    let again = bench.start().await;
    assert!(again.open(&bench.url("/cookie")).await.unwrap().text.contains("cookie none"));
    other.close().await;
    again.close().await;
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn pictures_come_as_the_page_changes_and_not_more_often_than_is_of_use() {
    let page = "<title>Moves</title><body><script>let n = 0; (function next() {
        document.body.textContent = ++n; document.body.style.background = `hsl(${n},90%,50%)`; requestAnimationFrame(next) })()</script>";
    let still = || async { Html("<title>Still</title><p>still") };
    let site = Router::new().route("/", get(move || async move { Html(page) })).route("/still", get(still));
    let bench = Bench::new(site).await;
    let browser = bench.start().await;
    browser.open(&bench.url("/")).await.unwrap();
    let before = bench.pictures();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let moving = bench.pictures() - before;
    assert!((2..=5).contains(&moving), "{moving} pictures in two seconds");
    browser.open(&bench.url("/still")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let before = bench.pictures();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(bench.pictures(), before, "what doesn't change isn't shown again");
    let seen = bench.seen.lock().unwrap();
    let pictures =
        seen.iter().filter_map(|one| if let Seen::Frame(bytes) = one { Some(bytes) } else { None });
    assert!(pictures.clone().all(|picture| picture.starts_with(&[0xff, 0xd8]) && picture.len() < 200_000));
}
