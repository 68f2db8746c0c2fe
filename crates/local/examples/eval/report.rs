//! What came out, as Markdown.

use crate::{run::Outcome, tasks::Task};
use alumia_protocol::models::CatalogModel;
use std::fmt::Write as _;

/// A table by group and the failures.
pub fn markdown(model: &CatalogModel, results: &[(&Task, Outcome)]) -> String {
    let mut groups: Vec<&str> = Vec::new();
    for (task, _) in results {
        if !groups.contains(&task.group.as_str()) {
            groups.push(&task.group);
        }
    }
    let mut text = format!("### {}/{}\n\n| tasks | right |\n| --- | --- |\n", model.provider, model.id);
    let right = |group: Option<&str>| {
        let of = results.iter().filter(|(task, _)| group.is_none_or(|group| task.group == group));
        let (all, good) = of.fold((0, 0), |(all, good), (_, outcome)| {
            (all + 1, good + usize::from(outcome.failure.is_none()))
        });
        format!("{good} of {all}")
    };
    for group in groups {
        let _ = writeln!(text, "| {group} | {} |", right(Some(group)));
    }
    let _ = writeln!(text, "| all | {} |\n", right(None));
    let mut first: Vec<f64> = results
        .iter()
        .flat_map(|(_, outcome)| &outcome.first)
        .map(std::time::Duration::as_secs_f64)
        .collect();
    first.sort_by(f64::total_cmp);
    let mut times: Vec<f64> = results.iter().map(|(_, outcome)| outcome.time.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    let middle = |numbers: &[f64]| numbers.get(numbers.len() / 2).copied().unwrap_or(0.0);
    let _ = writeln!(
        text,
        "A step began to answer after {:.1} s, a task took {:.1} s (medians). Failures:\n",
        middle(&first),
        middle(&times)
    );
    for (task, outcome) in results {
        if let Some(failure) = &outcome.failure {
            let _ = writeln!(text, "- {} ({}): {failure}", task.ask, task.group);
        }
    }
    text
}
