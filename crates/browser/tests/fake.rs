//! The browser without Chromium.
#![allow(clippy::unwrap_used, missing_docs)]

use alumia_browser::{BrowserError, Browsers, Disabled, Fake, FakePage, Seen};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn shop() -> Fake {
    let start = FakePage {
        title: "Shop".into(),
        text: "[1] link \"Tea\"\n[2] textbox \"Search\"".into(),
        links: [(1, "https://shop.test/tea".to_owned()), (2, "https://shop.test/found".to_owned())].into(),
        notes: vec!["a pop-up to https://ads.test/ was not opened".into()],
        ..FakePage::default()
    };
    let tea = FakePage { title: "Tea".into(), text: "# Tea".into(), ..FakePage::default() };
    let found = FakePage { title: "Found".into(), status: Some(404), ..FakePage::default() };
    Fake::new()
        .page("https://shop.test/", start)
        .page("https://shop.test/tea", tea)
        .page("https://shop.test/found", found)
}

#[tokio::test]
async fn pages_come_from_the_map() {
    let fake = shop();
    let seen = Arc::new(Mutex::new(vec![]));
    let log = seen.clone();
    let browser = fake.start(Arc::new(move |one| log.lock().unwrap().push(one))).await.unwrap();
    let page = browser.open("https://shop.test/").await.unwrap();
    assert_eq!((page.title.as_str(), page.status, page.notes.len()), ("Shop", Some(200), 1));
    let typed = browser.type_text(2, "green", false).await.unwrap();
    assert!(typed.text.ends_with("[2] = \"green\"") && typed.notes.is_empty());
    assert_eq!(browser.type_text(2, "green", true).await.unwrap().status, Some(404));
    browser.open("https://shop.test/").await.unwrap();
    assert_eq!(browser.click(1).await.unwrap().url, "https://shop.test/tea");
    assert_eq!(browser.click(1).await, Err(BrowserError::Stale(1)));
    assert_eq!(browser.read().await.unwrap().text, "# Tea");
    assert!(browser.screenshot().await.unwrap().bytes.starts_with(&[0xff, 0xd8]));
    assert!(matches!(browser.open("https://nowhere.test/").await, Err(BrowserError::Load { .. })));
    assert!(matches!(&seen.lock().unwrap()[..3], [Seen::Page { .. }, Seen::Frame(_), Seen::Note(_)]));
    assert_eq!((fake.started(), fake.alive()), (1, 1));
    browser.close().await;
    assert_eq!(
        (browser.read().await, browser.is_alive(), fake.alive()),
        (Err(BrowserError::Closed), false, 0)
    );
    assert_eq!(fake.calls().last().map(String::as_str), Some("read"));
}

#[tokio::test]
async fn it_fails_as_it_is_told_to() {
    let nobody = || Arc::new(|_| ());
    let fake = shop().stuck("https://slow.test/").crashes("https://crash.test/");
    let browser = fake.start(nobody()).await.unwrap();
    let stuck = tokio::time::timeout(Duration::from_millis(50), browser.open("https://slow.test/"));
    assert!(stuck.await.is_err() && browser.is_alive());
    assert_eq!(browser.open("https://crash.test/").await, Err(BrowserError::Crashed));
    assert!(!browser.is_alive());
    let dropped = fake.start(nobody()).await.unwrap();
    assert_eq!(fake.alive(), 1);
    drop(dropped);
    assert_eq!(fake.alive(), 0);
    let slow = shop().slow(Duration::from_mins(1));
    assert!(tokio::time::timeout(Duration::from_millis(50), slow.start(nobody())).await.is_err());
    let off = shop().off("no Chromium is installed");
    assert_eq!(off.off_reason().as_deref(), Some("no Chromium is installed"));
    assert!(matches!(off.start(nobody()).await, Err(BrowserError::Off(_))));
    assert!(matches!(shop().fails("no memory").start(nobody()).await, Err(BrowserError::Start(_))));
    let disabled = Disabled::new("switched off");
    assert_eq!(disabled.off_reason().as_deref(), Some("switched off"));
    assert!(matches!(disabled.start(nobody()).await, Err(BrowserError::Off(_))));
}
