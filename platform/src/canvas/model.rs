//! What a block may be.

use crate::{Error, Result};
use alumia_protocol::{
    blocks::{Content, Position},
    dataspec::SpecError,
    show::Show,
};

/// Bytes of a block's content as JSON.
const CONTENT: usize = 512 << 10;
/// How far from the origin a node may stand, in canvas pixels.
const FAR: f64 = 1e6;
/// The longest side of a node.
const LONG: f64 = 20_000.0;
/// The highest and lowest place in the stack.
const DEEP: i64 = 1_000_000_000;

pub(super) fn check_title(title: &str) -> Result<()> {
    if title.chars().count() > 255 {
        return Err(Error::invalid("title", "Use at most 255 characters."));
    }
    Ok(())
}

/// Checks what the types can't say; returns the content as JSON.
pub(super) fn check_content(content: &Content) -> Result<String> {
    let checked = match content {
        Content::Data(spec) => spec.check(),
        // Only the tool has the files; what is stored holds its cells itself, for viewers and editing alike.
        Content::Show(Show::Spreadsheet(spec)) if !spec.file.is_empty() => {
            let message = "is read in by the tool show alone; put the cells into sheets";
            Err(SpecError::new("/file", message))
        }
        Content::Show(show) => show.check(),
        Content::App(app) => app.check(),
    };
    checked.map_err(|error| Error::invalid(format!("content/data{}", error.path), error.message))?;
    let json = serde_json::to_string(content)?;
    if json.len() > CONTENT {
        return Err(Error::TooLarge(format!(
            "A block holds at most 512 KB; this one would take {} KB. Keep the bulk in a file and show what matters.",
            json.len() >> 10
        )));
    }
    Ok(json)
}

/// `field` is where the position stands in the request.
pub(super) fn check_position(field: &str, position: &Position) -> Result<()> {
    let Position { x, y, width, height, z, group_id, group_label, group_kind } = position;
    let wrong = |part: &str, message: String| Err(Error::invalid(format!("{field}/{part}"), message));
    for (part, value) in [("x", *x), ("y", *y)] {
        if !value.is_finite() || value.abs() > FAR {
            return wrong(part, format!("Must be between -{FAR} and {FAR}."));
        }
    }
    if !width.is_finite() || *width < 1.0 || *width > LONG {
        return wrong("width", format!("Must be between 1 and {LONG}."));
    }
    if !height.is_finite() || *height < 0.0 || *height > LONG {
        return wrong("height", format!("Must be between 0 (fits the content) and {LONG}."));
    }
    if !(-DEEP..=DEEP).contains(z) {
        return wrong("z", format!("Must be between -{DEEP} and {DEEP}."));
    }
    for (part, value) in [("groupId", group_id), ("groupLabel", group_label), ("groupKind", group_kind)] {
        if value.as_ref().is_some_and(|text| text.chars().count() > 255) {
            return wrong(part, "Use at most 255 characters.".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::{dataspec::DataSpec, show::Spreadsheet};

    #[test]
    fn positions_are_finite_and_near() {
        let good = Position { x: -1e6, y: 1e6, width: 1.0, height: 0.0, ..Position::default() };
        assert!(check_position("position", &good).is_ok());
        let table: [(&str, fn(&mut Position)); 11] = [
            ("x", |it| it.x = f64::NAN),
            ("x", |it| it.x = 1_000_000.5),
            ("y", |it| it.y = f64::NEG_INFINITY),
            ("width", |it| it.width = 0.0),
            ("width", |it| it.width = -5.0),
            ("width", |it| it.width = f64::INFINITY),
            ("height", |it| it.height = -0.5),
            ("height", |it| it.height = 20_001.0),
            ("z", |it| it.z = i64::MAX / 2),
            ("groupId", |it| it.group_id = Some("g".repeat(256))),
            ("groupLabel", |it| it.group_label = Some("ü".repeat(256))),
        ];
        for (field, spoil) in table {
            let mut position = good.clone();
            spoil(&mut position);
            let error = check_position("moves/3/position", &position).unwrap_err();
            let Error::Invalid(fields) = error else { panic!("{error:?}") };
            assert_eq!(fields.keys().collect::<Vec<_>>(), [&format!("moves/3/position/{field}")]);
        }
        let mut lowest = good;
        lowest.z = i64::MIN;
        assert!(check_position("position", &lowest).is_err());
    }

    #[test]
    fn content_is_checked_and_limited() {
        for spec in DataSpec::examples() {
            assert!(check_content(&Content::Data(spec)).is_ok());
        }
        for show in Show::examples() {
            assert!(check_content(&Content::Show(show)).is_ok());
        }
        let unread = Spreadsheet { file: "a.csv".into(), sheets: vec![] };
        let Err(Error::Invalid(faults)) = check_content(&Content::Show(Show::Spreadsheet(unread))) else {
            panic!("a file that nobody reads")
        };
        assert!(faults.contains_key("content/data/file"), "{faults:?}");
        let long = Content::Show(Show::Document { text: "x".repeat(CONTENT) });
        assert!(matches!(check_content(&long), Err(Error::TooLarge(_))));
    }
}
