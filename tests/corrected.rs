//! Rows that were corrected under another key: the dead letters of the faulty rows are found by place and the remaining
//! fields, shown, and closed by a person or by the manifest.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::test_env::Services;
use crate::values::{Folders, id_number};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];
const HEAD: &str = "姓名,身份证号,课程,学时,成绩,结束";

/// The key holds the ID number and the course, and each file is a whole list.
fn manifest(corrected: &str) -> String {
    format!(
        "manifest = 1\nid = \"county\"\nversion = 1\ntitle_zh = \"测试\"\ntitle_en = \"Test\"\nprofile = \"Made for a test.\"\n\n\
         [transport]\nkind = \"files\"\nnames = [\"*.csv\"]\n\n[[stream]]\nname = \"records\"\nkind = \"course_completion\"\n\
         format = {{ kind = \"csv\", layout = {{ header = [\"姓名\", \"身份证号\"] }} }}\nrecord_key = [\"身份证号\", \"课程\"]\n\
         version = {{ from = \"landing\" }}\npass = \"total\"\n{corrected}\n[stream.map]\nname = \"姓名\"\nid_number = \"身份证号\"\n\
         course_code = \"课程\"\nhours = {{ path = \"学时\", unit = \"class_hour\" }}\nscore_total = \"成绩\"\nperiod_end = \"结束\"\n"
    )
}

/// Makes an ID number that is wrong in its last character only.
fn wrong(person: usize) -> String {
    let mut number = id_number(person);
    let last = if number.pop() == Some('1') { '2' } else { '1' };
    number.push(last);
    number
}

fn csv(rows: &[String]) -> String {
    rows.iter().fold(format!("{HEAD}\n"), |text, row| text + row + "\n")
}

fn row(name: &str, id: &str, course: &str, hours: &str) -> String {
    format!("{name},{id},{course},{hours},85,2014-09-01")
}

/// The file with faults, and the one that the institution sends after correcting it: a row was inserted above, so that most
/// rows have moved.
fn files() -> [String; 2] {
    let faulty = [
        row("赵一", &id_number(1), "C1", "10"),
        row("钱二", &wrong(2), "C1", "10"),
        row("孙三", &wrong(3), "C1", "待定"),
        // Somebody of the same name is right in both files.
        row("王伟", &id_number(4), "C2", "20"),
        row("王伟", &wrong(5), "C2", "20"),
        row("周四", &wrong(6), "C1", "10"),
        row("吴五", &wrong(7), "C3", "10"),
    ];
    let corrected = [
        row("郑新", &id_number(11), "C1", "10"),
        row("赵一", &id_number(1), "C1", "10"),
        row("钱二", &id_number(2), "C1", "10"),
        row("孙三", &id_number(3), "C1", "16"),
        row("王伟", &id_number(4), "C2", "20"),
        row("王伟", &id_number(5), "C2", "20"),
        // Still wrong, and a course that is another one.
        row("周四", &wrong(6), "C1", "10"),
        row("吴五", &id_number(7), "C4", "10"),
    ];
    [csv(&faulty), csv(&corrected)]
}

/// Returns the addresses of the open dead letters, each with the address of the record that probably corrects it.
fn letters(folders: &Folders) -> BTreeMap<String, Option<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of = |letter: &Value| (text(&letter["address"]).unwrap(), text(&letter["corrected_by"]["address"]));
    folders.list(&["dead-letters", "list"]).iter().map(of).collect()
}

fn succeed(folders: &Folders, args: &[&str]) -> String {
    let (code, said) = folders.run(args);
    assert_eq!(code, Some(0), "{args:?}: {said}");
    said
}

