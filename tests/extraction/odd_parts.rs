//! One odd part of a file or a page bars none of the others.

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::folder::{CSV, HEADER, csv_row, folder_site, put_file, sync_counts};

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
    let long = "x".repeat(900);
    for (rows, note) in [(3, ""), (10_000, long.as_str())] {
        let text = (0..rows).map(|n| csv_row(n, "4", note)).collect::<String>();
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
