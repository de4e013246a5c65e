//! One odd part of a file or a page bars none of the others.

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::folder::{BOOK, CSV, HEADER, LIST, csv_row, folder_site, only_letter, put_file, sync_counts};

const FORK: &[u8] = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00";

fn zip_files(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Only what macOS adds is passed over: a file of records keeps its records under any name.
#[test]
fn what_macos_adds_to_an_archive_is_passed_over() {
    let table = |n: usize| format!("{HEADER}{}", csv_row(n, "4", ""));
    let [first, second, third] = [0, 1, 2].map(table);
    let bytes = zip_files(&[
        ("9/a.csv", first.as_bytes()),
        ("__MACOSX/9/._a.csv", FORK),
        ("__MACOSX/._x.zip", b"PK\x03\x04"),
        ("9/._b.csv", b"no table"),
        ("9/b.csv", second.as_bytes()),
        ("9/._gone.csv", FORK),
        ("9/._c.csv", third.as_bytes()),
    ]);
    let site = folder_site("*.zip", &format!("archive = {{ kind = \"zip\", members = \"*.csv\" }}\n{CSV}"));
    put_file(&site, "a.zip", bytes);
    assert_eq!(sync_counts(&site), [3, 3, 0, 0]);
}

/// DOS ends a text with Ctrl-Z, in small files and in those that are read in windows.
#[test]
fn the_end_mark_of_dos_is_no_row() {
    let sums = format!("小计,{}\n", "x".repeat(500_000)).repeat(18);
    for (rows, between) in [(3, ""), (4, sums.as_str())] {
        let text = (0..rows).map(|n| csv_row(n, "4", "")).collect::<String>() + between;
        for mark in ["\u{1a}", "\u{1a}\u{1a}\r\n\u{1a}"] {
            let site = folder_site("*.csv", CSV);
            put_file(&site, "a.csv", format!("{HEADER}{text}{mark}"));
            let rows = i64::try_from(rows).unwrap();
            assert_eq!(sync_counts(&site), [rows, rows, 0, 0], "{mark:?}");
        }
    }
    // Within a file it is a character like any other.
    let site = folder_site("*.csv", CSV);
    put_file(&site, "a.csv", format!("{HEADER}{}\u{1a}\n{}", csv_row(0, "4", ""), csv_row(1, "4", "")));
    assert_eq!(sync_counts(&site), [3, 2, 1, 0]);
}

/// What JSON does not have is a fault of the record that has it, in a page and in a large document.
#[test]
fn what_is_not_json_parks_its_record_and_no_other() {
    let pad = "x".repeat(9 << 20);
    let record = |n: usize| super::record_json(n);
    let hours = |value: &str| record(1).replace("\"hours\":\"4\"", &format!("\"hours\":{value}"));
    let name = |text: &str| record(1).replace("\"name\":\"", &format!("\"name\":\"{text}"));
    for (bad, words) in [
        (hours("NaN"), "“hours” holds NaN, which is not a JSON value"),
        (hours("[1,-Infinity]"), "“hours.1” holds -Infinity"),
        (hours("040"), "“hours” holds 040"),
        (name("\n"), "“name” holds the control character U+000A"),
        (name("\u{1}"), "“name” holds the control character U+0001"),
    ] {
        for pad in ["", &pad] {
            let site = folder_site("*.json", LIST);
            let list = [record(0), bad.clone(), record(2)].join(",");
            put_file(&site, "a.json", format!("{{\"mean\":NaN,\"d\":{{\"list\":[{list}]}},\"p\":\"{pad}\"}}"));
            assert_eq!(sync_counts(&site), [3, 2, 1, 0], "{bad}");
            let (address, expected) = only_letter(&site);
            assert_eq!(address, "a.json item 1");
            assert!(expected.contains(words), "{expected}");
        }
    }
    // A page that is cut, or that is no JSON at all, is still refused as a whole.
    for text in [format!("{{\"d\":{{\"list\":[{},{}", record(0), hours("NaN")), "Unauthorized".to_owned()] {
        let site = folder_site("*.json", LIST);
        put_file(&site, "a.json", text);
        assert_eq!(sync_counts(&site), [0, 0, 0, 1]);
    }
}

/// Every page is read, and what the paging reads is never what was masked.
#[test]
fn a_fault_in_one_record_does_not_end_the_pages() {
    use super::{Answer, Platform, Says, Site, records_json};
    let stream = "request = \"/list\"\nformat = { kind = \"json\", items = \"items\", ok_path = \"code\", ok_value = \"0\" }\n\
                  page = { by = \"token\", param = \"after\", next = \"next\", size = 2 }";
    for (next, received) in [("\"n2\"", Some([4, 3, 1])), ("NaN", None)] {
        let platform = Platform::start(move |request| {
            let bad = super::record_json(1).replace("\"hours\":\"4\"", "\"hours\":NaN");
            let first = format!("{{\"items\":[{},{bad}],\"code\":0,\"next\":{next}}}", super::record_json(0));
            let last = format!("{{\"code\":0,\"items\":{}}}", records_json(2..4));
            Answer::json(if request.param("after") == "n2" { last } else { first })
        });
        let site = Site::new(&platform, &Says { stream, ..Says::default() });
        let out = site.run(&["sync", "--all", "--json"]);
        let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        match received {
            Some(counts) => {
                let found = ["received", "inserted", "parked"].map(|key| pass["balance"][key].as_i64().unwrap());
                assert_eq!(found, counts, "{pass}");
            }
            None => assert!(out.status.code() == Some(1) || pass["balance"]["unread"] == 1, "{pass}"),
        }
    }
}

/// Builds a workbook of these rows of cells, each `None` or the XML of a cell without its address.
fn build_book(rows: &[Vec<String>]) -> Vec<u8> {
    let mut data = String::new();
    for (row, cells) in (1..).zip(rows) {
        let cells =
            cells.iter().zip('A'..).map(|(cell, column)| cell.replacen("<c", &format!("<c r=\"{column}{row}\""), 1));
        data += &format!("<row r=\"{row}\">{}</row>", cells.collect::<String>());
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{of}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{of}\"><sheets><sheet name=\"甲 &amp; 乙\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{data}</sheetData></worksheet>");
    zip_files(&[
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml").as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

fn text_cell(text: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

/// A cell's column, its XML, and its place and what is expected of it if it is needed.
type OddCell<'a> = (usize, &'a str, Option<(&'a str, &'a str)>);

/// A cell parks its row only if it is mapped, and says which cell it is.
#[test]
fn an_odd_cell_of_a_workbook_is_a_fault_of_that_cell() {
    let never = "a formula that was never calculated; open and save the file";
    let odd: [OddCell<'_>; 13] = [
        (8, "<c/>", None),
        (8, "<c t=\"e\"><v>#SPILL!</v></c>", None),
        (8, "<c t=\"s\"><v>99</v></c>", None),
        (8, "<c t=\"n\"><v>abc</v></c>", None),
        (8, "<c><v>1</v><extLst><ext/></extLst></c>", None),
        (8, "<c><f>1+1</f></c>", None),
        (7, "<c t=\"str\"><f>IF(1,\"\",2)</f><v></v></c>", None),
        (5, "<c t=\"str\"><f>2*2</f><v>4</v></c>", None),
        (5, "<c t=\"e\"><v>#CALC!</v></c>", Some(("F", "a cell with a value"))),
        (5, "<c><f>G2*\"2\"</f></c>", Some(("F", never))),
        (3, "<c><f>A1</f><v/></c>", Some(("D", never))),
        (6, "<c><f>A1</f><v></v></c>", Some(("G", never))),
        (2, "<c t=\"s\"><v>7</v></c>", Some(("C", "this one is damaged"))),
    ];
    let mut rows = vec![format!("{},extra", HEADER.trim_end()).split(',').map(text_cell).collect::<Vec<_>>()];
    for (n, (column, cell, _)) in odd.iter().enumerate() {
        let line = format!("{},", csv_row(n, "4", "").trim_end());
        rows.push(line.split(',').map(text_cell).collect());
        (*cell).clone_into(&mut rows[n + 1][*column]);
    }
    let site = folder_site("*.xlsx", BOOK);
    put_file(&site, "a.xlsx", build_book(&rows));
    assert_eq!(sync_counts(&site), [13, 8, 5, 0]);
    let letters = site.list_items(&["dead-letters", "list", "--json"]).to_string();
    for (row, (column, words)) in (2..).zip(odd).filter_map(|(row, (_, _, fault))| Some((row, fault?))) {
        let cell = format!("a.xlsx › 甲 & 乙!{column}{row}");
        assert!(letters.contains(&cell) && letters.contains(words), "{cell} {words}: {letters}");
    }
}

/// Two rows whose keys cannot be read are two rows.
#[test]
fn a_key_without_a_value_is_no_key() {
    let site = folder_site("*.xlsx", &format!("{BOOK}\nrecord_key = [\"extra\"]"));
    let mut rows = vec![format!("{},extra", HEADER.trim_end()).split(',').map(text_cell).collect::<Vec<_>>()];
    for (n, cell) in
        ["<c><f>A1</f></c>", "<c><f>A1</f></c>", "<c t=\"e\"><v>#SPILL!</v></c>", "<c><v>1</v></c>"].iter().enumerate()
    {
        rows.push(csv_row(n, "4", "").trim_end().split(',').map(text_cell).chain([(*cell).to_owned()]).collect());
    }
    put_file(&site, "a.xlsx", build_book(&rows));
    assert_eq!(sync_counts(&site), [4, 1, 3, 0]);
    let letters = site.list_items(&["dead-letters", "list", "--json"]);
    assert_eq!(letters.as_array().unwrap().len(), 3, "{letters}");
    assert!(letters.to_string().contains("never calculated") && letters.to_string().contains("!I2"), "{letters}");
}

/// A marker is a word with or without spaces, and a row of a person is a record whatever it begins with.
#[test]
fn markers_are_words_and_take_no_record() {
    let layout = "layout = { header = [\"id\", \"name\", \"idno\"], skip_markers = [\"Points Possible\", \"Student, Test\", \"id\"], \
                  end_markers = [\"备注\", \"填表人\"] }";
    let record = |id: &str| csv_row(0, "4", "").replace("R0,", &format!("{id},"));
    let rows = [
        HEADER.to_owned(),
        "  Points  Possible,,,,,(read only),,\n".to_owned(),
        record("R1"),
        "\"Student, Test\",1,,,,0,,\n".to_owned(),
        record("PointsPossible"),
        HEADER.to_owned(),
        record("id7"),
        record("备注一"),
        "小计,,,,,12,,\n".to_owned(),
        "填表人张三,,,,审核人李四,,,\n".to_owned(),
        record("R9"),
    ];
    let text = rows.concat();
    let book: Vec<Vec<String>> =
        csv_cells(&text).iter().map(|row| row.iter().map(|cell| text_cell(cell)).collect()).collect();
    for (name, kind, bytes) in [("a.csv", "csv", text.into_bytes()), ("a.xlsx", "workbook", build_book(&book))] {
        let site = folder_site("a.*", &format!("format = {{ kind = \"{kind}\", {layout} }}"));
        put_file(&site, name, bytes);
        // The sum is no marker here, so it is parked. So is the record below the end.
        assert_eq!(sync_counts(&site), [6, 4, 2, 0], "{name}");
    }
}

fn csv_cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Returns the reason of the only payload that could not be read.
fn unread_reason(site: &super::Site) -> String {
    let out = site.run(&["sync", "a", "--json"]);
    let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&pass["balance"]["received"], &pass["balance"]["unread"]), (&0.into(), &1.into()), "{pass}");
    pass["sources"][0]["unread_payloads"][0]["reason"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_table_without_its_header_is_told_by_what_it_is() {
    let good = format!("{HEADER}{}", csv_row(0, "4", ""));
    let other = good.replace("idno", "ID Number").replace("id,", "Number,");
    for (text, words) in [
        (other.clone(), "no header line with the cells id, idno; the file has Number, v, name, IDNumber"),
        (good.replace(',', ";"), "the cells are separated by ;, but the manifest expects ,"),
        (good.replace(',', "\t"), "the cells are separated by TAB, but the manifest expects ,"),
        (String::new(), "the file is empty"),
        ("\u{feff}\r\n".to_owned(), "the file is empty"),
        (csv_row(0, "4", ""), "no header line with the cells id, idno"),
    ] {
        let site = folder_site("*.csv", CSV);
        put_file(&site, "a.csv", &text);
        let reason = unread_reason(&site);
        assert!(reason.contains(words) && !reason.contains("王一"), "{text:?}: {reason}");
    }
    let site = folder_site("*.xlsx", BOOK);
    let rows: Vec<Vec<String>> =
        csv_cells(&other).iter().map(|row| row.iter().map(|cell| text_cell(cell)).collect()).collect();
    put_file(&site, "a.xlsx", build_book(&rows));
    assert!(unread_reason(&site).contains("the file has Number, v, name, IDNumber"));
    // A header without records is no error, but is told.
    let site = folder_site("*.csv", CSV);
    put_file(&site, "a.csv", HEADER);
    let out = site.run_with_env(&["sync", "a", "--json"], &[("HUILIU_LOG", "warn")]);
    let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &pass["balance"]["unread"]), (Some(0), &0.into()), "{pass}");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(told.contains("a.csv has no record below its header"), "{told}");
}

#[test]
fn what_is_saved_under_the_name_of_a_workbook_is_named() {
    let excel = "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">\
                 <Worksheet><Table><Row><Cell><Data>id</Data></Cell></Row></Table></Worksheet></Workbook>";
    let archive = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
                   <html><table><tr><td>id<td>idno<tr><td>1<td>2</table></html>\r\n--b--";
    let frames = "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><head></head><frameset rows=\"*,39\">\
                  <frame src=\"a.files/sheet001.htm\"></frameset></html>";
    let what_to_do = "open it in a spreadsheet program and save it as";
    for (text, words) in
        [(excel, "an Excel 2003 XML file"), (archive, "a web archive (.mht)"), (frames, "a page of frames")]
    {
        for (format, name) in [(BOOK, "a.xls"), (CSV, "a.csv")] {
            let site = folder_site("a.*", format);
            put_file(&site, name, text);
            let reason = unread_reason(&site);
            assert!(reason.contains(words) && reason.contains(what_to_do), "{name}: {reason}");
        }
    }
}

/// A rule cannot leave a row out by a cell that nobody can read.
#[test]
fn a_row_rule_does_not_judge_by_a_cell_without_a_value() {
    let rule = "rows = [{ act = \"skip\", when = [{ path = \"extra\", is_not = [\"x\"] }], because = \"not x\" }]";
    let site = folder_site("*.xlsx", &format!("{BOOK}\n{rule}"));
    let mut rows = vec![format!("{},extra", HEADER.trim_end()).split(',').map(text_cell).collect::<Vec<_>>()];
    for (n, cell) in [text_cell("x"), text_cell("y"), "<c><f>A1</f></c>".to_owned()].into_iter().enumerate() {
        rows.push(csv_row(n, "4", "").trim_end().split(',').map(text_cell).chain([cell]).collect());
    }
    put_file(&site, "a.xlsx", build_book(&rows));
    assert_eq!(sync_counts(&site), [3, 1, 1, 0]);
    let letters = site.list_items(&["dead-letters", "list", "--json"]).to_string();
    assert!(letters.contains("row.parked") && letters.contains("!I4"), "{letters}");
}
