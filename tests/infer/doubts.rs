//! Columns, rows and texts that look like what a record needs and are something else: each is asked about, none is taken.

use serde_json::{Value, json};

use super::answers::{DAYS, class_hours, preview_of, take_answer};
use super::guess_of;
use super::shapes::{IDS, NAMES, questions_of_kind};
use crate::test_env::{Services, TestEnv};

/// A column of six texts.
type Texts<'a> = (&'a str, [&'a str; 6]);

/// Returns a CSV of six records with a course and these columns.
fn sheet_of(columns: &[Texts<'_>]) -> String {
    let names: String = columns.iter().map(|(name, _)| format!(",{name}")).collect();
    let row = |at: usize| {
        let texts: String = columns.iter().map(|(_, texts)| format!(",{}", texts[at])).collect();
        format!("{},{},课堂导入{}{texts}\n", NAMES[at], IDS[at], at % 2)
    };
    format!("姓名,身份证号,课程名称{names}\n{}", (0..6).map(row).collect::<String>())
}

const HOURS: Texts<'static> = ("学时", ["8", "9", "10", "11", "12", "13"]);
const ENDS: Texts<'static> = ("结束日期", DAYS);
const SCORES: Texts<'static> = ("成绩", ["88", "76", "91", "65", "59", "82"]);
const AMOUNTS: [&str; 6] = ["4", "6", "8", "4", "10", "6"];

fn manifest_of(guess: &Value) -> &str {
    guess["manifest"].as_str().unwrap()
}

fn maps(guess: &Value, field: &str) -> bool {
    manifest_of(guess).lines().any(|line| line.starts_with(&format!("{field} = ")) && !line.contains("  # ?"))
}

fn answers_of(guess: &Value, kind: &str) -> Vec<Value> {
    questions_of_kind(guess, kind).iter().flat_map(|question| question["answers"].as_array().unwrap().clone()).collect()
}

#[test]
fn hours_of_another_kind_are_never_the_hours_of_the_training() {
    let house = TestEnv::new(Services::Sqlite);
    for name in [
        "周学时",
        "学时/周",
        "月学时",
        "日均学时",
        "每天学时",
        "每次学时",
        "每次时长",
        "人均学时",
        "剩余学时",
        "未完成学时",
        "应得学时",
        "应修学时",
        "学时上限",
        "要求学时",
        "计划学时",
        "年度累计学时",
        "平均学时",
        "学时（每周）",
        "尚需学时",
        "学时/天",
        "单次课时",
        "申报学时",
        "目标学时",
        "weekly_hours",
        "hoursPerWeek",
        "remainingHours",
        "requiredHours",
    ] {
        let guess = guess_of(&house, "kind.csv", &sheet_of(&[(name, AMOUNTS), ENDS, SCORES]));
        assert!(!maps(&guess, "hours"), "{name}: {guess}");
        let answers = answers_of(&guess, "other_hours");
        assert!(!answers.is_empty(), "{name}: {guess}");
        assert!(answers.iter().all(|answer| answer["value"].as_str().unwrap().starts_with(name)), "{name}: {guess}");
    }
    // The hours themselves are taken beside one of them.
    let guess = guess_of(&house, "both.csv", &sheet_of(&[HOURS, ("应修学时", ["20"; 6]), ENDS, SCORES]));
    assert!(manifest_of(&guess).contains("\nhours = { path = \"学时\""), "{guess}");
    for total in ["累计学时", "年度累计学时"] {
        let columns = [("课程学时", AMOUNTS), (total, ["60", "61", "62", "63", "64", "65"]), ENDS, SCORES];
        let guess = guess_of(&house, "total.csv", &sheet_of(&columns));
        assert!(!maps(&guess, "hours"), "{total}: {guess}");
        assert_eq!(questions_of_kind(&guess, "other_hours")[0]["paths"], json!(["课程学时", total]), "{guess}");
    }
}

#[test]
fn hours_that_only_a_product_or_a_sum_gives_are_asked_for() {
    let house = TestEnv::new(Services::Sqlite);
    for (one, other) in [("每天学时", "天数"), ("周学时", "周数"), ("每次时长(分钟)", "次数"), ("每天学时", "培训天数")]
    {
        let columns = [(one, AMOUNTS), (other, ["2", "3", "2", "5", "1", "4"]), ENDS, SCORES];
        let guess = guess_of(&house, "product.csv", &sheet_of(&columns));
        let asked = questions_of_kind(&guess, "product");
        assert_eq!(asked[0]["paths"], json!([one, other]), "{guess}");
        assert!(!maps(&guess, "hours") && asked[0]["answers"] == json!([]), "{guess}");
        assert!(manifest_of(&guess).contains(&format!("{one} × {other}")), "{guess}");
    }
    for (one, other) in [("理论学时", "实践学时"), ("线上学时", "线下学时"), ("小时", "分钟")] {
        let columns = [(one, AMOUNTS), (other, ["2", "3", "2", "5", "1", "4"]), ENDS, SCORES];
        let guess = guess_of(&house, "sum.csv", &sheet_of(&columns));
        assert_eq!(questions_of_kind(&guess, "sum").len(), 1, "{one} {other}: {guess}");
        assert!(!maps(&guess, "hours"), "{guess}");
    }
}

#[test]
fn scores_of_another_scale_are_never_of_a_hundred() {
    let house = TestEnv::new(Services::Sqlite);
    let (five, ten) = (["3", "4", "5", "4", "2", "5"], ["6.5", "9", "10", "8", "7", "9.5"]);
    for (name, texts, full, line) in [
        ("成绩(五分制)", five, 5, "100/5"),
        ("5分制成绩", five, 5, "100/5"),
        ("成绩（十分制）", ten, 10, "100/10"),
        ("成绩（四分制）", ["3", "4", "2", "4", "3", "1"], 4, "100/4"),
        ("成绩(0-10)", ten, 10, "100/10"),
        ("成绩", ten, 10, "100/10"),
        ("成绩", five, 5, "100/5"),
        ("成绩", ["0.65", "0.9", "0.88", "1", "0.5", "0.75"], 1, "100"),
    ] {
        let guess = guess_of(&house, "scale.csv", &sheet_of(&[HOURS, ENDS, (name, texts)]));
        let asked = questions_of_kind(&guess, "full_mark");
        assert_eq!(asked[0]["full"], full, "{name}: {guess}");
        let answers = asked[0]["answers"].to_string().replace('\\', "");
        assert!(answers.contains(&format!("{{ scale = \"{line}\" }}")), "{name}: {answers}");
        let score = manifest_of(&guess).lines().find(|text| text.starts_with("score_total = ")).unwrap_or_default();
        assert!(score.is_empty() || score.contains("scale"), "{name}: {score}");
    }
    for (name, texts, scale) in
        [("score (max 10)", ten, "100/10"), ("成绩/120", ["96", "108", "60", "72", "84", "90"], "100/120")]
    {
        let guess = guess_of(&house, "stated.csv", &sheet_of(&[HOURS, ENDS, (name, texts)]));
        let score = manifest_of(&guess).lines().find(|text| text.starts_with("score_total = ")).unwrap_or_default();
        assert!(score.contains(&format!("scale = \"{scale}\"")), "{name}: {guess}");
    }
    let guess = guess_of(&house, "hundred.csv", &sheet_of(&[HOURS, ENDS, ("成绩(百分制)", SCORES.1)]));
    assert!(questions_of_kind(&guess, "full_mark").is_empty() && maps(&guess, "score_total"), "{guess}");
}

#[test]
fn units_beside_amounts_count_whatever_the_header_says() {
    let house = TestEnv::new(Services::Sqlite);
    for (hours, unit) in [("学时", "学时单位"), ("培训学时", "学时单位"), ("学时", "单位"), ("hours", "hoursUnit")]
    {
        let columns = [(hours, ["2", "1", "3", "1", "2", "5"]), (unit, ["天"; 6]), ENDS, SCORES];
        let text = sheet_of(&columns);
        let guess = guess_of(&house, "unit.csv", &text);
        let preview = preview_of(&house, manifest_of(&guess), &text).unwrap();
        assert_eq!(class_hours(&preview), ["16", "8", "24", "8", "16", "40"], "{guess}");
        let other = guess["others"].as_array().unwrap().iter().find(|other| other["path"] == unit);
        assert!(other.is_none_or(|other| other["could_be"].is_null()), "{guess}");
    }
    let record = |at: usize| {
        format!(
            "<rec><name>{}</name><idNo>{}</idNo><course>课堂导入{}</course><学时 单位=\"天\">{}</学时><endDate>{}</endDate></rec>",
            NAMES[at],
            IDS[at],
            at % 2,
            at + 1,
            DAYS[at]
        )
    };
    let text = format!("<list>{}</list>", (0..6).map(record).collect::<String>());
    let guess = guess_of(&house, "unit.xml", &text);
    assert!(manifest_of(&guess).contains("join = { paths = [\"学时\", \"学时.@单位\"] }"), "{guess}");
    assert!(!guess.to_string().contains("school_name"), "{guess}");
}

#[test]
fn what_is_said_about_the_unit_is_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let hours = |name: &'static str| sheet_of(&[(name, AMOUNTS), ENDS, SCORES]);
    let minutes = ["180", "270", "360", "180", "450", "270"];
    let below = |note: &str| format!("{}{note},,,,,\n", hours("学时"));
    let titled = |title: &str| format!("{title},,,,,\n{}", hours("学时"));
    for (text, note, says) in [
        (hours("培训天数（每天6学时）"), "每天6学时", "unit = \"class_hour\", then = [{ scale = \"6\" }]"),
        (hours("学时(60分钟/学时)"), "60分钟/学时", "unit = \"minute\", then = [{ scale = \"60\" }]"),
        (hours("学时(50分钟)"), "50分钟/学时", "unit = \"minute\", then = [{ scale = \"50\" }]"),
        (titled("培训登记表（学时单位：小时）"), "学时单位:小时", "unit = \"hour\""),
        (
            format!("培训登记表 单位:分钟,,,,,\n{}", sheet_of(&[("学时", minutes), ENDS, SCORES])),
            "单位:分钟",
            "unit = \"minute\"",
        ),
        (below("注：1学时按60分钟计算"), "1学时按60分钟", "unit = \"minute\", then = [{ scale = \"60\" }]"),
        (below("说明：一天按六学时计"), "一天按六学时", "unit = \"class_hour\""),
    ] {
        let guess = guess_of(&house, "note.csv", &text);
        assert_eq!(questions_of_kind(&guess, "unit_note")[0]["note"], note, "{guess}");
        assert!(!maps(&guess, "hours"), "{note}: {guess}");
        let offered = manifest_of(&guess).lines().any(|line| line.starts_with("# ?") && line.contains(says));
        assert!(offered, "{note}: {guess}");
    }
    // What the rules say themselves needs no question.
    for text in [titled("培训登记表（每天8学时）"), below("注：学时以45分钟计")] {
        let guess = guess_of(&house, "rules.csv", &text);
        assert!(maps(&guess, "hours") && questions_of_kind(&guess, "unit_note").is_empty(), "{guess}");
    }
    let text = hours("学时").replacen('\n', "\n,,,(小时),,(百分制)\n", 1);
    let guess = guess_of(&house, "row.csv", &text);
    assert_eq!((&guess["records"], &guess["unit"]["unit"]), (&json!(6), &json!("hour")), "{guess}");
    let preview = preview_of(&house, manifest_of(&guess), &text).unwrap();
    assert_eq!(preview["summary"]["clean"], 6, "{preview}");
}

#[test]
fn numbers_of_rows_and_ids_of_people_are_no_keys() {
    let house = TestEnv::new(Services::Sqlite);
    let key_of = |column: Texts<'_>| {
        guess_of(&house, "key.csv", &sheet_of(&[column, HOURS, ENDS, SCORES]))["record_key"].clone()
    };
    let whole = json!({"paths": ["身份证号", "课程名称", "结束日期"], "unique": true});
    for (name, texts) in [
        ("流水号", ["0001", "0002", "0003", "0004", "0005", "0006"]),
        ("记录号", ["1", "2", "3", "4", "5", "6"]),
        ("ID", ["6", "5", "4", "3", "2", "1"]),
        ("证书编号", ["P-011", "P-012", "P-013", "P-014", "P-015", "P-016"]),
        ("id", ["4711", "4718", "4725", "4732", "4740", "4799"]),
    ] {
        assert_eq!(key_of((name, texts)), whole, "{name}");
    }
    let own = key_of(("记录编号", ["82711", "90133", "77120", "64002", "70919", "80081"]));
    assert_eq!(own["paths"], json!(["记录编号"]));
}

