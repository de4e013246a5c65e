//! Files in a folder: which are read, in which order, and how malformed rows and cells are treated.

use rust_xlsxwriter::{Format, Workbook};
use serde_json::Value;

use super::{Answer, Platform, Says, Site, records_json};

pub const CSV: &str =
    "format = { kind = \"csv\", layout = { header = [\"id\", \"idno\"], skip_markers = [\"小计\"] } }";
pub const LINES: &str = "format = { kind = \"json_lines\" }";
pub const LIST: &str = "format = { kind = \"json\", items = \"d.list\" }";
pub const BOOK: &str = "format = { kind = \"workbook\", sheets = \"*\", layout = { header = [\"id\", \"idno\"] } }";
pub const HEADER: &str = "id,v,name,idno,course,hours,end,note\n";

/// Creates a site whose source reads the folder `drop`.
pub fn folder_site(names: &str, stream: &str) -> Site {
    let platform = Platform::start(|_| Answer::new(404, ""));
    let transport = format!("kind = \"files\"\nnames = [{names:?}]");
    let site = Site::new(&platform, &Says { transport: &transport, stream, map: "place = \"note\"" });
    let folder = site.house.dir.0.join("drop");
    std::fs::create_dir_all(&folder).unwrap();
    site.write_settings(&format!(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nfolder = \"{}\"\n",
        folder.display()
    ));
    site
}

pub fn put_file(site: &Site, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(site.house.dir.0.join("drop").join(name), bytes).unwrap();
}

/// Syncs and returns received, inserted and parked records, and unreadable payloads.
pub fn sync_counts(site: &Site) -> [i64; 4] {
    let out = site.run(&["sync", "a", "--json"]);
    let told = String::from_utf8_lossy(&out.stderr);
    let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {told}"));
    let counts = ["received", "inserted", "parked", "unread"].map(|key| pass["balance"][key].as_i64().unwrap());
    assert_eq!(out.status.success(), counts[3] == 0, "{pass} {told}");
    counts
}

pub fn csv_row(n: usize, hours: &str, note: &str) -> String {
    format!("R{n},1,王一,22010219590911001X,C-{n},{hours},2014-09-11,{note}\n")
}

/// Returns the address of the only dead letter, and what it expects there.
pub fn only_letter(site: &Site) -> (String, String) {
    let letters = site.list_items(&["dead-letters", "list", "--json"]);
    let all = letters.as_array().unwrap();
    assert_eq!(all.len(), 1, "{letters}");
    let reason = &all[0]["reasons"][0];
    assert_eq!(reason["code"], "record.form", "{letters}");
    (all[0]["address"].as_str().unwrap().to_owned(), reason["expected"]["message"].as_str().unwrap().to_owned())
}

/// The open quote may be the last one of the file, or a later quote may seem to close it, in any row.
#[test]
fn a_quote_that_is_not_closed_takes_no_row_with_it_in_silence() {
    let open = |n: usize| csv_row(n, "4", if n == 3 { "\"未闭合" } else { "" });
    let rows = (0..10).map(open).collect::<String>();
    let seems_closed = rows.replace("R8,1,王一", "R8,1,\"王一\"");
    let skipped = (0..3).map(open).collect::<String>() + "小计,\"12\n" + &csv_row(3, "4", "") + &csv_row(9, "4", "");
    for (rows, inserted, line) in [(&rows, 3, 5), (&seems_closed, 3, 5), (&skipped, 3, 5)] {
        let site = folder_site("*.csv", CSV);
        put_file(&site, "a.csv", format!("{HEADER}{rows}"));
        let [_, landed, parked, _] = sync_counts(&site);
        assert_eq!((landed, parked), (inserted + i64::from(rows == &seems_closed), 1), "{rows}");
        let (address, expected) = only_letter(&site);
        assert_eq!(address, format!("a.csv line {line}"));
        assert!(expected.contains(&format!("a quote in line {line} is not closed")), "{expected}");
        let told = site.run_with_env(&["dead-letters", "list"], &[("HUILIU_LANG", "zh_CN.UTF-8")]);
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains("引号没有闭合"), "{told}");
    }
}

