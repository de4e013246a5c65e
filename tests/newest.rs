//! The newest word counts: of two versions the one that landed later, by the values of its key, and for nobody but the
//! person whose record it is. Tested with the real program on both databases.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

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
pass = "not_assessed"
[stream.map]
name = "姓名"
id_number = "身份证号"
course_code = "课程"
hours = { path = "学时", unit = "class_hour" }
period_end = "结业日期"
"#;

/// Generated people: name and ID number.
const PEOPLE: [(&str, &str); 6] = [
    ("李明洋", "220102197502070123"),
    ("张明霞", "220102197503160139"),
    ("刘明华", "220102197504220148"),
    ("孙明桂", "220102197602120220"),
    ("胡明敏", "220102197603200230"),
    ("朱明娟", "220102197604260243"),
];

/// A county's office: the program, with one source of uploaded files.
struct County {
    house: TestEnv,
}

impl County {
    /// Makes the office; `changes` are made to the manifest, old → new text.
    fn new(on: Services, changes: &[(&str, &str)]) -> Self {
        let house = TestEnv::new(on);
        let folder = house.dir.0.join("manifests/county");
        std::fs::create_dir_all(&folder).unwrap();
        let mut text = MANIFEST.to_owned();
        for (old, new) in changes {
            assert!(text.contains(old), "{old}");
            text = text.replacen(old, new, 1);
        }
        std::fs::write(folder.join("manifest.toml"), text).unwrap();
        let settings = format!(
            "manifests_dir = {:?}\n[[source]]\nname = \"county\"\nconnector = \"county\"\ninstitution_code = \"P\"\n",
            house.dir.0.join("manifests"),
        );
        std::fs::write(house.dir.0.join("huiliu.toml"), settings).unwrap();
        let county = Self { house };
        county.run(&["migrate"]);
        county
    }

    fn run(&self, args: &[&str]) -> String {
        let config = self.house.dir.0.join("huiliu.toml");
        let out = self.house.command(args).env("HUILIU_CONFIG", config).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    fn run_json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[args, &["--json"]].concat())).unwrap()
    }

    /// Uploads a file and returns the counters of its run that are not zero.
    fn upload_file(&self, name: &str, text: &str) -> BTreeMap<String, i64> {
        let file = self.house.dir.0.join(name);
        std::fs::write(&file, text).unwrap();
        let told = self.run_json(&["upload", "county", file.to_str().unwrap()]);
        let names = ["inserted", "updated", "unchanged", "superseded", "parked"];
        let balance = find_balance(&told);
        assert_eq!(balance["balanced"], true, "{told}");
        names
            .iter()
            .map(|name| ((*name).to_owned(), balance[*name].as_i64().unwrap()))
            .filter(|(_, n)| *n != 0)
            .collect()
    }

    /// Returns name → class hours of each record.
    fn hours_by_name(&self) -> BTreeMap<String, Vec<String>> {
        let mut hours: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in crate::test_env::items_of(self.run_json(&["records", "list"])).as_array().unwrap() {
            let of = hours.entry(record["name"].as_str().unwrap().to_owned()).or_default();
            of.push(record["raw_hours"].as_str().unwrap().replace(" class_hour", ""));
        }
        hours
    }

    /// Returns the class hours of all teachers, counted or provisional.
    fn all_hours(&self) -> i64 {
        self.house.run_sql(
            "SELECT CAST(coalesce(sum(units), 0) / 108000 AS bigint) FROM credit_entry WHERE superseded_at IS NULL",
        )
    }
}

/// Finds the counters in what an upload tells.
fn find_balance(told: &Value) -> &Value {
    match told {
        Value::Object(fields) if fields.contains_key("inserted") => told,
        Value::Object(fields) => {
            fields.values().map(find_balance).find(|found| !found.is_null()).unwrap_or(&Value::Null)
        }
        Value::Array(items) => items.iter().map(find_balance).find(|found| !found.is_null()).unwrap_or(&Value::Null),
        _ => &Value::Null,
    }
}

