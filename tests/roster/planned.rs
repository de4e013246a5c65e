//! A plan of an upload agrees with the upload itself: rows, teachers, hours; on both databases.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::county::{BOTH, County, LI, SCHOOLS, TEACHERS, WANG, ZHAO};
use crate::test_env::Services;

/// A person whose masked number differs from everybody else's.
const SUN: (&str, &str) = ("220113199001010112", "孙五");
/// Another number of the same person, with another birth date and sex.
const OTHER: &str = "220113195901010021";

/// Training records with results, by a manifest that replaces the programme's own.
const RESULTS: &str = r#"manifest = 1
id = "cmcc"
version = 2
title_zh = "成绩"
title_en = "Results"
profile = "Made for a test."

[transport]
kind = "files"
names = ["CMCC_*.csv"]

[[stream]]
name = "completions"
kind = "course_completion"
format = { kind = "csv", layout = { header = ["name", "id"] } }
record_key = ["id", "course"]
version = { from = "file_date" }
pass = "result"

[stream.map]
name = "name"
id_number = "id"
course_code = "course"
hours = { path = "hours", unit = "class_hour" }
period_end = "end"
result = "result"
"#;

struct Office {
    county: County,
    _manifests: crate::test_env::Scratch,
}

impl Office {
    fn new(on: Services) -> Self {
        let manifests = crate::test_env::Scratch::new("manifests");
        std::fs::create_dir_all(manifests.0.join("cmcc")).unwrap();
        std::fs::write(manifests.0.join("cmcc/manifest.toml"), RESULTS).unwrap();
        let county = County::with_settings(on, "roster-csv", &format!("manifests_dir = {:?}\n", manifests.0));
        Self { county, _manifests: manifests }
    }

