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
        assert_eq!(office.house.run_sql("SELECT count(*) FROM assessment"), 1);
        office.upload_completions(2, &[&row(",,")]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "", "not_assessed", 10), "{on:?}");
        assert_eq!(office.house.run_sql("SELECT count(*) FROM assessment"), 0, "{on:?}");
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
