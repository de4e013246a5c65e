//! What a manifest does to rows and texts, tested with the real program and a folder of files: steps, units, row rules,
//! the contract.

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const MANIFEST: &str = r#"
manifest = 1
id = "county"
version = 1
title_zh = "县培训台账"
title_en = "County ledger"
profile = "Made up for a test."

[transport]
kind = "files"
names = ["county_*.csv"]

[[stream]]
name = "rows"
kind = "course_completion"
record_key = ["证件号码", "课程"]
version = { from = "landing" }
pass = "result"
rows = [
  { when = [{ path = "状态", is = ["作废"] }], act = "skip", because = "voided by the county" },
  { when = [{ path = "备注", matches = "(代培)" }], act = "park", because = "somebody else attended" },
  { when = [{ path = "时长", above = "100" }, { path = "状态", is_not = ["核准"] }], act = "park", because = "too long to be true" },
]
format = { kind = "csv", layout = { header = ["证件号码", "课程"], end_markers = ["填表人"], skip_markers = ["小计"], aliases = { "证件号码" = ["身份证号"] } } }
contract = { hold_above_percent = 50, hold_from_records = 4 }

[stream.map]
name = { path = "学员", then = ["fold_separators"] }
id_number = "证件号码"
course_code = { path = "课程", then = [{ split = { at = "|", take = 1 } }] }
course_title = { path = "课程", then = [{ split = { at = "|", take = 2 } }], default = "未命名" }
hours = { path = "时长", unit = "minute", then = [{ scale = "60/1" }] }
period_end = { first_of = ["结束", "截止"], formats = ["%Y.%m.%d", "%d/%m/%Y"] }
place = { join = { paths = ["市", "县"], with = "-" } }
result = { path = "等级", then = [{ levels = "grades" }] }
mode = { path = "方式", then = [{ values = { values = { "1" = "网络研修", "2" = "校本研修" } } }] }
certificate_number = { path = "备注", then = [{ capture = "证书([A-Z0-9]+)" }] }
role = { path = "$file", then = [{ capture = "county_([a-z]+)" }] }
"#;

const HEAD: &str = "某县培训台账,,,,,,,,,,\n学员,身份证号,课程,时长,结束,截止,市,县,等级,方式,备注,状态\n";

fn county_house(on: Services) -> TestEnv {
    let house = TestEnv::new(on);
    write_manifest(&house, MANIFEST);
    std::fs::create_dir_all(house.dir.0.join("drop")).unwrap();
    let settings = format!(
        "manifests_dir = \"{}\"\n[[source]]\nname = \"county\"\nconnector = \"county\"\ninstitution_code = \"C\"\nfolder = \"{}\"\n",
        house.dir.0.join("manifests").display(),
        house.dir.0.join("drop").display()
    );
    std::fs::write(house.dir.0.join("huiliu.toml"), settings).unwrap();
    run_text(&house, &["migrate"]);
    house
}

fn write_manifest(house: &TestEnv, text: &str) {
    let folder = house.dir.0.join("manifests/county");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("manifest.toml"), text).unwrap();
}

fn drop_file(house: &TestEnv, name: &str, rows: &[&str]) {
    let text = format!("{HEAD}{}\n填表人：某某\n不再是记录,x\n", rows.join("\n"));
    std::fs::write(house.dir.0.join("drop").join(name), text).unwrap();
}