#[test]
fn results_and_days_of_something_else_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let words = ["优秀", "合格", "不合格", "合格", "优秀", "合格"];
    for (name, texts) in [
        ("入学成绩", SCORES.1),
        ("资格考试成绩", SCORES.1),
        ("年度考核结果", words),
        ("师德考核", words),
        ("师德考核结果", words),
        ("资格审查", words),
        ("资格审查结果", words),
        ("审核意见", words),
        ("体检结果", words),
        ("评价", words),
        ("打印", words),
        ("entrance score", SCORES.1),
    ] {
        let guess = guess_of(&house, "result.csv", &sheet_of(&[HOURS, ENDS, (name, texts)]));
        assert_eq!(guess["pass"]["by"], "nothing", "{name}: {guess}");
        assert!(!questions_of_kind(&guess, "pass").is_empty(), "{name}: {guess}");
        assert!(manifest_of(&guess).contains("\npass = \"pending\""), "{name}: {guess}");
    }
    for name in ["报名截止日期", "报名结束时间", "截止日期", "有效期至", "有效期截止时间", "缴费截止", "审核完成时间"]
    {
        let guess = guess_of(&house, "day.csv", &sheet_of(&[HOURS, (name, DAYS), SCORES]));
        let asked = guess["questions"].as_array().unwrap().iter().any(|question| question["field"] == "period_end");
        assert!(asked, "{name}: {guess}");
    }
    // A deadline behind a first day is the last one.
    let guess =
        guess_of(&house, "end.csv", &sheet_of(&[HOURS, ("起始日期", ["2015-02-01"; 6]), ("截止日期", DAYS), SCORES]));
    assert!(maps(&guess, "period_end"), "{guess}");
}

