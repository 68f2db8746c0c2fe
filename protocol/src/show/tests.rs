use super::*;
use crate::Timestamp;
use serde_json::{Value, json};

fn fault(value: Value) -> (String, String) {
    match serde_json::from_value::<Show>(value.clone()) {
        Ok(show) => {
            let error = show.check().expect_err(&value.to_string());
            (error.path, error.message)
        }
        Err(error) => (String::new(), error.to_string()),
    }
}

#[test]
fn examples_pass_and_come_back_as_they_were() {
    let mut names = Vec::new();
    for example in Show::examples() {
        example.check().unwrap();
        let text = serde_json::to_value(&example).unwrap();
        assert_eq!(text["type"], example.type_name());
        assert_eq!(serde_json::from_value::<Show>(text).unwrap(), example);
        names.push(example.type_name());
    }
    let all = "document code terminal image browser spreadsheet timer drawing transcript audio video map pdf";
    assert_eq!(names.join(" "), all, "one example of each");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let sheet = |rows: Value| json!({ "type": "spreadsheet", "sheets": [{ "name": "A", "rows": rows }] });
    let shape = |shape: Value| json!({ "type": "drawing", "width": 100, "height": 100, "shapes": [shape] });
    let feature = |feature: Value| json!({ "type": "map", "features": [feature] });
    let turns = |turns: Value| json!({ "type": "transcript", "turns": turns });
    for (value, path, says) in [
        (json!({ "type": "spreadsheet" }), "/sheets", "at least one sheet"),
        (json!({ "type": "spreadsheet", "file": "a.txt" }), "/file", "csv or xlsx"),
        (sheet(json!([[1], ["ok", "=SUM(A1:A2)"]])), "/sheets/0/rows/1/1", "formulas are not calculated"),
        (sheet(json!([["x".repeat(5_001)]])), "/sheets/0/rows/0/0", "at most 5000"),
        (sheet(json!([vec![1; 201]])), "/sheets/0/rows/0", "at most 200"),
        (sheet(json!([[[1]]])), "", "did not match"),
        (json!({ "type": "timer", "mode": "countdown" }), "/seconds", "is missing"),
        (json!({ "type": "timer", "mode": "countdown", "seconds": 0 }), "/seconds", "between 1 and"),
        (json!({ "type": "timer", "mode": "stopwatch", "seconds": 5 }), "/seconds", "countdown alone"),
        (json!({ "type": "timer", "mode": "until" }), "/until", "is missing"),
        (json!({ "type": "timer", "mode": "until", "until": "tomorrow" }), "", "four digit"),
        (json!({ "type": "drawing", "width": 0, "height": 100 }), "/width", "between 50 and"),
        (shape(json!({ "type": "stroke", "points": [] })), "/shapes/0/points", "at least one"),
        (shape(json!({ "type": "line", "from": [0, 1e9], "to": [0, 0] })), "/shapes/0/from", "1000000000"),
        (shape(json!({ "type": "ellipse", "at": [0, 0], "size": [-1, 1] })), "/shapes/0/size", "-1"),
        (shape(json!({ "type": "text", "at": [0, 0], "text": " " })), "/shapes/0/text", "is empty"),
        (shape(json!({ "type": "line", "from": [0, 0], "to": [0, 0], "color": "url(#x)" })), "", "url(#x)"),
        (turns(json!([])), "/turns", "at least one"),
        (turns(json!([{ "text": "a", "at": 9 }, { "text": "b", "at": 4 }])), "/turns/1/at", "order of time"),
        (turns(json!([{ "text": "" }])), "/turns/0/text", "is empty"),
        (json!({ "type": "audio", "path": "a.html" }), "/path", "mp3"),
        (json!({ "type": "audio", "path": " " }), "/path", "is empty"),
        (json!({ "type": "video", "path": "a.svg", "alt": "x" }), "/path", "mp4"),
        (json!({ "type": "video", "path": "a.mp4", "alt": "" }), "/alt", "is empty"),
        (json!({ "type": "video", "path": "a.mp4", "alt": "x", "poster": "a.svg" }), "/poster", "png"),
        (
            json!({ "type": "video", "path": "a.mp4", "alt": "x",
                "captions": [{ "path": "a.vtt", "language": "e\"n", "label": "E" }] }),
            "/captions/0/language",
            "tag",
        ),
        (json!({ "type": "pdf", "path": "a.html" }), "/path", "pdf"),
        (json!({ "type": "pdf", "path": "a.pdf", "page": 0 }), "/page", "1 or more"),
        (json!({ "type": "map", "features": [] }), "/features", "at least one"),
        (feature(json!({ "type": "point", "lat": 91, "lon": 0, "label": "x" })), "/features/0/lat", "91"),
        (feature(json!({ "type": "point", "lat": 0, "lon": 0, "label": "" })), "/features/0/label", "empty"),
        (
            feature(json!({ "type": "line", "points": [[0, 0], [0, 181]], "label": "x" })),
            "/features/0/points/1/1",
            "181",
        ),
        (
            feature(json!({ "type": "area", "points": [[0, 0], [1, 1]], "label": "x" })),
            "/features/0/points",
            "3",
        ),
        (json!({ "type": "map", "features": [], "tiles": "https://evil.example" }), "", "tiles"),
        (json!({ "type": "audio", "path": "a.mp3", "autoplay": true }), "", "autoplay"),
    ] {
        let (at, message) = fault(value.clone());
        assert_eq!(at, path, "{value}: {message}");
        assert!(message.contains(says), "{value}: {message}");
    }
}