fn run_text(house: &TestEnv, args: &[&str]) -> String {
    let out = house.command(args).env("HUILIU_CONFIG", house.dir.0.join("huiliu.toml")).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn run_json(house: &TestEnv, args: &[&str]) -> Value {
    serde_json::from_str(&run_text(house, &[args, &["--json"]].concat())).unwrap()
}

fn list_items(house: &TestEnv, args: &[&str]) -> Value {
    crate::test_env::items_of(run_json(house, args))
}

fn read_books(house: &TestEnv) -> [i64; 4] {
    let books = run_json(house, &["balance"]);
    assert_eq!(books["balanced"], true, "{books}");
    ["inserted", "skipped", "parked", "pending"].map(|k| books[k].as_i64().unwrap())
}

fn check_rows_and_texts(on: Services) {
    let house = county_house(on);
    drop_file(
        &house,
        "county_gh_20141001.csv",
        &[
            "买买提•艾力,22010219590911001X,C1|信息技术基础,1.5,2014.09.11,,长春,南关,优秀,1,证书AB12,核准",
            "王一,220381197001011228,C1,0.75,,11/09/2014,,梨树,合格,2,,核准",
            "小计,,,2.25,,,,,,,,",
            "王一,220381197001011228,C9,0.75,,11/09/2014,,梨树,合格,2,,作废",
            "李二,220184197001011226,C1,1,2014.09.11,,,,合格,1,由他人代培,核准",
            "赵三,222401198010102228,C1,101,2014.09.11,,,,合格,1,,待核",
            "孙四,220502196002290012,C1,abc,2014-09-11,,,,良,9,,核准",
        ],
    );
    run_text(&house, &["sync", "--all"]);
    assert_eq!(read_books(&house), [2, 1, 3, 0]);
    let records = list_items(&house, &["records", "list"]);
    let first =
        records.as_array().unwrap().iter().find(|r| r["course_title"] == "信息技术基础").expect("the first row");
    let text = first.to_string();
    for part in ["买买提·艾力", "\"C1\"", "网络研修", "长春-南关", "2014-09-11", "AB12", "\"gh\"", "passed"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(records.to_string().contains("未命名") && records.to_string().contains("\"梨树\""), "{records}");
    let letters = list_items(&house, &["dead-letters", "list"]);
    let of = |line: &str| -> Vec<String> {
        let letters = letters.as_array().unwrap();
        let letter = letters.iter().find(|l| l["address"].as_str().unwrap().ends_with(line)).expect(line);
        letter["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("line 7"), ["row.parked"]);
    assert_eq!(of("line 8"), ["row.parked"]);
    assert_eq!(of("line 9"), ["hours.scale", "mode.value", "period_end.format"]);
    assert!(letters.to_string().contains("somebody else attended"), "{letters}");

    // The same file again: the rows that are skipped are skipped again.
    let again = run_json(&house, &["sync", "--all", "--full"])["balance"].clone();
    assert_eq!(
        (again["skipped"].as_i64(), again["unchanged"].as_i64(), again["parked"].as_i64()),
        (Some(1), Some(2), Some(3))
    );

    // A replay skips a row that should be skipped after all.
    write_manifest(
        &house,
        &MANIFEST.replace("is = [\"作废\"]", "is = [\"作废\", \"待核\"]").replace("version = 1", "version = 2"),
    );
    let plan = run_json(&house, &["replay", "plan"]);
    assert_eq!(
        (plan["outcomes"]["skipped"].as_i64(), plan["outcomes"]["parked"].as_i64()),
        (Some(2), Some(4)),
        "{plan}"
    );
    run_text(&house, &["replay", "apply", &plan["replay"].to_string()]);
    assert_eq!(read_books(&house), [2, 4, 4, 0]);
}

#[test]
fn rows_and_texts_are_what_the_manifest_makes_of_them_on_sqlite() {
    check_rows_and_texts(Services::Sqlite);
}

#[test]
fn rows_and_texts_are_what_the_manifest_makes_of_them_on_postgresql() {
    check_rows_and_texts(Services::Postgres);
}

fn check_contract(on: Services) {
    let house = county_house(on);
    let row = |id: &str, course: &str, hours: &str| format!("王一,{id},{course},{hours},2014.09.11,,,,合格,1,,核准");
    let good: Vec<String> = ["C1", "C2", "C3", "C4"].iter().map(|c| row("220381197001011228", c, "1")).collect();
    // From now on the platform writes its hours in another way.
    let other: Vec<String> = ["D1", "D2", "D3", "D4"].iter().map(|c| row("220381197001011228", c, "一小时")).collect();
    drop_file(&house, "county_a_20141001.csv", &good.iter().map(String::as_str).collect::<Vec<_>>());
    drop_file(&house, "county_b_20141011.csv", &other.iter().map(String::as_str).collect::<Vec<_>>());
    let out = house.command(&["sync", "--all"]).env("HUILIU_CONFIG", house.dir.0.join("huiliu.toml")).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(1) && said.contains("wait for a person"), "{said}");
    assert_eq!(read_books(&house), [4, 0, 0, 4]);
    let batches = list_items(&house, &["batches", "list", "--quarantined"]);
    let why = batches[0]["last_error"]["message"].as_str().unwrap_or_default();
    assert!(why.contains("hours.scale in field 时长 in 4 of 4"), "{batches}");
    // A person releases the batch: now each record is parked, with its reason.
    let batch = batches[0]["batch"].to_string();
    run_text(&house, &["batches", "release", &batch, "--because", "it is as it is"]);
    run_text(&house, &["worker", "--until-done"]);
    assert_eq!(read_books(&house), [4, 0, 4, 0]);
}

#[test]
fn a_batch_that_breaks_its_contract_waits_for_a_person_on_sqlite() {
    check_contract(Services::Sqlite);
}

#[test]
fn a_batch_that_breaks_its_contract_waits_for_a_person_on_postgresql() {
    check_contract(Services::Postgres);
}

fn check_expectations(on: Services) {
    let house = county_house(on);
    let expect = "expect = { least_records = 3, most_parked_percent = 20, fresh_within_days = 3000 }\ncontract = {";
    write_manifest(&house, &MANIFEST.replace("contract = {", expect));
    let row =
        |course: &str, hours: &str| format!("王一,220381197001011228,{course},{hours},2014.09.11,,,,合格,1,,核准");
    let rows = [row("C1", "1"), row("C2", "一小时")];
    drop_file(&house, "county_a_20141001.csv", &[&rows[0], &rows[1]]);
    let out = house.command(&["sync", "--all"]).env("HUILIU_CONFIG", house.dir.0.join("huiliu.toml")).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    let wrong = [
        "rows: 2 records, expected at least 3",
        "1 of 2 parked, expected at most 20 %",
        "newest record ends on 2014-09-11",
    ];
    for words in wrong {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    // What came is kept, and the run says what was not as expected.
    assert_eq!(read_books(&house), [1, 0, 1, 0]);
    let judged = list_items(&house, &["runs", "list"])[0].clone();
    assert!(judged["unmet"][0]["message"].as_str().unwrap().contains("at least 3"), "{judged}");

    // A worker judges a pass that was only landed. A pass as expected reports nothing. A new column is reported.
    write_manifest(&house, MANIFEST);
    let head = HEAD.trim_end().replace("状态", "状态,新字段");
    let text = format!("{head}\n{},新\n填表人\n", row("C3", "1"));
    std::fs::write(house.dir.0.join("drop/county_b_20141011.csv"), text).unwrap();
    run_text(&house, &["sync", "--all", "--land-only"]);
    assert!(list_items(&house, &["runs", "list"])[0]["unmet"].is_null());
    run_text(&house, &["worker", "--until-done"]);
    let latest = list_items(&house, &["runs", "list"])[0]["run"].to_string();
    let second = run_json(&house, &["runs", "show", &latest]);
    assert_eq!(
        (&second["unmet"], &second["new_fields"]),
        (&serde_json::json!([]), &serde_json::json!(["rows/新字段"])),
        "{second}"
    );
    let first = run_json(&house, &["runs", "show", &judged["run"].to_string()]);
    assert_eq!(first["new_fields"], serde_json::json!([]), "{first}");
}

#[test]
fn what_is_expected_of_a_pass_is_judged_on_sqlite() {
    check_expectations(Services::Sqlite);
}

#[test]
fn what_is_expected_of_a_pass_is_judged_on_postgresql() {
    check_expectations(Services::Postgres);
}

/// Reads the amounts of six people under a manifest with other words for the hours, and returns what the ledger counts.
fn count_amounts(house: &TestEnv, hours: &str, amounts: [&str; 6]) -> Vec<String> {
    const IDS: [&str; 6] = [
        "22010219590911001X",
        "220381197001011228",
        "220184197001011226",
        "222401198010102228",
        "220502196002290012",
        "220203197812030225",
    ];
    let manifest =
        MANIFEST.replace("hours = { path = \"时长\", unit = \"minute\", then = [{ scale = \"60/1\" }] }", hours);
    assert_ne!(manifest, MANIFEST);
    write_manifest(house, &manifest);
    let row = |at: usize| format!("王一,{},C{at},{},2015.03.0{},,,,合格,1,,核准", IDS[at], amounts[at], at + 1);
    let rows: Vec<String> = (0..6).map(row).collect();
    drop_file(house, "county_a_20150401.csv", &rows.iter().map(String::as_str).collect::<Vec<_>>());
    run_text(house, &["sync", "--all"]);
    let ledger = run_text(house, &["ledger"]);
    let lines: Vec<Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let hours = |at: usize| {
        let of = lines.iter().find(|line| line["id_number"] == IDS[at]).unwrap();
        let counts = |kind: &str| of[kind]["hours"].as_str().filter(|hours| *hours != "0").map(str::to_owned);
        counts("counted").or_else(|| counts("provisional")).unwrap_or_else(|| "0".to_owned())
    };
    (0..6).map(hours).collect()
}

fn check_units_in_text(on: Services) {
    let house = county_house(on);
    let stated = "hours = { path = \"时长\", unit = \"class_hour\", unit_in_text = true }";
    let counted = count_amounts(&house, stated, ["2天", "10", "半天", "PT1H30M", "1小时30分", "8课时"]);
    assert_eq!(counted, ["16", "10", "4", "2", "2", "8"]);
    assert_eq!(read_books(&house), [6, 0, 0, 0]);
    let records = list_items(&house, &["records", "list"]).to_string();
    for given in ["\"2 day\"", "\"10 class_hour\"", "\"0.5 day\"", "\"90 minute\""] {
        assert!(records.contains(given), "{given} is not in {records}");
    }
}

#[test]
fn an_amount_counts_in_the_unit_of_its_text_on_sqlite() {
    check_units_in_text(Services::Sqlite);
}

#[test]
fn an_amount_counts_in_the_unit_of_its_text_on_postgresql() {
    check_units_in_text(Services::Postgres);
}

/// The ledger converts what the source gave, so a unit behind the number must not make it no number.
#[test]
fn the_own_unit_behind_a_number_counts_as_the_number_alone() {
    let house = county_house(Services::Sqlite);
    let own = "hours = { path = \"时长\", unit = \"class_hour\" }";
    let counted = count_amounts(&house, own, ["20学时", "8 课时", "5节", "12", "3学时", "10.5学时"]);
    assert_eq!(counted, ["20", "8", "5", "12", "3", "10.5"]);
}

#[test]
fn another_unit_than_the_own_one_is_parked() {
    let house = county_house(Services::Sqlite);
    write_manifest(&house, &MANIFEST.replace(", then = [{ scale = \"60/1\" }]", ""));
    let row = |hours: &str| format!("王一,220381197001011228,C1,{hours},2014.09.11,,,,合格,1,,核准");
    let rows = [row("90分"), row("2天").replace("C1", "C2"), row("P2D").replace("C1", "C3")];
    drop_file(&house, "county_a_20141001.csv", &rows.each_ref().map(String::as_str));
    run_text(&house, &["sync", "--all"]);
    assert_eq!(read_books(&house), [1, 0, 2, 0]);
}

/// A folder of manifests has no gate, so what a person has not answered yet is refused where it would be used.
#[test]
fn an_open_question_in_the_folder_of_manifests_reads_nothing() {
    let house = county_house(Services::Sqlite);
    let open = MANIFEST.replace("\nresult = {", "\n# ? in which unit is 时长: minute, class_hour or hour?\nresult = {");
    write_manifest(&house, &open);
    let row = "王一,220381197001011228,C1,1,2014.09.11,,,,合格,1,,核准";
    drop_file(&house, "county_a_20141001.csv", &[row]);
    let file = house.dir.0.join("drop/county_a_20141001.csv");
    for args in [&["sync", "--all"][..], &["upload", "county", file.to_str().unwrap()]] {
        let out = house.command(args).env("HUILIU_CONFIG", house.dir.0.join("huiliu.toml")).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            !out.status.success() && told.contains("has an open question") && told.contains("in which unit is 时长"),
            "{told}"
        );
    }
    // Sources of other connectors, and questions about what a record can do without, stop nothing.
    write_manifest(&house, &MANIFEST.replace("\nplace = {", "\n# ? is 市 the place?\nplace = {"));
    run_text(&house, &["sync", "--all"]);
    assert_eq!(read_books(&house), [1, 0, 0, 0]);
}