#[test]
fn no_answer_makes_a_pass_of_what_says_none() {
    let house = TestEnv::new(Services::Sqlite);
    let yes = ["是", "否", "否", "否", "是", "否"];
    for name in ["未通过", "是否不合格", "补考", "免试", "缴费", "是否在编", "是否参加考核", "是否优秀", "缺考"]
    {
        let guess = guess_of(&house, "yes.csv", &sheet_of(&[HOURS, ENDS, (name, yes)]));
        assert_eq!(guess["pass"]["by"], "nothing", "{name}: {guess}");
        assert!(answers_of(&guess, "pass").is_empty(), "{name}: {guess}");
    }
    for (name, texts) in [
        ("考核等级", ["A", "B", "C", "D", "A", "B"]),
        ("成绩", ["67/100", "80/100", "95/100", "50/100", "77/100", "61/100"]),
        ("成绩", ["610", "720", "580", "640", "700", "655"]),
        ("考核结果", ["待审核", "(0-100)", "待审核", "待审核", "待审核", "待审核"]),
    ] {
        let guess = guess_of(&house, "words.csv", &sheet_of(&[HOURS, ENDS, (name, texts)]));
        let offered = json!(answers_of(&guess, "pass")).to_string();
        assert!(
            !offered.contains("\\\"pass\\\" ") && !offered.contains("= \\\"pass\\\" }") && !offered.contains("levels"),
            "{name}: {offered}"
        );
        assert!(!offered.contains("= \\\"pass\\\","), "{name}: {offered}");
    }
    let states = ["合格", "待审核", "不合格", "合格", "缺考", "合格"];
    let guess = guess_of(&house, "mixed.csv", &sheet_of(&[HOURS, ENDS, ("考核结果", states)]));
    let answers = json!(answers_of(&guess, "pass")).to_string().replace('\\', "");
    assert!(answers.contains("\"合格\" = \"pass\"") && !answers.contains("待审核\" ="), "{answers}");
}

