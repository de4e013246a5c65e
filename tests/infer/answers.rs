//! What `connectors infer` asks, and what its answers give when they are taken.

use serde_json::{Value, json};

use super::guess_of;
use super::shapes::{IDS, NAMES, questions_of_kind};
use crate::test_env::{Services, TestEnv};

/// A sample of six records with these hours and last days.
pub(super) struct Sheet<'a> {
    pub hours_name: &'a str,
    pub hours: [&'a str; 6],
    pub day_name: &'a str,
    pub days: [&'a str; 6],
}

pub(super) const DAYS: [&str; 6] = ["2015-03-01", "2015-03-02", "2015-03-03", "2015-03-04", "2015-03-05", "2015-03-06"];

impl Sheet<'_> {
    pub fn to_csv(&self) -> String {
        let row =
            |at: usize| format!("{},{},课堂导入{},{},{}\n", NAMES[at], IDS[at], at % 2, self.hours[at], self.days[at]);
        let rows: String = (0..6).map(row).collect();
        format!("姓名,身份证号,课程名称,{},{}\n{rows}", self.hours_name, self.day_name)
    }
}

fn hours_sheet(hours_name: &str, hours: [&str; 6]) -> String {
    Sheet { hours_name, hours, day_name: "完成时间", days: DAYS }.to_csv()
}

fn days_sheet(days: [&str; 6]) -> String {
    Sheet { hours_name: "学时", hours: ["8", "9", "10", "11", "12", "13"], day_name: "完成时间", days }.to_csv()
}

/// Returns a manifest with the lines of an answer in place of its own lines with the same keys. Its questions are gone.
pub(super) fn take_answer(manifest: &str, answer: &Value) -> String {
    let mut lines: Vec<String> = manifest.lines().filter(|line| !line.starts_with("# ?")).map(str::to_owned).collect();
    for new in answer["lines"].as_array().unwrap() {
        let key = format!("{} = ", new["key"].as_str().unwrap());
        lines.retain(|line| !line.starts_with(&key));
        let title = if new["table"] == "stream" { "[[stream]]" } else { "[stream.map]" };
        let at = lines.iter().position(|line| line == title).unwrap();
        lines.insert(at + 1, new["line"].as_str().unwrap().to_owned());
    }
    lines.join("\n") + "\n"
}

/// Reads a sample under a manifest. Returns the preview, or what is wrong with the manifest.
pub(super) fn preview_of(house: &TestEnv, manifest: &str, sample: &str) -> Result<Value, String> {
    let folder = house.dir.0.join("tried");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("manifest.toml"), manifest).unwrap();
    let file = house.dir.0.join("tried.csv");
    std::fs::write(&file, sample).unwrap();
    let args =
        ["connectors", "preview", folder.to_str().unwrap(), "--sample", file.to_str().unwrap(), "--all", "--json"];
    let out = house.run(&args);
    match out.status.success() {
        true => Ok(serde_json::from_slice(&out.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
    }
}

/// Returns the class hours of each record of a preview; a parked one has none.
pub(super) fn class_hours(preview: &Value) -> Vec<String> {
    let records = preview["records"].as_array().unwrap();
    records.iter().map(|record| record["class_hours"].as_str().unwrap_or("-").to_owned()).collect()
}

fn answers_of(guess: &Value, kind: &str) -> Vec<Value> {
    questions_of_kind(guess, kind).iter().flat_map(|question| question["answers"].as_array().unwrap().clone()).collect()
}

#[test]
fn each_text_with_its_unit_is_read_in_that_unit() {
    let house = TestEnv::new(Services::Sqlite);
    for (hours, read) in [
        (["2天", "10学时", "半天", "一天", "8课时", "1.5天"], ["16", "10", "4", "8", "8", "12"]),
        (["PT1H30M", "PT2H", "PT45M", "PT3H", "PT1H", "PT30M"], ["2", "2 2/3", "1", "4", "1 1/3", "2/3"]),
        (["90分", "45分钟", "1小时30分", "2小时", "半小时", "一个半小时"], ["2", "1", "2", "2 2/3", "2/3", "2"]),
    ] {
        let text = hours_sheet("学时", hours);
        let guess = guess_of(&house, "units.csv", &text);
        let manifest = guess["manifest"].as_str().unwrap();
        assert!(
            manifest.contains("\nhours = { path = \"学时\", unit = \"class_hour\", unit_in_text = true }"),
            "{manifest}"
        );
        assert_eq!(class_hours(&preview_of(&house, manifest, &text).unwrap()), read, "{manifest}");
    }
}

#[test]
fn units_in_a_column_of_their_own_belong_to_their_amounts() {
    let house = TestEnv::new(Services::Sqlite);
    let row = |at: usize| {
        let (amount, unit) =
            [("2", "天"), ("10", "学时"), ("1", "半天"), ("90", "分钟"), ("8", "课时"), ("1", "天")][at];
        format!("{},{},课堂导入{},{amount},{unit},{}\n", NAMES[at], IDS[at], at % 2, DAYS[at])
    };
    let rows: String = (0..6).map(row).collect();
    let text = format!("姓名,身份证号,课程名称,时长,单位,完成时间\n{rows}");
    let guess = guess_of(&house, "column.csv", &text);
    let manifest = guess["manifest"].as_str().unwrap();
    let preview = preview_of(&house, manifest, &text).unwrap();
    assert_eq!(class_hours(&preview), ["16", "10", "4", "2", "8", "8"], "{manifest}");
}

#[test]
fn numbers_beside_texts_with_units_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let text = hours_sheet("学时", ["2天", "10", "半天", "一天", "8", "1天"]);
    let guess = guess_of(&house, "units.csv", &text);
    let answers = answers_of(&guess, "units");
    // The header says 学时, and another text says 天.
    let values: Vec<&str> = answers.iter().map(|answer| answer["value"].as_str().unwrap()).collect();
    assert_eq!(values[0], "学时: class_hour", "{guess}");
    let first = &answers[0];
    let manifest = take_answer(guess["manifest"].as_str().unwrap(), first);
    assert_eq!(
        class_hours(&preview_of(&house, &manifest, &text).unwrap()),
        ["16", "10", "4", "8", "8", "8"],
        "{first}"
    );
    let refused = house.dir.0.join("refused");
    house.run(&[
        "connectors",
        "infer",
        house.dir.0.join("units.csv").to_str().unwrap(),
        "--out",
        refused.to_str().unwrap(),
        "--with-sample",
    ]);
    let tested = house.run(&["connectors", "test", refused.to_str().unwrap(), "--accept"]);
    assert!(!tested.status.success(), "an open question about the unit was tested as if it were answered");
}

