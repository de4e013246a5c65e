//! Assessment, tested with the real program: scores and attendance from an institution, grades from schools, appeals,
//! ages, and the choices of the rule pack where the document is silent.

use serde_json::{Value, json};

use crate::test_env::{Services, TestEnv};

mod counted;

const MANIFEST: &str = r#"
manifest = 1
id = "platform"
version = 1
title_zh = "培训平台"
title_en = "A platform"
profile = "Made up for a test."

[transport]
kind = "files"
names = ["*.csv"]

[[stream]]
name = "completions"
kind = "course_completion"
files = ["done_*.csv"]
record_key = ["身份证号", "课程"]
version = { from = "landing" }
pass = "scores"
format = { kind = "csv", layout = { header = ["身份证号", "课程"] } }

[stream.map]
name = "姓名"
id_number = "身份证号"
project_code = "项目"
course_code = "课程"
hours = { path = "学时", unit = "class_hour" }
period_end = "结束"
score_learning = "学习"
score_activity = "活动"
score_artefact = "成果"
attendance = "出勤"

[[stream]]
name = "schools"
kind = "assessment"
assessor = "school"
files = ["school_*.csv"]
record_key = ["身份证号", "项目"]
version = { from = "landing" }
pass = "result"
format = { kind = "csv", layout = { header = ["身份证号", "评定"] } }

[stream.map]
name = "姓名"
id_number = "身份证号"
project_code = "项目"
period_end = "日期"
result = "评定"
"#;

const SCHOOLS: &str =
    "学校标识码,学校名称,行政区划代码,启用日期,停用日期,承继学校标识码\n2122000001,实验小学,220102,1998-09-01,,\n";
const TEACHERS: &str = "序号,教师编号,姓名,曾用名,性别,出生日期,身份证号,联系电话,学校标识码,任教学段,职务,到校日期,离校日期\n\
                        1,T-001,赵五,,男,,220502196002290012,,2122000001,小学,教师,1981-08-15,\n";

struct Office {
    house: TestEnv,
}