#[test]
fn records_in_several_lists_are_all_read_or_named() {
    let house = TestEnv::new(Services::Sqlite);
    let item = |at: usize| json!({"name": NAMES[at], "idNo": IDS[at], "course": "课堂导入", "classHours": 8 + at, "endDate": DAYS[at], "score": 60 + at});
    let list = |from: usize, to: usize| (from..to).map(item).collect::<Vec<_>>();
    let text = json!({"passed": list(0, 4), "retake": list(4, 6)}).to_string();
    let guess = guess_of(&house, "lists.json", &text);
    assert_eq!(questions_of_kind(&guess, "lists")[0]["lists"], json!(["passed", "retake"]), "{guess}");
    let person = |at: usize| {
        format!(
            "<p><name>{}</name><idNo>{}</idNo><course>课堂导入</course><classHours>{}</classHours><endDate>{}</endDate></p>",
            NAMES[at],
            IDS[at],
            at + 8,
            DAYS[at]
        )
    };
    let people = |from: usize, to: usize| (from..to).map(person).collect::<String>();
    let text = format!("<r><passed>{}</passed><retake>{}</retake></r>", people(0, 4), people(4, 6));
    let guess = guess_of(&house, "lists.xml", &text);
    assert_eq!(questions_of_kind(&guess, "lists")[0]["lists"], json!(["passed.p", "retake.p"]), "{guess}");
    let row = |at: usize| {
        format!("<tr><td>{}<td>{}<td>课堂导入<td>{}<td>{}<td>{}</tr>", NAMES[at], IDS[at], at + 8, DAYS[at], at + 60)
    };
    let table = |from: usize, to: usize| {
        let rows: String = (from..to).map(row).collect();
        format!("<table><tr><td>姓名<td>身份证号<td>课程<td>学时<td>结束日期<td>成绩</tr>{rows}</table>")
    };
    let text = format!("<meta charset=utf-8>{}{}", table(0, 4), table(4, 6));
    let guess = guess_of(&house, "tables.html", &text);
    assert_eq!(guess["records"], 6, "{guess}");
    let (file, out) = (house.dir.0.join("tables.html"), house.dir.0.join("tables"));
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    house.run_json(&["connectors", "infer", file, "--out", out, "--id", "x", "--json"]);
    let preview = house.run_json(&["connectors", "preview", out, "--sample", file, "--all", "--json"]);
    assert_eq!(preview["summary"]["clean"], 6, "{preview}");
}

