//! The sample project of a new organisation: a real public data set (see `SOURCE.md`) and the words that
//! introduce it. The tour of it is the built-in model's.

use crate::{OrgScope, Result, files::Files};
use alumia_models::builtin;
use alumia_protocol::projects::{CreateProject, Project};
use serde_json::json;

/// The data file, at the top of the project's folder.
pub const DATA_FILE: &str = builtin::DATA_FILE;
/// The message that starts the tour.
pub const FIRST_MESSAGE: &str = builtin::TOUR;
/// Where the data comes from and under which licence, beside it in the project's folder.
pub const SOURCE_FILE: &str = "mauna-loa-co2-source.md";

const DATA: &str = include_str!("mauna-loa-co2.csv");
const SOURCE: &str = include_str!("SOURCE.md");

/// The sample project as it is made at sign-up; `metadata.sample` marks it.
pub fn project() -> CreateProject {
    CreateProject {
        name: "Carbon dioxide at Mauna Loa".into(),
        description:
            "A sample project: sixty years of measurements from one mountain. Ask Ala to show you around."
                .into(),
        emoji: "🌋".into(),
        tags: vec!["sample".into()],
        metadata: Some(json!({ "sample": true })),
        ..CreateProject::default()
    }
}

/// Whether this is a sample project.
pub fn is_sample(project: &Project) -> bool {
    project.metadata.get("sample").and_then(serde_json::Value::as_bool) == Some(true)
}

/// Puts the sample's files into a sample project's folder where they are missing; leaves every other
/// project, and files that are there, alone. Safe to call any number of times.
pub async fn ensure(files: &Files, scope: &OrgScope, project: &Project) -> Result<()> {
    if !is_sample(project) {
        return Ok(());
    }
    let there = files.list(scope, project.id, "").await?;
    for (path, content) in [(DATA_FILE, DATA), (SOURCE_FILE, SOURCE)] {
        if !there.iter().any(|entry| entry.path == path) {
            files.write(scope, project.id, path, content.as_bytes()).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_what_its_source_says() {
        let rows: Vec<Vec<&str>> = DATA.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(rows[0], ["month", "co2_ppm", "co2_adjusted_ppm"]);
        assert_eq!(rows.len(), 742);
        assert!(rows[1..].windows(2).all(|pair| pair[0][0] < pair[1][0]));
        for row in &rows[1..] {
            assert_eq!(row.len(), 3);
            assert!(row[1..].iter().all(|cell| (300.0..430.0).contains(&cell.parse::<f64>().unwrap())));
        }
        for word in
            ["741 months", "creativecommons.org/licenses/by/4.0", "Scripps CO2 Program", "**Changes.**"]
        {
            assert!(SOURCE.contains(word), "{word}");
        }
    }
}
