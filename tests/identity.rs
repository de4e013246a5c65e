//! Identity, tested with the real program: rows without an ID number, claims that are matched automatically, and
//! decisions that people make and undo.

use std::collections::HashMap;

use huiliu_sandbox::population::{Damage, Population, Truth};
use huiliu_vault::keyring::Keyring;
use serde_json::Value;

use crate::roster::county::{BOTH, County, LI, QIAN, WANG, ZHAO};
use crate::test_env::Services;

const MANIFEST: &str = r#"
manifest = 1
id = "sign-in"
version = 1
title_zh = "培训签到表"
title_en = "Sign-in sheets"
profile = "Made up for a test."

[transport]
kind = "files"
names = ["签到_*.csv"]

[[stream]]
name = "rows"
kind = "course_completion"
record_key = ["编号"]
version = { from = "file_date" }
pass = "result"
known_by = "any"
format = { kind = "csv", layout = { header = ["编号", "姓名"] } }

[stream.map]
name = "姓名"
id_number = "证件号"
teacher_number = "教师编号"
birth_date = "出生日期"
sex = "性别"
phone = "电话"
school_code = "学校代码"
school_name = "学校"
region_code = "区划"
course_code = "编号"
hours = { path = "学时", unit = "class_hour" }
period_end = "日期"
result = { path = "结果", then = [{ levels = "grades" }] }
"#;

const HEAD: &str = "编号,姓名,证件号,教师编号,出生日期,性别,电话,学校代码,学校,区划,学时,日期,结果\n";

/// Creates a county whose source `sheets` is read with the manifest above.
fn county_with_sheets(on: Services) -> County {
    let county = County::new(on, "roster-csv");
    let dir = &county.house.dir.0;
    std::fs::create_dir_all(dir.join("manifests/sign-in")).unwrap();
    std::fs::create_dir_all(dir.join("sheets")).unwrap();
    std::fs::write(dir.join("manifests/sign-in/manifest.toml"), MANIFEST).unwrap();
    let file = dir.join("huiliu.toml");
    let text = format!(
        "manifests_dir = {:?}\n{}\n[[source]]\nname = \"sheets\"\nconnector = \"sign-in\"\ninstitution_code = \"S\"\nfolder = {:?}\n",
        dir.join("manifests"),
        std::fs::read_to_string(&file).unwrap(),
        dir.join("sheets")
    );
    std::fs::write(file, text).unwrap();
    county
}

/// Returns a row: number, name, ID number, teacher number, phone, school.
fn sheet_row(number: &str, name: &str, id: &str, teacher: &str, phone: &str, school: &str) -> String {
    format!("{number},{name},{id},{teacher},,,{phone},,{school},,10,2016-05-04,合格\n")
}

fn drop_sheet(county: &County, day: &str, rows: &[String]) {
    county.drop_file("sheets", &format!("签到_{day}.csv"), format!("{HEAD}{}", rows.concat()).as_bytes());
}

fn count_claims(county: &County) -> [i64; 5] {
    let status = county.run_json(&["identity", "status"]);
    ["definite", "potential", "none", "new", "contradicting"].map(|state| status[state].as_i64().unwrap())
}

/// Returns the claim of a name from the queue of a state.
fn find_waiting_claim(county: &County, state: &str, name: &str) -> Value {
    let queue = county.list_items(&["identity", "queue", "--state", state]);
    let found = queue.as_array().unwrap().iter().find(|c| c["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not among {queue}")).clone()
}

/// Returns a teacher's class hours, counted and provisional.
fn read_hours(county: &County, id_number: &str) -> i64 {
    county.house.read_ledger().get(id_number).map_or(0, |(units, provisional, _)| (units + provisional) / 108_000)
}

fn teacher_number(county: &County, id_number: &str) -> i64 {
    county.show_teacher(id_number, "2016-06-01").unwrap()["teacher"].as_i64().unwrap()
}