#[test]
fn withdrawn_rows_are_asked_about_with_the_rule_that_leaves_them_out() {
    let house = TestEnv::new(Services::Sqlite);
    for (name, texts, words) in [
        ("状态", ["正常", "已作废", "正常", "正常", "退学", "正常"], json!(["已作废", "退学"])),
        ("备注", ["", "作废", "", "", "", ""], json!(["作废"])),
        ("是否删除", ["否", "是", "否", "否", "否", "否"], json!(["是"])),
        ("status", ["active", "active", "cancelled", "active", "active", "active"], json!(["cancelled"])),
    ] {
        let text = sheet_of(&[HOURS, ENDS, SCORES, (name, texts)]);
        let guess = guess_of(&house, "state.csv", &text);
        let asked = questions_of_kind(&guess, "withdrawn");
        assert_eq!((&asked[0]["path"], &asked[0]["words"]), (&json!(name), &words), "{guess}");
        let manifest = take_answer(manifest_of(&guess), &asked[0]["answers"][0]);
        let preview = preview_of(&house, &manifest, &text).unwrap();
        assert_eq!(
            preview["summary"]["clean"].as_u64().unwrap() as usize,
            6 - words.as_array().unwrap().len(),
            "{preview}"
        );
    }
}

#[test]
fn answers_offer_only_what_a_field_can_be() {
    let house = TestEnv::new(Services::Sqlite);
    let row = |at: usize| {
        format!("{},{},{},{},{},Activity,教师进修学校,8,2\n", NAMES[at], IDS[at], 8 + at, DAYS[at], 60 + at)
    };
    let text = format!(
        "姓名,身份证号,学时,结束日期,成绩,objectType,组织单位,计划学时,场次\n{}",
        (0..6).map(row).collect::<String>()
    );
    let guess = guess_of(&house, "course.csv", &text);
    let asked =
        guess["questions"].as_array().unwrap().iter().find(|question| question["field"] == "course_code").unwrap();
    let offered = asked["answers"].to_string();
    for name in ["objectType", "组织单位", "计划学时"] {
        assert!(!offered.contains(name), "{guess}");
    }
    let columns = [("课程总时长(秒)", ["3600", "5400", "7200", "2700", "10800", "1350"]), ENDS, SCORES];
    let guess = guess_of(&house, "seconds.csv", &sheet_of(&columns));
    let answers = answers_of(&guess, "other_hours");
    let is_seconds = |answer: &Value| answer["value"] == "课程总时长(秒): second";
    assert!(!answers.is_empty() && answers.iter().all(is_seconds), "{guess}");
}

