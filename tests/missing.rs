//! Streams that are whole each time: who is no longer in a whole is asked about or withdrawn, and comes back by itself. Tested
//! with the real program on both databases.

#[path = "missing/listing.rs"]
mod listing;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use huiliu_manifest::Manifest;
use serde_json::Value;

use crate::operations::assert_fits_schema;
use crate::test_env::{Services, TestEnv, items_of};

/// The exports of two months; the second lacks the first three people of the first.
const SEPTEMBER: &str = include_str!("missing/september.csv");
const OCTOBER: &str = include_str!("missing/october.csv");

const MANIFEST: &str = r#"
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
version = { from = "file_date" }
complete = true
pass = "not_assessed"
rows = [{ when = [{ path = "姓名", is = ["合计"] }], act = "skip", because = "sums 合计" },
        { when = [{ path = "学时", is = ["作废"] }], act = "skip", because = "voided 已作废" }]
[stream.map]
name = "姓名"
id_number = "身份证号"
course_code = "课程"
hours = { path = "学时", unit = "class_hour" }
period_end = "结业日期"
"#;

/// An office: the program, with one source that is a folder of files or a platform.
pub struct Office {
    pub house: TestEnv,
}

/// How a command ended: whether it succeeded, and what it printed on both streams.
pub struct Ended {
    pub ok: bool,
    pub told: String,
}

impl Office {
    /// Makes the office; `place` is where the source is, as settings say it.
    pub fn new(on: Services, manifest: &str, place: &str) -> Self {
        let office = Self { house: TestEnv::new(on) };
        let dir = &office.house.dir.0;
        std::fs::create_dir_all(dir.join("in")).unwrap();
        office.write_manifest(manifest);
        let settings = format!(
            "manifests_dir = {:?}\n[[source]]\nname = \"county\"\nconnector = \"county\"\ninstitution_code = \"P\"\n{}\n",
            dir.join("manifests"),
            place.replace("{folder}", dir.join("in").to_str().unwrap()),
        );
        std::fs::write(dir.join("huiliu.toml"), settings).unwrap();
        assert!(office.run(&["migrate"]).ok);
        office
    }

    fn with_folder(on: Services, changes: &[(&str, &str)]) -> Self {
        Self::new(on, &change(MANIFEST, changes), "folder = \"{folder}\"")
    }

    pub fn write_manifest(&self, text: &str) {
        let folder = self.house.dir.0.join("manifests/county");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.toml"), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.house.command(args);
        command.env("HUILIU_CONFIG", self.house.dir.0.join("huiliu.toml"));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        let out = self.command(args).output().unwrap();
        let told = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        Ended { ok: out.status.success(), told }
    }

    pub fn run_json(&self, args: &[&str]) -> Value {
        let Ended { ok, told } = self.run(&[args, &["--json"]].concat());
        assert!(ok, "{args:?}: {told}");
        serde_json::from_str(&told).unwrap_or_else(|e| panic!("{args:?}: {e}: {told}"))
    }

    /// Puts a file into the folder and syncs.
    fn sync_file(&self, name: &str, text: &str) -> Ended {
        std::fs::write(self.house.dir.0.join("in").join(name), text).unwrap();
        self.sync()
    }

    /// Syncs, and checks that the books agree.
    pub fn sync(&self) -> Ended {
        let ended = self.run(&["sync", "county"]);
        assert!(self.run(&["balance"]).ok && self.run(&["verify"]).ok, "{}", ended.told);
        ended
    }

    /// Returns name → state of the missing records.
    pub fn missing(&self) -> BTreeMap<String, String> {
        let listed = items_of(self.run_json(&["missing", "list", "--all"]));
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        listed.as_array().unwrap().iter().map(|row| (text(row, "name"), text(row, "state"))).collect()
    }

    /// Returns the number of a person's record.
    fn record_of(&self, name: &str) -> String {
        let listed = items_of(self.run_json(&["records", "list"]));
        listed.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()["record"].to_string()
    }

