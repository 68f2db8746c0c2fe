//! Words for small places.

/// The first line of Markdown that says something, without its marks, in at most so many characters.
pub fn gist(markdown: &str, most: usize) -> String {
    let line = markdown
        .lines()
        .map(|line| line.trim_start_matches(['#', '>', '-', '*', '`', '|', ' ', '\t']).trim_end())
        .find(|line| line.chars().any(char::is_alphanumeric))
        .unwrap_or_default();
    let plain: String = line.chars().filter(|c| !matches!(c, '*' | '`') && !c.is_control()).collect();
    if plain.chars().count() <= most {
        return plain;
    }
    let cut: String = plain.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn the_first_line_that_says_something() {
        assert_eq!(gist("\n\n## **Herons**\n\nstand.", 20), "Herons");
        assert_eq!(gist("```\n---\n- `one` two three", 8), "one two…");
        assert_eq!(gist("***\n", 8), "");
    }
}