#[test]
fn states_in_which_a_row_may_not_count_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    for (name, good, bad) in [
        ("审核状态", "审核通过", "待审核"),
        ("认定状态", "已认定", "未认定"),
        ("审核意见", "同意", "不同意"),
        ("是否有效", "是", "否"),
        ("delFlag", "0", "1"),
        ("completed", "true", "false"),
        ("学习状态", "已完成", "学习中"),
        ("订单状态", "已支付", "已退款"),
        ("是否作弊", "否", "是"),
        ("考勤", "正常", "缺勤"),
        ("备注", "", "旷课"),
        ("备注", "第一批", "因作弊取消成绩"),
    ] {
        let text = sheet_of(&[HOURS, ENDS, SCORES, (name, [good, bad, good, good, good, good])]);
        let guess = guess_of(&house, "state.csv", &text);
        let asked = questions_of_kind(&guess, "withdrawn");
        assert_eq!((&asked[0]["path"], &asked[0]["words"]), (&json!(name), &json!([bad])), "{guess}");
        let manifest = take_answer(manifest_of(&guess), &asked[0]["answers"][0]);
        assert_eq!(preview_of(&house, &manifest, &text).unwrap()["summary"]["clean"], 5, "{manifest}");
    }
    // Numbers whose meaning nobody knows are answered one by one, and columns each by a rule of its own.
    let text = sheet_of(&[
        HOURS,
        ENDS,
        SCORES,
        ("audit_status", ["1", "2", "0", "1", "1", "1"]),
        ("是否删除", ["否", "否", "否", "是", "否", "否"]),
    ]);
    let guess = guess_of(&house, "states.csv", &text);
    let answers = answers_of(&guess, "withdrawn");
    assert_eq!(answers.len(), 3, "{guess}");
    // What says something about the person, or the same good thing of all, needs no question.
    for (name, texts) in [
        ("是否在编", ["是", "否", "是", "否", "是", "否"]),
        ("培训方式", ["集中", "网络", "集中", "网络", "集中", "网络"]),
        ("状态", ["正常"; 6]),
        ("delFlag", ["0"; 6]),
    ] {
        let guess = guess_of(&house, "plain.csv", &sheet_of(&[HOURS, ENDS, SCORES, (name, texts)]));
        assert!(questions_of_kind(&guess, "withdrawn").is_empty(), "{name}: {guess}");
    }
}

#[test]
fn records_that_share_a_key_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let row = |person: usize, part: &str, hours: u32| {
        format!("{},{},课堂导入,{part},{hours},{},合格\n", NAMES[person], IDS[person], DAYS[person])
    };
    let rows: String = (0..4).map(|n| row(n, "上午", 4) + &row(n, "下午", 3)).collect();
    let text = format!("姓名,身份证号,课程名称,时段,学时,结束日期,考核结果\n{rows}");
    let guess = guess_of(&house, "parts.csv", &text);
    let asked = questions_of_kind(&guess, "shared_key");
    assert_eq!(asked[0]["others"], json!(["时段"]), "{guess}");
    let key = json!([{"table": "stream", "key": "record_key", "line": "record_key = [\"身份证号\", \"课程名称\", \"结束日期\", \"时段\"]"}]);
    assert_eq!(asked[0]["answers"][0]["lines"], key, "{guess}");
    // The gate refuses the connector while the question is open.
    let (file, out) = (house.dir.0.join("parts.csv"), house.dir.0.join("parts"));
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    house.run_json(&["connectors", "infer", file, "--out", out, "--id", "parts", "--with-sample", "--json"]);
    let refused = house.run(&["connectors", "test", out, "--accept"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("record_key"), "{told}");
    // The same row twice is one record.
    let twice = format!("姓名,身份证号,课程名称,时段,学时,结束日期,考核结果\n{0}{0}", row(0, "上午", 4));
    assert!(questions_of_kind(&guess_of(&house, "twice.csv", &twice), "shared_key").is_empty());
}

#[test]
fn names_with_two_units_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    for name in ["学时/学分", "学时（学分）", "学分学时", "学时或学分", "学分（学时）", "学时（分）", "学时数/分"]
    {
        let guess = guess_of(&house, "units.csv", &sheet_of(&[(name, AMOUNTS), ENDS, SCORES]));
        assert!(!questions_of_kind(&guess, "unit").is_empty() && !maps(&guess, "hours"), "{name}: {guess}");
        let class_hour = answers_of(&guess, "unit").iter().any(|answer| answer.to_string().contains("class_hour"));
        assert!(class_hour, "{name}: {guess}");
    }
    let guess = guess_of(&house, "one.csv", &sheet_of(&[("creditHour", AMOUNTS), ENDS, SCORES]));
    assert!(maps(&guess, "hours"), "{guess}");
}

