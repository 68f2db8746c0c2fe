//! A thin HTTP client that keeps a session cookie, as a browser would.

use alumia_server::api::BASE;
use reqwest::{
    Method, RequestBuilder, Response,
    header::{COOKIE, HeaderMap, SET_COOKIE},
};
use serde_json::Value;

/// Sends requests to one server; with a cookie once it has one.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub url: String,
    /// `name=value`.
    pub cookie: Option<String>,
    /// An API key, sent instead of the cookie.
    pub key: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Client {
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url: url.to_owned(), cookie: None, key: None }
    }

    /// The same connection pool, signed out.
    pub fn anonymous(&self) -> Self {
        Self { cookie: None, key: None, ..self.clone() }
    }

    /// A program with this key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { cookie: None, key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same person at another address.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A request to a path of the whole server. With a cookie it comes from a page of the server's own.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match (&self.key, &self.cookie) {
            (Some(key), _) => request.bearer_auth(key),
            (None, Some(cookie)) => request.header(COOKIE, cookie).header("sec-fetch-site", "same-origin"),
            (None, None) => request,
        }
    }

    /// A request to a path of the API.
    pub fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("{BASE}{path}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.api(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.api(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.api(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.api(Method::PUT, path).body(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.api(Method::DELETE, path)).await
    }

    /// Takes over the cookie that an answer sets; without a value it is gone.
    pub fn keep(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.header(SET_COOKIE.as_str()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
    }
}

impl Answer {
    /// Sends a request and reads the whole answer.
    pub async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    /// Reads the whole answer; of a stream only the head.
    pub async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let endless = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes = if endless { Vec::new() } else { response.bytes().await.unwrap().to_vec() };
        Self { status, headers, bytes }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The data of a good answer.
    pub fn data(&self) -> Value {
        let body = self.json();
        assert!(self.status < 300 && body["success"] == true, "{self}");
        body["data"].clone()
    }

    /// The error of a bad answer, whose envelope is looked at on the way.
    pub fn error(&self) -> Value {
        let body = self.json();
        assert!(self.status >= 400 && body["success"] == false, "{self}");
        assert_eq!(body["error"]["requestId"].as_str(), self.header("x-request-id"), "{self}");
        let mut error = body["error"].clone();
        error.as_object_mut().unwrap().remove("requestId");
        error
    }

    /// `(status, code, reason)` of a bad answer.
    pub fn refusal(&self) -> (u16, String, String) {
        let error = self.error();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("reason"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.bytes))
    }
}