/// Minutes in the header are never offered as class hours, whatever else is asked about the column.
#[test]
fn the_unit_of_a_header_is_the_one_that_is_offered() {
    let house = TestEnv::new(Services::Sqlite);
    let minutes = ["450", "90", "135", "180", "45", "900"];
    for name in ["学时(分钟)", "时长/分", "学习时长（单位：分钟）", "minutes"] {
        let guess = guess_of(&house, "minutes.csv", &hours_sheet(name, minutes));
        let manifest = guess["manifest"].as_str().unwrap();
        assert!(manifest.contains(&format!("\nhours = {{ path = \"{name}\", unit = \"minute\" }}")), "{manifest}");
    }
    // The column is asked about, because another may be meant as well.
    let two: String = hours_sheet("学习时长(分钟)", minutes)
        .lines()
        .enumerate()
        .map(|(at, line)| {
            format!("{line},{}\n", if at == 0 { "观看时长(分钟)".to_owned() } else { (at * 91).to_string() })
        })
        .collect();
    let guess = guess_of(&house, "two.csv", &two);
    let answers = answers_of(&guess, "rival");
    assert!(!answers.is_empty() && answers.iter().all(|answer| answer.to_string().contains("minute")), "{guess}");
    // Texts with a comma are asked about in the unit of the header too.
    let guess = guess_of(&house, "commas.csv", &hours_sheet("时长(分钟)", ["\"1,350\""; 6]));
    let answers = answers_of(&guess, "odd");
    assert!(
        answers.iter().all(|answer| answer["lines"][0]["line"].as_str().unwrap().contains("unit = \"minute\"")),
        "{guess}"
    );
}

/// Whoever takes 4,500 for class hours is not offered it.
#[test]
fn no_answer_gives_hours_that_no_training_has() {
    let house = TestEnv::new(Services::Sqlite);
    for name in ["学时", "时长"] {
        let guess = guess_of(&house, "many.csv", &hours_sheet(name, ["450", "4500", "1350", "1800", "450", "900"]));
        let manifest = guess["manifest"].as_str().unwrap();
        assert!(!manifest.contains("\nhours = { path = \"学时\""), "an unusual amount was taken unasked: {manifest}");
        assert!(!manifest.contains("unit = \"class_hour\""), "{manifest}");
        let answers = answers_of(&guess, "unit");
        let values: Vec<&str> = answers.iter().map(|answer| answer["value"].as_str().unwrap()).collect();
        assert_eq!(values, [format!("{name}: minute"), format!("{name}: second")], "{guess}");
    }
}

