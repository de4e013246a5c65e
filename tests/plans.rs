//! Plans and previews for people show totals first, then the first ten teachers; `--all` shows all of them.

use std::path::Path;

use crate::test_env::{Services, TestEnv};

const HEAD: &str = "某县教师信息技术能力培训登记表\n姓名,身份证号码,学校标识码,课程名称,学时,结业时间,成绩\n";

/// Returns a valid ID number, a different one for each position.
pub fn id_number(nth: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!("2201021970{:02}{:02}{:03}", 1 + nth % 12, 1 + nth % 28, 100 + nth);
    let sum: usize = body.bytes().zip(WEIGHTS).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

/// Returns sixty rows of ten hours each; every tenth has an ID number with a wrong last character.
fn rows(hours: usize) -> String {
    let row = |nth: usize| {
        let mut number = id_number(nth);
        if nth % 10 == 9 {
            let last = if number.ends_with('1') { '2' } else { '1' };
            number.pop();
            number.push(last);
        }
        let name = format!("王{}{}", ["一", "二", "三", "四", "五", "六"][nth / 10], nth % 10);
        let name = name.replace(
            |c: char| c.is_ascii_digit(),
            ["明", "华", "丽", "强", "敏", "静", "伟", "芳", "军", "燕"][nth % 10],
        );
        format!("{name},{number},2122000001,信息技术基础,{hours},2014-09-{:02},合格\n", 1 + nth % 28)
    };
    format!("{HEAD}{}", (0..60).map(row).collect::<String>())
}

/// Creates an environment with a connector for such sheets and a source that uses it.
fn office(on: Services) -> (TestEnv, String) {
    let house = TestEnv::new(on);
    assert!(house.run(&["migrate"]).status.success());
    let folder = house.dir.0.join("own").display().to_string();
    assert!(house.run(&["connectors", "new", "own", "--from", "csv", "--out", &folder]).status.success());
    assert!(house.run(&["connectors", "register", &folder]).status.success());
    let place = house.dir.0.display().to_string();
    let add = ["sources", "add", "county", "--connector", "own", "--institution-code", "I", "--folder", &place];
    assert!(house.run(&add).status.success());
    (house, folder)
}

fn file(house: &TestEnv, name: &str, text: &str) -> String {
    let path = house.dir.0.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn told(house: &TestEnv, args: &[&str], language: &str) -> String {
    let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
    let said = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
    assert!(out.status.success(), "{args:?}: {said}");
    assert!(!said.contains("\\n"), "a line break of ours is shown by its number: {said}");
    said
}

fn has(said: &str, words: &[&str]) {
    for words in words {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

#[test]
fn a_preview_shows_ten_records_and_what_becomes_of_all() {
    let (house, folder) = office(Services::Sqlite);
    let sample = file(&house, "sixty.csv", &rows(10));
    let preview = ["connectors", "preview", &folder, "--sample", &sample];
    let english = told(&house, &preview, "en");
    has(
        &english,
        &["60 records: 54 clean, 6 parked", "id_number.check_digit  6", "10 of 60; `--all`", "sixty.csv line 12"],
    );
    assert!(english.matches("──").count() == 10 && english.lines().count() < 150, "{english}");
    has(&told(&house, &preview, "zh"), &["60 条记录：可用 54 条、待处理 6 条", "共 60 条，显示 10 条", "第 12 行"]);
    let all = told(&house, &[&preview[..], &["--all"]].concat(), "en");
    assert!(all.matches("──").count() == 60 && !all.contains("--all"), "{all}");
    let told = house.run_json(&[&preview[..], &["--json"]].concat());
    assert_eq!((&told["summary"]["parked"], told["records"].as_array().unwrap().len()), (&6.into(), 10));
}

fn uploads(on: Services) {
    let (house, _) = office(on);
    let sheet = file(&house, "sixty.csv", &rows(10));
    let plan = ["upload", "county", &sheet, "--plan"];
    let english = told(&house, &plan, "en");
    has(
        &english,
        &[
            "county: 60 raw records: 54 inserted, 6 parked",
            "54 teachers gain 540 hours in all; 54 new teachers",
            "new teacher: counted: 0 → 10; 1 entry changes",
            "10 of 54; `--all` shows all",
            "only a plan",
        ],
    );
    assert!(english.lines().count() < 30 && english.matches("new teacher:").count() == 10, "{english}");
    // Numbers are masked, and parked rows are listed one by one only with `--all`.
    assert!(!english.contains(&id_number(0)[6..17]) && !english.contains("sixty.csv line"), "{english}");
    let chinese = told(&house, &plan, "zh");
    has(
        &chinese,
        &[
            "county：60 条原始记录：新增 54 条、待处理 6 条",
            "54 名教师共增加 540 学时；新教师 54 名",
            "共 54 条，显示 10 条",
        ],
    );
    assert!(!chinese.contains(": ") && !chinese.contains(", "), "{chinese}");
    let all = told(&house, &[&plan[..], &["--all"]].concat(), "en");
    assert!(all.matches("new teacher:").count() == 54 && all.matches("sixty.csv line").count() == 6, "{all}");
    told(&house, &plan[..3], "en");
    // All teachers get fewer hours.
    let less = file(&house, "less.csv", &rows(4));
    has(&told(&house, &["upload", "county", &less, "--plan"], "en"), &["54 teachers lose 324 hours in all"]);
}

#[test]
fn an_upload_plan_is_told_in_words_on_sqlite() {
    uploads(Services::Sqlite);
}

#[test]
fn an_upload_plan_is_told_in_words_on_postgresql() {
    uploads(Services::Postgres);
}

fn replays(on: Services) {
    let (house, folder) = office(on);
    let manifest = Path::new(&folder).join("manifest.toml");
    let right = std::fs::read_to_string(&manifest).unwrap();
    // Hours that cannot be read park all rows.
    let sheet = file(&house, "sixty.csv", &rows(10).replace(",10,", ",十,"));
    told(&house, &["upload", "county", &sheet], "en");
    let vain = told(&house, &["replay", "plan"], "en");
    has(&vain, &["60 raw records: 60 parked", "60 dead letters stay open", "nothing would change"]);
    assert!(!vain.contains("replay apply"), "{vain}");
    let corrected = right.replacen("version = 1", "version = 2", 1);
    let of_hours = corrected.lines().find(|line| line.trim_start().starts_with("hours = ")).unwrap().to_owned();
    let register = |text: &str| {
        std::fs::write(&manifest, text).unwrap();
        assert!(house.run(&["connectors", "test", &folder, "--accept"]).status.success());
        let registered = house.run(&["connectors", "register", &folder]);
        assert!(registered.status.success(), "{}", String::from_utf8_lossy(&registered.stderr));
    };
    let corrected = corrected.replace(&of_hours, "hours = { constant = \"10\", unit = \"class_hour\" }");
    register(&corrected);
    let english = told(&house, &["replay", "plan"], "en");
    has(
        &english,
        &[
            "60 raw records: 54 inserted, 6 parked",
            "54 teachers gain 540 hours in all; 54 dead letters close; 6 dead letters stay open",
            "王",
            "0 → 10",
            "10 of 54; `--all` shows all",
            "each of the 60 raw records: `--all`",
            "huiliu replay apply 2",
        ],
    );
    assert!(!english.contains("new:") && english.lines().count() < 25, "{english}");
    let chinese = told(&house, &["replay", "show", "2"], "zh");
    has(
        &chinese,
        &[
            "60 条原始记录：新增 54 条、待处理 6 条",
            "54 名教师共增加 540 学时；54 条死信得到解决；6 条死信仍待处理",
            "王",
        ],
    );
    let all = told(&house, &["replay", "show", "2", "--all"], "en");
    assert!(all.matches("sixty.csv line").count() == 60 && all.matches("0 → 10").count() == 54, "{all}");
    // JSON has the totals, too; internal names appear only there.
    let shown = house.run_json(&["replay", "show", "2", "--json"]);
    assert_eq!((&shown["gains"]["gaining"], &shown["closing"]), (&54.into(), &54.into()));
    assert!(shown["effects"][0]["person"].as_str().unwrap().starts_with("new:"));
    has(&told(&house, &["replay", "apply", "2"], "en"), &["54 dead letters close", "applied"]);

    // The records that are stored by now were wrong as well.
    let stored = ["replay", "plan", "--stored", "--source", "county"];
    has(&told(&house, &stored, "en"), &["54 stored records stay as they are", "nothing would change"]);
    let hours = |hours: &str| corrected.replace("constant = \"10\"", &format!("constant = \"{hours}\""));
    register(&hours("12.5").replace("version = 2", "version = 3"));
    let shown = told(&house, &[&stored[..], &["--all"]].concat(), "en");
    has(&shown, &["54 raw records: 54 updated", "54 teachers gain 135 hours in all", "class hours 10 → 12.5"]);
    has(&told(&house, &["replay", "apply", "4"], "zh"), &["54 名教师共增加 135 学时", "已执行"]);
    has(
        &told(&house, &["replay", "undo", "4"], "en"),
        &["54 records are again what they were", "huiliu replay apply 5"],
    );
    has(&told(&house, &["replay", "apply", "5"], "zh"), &["54 条记录恢复原状"]);
    // What only dead letters have cannot select records.
    let refused = house.run(&[&stored[..], &["--code", "hours.number"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn a_replay_plan_is_told_in_words_on_sqlite() {
    replays(Services::Sqlite);
}

#[test]
fn a_replay_plan_is_told_in_words_on_postgresql() {
    replays(Services::Postgres);
}

#[test]
fn a_decision_is_planned_with_names_and_sums() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let record = house.run_sql(
        "SELECT min(record_id) FROM credit_entry WHERE superseded_at IS NULL AND outcome = 'counted' AND units > 0",
    );
    let name = house.query_rows(&format!(
        "SELECT 1, c.name FROM training_record r JOIN identity_claim c ON c.id = r.claim_id WHERE r.id = {record}"
    ));
    let name = String::from_utf8(name[0].1.clone()).unwrap();
    let revoke = ["decisions", "revoke", &record.to_string(), "--because", "a test", "--plan"];
    // Another record of the same course can count in its place, with more hours.
    let gains = &house.run_json(&[&revoke[..], &["--json"]].concat())["gains"];
    let (english, chinese) = if gains["gaining"] == 1 {
        ("1 teacher gains", "1 名教师共增加")
    } else {
        ("1 teacher loses", "1 名教师共减少")
    };
    assert_eq!(gains["gaining"].as_u64().unwrap() + gains["losing"].as_u64().unwrap(), 1, "{gains}");
    has(&told(&house, &revoke, "en"), &[english, &name, "**", " → ", "only a plan"]);
    has(&told(&house, &revoke, "zh"), &[chinese, &name, "**", "仅为试算"]);
    // Rules that change nothing offer nothing to do, either.
    let same = told(&house, &["rules", "diff", "current", "current"], "en");
    assert!(same.contains("nothing would change") && !same.contains("--all"), "{same}");
}