#[test]
fn scores_above_a_hundred_or_all_low_and_resits_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let title = format!("成绩满分为120分,,,,,\n{}", sheet_of(&[HOURS, ENDS, SCORES]));
    for (text, full) in [
        (sheet_of(&[HOURS, ENDS, ("总分", ["198", "82", "150", "133", "97", "120"])]), 200),
        (sheet_of(&[HOURS, ENDS, ("成绩", ["23", "47", "30", "35", "41", "44"])]), 50),
        (title, 120),
    ] {
        let guess = guess_of(&house, "marks.csv", &text);
        assert_eq!(questions_of_kind(&guess, "full_mark")[0]["full"], full, "{guess}");
    }
    for (name, other) in [("成绩", "补考成绩"), ("考试成绩", "作业成绩"), ("考试成绩(70%)", "平时成绩(30%)")]
    {
        let is_score = |question: &&Value| question["field"] == "score_total";
        let lower = ["60", "61", "70", "64", "55", "80"];
        let guess = guess_of(&house, "two.csv", &sheet_of(&[HOURS, ENDS, (name, SCORES.1), (other, lower)]));
        assert!(questions_of_kind(&guess, "rival").iter().any(|question| is_score(&question)), "{name}: {guess}");
    }
    let columns = [HOURS, ENDS, ("总成绩", SCORES.1), ("平时成绩", ["60", "61", "70", "64", "55", "80"])];
    assert!(questions_of_kind(&guess_of(&house, "whole.csv", &sheet_of(&columns)), "rival").is_empty());
    // A yes beside a score does not decide instead of it.
    let guess = guess_of(&house, "yes.csv", &sheet_of(&[HOURS, ENDS, SCORES, ("是否完成", ["是"; 6])]));
    assert!(guess["pass"]["by"] != "words", "{guess}");
}

#[test]
fn what_may_change_hours_scores_and_results_bars_a_registration() {
    let house = TestEnv::new(Services::Sqlite);
    let scales = ("成绩", ["5.2", "6.3", "78", "84", "91", "95"]);
    let taken_off = ("扣减学时", ["0", "2", "0", "0", "1", "0"]);
    let factor = ("学时系数", ["1", "1.5", "1", "1", "2", "1"]);
    let remarks = ("备注", ["", "学时按4计", "", "", "", "已核"]);
    let inverted = ("是否合格（0是1否）", ["0", "1", "0", "0", "0", "0"]);
    let passed = ("结果", ["合格", "不合格", "合格", "合格", "不合格", "合格"]);
    let resit = ("补考结果", ["", "合格", "", "", "不合格", ""]);
    let project = ("课程编号", ["GP2024", "GP2024", "SP2024", "SP2024", "GP2024", "SP2024"]);
    for (kind, text) in [
        ("scales", sheet_of(&[HOURS, ENDS, scales])),
        ("adjusted", sheet_of(&[HOURS, taken_off, ENDS, SCORES])),
        ("adjusted", sheet_of(&[HOURS, factor, ENDS, SCORES])),
        ("adjusted", sheet_of(&[HOURS, ENDS, SCORES, remarks])),
        ("blank", sheet_of(&[("天数", AMOUNTS), ("学时", [""; 6]), ENDS, SCORES])),
        ("legend", sheet_of(&[HOURS, ENDS, inverted])),
        ("pass", sheet_of(&[HOURS, ENDS, SCORES, ("结业类型", ["结业", "结业", "结业", "结业", "肄业", "结业"])])),
        ("pass", sheet_of(&[HOURS, ENDS, SCORES, ("结果", ["合格", "合格", "合格", "合格", "补考合格", "合格"])])),
        ("rival", sheet_of(&[HOURS, ENDS, passed, resit])),
        ("shared_code", sheet_of(&[HOURS, project, ENDS, SCORES])),
    ] {
        let guess = guess_of(&house, "asked.csv", &text);
        assert_eq!(questions_of_kind(&guess, kind).len(), 1, "{guess}");
        let (file, out) = (house.dir.0.join("asked.csv"), house.dir.0.join("asked"));
        let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
        house.run_json(&["connectors", "infer", file, "--out", out, "--id", "asked", "--with-sample", "--json"]);
        assert!(!house.run(&["connectors", "test", out, "--accept"]).status.success(), "{kind}: {guess}");
        std::fs::remove_dir_all(out).unwrap();
    }
    for text in [
        sheet_of(&[HOURS, ENDS, ("成绩", ["0", "63", "78", "84", "91", "95"])]),
        sheet_of(&[HOURS, ("扣减学时", ["0"; 6]), ENDS, SCORES]),
        sheet_of(&[HOURS, ENDS, ("是否合格（1是0否）", ["1", "0", "1", "1", "1", "1"])]),
        sheet_of(&[HOURS, ENDS, SCORES, ("课程更新时间", ["2013-01-01"; 6])]),
        sheet_of(&[HOURS, ("课程编号", ["C0", "C1", "C0", "C1", "C0", "C1"]), ENDS, SCORES]),
    ] {
        let guess = guess_of(&house, "clear.csv", &text);
        assert_eq!(guess["questions"], json!([]), "{guess}");
    }
}

