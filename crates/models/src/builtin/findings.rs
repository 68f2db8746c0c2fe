//! What the tour's script found, and how it looks on the canvas.

use super::{conversation::Call, results};
use alumia_protocol::dataspec::{Align, Chart, ChartKind, Column, DataSpec, Markdown, Series, Table};
use serde::Deserialize;
use serde_json::{Map, json};

/// The last line that the script prints.
#[derive(Debug, Deserialize)]
pub struct Findings {
    pub rows: usize,
    first_month: String,
    last_month: String,
    pub years: Vec<i32>,
    means: Vec<f64>,
    pace: Vec<f64>,
    pace_years: (i32, i32),
    decades: Vec<Decade>,
    high_month: usize,
    low_month: usize,
    swing: f64,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are the script's")]
struct Decade {
    decade: String,
    mean: f64,
    /// Parts per million a year.
    growth: f64,
}

impl Findings {
    /// Reads them from a command's result, or says why there are none.
    pub fn of(run: &Call<'_>) -> Result<Self, String> {
        let Some(content) = run.success() else {
            return Err(results::reason(run.failure().unwrap_or_default()));
        };
        let output = results::output(content);
        if let Some(code) = output.exit_code.filter(|code| *code != 0) {
            let said = results::shorten(output.stderr.trim(), 300);
            return Err(format!("The command ended with exit code {code}: {said}"));
        }
        let line = output.stdout.lines().rev().find(|line| line.starts_with('{'));
        line.and_then(|line| serde_json::from_str::<Self>(line).ok())
            .filter(Self::is_whole)
            .ok_or_else(|| "The command's output wasn't what I expected.".into())
    }

    fn is_whole(&self) -> bool {
        let years = self.years.len();
        years > 1
            && self.means.len() == years
            && self.pace.len() == years
            && !self.decades.is_empty()
            && (1..=12).contains(&self.high_month)
            && (1..=12).contains(&self.low_month)
    }

    pub fn first_year(&self) -> i32 {
        self.years[0]
    }

    pub fn last_year(&self) -> i32 {
        self.years[self.years.len() - 1]
    }

    pub fn first_mean(&self) -> String {
        format!("{:.1}", self.means[0])
    }

    pub fn last_mean(&self) -> String {
        format!("{:.1}", self.means[self.means.len() - 1])
    }

    /// Yearly means against the early pace.
    pub fn chart(&self) -> DataSpec {
        let series = |name: String, values: &[f64]| Series {
            name,
            values: values.iter().copied().map(Some).collect(),
            x: vec![],
        };
        DataSpec::Chart(Chart {
            kind: ChartKind::Line,
            labels: self.years.iter().map(ToString::to_string).collect(),
            series: vec![
                series("Yearly mean".into(), &self.means),
                series(format!("Pace of {}–{}", self.pace_years.0, self.pace_years.1), &self.pace),
            ],
            x_label: "Year".into(),
            y_label: "Carbon dioxide (ppm)".into(),
            stacked: false,
        })
    }

    /// One row a decade.
    pub fn table(&self) -> DataSpec {
        let column = |key: &str, label: &str, align| Column { key: key.into(), label: label.into(), align };
        let rows = self.decades.iter().map(|decade| {
            Map::from_iter([
                ("decade".to_owned(), json!(decade.decade)),
                ("mean".to_owned(), json!(decade.mean)),
                ("growth".to_owned(), json!(decade.growth)),
            ])
        });
        DataSpec::Table(Table {
            columns: vec![
                column("decade", "Decade", Align::Left),
                column("mean", "Mean (ppm)", Align::Right),
                column("growth", "Growth (ppm a year)", Align::Right),
            ],
            rows: rows.collect(),
        })
    }

    /// What stands out, in words.
    pub fn note(&self) -> DataSpec {
        let last = self.years.len() - 1;
        let (rise, gap) = (self.means[last] - self.means[0], self.means[last] - self.pace[last]);
        let share = rise / self.means[0] * 100.0;
        let (slow, fast) =
            self.decades.iter().fold((&self.decades[0], &self.decades[0]), |(slow, fast), d| {
                (if d.growth < slow.growth { d } else { slow }, if d.growth > fast.growth { d } else { fast })
            });
        let times = if slow.growth > 0.0 {
            format!(", {:.1} times as fast", fast.growth / slow.growth)
        } else {
            String::new()
        };
        DataSpec::Markdown(Markdown {
            text: format!(
                "From **{first} ppm** in {first_year} to **{last} ppm** in {last_year}: {rise:.1} ppm more, \
                 or {share:.0} %.\n\n\
                 - **It speeds up.** {slow_name}: {slow:.2} ppm a year; {fast_name}: {fast:.2}{times}.\n\
                 - **{gap:.0} ppm above the old pace.** The straight line through {from}–{to} would have \
                 reached {pace:.0} ppm in {last_year}.\n\
                 - **It breathes.** Each year swings by about {swing:.1} ppm, highest in {high} and lowest \
                 in {low}, as northern forests wake and rest.\n\n\
                 Computed from {rows} monthly values, {first_month} to {last_month}. Data: Scripps CO2 \
                 Program, Mauna Loa, CC BY 4.0.",
                first = self.first_mean(),
                first_year = self.first_year(),
                last = self.last_mean(),
                last_year = self.last_year(),
                slow_name = slow.decade,
                slow = slow.growth,
                fast_name = fast.decade,
                fast = fast.growth,
                from = self.pace_years.0,
                to = self.pace_years.1,
                pace = self.pace[last],
                swing = self.swing,
                high = MONTHS[self.high_month - 1],
                low = MONTHS[self.low_month - 1],
                rows = self.rows,
                first_month = self.first_month,
                last_month = self.last_month,
            ),
        })
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