impl Office {
    fn new(on: Services, pack: &[(&str, &str)]) -> Self {
        let house = TestEnv::new(on);
        let folder = house.dir.0.join("manifests/platform");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.toml"), MANIFEST).unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = std::fs::read_to_string(root.join("config/policy/jilin-2014.toml")).unwrap();
        for (old, new) in pack {
            assert!(text.contains(old), "{old}");
            text = text.replacen(old, new, 1);
        }
        std::fs::write(house.dir.0.join("pack.toml"), text).unwrap();
        let settings = format!(
            "manifests_dir = {:?}\npolicy_files = [{:?}]\n\
             [[source]]\nname = \"platform\"\nconnector = \"platform\"\ninstitution_code = \"P\"\n",
            house.dir.0.join("manifests"),
            house.dir.0.join("pack.toml"),
        );
        std::fs::write(house.dir.0.join("huiliu.toml"), settings).unwrap();
        let office = Self { house };
        office.run(&["migrate"]);
        office
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

    fn list_items(&self, args: &[&str]) -> Value {
        crate::test_env::items_of(self.run_json(args))
    }

    fn upload_file(&self, name: &str, text: &str) {
        self.upload_to("platform", name, text);
    }

    fn upload_to(&self, source: &str, name: &str, text: &str) {
        let file = self.house.dir.0.join(name);
        std::fs::write(&file, text).unwrap();
        let stream = if name.starts_with("school_") { "schools" } else { "completions" };
        self.run(&["upload", source, file.to_str().unwrap(), "--stream", stream]);
    }

    /// Adds a source to the settings.
    fn add_source(&self, name: &str, connector: &str, institution: &str) {
        let config = self.house.dir.0.join("huiliu.toml");
        let mut settings = std::fs::read_to_string(&config).unwrap();
        settings += &format!(
            "[[source]]\nname = \"{name}\"\nconnector = \"{connector}\"\ninstitution_code = \"{institution}\"\n"
        );
        std::fs::write(&config, settings).unwrap();
    }

    /// Uploads the roster of a county, which has a teacher's sex and date of birth.
    fn upload_roster(&self) {
        self.add_source("county", "roster-csv", "C");
        for (name, text) in [("schools", SCHOOLS), ("teachers", TEACHERS)] {
            let file = self.house.dir.0.join(format!("{name}_20140901.csv"));
            std::fs::write(&file, text).unwrap();
            self.run(&["upload", "county", file.to_str().unwrap(), "--stream", name]);
        }
    }

    fn upload_completions(&self, n: u32, rows: &[&str]) {
        let head = "姓名,身份证号,项目,课程,学时,结束,学习,活动,成果,出勤\n";
        self.upload_file(&format!("done_{n}.csv"), &format!("{head}{}\n", rows.join("\n")));
    }

    /// Returns the number of the nth teacher in the order of numbers, from 0.
    fn teacher_number(&self, place: usize) -> String {
        self.house.nth_teacher(place).to_string()
    }

    /// Returns outcome, grade, rule and class-hour units of the first teacher's only training.
    fn first_entry(&self) -> (String, String, String, i64) {
        let told = self.run_json(&["teachers", "explain", &self.teacher_number(0)]);
        let e = &told["entries"][0];
        let text = |name: &str| e[name].as_str().unwrap_or_default().to_owned();
        let rule = text("rule").split(' ').nth(1).unwrap_or_default().to_owned();
        (text("outcome"), text("grade"), rule, e["hours"]["units"].as_i64().unwrap())
    }
}

fn expected_entry(outcome: &str, grade: &str, rule: &str, hours: i64) -> (String, String, String, i64) {
    (outcome.into(), grade.into(), rule.into(), hours * 108_000)
}

fn check_school_and_institution(on: Services) {
    let office = Office::new(on, &[]);
    office.upload_completions(1, &["王一,22010219590911001X,P1,C1,10,2014-05-01,85,90,80,100"]);
    assert_eq!(office.first_entry(), expected_entry("counted", "excellent", "pass_gate", 10));
    // The school fails it, so the project is not passed.
    office.upload_file("school_1.csv", "姓名,身份证号,项目,日期,评定\n王一,22010219590911001X,P1,2014-06-01,不及格\n");
    assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "comprehensive", 0));
    // An appeal: planned, decided, undone.
    let records = office.list_items(&["records", "list"]);
    let school = records.as_array().unwrap().iter().find(|r| r["stream"] == "schools").unwrap()["record"].to_string();
    let plan = office.run_json(&["decisions", "grade", &school, "pass", "--because", "申诉", "--plan"]);
    assert_eq!(crate::test_env::units_before_after(&plan["teachers"][0]["counted"]), [0, 1_080_000]);
    let done = office.run_json(&["decisions", "grade", &school, "pass", "--because", "申诉"]);
    assert_eq!(office.first_entry(), expected_entry("counted", "pass", "comprehensive", 10));
    office.run_json(&["decisions", "undo", &done["decision"].to_string(), "--because", "撤回"]);
    assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "comprehensive", 0));
    // A school's grade in an institution's vocabulary is reported, not guessed.
    office.upload_file("school_2.csv", "姓名,身份证号,项目,日期,评定\n王一,22010219590911001X,P2,2014-06-01,不合格\n");
    let letters = office.list_items(&["dead-letters", "list"]);
    assert_eq!(letters[0]["reasons"][0]["code"], "result.value");
}

#[test]
fn a_school_and_an_institution_grade_together_on_sqlite() {
    check_school_and_institution(Services::Sqlite);
}

#[test]
fn a_school_and_an_institution_grade_together_on_postgresql() {
    check_school_and_institution(Services::Postgres);
}