#[test]
fn a_later_day_in_another_column_is_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let later = ["2015-03-11", "2015-03-12", "2015-03-13", "2015-03-14", "2015-03-15", "2015-03-16"];
    for (name, other) in [("培训时间", "至"), ("培训日期", "结训日"), ("培训时间", ""), ("培训时间", "到")]
    {
        let guess = guess_of(&house, "days.csv", &sheet_of(&[HOURS, (name, DAYS), (other, later), SCORES]));
        let asked = guess["questions"].as_array().unwrap().iter().any(|question| question["field"] == "period_end");
        let is_right = maps(&guess, "period_end") && manifest_of(&guess).contains(&format!("period_end = \"{other}\""));
        assert!(asked || is_right, "{name} {other}: {guess}");
    }
    // A day that cannot be read is no code of a course.
    let odd = ["21.09.16", "21.09.17", "21.09.16", "21.09.17", "21.09.16", "21.09.17"];
    let guess = guess_of(&house, "odd.csv", &sheet_of(&[HOURS, ("结束日期", odd), SCORES]));
    assert!(manifest_of(&guess).contains("course_code = \"课程名称\""), "{guess}");
}

#[test]
fn family_and_given_name_are_joined() {
    let house = TestEnv::new(Services::Sqlite);
    for (family, given) in [("姓", "名"), ("姓氏", "名字")] {
        let row = |n: usize| {
            let mut chars = NAMES[n].chars();
            let first: String = chars.next().into_iter().collect();
            format!("{first},{},{},课堂导入{},{},{},合格\n", chars.collect::<String>(), IDS[n], n % 2, n + 4, DAYS[n])
        };
        let rows: String = (0..6).map(row).collect();
        let text = format!("{family},{given},身份证号,课程名称,学时,结束日期,考核结果\n{rows}");
        let guess = guess_of(&house, "names.csv", &text);
        let line = format!("name = {{ join = {{ paths = [\"{family}\", \"{given}\"] }} }}");
        assert!(manifest_of(&guess).contains(&line), "{guess}");
    }
}

#[test]
fn a_stated_pass_mark_and_a_total_that_is_the_same_for_all_are_asked_about() {
    let house = TestEnv::new(Services::Sqlite);
    let note = format!("{}注：成绩80分以上为合格,,,,,\n", sheet_of(&[HOURS, ENDS, SCORES]));
    for text in [
        sheet_of(&[HOURS, ENDS, ("成绩（75分合格）", SCORES.1)]),
        sheet_of(&[HOURS, ENDS, SCORES, ("合格线", ["80"; 6])]),
        note,
    ] {
        let guess = guess_of(&house, "line.csv", &text);
        assert_eq!(questions_of_kind(&guess, "pass_mark").len(), 1, "{guess}");
    }
    let same = sheet_of(&[HOURS, ENDS, SCORES, ("合格线", ["60"; 6])]);
    assert!(questions_of_kind(&guess_of(&house, "same.csv", &same), "pass_mark").is_empty());
    let guess = guess_of(&house, "full.csv", &sheet_of(&[HOURS, ENDS, ("成绩", SCORES.1), ("总分", ["150"; 6])]));
    let is_asked = questions_of_kind(&guess, "full_mark").first().is_some_and(|asked| asked["full"] == 150);
    let is_rival = !questions_of_kind(&guess, "rival").is_empty();
    assert!(is_asked || is_rival, "{guess}");
}

#[test]
fn a_second_header_with_another_name_parks_the_rows_below_it() {
    let house = TestEnv::new(Services::Sqlite);
    let first = sheet_of(&[HOURS, ENDS, SCORES]);
    let guess = guess_of(&house, "stack.csv", &first);
    let minutes = ("学时（分钟）", ["360", "540", "180", "450", "270", "360"]);
    let both = first + &sheet_of(&[minutes, ENDS, SCORES]);
    let preview = preview_of(&house, manifest_of(&guess), &both).unwrap();
    assert_eq!((&preview["summary"]["clean"], &preview["summary"]["parked"]), (&json!(6), &json!(6)), "{preview}");
}