#[test]
fn a_letter_is_closed_by_its_corrected_row_when_a_person_says_so() {
    for on in BOTH {
        let folders = Folders::new(on, &[("county", &manifest(""))]);
        let [faulty, corrected] = files();
        folders.put("county", "成绩_20260901.csv", &faulty);
        succeed(&folders, &["sync", "county"]);
        let first = |line: u8| format!("成绩_20260901.csv line {line}");
        let second = |line: u8| format!("成绩_20260911.csv line {line}");
        let open = [3, 4, 6, 7, 8].map(|line| (first(line), None)).into();
        assert_eq!(letters(&folders), open, "{on:?}: nothing corrects them yet");
        folders.put("county", "成绩_20260911.csv", &corrected);
        succeed(&folders, &["sync", "county"]);
        let shown = letters(&folders);
        let expected: BTreeMap<String, Option<String>> = [
            (first(3), Some(second(4))),
            (first(4), Some(second(5))),
            (first(6), Some(second(7))),
            // The row that is still wrong is one letter, whose newest row is shown.
            (second(8), None),
            (first(8), None),
        ]
        .into();
        assert_eq!(shown, expected, "{on:?}");
        let listed = folders.list(&["dead-letters", "list", "--corrected"]);
        assert_eq!(listed.len(), 3, "{on:?}: {listed:?}");
        let said = succeed(&folders, &["dead-letters", "list", "--corrected"]);
        assert!(said.contains("probably corrected by 成绩_20260911.csv line 4 (record "), "{said}");

        // A plan changes nothing; closing is told, in the audit log too.
        let close = ["dead-letters", "close", "--source", "county", "--because", "corrected by the county"];
        let planned = succeed(&folders, &[&close[..], &["--plan"]].concat());
        assert_eq!(letters(&folders), shown, "{on:?}: {planned}");
        let said = succeed(&folders, &close);
        assert!(said.contains("3 dead letters closed; 3 raw records count as superseded"), "{said}");
        assert_eq!(letters(&folders).len(), 2, "{on:?}");
        let audit = succeed(&folders, &["audit", "--action", "dead_letter.close"]);
        assert!(audit.contains("corrected by the county"), "{audit}");
        let again = folders.run(&close);
        assert_eq!(again.0, Some(2), "{on:?}: {}", again.1);
        assert!(succeed(&folders, &["balance"]).contains("balanced"), "{on:?}");

        let id = listed.iter().find(|letter| letter["address"] == first(3)).unwrap()["dead_letter"].to_string();
        let shown = succeed(&folders, &["dead-letters", "show", &id]);
        assert!(shown.contains("corrected by the county"), "{shown}");

        // Undone, the letter is open and nothing closes it by itself.
        succeed(&folders, &["dead-letters", "reopen", &id, "--because", "somebody else"]);
        succeed(&folders, &["sync", "county"]);
        assert_eq!(letters(&folders).get(&first(3)), Some(&None), "{on:?}");
        assert!(succeed(&folders, &["balance"]).contains("balanced"), "{on:?}");
        let refused = folders.run(&["dead-letters", "reopen", &id, "--because", "again"]);
        assert_eq!(refused.0, Some(2), "{}", refused.1);
        // A person may change their mind.
        succeed(&folders, &["dead-letters", "close", &id, "--because", "the same after all"]);
        assert_eq!(letters(&folders).get(&first(3)), None, "{on:?}");
        assert_eq!(folders.run(&["verify"]).0, Some(0), "{on:?}");
    }
}

#[test]
fn a_manifest_closes_letters_by_their_corrected_rows() {
    for on in BOTH {
        let folders = Folders::new(on, &[("county", &manifest("corrected = \"close\"\n"))]);
        let [faulty, corrected] = files();
        folders.put("county", "成绩_20260901.csv", &faulty);
        // Both files land in one pass, and the faulty one is first by its name.
        folders.put("county", "成绩_20260911.csv", &corrected);
        succeed(&folders, &["sync", "county"]);
        let open = letters(&folders);
        assert_eq!(open.len(), 2, "{on:?}: {open:?}");
        assert_eq!(open.get("成绩_20260901.csv line 8"), Some(&None), "{on:?}: {open:?}");
        let audit = succeed(&folders, &["audit", "--action", "dead_letter.close"]);
        assert!(audit.contains("county@1"), "{audit}");
        // What a person opens again stays open.
        // Numbers may be left out, where a delivery was tried twice.
        let is_closed = |id: &u32| folders.run(&["dead-letters", "show", &id.to_string()]).1.contains("county@1");
        let id = (1..=20).find(is_closed).unwrap().to_string();
        let closed = succeed(&folders, &["dead-letters", "reopen", &id, "--because", "somebody else"]);
        succeed(&folders, &["sync", "county"]);
        let told = || {
            [&["audit", "--limit", "50"][..], &["dead-letters", "show", &id]]
                .map(|args| succeed(&folders, args))
                .join("\n")
        };
        assert_eq!(letters(&folders).len(), 3, "{on:?}: {closed}\n{}", told());
        assert!(succeed(&folders, &["balance"]).contains("balanced"), "{on:?}");
    }
}

