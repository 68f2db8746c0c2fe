//! A CSV file as a table or a chart, without computing anything.

use alumia_protocol::dataspec::{Align, Chart, ChartKind, Column, DataSpec, Series, Table};
use serde_json::{Map, Value, json};

/// Rows that a chart or table takes at most.
const MAX_ROWS: usize = 1_000;
const MAX_COLUMNS: usize = 24;
const MAX_SERIES: usize = 8;

/// A file's header and its rows, cut to what a block can show.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the header is apart from the rows")]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Rows that the file has beyond those.
    pub left_out: usize,
}

impl Rows {
    /// Reads a file whose first row names the columns. The error is a sentence.
    pub fn read(file: &str) -> Result<Self, String> {
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .max_by_key(|delimiter| {
                let header = file.lines().next().unwrap_or_default();
                (header.bytes().filter(|byte| byte == delimiter).count(), *delimiter == b',')
            })
            .unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(file.as_bytes());
        let header = reader.headers().map_err(|error| format!("It is no CSV file: {error}."))?;
        let columns: Vec<String> = header
            .iter()
            .take(MAX_COLUMNS)
            .enumerate()
            .map(|(index, name)| if name.is_empty() { format!("column {}", index + 1) } else { name.into() })
            .collect();
        if columns.is_empty() {
            return Err("It is empty.".into());
        }
        let mut rows = vec![];
        let mut left_out = 0;
        for record in reader.records() {
            let record = record.map_err(|error| format!("It is no CSV file: {error}."))?;
            if rows.len() == MAX_ROWS {
                left_out += 1;
                continue;
            }
            rows.push((0..columns.len()).map(|at| record.get(at).unwrap_or_default().to_owned()).collect());
        }
        if rows.is_empty() {
            return Err("It has a header and no rows.".into());
        }
        Ok(Self { columns, rows, left_out })
    }

    /// The last `count` rows.
    pub fn last(&self, count: usize) -> Self {
        let start = self.rows.len().saturating_sub(count);
        Self { columns: self.columns.clone(), rows: self.rows[start..].to_vec(), left_out: 0 }
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells =
            self.rows.iter().map(|row| row[column].as_str()).filter(|cell| !is_gap(cell)).peekable();
        cells.peek().is_some() && cells.all(|cell| number(cell).is_some())
    }

    /// All columns; numbers as numbers.
    pub fn table(&self) -> DataSpec {
        let numeric: Vec<bool> = (0..self.columns.len()).map(|column| self.is_numeric(column)).collect();
        let key = |column: usize| format!("c{column}");
        let columns = self.columns.iter().enumerate().map(|(column, label)| Column {
            key: key(column),
            label: label.clone(),
            align: if numeric[column] { Align::Right } else { Align::Left },
        });
        let cell = |column: usize, text: &str| match number(text) {
            Some(number) if numeric[column] => json!(number),
            _ if is_gap(text) => Value::Null,
            _ => json!(text),
        };
        let rows = self.rows.iter().map(|row| {
            row.iter()
                .enumerate()
                .map(|(column, text)| (key(column), cell(column, text)))
                .collect::<Map<_, _>>()
        });
        DataSpec::Table(Table { columns: columns.collect(), rows: rows.collect() })
    }

    /// The first column along the axis, the columns of numbers as series: lines where the axis runs on
    /// (times, counters), bars where it names things.
    pub fn chart(&self) -> Result<DataSpec, String> {
        let numeric: Vec<usize> =
            (1..self.columns.len()).filter(|&column| self.is_numeric(column)).take(MAX_SERIES).collect();
        if numeric.is_empty() {
            return Err("It has no column of numbers after the first column.".into());
        }
        let labels: Vec<String> = self.rows.iter().map(|row| row[0].clone()).collect();
        let runs_on = labels.iter().all(|label| label.starts_with(|c: char| c.is_ascii_digit()))
            && labels.windows(2).all(|pair| match (number(&pair[0]), number(&pair[1])) {
                (Some(first), Some(second)) => first <= second,
                _ => pair[0] <= pair[1],
            });
        let series = numeric.iter().map(|&column| Series {
            name: self.columns[column].clone(),
            values: self.rows.iter().map(|row| number(&row[column])).collect(),
            x: vec![],
        });
        Ok(DataSpec::Chart(Chart {
            kind: if runs_on { ChartKind::Line } else { ChartKind::Bar },
            series: series.collect(),
            x_label: self.columns[0].clone(),
            y_label: if numeric.len() == 1 { self.columns[numeric[0]].clone() } else { String::new() },
            labels,
            stacked: false,
        }))
    }
}

fn is_gap(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "N/A" | "null" | "NaN" | "nan" | "-")
}

fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::Rows;
    use alumia_protocol::dataspec::{ChartKind, DataSpec};

    fn chart(file: &str) -> alumia_protocol::dataspec::Chart {
        let spec = Rows::read(file).unwrap().chart().unwrap();
        spec.check().unwrap();
        let DataSpec::Chart(chart) = spec else { panic!("no chart") };
        chart
    }

    #[test]
    fn times_make_lines_and_names_make_bars() {
        assert_eq!(chart("month,ppm\n1958-03,1.5\n1958-04,2\n").kind, ChartKind::Line);
        assert_eq!(chart("city;people\nPorto;2\nBergen;1\n").kind, ChartKind::Bar);
        assert_eq!(chart("n,v\n9,1\n10,2\n").kind, ChartKind::Line);
    }

    #[test]
    fn gaps_stay_gaps() {
        let chart = chart("x,a,b\n1,NA,2\n2,3,\n");
        assert_eq!(chart.series[0].values, [None, Some(3.0)]);
        assert_eq!(chart.series[1].values, [Some(2.0), None]);
    }

    #[test]
    fn tables_pass_their_own_check() {
        for file in ["a,a,\n1,x,2\n3\n", "only\nü\n", "\"q\"\"x\",b\n\"1,5\",NaN\n"] {
            Rows::read(file).unwrap().table().check().unwrap();
        }
    }

    #[test]
    fn what_is_no_table_says_so() {
        assert_eq!(Rows::read("").unwrap_err(), "It is empty.");
        assert_eq!(Rows::read("a,b\n").unwrap_err(), "It has a header and no rows.");
        assert!(Rows::read("a,b\nx,y\n").unwrap().chart().is_err());
        let long = format!("a,b\n{}", "1,2\n".repeat(1_500));
        assert_eq!(Rows::read(&long).unwrap().left_out, 500);
    }
}
