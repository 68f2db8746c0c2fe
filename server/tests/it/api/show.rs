//! Primitives from an agent's call to the canvas, and the files that they play.

use crate::support::{
    App,
    people::{Person, text},
};
use reqwest::{Method, header::RANGE};
use serde_json::{Value, json};

/// Has a block made, and returns how the call ended.
async fn show(ada: &Person, project: &str, content: Value) -> Value {
    call(ada, project, "show", json!({ "title": "Shown", "content": content })).await
}

/// Has a tool called in a session of its own and returns how the call ended.
async fn call(ada: &Person, project: &str, tool: &str, arguments: Value) -> Value {
    let session = &ada.session(project).await;
    ada.say(session, &format!("call {tool} {arguments}")).await;
    ada.settled(session).await;
    let events = ada.events(session).await;
    // Arguments that don't pass are told in a `tool.retrying`, and the guide then shows its example instead.
    let ends = ["tool.completed", "tool.failed", "tool.retrying"].map(Value::from);
    events.into_iter().find(|event| ends.contains(&event["kind"])).unwrap()
}

async fn put(ada: &Person, project: &str, path: &str, bytes: impl Into<reqwest::Body>) {
    let answer = ada.put(&format!("/projects/{project}/files/content?path={path}"), bytes).await;
    assert_eq!(answer.status, 200, "{answer}");
}

const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2";

#[tokio::test]
async fn an_agent_shows_each_type_and_is_told_what_is_wrong() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Shown").await;
    for (path, bytes) in [
        ("a.mp3", b"ID3\x04\0\0\0\0\0\0".as_slice()),
        ("a.mp4", MP4),
        ("a.pdf", b"%PDF-1.4\n%%EOF"),
        ("a.vtt", b"\xef\xbb\xbfWEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"),
        ("text.mp3", b"<script>alert(1)</script>"),
        ("text.vtt", b"Hello"),
        ("page.pdf", b"<html>"),
        ("film.mp3", b"%PDF-1.4"),
        ("empty.mp4", b""),
        ("rain.csv", b"Month;mm\nJanuary;80\n"),
        ("odd.xlsx", b"PK\x03\x04 and nothing else"),
    ] {
        put(&ada, &project, path, bytes.to_vec()).await;
    }

    for content in [
        json!({ "type": "audio", "path": "a.mp3" }),
        json!({ "type": "video", "path": "a.mp4", "alt": "x", "captions": [{ "path": "a.vtt", "language": "en", "label": "English" }] }),
        json!({ "type": "pdf", "path": "a.pdf", "page": 2 }),
        json!({ "type": "transcript", "turns": [{ "speaker": "Ines", "at": 1.5, "text": "Yes." }] }),
        json!({ "type": "timer", "mode": "countdown", "seconds": 60, "start": true }),
        json!({ "type": "drawing", "width": 100, "height": 100, "shapes": [{ "type": "stroke", "points": [[1, 2]] }] }),
        json!({ "type": "map", "features": [{ "type": "point", "lat": 60, "lon": 5, "label": "Bergen" }] }),
        json!({ "type": "spreadsheet", "file": "rain.csv" }),
    ] {
        let ended = show(&ada, &project, content.clone()).await;
        assert_eq!(ended["kind"], "tool.completed", "{content}: {ended}");
        let id = text(&ended["data"]["output"]["blockId"]);
        let block = ada.get(&format!("/blocks/{id}")).await.data();
        let stored = &block["content"]["data"];
        assert_eq!(stored["type"], content["type"]);
        match content["type"].as_str().unwrap() {
            "timer" => assert!(stored["startedAt"].is_string() && stored.get("start").is_none(), "{stored}"),
            // Read in once: what is shown needs the file no more.
            "spreadsheet" => assert_eq!(
                (&stored["sheets"], stored.get("file")),
                (&json!([{ "name": "rain", "head": 1, "rows": [["Month", "mm"], ["January", 80]] }]), None)
            ),
            _ => {}
        }
    }

    let captions = |path: &str| json!([{ "path": path, "language": "en", "label": "English" }]);
    for (content, path, says) in [
        (json!({ "type": "audio", "path": "none.mp3" }), "/content/path", "names no file"),
        (json!({ "type": "audio", "path": "../a.mp3" }), "/content/path", "is no path"),
        (json!({ "type": "audio", "path": "text.mp3" }), "/content/path", "this file is text/plain"),
        (json!({ "type": "audio", "path": "film.mp3" }), "/content/path", "this file is application/pdf"),
        (json!({ "type": "audio", "path": "a.exe" }), "/content/path", "ends in mp3"),
        (json!({ "type": "video", "path": "empty.mp4", "alt": "x" }), "/content/path", "an empty file"),
        (
            json!({ "type": "video", "path": "a.mp4", "alt": "x", "captions": captions("text.vtt") }),
            "/content/captions/0/path",
            "WEBVTT",
        ),
        (json!({ "type": "video", "path": "a.mp4" }), "/content/alt", "is missing"),
        (json!({ "type": "pdf", "path": "page.pdf" }), "/content/path", "must be a PDF file"),
        (json!({ "type": "spreadsheet", "file": "odd.xlsx" }), "/content/file", "can't be unpacked"),
        (json!({ "type": "spreadsheet", "file": "a.mp3" }), "/content/file", "csv or xlsx"),
        (
            json!({ "type": "spreadsheet", "sheets": [{ "name": "A", "rows": [["=A1"]] }] }),
            "/content/sheets/0/rows/0/0",
            "formulas are not calculated",
        ),
        (json!({ "type": "timer", "mode": "countdown" }), "/content/seconds", "is missing"),
        (json!({ "type": "timer", "mode": "egg" }), "/content/mode", "must be one of"),
        (json!({ "type": "transcript", "turns": [] }), "/content/turns", "at least one"),
        (
            json!({ "type": "drawing", "width": 100, "height": 100, "shapes": [{ "type": "svg", "text": "<svg>" }] }),
            "/content/shapes/0/type",
            "must be one of",
        ),
        (
            json!({ "type": "map", "features": [{ "type": "point", "lat": 95, "lon": 0, "label": "x" }] }),
            "/content/features/0/lat",
            "between -90 and 90",
        ),
    ] {
        let ended = show(&ada, &project, content.clone()).await;
        assert_ne!(ended["kind"], "tool.completed", "{content}: {ended}");
        let error = &ended["data"]["error"];
        assert_eq!(error["path"], path, "{content}: {error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{content}: {error}");
    }
}