#[test]
fn a_countdown_counts_pauses_and_ends() {
    let start = Timestamp(1_700_000_000_000_000);
    let after = |seconds: i64| start.plus_seconds(seconds);
    let mut timer = Timer { seconds: Some(60), ..Timer::example() };
    assert_eq!((timer.shown(start), timer.is_running(start)), (60_000, false));
    timer.run(start);
    timer.run(after(5));
    assert_eq!(
        (timer.shown(after(20)), timer.is_running(after(20))),
        (40_000, true),
        "a second start is none"
    );
    assert_eq!(timer.ends_at(), Some(after(60)));
    timer.pause(after(20));
    assert_eq!((timer.shown(after(500)), timer.is_running(after(500))), (40_000, false));
    timer.run(after(500));
    assert_eq!(timer.ends_at(), Some(after(540)));
    assert!(!timer.is_over(after(539)) && timer.is_over(after(540)) && !timer.is_running(after(540)));
    // A clock that goes wrong makes nothing negative.
    assert_eq!(timer.shown(after(-900)), 40_000);
    timer.reset();
    assert_eq!(timer, Timer { seconds: Some(60), ..Timer::example() });

    let mut watch = Timer { mode: TimerMode::Stopwatch, seconds: None, ..timer.clone() };
    watch.run(start);
    assert_eq!((watch.shown(after(90)), watch.is_over(after(90))), (90_000, false));
    let until = Timer { mode: TimerMode::Until, seconds: None, until: Some(after(30)), ..timer };
    assert_eq!(
        (until.shown(start), until.is_over(after(29)), until.is_over(after(30))),
        (30_000, false, true)
    );
}

#[test]
fn cells_are_what_was_typed() {
    for (typed, cell) in [
        ("12", json!(12)),
        ("-3.5", json!(-3.5)),
        ("007", json!("007")),
        ("12.50", json!("12.50")),
        ("1e5", json!("1e5")),
        ("NaN", json!("NaN")),
        (" a ", json!("a")),
        ("TRUE", json!(true)),
        ("", Value::Null),
    ] {
        assert_eq!(serde_json::to_value(Cell::typed(typed)).unwrap(), cell, "{typed}");
    }
    assert!(Cell::typed("=A1").fault().is_some());
    assert!(Cell::typed("== twice ==").fault().is_none());
    let mut sheet = Sheet::default();
    assert!(sheet.put(2, 1, Cell::typed("x")) && !sheet.put(MAX_ROWS, 0, Cell::typed("x")));
    assert_eq!((sheet.rows.len(), sheet.columns(), sheet.text(2, 1)), (3, 2, "x".to_owned()));
    assert!(sheet.put(9, 9, Cell::Empty), "nothing makes no rows");
    assert_eq!(sheet.rows.len(), 3);
    assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
}

#[test]
fn files_that_run_have_no_media_type() {
    use crate::files::media_type;
    for path in ["a.svg", "a.html", "a.js", "a.xml", "a.xhtml", "a", "a.pdf.html", "mp3"] {
        assert_eq!(media_type(path), None, "{path}");
    }
    assert_eq!(media_type("x/A.MP3"), Some("audio/mpeg"));
}