/// The rules of the tests convert no seconds, but minutes.
#[test]
fn seconds_are_offered_as_parts_of_a_unit_that_the_rules_convert() {
    let house = TestEnv::new(Services::Sqlite);
    let text = hours_sheet("时长", ["3600", "5400", "7200", "2700", "10800", "1350"]);
    let guess = guess_of(&house, "seconds.csv", &text);
    let answers = answers_of(&guess, "unit");
    let seconds = answers.iter().find(|answer| answer["value"] == "时长: second").expect("seconds are offered");
    let manifest = take_answer(guess["manifest"].as_str().unwrap(), seconds);
    let read = class_hours(&preview_of(&house, &manifest, &text).unwrap());
    assert_eq!(read, ["1 1/3", "2", "2 2/3", "1", "4", "0.5"], "{seconds}");
}

#[test]
fn calendar_days_are_days_of_training_only_if_somebody_says_so() {
    let house = TestEnv::new(Services::Sqlite);
    let text = hours_sheet("学时", ["P2D", "P1D", "P3D", "P1D", "P2D", "P5D"]);
    let guess = guess_of(&house, "days.csv", &text);
    let manifest = guess["manifest"].as_str().unwrap();
    assert!(!manifest.contains("\nhours"), "{manifest}");
    let answers = answers_of(&guess, "calendar_days");
    assert_eq!(answers.len(), 1, "{guess}");
    let manifest = take_answer(manifest, &answers[0]);
    assert_eq!(class_hours(&preview_of(&house, &manifest, &text).unwrap()), ["16", "8", "24", "8", "16", "40"]);
    // Where hours stand beside them, no single step reads both.
    let guess = guess_of(&house, "both.csv", &hours_sheet("学时", ["P2D", "PT6H", "P3D", "P1D", "P2D", "P5D"]));
    assert!(answers_of(&guess, "calendar_days").is_empty() && !questions_of_kind(&guess, "calendar_days").is_empty());
}

#[test]
fn days_without_a_year_are_asked_about_with_the_reason() {
    let house = TestEnv::new(Services::Sqlite);
    for days in [["10/1", "10/2", "9/3", "10/4", "10/5", "10/6"], ["9月", "9月", "10月", "9月", "9月", "9月"]] {
        let guess = guess_of(&house, "days.csv", &days_sheet(days));
        assert_eq!(questions_of_kind(&guess, "no_year")[0]["path"], "完成时间", "{guess}");
        assert!(!guess["manifest"].as_str().unwrap().contains("\nperiod_end"), "{guess}");
    }
    let periods =
        Sheet { hours_name: "学时", hours: ["8"; 6], day_name: "培训时间", days: ["3月1日-3月5日"; 6] };
    let guess = guess_of(&house, "periods.csv", &periods.to_csv());
    assert_eq!(questions_of_kind(&guess, "no_year")[0]["path"], "培训时间", "{guess}");
    let guess = guess_of(&house, "months.csv", &days_sheet(["2014.9"; 6]));
    assert_eq!(questions_of_kind(&guess, "months_only").len(), 1, "{guess}");
    assert!(questions_of_kind(&guess, "months_only")[0]["answers"].as_array().unwrap().is_empty());
}

#[test]
fn years_of_two_digits_are_read_by_the_format_that_is_chosen() {
    let house = TestEnv::new(Services::Sqlite);
    let text = days_sheet(["14-09-01", "14-09-02", "14-09-13", "14-09-04", "14-09-25", "14-10-06"]);
    let guess = guess_of(&house, "days.csv", &text);
    let answers = answers_of(&guess, "odd");
    assert_eq!(answers[0]["value"], "formats = [\"%y-%m-%d\"]", "{guess}");
    let manifest = take_answer(guess["manifest"].as_str().unwrap(), &answers[0]);
    let key = manifest.lines().find(|line| line.starts_with("record_key")).unwrap();
    assert!(key.contains("完成时间"), "the day that was answered is no part of the key: {key}");
    let preview = preview_of(&house, &manifest, &text).unwrap();
    assert_eq!(preview["summary"]["clean"], 6, "{preview}");
    assert!(preview.to_string().contains("2014-09-13"), "{preview}");
}

