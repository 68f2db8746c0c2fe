//! Which paths are allowed below a project's folder.

use crate::{Error, Result};

const LENGTH: usize = 512;
const DEPTH: usize = 16;
const NAME: usize = 255;

/// A path below a project's folder: relative, `/`-separated, without empty, `.` and `..` parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RelativePath(Vec<String>);

impl RelativePath {
    /// # Errors
    /// `Invalid` for the field `path`, saying what is wrong.
    pub(super) fn parse(path: &str) -> Result<Self> {
        let wrong = |message: &str| Err(Error::invalid("path", message));
        if path.is_empty() {
            return wrong("Name a file, for example notes/plan.md.");
        }
        if path.len() > LENGTH {
            return wrong("A path may take at most 512 bytes.");
        }
        if path.starts_with('/') {
            return wrong("A path begins below the project's folder, without a leading slash.");
        }
        if path.chars().any(|it| it.is_control() || it == '\\') {
            return wrong("A path can't hold backslashes or control characters; separate folders with /.");
        }
        let parts: Vec<String> = path.split('/').map(ToOwned::to_owned).collect();
        if parts.len() > DEPTH {
            return wrong("Folders may lie at most 16 deep.");
        }
        if parts.iter().any(|part| part.is_empty() || part == "." || part == "..") {
            return wrong("A path can't hold empty, . or .. parts.");
        }
        if parts.iter().any(|part| part.len() > NAME) {
            return wrong("A name may take at most 255 bytes.");
        }
        Ok(Self(parts))
    }

    /// The same, where empty means the folder itself.
    pub(super) fn folder(path: &str) -> Result<Self> {
        if path.is_empty() { Ok(Self(Vec::new())) } else { Self::parse(path.trim_end_matches('/')) }
    }

    /// The folders on the way, outermost first.
    pub(super) fn folders(&self) -> &[String] {
        self.0.split_last().map_or(&[], |(_, folders)| folders)
    }

    /// The last part.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    pub(super) fn parts(&self) -> &[String] {
        &self.0
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        self.0.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::RelativePath;

    #[test]
    fn only_paths_that_stay_inside_are_paths() {
        let deep = vec!["d"; 16].join("/");
        for good in ["a", "a/b.txt", ".hidden", "..a/b..", "übersicht/日本.csv", "a b/c'd\"", &deep] {
            assert!(RelativePath::parse(good).is_ok(), "{good}");
        }
        let (too_deep, too_long) = (vec!["d"; 17].join("/"), "x/".repeat(8) + &"y".repeat(512));
        let long_name = "n".repeat(256);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "//x",
            "..",
            ".",
            "../x",
            "a/../b",
            "a/..",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "..\\x",
            "C:\\x",
            "a\0b",
            "a\nb",
            "a\u{7f}b",
            "a\u{85}b",
            &too_deep,
            &too_long,
            &long_name,
        ] {
            assert!(RelativePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_empty_folder_is_the_whole() {
        assert_eq!(RelativePath::folder("").unwrap().text(), "");
        assert_eq!(RelativePath::folder("a/b/").unwrap().text(), "a/b");
        assert!(RelativePath::folder("/").is_err());
        assert!(RelativePath::folder("../").is_err());
    }
}