#[test]
fn namesakes_are_told_apart_by_their_place_or_not_at_all() {
    let folders = Folders::new(Services::Sqlite, &[("county", &manifest("corrected = \"close\"\n"))]);
    let two = |first: String, second: String| [row("王伟", &first, "C1", "10"), row("王伟", &second, "C1", "10")];
    let other = || row("赵一", &id_number(1), "C1", "10");
    folders.put("county", "名单_20260901.csv", csv(&two(wrong(2), wrong(3))));
    succeed(&folders, &["sync", "county"]);
    // In their places: each has its own.
    folders.put("county", "名单_20260911.csv", csv(&two(id_number(2), id_number(3))));
    succeed(&folders, &["sync", "county"]);
    assert_eq!(letters(&folders), BTreeMap::new());
    folders.put("county", "名单_20260912.csv", csv(&two(wrong(4), wrong(5))));
    succeed(&folders, &["sync", "county"]);
    // Moved by a row: nobody can tell which is which.
    folders.put(
        "county",
        "名单_20260921.csv",
        csv(&[&[other(), other()][..], &two(id_number(4), id_number(5))].concat()),
    );
    succeed(&folders, &["sync", "county"]);
    let open = folders.list(&["dead-letters", "list"]);
    assert_eq!(open.iter().map(|letter| letter["corrected_by"].is_null()).collect::<Vec<_>>(), [true, true]);
    assert!(open.iter().all(|letter| letter["candidates"].as_array().unwrap().len() >= 2), "{open:?}");
    let id = open[0]["dead_letter"].to_string();
    let (code, said) = folders.run(&["dead-letters", "close", &id, "--because", "x"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("records may be the corrected record"), "{said}");
}

/// What settles after a letter was closed closes no other letter by the same record, and neither does another list.
#[test]
fn one_record_closes_one_row_of_a_list() {
    for on in BOTH {
        let folders = Folders::new(on, &[("county", &manifest("corrected = \"close\"\n"))]);
        let namesake = |id: String| row("王伟", &id, "C1", "10");
        folders.put("county", "一小_20260901.csv", csv(&[namesake(wrong(2)), namesake(wrong(3))]));
        // Another school of the same pass has somebody of that name with the same course.
        folders.put(
            "county",
            "二小_20260901.csv",
            csv(&[row("赵一", &id_number(1), "C1", "10"), namesake(id_number(4))]),
        );
        succeed(&folders, &["sync", "county"]);
        assert_eq!(letters(&folders).len(), 2, "{on:?}");
        folders.put("county", "一小_20260911.csv", csv(&[namesake(id_number(2))]));
        succeed(&folders, &["sync", "county"]);
        for _ in 0..2 {
            let left = BTreeMap::from([("一小_20260901.csv line 3".to_owned(), None)]);
            assert_eq!(letters(&folders), left, "{on:?}");
            // The other school resends the namesake, who stands in that line by chance.
            let resent = csv(&[namesake(id_number(4)), namesake(id_number(4))]);
            folders.put("county", "二小_20260921.csv", resent);
            succeed(&folders, &["sync", "county"]);
        }
        assert!(succeed(&folders, &["balance"]).contains("balanced"), "{on:?}");
    }
}

/// The next course, or the next year, of the same person corrects nothing.
#[test]
fn another_record_of_the_person_corrects_nothing() {
    let folders = Folders::new(Services::Sqlite, &[("county", &manifest("corrected = \"close\"\n"))]);
    let faulty = ["赵一,,C1,10,85,2014-13-01".to_owned(), format!("钱二,{},待定,10,85,2014-09-01", wrong(2))];
    folders.put("county", "a.csv", csv(&faulty));
    succeed(&folders, &["sync", "county"]);
    let next = [format!("赵一,{},C1,10,85,2015-09-01", id_number(1)), row("钱二", &id_number(2), "C2", "10")];
    folders.put("county", "b.csv", csv(&next));
    succeed(&folders, &["sync", "county"]);
    let open = folders.list(&["dead-letters", "list"]);
    assert_eq!(open.len(), 2, "{open:?}");
    assert!(open.iter().all(|letter| letter["candidates"].as_array().unwrap().is_empty()), "{open:?}");
}

/// A spreadsheet has damaged one export; the good bytes come again. The record was there before, so a person decides.
#[test]
fn good_bytes_that_come_again_are_compared_with_the_letters_since() {
    for on in BOTH {
        let folders = Folders::new(on, &[("county", &manifest(""))]);
        let list = |id: String| csv(&[row("赵一", &id_number(1), "C1", "10"), row("钱二", &id, "C1", "10")]);
        for (day, id) in [(1, id_number(2)), (11, wrong(2)), (21, id_number(2))] {
            folders.put("county", "成绩.csv", list(id));
            let file = std::fs::File::options().write(true).open(folders.0.dir.0.join("in/county/成绩.csv")).unwrap();
            file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_hours(24 * (40 - day))).unwrap();
            succeed(&folders, &["sync", "county"]);
        }
        let open = folders.list(&["dead-letters", "list"]);
        assert_eq!(open.len(), 1, "{on:?}: {open:?}");
        let (by, candidates) = (&open[0]["corrected_by"], open[0]["candidates"].as_array().unwrap());
        assert!(by.is_null() && candidates.len() == 1, "{on:?}: {open:?}");
        let (id, record) = (open[0]["dead_letter"].to_string(), candidates[0]["record"].to_string());
        let refused = folders.run(&["dead-letters", "close", &id, "--record", "999", "--because", "x"]);
        assert_eq!(refused.0, Some(2), "{on:?}: {}", refused.1);
        succeed(&folders, &["dead-letters", "close", &id, "--record", &record, "--because", "one damaged export"]);
        assert_eq!(letters(&folders), BTreeMap::new(), "{on:?}");
        assert!(succeed(&folders, &["balance"]).contains("balanced"), "{on:?}");
        // The damaged file again is a newer word: the letter opens.
        folders.put("county", "成绩.csv", list(wrong(2)));
        succeed(&folders, &["sync", "county"]);
        assert_eq!(letters(&folders).len(), 1, "{on:?}");
    }
}
