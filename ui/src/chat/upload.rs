//! Files that go with a message: stored in the project's folder, then named in the message.

use super::Chat;
use crate::live::api;
use alumia_protocol::{MessageId, sessions::Attachment};
use leptos::{prelude::*, task::spawn_local};

/// At most so many go with one message.
pub(super) const MAX_FILES: usize = 10;
/// The server's own limit on one file.
const MAX_BYTES: f64 = 100.0 * 1_000_000.0;

/// A file chosen for the next message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub key: u64,
    pub name: String,
    /// `None` while it is being stored.
    pub stored: Option<Attachment>,
}

/// Text, CSV and pictures; everything else is for the project's folder, not for a message.
pub(super) fn is_welcome(name: &str, media_type: &str) -> bool {
    let text = [
        "csv", "tsv", "txt", "md", "json", "log", "xml", "yaml", "yml", "toml", "py", "rs", "js", "ts",
        "sql", "html", "css",
    ];
    media_type.starts_with("text/")
        || ["image/png", "image/jpeg", "image/gif", "image/webp", "application/json"].contains(&media_type)
        || name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| text.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// A name that is one part of a path on any system.
pub(super) fn safe_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|letter| if letter.is_control() || r#"/\:*?"<>|"#.contains(letter) { '-' } else { letter })
        .collect();
    let clean = clean.trim_matches(['.', ' ']);
    let short: String = clean.chars().rev().take(100).collect::<Vec<_>>().into_iter().rev().collect();
    if short.is_empty() { "file".into() } else { short }
}

/// Stores files and adds them to `chosen`; what can't be taken is told.
pub(super) fn add(chat: Chat, chosen: RwSignal<Vec<Chosen>>, files: Vec<web_sys::File>) {
    for file in files {
        let name = file.name();
        if !is_welcome(&name, &file.type_()) {
            chat.toasts.fail(format!("{name} is not text, CSV or a picture, so it can't go with a message."));
            continue;
        }
        if file.size() > MAX_BYTES {
            chat.toasts.fail(format!("{name} is over 100 MB."));
            continue;
        }
        if chosen.with_untracked(Vec::len) >= MAX_FILES {
            chat.toasts.fail(format!("At most {MAX_FILES} files go with one message."));
            return;
        }
        store(chat, chosen, file);
    }
}

fn store(chat: Chat, chosen: RwSignal<Vec<Chosen>>, file: web_sys::File) {
    let name = file.name();
    let key = chosen.with_untracked(|chosen| chosen.iter().map(|file| file.key).max().unwrap_or(0)) + 1;
    chosen.update(|chosen| chosen.push(Chosen { key, name: name.clone(), stored: None }));
    // A folder of its own, so that two files of one name don't meet.
    let path = format!("uploads/{}/{}", MessageId::new(), safe_name(&name));
    let project = chat.project();
    spawn_local(async move {
        let answer = api::put_file(project, &path, &file).await;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a file's size, under 100 MB"
        )]
        let size = file.size() as u64;
        match answer {
            Ok(()) => {
                let media_type = Some(file.type_()).filter(|kind| !kind.is_empty());
                let media_type = media_type.unwrap_or_else(|| "text/plain".into());
                let attachment = Attachment { name, media_type, path, size };
                chosen.try_update(|chosen| {
                    if let Some(file) = chosen.iter_mut().find(|file| file.key == key) {
                        file.stored = Some(attachment);
                    }
                });
            }
            Err(problem) => {
                chosen.try_update(|chosen| chosen.retain(|file| file.key != key));
                chat.toasts.fail(format!("{name} was not stored. {}", problem.message));
            }
        }
    });
}

/// The files of a list that the browser hands over.
pub(super) fn files(list: Option<web_sys::FileList>) -> Vec<web_sys::File> {
    list.map(|list| (0..list.length()).filter_map(|index| list.get(index)).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{is_welcome, safe_name};

    #[test]
    fn takes_text_tables_and_pictures() {
        assert!(is_welcome("a.CSV", "") && is_welcome("p.png", "image/png") && is_welcome("x", "text/plain"));
        assert!(!is_welcome("a.exe", "application/x-msdownload") && !is_welcome("p.svg", "image/svg+xml"));
    }

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(safe_name("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(safe_name("..."), "file");
        assert_eq!(safe_name("Größe 1.csv"), "Größe 1.csv");
        assert!(safe_name(&"x".repeat(500)).len() <= 100);
    }
}