    /// Returns what is explained of a person's hours.
    fn explain(&self, name: &str) -> String {
        let listed = items_of(self.run_json(&["records", "list"]));
        let teacher = listed.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()["teacher"].to_string();
        self.run(&["teachers", "explain", &teacher]).told
    }

    /// Returns the class hours of all teachers, counted or provisional.
    pub fn all_hours(&self) -> i64 {
        self.house.run_sql(
            "SELECT CAST(coalesce(sum(units), 0) / 108000 AS bigint) FROM credit_entry WHERE superseded_at IS NULL",
        )
    }
}

pub fn change(manifest: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(manifest.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    })
}

pub fn states(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

/// Returns an export of everybody of both months, without some rows, by their place, and with others changed.
fn export(without: &[usize], changes: &[(usize, &str, &str)]) -> String {
    let more = OCTOBER.lines().filter(|line| !SEPTEMBER.contains(line));
    let rows =
        SEPTEMBER.lines().chain(more).enumerate().filter(|(nth, _)| !without.contains(nth)).map(|(nth, line)| {
            let of_row = changes.iter().filter(|(row, ..)| *row == nth);
            of_row.fold(line.to_owned(), |line, (_, old, new)| line.replace(old, new)) + "\n"
        });
    rows.collect()
}

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];
/// The people whom October lacks.
const GONE: [&str; 3] = ["王明明", "李明洋", "张明霞"];

#[test]
fn who_is_not_in_the_newest_export_is_put_before_a_person() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        std::fs::write(office.house.dir.0.join("in/导出_20260930.csv"), SEPTEMBER).unwrap();
        let first = office.sync_file("导出_20261031.csv", OCTOBER);
        assert!(
            !first.ok && first.told.contains("3 records are not in the newest whole; they count until"),
            "{}",
            first.told
        );
        assert_eq!(office.missing(), states(&GONE.map(|name| (name, "open"))), "{on:?}");
        assert_eq!(office.all_hours(), 25 * 36, "{on:?}");
        let shown = office.run(&["runs", "show", "1"]).told + &office.run(&["doctor"]).told;
        assert!(
            shown.contains("3 records are not in the newest whole") && shown.contains("! missing records: 3 "),
            "{shown}"
        );
        let listed = office.run(&["missing", "list", "--source", "county", "--stream", "records"]).told;
        assert!(listed.contains("files of 2026-10-31") && listed.contains("waits for a decision"), "{listed}");
        assert!(office.explain(GONE[0]).contains("not in the files of 2026-10-31"), "{}", office.explain(GONE[0]));
        assert_eq!(office.run(&["records", "list"]).told.matches("missing from the newest whole").count(), 3);
        // Nobody is told twice.
        assert!(office.sync().ok, "{on:?}");

        let numbers = GONE.map(|name| office.record_of(name));
        let decide = |act: &str, numbers: &[&str], plan: bool| {
            let how: &[&str] = if plan { &["--plan"] } else { &[] };
            office.run(&[&["missing", act], numbers, &["--because", "letter of 2026-11-03"], how].concat())
        };
        let planned = decide("withdraw", &[&numbers[0], &numbers[1]], true);
        assert!(planned.ok && planned.told.contains("2 teachers lose 72 hours"), "{}", planned.told);
        assert_eq!(office.all_hours(), 25 * 36, "{on:?}");
        assert!(decide("withdraw", &[&numbers[0], &numbers[1]], false).ok);
        assert!(decide("keep", &[&numbers[2]], false).ok);
        assert_eq!(office.all_hours(), 23 * 36, "{on:?}");
        let told = office.explain(GONE[0]);
        assert!(told.contains("withdrawn") && told.contains("letter of 2026-11-03"), "{told}");
        assert!(office.run(&["verify"]).ok);
        let audited = office.run(&["audit", "--action", "missing"]).told;
        assert!(audited.contains("withdraw missing records") && audited.contains("keep missing records"), "{audited}");
        // Undone, and done again.
        assert!(decide("keep", &[&numbers[0]], false).ok);
        assert_eq!(office.all_hours(), 24 * 36, "{on:?}");
        let again = decide("keep", &[&numbers[0]], false);
        assert!(!again.ok && again.told.contains("no record that this would change"), "{}", again.told);
        assert!(decide("withdraw", &[&numbers[0]], false).ok);

        // November has the first again, and nothing is asked about the others.
        let november = office.sync_file("导出_20261130.csv", &export(&[2, 3], &[]));
        assert!(november.ok, "{}", november.told);
        assert_eq!(office.missing(), states(&[(GONE[1], "withdrawn"), (GONE[2], "kept")]), "{on:?}");
        assert_eq!(office.all_hours(), 24 * 36, "{on:?}");
        // A record of another stream, or one that is not missing, cannot be decided.
        let other = decide("withdraw", &[&numbers[0]], false);
        assert!(!other.ok && other.told.contains("is not missing"), "{}", other.told);
        let unknown = office.run(&["missing", "list", "--stream", "x"]);
        assert!(!unknown.ok && unknown.told.contains("the streams are"), "{}", unknown.told);
    }
}