/// Renders a file in which each of these people has the hours.
fn render_file(people: &[(&str, &str)], hours: u32, day: &str) -> String {
    let rows = people.iter().map(|(name, id)| format!("{name},{id},C1,{hours},{day}\n"));
    format!("姓名,身份证号,课程,学时,结业日期\n{}", rows.collect::<String>())
}

fn counts(of: &[(&str, i64)]) -> BTreeMap<String, i64> {
    of.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

#[test]
fn a_correction_of_the_same_day_wins() {
    for on in [Services::Sqlite, Services::Postgres] {
        let county = County::new(on, &[]);
        let day = "2015-03-01";
        county.upload_file("导出_20261031.csv", &render_file(&PEOPLE, 36, day));
        let corrected = county.upload_file("导出_20261031.csv", &render_file(&PEOPLE, 48, day));
        assert_eq!(corrected, counts(&[("updated", 6)]), "{on:?}");
        assert!(county.hours_by_name().values().all(|hours| *hours == ["48"]), "{on:?}");
        // The file of an earlier day changes nothing; the first content again is the newest word again.
        let earlier = county.upload_file("导出_20260930.csv", &render_file(&PEOPLE, 10, day));
        assert_eq!(earlier, counts(&[("superseded", 6)]), "{on:?}");
        let again = county.upload_file("导出_20261031.csv", &render_file(&PEOPLE, 36, day));
        assert_eq!(again, counts(&[("updated", 6)]), "{on:?}");
        assert_eq!(county.all_hours(), 6 * 36, "{on:?}");
    }
}

#[test]
fn of_two_rows_of_one_file_the_last_wins_and_both_are_named() {
    for on in [Services::Sqlite, Services::Postgres] {
        let county = County::new(on, &[("from = \"file_date\"", "from = \"landing\"")]);
        let (name, id) = PEOPLE[0];
        let text = format!(
            "姓名,身份证号,课程,学时,结业日期\n{name},{id},C1,36,2015-03-01\n{},{},C1,36,2015-03-01\n{name},{id},C1,48,2015-03-01\n",
            PEOPLE[1].0, PEOPLE[1].1
        );
        let told = county.upload_file("1.csv", &text);
        assert_eq!(told, counts(&[("inserted", 2), ("superseded", 1)]), "{on:?}");
        assert_eq!(county.hours_by_name()[name], ["48"], "{on:?}");
        let tied = "SELECT CAST(t.flagged AS bigint), v.address FROM training_record t JOIN version_tie v ON v.record_id = t.id";
        assert_eq!(county.house.query_rows(tied), [(1, b"1.csv line 2".to_vec())], "{on:?}");
        let teacher = county.house.run_sql(
            "SELECT c.teacher_id FROM training_record t JOIN identity_claim c ON c.id = t.claim_id WHERE t.flagged = 1",
        );
        let told = county.run(&["teachers", "explain", &teacher.to_string()]);
        assert!(told.contains("1.csv line 4") && told.contains("came as the same version: 1.csv line 2;"), "{told}");
        let listed = crate::test_env::items_of(county.run_json(&["records", "list", "--flagged"]));
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    }
}

#[test]
fn a_file_saved_again_names_the_same_records() {
    for on in [Services::Sqlite, Services::Postgres] {
        let keyed = "record_key = [\"身份证号\", \"课程\", \"结业日期\"]";
        let county = County::new(
            on,
            &[("record_key = [\"身份证号\", \"课程\"]", keyed), ("from = \"file_date\"", "from = \"landing\"")],
        );
        county.upload_file("1.csv", &render_file(&PEOPLE, 36, "2015-03-01"));
        for (n, day) in ["2015/3/1", "42064", "２０１５年3月1日", "2015-03-01 00:00:00"].iter().enumerate() {
            let again = county.upload_file(&format!("{}.csv", n + 2), &render_file(&PEOPLE, 36, day));
            assert_eq!(again, counts(&[("unchanged", 6)]), "{on:?} {day}");
        }
        assert_eq!(county.all_hours(), 6 * 36, "{on:?}");
    }
}

#[test]
fn a_key_of_another_person_waits_for_somebody() {
    for on in [Services::Sqlite, Services::Postgres] {
        let county = County::new(
            on,
            &[
                ("record_key = [\"身份证号\", \"课程\"]", "record_key = [\"序号\"]"),
                ("from = \"file_date\"", "from = \"landing\""),
            ],
        );
        let numbered = |people: &[(&str, &str)]| {
            let rows = people.iter().zip(1..).map(|((name, id), n)| format!("{n},{name},{id},C1,36,2015-03-01\n"));
            format!("序号,姓名,身份证号,课程,学时,结业日期\n{}", rows.collect::<String>())
        };
        county.upload_file("甲县.csv", &numbered(&PEOPLE[..3]));
        let record = "SELECT id FROM training_record ORDER BY id LIMIT 1";
        let (record, owner) = (county.house.run_sql(record).to_string(), county.hours_by_name());
        county.run_json(&["decisions", "revoke", &record, "--because", "由他人代培"]);
        let other = county.upload_file("乙县.csv", &numbered(&PEOPLE[3..]));
        assert_eq!(other, counts(&[("parked", 3)]), "{on:?}");
        assert_eq!(county.hours_by_name(), owner, "{on:?}");
        let letters = county.house.open_dead_letters();
        assert!(letters.len() == 3 && letters.iter().all(|l| l.2 == ["record_key.other_person"]), "{on:?} {letters:?}");
        // Somebody accepts that the first record belongs to another person now.
        let revoked = format!(
            "SELECT d.id FROM dead_letter d JOIN training_record t ON t.record_key = d.dead_letter_key WHERE t.id = {record}"
        );
        let letter = county.house.run_sql(&revoked).to_string();
        county.run_json(&["dead-letters", "accept", &letter, "--because", "编号已改给另一人"]);
        let plan = county.run_json(&["replay", "plan", "--code", "record_key.other_person"]);
        let replay = plan["replay"].as_i64().unwrap_or_else(|| panic!("{plan}")).to_string();
        county.run_json(&["replay", "apply", &replay]);
        let hours = county.hours_by_name();
        assert_eq!(
            hours.keys().filter(|name| PEOPLE[3..].iter().any(|p| p.0 == **name)).count(),
            1,
            "{on:?} {hours:?}"
        );
        // The decision was about the first person; it does not follow the key.
        let outcome = "SELECT count(*) FROM credit_entry WHERE superseded_at IS NULL AND outcome = 'revoked'";
        assert_eq!(county.house.run_sql(outcome), 0, "{on:?}");
        assert_eq!(county.house.open_dead_letters().len(), 2, "{on:?}");
        // The first county again: two records are what they were, and the letters of the others stay open.
        let again = county.upload_file("甲县2.csv", &numbered(&PEOPLE[..3]));
        assert_eq!(again, counts(&[("unchanged", 2), ("parked", 1)]), "{on:?}");
        assert_eq!(county.hours_by_name(), hours, "{on:?}");
        assert_eq!(county.house.open_dead_letters().len(), 3, "{on:?}");
    }
}

#[test]
fn keys_that_are_the_platforms_own_may_change_hands() {
    for on in [Services::Sqlite, Services::Postgres] {
        let county = County::new(
            on,
            &[
                ("record_key = [\"身份证号\", \"课程\"]", "record_key = [\"编号\"]\nkey_changes_hands = true"),
                ("from = \"file_date\"", "from = \"landing\""),
            ],
        );
        let of = |(name, id): (&str, &str)| {
            format!("编号,姓名,身份证号,课程,学时,结业日期\n9,{name},{id},C1,36,2015-03-01\n")
        };
        county.upload_file("1.csv", &of(PEOPLE[0]));
        assert_eq!(county.upload_file("2.csv", &of(PEOPLE[1])), counts(&[("updated", 1)]), "{on:?}");
        assert_eq!(county.hours_by_name().keys().collect::<Vec<_>>(), [PEOPLE[1].0], "{on:?}");
        assert_eq!(county.all_hours(), 36, "{on:?}");
    }
}