/// A decimal comma must not be read as an hour and a remark.
#[test]
fn a_row_of_more_cells_than_the_header_is_parked() {
    let site = folder_site("*.csv", CSV);
    let rows =
        [csv_row(0, "4", ""), csv_row(1, "1,5", "x"), csv_row(2, "4", ",, ,"), csv_row(3, "4", "\"a\nb\"")].concat();
    put_file(&site, "a.csv", format!("{HEADER}{rows}R4,1,王一,22010219590911001X,C-4,4,2014-09-11\n"));
    assert_eq!(sync_counts(&site), [5, 4, 1, 0]);
    let (address, expected) = only_letter(&site);
    assert_eq!(address, "a.csv line 3");
    assert!(expected.contains("9 cells, but the header has 8"), "{expected}");
}

/// This also holds if the header itself ends with a separator.
#[test]
fn cells_without_a_name_are_no_room_for_others() {
    let site = folder_site("*.csv", CSV);
    let rows = [csv_row(0, "4", ","), csv_row(1, "4,5", "x,")].concat();
    put_file(&site, "a.csv", format!("{},\n{rows}", HEADER.trim_end()));
    assert_eq!(sync_counts(&site), [2, 1, 1, 0]);
}

#[test]
fn what_stands_twice_in_json_is_not_guessed() {
    let site = folder_site("*.jsonl", LINES);
    let [one, two, three] = [0, 1, 2].map(super::record_json);
    let two = two.replace("\"hours\":\"4\"", "\"hours\":\"4\",\"hours\":\"40\"");
    let three = three.replace("\"no\":2", "\"no\":2,\"no\":3");
    put_file(&site, "a.jsonl", [one, two, three].join("\n"));
    assert_eq!(sync_counts(&site), [3, 2, 1, 0]);
    let (address, expected) = only_letter(&site);
    assert_eq!(address, "a.jsonl line 2");
    assert!(expected.contains("hours appears in it more than once"), "{expected}");
}

#[test]
fn a_document_with_its_list_twice_is_refused_small_and_large() {
    let pad = "x".repeat(9 << 20);
    for pad in ["", &pad] {
        for (text, path) in [
            (
                format!(
                    "{{\"d\":{{\"list\":{},\"list\":{}}},\"p\":\"{pad}\"}}",
                    records_json(0..1),
                    records_json(1..2)
                ),
                "d.list",
            ),
            (format!("{{\"d\":{{\"list\":{}}},\"p\":\"{pad}\",\"d\":{{}}}}", records_json(0..1)), "d"),
        ] {
            let site = folder_site("*.json", LIST);
            put_file(&site, "a.json", text);
            let out = site.run(&["sync", "a", "--json"]);
            let pass: Value = serde_json::from_slice(&out.stdout).unwrap();
            assert_eq!((&pass["balance"]["received"], &pass["balance"]["unread"]), (&0.into(), &1.into()), "{pass}");
            let reason = pass["sources"][0]["unread_payloads"][0]["reason"]["message"].as_str().unwrap();
            assert!(reason.contains(&format!("{path} appears in it more than once")), "{reason}");
        }
    }
}

/// People number files in this way when they add them one after the other.
#[test]
fn files_are_read_in_the_order_of_their_numbers() {
    let site = folder_site("培训记录*.csv", CSV);
    for (n, name) in ["", "2", "9", "10", "11", "100"].into_iter().enumerate() {
        put_file(&site, &format!("培训记录{name}.csv"), format!("{HEADER}{}", csv_row(n, "4", "")));
        assert_eq!(sync_counts(&site), [1, 1, 0, 0], "{name}");
    }
    // The order is the same when all are read at once: the last is the newest.
    let said = site.run_json(&["sync", "a", "--full", "--json"]);
    assert_eq!(said["balance"]["received"], 6);
    assert_eq!(site.read_cursor(), serde_json::json!({ "after": "培训记录100.csv" }));
    let last = "SELECT max(id) = (SELECT max(id) FROM payload WHERE address = '培训记录100.csv') FROM payload";
    assert_eq!(site.house.run_sql(last), 1);
}

