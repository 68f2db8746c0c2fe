use super::Operation;
use crate::{api::respond, error::Failure};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use std::marker::PhantomData;

/// What a handler answers.
pub trait Answers {
    /// Statuses and bodies.
    fn describe(operation: &mut Operation);
}

impl<T: Answers> Answers for Result<T, Failure> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

macro_rules! enveloped {
    ($($(#[$doc:meta])* $name:ident $status:ident $words:literal;)+) => {$(
        $(#[$doc])*
        pub struct $name<T>(pub T);

        impl<T: Serialize> IntoResponse for $name<T> {
            fn into_response(self) -> Response {
                respond(StatusCode::$status, self.0)
            }
        }

        impl<T: JsonSchema> Answers for $name<T> {
            fn describe(operation: &mut Operation) {
                operation.answer::<T>(StatusCode::$status, $words);
            }
        }
    )+};
}
enveloped! {
    /// `200` with the envelope around it.
    Data OK "What was asked for.";
    /// `201` with the envelope around it.
    Created CREATED "It was made.";
    /// `202` with the envelope around it.
    Accepted ACCEPTED "It was accepted and goes on by itself.";
}

/// `200` with the envelope around JSON that is there already.
pub struct Ready<T> {
    json: Bytes,
    of: PhantomData<T>,
}

impl<T> Ready<T> {
    /// `json` is a `T`.
    pub const fn new(json: Bytes) -> Self {
        Self { json, of: PhantomData }
    }
}

impl<T> IntoResponse for Ready<T> {
    fn into_response(self) -> Response {
        let body = [&br#"{"success":true,"data":"#[..], &self.json, b"}"].concat();
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

impl<T: JsonSchema> Answers for Ready<T> {
    fn describe(operation: &mut Operation) {
        operation.answer::<T>(StatusCode::OK, "What was asked for.");
    }
}

/// `200` for something done that has nothing to show.
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        respond(StatusCode::OK, ())
    }
}

impl Answers for Done {
    fn describe(operation: &mut Operation) {
        operation.answer::<()>(StatusCode::OK, "It is done.");
    }
}

/// Server-sent events.
pub struct EventStream(pub Response);

/// Events, or 202 with the run's id where the caller wants JSON.
pub struct Chatted(pub Response);

/// Events, or 204 where there is nothing to watch.
pub struct Watched(pub Response);

/// A file's bytes.
pub struct Download(pub Response);

/// A project's archive.
pub struct Archived(pub Response);

/// What was restored, or would be.
pub struct Restored(pub Response);

/// A picture, if there is one.
pub struct Picture(pub Response);

macro_rules! plain {
    ($($name:ident),+) => {$(
        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                self.0
            }
        }
    )+};
}
plain!(EventStream, Chatted, Watched, Download, Archived, Restored, Picture);

const EVENTS: &str = "Server-sent events. `id:` is the position to resume from, `event:` the kind, `data:` the event as \
     JSON. A comment line every 15 seconds keeps the connection open.";

impl Answers for EventStream {
    fn describe(operation: &mut Operation) {
        operation.events(EVENTS);
    }
}

impl Answers for Chatted {
    fn describe(operation: &mut Operation) {
        operation.events(EVENTS);
        let words = "With `Accept: application/json`: the run goes on by itself.";
        operation.answer::<alumia_protocol::sessions::ChatAccepted>(StatusCode::ACCEPTED, words);
    }
}

impl Answers for Watched {
    fn describe(operation: &mut Operation) {
        operation.events(EVENTS);
        operation.empty(StatusCode::NO_CONTENT, "Nothing is going on (with `protocol=ai-sdk`).");
    }
}

impl Answers for Download {
    fn describe(operation: &mut Operation) {
        operation.content(StatusCode::OK, "The file's bytes.", "*/*");
        operation.content(StatusCode::PARTIAL_CONTENT, "Those that `Range` asks for.", "*/*");
        operation.empty(StatusCode::NOT_MODIFIED, "`If-None-Match` names what it holds.");
        operation.errors.insert(416);
    }
}

impl Answers for Archived {
    fn describe(operation: &mut Operation) {
        let words = "A zip archive: the files under `files/`, and `manifest.json` with the project's fields, its \
            blocks, and each file's size and SHA-256; `manifest.json.sha256` is the manifest's own.";
        operation.content(StatusCode::OK, words, "application/zip");
    }
}

impl Answers for Restored {
    fn describe(operation: &mut Operation) {
        type Told = alumia_protocol::copies::RestoredProject;
        operation.answer::<Told>(StatusCode::OK, "With `dryRun`: what would happen.");
        operation.answer::<Told>(StatusCode::CREATED, "It was made.");
    }
}

impl Answers for Picture {
    fn describe(operation: &mut Operation) {
        operation.content(StatusCode::OK, "The picture.", "image/jpeg");
        operation.empty(StatusCode::NO_CONTENT, "There is none.");
    }
}

/// An answer of a shape that nobody wrote down.
impl Answers for Response {
    fn describe(operation: &mut Operation) {
        operation.answer::<serde_json::Value>(StatusCode::OK, "What was asked for.");
        operation.answer::<serde_json::Value>(StatusCode::CREATED, "It was made.");
    }
}