#[test]
fn a_stream_is_decided_at_once() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        office.sync_file("导出_20260930.csv", SEPTEMBER);
        assert!(!office.sync_file("导出_20261031.csv", OCTOBER).ok);
        let of_stream = ["--source", "county", "--stream", "records", "--because", "the office took them back"];
        let decided = office.run_json(&[&["missing", "withdraw"], &of_stream[..]].concat());
        assert_fits_schema("missing.withdraw", &decided);
        assert_fits_schema("missing.list", &office.run_json(&["missing", "list", "--all"]));
        assert_eq!((&decided["records"], &decided["state"]), (&3.into(), &"withdrawn".into()), "{decided}");
        assert_eq!(office.all_hours(), 22 * 36, "{on:?}");
        office.run_json(&[&["missing", "keep"], &of_stream[..]].concat());
        assert_eq!(office.all_hours(), 25 * 36, "{on:?}");
        assert_eq!(office.missing(), states(&GONE.map(|name| (name, "kept"))), "{on:?}");
    }
}

/// Two people decide the opposite at the same moment, again and again: the ledger is what the rows say.
#[test]
fn decisions_at_the_same_time_leave_the_ledger_true() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        office.sync_file("导出_20260930.csv", SEPTEMBER);
        assert!(!office.sync_file("导出_20261031.csv", OCTOBER).ok);
        for _ in 0..4 {
            let deciding = ["withdraw", "keep"].map(|act| {
                let of_stream = ["--source", "county", "--stream", "records", "--because", "x"];
                let mut command = office.command(&[&["missing", act], &of_stream[..]].concat());
                command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
            });
            deciding.into_iter().for_each(|mut child| assert!(child.wait().unwrap().code().is_some()));
            let counted = office.missing().values().filter(|state| *state != "withdrawn").count();
            assert_eq!(office.all_hours(), (22 + i64::try_from(counted).unwrap()) * 36, "{on:?}");
            assert!(office.run(&["verify"]).ok, "{on:?}");
            let numbers = GONE.map(|name| office.record_of(name));
            let again = [&["missing", "withdraw"], &numbers.each_ref().map(String::as_str)[..], &["--because", "y"]];
            office.run(&again.concat());
        }
    }
}