#[test]
fn several_trainings_in_a_row_are_never_the_first_alone() {
    let house = TestEnv::new(Services::Sqlite);
    let sheet = |header: &str| -> String {
        let row =
            |at: usize| format!("{},{},课堂导入{},8,微课制作{},12,{}\n", NAMES[at], IDS[at], at % 2, at % 3, DAYS[at]);
        let rows: String = (0..6).map(row).collect();
        format!("姓名,身份证号,{header},完成时间\n{rows}")
    };
    for (header, groups, named_alike) in [
        ("课程1,学时1,课程2,学时2", ["课程1 + 学时1", "课程2 + 学时2"], false),
        ("课程,学时,课程2,学时2", ["课程 + 学时", "课程2 + 学时2"], false),
        (
            "第一门课程名称,第一门学时,第二门课程名称,第二门学时",
            ["第一门课程名称 + 第一门学时", "第二门课程名称 + 第二门学时"],
            false,
        ),
        ("课程,学时,课程,学时", ["课程 + 学时", "课程 + 学时"], true),
    ] {
        let guess = guess_of(&house, "groups.csv", &sheet(header));
        let asked = questions_of_kind(&guess, "groups");
        assert_eq!(asked[0]["groups"], json!(groups), "{header}: {guess}");
        assert_eq!(asked[0]["named_alike"], named_alike, "{header}: {guess}");
        let manifest = guess["manifest"].as_str().unwrap();
        for line in ["\ncourse_code", "\ncourse_title", "\nhours"] {
            assert!(!manifest.contains(line), "{header}: the first training is read alone: {manifest}");
        }
        // What names both of two columns is no answer.
        let offered = guess["questions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|question| question["answers"].to_string().contains("学时"));
        assert!(!offered, "{header}: {guess}");
    }
    let item = |at: usize| json!({"name": NAMES[at], "idCard": IDS[at], "course1": "课堂导入", "hours1": 8, "course2": "微课", "hours2": 4, "endDate": DAYS[at]});
    let guess = guess_of(&house, "groups.json", &serde_json::to_string(&(0..6).map(item).collect::<Vec<_>>()).unwrap());
    assert_eq!(
        questions_of_kind(&guess, "groups")[0]["groups"],
        json!(["course1 + hours1", "course2 + hours2"]),
        "{guess}"
    );
    // Planned and granted hours of one course are no two trainings.
    let guess = guess_of(&house, "one.csv", &sheet("课程名称,计划学时,备注,实得学时"));
    assert!(questions_of_kind(&guess, "groups").is_empty(), "{guess}");
}

#[test]
fn a_sheet_in_xml_is_named_for_what_it_is() {
    let house = TestEnv::new(Services::Sqlite);
    let cell = |text: &str| format!("<Cell><Data ss:Type=\"String\">{text}</Data></Cell>");
    let row = |cells: &[&str]| format!("<Row>{}</Row>", cells.iter().map(|text| cell(text)).collect::<String>());
    let rows: String = (0..6).map(|at| row(&[NAMES[at], IDS[at], "课堂导入", "8", DAYS[at]])).collect();
    let head = row(&["姓名", "身份证号", "课程名称", "学时", "完成时间"]);
    let text = format!(
        "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook \
         xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" \
         xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"S\"><Table>{head}{rows}</Table></Worksheet></Workbook>"
    );
    for name in ["sheet.xml", "sheet.xls"] {
        let file = house.dir.0.join(name);
        std::fs::write(&file, &text).unwrap();
        let out = house.run(&["connectors", "infer", file.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            !out.status.success() && told.contains("Excel 2003 XML") && told.contains("save it as .xlsx"),
            "{told}"
        );
    }
}

#[test]
fn a_header_with_line_breaks_reads_back() {
    let house = TestEnv::new(Services::Sqlite);
    let rows: String =
        (0..6).map(|at| format!("{},{},课堂导入{},{},{}\n", NAMES[at], IDS[at], at % 2, 8 + at, DAYS[at])).collect();
    let text = format!("\"姓\n名\",身份证号,课程名称,\"学时\n（小时）\",\"完成\r\n时间\"\n{rows}");
    let guess = guess_of(&house, "breaks.csv", &text);
    let manifest = guess["manifest"].as_str().unwrap();
    assert!(manifest.contains("hours = { path = \"学时（小时）\", unit = \"hour\" }"), "{manifest}");
    assert_eq!(preview_of(&house, manifest, &text).unwrap()["summary"]["clean"], 6, "{manifest}");
    // The names of JSON are kept as they are.
    let item = |at: usize| json!({"姓名\n": NAMES[at], "id/no": IDS[at], "课程\t名称": "课堂导入", "学时\n数": 8 + at, "a.完成时间": DAYS[at]});
    let text = serde_json::to_string(&(0..6).map(item).collect::<Vec<_>>()).unwrap();
    let guess = guess_of(&house, "breaks.json", &text);
    let manifest = guess["manifest"].as_str().unwrap();
    assert_eq!(preview_of(&house, manifest, &text).unwrap()["summary"]["clean"], 6, "{manifest}");
}