#[tokio::test]
async fn agents_find_what_people_read_and_not_how_it_is_drawn() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Found").await;
    let point = json!({ "type": "point", "lat": 60.39, "lon": 5.32, "label": "Bergen", "note": "Arrived" });
    for (title, data) in [
        (
            "Sketch",
            json!({ "type": "drawing", "width": 417, "height": 100, "shapes": [{ "type": "text", "at": [1, 2], "text": "Pump house", "color": "teal" }] }),
        ),
        ("Way", json!({ "type": "map", "features": [point] })),
        (
            "Figures",
            json!({ "type": "spreadsheet", "sheets": [{ "name": "Rain", "rows": [["January", 80.5]] }] }),
        ),
        (
            "Talk",
            json!({ "type": "transcript", "turns": [{ "speaker": "Ines", "text": "The gauge was down." }] }),
        ),
    ] {
        let block = json!({ "title": title, "content": { "kind": "show", "data": data } });
        assert_eq!(ada.post(&format!("/projects/{project}/blocks"), &block).await.status, 201);
    }
    for (query, titles) in [
        ("pump", json!(["Sketch"])),
        ("bergen arrived", json!(["Way"])),
        ("80.5", json!(["Figures"])),
        ("gauge ines", json!(["Talk"])),
        ("teal", json!([])),
        ("417", json!([])),
        ("60.39", json!([])),
    ] {
        let ended = call(&ada, &project, "search_blocks", json!({ "query": query })).await;
        let found = &ended["data"]["output"]["blocks"];
        let found: Vec<&Value> =
            found.as_array().unwrap_or_else(|| panic!("{ended}")).iter().map(|it| &it["title"]).collect();
        assert_eq!(json!(found), titles, "{query}: {ended}");
    }
}

#[tokio::test]
async fn the_api_takes_no_spreadsheet_whose_file_nobody_reads() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    let project = ada.project("Shown").await;
    let content = json!({ "kind": "show", "data": { "type": "spreadsheet", "file": "rain.csv" } });
    let answer = ada.post(&format!("/projects/{project}/blocks"), &json!({ "content": content })).await;
    assert_eq!(answer.status, 422, "{answer}");
    assert!(String::from_utf8_lossy(&answer.bytes).contains("put the cells into sheets"), "{answer}");
}