#[test]
fn a_row_that_cannot_be_used_is_not_missing() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        assert!(office.sync_file("导出_20260930.csv", &export(&[], &[])).ok);
        // One row is parked and one is left out; the sums are nobody's.
        let october = export(&[], &[(1, ",36,", ",x,"), (2, ",36,", ",作废,")]) + "合计,,,900,\n";
        let told = office.sync_file("导出_20261031.csv", &october);
        assert!(told.ok && office.missing().is_empty(), "{on:?} {} {:?}", told.told, office.missing());
        // A row that does not tell whose it is could be anybody's.
        let november = export(&[4], &[(1, "220102197501010110", "22010219750101011")]);
        let told = office.sync_file("导出_20261130.csv", &november);
        assert!(!told.ok && told.told.contains("1 row does not tell whose record it is"), "{}", told.told);
        assert!(office.missing().is_empty(), "{on:?}");
        assert!(office.sync().ok);
        // When somebody has said that it is nobody's, the next pass can tell.
        let letter = "SELECT id FROM dead_letter WHERE state = 'open' ORDER BY id DESC LIMIT 1";
        let letter = office.house.run_sql(letter).to_string();
        office.run_json(&["dead-letters", "discard", &letter, "--because", "a test row"]);
        let told = office.sync();
        assert!(!told.ok && told.told.contains("2 records are not in the newest whole"), "{}", told.told);
        assert_eq!(office.missing(), states(&[("王明明", "open"), ("刘明华", "open")]), "{on:?}");
    }
}

#[test]
fn a_manifest_withdraws_few_at_once() {
    for on in BOTH {
        let office = Office::with_folder(on, &[("complete = true", "complete = true\nmissing = \"withdraw\"")]);
        assert!(office.sync_file("导出_20260930.csv", &export(&[], &[])).ok);
        let told = office.sync_file("导出_20261031.csv", &export(&[1, 2], &[]));
        assert!(
            !told.ok && told.told.contains("2 records are not in the newest whole and count no longer"),
            "{}",
            told.told
        );
        assert_eq!(office.missing(), states(&[("王明明", "withdrawn"), ("李明洋", "withdrawn")]), "{on:?}");
        assert_eq!(office.all_hours(), 23 * 36, "{on:?}");
        let told = office.explain("王明明");
        assert!(told.contains("withdrawn by the manifest county@1"), "{told}");
        let audited = office.run(&["audit", "--action", "missing.withdraw"]).told;
        assert!(audited.contains("county@1") && audited.contains("source county"), "{audited}");
        // More than a tenth of the 23 that count.
        let told = office.sync_file("导出_20261130.csv", &export(&[1, 2, 3, 4, 5], &[]));
        assert!(
            !told.ok && told.told.contains("3 of 23 records") && told.told.contains("more than 10 %"),
            "{}",
            told.told
        );
        assert_eq!(office.all_hours(), 23 * 36, "{on:?}");
        // In December the export has all of them again.
        assert!(office.sync_file("导出_20261231.csv", &export(&[], &[])).ok);
        assert!(office.missing().is_empty() && office.all_hours() == 25 * 36, "{on:?}");
    }
}

#[test]
fn an_older_export_and_files_that_come_again_change_nothing() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        assert!(office.sync_file("导出_20261031.csv", OCTOBER).ok);
        // Who is only in the older export, which comes late, is missing from the newer one.
        let late = office.sync_file("导出_20260930.csv", SEPTEMBER);
        assert!(!late.ok && late.told.contains("3 records are not in the newest whole"), "{}", late.told);
        assert_eq!(office.missing(), states(&GONE.map(|name| (name, "open"))), "{on:?}");
        let record = office.record_of(GONE[0]);
        assert!(office.run(&["missing", "withdraw", &record, "--because", "x"]).ok);
        // The same bytes again, of both: told from the books, and nobody is missing or back because of that.
        for name in ["导出_20261031.csv", "导出_20260930.csv", "导出_20261031.csv"] {
            let file = office.house.dir.0.join("in").join(name);
            let again = office.run(&["upload", "county", file.to_str().unwrap()]);
            assert!(again.ok, "{name}: {}", again.told);
            assert!(office.run(&["balance"]).ok);
        }
        let expected = [(GONE[0], "withdrawn"), (GONE[1], "open"), (GONE[2], "open")];
        assert_eq!(office.missing(), states(&expected), "{on:?}");
        assert_eq!(office.all_hours(), 24 * 36, "{on:?}");
    }
}

