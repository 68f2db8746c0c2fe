//! What a call sent and printed, as readable text. Pure.

use serde_json::Value;

/// Most bytes of an output that are drawn; the end of it counts most.
pub const SHOWN: usize = 48_000;

/// A value in lines; a text as it is.
pub fn pretty_value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    }
}

/// Longest value that stands beside its name, in characters.
const SHORT: usize = 48;

/// One named part of what was sent or came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The argument's name.
    pub name: String,
    /// Its value: a text as it is, anything else as JSON.
    pub text: String,
    /// Whether it fits beside its name.
    pub short: bool,
}

/// The parts of an object, so that a script reads as a script and not as one long JSON string; `None` for
/// anything else. What is empty is left out.
pub fn parts(value: &Value) -> Option<Vec<Part>> {
    let parts = value.as_object()?.iter().filter_map(|(name, value)| {
        let text = pretty_value(value);
        let text = text.trim_end_matches('\n');
        let short = text.chars().count() <= SHORT && !text.contains('\n');
        (!text.is_empty()).then(|| Part { name: name.clone(), text: text.to_owned(), short })
    });
    Some(parts.collect()).filter(|parts: &Vec<Part>| !parts.is_empty())
}

/// The end of a long text, beginning at a line, and whether something was left out.
pub fn tail(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, false);
    }
    let mut from = text.len() - most;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let rest = &text[from..];
    (rest.find('\n').map_or(rest, |line| &rest[line + 1..]), true)
}

/// What a terminal would show: escape sequences are gone (ECMA-48: CSI, OSC and two-character ones), a
/// carriage return starts its line again, a backspace takes a character back.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut line = 0;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => match letters.next() {
                Some('[') => {
                    while letters.next().is_some_and(|next| !('\u{40}'..='\u{7e}').contains(&next)) {}
                }
                Some(']' | 'P' | '_' | '^') => {
                    while let Some(next) = letters.next() {
                        if next == '\u{7}' {
                            break;
                        }
                        if next == '\u{1b}' {
                            letters.next_if_eq(&'\\');
                            break;
                        }
                    }
                }
                // Choosing a character set takes one more.
                Some('(' | ')') => drop(letters.next()),
                _ => {}
            },
            '\r' if letters.peek() == Some(&'\n') => {}
            '\r' => out.truncate(line),
            '\u{8}' => {
                if out.len() > line {
                    out.pop();
                }
            }
            '\n' => {
                out.push('\n');
                line = out.len();
            }
            '\t' => out.push('\t'),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{parts, plain, tail};

    #[test]
    fn an_object_reads_as_its_parts() {
        let value =
            serde_json::json!({ "command": "a\nb\n", "timeout": 5, "stderr": "", "more": { "x": [] } });
        let parts = parts(&value).unwrap_or_default();
        let part = |name: &str| {
            parts.iter().find(|part| part.name == name).map(|part| (part.text.as_str(), part.short))
        };
        assert_eq!(part("command"), Some(("a\nb", false)));
        assert_eq!(part("timeout"), Some(("5", true)));
        assert_eq!(part("stderr"), None);
        assert_eq!(part("more"), Some(("{\n  \"x\": []\n}", false)));
        assert_eq!(super::parts(&serde_json::json!("text")), None);
    }

    #[test]
    fn shows_what_a_terminal_would_show() {
        assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m text"), "red text");
        assert_eq!(plain("\u{1b}]0;title\u{7}done\u{1b}]8;;http://x\u{1b}\\link"), "donelink");
        assert_eq!(plain("first\n10 %\r50 %\r100 %\r\nend"), "first\n100 %\nend");
        assert_eq!(plain("abc\u{8}\u{8}\u{8}\u{8}d\u{0}"), "d");
        assert_eq!(plain("cut \u{1b}["), "cut ");
        assert_eq!(plain("\u{1b}(Bx"), "x");
    }

    #[test]
    fn keeps_the_end_from_a_line_on() {
        assert_eq!(tail("abc", 3), ("abc", false));
        assert_eq!(tail("one\ntwo\nthree", 8), ("three", true));
        assert_eq!(tail("ééé", 3), ("é", true));
    }
}