#[test]
fn a_teacher_of_that_age_is_outside_the_assessment() {
    let office = Office::new(Services::Sqlite, &[]);
    // A man born on 1960-02-29: he turns 55 on 1 March 2015.
    office.upload_completions(1, &["赵五,220502196002290012,P1,C1,10,2014-05-01,10,10,10,100"]);
    assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0));
    office.upload_roster();
    let shown = office.run_json(&["roster", "show", &office.teacher_number(0), "--on", "2015-02-28"]);
    assert_eq!(shown["exemption"]["exempt"], false, "{shown}");
    office.upload_completions(2, &["赵五,220502196002290012,P1,C1,10,2015-02-28,10,10,10,100"]);
    assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0));
    office.upload_completions(3, &["赵五,220502196002290012,P1,C1,10,2015-03-01,10,10,10,100"]);
    assert_eq!(office.first_entry(), expected_entry("provisional", "fail", "exempt", 10));
    // The school's division is responsible for the teacher.
    assert_eq!(office.run_json(&["teachers", "explain", &office.teacher_number(0)])["regions"], json!(["220102"]));
}

#[test]
fn what_the_pack_chooses_where_the_document_is_silent() {
    let row = |learning: &str, activity: &str, artefact: &str, present: &str| {
        format!("王一,22010219590911001X,P1,C1,10,2014-05-01,{learning},{activity},{artefact},{present}")
    };
    let setting = |name: &str, value: &str| {
        format!(
            "[setting.{name}]\nvalue = \"{value}\"\nbasis = \"assumed\"\nsource = \"a trial\"\n\n# What the document"
        )
    };
    let with = |name: &str, value: &str, row: &str| {
        let office = Office::new(Services::Sqlite, &[("# What the document", &setting(name, value))]);
        office.upload_completions(1, &[row]);
        office
    };
    let entry = |name: &str, value: &str, row: &str| with(name, value, row).first_entry();
    // With a missing component the record waits, fails, or is assessed by the other components.
    let missing = row("90", "90", "", "100");
    let waiting = with("missing_component", "wait", &missing);
    assert_eq!(waiting.list_items(&["dead-letters", "list"])[0]["reasons"][0]["code"], "score.artefact.missing");
    assert_eq!(entry("missing_component", "fail", &missing), expected_entry("not_passed", "fail", "pass_gate", 0));
    assert_eq!(
        entry("missing_component", "renormalise", &missing),
        expected_entry("counted", "excellent", "pass_gate", 10)
    );
    // Exactly on the edge of a band, and just below it.
    let edge = row("60", "60", "60", "100");
    assert_eq!(entry("band_edge", "upper", &edge), expected_entry("counted", "pass", "pass_gate", 10));
    assert_eq!(entry("band_edge", "lower", &edge), expected_entry("not_passed", "fail", "pass_gate", 0));
    let below = row("59.5", "59.5", "59.5", "100");
    assert_eq!(entry("band_rounding", "none", &below), expected_entry("not_passed", "fail", "pass_gate", 0));
    assert_eq!(entry("band_rounding", "half_up", &below), expected_entry("counted", "pass", "pass_gate", 10));
    assert_eq!(entry("failed_course_hours", "provisional", &below).0, "provisional");
    // Without a school's grade nothing is decided yet.
    assert_eq!(entry("without_school_grade", "pending", &row("90", "90", "90", "100")).0, "not_passed");
    // Attendance.
    let gate = "[attendance]\npercent = \"80\"\nabove = true\nbasis = \"adopted\"\nsource = \"武汉江汉\"\n\n# Hours of a project";
    let office = Office::new(Services::Sqlite, &[("# Hours of a project", gate)]);
    office.upload_completions(1, &[&row("90", "90", "90", "80")]);
    assert_eq!(office.first_entry(), expected_entry("absent", "excellent", "attendance", 0));
    office.upload_completions(2, &[&row("90", "90", "90", "80.01%")]);
    assert_eq!(office.first_entry(), expected_entry("counted", "excellent", "pass_gate", 10));
}

