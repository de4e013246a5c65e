//! Files are known by themselves: late, renamed, replaced, growing and foreign ones, in folders. Tested with the real program,
//! on both databases where its tables matter.

#[path = "files/doors.rs"]
mod doors;
#[path = "files/generated.rs"]
mod generated;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::missing::{Ended, Office};
use crate::operations::assert_fits_schema;
use crate::test_env::{Services, items_of};

pub const MANIFEST: &str = r#"
manifest = 1
id = "county"
version = 1
title_zh = "县"
title_en = "A county"
profile = "Made up for a test."
[transport]
kind = "files"
names = ["*.csv"]
[[stream]]
name = "records"
kind = "course_completion"
format = { kind = "csv", layout = { header = ["姓名", "身份证号", "学时"] } }
record_key = ["身份证号", "课程"]
version = { from = "landing" }
pass = "not_assessed"
[stream.map]
name = "姓名"
id_number = "身份证号"
course_code = "课程"
hours = { path = "学时", unit = "class_hour" }
period_end = "结业日期"
"#;

const HEADER: &str = "姓名,身份证号,课程,学时,结业日期\n";

/// Returns the rows of one person: one for each of these courses.
pub fn csv(courses: impl IntoIterator<Item = (String, u32)>) -> String {
    let row = |(course, hours): (String, u32)| format!("王明明,220102197501010110,{course},{hours},2015-03-01\n");
    HEADER.to_owned() + &courses.into_iter().map(row).collect::<String>()
}

/// Returns courses `PREFIX0`, `PREFIX1` … with these hours.
fn courses(prefix: &str, n: usize, hours: u32) -> String {
    csv((0..n).map(|course| (format!("{prefix}{course}"), hours)))
}

/// Sets when a file was changed last, in seconds since 1970.
pub fn set_modified(path: &Path, seconds: u64) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

struct Folder {
    office: Office,
}

