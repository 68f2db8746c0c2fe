//! Markdown that a person or a model wrote, as safe HTML.
//!
//! Nothing in it can run, load or send anything: raw HTML is shown as text, links go to http, https or
//! mailto and tell the other side nothing, pictures become links.

use leptos::prelude::*;
use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// Rendered Markdown.
#[component]
pub fn Markdown(#[prop(into)] text: Signal<String>) -> impl IntoView {
    view! { <div class="prose" inner_html=move || text.with(|text| to_html(text))></div> }
}

/// Markdown to HTML.
pub fn to_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut safe = Safe::default();
    let events: Vec<Event<'_>> = Parser::new_ext(text, options).flat_map(|event| safe.event(event)).collect();
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, events.into_iter());
    out
}

#[derive(Default)]
struct Safe {
    /// For each open link or picture: whether it was drawn as a link.
    links: Vec<bool>,
    columns: Vec<Alignment>,
    column: usize,
    head: bool,
}

impl Safe {
    fn event<'a>(&mut self, event: Event<'a>) -> Vec<Event<'a>> {
        let raw = |html: String| vec![Event::InlineHtml(html.into())];
        match event {
            Event::Html(text) | Event::InlineHtml(text) => vec![Event::Text(text)],
            Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
            Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
            // A page has one h1 of its own.
            Event::Start(Tag::Heading { level, .. }) => raw(format!("<h{}>", heading(level as u8))),
            Event::End(TagEnd::Heading(level)) => raw(format!("</h{}>", heading(level as u8))),
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let mail = link_type == LinkType::Email;
                self.open(if mail { format!("mailto:{dest_url}") } else { dest_url.to_string() })
            }
            Event::Start(Tag::Image { dest_url, .. }) => self.open(dest_url.to_string()),
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if self.links.pop() == Some(true) {
                    raw("</a>".into())
                } else {
                    vec![]
                }
            }
            // A scrollable region must be reachable with the keyboard.
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(name) => name.split_whitespace().next().map(escape),
                    CodeBlockKind::Indented => None,
                };
                let language = language.map(|name| format!(" data-language=\"{name}\"")).unwrap_or_default();
                raw(format!("<pre tabindex=\"0\"{language}><code>"))
            }
            Event::End(TagEnd::CodeBlock) => raw("</code></pre>".into()),
            Event::Start(Tag::Table(columns)) => {
                self.columns = columns;
                raw("<div class=\"table-scroll\" tabindex=\"0\"><table>".into())
            }
            Event::End(TagEnd::Table) => raw("</tbody></table></div>".into()),
            Event::Start(Tag::TableHead) => {
                (self.head, self.column) = (true, 0);
                raw("<thead><tr>".into())
            }
            Event::End(TagEnd::TableHead) => {
                self.head = false;
                raw("</tr></thead><tbody>".into())
            }
            Event::Start(Tag::TableRow) => {
                self.column = 0;
                raw("<tr>".into())
            }
            Event::End(TagEnd::TableRow) => raw("</tr>".into()),
            // Alignment as an attribute: style attributes don't pass the content security policy.
            Event::Start(Tag::TableCell) => {
                let align = match self.columns.get(self.column) {
                    Some(Alignment::Right) => " data-align=\"right\"",
                    Some(Alignment::Center) => " data-align=\"center\"",
                    _ => "",
                };
                self.column += 1;
                raw(format!("<{}{align}>", self.cell()))
            }
            Event::End(TagEnd::TableCell) => raw(format!("</{}>", self.cell())),
            Event::TaskListMarker(done) => {
                let (mark, words) = if done { ("☑", "done") } else { ("☐", "to do") };
                raw(format!("<span role=\"img\" aria-label=\"{words}\">{mark}</span> "))
            }
            other => vec![other],
        }
    }

    fn cell(&self) -> &'static str {
        if self.head { "th" } else { "td" }
    }

    fn open(&mut self, url: String) -> Vec<Event<'static>> {
        let good = is_safe(&url);
        self.links.push(good);
        if !good {
            return vec![];
        }
        let html =
            format!("<a href=\"{}\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">", escape(&url));
        vec![Event::InlineHtml(html.into())]
    }
}

/// One level down, and never below h6.
fn heading(level: u8) -> u8 {
    (level + 1).min(6)
}

/// Whether a link may be followed from here.
pub fn is_safe(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else { return false };
    ["http", "https", "mailto"].iter().any(|good| scheme.eq_ignore_ascii_case(good))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn draws_what_people_write() {
        assert_eq!(to_html("a **b** `c`"), "<p>a <strong>b</strong> <code>c</code></p>\n");
        assert_eq!(to_html("# T"), "<h2>T</h2>");
        let table = to_html("| a | b |\n| - | -: |\n| 1 | 2 |");
        assert!(table.contains("<th data-align=\"right\">b</th>"), "{table}");
        assert!(
            table.contains("<tbody><tr><td>1</td><td data-align=\"right\">2</td></tr></tbody>"),
            "{table}"
        );
        let code = to_html("```rust\nlet a = \"<b>\";\n```");
        assert!(
            code.contains("<pre tabindex=\"0\" data-language=\"rust\"><code>let a = \"&lt;b&gt;\";"),
            "{code}"
        );
    }

    #[test]
    fn links_out_only_to_safe_places_and_tells_them_nothing() {
        let link = to_html("[a](https://example.org/?a=1&b=\"2\")");
        assert!(link.contains("rel=\"noopener noreferrer nofollow\""), "{link}");
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "//evil.example",
            "/logout",
        ] {
            let html = to_html(&format!("[a](<{bad}>) ![b](<{bad}>)"));
            assert!(!html.contains("href") && !html.contains("src"), "{html}");
        }
        let picture = to_html("![chart](https://example.org/p.png?leak=secret)");
        assert!(picture.contains("<a href=") && !picture.contains("<img"), "{picture}");
        assert!(to_html("<me@example.org>").contains("mailto:me@example.org"));
    }

    /// What a sanitizer would have to take out must not be there in the first place.
    #[test]
    fn leaves_nothing_for_a_sanitizer_to_remove() {
        let hostile = [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div>\n\n**x**\n\n</div>",
            "<svg/onload=alert(1)>",
            "[x](javascript:alert&#40;1&#41;)",
            "[x](https://e.example/\"onmouseover=\"alert(1))",
            "```\"><script>alert(1)</script>\nx\n```",
            "| <b> | `</td><script>` |\n| - | - |\n| <iframe src=//e> | x |",
            "<!-- --><style>*{background:url(//e)}</style>",
            "# <a href=javascript:1>x</a>",
        ];
        for text in hostile {
            let html = to_html(text);
            let lower = html.to_lowercase();
            for bad in ["<script", "<img", "<svg", "<iframe", "<style", "<div>", "href=\"javascript"] {
                assert!(!lower.contains(bad), "{text} gave {html}");
            }
            let attributes =
                ["tabindex", "data-language", "data-align", "role", "aria-label", "class", "rel", "target"];
            let mut cleaner = ammonia::Builder::default();
            cleaner.add_generic_attributes(attributes).link_rel(None);
            let cleaned = cleaner.clean(&html).to_string();
            let tags = |html: &str| html.matches('<').count();
            assert_eq!(tags(&cleaned), tags(&html), "{text} gave {html}");
        }
    }
}