#[tokio::test]
async fn players_leap_about_and_nothing_in_a_file_runs() {
    let app = App::start().await;
    let ada = app.person("Ada").await;
    app.step_up(&ada).await;
    let project = ada.project("Played").await;
    let film: Vec<u8> = MP4.iter().copied().chain((0..200_000_u32).map(|at| (at % 251) as u8)).collect();
    for (path, bytes) in [("a.mp4", film.clone()), ("a.pdf", b"%PDF-1.4".to_vec()), ("b.mp4", film.clone())] {
        put(&ada, &project, path, bytes).await;
    }
    for data in
        [json!({ "type": "video", "path": "a.mp4", "alt": "x" }), json!({ "type": "pdf", "path": "a.pdf" })]
    {
        let block = json!({ "title": "x", "content": { "kind": "show", "data": data } });
        assert_eq!(ada.post(&format!("/projects/{project}/blocks"), &block).await.status, 201);
    }
    let token = |wishes: Value| {
        let (ada, project) = (&ada, &project);
        async move { text(&ada.post(&format!("/projects/{project}/share"), &wishes).await.data()["token"]) }
    };
    let nobody = app.nobody();
    for mode in ["member", "live", "frozen"] {
        let base = match mode {
            "member" => format!("/projects/{project}/files/content"),
            mode => format!(
                "/share/project/{}/files/content",
                token(json!({ "files": true, "mode": mode })).await
            ),
        };
        let ask = async |path: &str, range: Option<&str>| {
            let client = if mode == "member" { &*ada } else { &nobody };
            let request = client.api(Method::GET, &format!("{base}?path={path}"));
            let request = match range {
                Some(range) => request.header(RANGE, range),
                None => request,
            };
            crate::support::client::Answer::of(request.header("accept-encoding", "gzip, br")).await
        };
        let whole = ask("a.mp4", None).await;
        assert_eq!((whole.status, whole.header("content-type")), (200, Some("video/mp4")), "{mode}");
        assert_eq!((whole.header("accept-ranges"), whole.header("content-encoding")), (Some("bytes"), None));
        assert_eq!(whole.header("content-length"), Some(film.len().to_string().as_str()), "{mode}");
        assert!(whole.bytes == film);
        assert!(whole.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
        assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
        for (range, status, from, to) in [
            ("bytes=0-9", 206, 0, 10),
            ("bytes=100000-", 206, 100_000, film.len()),
            ("bytes=-5", 206, film.len() - 5, film.len()),
            ("bytes=70000-70000", 206, 70_000, 70_001),
            ("bytes=0-1,5-6", 200, 0, film.len()),
            ("pages=1-2", 200, 0, film.len()),
        ] {
            let part = ask("a.mp4", Some(range)).await;
            assert_eq!(part.status, status, "{mode} {range}");
            assert!(part.bytes == film[from..to], "{mode} {range}");
            if status == 206 {
                let told = format!("bytes {from}-{}/{}", to - 1, film.len());
                assert_eq!(part.header("content-range"), Some(told.as_str()), "{mode} {range}");
            }
        }
        let beyond = ask("a.mp4", Some("bytes=900000-")).await;
        assert_eq!(beyond.status, 416, "{mode}");
        assert_eq!(beyond.header("content-range"), Some(format!("bytes */{}", film.len()).as_str()));
        assert_eq!(beyond.json()["error"]["message"], "The file has no such bytes.");

        let pdf = ask("a.pdf", None).await;
        assert_eq!((pdf.status, pdf.header("content-type")), (200, Some("application/pdf")), "{mode}");
        assert_eq!(pdf.header("x-frame-options"), Some("SAMEORIGIN"));
        let policy = pdf.header("content-security-policy").unwrap();
        assert_eq!(policy, "sandbox; default-src 'none'; frame-ancestors 'self'");
        assert_eq!(whole.header("x-frame-options"), Some("DENY"));
        let other = ask("b.mp4", None).await.status;
        assert_eq!(other, if mode == "member" { 200 } else { 404 }, "{mode}: no block shows it");
    }

    // One that has the file is told so; another file under its name is another one.
    let path = format!("/projects/{project}/files/content?path=a.mp4");
    let tag = ada.get(&path).await.header("etag").unwrap().to_owned();
    let again = |name: &'static str| {
        crate::support::client::Answer::of(
            ada.api(Method::GET, &path).header(name, &tag).header(RANGE, "bytes=0-3"),
        )
    };
    assert_eq!(again("if-none-match").await.status, 304);
    assert_eq!(again("if-range").await.status, 206);
    put(&ada, &project, "a.mp4", b"another".to_vec()).await;
    assert_eq!(again("if-none-match").await.status, 206);
    assert_eq!(again("if-range").await.bytes, b"another", "a part of another file would be nonsense");

    // Without files nothing of them is told.
    let base = format!("/share/project/{}", token(json!({})).await);
    let canvas = nobody.get(&base).await;
    assert!(!String::from_utf8_lossy(&canvas.bytes).contains("a.mp4"), "{canvas}");
    assert_eq!(nobody.get(&format!("{base}/files/content?path=a.mp4")).await.status, 404);
}
