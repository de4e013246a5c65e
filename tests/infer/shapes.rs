//! Samples of shapes that once misled the guesser: what it guesses, and what is then read.

use serde_json::{Value, json};

use super::guess_of;
use crate::test_env::{Services, TestEnv};

pub(super) const IDS: [&str; 6] = [
    "22010219590911001X",
    "220381197001011228",
    "222401198010102228",
    "220502196002290012",
    "220203197812030225",
    "220581197907150030",
];
pub(super) const NAMES: [&str; 6] = ["王芳", "李建国", "孙丽", "张伟", "赵敏", "周强"];

/// Returns a CSV of six records with one more column. `between` comes after the third record.
fn csv_table(column: &str, texts: [&str; 6], between: &str) -> String {
    let row =
        |at: usize| format!("{},{},课堂导入技术,{},2015-03-0{},{}\n", NAMES[at], IDS[at], 8 + at, at + 1, texts[at]);
    let rows = |from: usize| (from..from + 3).map(row).collect::<String>();
    format!("姓名,身份证号,课程名称,学时,完成时间,{column}\n{}{between}{}", rows(0), rows(3))
}

pub(super) fn questions_of_kind(guess: &Value, kind: &str) -> Vec<Value> {
    guess["questions"].as_array().unwrap().iter().filter(|question| question["kind"] == kind).cloned().collect()
}

/// Returns the manifest that is inferred for a sample, and the output of its test.
fn infer_and_test(house: &TestEnv, name: &str, text: &str) -> (String, String) {
    let (file, out) = (house.dir.0.join(name), house.dir.0.join("inferred"));
    let _ = std::fs::remove_dir_all(&out);
    std::fs::write(&file, text).unwrap();
    let place = out.to_str().unwrap();
    house.run_json(&[
        "connectors",
        "infer",
        file.to_str().unwrap(),
        "--out",
        place,
        "--id",
        "x",
        "--with-sample",
        "--json",
    ]);
    let tested = house.run(&["connectors", "test", place, "--accept"]);
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    let manifest = std::fs::read_to_string(out.join("manifest.toml")).unwrap();
    (manifest, String::from_utf8(tested.stderr).unwrap())
}

#[test]
fn sums_between_the_records_end_nothing() {
    let house = TestEnv::new(Services::Sqlite);
    let plain = ["优秀", "合格", "不合格", "合格", "优秀", "合格"];
    for between in ["小计,,,27,,\n", "合计,,,27,,\n姓名,身份证号,课程名称,学时,完成时间,考核结果\n"]
    {
        let text = format!("{}总计,,,63,,\n填表人：王芳,,,,,\n", csv_table("考核结果", plain, between));
        assert_eq!(guess_of(&house, "sums.csv", &text)["records"], 6, "{between}");
        let (manifest, told) = infer_and_test(&house, "sums.csv", &text);
        assert!(told.contains("0 of 6 records are dead letters"), "{between}: {told}\n{manifest}");
    }
}

#[test]
fn what_stands_below_a_sum_ends_no_other_table() {
    let house = TestEnv::new(Services::Sqlite);
    let plain = ["优秀", "合格", "不合格", "合格", "优秀", "合格"];
    let sum = "合计,,,63,,\n";
    // A row with only its number is a dead letter. As a marker, its text would end the table before record 7.
    let (manifest, told) =
        infer_and_test(&house, "below.csv", &format!("{}{sum}7,,,,,\n", csv_table("考核结果", plain, "")));
    assert!(manifest.contains("end_markers = [\"填表\"]"), "{manifest}");
    assert!(told.contains("1 of 7 records are dead letters"), "{told}");
    let remark = "本表一式三份由学校保存,,,,,\n";
    let (manifest, told) =
        infer_and_test(&house, "below.csv", &format!("{}{sum}{remark}", csv_table("考核结果", plain, "")));
    assert!(manifest.contains("end_markers = [\"本表一式三份由学校保存\", \"填表\"]"), "{manifest}");
    assert!(told.contains("0 of 6 records are dead letters"), "{told}");
}