const SCHOOL: &str = "2122000001,实验小学,220102,1998-09-01,,\n1122000002,第一幼儿园,220581,,,\n";

/// Drops a roster with Wang, and Li, who has a former name.
fn drop_roster(county: &County) {
    county.drop_schools("20140901", SCHOOL);
    let lines = format!(
        "{},{},,,2122000001,T-1001,13900001111,,,,\n{},{},,,1122000002,T-1002,13900002222,,,,李贰梅\n",
        WANG.1, WANG.0, LI.1, LI.0
    );
    county.drop_teachers("20140901", &lines);
    county.sync();
}

#[test]
fn what_is_sure_counts_and_what_is_not_waits_for_a_person_or_the_roster() {
    for on in BOTH {
        let county = county_with_sheets(on);
        drop_roster(&county);
        drop_sheet(
            &county,
            "20160601",
            &[
                sheet_row("1", WANG.1, WANG.0, "", "", ""),
                sheet_row("2", WANG.1, "", "t-1001", "", ""),
                sheet_row("3", "李贰梅", LI.0, "", "", ""),
                sheet_row("4", LI.1, "220203********0225", "", "", "第一幼儿园"),
                sheet_row("5", "孙五", "", "T-1009", "", "实验小学"),
                sheet_row("6", ZHAO.1, LI.0, "", "", ""),
                sheet_row("7", QIAN.1, QIAN.0, "", "", ""),
                sheet_row("8", "", "", "T-1001", "", ""),
            ],
        );
        let balance = county.sync();
        assert_eq!((balance["inserted"].as_i64(), balance["parked"].as_i64()), (Some(7), Some(1)), "{balance}");
        // Wang twice, Li by a former name, and Qian, who is not on the roster but whose number is complete.
        assert_eq!(count_claims(&county), [4, 2, 1, 0, 0]);
        assert_eq!((read_hours(&county, WANG.0), read_hours(&county, LI.0), read_hours(&county, QIAN.0)), (20, 10, 10));

        let masked = find_waiting_claim(&county, "potential", LI.1);
        assert_eq!(masked["candidates"][0]["teacher"], teacher_number(&county, LI.0));
        let shown = county.run_json(&["identity", "show", &masked["claim"].to_string()]);
        assert_eq!(shown["told"][1], serde_json::json!({ "role": "id_number", "text": "22***************5" }));
        assert_eq!(shown["resting"][0]["source"], "sheets");
        let words = county.run_text(&["identity", "show", &masked["claim"].to_string()]);
        assert!(words.contains("10 class hours, until 2016-05-04"), "{words}");
        let levels: Vec<&str> =
            shown["candidates"][0]["evidence"].as_array().unwrap().iter().filter_map(|e| e["level"].as_str()).collect();
        assert!(levels.contains(&"equal") && levels.contains(&"masked_6_4") && levels.contains(&"named"), "{levels:?}");
        // One person's number with another's name belongs to nobody until a person decides.
        let other = find_waiting_claim(&county, "potential", ZHAO.1);
        assert_eq!(other["candidates"][0]["teacher"], teacher_number(&county, LI.0));

        // A later roster contains Sun, and the claim is matched automatically.
        find_waiting_claim(&county, "none", "孙五");
        county.drop_teachers("20160701", &format!("孙五,{},,,2122000001,T-1009,,,,,\n", ZHAO.0));
        county.sync();
        assert_eq!(count_claims(&county), [5, 2, 0, 0, 0]);
        assert_eq!(read_hours(&county, ZHAO.0), 10);
        // The same sheet again changes nothing.
        county.run_json(&["sync", "sheets", "--full"]);
        assert_eq!(count_claims(&county), [5, 2, 0, 0, 0]);
    }
}

