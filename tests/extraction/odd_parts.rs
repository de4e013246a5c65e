//! One odd part of a file or a page bars none of the others.

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::folder::{CSV, HEADER, LIST, csv_row, folder_site, only_letter, put_file, sync_counts};

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
                  paging = { by = \"token\", param = \"after\", next = \"next\", size = 2 }";
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
