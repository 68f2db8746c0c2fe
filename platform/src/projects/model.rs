//! What a project's fields may hold.

use crate::{
    Result,
    text::{Fields, is_too_deep},
};
use alumia_protocol::projects::{CreateProject, UpdateProject};
use serde_json::Value;

const NAME: usize = 255;
const DESCRIPTION: usize = 5_000;
const PROMPT: usize = 12_000;
const EMOJI: usize = 16;
const TAGS: usize = 20;
const TAG: usize = 50;
const METADATA_BYTES: usize = 16 * 1_024;

/// Checks a new project; returns it tidied.
pub(super) fn check_new(mut new: CreateProject) -> Result<CreateProject> {
    let mut fields = Fields::default();
    new.name = fields.line("name", &new.name, NAME);
    fields.prose("description", &new.description, DESCRIPTION);
    fields.prose("prompt", &new.prompt, PROMPT);
    new.emoji = fields.optional_line("emoji", &new.emoji, EMOJI);
    new.tags = tags(&mut fields, &new.tags);
    if let Some(value) = &new.metadata {
        metadata(&mut fields, value);
    }
    fields.done()?;
    Ok(new)
}

/// Checks a change; returns it tidied.
pub(super) fn check_change(mut change: UpdateProject) -> Result<UpdateProject> {
    let mut fields = Fields::default();
    change.name = change.name.map(|name| fields.line("name", &name, NAME));
    if let Some(text) = &change.description {
        fields.prose("description", text, DESCRIPTION);
    }
    if let Some(text) = &change.prompt {
        fields.prose("prompt", text, PROMPT);
    }
    change.emoji = change.emoji.map(|emoji| fields.optional_line("emoji", &emoji, EMOJI));
    change.tags = change.tags.map(|list| tags(&mut fields, &list));
    if let Some(value) = &change.metadata {
        metadata(&mut fields, value);
    }
    if let Some(status) = &change.status
        && !matches!(status.as_str(), "active" | "archived")
    {
        fields.refuse("status", "Choose active or archived.");
    }
    fields.done()?;
    Ok(change)
}

/// "Name (copy)", or the first of "Name (copy 2)", "Name (copy 3)" … that isn't taken. A copy of a copy is one of the
/// first, and a long name is cut so that the end fits.
pub(super) fn name_of_copy(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let stem = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (copy"));
    let stem = stem.filter(|(stem, end)| {
        let number = end.strip_prefix(' ').is_some_and(|digits| digits.parse::<u32>().is_ok());
        !stem.is_empty() && (end.is_empty() || number)
    });
    let stem = stem.map_or(name, |(stem, _)| stem);
    let named = |end: String| {
        let kept: String = stem.chars().take(NAME - end.chars().count()).collect();
        format!("{}{end}", kept.trim_end())
    };
    let first = std::iter::once(" (copy)".to_owned());
    let mut names = first.chain((2_u32..).map(|number| format!(" (copy {number})"))).map(named);
    names.find(|name| !taken(name)).unwrap_or_else(|| name.to_owned())
}

/// Each once, in the order given.
fn tags(fields: &mut Fields, tags: &[String]) -> Vec<String> {
    let mut tidy: Vec<String> = Vec::new();
    if tags.len() > TAGS {
        fields.refuse("tags", format!("Use at most {TAGS} tags."));
        return tidy;
    }
    for tag in tags {
        let tag = fields.line("tags", tag, TAG);
        if !tidy.contains(&tag) {
            tidy.push(tag);
        }
    }
    tidy
}

fn metadata(fields: &mut Fields, value: &Value) {
    if !value.is_object() {
        fields.refuse("metadata", "This must be a JSON object.");
    } else if value.to_string().len() > METADATA_BYTES {
        fields.refuse("metadata", format!("Use at most {METADATA_BYTES} bytes of JSON."));
    } else if is_too_deep(value) {
        fields.refuse("metadata", "This nests too deeply.");
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME, name_of_copy};

    #[test]
    fn copies_are_told_apart() {
        let named = |name: &str, taken: &[&str]| name_of_copy(name, |it| taken.contains(&it));
        assert_eq!(named("Rain", &["Rain"]), "Rain (copy)");
        assert_eq!(named("Rain", &["Rain (copy)", "Rain (copy 3)"]), "Rain (copy 2)");
        assert_eq!(named("Rain (copy)", &["Rain (copy)"]), "Rain (copy 2)");
        assert_eq!(named("Rain (copy 7)", &[]), "Rain (copy)");
        assert_eq!(named("Rain (copy seven)", &[]), "Rain (copy seven) (copy)");
        assert_eq!(named(" (copy)", &[]), " (copy) (copy)");
        let long = "ü".repeat(NAME);
        let copy = named(&long, &[]);
        assert_eq!(copy.chars().count(), NAME);
        assert!(copy.ends_with("ü (copy)"));
    }
}
