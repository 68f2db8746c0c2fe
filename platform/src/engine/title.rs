//! The name that a session gets after its first turn.

/// Characters of a title, at most.
const LENGTH: usize = 48;

/// A short title from the person's first message: its first line without markup, cut at a word.
/// `None` when there is nothing to take it from.
pub fn title(message: &str) -> Option<String> {
    let line = message.lines().map(plain).find(|line| !line.is_empty())?;
    // The first sentence, when it says enough.
    let sentence = line.split_inclusive(['.', '?', '!']).next().unwrap_or(&line);
    let ended = sentence.len() == line.len() || line[sentence.len()..].starts_with(char::is_whitespace);
    let text = if ended && sentence.chars().count() >= 12 { sentence } else { &line };
    let text = text.trim_end_matches(['.', ':', ',', ';']);
    let mut title = cut(text);
    if let Some(first) = title.chars().next() {
        title.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    Some(title)
}

fn plain(line: &str) -> String {
    let line = line.trim().trim_start_matches(['#', '>', '-', '*', '`', ' ']);
    let line: String = line.chars().filter(|c| !matches!(c, '*' | '`') && !c.is_control()).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LENGTH {
        return text.to_owned();
    }
    let head: String = text.chars().take(LENGTH).collect();
    let end = head.rfind(' ').filter(|end| *end >= LENGTH / 2).unwrap_or(head.len());
    format!("{}…", head[..end].trim_end_matches([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn reads_like_a_title() {
        for (message, expected) in [
            ("chart the sales by region", "Chart the sales by region"),
            ("# Plan\n\nthe launch", "Plan"),
            ("\n\n  **Which** city is `largest`?  And why?", "Which city is largest?"),
            (
                "Please read the file penguins.csv, compute the mean body mass for each species and show it",
                "Please read the file penguins.csv, compute the…",
            ),
            ("v1.2 is out", "V1.2 is out"),
            ("écrire une note", "Écrire une note"),
        ] {
            assert_eq!(title(message).as_deref(), Some(expected));
        }
        assert_eq!(title(" \n** \n"), None);
        assert!(title(&"x".repeat(500)).is_some_and(|title| title.chars().count() == 49));
    }
}
