//! Whether an hour counts when records, grades, rules and decisions contradict or repeat each other, tested with the
//! real program on both databases.

use super::{Office, expected_entry};
use crate::test_env::Services;

/// The place in the Jilin pack before which a setting can be inserted.
const END: &str = "# What the document";

fn setting(name: &str, value: &str) -> String {
    format!("[setting.{name}]\nvalue = \"{value}\"\nbasis = \"assumed\"\nsource = \"a trial\"\n\n{END}")
}

#[test]
fn an_assessment_goes_when_the_newer_version_has_none() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[(END, &setting("missing_component", "renormalise"))]);
        let row = |scores: &str| format!("王一,22010219590911001X,P1,C1,10,2014-05-01,{scores},100");
        office.upload_completions(1, &[&row("90,90,90")]);
        assert_eq!(office.first_entry(), expected_entry("counted", "excellent", "pass_gate", 10));
        assert_eq!(office.house.run_sql("SELECT count(*) FROM assessment_readable"), 1);
        office.upload_completions(2, &[&row(",,")]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "", "not_assessed", 10), "{on:?}");
        assert_eq!(office.house.run_sql("SELECT count(*) FROM assessment_readable"), 0, "{on:?}");
        // The next version has a grade again.
        office.upload_completions(3, &[&row("10,10,")]);
        assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0), "{on:?}");
    }
}

#[test]
fn no_score_at_all_is_no_assessment_where_missing_scores_are_left_out() {
    for on in [Services::Sqlite, Services::Postgres] {
        let row = "王一,22010219590911001X,P1,C1,10,2014-05-01,,,,100";
        let office = Office::new(on, &[(END, &setting("missing_component", "renormalise"))]);
        office.upload_completions(1, &[row]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "", "not_assessed", 10), "{on:?}");
        // A pack that fails missing scores fails this record too.
        let strict = Office::new(on, &[(END, &setting("missing_component", "fail"))]);
        strict.upload_completions(1, &[row]);
        assert_eq!(strict.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0), "{on:?}");
    }
}

#[test]
fn a_fail_that_a_person_decided_holds_for_an_exempt_teacher() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[]);
        office.upload_roster();
        // He turned 55 the day before, so his failed scores are outside the assessment.
        office.upload_completions(1, &["赵五,220502196002290012,P1,C1,10,2015-03-02,10,10,10,100"]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "fail", "exempt", 10));
        let records = office.list_items(&["records", "list"]);
        let training = records.as_array().unwrap().iter().find(|r| r["stream"] == "completions").unwrap();
        let record = training["record"].to_string();
        let decide = |args: &[&str]| office.run_json(&[&["decisions"], args, &["--because", "由他人代培"]].concat());
        let failed = decide(&["grade", &record, "fail"])["decision"].to_string();
        assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0), "{on:?}");
        decide(&["undo", &failed]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "fail", "exempt", 10), "{on:?}");
        decide(&["revoke", &record]);
        assert_eq!(office.first_entry(), expected_entry("revoked", "fail", "revocation", 0), "{on:?}");
    }
}

#[test]
fn a_school_grade_belongs_to_one_institutions_project() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[]);
        office.add_source("other", "platform", "Q");
        office.add_source("school", "platform", "S");
        let outcomes = || {
            let told = office.run_json(&["teachers", "explain", &office.teacher_number(0)]);
            let entries = told["entries"].as_array().unwrap();
            let mut found: Vec<String> = entries
                .iter()
                .map(|e| format!("{} {}", e["source"].as_str().unwrap(), e["outcome"].as_str().unwrap()))
                .collect();
            found.sort();
            found.join(", ")
        };
        let head = "姓名,身份证号,项目,课程,学时,结束,学习,活动,成果,出勤\n";
        let grades = "姓名,身份证号,项目,日期,评定\n";
        let training = |course: &str| format!("{head}王一,22010219590911001X,P1,{course},10,2014-05-01,85,90,80,100\n");
        office.upload_to("platform", "done_1.csv", &training("C1"));
        // The school's own source grades the only project of that code.
        let row = |day: &str, grade: &str| format!("{grades}王一,22010219590911001X,P1,{day},{grade}\n");
        office.upload_to("school", "school_1.csv", &row("2014-06-01", "不及格"));
        assert_eq!(outcomes(), "platform not_passed", "{on:?}");
        // With two projects of that code, it is unclear which one it grades.
        office.upload_to("other", "done_2.csv", &training("C2"));
        assert_eq!(outcomes(), "other counted, platform counted", "{on:?}");
        // A grade that an institution's source sends is for its own project.
        office.upload_to("other", "school_2.csv", &row("2014-06-02", "不及格"));
        assert_eq!(outcomes(), "other not_passed, platform counted", "{on:?}");
    }
}

#[test]
fn carried_hours_count_once_in_the_next_years_cycle() {
    for on in [Services::Sqlite, Services::Postgres] {
        let rules = format!(
            "[[cap]]\nname = \"year\"\nper = [\"year\"]\nhours = \"72\"\nbasis = \"assumed\"\nsource = \"x\"\n\
             [carry_over]\ncap = \"year\"\nbasis = \"assumed\"\nsource = \"x\"\n{END}"
        );
        let office = Office::new(on, &[(END, &rules)]);
        office.upload_completions(1, &["王一,22010219590911001X,P1,C1,100,2013-05-01,90,90,90,100"]);
        let hours = |sums: &serde_json::Value| -> Vec<(String, i64)> {
            let hours = |s: &serde_json::Value| s["counted"]["units"].as_i64().unwrap() / 108_000;
            sums.as_array().unwrap().iter().map(|s| (s["cycle"].as_str().unwrap().to_owned(), hours(s))).collect()
        };
        let expected = [("2009-2013".to_owned(), 72), ("2014-2018".to_owned(), 28)];
        let told = office.run_json(&["teachers", "explain", &office.teacher_number(0)]);
        assert_eq!(hours(&told["sums"]), expected, "{on:?}");
        assert_eq!(hours(&office.list_items(&["teachers", "totals"])), expected, "{on:?}");
    }
}