#[test]
fn several_files_of_a_day_are_one_whole() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        assert!(office.sync_file("导出_20260930.csv", &export(&[], &[])).ok);
        let half =
            |from: usize, to: usize| export(&(1..26).filter(|n| !(from..to).contains(n)).collect::<Vec<_>>(), &[]);
        std::fs::write(office.house.dir.0.join("in/导出_20261031_1.csv"), half(1, 13)).unwrap();
        assert!(office.sync_file("导出_20261031_2.csv", &half(13, 26)).ok, "{on:?}");
        // Without the second file, the first is not whole: those of the second are asked about, until it comes.
        assert!(!office.sync_file("导出_20261130_1.csv", &half(1, 13)).ok);
        assert_eq!(office.missing().len(), 13, "{on:?}");
        assert!(office.sync_file("导出_20261130_2.csv", &half(13, 26)).ok);
        assert!(office.missing().is_empty(), "{on:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_says_nothing_of_who_is_missing() {
    for on in BOTH {
        let office = Office::with_folder(on, &[]);
        assert!(office.sync_file("导出_20260930.csv", &export(&[], &[])).ok);
        let name = "导出_20261031.csv";
        let told = office.sync_file(name, "nothing of a table\n");
        assert!(!told.ok && told.told.contains("1 payload cannot be read"), "{}", told.told);
        assert!(office.missing().is_empty(), "{on:?}");
        // The same file again, as it should be.
        let file = office.house.dir.0.join("in").join(name);
        std::fs::write(&file, export(&[1], &[])).unwrap();
        let told = office.run(&["upload", "county", file.to_str().unwrap()]);
        assert!(!told.ok && told.told.contains("1 record is not in the newest whole; it counts"), "{}", told.told);
        assert_eq!(office.missing(), states(&[("王明明", "open")]), "{on:?}");
    }
}

#[test]
fn a_stream_becomes_whole_when_everything_is_read_again() {
    for on in BOTH {
        let office = Office::with_folder(on, &[("complete = true\n", "")]);
        assert!(office.sync_file("导出_20260930.csv", SEPTEMBER).ok);
        assert!(office.sync_file("导出_20261031.csv", OCTOBER).ok && office.missing().is_empty(), "{on:?}");
        office.write_manifest(&change(MANIFEST, &[("version = 1\ntitle", "version = 2\ntitle")]));
        assert!(office.sync().ok, "{on:?}");
        let told = office.run(&["sync", "county", "--full"]);
        assert!(!told.ok && told.told.contains("3 records are not in the newest whole"), "{}", told.told);
        assert_eq!(office.missing(), states(&GONE.map(|name| (name, "open"))), "{on:?}");
    }
}

#[test]
fn only_a_whole_can_lack_somebody() {
    let refused = |changes: &[(&str, &str)]| {
        Manifest::parse("manifest.toml", &change(MANIFEST, changes)).map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused(&[("from = \"file_date\"", "from = \"landing\"")]).contains("only the date in their names"));
    assert!(refused(&[("complete = true", "missing = \"ask\"")]).contains("missing belongs to complete = true"));
    let teachers = [
        ("kind = \"course_completion\"", "kind = \"teacher\""),
        ("pass = \"not_assessed\"\n", ""),
        ("course_code = \"课程\"\nhours = { path = \"学时\", unit = \"class_hour\" }\nperiod_end = \"结业日期\"\n", ""),
    ];
    assert!(refused(&teachers).contains("rows of a roster are not compared"));
    let changes_only =
        change(listing::MANIFEST, &[("page =", "since = { by = \"moment\", param = \"since\" }\npage =")]);
    let told = Manifest::parse("manifest.toml", &changes_only).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("a pass that requests only changes is not whole"), "{told}");
}