#[test]
fn capital_letters_do_not_matter_and_what_is_not_read_is_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let site = folder_site("*.csv", CSV);
    put_file(&site, "A.CSV", format!("{HEADER}{}", csv_row(0, "4", "")));
    put_file(&site, "B.txt", "no");
    let drop = site.house.dir.0.join("drop");
    std::os::unix::fs::symlink(drop.join("A.CSV"), drop.join("link.csv")).unwrap();
    std::os::unix::fs::symlink(drop.join("A.CSV"), drop.join("link.txt")).unwrap();
    std::fs::write(drop.join(std::ffi::OsStr::from_bytes(b"\xc5\xe0\xd1\xb5.csv")), "x").unwrap();
    let out = site.run_with_env(&["sync", "a", "--json"], &[("HUILIU_LOG", "warn")]);
    let pass: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(pass["balance"]["inserted"], 1, "{pass}");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(told.matches("not read in").count(), 1, "{told}");
    assert!(told.contains("link.csv, ") && told.contains("\u{FFFD}") && !told.contains("link.txt"), "{told}");
}

/// A time of day is not a number of hours, and 85 % is not read as 0.85.
#[test]
fn times_and_percentages_of_a_workbook_are_what_is_shown() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, HEADER.trim_end().split(',')).unwrap();
    let (time, long, percent) = ("h:mm", "[h]:mm:ss", "0.0%");
    let rows = [("General", 4.0, 0.855), (time, 0.0625, 0.85), (time, 1.5, 1.0), (long, 1.5, 0.07), ("0", 8.0, 0.285)];
    for (n, (format, hours, share)) in rows.into_iter().enumerate() {
        let at = u32::try_from(n + 1).unwrap();
        let course = format!("C-{n}");
        sheet.write_row(at, 0, [&format!("R{n}"), "1", "王一", "22010219590911001X", &course]).unwrap();
        sheet.write_number_with_format(at, 5, hours, &Format::new().set_num_format(format)).unwrap();
        sheet.write_string(at, 6, "2014-09-11").unwrap();
        sheet.write_number_with_format(at, 7, share, &Format::new().set_num_format(percent)).unwrap();
    }
    let site = folder_site("*.xlsx", BOOK);
    put_file(&site, "a.XLSX", book.save_to_buffer().unwrap());
    assert_eq!(sync_counts(&site), [5, 2, 3, 0]);
    let letters = site.list_items(&["dead-letters", "list", "--json"]);
    let mut seen: Vec<&str> =
        letters.as_array().unwrap().iter().map(|l| l["reasons"][0]["seen"].as_str().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["1:30:00", "36:00:00", "36:00:00"], "{letters}");
    assert!(letters.to_string().contains("hours.number"), "{letters}");
    let listed = site.list_items(&["records", "list", "--json"]).to_string();
    assert!(listed.contains("\"85.5%\"") && listed.contains("\"28.5%\""), "{listed}");
}

/// Files that were compressed in pieces and put together are read to their end, as gzip itself does.
#[test]
fn a_gzip_file_of_several_members_is_read_whole() {
    use std::io::Write as _;
    let member = |text: String| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let site = folder_site("*.csv.gz", &format!("{CSV}\narchive = {{ kind = \"gzip\" }}"));
    let (first, second) = (member(format!("{HEADER}{}", csv_row(0, "4", ""))), member(csv_row(1, "4", "")));
    put_file(&site, "a.csv.gz", [first, second].concat());
    assert_eq!(sync_counts(&site), [2, 2, 0, 0]);
}