#[test]
fn a_course_is_the_same_however_it_is_typed() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[]);
        let spellings = ["课堂导入", "课堂 导入", "课堂\u{200B}导入", "《课堂导入》", "课堂导入（上）", "课堂导入(上)"];
        let row = |course: &str| format!("王一,22010219590911001X,P1,{course},10,2014-05-01,90,90,90,100");
        let rows = spellings.map(row);
        office.upload_completions(1, &rows.each_ref().map(String::as_str));
        // Width, spaces and invisible characters make no other key, so these are three records of two courses.
        let told = office.run_json(&["teachers", "explain", &office.teacher_number(0)]);
        assert_eq!(
            (told["counted"]["units"].as_i64(), told["entries"].as_array().unwrap().len()),
            (Some(2_160_000), 3)
        );
        let words = office.run(&["teachers", "explain", &office.teacher_number(0)]);
        assert_eq!(words.matches("same platform, same course, same days").count(), 1, "{words}");
        // The listing has each course once, and one decision is for all its spellings.
        let unknown = office.list_items(&["courses", "unknown"]);
        let records: Vec<i64> = unknown.as_array().unwrap().iter().map(|c| c["records"].as_i64().unwrap()).collect();
        assert_eq!(records, [2, 1], "{unknown}");
        let decided = office.run_json(&[
            "courses",
            "equate",
            "platform",
            "课堂\u{A0}导入",
            "C-001",
            "--because",
            "同一课程",
            "--plan",
        ]);
        assert_eq!(decided["teachers"].as_array().unwrap().len(), 1, "{decided}");
        office.run_json(&["courses", "equate", "platform", "课堂\u{A0}导入", "C-001", "--because", "同一课程"]);
        assert_eq!(office.list_items(&["courses", "unknown"]).as_array().unwrap().len(), 1);
        let told = office.run_json(&["teachers", "explain", &office.teacher_number(0)]);
        let known = told["entries"].as_array().unwrap().iter().filter(|e| e["canonical_course"] == "C-001").count();
        assert_eq!((known, told["counted"]["units"].as_i64()), (2, Some(2_160_000)), "{told}");
    }
}

#[test]
fn a_training_sent_again_under_another_number_counts_once() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[]);
        office.add_source("again", "platform", "P");
        let head = "姓名,身份证号,项目,课程,学时,结束,学习,活动,成果,出勤\n";
        let row = |day: &str| format!("{head}王一,22010219590911001X,P1,C-01,10,{day},90,90,90,100\n");
        office.upload_to("platform", "done_1.csv", &row("2015-03-01"));
        office.upload_to("again", "done_2.csv", &row("2015-03-01"));
        let counted =
            || office.run_json(&["teachers", "explain", &office.teacher_number(0)])["counted"]["units"].as_i64();
        assert_eq!(counted(), Some(1_080_000), "{on:?}");
        // On another day it is another training, because nothing says that the courses are the same.
        office.upload_to("again", "done_3.csv", &row("2015-03-02"));
        assert_eq!(counted(), Some(2_160_000), "{on:?}");
    }
}

#[test]
fn the_national_sheet_adds_up_counted_hours_and_rounds_once() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[(END, &setting("missing_component", "renormalise"))]);
        let row =
            |course: &str, scores: &str| format!("王一,22010219590911001X,P1,{course},7.5,2014-05-01,{scores},100");
        // Two courses that count, one twice, one that failed, and one that counts provisionally.
        let rows = [
            row("课堂导入", "90,90,90"),
            row("《课堂导入》", "90,90,90"),
            row("C2", "90,90,90"),
            row("C3", "10,10,10"),
            row("C4", ",,"),
        ];
        office.upload_completions(1, &rows.each_ref().map(String::as_str));
        let all = "SELECT count(*), '' FROM training_record_national";
        assert_eq!(office.house.query_rows(all)[0].0, 2, "{on:?}");
        let change = "UPDATE offering SET project_title = '提升工程'";
        office.house.run_sql(change);
        let hours = "SELECT \"培训获得学时\", CAST(records AS text) FROM training_record_national";
        assert_eq!(office.house.query_rows(hours), [(15, b"2".to_vec())], "{on:?}");
        let left = "SELECT residue_units, \"培训年度\" FROM training_record_national";
        assert_eq!(office.house.query_rows(left), [(0, b"2014".to_vec())], "{on:?}");
    }
}

#[test]
fn a_record_with_two_contents_of_one_version_shows() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[]);
        let row = |course: &str| format!("王一,22010219590911001X,P1,{course},10,2014-05-01,90,90,90,100");
        office.upload_completions(1, &[&row("C1"), &row("C2")]);
        assert_eq!(office.list_items(&["records", "list", "--flagged"]), serde_json::json!([]));
        office.house.run_sql("UPDATE training_record SET flagged = 1 WHERE offering_id IN (SELECT id FROM offering WHERE course_code = 'C2')");
        let listed = office.list_items(&["records", "list", "--flagged"]);
        let rows: Vec<_> = listed.as_array().unwrap().iter().map(|r| (&r["course"], &r["flagged"])).collect();
        assert_eq!(rows, [(&"C2".into(), &true.into())], "{on:?}");
        assert!(office.run(&["records", "list"]).contains("two contents"));
        let told = office.run(&["teachers", "explain", &office.teacher_number(0)]);
        assert_eq!(told.matches("another content of this record").count(), 1, "{told}");
    }
}
