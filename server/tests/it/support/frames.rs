//! Server-sent events as they stand on the wire.

use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use std::{collections::VecDeque, time::Duration};

/// How long a test waits for the next bytes of a stream that should have some.
const PATIENCE: Duration = Duration::from_mins(1);

/// One frame, byte for byte and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub raw: String,
    pub id: Option<i64>,
    /// Empty for a comment.
    pub event: String,
    pub data: String,
}

impl Frame {
    fn read(raw: &str) -> Self {
        let mut frame = Self { raw: raw.to_owned(), id: None, event: String::new(), data: String::new() };
        for line in raw.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => frame.id = Some(id.parse().unwrap()),
                Some(("event", event)) => event.clone_into(&mut frame.event),
                Some(("data", data)) => data.clone_into(&mut frame.data),
                _ => assert!(line == ":", "a line that no client understands: {line:?}"),
            }
        }
        frame
    }

    pub fn is_comment(&self) -> bool {
        self.raw == ":"
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.raw))
    }
}

/// An open stream. Dropping it closes the connection.
pub struct Frames {
    response: Response,
    ahead: VecDeque<Frame>,
    rest: Vec<u8>,
}

impl Frames {
    /// Opens a stream, which must be one.
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status();
        let kind = response.headers().get("content-type").cloned();
        if status == 200 && kind.is_some_and(|kind| kind == "text/event-stream") {
            return Self::of(response);
        }
        panic!("no stream: {status} {}", response.text().await.unwrap());
    }

    pub fn of(response: Response) -> Self {
        Self { response, ahead: VecDeque::new(), rest: Vec::new() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    /// The next frame, comments included; `None` at the end, or when the connection breaks.
    pub async fn any(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ahead.pop_front() {
                return Some(frame);
            }
            let next = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let piece = next.expect("the stream says nothing for a minute").ok()??;
            self.rest.extend_from_slice(&piece);
            while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
                let frame: Vec<u8> = self.rest.drain(..end + 2).take(end).collect();
                self.ahead.push_back(Frame::read(std::str::from_utf8(&frame).unwrap()));
            }
        }
    }

    /// The next frame that isn't a comment.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            match self.any().await {
                Some(frame) if frame.is_comment() => {}
                other => return other,
            }
        }
    }

    /// All frames to the end.
    pub async fn all(mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }

    /// Frames up to one of this kind, which is the last.
    pub async fn until(&mut self, kind: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            let last = frame.event == kind;
            frames.push(frame);
            if last {
                return frames;
            }
        }
        panic!("the stream ended before {kind}: {frames:#?}");
    }
}
