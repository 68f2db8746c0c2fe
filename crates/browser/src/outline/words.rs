//! How things are called in the outline.

use super::tree::Node;

/// Characters of one name or value.
pub(super) const NAME: usize = 300;

pub(super) fn named(role: &str, name: &str) -> String {
    if name.trim().is_empty() { role.to_owned() } else { format!("{role} {}", quoted(name)) }
}

/// A name or value on one line, in quotes.
pub(super) fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(NAME) {
        Some((end, _)) => format!("\"{}…\"", &line[..end]),
        None => format!("\"{line}\""),
    }
}

pub(super) fn worth(node: &Node) -> String {
    let value = node.value();
    if value.trim().is_empty() || node.role() == "link" {
        String::new()
    } else {
        format!(" = {}", quoted(&value))
    }
}

pub(super) fn states(node: &Node) -> String {
    let mut states = Vec::new();
    for (property, value, state) in [
        ("checked", "true", "checked"),
        ("checked", "mixed", "partly checked"),
        ("pressed", "true", "pressed"),
        ("selected", "true", "selected"),
        ("expanded", "true", "expanded"),
        ("expanded", "false", "collapsed"),
        ("required", "true", "required"),
        ("disabled", "true", "disabled"),
        ("readonly", "true", "read-only"),
        ("invalid", "true", "invalid"),
        ("focused", "true", "focused"),
    ] {
        if node.property(property) == value {
            states.push(state);
        }
    }
    if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) }
}