#[test]
fn hours_in_any_five_years_up_to_a_day() {
    let window =
        "[setting.hours_window]\nvalue = \"rolling\"\nbasis = \"assumed\"\nsource = \"a trial\"\n\n# What the document";
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[("# What the document", window)]);
        let row = |course: u32, day: &str| format!("王一,22010219590911001X,P1,C{course},30,{day},90,90,90,100");
        let rows = [row(1, "2012-03-01"), row(2, "2014-05-01"), row(3, "2017-02-28")];
        office.upload_completions(
            1,
            &[&rows[0], &rows[1], &rows[2], "李二,220203197812030225,P1,C1,30,2014-05-01,90,90,90,100"],
        );
        // Both ends of the five years: the last day itself, and the day after the day five years before it.
        for (day, hours, enough) in
            [("2017-02-27", 60, 1), ("2017-02-28", 90, 1), ("2017-03-01", 60, 1), ("2019-05-01", 30, 0)]
        {
            let totals = office.list_items(&["teachers", "totals", "--on", day]);
            let of = |cycle: &dyn Fn(&str) -> bool| {
                totals.as_array().unwrap().iter().find(|t| cycle(t["cycle"].as_str().unwrap())).unwrap()
            };
            let total = of(&|cycle| cycle.contains('<'));
            let others = of(&|cycle| cycle == "2014-2018")["counted"]["units"].as_i64().unwrap();
            assert_eq!(others, 90 * 108_000, "the cycle stays as it is");
            assert_eq!((&total["teachers"], &total["met"]), (&2.into(), &enough.into()), "{totals}");
            let told = [0, 1]
                .map(|place| office.run_json(&["teachers", "explain", &office.teacher_number(place), "--on", day]));
            let told = told.iter().find(|told| told["entries"][0]["name"] == "王一").unwrap();
            let sum = told["sums"].as_array().unwrap().iter().find(|sum| sum["cycle"] == total["cycle"]).unwrap();
            assert_eq!(
                (&sum["counted"]["units"], &sum["required"]["units"]),
                (&(hours * 108_000).into(), &(50 * 108_000).into()),
                "{told}"
            );
        }
    }
}

/// The content that landed last counts, even if the same bytes had landed before the content that they replace.
fn check_repeated_bytes_win(on: Services) {
    let office = Office::new(on, &[]);
    let row = |hours: &str| format!("王一,22010219590911001X,P1,C1,{hours},2014-05-01,90,90,90,100");
    let outcomes = || {
        let balance = office.run_json(&["balance"]);
        ["updated", "unchanged", "superseded"].map(|outcome| balance[outcome].as_i64().unwrap())
    };
    office.upload_completions(1, &[&row("10")]);
    office.upload_completions(1, &[&row("10")]);
    assert_eq!((office.first_entry().3, outcomes()), (10 * 108_000, [0, 1, 0]));
    office.upload_completions(1, &[&row("9")]);
    assert_eq!((office.first_entry().3, outcomes()), (9 * 108_000, [1, 1, 0]));
    office.upload_completions(1, &[&row("10")]);
    assert_eq!((office.first_entry().3, outcomes()), (10 * 108_000, [2, 1, 0]));
    office.upload_completions(1, &[&row("10")]);
    assert_eq!((office.first_entry().3, outcomes()), (10 * 108_000, [2, 2, 0]));
    // A dead letter between two copies of the same bytes is superseded by the later copy, which changes nothing.
    office.upload_completions(1, &[&row("ten")]);
    office.upload_completions(1, &[&row("10")]);
    assert_eq!((office.first_entry().3, outcomes()), (10 * 108_000, [2, 3, 1]));
}

#[test]
fn the_same_bytes_outdo_what_had_corrected_them_on_sqlite() {
    check_repeated_bytes_win(Services::Sqlite);
}

#[test]
fn the_same_bytes_outdo_what_had_corrected_them_on_postgresql() {
    check_repeated_bytes_win(Services::Postgres);
}
