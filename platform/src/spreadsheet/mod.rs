//! Tables for spreadsheets (RFC 4180), and spreadsheets' files.

mod read;
#[cfg(test)]
mod tests_read;

pub use read::{LARGEST, read};

use crate::{Error, Result};

/// Lines of a table without its head.
pub fn rows<const N: usize>(lines: impl IntoIterator<Item = [String; N]>) -> Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for fields in lines {
        writer.write_record(fields.map(harmless)).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}

/// Spreadsheets run what begins like a formula, and names are a stranger's choice.
fn harmless(field: String) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}") } else { field }
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn formulas_are_text() {
        let table = rows([["=HYPERLINK(1)".to_owned(), "Ada, Countess".to_owned()]]).unwrap();
        assert_eq!(table, "'=HYPERLINK(1),\"Ada, Countess\"\r\n");
    }
}
