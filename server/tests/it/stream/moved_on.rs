//! A reader whose place has left the buffer gets a snapshot, then the rest; a slow one is told to come again.

use super::{
    fold::Known,
    scripts::{Step, app},
};
use crate::support::{App, frames::Frames, people::Person};
use alumia_platform::sessions::Append;
use alumia_protocol::{MessageId, ProjectId, events::EventData};
use reqwest::Method;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

/// Pushes everything out of a project's buffer: more deltas than it holds, of `size` bytes each.
async fn flood(app: &App, project: &str, count: usize, size: usize) {
    let project: ProjectId = project.parse().unwrap();
    let message_id = MessageId::new();
    let text = "x".repeat(size);
    for number in 0..count {
        if number % 32 == 0 {
            // Readers on this thread keep up.
            tokio::task::yield_now().await;
        }
        let data = EventData::TextDelta { message_id, text: text.clone() };
        app.platform.log.delta(project, Append { session_id: None, run_id: None, step_id: None, data }).await;
    }
}

/// A run in the middle, with what an unbroken watcher knows: it waits for a person.
async fn waiting(ada: &Person) -> (String, String) {
    let project = ada.project("Moved on").await;
    let session = ada.session(&project).await;
    ada.say(&session, "fetch http://127.0.0.1:9/").await;
    assert_eq!(ada.settled(&session).await, "awaiting_approval");
    (project, session)
}

#[tokio::test]
async fn a_place_that_is_gone_is_a_snapshot_and_then_the_rest() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let (project, session) = waiting(&ada).await;
    let path = format!("/chat/{session}/stream");
    // This one never hangs up.
    let mut watcher = Frames::open(ada.api(Method::GET, &path)).await;
    let mut uncut = vec![watcher.next().await.unwrap()];
    assert_eq!(uncut[0].event, "snapshot");
    let before: Vec<i64> =
        ada.events(&session).await.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    flood(&app, &project, 5_000, 1).await;
    // Everybody who comes back now, wherever they were.
    let mut back = Vec::new();
    for after in &before {
        back.push(Frames::open(ada.api(Method::GET, &path).header("last-event-id", *after)).await);
    }
    for stream in &mut back {
        let frame = stream.next().await.unwrap();
        assert_eq!(frame.event, "snapshot", "the buffer has moved on");
        assert_eq!(Known::after([&frame]).events, Known::after(&uncut).events);
    }
    let asked = ada.events(&session).await;
    let asked = asked.iter().find(|event| event["kind"] == "approval.requested").unwrap();
    let call = asked["data"]["callId"].as_str().unwrap();
    let approve = format!("/sessions/{session}/calls/{call}/approve");
    assert_eq!(ada.post(&approve, &serde_json::json!({ "approval": "once" })).await.status, 200);
    uncut.extend(watcher.all().await);
    let expected = Known::after(&uncut);
    assert!(expected.events.values().any(|event| event["kind"] == "run.completed"));
    for stream in back {
        let rest = stream.all().await;
        // The rest, byte for byte; it is all that is left to say after the snapshot.
        assert_eq!(rest, uncut[1..]);
    }
}

#[tokio::test]
async fn a_place_that_never_was_is_a_snapshot_too() {
    let app = app(vec![], Duration::ZERO).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Never").await;
    ada.block(&project).await;
    for after in ["-1", "999999999", "9223372036854775807", "-9223372036854775808"] {
        let path = format!("/projects/{project}/stream?after={after}");
        let mut stream = Frames::open(ada.api(Method::GET, &path)).await;
        assert_eq!(stream.next().await.unwrap().event, "snapshot", "{after}");
    }
}

#[tokio::test]
async fn an_unfinished_text_is_whole_for_whoever_comes_late() {
    let pieces: Vec<String> = (0..60).map(|number| format!("{number} ")).collect();
    let app = app(vec![Step::Text(pieces)], Duration::from_millis(10)).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Late").await;
    let session = ada.session(&project).await;
    ada.say(&session, "go").await;
    let path = format!("/chat/{session}/stream");
    let mut late = Vec::new();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        late.push(tokio::spawn(Frames::open(ada.api(Method::GET, &path)).await.all()));
    }
    let mut known = Vec::new();
    for frames in late {
        let frames = frames.await.unwrap();
        assert_eq!(frames[0].event, "snapshot");
        // The text so far, then more of it, is the text.
        let mut so_far = Known::default();
        for frame in &frames {
            if frame.event == "message.completed" {
                let message = &frame.json()["data"]["message"];
                let (id, text) = (message["id"].as_str().unwrap(), &message["parts"][0]["text"]);
                assert_eq!(text.as_str(), so_far.unfinished.get(&format!("text {id}")).map(String::as_str));
            }
            so_far.apply(frame);
        }
        known.push(so_far);
    }
    assert!(known.windows(2).all(|pair| pair[0] == pair[1]), "all end up knowing the same");
}

#[tokio::test]
async fn a_slow_reader_is_told_to_come_again() {
    let app = app(vec![], Duration::ZERO).await;
    let ada = app.person("Ada").await;
    let project = ada.project("Slow").await;
    let path = format!("/api/v1/projects/{project}/stream");
    let port = app.url.rsplit_once(':').unwrap().1;
    let address = format!("127.0.0.1:{port}");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut slow = socket.connect(address.parse().unwrap()).await.unwrap();
    let cookie = ada.cookie.clone().unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut text = vec![0; 512];
    let read = slow.read(&mut text).await.unwrap();
    text.truncate(read);
    // More than the buffer and everything on the way to the reader can hold.
    for _ in 0..20 {
        flood(&app, &project, 500, 2_000).await;
    }
    // A quick one beside it misses nothing.
    let before =
        app.platform.log.snapshot(&scope(&app, &ada).await, project.parse().unwrap()).await.unwrap().seq;
    let mut quick = Frames::open(ada.request(Method::GET, &format!("{path}?after={before}"))).await;
    slow.read_to_end(&mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("event: lagged\ndata: {}\n\n"), "{}", &text[text.len().saturating_sub(300)..]);
    assert!(text.len() < 40 << 20, "nothing is kept for it without bound: {}", text.len());
    // It comes back with the last position that it saw.
    let last =
        text.rmatch_indices("\nid: ").find_map(|(at, _)| text[at + 5..].lines().next()?.parse::<i64>().ok());
    let again = ada.request(Method::GET, &path).header("last-event-id", last.unwrap());
    assert_eq!(Frames::open(again).await.next().await.unwrap().event, "snapshot");
    let block = ada.block(&project).await;
    let frame = quick.next().await.unwrap();
    assert!(frame.event == "block.created" && frame.data.contains(&block), "{}", frame.raw);
}

async fn scope(app: &App, person: &Person) -> alumia_platform::OrgScope {
    app.platform.orgs.scope(person.user, &person.org).await.unwrap()
}
