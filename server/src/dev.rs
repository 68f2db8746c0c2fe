//! Pages that exist in development mode alone.

use crate::app::App;
use alumia_platform::mail::{Kept, Mailbox};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use std::fmt::Write as _;

/// The pages; none when the server wasn't started with `--dev`.
pub fn router(app: &App) -> Router<App> {
    let Some(mailbox) = app.platform.mailbox.clone() else { return Router::new() };
    Router::new().route("/dev/mailbox", get(page)).route("/dev/mailbox.json", get(list)).with_state(mailbox)
}

/// The letters for programs, the newest first.
async fn list(State(mailbox): State<Mailbox>) -> Response {
    let letters: Vec<_> = mailbox
        .letters()
        .into_iter()
        .map(|Kept { letter, at }| json!({ "to": letter.to, "subject": letter.subject, "text": letter.text, "at": at }))
        .collect();
    private(Json(letters).into_response())
}

/// The letters for people.
async fn page(State(mailbox): State<Mailbox>) -> Response {
    let mut letters = String::new();
    for Kept { letter, at } in mailbox.letters() {
        // Writing to a string can't fail.
        let _ = write!(
            letters,
            "<article class=\"card mailbox-letter\"><header><h2>{}</h2><p class=\"muted\">To {} · \
             <time datetime=\"{at}\">{at}</time></p></header><p class=\"mailbox-text\">{}</p></article>",
            escape(&letter.subject),
            escape(&letter.to),
            with_links(&letter.text),
        );
    }
    if letters.is_empty() {
        letters
            .push_str("<p class=\"muted\">No letters yet. What Alumia would send by mail shows up here.</p>");
    }
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mailbox · Alumia</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\
         <link rel=\"stylesheet\" href=\"/pkg/alumia.css\"></head><body>\
         <main class=\"page mailbox\"><header class=\"page-head\"><h1>Mailbox</h1></header>{letters}</main></body></html>"
    );
    let mut response = private(Html(html).into_response());
    let policy = HeaderValue::from_static("default-src 'self'; base-uri 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

/// Words that begin like addresses of pages become links.
fn with_links(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let (link, space) = word.split_at(word.trim_end().len());
        let escaped = escape(link);
        if link.starts_with("https://") || link.starts_with("http://") {
            format!("<a href=\"{escaped}\">{escaped}</a>{space}")
        } else {
            format!("{escaped}{space}")
        }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::with_links;

    #[test]
    fn letters_are_shown_as_text_with_links() {
        let shown = with_links("Hi <b>Ada</b>,\nhttps://a.example/x?a=1&b=\"2\"\nbye");
        assert_eq!(
            shown,
            "Hi &lt;b&gt;Ada&lt;/b&gt;,\n<a href=\"https://a.example/x?a=1&amp;b=&quot;2&quot;\">\
             https://a.example/x?a=1&amp;b=&quot;2&quot;</a>\nbye"
        );
    }
}
