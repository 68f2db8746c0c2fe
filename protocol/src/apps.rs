//! App blocks: small programs with an interface of their own, shown in a frame that they can't get out of.

use crate::{Timestamp, dataspec::SpecError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file that the frame opens.
pub const ENTRY: &str = "index.html";
/// The script by which an app reaches its data; served beside its files.
pub const BRIDGE: &str = "alumia.js";
/// Most files of one app.
pub const MOST_FILES: usize = 40;

/// What an `app` block holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// 1 to 40 files; `index.html` is the one that is opened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 40)))]
    pub files: Vec<AppFile>,
}

/// One file of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppFile {
    /// Where it is: letters, digits, `.`, `-`, `_` between slashes, at most 100 characters; ends in html, css, js, mjs,
    /// json, svg, csv, txt or md.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Where the frame of an app is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AppFrame {
    /// Path on this server.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// `POST /blocks/:id/query` and `/execute`: statements for an app's own SQLite database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppQuery {
    /// One statement or, without parameters, several; all are done or none.
    pub sql: String,
    /// Values of `?1`, `?2` …: nulls, booleans, numbers, texts.
    #[serde(default)]
    pub params: Vec<Value>,
}

/// What the last statement answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AppRows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows in their order.
    pub rows: Vec<Vec<Value>>,
    /// Rows that all statements together inserted, changed or deleted.
    pub changes: u64,
}

impl App {
    /// What the schema can't say.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.files.is_empty() || self.files.len() > MOST_FILES {
            return Err(SpecError::new("/files", format!("holds 1 to {MOST_FILES} files")));
        }
        let mut seen = std::collections::HashSet::new();
        for (index, file) in self.files.iter().enumerate() {
            let at = format!("/files/{index}/path");
            if media_type(&file.path).is_none() || !is_path(&file.path) {
                let what = "is no path that an app can have: letters, digits, . - _ between slashes, and an ending \
                            of html, css, js, mjs, json, svg, csv, txt or md";
                return Err(SpecError::new(at, what));
            }
            if file.path == BRIDGE {
                return Err(SpecError::new(at, "is the name of the script that Alumia puts there itself"));
            }
            if !seen.insert(file.path.to_ascii_lowercase()) {
                return Err(SpecError::new(at, format!("\"{}\" is used twice", file.path)));
            }
        }
        if self.file(ENTRY).is_none() {
            return Err(SpecError::new("/files", format!("lacks {ENTRY}, which is the file that is opened")));
        }
        Ok(())
    }

    /// A file's text.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// A worked example.
    pub fn example() -> Self {
        let file = |path: &str, text: &str| AppFile { path: path.into(), text: text.into() };
        Self {
            files: vec![
                file(
                    ENTRY,
                    "<!doctype html>\n<title>Tally</title>\n<button>Count</button>\n<output>0</output>\n\
                     <script src=\"alumia.js\"></script>\n<script type=\"module\" src=\"tally.js\"></script>\n",
                ),
                file(
                    "tally.js",
                    "await alumia.execute('CREATE TABLE IF NOT EXISTS clicks (at TEXT)');\n\
                     const show = async () => {\n  const { rows } = await alumia.query('SELECT count(*) FROM clicks');\n  \
                     document.querySelector('output').textContent = rows[0][0];\n};\n\
                     document.querySelector('button').onclick = async () => {\n  \
                     await alumia.execute(\"INSERT INTO clicks VALUES (datetime('now'))\");\n  show();\n};\nshow();\n",
                ),
            ],
        }
    }
}

fn is_path(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    path.len() <= 100 && path.split('/').all(plain)
}

/// The media type of an app's file, by its ending.
pub fn media_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "csv" => "text/csv; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{App, AppFile};

    #[test]
    fn paths_are_plain_and_named_once() {
        assert_eq!(App::example().check(), Ok(()));
        for (path, fine) in [
            ("a.css", true),
            ("lib/deep/x-1_2.mjs", true),
            ("../a.js", false),
            ("/a.js", false),
            ("a//b.js", false),
            (".hidden.js", false),
            ("a/.b/c.js", false),
            ("a b.js", false),
            ("a.exe", false),
            ("js", false),
            ("alumia.js", false),
            ("Index.html", false),
            ("é.js", false),
            ("a%2e.js", false),
        ] {
            let mut app = App::example();
            app.files.push(AppFile { path: path.into(), text: String::new() });
            assert_eq!(app.check().is_ok(), fine, "{path}");
        }
        let mut app = App::example();
        app.files.remove(0);
        assert_eq!(app.check().unwrap_err().path, "/files");
    }
}