#[test]
fn a_yes_or_no_is_a_result_only_where_its_name_asks_for_one() {
    let house = TestEnv::new(Services::Sqlite);
    let answers = ["是", "否", "是", "是", "是", "是"];
    for name in ["是否在编", "是否补考", "是否未通过", "班主任"] {
        let guess = guess_of(&house, "answers.csv", &csv_table(name, answers, ""));
        assert_eq!(guess["pass"]["by"], "nothing", "{name}: {guess}");
        assert_eq!(questions_of_kind(&guess, "pass")[0]["maybe"], json!([name]), "{guess}");
    }
    assert_eq!(guess_of(&house, "answers.csv", &csv_table("是否合格", answers, ""))["pass"]["path"], "是否合格");
    let levels = ["优秀", "良好", "合格", "不合格", "合格", "优秀"];
    let guess = guess_of(&house, "levels.csv", &csv_table("总评", levels, ""));
    assert_eq!(guess["pass"], json!({"by": "words", "path": "总评", "words": ["不合格", "优秀", "合格", "良好"]}));
}

#[test]
fn a_score_is_told_out_of_a_hundred_or_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let (manifest, _) =
        infer_and_test(&house, "marks.csv", &csv_table("成绩（满分50分）", ["45", "30", "29.5", "50", "41", "38"], ""));
    assert!(manifest.contains("then = [{ scale = \"100/50\" }]"), "{manifest}");
    // Marks out of 150 become thirds of a point, which have no finite decimal form.
    let guess =
        guess_of(&house, "marks.csv", &csv_table("成绩（满分150分）", ["140", "90", "75", "128", "61", "99"], ""));
    assert_eq!(
        (guess["pass"]["by"].as_str(), &questions_of_kind(&guess, "full_mark")[0]["exact"]),
        (Some("nothing"), &json!(false))
    );
    let (manifest, told) = infer_and_test(
        &house,
        "marks.csv",
        &csv_table("成绩（满分100分）", ["90", "60", "59.5", "100", "82", "76"], ""),
    );
    assert!(manifest.contains("score_total = \"成绩（满分100分）\""), "{manifest}");
    assert!(!told.contains("open questions"), "{told}");
}

#[test]
fn whoever_uses_a_guess_is_told_what_it_left_open() {
    let house = TestEnv::new(Services::Sqlite);
    let (manifest, told) = infer_and_test(&house, "open.csv", &csv_table("备注", ["-"; 6], ""));
    let line = manifest.lines().position(|line| line.starts_with("# ?")).unwrap() + 1;
    assert!(told.contains(&format!("has open questions on lines {line};")), "{told}\n{manifest}");
}

#[test]
fn amounts_of_several_units_are_surely_none_of_them() {
    let house = TestEnv::new(Services::Sqlite);
    let text =
        csv_table("备注", ["-"; 6], "").replace(",9,", ",2天,").replace(",10,", ",10学时,").replace(",11,", ",1天,");
    let guess = guess_of(&house, "units.csv", &text);
    // Some state no unit, so that even who takes each in its own must say what the others are in.
    let asked = questions_of_kind(&guess, "units");
    assert_eq!(asked[0]["odd"], json!(["12", "13", "8"]), "{guess}");
    assert!(!guess["manifest"].as_str().unwrap().contains("\nhours"), "{guess}");
    let hours = guess["fields"].as_array().unwrap().iter().find(|field| field["field"] == "hours").unwrap();
    assert!(hours["confidence"].as_u64() <= Some(90), "{hours}");
}

#[test]
fn records_in_groups_are_read_one_by_one() {
    let house = TestEnv::new(Services::Sqlite);
    let person = |at: usize| {
        format!(
            "<p name='{}' idcard='{}' hours='{}' end='2015-03-0{}' result='合格'/>",
            NAMES[at],
            IDS[at],
            8 + at,
            at + 1
        )
    };
    let group = |from: usize| {
        let people: String = (from..from + 3).map(person).collect();
        format!("<class title='微课{from}'><meta>x</meta>{people}</class>")
    };
    let guess = guess_of(&house, "groups.xml", &format!("<export>{}{}</export>", group(0), group(3)));
    assert_eq!((&guess["layout"]["item"], &guess["records"]), (&json!("class.p"), &json!(6)), "{guess}");
    // A data set of rows is not a page, whatever its elements are called.
    let row = |at: usize| {
        format!(
            "<Table><name>{}</name><idCard>{}</idCard><courseName>微课</courseName><hours>{at}1</hours><endDate>2015-03-0{}</endDate></Table>",
            NAMES[at],
            IDS[at],
            at + 1
        )
    };
    let rows: String = (0..6).map(row).collect();
    let guess = guess_of(&house, "rows.xml", &format!("<?xml version='1.0'?><NewDataSet>{rows}</NewDataSet>"));
    assert_eq!((&guess["layout"]["item"], &guess["records"]), (&json!("Table"), &json!(6)), "{guess}");
}
