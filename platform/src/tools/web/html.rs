//! A page as text: what a reader would read, with headings, lists, rows and the addresses of links.

use ammonia::{Builder, UrlRelative};
use std::{collections::HashSet, sync::LazyLock};

/// Elements that shape the text; all others vanish and leave theirs.
const KEPT: [&str; 27] = [
    "a",
    "article",
    "blockquote",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];
/// Elements whose text nobody reads.
const DROPPED: [&str; 13] = [
    "script", "style", "noscript", "template", "svg", "math", "head", "title", "iframe", "object", "canvas",
    "select", "textarea",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(KEPT))
        .clean_content_tags(HashSet::from(DROPPED))
        .tag_attributes([("a", HashSet::from(["href"]))].into())
        .url_schemes(HashSet::from(["http", "https"]))
        // Where a link of the page itself leads says nothing without the page's address.
        .url_relative(UrlRelative::Deny)
        .link_rel(None);
    builder
});

/// The page's title, if it has one.
pub fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let from = open + lower[open..].find('>')? + 1;
    let to = from + lower[from..].find("</title")?;
    let text = decode(&html[from..to]).split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// The page's text.
pub fn text(html: &str) -> String {
    // The cleaner parses as browsers do and writes well-formed HTML, so what follows is simple.
    let clean = CLEANER.clean(html).to_string();
    let mut out = Text::default();
    let mut rest = clean.as_str();
    while let Some(open) = rest.find('<') {
        out.words(&decode(&rest[..open]));
        let Some(length) = rest[open..].find('>') else { break };
        out.tag(&rest[open + 1..open + length]);
        rest = &rest[open + length + 1..];
    }
    out.words(&decode(rest));
    out.text.trim().to_owned()
}

#[derive(Default)]
struct Text {
    text: String,
    /// Inside `pre`, where spaces count.
    pre: usize,
    /// Where the links that are open lead.
    links: Vec<String>,
}

impl Text {
    fn words(&mut self, words: &str) {
        if self.pre > 0 {
            self.text.push_str(words);
            return;
        }
        for (index, word) in words.split_whitespace().enumerate() {
            let gap = index > 0 || words.starts_with(char::is_whitespace);
            if gap && !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
        if words.ends_with(char::is_whitespace) && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }

    /// Ends the line; at least `wanted` line breaks stand before what follows.
    fn lines(&mut self, wanted: usize) {
        let kept = self.text.trim_end_matches([' ', '\n']).len();
        let have = self.text[kept..].matches('\n').count();
        if self.pre == 0 {
            self.text.truncate(kept);
            if kept > 0 {
                self.text.push_str(&"\n".repeat(wanted.max(have)));
            }
        } else {
            self.text.push_str(&"\n".repeat(wanted.saturating_sub(have)));
        }
    }

    fn tag(&mut self, tag: &str) {
        let (end, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        match name {
            "br" => self.lines(1),
            "a" if end => {
                if let Some(url) = self.links.pop().filter(|url| !url.is_empty()) {
                    self.text.push_str(&format!(" <{url}>"));
                }
            }
            "a" => self.links.push(href(tag)),
            "td" | "th" if end => self.text.push_str(" | "),
            "code" | "td" | "th" => {}
            "tr" | "dt" | "dd" => self.lines(1),
            "li" => {
                self.lines(1);
                if !end {
                    self.text.push_str("- ");
                }
            }
            "pre" => {
                self.lines(2);
                self.pre = if end { self.pre.saturating_sub(1) } else { self.pre + 1 };
            }
            _ => {
                self.lines(2);
                if let (false, Some(level)) = (end, name.strip_prefix('h').and_then(|n| n.parse().ok())) {
                    self.text.push_str(&"#".repeat(level));
                    self.text.push(' ');
                }
            }
        }
    }
}

fn href(tag: &str) -> String {
    let value = tag.split_once("href=\"").and_then(|(_, rest)| rest.split_once('"'));
    value.map(|(url, _)| decode(url)).unwrap_or_default()
}

/// The entities that a well-formed serialiser writes, and the usual ones of titles.
fn decode(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_as_text() {
        let page = "<!doctype html><head><title>A &amp; B\n</title><style>p{}</style></head><body><nav>
            <a href=/x>Home</a></nav><h1>Rain  in\nPorto</h1><script>alert('no')</script><p>It <b>rained</b>
            a lot &lt;here&gt;.<p>See <a href='https://example.org/?a=1&amp;b=2'>the data</a>.<ul><li>one<li>two
            </ul><table><tr><th>Year<th>mm<tr><td>2023<td>1200</table><pre>a\n  b</pre><svg><text>no</text></svg>";
        assert_eq!(title(page).as_deref(), Some("A & B"));
        assert_eq!(
            text(page),
            "Home\n\n# Rain in Porto\n\nIt rained a lot <here>.\n\nSee the data <https://example.org/?a=1&b=2>.\n\n\
             - one\n- two\n\nYear | mm |\n2023 | 1200 |\n\na\n  b"
        );
    }

    #[test]
    fn what_is_no_page_does_no_harm() {
        assert_eq!(text(""), "");
        assert_eq!(text("a < b & c > d"), "a < b & c > d");
        assert_eq!(text("<p"), "");
        assert_eq!(text("<a href=javascript:alert(1)>x</a>"), "x");
        assert_eq!(title("<title>"), None);
        assert_eq!(title("İ<TITLE x>ok</title>").as_deref(), Some("ok"));
        text(&"<div>".repeat(5_000));
    }
}
