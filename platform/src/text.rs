//! Checks on what people write, gathered so that one answer names every field that needs another look.

use crate::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

/// Field name to what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Notes what is wrong with a field; the first note of a field stays.
    pub(crate) fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_insert_with(|| message.into());
    }

    /// One line of 1 to `max` characters: white space collapsed, control characters refused.
    pub(crate) fn line(&mut self, field: &str, text: &str, max: usize) -> String {
        let line = self.optional_line(field, text, max);
        if line.is_empty() {
            self.refuse(field, "Write at least one character here.");
        }
        line
    }

    /// The same, but may be empty.
    pub(crate) fn optional_line(&mut self, field: &str, text: &str, max: usize) -> String {
        let line: String = text.nfc().collect();
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().any(|c| c.is_control() || changes_direction(c)) {
            self.refuse(field, "Leave out control characters.");
        }
        self.at_most(field, &line, max);
        line
    }

    /// Any text of at most `max` characters, kept as it is.
    pub(crate) fn prose(&mut self, field: &str, text: &str, max: usize) {
        if text.contains('\0') {
            self.refuse(field, "Leave out the NUL character.");
        }
        self.at_most(field, text, max);
    }

    fn at_most(&mut self, field: &str, text: &str, max: usize) {
        let length = text.chars().count();
        if length > max {
            self.refuse(field, format!("Use at most {max} characters; this has {length}."));
        }
    }

    /// `Invalid` when a field was refused.
    pub(crate) fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// Levels of JSON that comes from outside. Readers give up at 128, and an event has some of its own around it.
const NESTING: usize = 64;

/// Whether JSON nests deeper than everybody who has to read it can follow.
pub(crate) fn is_too_deep(value: &Value) -> bool {
    fn exceeds(value: &Value, levels: usize) -> bool {
        match value {
            Value::Array(items) => levels == 0 || items.iter().any(|item| exceeds(item, levels - 1)),
            Value::Object(fields) => levels == 0 || fields.values().any(|field| exceeds(field, levels - 1)),
            _ => false,
        }
    }
    exceeds(value, NESTING)
}

/// Whether JSON holds a NUL character, which no database text can.
pub(crate) fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// Characters that make a name read as another one.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

/// Whether `text` could be a slug; what can't be one is nobody's, and needn't be looked up.
pub(crate) fn is_slug(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A slug made from a name: at most 48 characters, `fallback` where nothing is left of the name.
pub(crate) fn slug_of(name: &str, fallback: &str) -> String {
    let slug: String = slug::slugify(name).chars().take(48).collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() { fallback.to_owned() } else { slug.to_owned() }
}

/// Slugs to try in turn until one is free: the name's own, numbered ones, then with a random end.
pub(crate) fn slug_candidates(slug: String) -> impl Iterator<Item = String> {
    let numbered = (2..10).map(|n| format!("-{n}"));
    let random = std::iter::repeat_with(|| format!("-{:08x}", rand::random::<u32>())).take(20);
    std::iter::once(String::new()).chain(numbered).chain(random).map(move |end| format!("{slug}{end}"))
}

#[cfg(test)]
mod tests {
    use super::{Fields, NESTING, is_slug, is_too_deep, slug_candidates, slug_of};
    use serde_json::json;

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels| {
            (0..levels)
                .fold(json!(1), |inner, at| if at % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
        };
        assert!(!is_too_deep(&nested(NESTING)));
        assert!(is_too_deep(&nested(NESTING + 1)));
    }

    #[test]
    fn lines_are_collapsed_and_checked() {
        let mut fields = Fields::default();
        assert_eq!(fields.line("name", "  Ada \t Love\nlace ", 255), "Ada Love lace");
        assert_eq!(fields.line("composed", "e\u{301}", 255), "é");
        fields.done().unwrap();
        for bad in ["", " \n ", "a\0b", "a\u{202E}b", &"x".repeat(256)] {
            let mut fields = Fields::default();
            fields.line("name", bad, 255);
            assert!(fields.done().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn slugs_of_names() {
        assert_eq!(slug_of("Müller & Söhne GmbH", "org"), "muller-sohne-gmbh");
        assert_eq!(slug_of("***", "org"), "org");
        assert!(slug_of(&"long ".repeat(50), "org").len() <= 48);
        for candidate in slug_candidates(slug_of(&"long ".repeat(50), "org")) {
            assert!(is_slug(&candidate), "{candidate}");
        }
        for bad in ["", "a/b", "A", "a\0", "a b", "..", &"x".repeat(81)] {
            assert!(!is_slug(bad), "{bad:?}");
        }
    }
}