#[test]
fn a_name_that_is_not_that_of_the_number_counts_nowhere_and_is_told() {
    for on in BOTH {
        let county = county_with_sheets(on);
        let manifest = county.house.dir.0.join("manifests/sign-in/manifest.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let of_any = ["known_by", "teacher_number", "birth_date", "sex", "phone", "school_name", "region_code"];
        let by_number = text.lines().filter(|line| !of_any.iter().any(|word| line.starts_with(word)));
        std::fs::write(&manifest, by_number.collect::<Vec<_>>().join("\n")).unwrap();
        drop_roster(&county);
        drop_sheet(
            &county,
            "20160601",
            &[sheet_row("1", WANG.1, WANG.0, "", "", ""), sheet_row("2", ZHAO.1, WANG.0, "", "", "")],
        );
        county.sync();
        assert_eq!((count_claims(&county), read_hours(&county, WANG.0)), ([2, 0, 0, 0, 1], 10));
        let claim = find_waiting_claim(&county, "contradicting", ZHAO.1)["claim"].to_string();
        assert_eq!(county.run_json(&["identity", "show", &claim])["contradicting"], true);
        assert!(county.run_text(&["identity", "show", &claim]).contains("its records are not counted"));
        // A person has checked: it is that teacher after all.
        let wang = teacher_number(&county, WANG.0).to_string();
        county.run_json(&["identity", "accept", &claim, &wang, "--because", "已核实"]);
        assert_eq!((count_claims(&county), read_hours(&county, WANG.0)), ([2, 0, 0, 0, 0], 20));
        assert_eq!(county.run_json(&["identity", "show", &claim])["contradicting"], false);
    }
}

#[test]
fn people_decide_a_plan_first_and_take_it_back() {
    for on in BOTH {
        let county = county_with_sheets(on);
        drop_roster(&county);
        drop_sheet(&county, "20160601", &[sheet_row("4", LI.1, "220203********0225", "", "", "第一幼儿园")]);
        county.sync();
        let claim = find_waiting_claim(&county, "potential", LI.1)["claim"].to_string();
        let (li, wang) = (teacher_number(&county, LI.0).to_string(), teacher_number(&county, WANG.0).to_string());
        let decide = |what: &str, teacher: &str, more: &[&str]| {
            county.run_json(&[&["identity", what, &claim, teacher, "--because", "已与学校核实"], more].concat())
        };
        let plan = decide("accept", &li, &["--plan"]);
        assert_eq!(crate::test_env::units_before_after(&plan["teachers"][0]["counted"]), [0, 1_080_000], "{plan}");
        assert_eq!((count_claims(&county), read_hours(&county, LI.0)), ([0, 1, 0, 0, 0], 0));
        let done = decide("accept", &li, &[]);
        assert_eq!(done["teachers"], plan["teachers"], "what was done is what was planned");
        assert_eq!((count_claims(&county), read_hours(&county, LI.0)), ([1, 0, 0, 0, 0], 10));
        let story = county.run_json(&["teachers", "explain", &li]);
        assert_eq!(story["entries"][0]["claim_decided_by"], format!("decision {}", done["decision"]), "{story}");
        assert!(
            county
                .run_refused(&["identity", "accept", &claim, &li, "--because", "again"])
                .contains("already says the same")
        );

        // A decision outranks a later roster, and rules that are read again.
        county.drop_teachers("20160701", &format!("李改名,{},,,1122000002,T-1002,,,,,\n", LI.0));
        county.sync();
        assert_eq!((count_claims(&county), read_hours(&county, LI.0)), ([1, 0, 0, 0, 0], 10));

        // A later decision outranks an earlier one; when it is undone, the earlier one holds again.
        let moved = decide("accept", &wang, &[]);
        assert_eq!((read_hours(&county, LI.0), read_hours(&county, WANG.0)), (0, 10));
        let undo = |decision: &Value| {
            county.run_json(&["decisions", "undo", &decision.to_string(), "--because", "误判"]);
        };
        undo(&moved["decision"]);
        assert_eq!((read_hours(&county, LI.0), read_hours(&county, WANG.0)), (10, 0));
        undo(&done["decision"]);
        assert_eq!((count_claims(&county), read_hours(&county, LI.0)), ([0, 1, 0, 0, 0], 0));

        let rejected = decide("reject", &li, &[]);
        assert_eq!(count_claims(&county), [0, 0, 1, 0, 0]);
        undo(&rejected["decision"]);
        assert_eq!(count_claims(&county), [0, 1, 0, 0, 0]);
        let log = county.list_items(&["audit", "--limit", "20"]).to_string();
        assert!(log.contains("identity.accept.undo") && log.contains("identity.reject"), "{log}");
        let listed = county.list_items(&["decisions", "list", "--teacher", &li]);
        assert_eq!(listed.as_array().unwrap().len(), 4, "{listed}");
    }
}

#[test]
fn a_merger_of_teachers_gives_each_side_its_records_back_when_it_is_undone() {
    for on in BOTH {
        let county = county_with_sheets(on);
        drop_roster(&county);
        // Qian is provisional, and so is the teacher with Zhao's number.
        drop_sheet(
            &county,
            "20160601",
            &[
                sheet_row("1", WANG.1, WANG.0, "", "", ""),
                sheet_row("2", QIAN.1, QIAN.0, "", "", ""),
                sheet_row("3", ZHAO.1, ZHAO.0, "", "", ""),
            ],
        );
        county.drop_records("20160601", &[QIAN]);
        county.sync();
        let of = |id: &str| teacher_number(&county, id).to_string();
        let (wang, qian, zhao) = (of(WANG.0), of(QIAN.0), of(ZHAO.0));
        let merge =
            |from: &str, into: &str| county.run_json(&["identity", "merge", from, into, "--because", "号码登记有误"]);
        let all = || [WANG, QIAN, ZHAO].map(|who| read_hours(&county, who.0));
        assert_eq!(all(), [10, 30, 10]);
        let refused = county.run_refused(&["identity", "merge", &wang, &qian, "--because", "x"]);
        assert!(refused.contains("on the roster"), "{refused}");
        let first = merge(&qian, &zhao);
        assert_eq!(county.house.run_sql("SELECT count(*) FROM identity_claim WHERE decided_by LIKE 'decision%'"), 2);
        let second = merge(&zhao, &wang);
        let units = |id: &str| {
            let story = county.run_json(&["teachers", "explain", id]);
            story["entries"].as_array().unwrap().iter().map(|e| e["hours"]["units"].as_i64().unwrap()).sum::<i64>()
                / 108_000
        };
        assert_eq!((units(&wang), units(&qian), units(&zhao)), (50, 0, 0));
        // Later records under the merged number are Wang's, too.
        county.drop_records("20160701", &[QIAN]);
        drop_sheet(&county, "20160701", &[sheet_row("9", QIAN.1, QIAN.0, "", "", "实验小学")]);
        county.sync();
        assert_eq!(units(&wang), 60);
        let early = county.run_refused(&["decisions", "undo", &first["decision"].to_string(), "--because", "x"]);
        assert!(early.contains("undo that decision first"), "{early}");
        for decision in [&second, &first] {
            county.run_json(&["decisions", "undo", &decision["decision"].to_string(), "--because", "核实为两人"]);
        }
        assert_eq!(all(), [10, 40, 10]);
    }
}

/// A small province: nobody is credited with another person's hours, and the right teacher of a claim is found.
#[test]
fn a_labelled_population_is_told_apart_through_the_store() {
    const CLAIMS: u64 = 3_000;
    for on in BOTH {
        let county = county_with_sheets(on);
        let world = Population::new(11, 2_000);
        let (mut schools, mut teachers) = (HashMap::new(), String::new());
        for index in 0..world.teachers {
            let t = world.teacher(index);
            teachers += &format!(
                "{},{},{},{},{},{},{},,,,{}\n",
                t.name, t.id_number, t.sex, t.birth_date, t.school_code, t.teacher_number, t.phone, t.former_name
            );
            schools.insert(t.school_code, (t.school, t.region));
        }
        let schools: String =
            schools.iter().map(|(code, (name, region))| format!("{code},{name},{region},,,\n")).collect();
        county.drop_schools("20140901", &schools);
        county.drop_teachers("20140901", &teachers);
        let rows: Vec<String> = (0..CLAIMS)
            .map(|n| {
                let c = world.claim(n);
                format!(
                    "{n},{},{},{},{},{},{},{},{},{},1,2016-05-04,合格\n",
                    c.name,
                    c.id_number,
                    c.teacher_number,
                    c.birth_date,
                    c.sex,
                    c.phone,
                    c.school_code,
                    c.school,
                    c.region
                )
            })
            .collect();
        let (early, late) = rows.split_at(rows.len() / 2);
        // Half of the claims come before the roster, half after it.
        drop_sheet(&county, "20160601", early);
        county.run_json(&["sync", "sheets"]);
        county.run_json(&["sync", "county"]);
        drop_sheet(&county, "20160602", late);
        let balance = county.sync();
        assert_eq!(balance["parked"], 0, "{balance}");

        let key = std::fs::read_to_string(county.house.dir.0.join("data/root.key")).unwrap();
        let keys = Keyring::parse(&key).unwrap().build_keys().unwrap();
        let index = |id: &str| keys.blind_index("id_number", id).to_vec();
        let numbers: HashMap<Vec<u8>, u64> =
            (0..world.teachers).map(|n| (index(&world.teacher(n).id_number), n)).collect();
        let owners: HashMap<i64, Option<u64>> = county
            .house
            .query_rows("SELECT teacher_id, blind_index FROM teacher_identifier")
            .into_iter()
            .map(|(teacher, index)| (teacher, numbers.get(&index).copied()))
            .collect();
        let (mut known, mut found, mut definite) = (0, 0, 0);
        let candidates: Vec<(i64, Vec<u8>)> = county.house.query_rows(
            "SELECT x.teacher_id, o.course_code FROM candidate x JOIN training_record r ON r.claim_id = x.claim_id
             JOIN offering o ON o.id = r.offering_id",
        );
        let mut meant: HashMap<u64, Vec<u64>> = HashMap::new();
        for (teacher, course) in candidates {
            let claim: u64 = String::from_utf8(course).unwrap().parse().unwrap();
            meant.entry(claim).or_default().extend(owners[&teacher]);
        }
        let credited = county.house.query_rows(
            "SELECT e.teacher_id, o.course_code FROM credit_entry e JOIN training_record r ON r.id = e.record_id
             JOIN offering o ON o.id = r.offering_id
             WHERE e.superseded_at IS NULL AND e.units > 0",
        );
        let mut of_claim: HashMap<u64, Option<u64>> = HashMap::new();
        for (teacher, course) in credited {
            of_claim.insert(String::from_utf8(course).unwrap().parse().unwrap(), owners[&teacher]);
        }
        for n in 0..CLAIMS {
            let claim = world.claim(n);
            let truth = match claim.truth {
                Truth::Teacher(teacher) => Some(teacher),
                Truth::Outside => None,
            };
            if let Some(Some(teacher)) = of_claim.get(&n) {
                definite += 1;
                assert_eq!(Some(*teacher), truth, "{claim:?} counts for somebody else");
                assert_ne!(claim.damage, Damage::TwoPeople);
            }
            if let Some(truth) = truth {
                known += 1;
                let shown = meant.get(&n).is_some_and(|teachers| teachers.contains(&truth));
                found += u64::from(shown || of_claim.get(&n) == Some(&Some(truth)));
            }
        }
        println!("{on:?}: of {known} claims about the roster {definite} count and {found} are found");
        assert!(found * 1000 >= known * 995, "{found} of {known} found");
        assert!(definite * 10 > known * 6, "{definite} of {known} definite");
    }
}