impl Folder {
    fn new(on: Services) -> Self {
        Self { office: Office::new(on, MANIFEST, "folder = \"{folder}\"") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.office.house.dir.0.join("in").join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Syncs, expects success, and returns how many records came, and whether that was all.
    fn sync(&self, more: &[&str]) -> (i64, bool) {
        let pass = self.office.run_json(&[&["sync", "county"], more].concat());
        assert_fits_schema("sync.sync", &pass);
        (pass["balance"]["received"].as_i64().unwrap(), pass["balance"]["complete"].as_bool().unwrap())
    }

    fn fail(&self) -> String {
        let Ended { ok, told } = self.office.run(&["sync", "county"]);
        assert!(!ok, "{told}");
        told
    }

    /// Returns the state of a file.
    fn state(&self, name: &str) -> String {
        let listed = self.office.run_json(&["files", "list", "county"]);
        assert_fits_schema("files.list", &listed);
        let rows = items_of(listed);
        let found: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["name"] == name).collect();
        assert_eq!(found.len(), 1, "{name}: {rows}");
        found[0]["state"].as_str().unwrap().to_owned()
    }
}

/// Late files, whatever their names and times; files that are replaced, touched, renamed, copied, and gone.
#[test]
fn each_file_is_read_once_and_again_when_it_has_changed() {
    for on in [Services::Sqlite, Services::Postgres] {
        let folder = Folder::new(on);
        folder.put("长春.csv", &courses("C", 3, 36));
        assert_eq!(folder.sync(&[]), (3, true));
        // It comes later, its name comes before, and its time was kept.
        folder.put("吉林.csv", &courses("J", 2, 36));
        set_modified(&folder.path("吉林.csv"), 1_400_000_000);
        assert_eq!(folder.sync(&[]), (2, true));
        folder.put("长春.csv", &courses("C", 5, 48));
        assert_eq!(folder.sync(&[]), (5, true));
        assert_eq!((folder.sync(&[]), folder.office.all_hours()), ((0, true), 5 * 48 + 2 * 36));
        // The same size with other bytes, and the same bytes at another time.
        folder.put("长春.csv", &courses("C", 5, 24));
        assert_eq!((folder.sync(&[]).0, folder.office.all_hours()), (5, 5 * 24 + 2 * 36));
        folder.put("吉林.csv", &courses("J", 2, 36));
        assert_eq!((folder.sync(&[]), folder.state("吉林.csv")), ((0, true), "read".into()));
        // A correction under another name counts, and renaming what it corrects does not take it back.
        folder.put("更正.csv", &courses("J", 1, 12));
        assert_eq!(folder.sync(&[]).0, 1);
        std::fs::rename(folder.path("吉林.csv"), folder.path("吉林（旧）.csv")).unwrap();
        assert_eq!((folder.sync(&[]), folder.office.all_hours()), ((0, true), 5 * 24 + 36 + 12));
        assert_eq!((folder.state("吉林.csv"), folder.state("吉林（旧）.csv")), ("gone".into(), "copy".into()));
        // Who copies it anew means it.
        folder.put("吉林 - 副本.csv", &courses("J", 2, 36));
        assert_eq!((folder.sync(&[]).0, folder.office.all_hours()), (2, 5 * 24 + 2 * 36));
        // What was gone and comes back as it was is known.
        std::fs::rename(folder.path("更正.csv"), folder.office.house.dir.0.join("更正.csv")).unwrap();
        assert_eq!((folder.sync(&[]), folder.state("更正.csv")), ((0, true), "gone".into()));
        std::fs::rename(folder.office.house.dir.0.join("更正.csv"), folder.path("更正.csv")).unwrap();
        assert_eq!((folder.sync(&[]), folder.state("更正.csv")), ((0, true), "read".into()));
        assert_eq!(folder.sync(&["--full"]).0, 5 + 1 + 2 + 2);
        assert!(folder.office.run(&["balance"]).ok && folder.office.run(&["verify"]).ok);
    }
}

/// What a cursor says counts until the files themselves are known: that of an earlier release for what it has read, and that
/// of a person for what was there.
#[test]
fn files_that_were_read_by_an_old_cursor_are_not_read_again_and_late_ones_are() {
    for on in [Services::Sqlite, Services::Postgres] {
        let folder = Folder::new(on);
        let sql = |statement: &str| folder.office.house.run_sql(statement);
        folder.put("b.csv", &courses("B", 3, 36));
        folder.put("d.csv", &courses("D", 3, 36));
        assert_eq!(folder.sync(&[]).0, 6);
        folder.put("a.csv", &courses("A", 1, 36));
        set_modified(&folder.path("a.csv"), 1_400_000_000);
        folder.put("b.csv", &courses("B", 4, 36));
        for statement in ["DELETE FROM source_file", "DELETE FROM listed_stream"] {
            sql(statement);
        }
        assert_eq!(sql("SELECT count(*) FROM stream_cursor WHERE value = '{\"after\":\"d.csv\"}'"), 1);
        let Ended { ok, told } = folder.office.run(&["sync", "county"]);
        assert!(ok && told.contains("1 file was read or passed over before"), "{told}");
        assert_eq!(sql("SELECT count(*) FROM training_record"), 8);
        assert_eq!((folder.sync(&[]), folder.state("d.csv")), ((0, true), "read".into()));
        // A person's cursor passes over what is there, and over nothing that comes later.
        let to = ["cursors", "set", "county", "records", "--to", "{\"after\":\"b.csv\"}", "--because", "sent anew"];
        folder.office.run_json(&to);
        assert_eq!((folder.sync(&[]).0, folder.state("a.csv")), (3, "passed".into()));
        folder.put("a.csv", &courses("A", 2, 36));
        assert_eq!(folder.sync(&[]), (2, true));
        folder.office.run_json(&["cursors", "reset", "county", "--because", "sent anew"]);
        assert_eq!((folder.sync(&[]).0, folder.sync(&[])), (9, (0, true)));
    }
}

/// Names that fit no pattern are told everywhere; what programs need while they work is only listed.
#[test]
fn what_is_not_read_is_told_and_bars_nothing() {
    let folder = Folder::new(Services::Sqlite);
    folder.put("b.csv", &courses("B", 3, 36));
    folder.put("名单.xlsx", "no");
    for name in ["~$b.csv", ".b.csv", "b.csv.part", "b.tmp"] {
        folder.put(name, "no");
    }
    let Ended { ok, told } = folder.office.run(&["sync", "county"]);
    assert!(ok && told.contains("1 file was not read") && told.contains("名单.xlsx"), "{told}");
    assert!(told.contains("--state left-out") && !told.contains("~$b.csv"), "{told}");
    for args in [&["runs", "show", "1"][..], &["doctor"]] {
        let told = folder.office.run(args).told;
        assert!(told.contains("名单.xlsx") && !told.contains("b.csv.part"), "{args:?}: {told}");
    }
    let left = items_of(folder.office.run_json(&["files", "list", "county", "--state", "left-out"]));
    assert_eq!(left.as_array().unwrap().len(), 5, "{left}");
    // A file that cannot be fetched fails the run, and those after it are read all the same.
    File::create(folder.path("a.csv")).unwrap().set_len(70 << 20).unwrap();
    folder.put("c.csv", &courses("C", 2, 36));
    let told = folder.fail();
    assert!(told.contains("a.csv has 73,400,320 bytes") && told.contains("not complete"), "{told}");
    assert_eq!(folder.office.house.run_sql("SELECT count(*) FROM training_record"), 5);
    assert!(folder.fail().contains("a.csv"), "it is tried again");
    assert!(folder.office.run(&["doctor"]).told.contains("a.csv"));
    // What is there no longer bars nothing and is told no longer.
    folder.put("a.csv", &courses("A", 1, 36));
    std::fs::remove_file(folder.path("名单.xlsx")).unwrap();
    assert_eq!((folder.sync(&[]), folder.state("a.csv")), ((1, true), "read".into()));
    assert!(!folder.office.run(&["doctor"]).told.contains("名单.xlsx"));
}

#[test]
fn a_growing_file_is_left_for_the_next_pass() {
    let folder = Folder::new(Services::Sqlite);
    folder.put("a.csv", &courses("A", 3, 36));
    folder.put("b.csv", HEADER);
    let stop = Arc::new(AtomicBool::new(false));
    let (path, stopped) = (folder.path("b.csv"), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        let mut file = File::options().append(true).open(path).unwrap();
        let mut rows = 0;
        while !stopped.load(Ordering::Relaxed) {
            writeln!(file, "王明明,220102197501010110,B{rows},36,2015-03-01").unwrap();
            rows += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        rows
    });
    let Ended { ok, told } = folder.office.run(&["sync", "county"]);
    stop.store(true, Ordering::Relaxed);
    let rows: i64 = writer.join().unwrap();
    assert!(ok && told.contains("is being written") && told.contains("b.csv"), "{told}");
    assert!(told.contains("not complete"), "{told}");
    assert_eq!(folder.state("b.csv"), "growing");
    assert_eq!((folder.sync(&[]), folder.state("b.csv")), ((rows, true), "read".into()));
}
