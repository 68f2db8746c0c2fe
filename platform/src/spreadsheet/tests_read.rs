use super::{read, read::unpacks};
use alumia_protocol::show::{Show, Spreadsheet};
use serde_json::{Value, json};
use std::io::{Cursor, Write as _};

fn rows(path: &str, bytes: &[u8]) -> Value {
    let sheets = read(path, bytes).unwrap();
    let show = Show::Spreadsheet(Spreadsheet { file: String::new(), sheets });
    show.check().expect("what is read may be shown");
    serde_json::to_value(show).unwrap()["sheets"].clone()
}

/// An XLSX file with one sheet of this XML.
fn xlsx(sheet: &str, strings: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/package/2006/relationships";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let styles = r#"<numFmts/><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>"#;
    for (name, text) in [
        (
            "_rels/.rels",
            format!(
                r#"<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Rain &amp; sun" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                r#"<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{office}/styles" Target="styles.xml"/><Relationship Id="rId3" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#
            ),
        ),
        ("xl/styles.xml", format!(r#"<styleSheet xmlns="{main}">{styles}</styleSheet>"#)),
        ("xl/sharedStrings.xml", format!(r#"<sst xmlns="{main}">{strings}</sst>"#)),
        ("xl/worksheets/sheet1.xml", format!(r#"<worksheet xmlns="{main}">{sheet}</worksheet>"#)),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn csv_is_read_whatever_its_signs_and_letters() {
    let expected =
        json!([{ "name": "rain", "head": 1, "rows": [["Stadt", "mm"], ["Köln", 1.5], ["a,b", "007"]] }]);
    assert_eq!(rows("data/rain.csv", "Stadt,mm\r\nKöln,1.5\n\"a,b\",007\n".as_bytes()), expected);
    assert_eq!(rows("rain.csv", b"Stadt;mm\nK\xf6ln;1.5\n\"a,b\";007"), expected);
    assert_eq!(rows("rain.CSV", "\u{feff}Stadt\tmm\nKöln\t1.5\na,b\t007\n\n".as_bytes()), expected);
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("a\n1\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(rows("a.csv", &wide)[0]["rows"], json!([["a"], [1]]));
}

#[test]
fn what_looks_like_a_formula_is_text() {
    let sheet = &rows("a.csv", b"=HYPERLINK(\"x\"),-3,-x")[0];
    assert_eq!(sheet["rows"], json!([["'=HYPERLINK(\"x\")", -3, "-x"]]));
}

#[test]
fn a_long_file_is_cut_and_says_so() {
    let line = "x".repeat(99) + "\n";
    let sheet = &rows("a.csv", line.repeat(10_000).as_bytes())[0];
    let kept = sheet["rows"].as_array().unwrap().len();
    assert!((3_000..5_000).contains(&kept), "{kept}");
    assert_eq!(sheet["more"], 10_000 - kept);
    let wide = rows("a.csv", "1,".repeat(5_000).as_bytes());
    assert_eq!(wide[0]["rows"][0].as_array().unwrap().len(), 200);
    assert_eq!(
        rows("a.csv", "y".repeat(9_000).as_bytes())[0]["rows"][0][0].as_str().unwrap().chars().count(),
        5_000
    );
}

#[test]
fn a_workbook_comes_as_its_values() {
    let cells = r#"<sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>mm</t></is></c></row>
        <row r="3"><c r="A3" s="1"><v>45000</v></c><c r="B3"><f>0.1+0.2</f><v>0.30000000000000004</v></c><c r="D3" t="b"><v>1</v></c></row>
        </sheetData>"#;
    let expected = json!([{ "name": "Rain & sun", "head": 1,
        "rows": [["Day", "mm"], [], ["2023-03-15", 0.3, null, true]] }]);
    assert_eq!(rows("a.xlsx", &xlsx(cells, "<si><t>Day</t></si>")), expected);
}

#[test]
fn hostile_files_are_refused_or_cost_nothing() {
    for (path, bytes, says) in [
        ("a.xlsx", b"a,b".to_vec(), "no XLSX"),
        ("a.xlsx", b"PK\x03\x04nonsense".to_vec(), "can't be unpacked"),
        ("a.csv", b"a\0b".to_vec(), "is no text"),
        ("a.csv", b" \n\n".to_vec(), "no cells"),
        ("a.csv", Vec::new(), "no cells"),
        ("a.xlsx", xlsx("<sheetData/>", ""), "no cells"),
        ("a.xlsx", xlsx("<sheetData><row><c", ""), "can't be read"),
    ] {
        let fault = read(path, &bytes).expect_err(says);
        assert!(fault.contains(says), "{says}: {fault}");
    }
    let bomb = xlsx(&" ".repeat(1 << 20), "");
    assert!(bomb.len() < 10_000 && unpacks(&bomb, 2 << 20).is_ok());
    assert!(unpacks(&bomb, 1 << 20).is_err_and(|fault| fault.contains("far more")));
    // A last cell in the last corner: the rectangle up to it would have 17 billion cells.
    let far = r#"<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c><c r="A1048576"><v>3</v></c></row></sheetData>"#;
    let begun = std::time::Instant::now();
    let sheet = &rows("a.xlsx", &xlsx(far, ""))[0];
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert_eq!(sheet["rows"][0], json!([1]));
    // Many strings that are one.
    let strings = r#"<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>"#;
    let cells = r#"<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData>"#;
    let expanded = format!("{:?}", read("a.xlsx", &xlsx(&format!("{strings}{cells}"), "")));
    assert!(!expanded.contains(&"a".repeat(11)), "{expanded}");
}
