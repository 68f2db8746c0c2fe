//! How browsers end.

use super::bench::{Bench, all_gone, limits, processes, processes_with, settings};
use alumia_browser::{BrowserError, Browsers, Chromium, Limits, Settings};
use axum::{Router, response::Html, routing::get};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

fn site() -> Router {
    Router::new()
        .route("/", get(|| async { Html("<title>Start</title><p>start</p>") }))
        .route("/hog", get(|| async {
            Html("<title>Hog</title><script>const kept = []; setInterval(() => {
                const more = new Uint8Array(16 << 20); for (let i = 0; i < more.length; i += 4096) more[i] = i;
                kept.push(more) }, 5)</script>")
        }))
        .route("/hog-at-once", get(|| async {
            Html("<title>Hog</title><script>const kept = []; for (;;) kept.push(new Uint8Array(16 << 20).fill(1))</script>")
        }))
}

fn kill(pid: u32) {
    // One may have ended with another.
    let _ = kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL);
}

#[tokio::test]
async fn times_and_memory() {
    let bench = Bench::new(site()).await;
    let started = Instant::now();
    let browser = bench.start().await;
    println!("start: {:?}", started.elapsed());
    for _ in 0..3 {
        let started = Instant::now();
        browser.open(&bench.url("/")).await.unwrap();
        println!("open: {:?}", started.elapsed());
    }
    let started = Instant::now();
    browser.read().await.unwrap();
    println!("read: {:?}", started.elapsed());
    let started = Instant::now();
    let picture = browser.screenshot().await.unwrap();
    println!("screenshot: {:?}, {} bytes", started.elapsed(), picture.bytes.len());
    let (mut own, mut all, mut threads) = (0, 0, 0);
    for pid in processes() {
        let sum = |file: &str, names: &[&str]| -> u64 {
            let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let lines = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
            lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
        };
        own += sum("smaps_rollup", &["Pss_Anon:", "Pss_Shmem:"]);
        all += sum("smaps_rollup", &["Pss:"]);
        threads += sum("status", &["Threads:"]);
    }
    println!("memory: {} MB that count, {} MB in all, {threads} threads", own >> 10, all >> 10);
    let started = Instant::now();
    browser.close().await;
    println!("close: {:?}", started.elapsed());
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn dropping_the_last_handle_ends_everything() {
    let bench = Bench::new(site()).await;
    let browser = bench.start().await;
    browser.open(&bench.url("/")).await.unwrap();
    let other = browser.clone();
    drop(browser);
    assert!(other.is_alive() && !processes().is_empty());
    drop(other);
    all_gone(Duration::from_secs(1)).await;
    // Also one that is only starting.
    for after in [0, 20, 100, 300] {
        let starting = bench.chromium.start(Arc::new(|_| ()));
        let _ = tokio::time::timeout(Duration::from_millis(after), starting).await;
        all_gone(Duration::from_secs(1)).await;
    }
    let left = std::fs::read_dir(bench.dir.path().join("state/outlets")).unwrap().count();
    assert_eq!(left, 0, "sockets are left");
}

#[tokio::test]
async fn a_crashed_page_and_a_killed_browser_are_clear_errors() {
    let bench = Bench::new(site()).await;
    for (what, wanted) in [
        ("--type=renderer", BrowserError::Crashed),
        ("--remote-debugging-pipe", BrowserError::Closed),
        ("/run/forwarder", BrowserError::Closed),
    ] {
        let browser = bench.start().await;
        browser.open(&bench.url("/")).await.unwrap();
        let all = processes_with(&[what]);
        let target = match what {
            // The one that holds the page, not a spare.
            "--type=renderer" => all.clone(),
            "--remote-debugging-pipe" => all
                .into_iter()
                .filter(|pid| {
                    processes_with(&["--type="]).iter().all(|typed| typed != pid)
                        && !processes_with(&["bwrap"]).contains(pid)
                        && !processes_with(&["/run/forwarder"]).contains(pid)
                })
                .collect(),
            _ => all.into_iter().filter(|pid| !processes_with(&["bwrap"]).contains(pid)).collect(),
        };
        assert!(!target.is_empty(), "{what}");
        let started = Instant::now();
        target.into_iter().for_each(kill);
        // The page may still answer in the moment that the end takes to come through.
        let read = loop {
            match browser.read().await {
                Ok(_) if started.elapsed() < Duration::from_secs(2) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                ended => break ended,
            }
        };
        assert_eq!(read, Err(wanted), "{what}");
        assert!(!browser.is_alive());
        all_gone(Duration::from_secs(2)).await;
        println!("{what}: gone after {:?}", started.elapsed());
        assert!(browser.open(&bench.url("/")).await.is_err());
        browser.close().await;
    }
}

#[tokio::test]
async fn a_page_that_eats_memory_ends_its_browser() {
    let bench = Bench::with(site(), Limits { memory: 600 << 20, ..limits() }).await;
    for path in ["/hog", "/hog-at-once"] {
        let browser = bench.start().await;
        let started = Instant::now();
        let mut last = browser.open(&bench.url(path)).await;
        while !matches!(last, Err(BrowserError::Memory | BrowserError::Crashed)) {
            assert!(started.elapsed() < Duration::from_secs(20), "{path}: {last:?}");
            last = browser.read().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("{path}: {last:?} after {:?}", started.elapsed());
        assert!(!browser.is_alive());
        all_gone(Duration::from_secs(2)).await;
    }
}

/// So many levels are more than the browser can lay out.
#[tokio::test]
async fn a_page_that_crashes_itself_is_a_clear_error() {
    let page = "<title>Deep</title><body><script>let at = document.body; for (let i = 0; i < 20000; i++) {
        const div = document.createElement('div'); at.append(div); at = div } at.textContent = 'deep'</script>";
    let bench = Bench::new(Router::new().route("/", get(move || async move { Html(page) }))).await;
    let browser = bench.start().await;
    assert_eq!(browser.open(&bench.url("/")).await, Err(BrowserError::Crashed));
    assert!(!browser.is_alive());
    all_gone(Duration::from_secs(2)).await;
    assert_eq!(browser.read().await, Err(BrowserError::Crashed));
}

#[tokio::test]
async fn a_page_that_starts_workers_without_end_harms_itself_alone() {
    let page = "<title>Crowd</title><body><script>let n = 0; const timer = setInterval(() => { for (let i = 0; i < 50; i++)
        new Worker(URL.createObjectURL(new Blob(['setInterval(() => 0, 1000)']))); if (++n === 40) clearInterval(timer) }, 20)</script>";
    let site = site().route("/crowd", get(move || async move { Html(page) }));
    let bench = Bench::new(site).await;
    let browser = bench.start().await;
    let crowd = browser.open(&bench.url("/crowd")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("a crowd: {crowd:?}, alive: {}, processes: {}", browser.is_alive(), processes().len());
    let other = bench.start().await;
    assert_eq!(other.open(&bench.url("/")).await.unwrap().text, "start");
    browser.close().await;
    other.close().await;
    all_gone(Duration::ZERO).await;
}

#[tokio::test]
async fn where_it_cannot_run_it_is_off() {
    let dir = tempfile::tempdir().unwrap();
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings(dir.path().join("state"), &[], limits());
        change(&mut settings);
        Chromium::new(settings).unwrap()
    };
    for (browsers, why) in [
        (
            with(|settings| settings.executable = Some("/nosuch/chromium".into())),
            "/nosuch/chromium is not there",
        ),
        (with(|settings| settings.executable = Some("/bin/true".into())), "doesn't answer"),
        (with(|settings| settings.executable = Some("/bin/false".into())), "does not run here"),
        (with(|settings| settings.forwarder.path = PathBuf::from("/nosuch/alumia")), "does not run here"),
    ] {
        let reason = browsers.off_reason().unwrap();
        assert!(reason.contains(why), "{reason}");
        let started = browsers.start(Arc::new(|_| ())).await;
        assert!(matches!(started, Err(BrowserError::Off(_))));
    }
}