    fn write_file(&self, name: &str, text: &str) -> String {
        let path = self.county.house.dir.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Returns everybody by current, masked number: fields of `roster show`, and hours of the ledger.
    fn read_teachers(&self) -> BTreeMap<String, (Value, (i64, i64))> {
        let ledger = self.county.house.read_ledger();
        let one = |id: &str| {
            let teacher = self.county.show_teacher(id, "2014-09-11")?;
            let number = teacher["identifiers"].as_array()?.iter().find(|i| i["valid_to"].is_null())?;
            let posts = teacher["memberships"].as_array()?.iter();
            let posts: Vec<Value> =
                posts.map(|m| json!({ "school": m["school"], "from": m["from"], "to": m["to"] })).collect();
            let told = json!({
                "on_roster": teacher["origin"] == "roster", "name": teacher["name"], "contested": teacher["contested"],
                "sex": teacher["sex"], "birth_date": teacher["birth_date"], "memberships": posts,
            });
            let hours = ledger.get(id).map_or((0, 0), |(counted, provisional, _)| (*counted, *provisional));
            Some((number["value"].as_str()?.to_owned(), (told, hours)))
        };
        let mut all = BTreeMap::new();
        for id in [WANG.0, LI.0, ZHAO.0, SUN.0, OTHER] {
            let Some((number, (told, hours))) = one(id) else { continue };
            let sum = all.entry(number).or_insert((told, (0, 0)));
            // A teacher with two numbers has the same hours under both.
            sum.1 = (sum.1.0.max(hours.0), sum.1.1.max(hours.1));
        }
        all
    }

    /// Plans an upload, checks that the plan changed nothing, uploads, and compares the result with the plan.
    fn upload_as_planned(&self, args: &[&str]) -> Value {
        let before = self.read_teachers();
        let books = self.county.run_json(&["balance"]);
        let payloads =
            "SELECT count(*) + (SELECT count(*) FROM sync_run) + (SELECT count(*) FROM dead_letter) FROM payload";
        let rows = self.county.house.run_sql(payloads);
        let plan = self.county.run_json(&[&["upload"], args, &["--plan"]].concat());
        assert_eq!(
            (self.read_teachers(), self.county.run_json(&["balance"])),
            (before.clone(), books),
            "a plan changes nothing"
        );
        assert_eq!(self.county.house.run_sql(payloads), rows);
        let pass = self.county.run_json(&[&["upload"], args].concat());
        assert_eq!(plan["balance"], pass["balance"], "{plan}");
        let after = self.read_teachers();
        let planned: BTreeMap<&str, &Value> =
            plan["teachers"].as_array().unwrap().iter().map(|t| (t["id_number"].as_str().unwrap(), t)).collect();
        let nobody = (json!({ "on_roster": false, "contested": false, "memberships": [] }), (0, 0));
        for (number, (is, hours)) in &after {
            // A teacher whose number changed is found by the teacher's own number.
            let told = planned.get(number.as_str()).copied().unwrap_or(&Value::Null);
            let renumbered = is["name"] == SUN.1 && !before.contains_key(number) && !told["teacher"].is_null();
            let former = before.values().find(|(was, _)| renumbered && was["name"] == SUN.1);
            let (was, hours_before) = before.get(number).or(former).unwrap_or(&nobody);
            for field in ["on_roster", "name", "contested", "sex", "birth_date", "memberships"] {
                let pair = if was[field] == is[field] {
                    Value::Null
                } else {
                    json!({ "before": was[field], "after": is[field] })
                };
                assert_eq!(told[field], pair, "{number} {field}: {plan}");
            }
            let pairs = [(hours_before.0, hours.0), (hours_before.1, hours.1)];
            for (field, (was, is)) in ["counted", "provisional"].iter().zip(pairs) {
                let told = &told["hours"][field];
                assert!(
                    told.is_null() && was == is || crate::test_env::units_before_after(told) == [was, is],
                    "{number} {field} {was} {is}: {plan}"
                );
            }
        }
        assert!(planned.keys().all(|number| after.contains_key(*number)), "{plan}");
        plan
    }
}

fn people_counts(plan: &Value) -> [u64; 7] {
    ["new", "on_roster", "renamed", "contested", "sex", "birth_date", "moved"]
        .map(|what| plan["people"][what].as_u64().unwrap())
}

#[test]
fn a_roster_does_what_was_planned() {
    for on in BOTH {
        let office = Office::new(on);
        // Records before the roster: one failed, one under another name than the roster's, one passed.
        let header = "name,id,course,hours,end,result\n";
        let record = |(id, name): (&str, &str), result: &str| format!("{name},{id},CM-01,20,2014-09-11,{result}\n");
        let records = record(WANG, "fail") + &record((LI.0, "周五"), "pass") + &record(SUN, "fail");
        let records = office.write_file("CMCC_20140912_001.csv", &format!("{header}{records}"));
        let plan = office.upload_as_planned(&["courses", &records]);
        assert_eq!((people_counts(&plan), &plan["hours"]["hours_change"]), ([3, 0, 0, 0, 0, 0, 0], &1.into()));
        // A teacher of an unknown school waits; everybody else's hours follow from the roster.
        let line =
            |(id, name): (&str, &str), school: &str, former: &str| format!("{name},{id},,,{school},,,,,{former},\n");
        let schools = office.write_file("学校名册_20140901.csv", &format!("{SCHOOLS}2122000001,实验小学,220102,,,\n"));
        office.upload_as_planned(&["county", &schools, "--stream", "schools"]);
        let all = [WANG, LI, SUN].map(|who| line(who, "2122000001", "")).concat() + &line(ZHAO, "2122000002", "");
        let teachers = office.write_file("教师名册_20140901.csv", &format!("{TEACHERS}{all}"));
        let plan = office.upload_as_planned(&["county", &teachers, "--stream", "teachers"]);
        assert_eq!(
            (people_counts(&plan), &plan["hours"]["hours_change"]),
            ([0, 3, 0, 0, 0, 0, 0], &2.into()),
            "{plan}"
        );
        assert_eq!(plan["parked"]["reasons"], json!({ "school_code.unknown": 1 }));
        assert!(plan["parked"]["rows"][0]["address"].as_str().unwrap().contains("教师名册_20140901.csv"));
        let wang = plan["teachers"].as_array().unwrap().iter().find(|t| t["name"]["after"] == WANG.1).unwrap();
        assert_eq!(
            wang["hours"]["exempt_entries"],
            json!({ "before": 0, "after": 1 }),
            "a man of 55 is outside the assessment"
        );
        // The school comes, and with it the teacher who waited for it.
        let more = format!("{SCHOOLS}2122000002,第二小学,220103,,,\n");
        let more = office.write_file("学校名册_20140911.csv", &more);
        let plan = office.upload_as_planned(&["county", &more, "--stream", "schools"]);
        assert_eq!((&plan["taken_up"], people_counts(&plan)), (&1.into(), [1, 1, 0, 0, 0, 0, 0]), "{plan}");
        // Another name, another number with another day of birth, another school, and two names on one number.
        let shared = line(ZHAO, "2122000001", "") + &line((ZHAO.0, "赵四"), "2122000001", "");
        let all = line((LI.0, "周五"), "2122000002", "") + &line((OTHER, SUN.1), "2122000001", SUN.0) + &shared;
        let newer = office.write_file("教师名册_20140920.csv", &format!("{TEACHERS}{all}"));
        let plan = office.upload_as_planned(&["county", &newer, "--stream", "teachers"]);
        assert_eq!(
            (people_counts(&plan), &plan["hours"]["hours_change"]),
            ([0, 0, 1, 0, 1, 1, 1], &2.into()),
            "{plan}"
        );
        assert_eq!(plan["parked"]["reasons"], json!({ "id_number.shared": 2 }));
        // The same file once more changes nothing.
        let plan = office.upload_as_planned(&["county", &newer, "--stream", "teachers"]);
        assert_eq!(
            (people_counts(&plan), &plan["hours"]["hours_change"], &plan["teachers"]),
            ([0; 7], &0.into(), &json!([]))
        );
    }
}

#[test]
fn a_plan_is_told_in_both_languages_and_makes_nothing() {
    let office = Office::new(Services::Sqlite);
    let schools = office.write_file("学校名册_20140901.csv", &format!("{SCHOOLS}2122000001,实验小学,220102,,,\n"));
    let upload = ["upload", "county", &schools, "--stream", "schools"];
    assert_eq!(office.county.run_json(&[&upload[..], &["--plan"]].concat())["changes"], true);
    office.county.run_json(&upload);
    // A file whose content is already stored need not be handed in.
    assert_eq!(office.county.run_json(&[&upload[..], &["--plan"]].concat())["changes"], false);
    for (language, words) in [("en", "nothing would change"), ("zh", "不会有任何变化")] {
        let config = office.county.house.dir.0.join("huiliu.toml").display().to_string();
        let args = [&upload[..], &["--plan", "--config", &config]].concat();
        let out = office.county.house.command(&args).env("HUILIU_LANG", language).output().unwrap();
        assert!(String::from_utf8_lossy(&out.stdout).contains(words), "{out:?}");
    }
    let rows = format!("{},{},,,2122000001,,,,,,\n{},{},,,2122000009,,,,,,\n", WANG.1, WANG.0, LI.1, LI.0);
    let file = office.write_file("教师名册_20140901.csv", &format!("{TEACHERS}{rows}"));
    let config = office.county.house.dir.0.join("huiliu.toml").display().to_string();
    let told = |language: &str, more: &[&str]| {
        let args = [&["upload", "county", &file, "--stream", "teachers", "--plan", "--config", &config], more].concat();
        let out = office.county.house.command(&args).env("HUILIU_LANG", language).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    };
    for (language, words) in [
        ("en", ["1 new teacher; 1 teacher is added to the roster", "school_code.unknown", "only a plan", WANG.1]),
        ("zh", ["新教师 1 名；入册 1 名", "school_code.unknown", "仅为试算", WANG.1]),
    ] {
        let (code, said) = told(language, &[]);
        assert!(code == Some(0) && words.iter().all(|words| said.contains(words)), "{said}");
        assert!(!said.contains(WANG.0), "{said}");
    }
    let (_, said) = told("en", &["--limit", "0"]);
    assert!(!said.contains(WANG.1) && said.contains("1 new teacher;"), "{said}");
    assert_eq!(told("en", &["--land-only"]).0, Some(2));
    let empty = office.county.house.dir.0.join("nothing").display().to_string();
    let (code, said) = told("en", &["--data-dir", &empty]);
    assert!(code == Some(2) && said.contains("no database at"), "{said}");
    assert!(!std::path::Path::new(&empty).exists());
}
