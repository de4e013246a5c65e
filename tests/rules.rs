//! Rule packs, the crosswalk and people's decisions, on the command line and on both databases.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::test_env::{Services, TestEnv, units_before_after};

pub fn read_file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Writes a shipped pack into the house's folder, with some of its text replaced. Returns the path.
pub fn write_pack(house: &TestEnv, name: &str, from: &str, replaced: &[(&str, &str)]) -> String {
    let mut text = read_file(from);
    for (old, new) in replaced {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    let path = house.dir.0.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_pack_that_ships_is_usable() {
    let house = TestEnv::new(Services::Sqlite);
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy/examples")).unwrap() {
        let path = entry.unwrap().path();
        let told = house.run_json(&["rules", "check", path.to_str().unwrap(), "--json"]);
        assert!(told["rules"].as_u64() > Some(20), "{}: {told}", path.display());
    }
    let packs = house.list_items(&["rules", "list", "--json"]);
    let names: Vec<&str> = packs.as_array().unwrap().iter().map(|p| p["pack"].as_str().unwrap()).collect();
    assert_eq!(names, ["jilin-2014", "tisheng-2.0"]);
    let settings = house.list_items(&["rules", "settings", "--json"]);
    let edge = settings.as_array().unwrap().iter().find(|s| s["setting"] == "band_edge").unwrap();
    assert_eq!(
        (edge["choices"].clone(), edge["packs"][0]["value"].clone()),
        (json!(["upper", "lower"]), json!("upper"))
    );
    assert!(settings.as_array().unwrap().iter().all(|s| s["why"]["en"].as_str().unwrap().len() > 40));
}

/// A shipped pack, the replacements in it, and words of the messages about them.
type Wrong = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

#[test]
fn what_is_wrong_with_a_pack_is_told_at_its_line_and_all_at_once() {
    let house = TestEnv::new(Services::Sqlite);
    let jilin = "config/policy/jilin-2014.toml";
    let wuhan = "config/policy/examples/wuhan-jianghan.toml";
    let wrong: &[Wrong] = &[
        (
            jilin,
            &[("from = \"2009-01-01\"\nto = \"2013", "from = \"2009-02-01\"\nto = \"2013")],
            &["there is no cycle from 2009-01-01 to the day before 2009-02-01"],
        ),
        (
            jilin,
            &[("from = \"2009-01-01\"\nto = \"2013", "from = \"2008-12-01\"\nto = \"2013")],
            &["2009-2013 overlaps the one before it"],
        ),
        (jilin, &[("unit = \"minute\"", "unit = \"fortnight\"")], &["there is no unit \"fortnight\""]),
        (
            jilin,
            &[("unit = \"minute\"", "unit = \"minute\"\nfrom = \"2015-01-01\"")],
            &["no rule applies from 1999-01-01 to the day before 2015-01-01"],
        ),
        (jilin, &[("unit = \"minute\"", "unit = \"day\"")], &["conversion.day: overlaps another one"]),
        (jilin, &[("units_per_one = 2400", "units_per_one = 0")], &["units_per_one must be a positive integer"]),
        (jilin, &[("[\"fail\", \"fail\", \"fail\"],\n", "")], &["1 of the nine pairs of grades are missing"]),
        (wuhan, &[("credits = \"15\"", "credits = \"0\"")], &["a cap of zero would count nothing"]),
        (
            "config/policy/examples/jiaoji-4068.toml",
            &[("[minimum]\nhours = \"1\"", "[minimum]\nhours = \"0\"")],
            &["hours is \"0\"; expected an amount of class hours above zero"],
        ),
        (wuhan, &[("percent = \"80\"", "percent = \"800\"")], &["percent is \"800\""]),
        (
            jilin,
            &[
                ("prefer = [\"final\"", "prefer = [\"first\""),
                ("hours = \"50\"", "hours = \"0\""),
                ("to = \"1\"\n", "to = \"x\"\n"),
            ],
            &["prefer has \"first\"", "expected hours and years above zero", "to must be an amount of class hours"],
        ),
        (
            jilin,
            &[(
                "# What the document leaves",
                "[setting.colour]\nvalue = \"red\"\nbasis = \"assumed\"\nsource = \"\"\n#",
            )],
            &["there is no such setting; the settings are band_edge"],
        ),
    ];
    for (n, (from, replaced, expected)) in wrong.iter().enumerate() {
        let path = write_pack(&house, &format!("wrong-{n}.toml"), from, replaced);
        let out = house.run(&["rules", "check", &path]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success(), "{replaced:?}");
        for words in *expected {
            let line = told.lines().find(|l| l.contains(words)).unwrap_or_else(|| panic!("{words:?} not in {told}"));
            let number =
                line.split(&path).nth(1).and_then(|rest| rest.split(':').nth(1)).and_then(|n| n.parse::<usize>().ok());
            assert!(number > Some(1), "{line}");
        }
        let chinese = house.command(&["rules", "check", &path]).env("HUILIU_LANG", "zh_CN.UTF-8").output().unwrap();
        let chinese = String::from_utf8_lossy(&chinese.stderr).into_owned();
        assert!(expected.iter().all(|words| !chinese.contains(words)), "not translated: {chinese}");
    }
    let two = house.run(&[
        "rules",
        "check",
        &write_pack(&house, "a.toml", jilin, &[]),
        &write_pack(&house, "b.toml", jilin, &[]),
    ]);
    assert!(String::from_utf8_lossy(&two.stderr).contains("its days overlap those of jilin-2014@2"));
    let round = write_pack(
        &house,
        "courses.toml",
        "config/courses.toml",
        &[
            ("id = \"C-001\"", "id = \"C-001\"\nsame_as = \"C-002\""),
            ("id = \"C-002\"", "id = \"C-002\"\nsame_as = \"C-001\""),
        ],
    );
    let out = house.run(&["rules", "check", &write_pack(&house, "c.toml", jilin, &[]), "--courses", &round]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("same_as forms a cycle: C-001 → C-002 → C-001"));
}

/// Returns record → entry, as `teachers explain` prints it.
fn explain_entries(house: &TestEnv, teacher: i64) -> BTreeMap<i64, Value> {
    let explained = house.run_json(&["teachers", "explain", &teacher.to_string(), "--json"]);
    explained["entries"].as_array().unwrap().iter().map(|e| (e["record"].as_i64().unwrap(), e.clone())).collect()
}

fn outcome_and_units(entry: &Value) -> (String, i64) {
    (entry["outcome"].as_str().unwrap().to_owned(), entry["hours"]["units"].as_i64().unwrap())
}

/// Returns a teacher with a counted record and exactly one duplicate of it: teacher, record, duplicate.
fn find_teacher_with_duplicate(house: &TestEnv) -> (i64, i64, i64) {
    (0..400)
        .map(|place| house.nth_teacher(place))
        .find_map(|teacher| {
            let entries = explain_entries(house, teacher);
            let duplicate = entries.values().find(|e| e["outcome"] == "duplicate")?;
            let winner = duplicate["duplicate_of"].as_i64()?;
            let losers = entries.values().filter(|e| e["duplicate_of"] == winner).count();
            (losers == 1 && entries[&winner]["outcome"] == "counted").then_some((
                teacher,
                winner,
                duplicate["record"].as_i64().unwrap(),
            ))
        })
        .unwrap()
}

fn check_people_decide(on: Services) {
    let house = TestEnv::new(on);
    house.run_json(&["demo", "--records", "5000", "--seed", "3", "--json"]);
    let first = house.read_ledger();
    let (teacher, winner, loser) = find_teacher_with_duplicate(&house);
    let before = explain_entries(&house, teacher);
    let (w, l) = (winner.to_string(), loser.to_string());

    // A plan says whose hours change, and changes nothing.
    let plan = house.run_json(&["decisions", "revoke", &w, "--because", "由他人代培", "--plan", "--json"]);
    assert_eq!((plan["planned"].as_bool(), plan["decision"].is_null()), (Some(true), true));
    let change = &plan["teachers"][0];
    assert_eq!(change["teacher"], teacher);
    assert_eq!(explain_entries(&house, teacher), before);
    assert_eq!(house.read_ledger(), first);

    // Once decided, the hours are what the plan said, and the duplicate counts instead of the revoked record.
    let done = house.run_json(&["decisions", "revoke", &w, "--because", "由他人代培", "--json"]);
    assert_eq!(&done["teachers"][0], change);
    let after = explain_entries(&house, teacher);
    assert_eq!(outcome_and_units(&after[&winner]), ("revoked".into(), 0));
    assert_eq!(after[&winner]["decision"]["because"], "由他人代培");
    assert_ne!(outcome_and_units(&after[&loser]), outcome_and_units(&before[&loser]));
    let explained = house.run_json(&["teachers", "explain", &teacher.to_string(), "--json"]);
    assert_eq!(explained["counted"], change["counted"]["after"]);

    // Undone: the ledger is what it was, and the history is kept.
    let undone = done["decision"].to_string();
    house.run_json(&["decisions", "undo", &undone, "--because", "误判", "--json"]);
    assert_eq!(
        explain_entries(&house, teacher).values().map(outcome_and_units).collect::<Vec<_>>(),
        before.values().map(outcome_and_units).collect::<Vec<_>>()
    );
    assert_eq!(house.read_ledger(), first);
    let listed = house.list_items(&["decisions", "list", "--teacher", &teacher.to_string(), "--json"]);
    assert_eq!(listed[0]["reversed_by"], listed[1]["decision"]);
    assert_eq!(listed[1]["reverses"], listed[0]["decision"]);
    assert!(!house.run(&["decisions", "undo", &undone, "--because", "again"]).status.success());

    // A decision about which of two records counts, and a grade.
    let keeping = house.run_json(&["decisions", "keep", &l, "--because", "原始证书", "--json"])["decision"].to_string();
    let kept = explain_entries(&house, teacher);
    assert_eq!(
        (kept[&winner]["duplicate_of"].clone(), kept[&winner]["outcome"].clone()),
        (json!(loser), json!("duplicate"))
    );
    let graded = house.run_json(&["decisions", "grade", &l, "fail", "--because", "复核", "--json"]);
    assert_eq!(outcome_and_units(&explain_entries(&house, teacher)[&loser]), ("not_passed".into(), 0));
    for number in [graded["decision"].to_string(), keeping] {
        house.run_json(&["decisions", "undo", &number, "--because", "恢复", "--json"]);
    }
    assert_eq!(house.read_ledger(), first);
    let audit = house.list_items(&["audit", "--json"]);
    let actions: Vec<&str> = audit.as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    for action in ["credit.revoke", "credit.revoke.undo", "credit.keep", "credit.grade"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[test]
fn people_decide_and_take_it_back_on_sqlite() {
    check_people_decide(Services::Sqlite);
}

#[test]
fn people_decide_and_take_it_back_on_postgresql() {
    check_people_decide(Services::Postgres);
}

#[test]
fn other_rules_are_compared_before_they_are_used() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "5000", "--seed", "3", "--json"]);
    // Totals are the sums over the teachers.
    let totals = house.list_items(&["teachers", "totals", "--json"]);
    let sum = |name: &str| totals.as_array().unwrap().iter().map(|t| t[name]["units"].as_i64().unwrap()).sum::<i64>();
    let ledger = house.read_ledger();
    assert_eq!(sum("counted"), ledger.values().map(|t| t.0).sum::<i64>());
    assert_eq!(sum("provisional"), ledger.values().map(|t| t.1).sum::<i64>());
    let bases: i64 = totals
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            ["stated", "adopted", "assumed"]
                .map(|basis| t["by_basis"][basis]["units"].as_i64().unwrap())
                .iter()
                .sum::<i64>()
        })
        .sum();
    assert_eq!(bases, sum("counted") + sum("provisional"));
    let none = house.run_json(&["rules", "diff", "current", "current", "--json"]);
    assert_eq!((none["totals"]["hours_change"].clone(), none["teachers"].clone()), (json!(0), json!([])));

    let firm = write_pack(
        &house,
        "firm.toml",
        "config/policy/jilin-2014.toml",
        &[
            ("standing = \"provisional\"", "standing = \"final\""),
            ("version = 2", "version = 3"),
            (
                "# What the document leaves",
                "[setting.band_edge]\nvalue = \"lower\"\nbasis = \"assumed\"\nsource = \"a trial\"\n\n# What",
            ),
        ],
    );
    let told = house.run_json(&["rules", "diff", "current", &firm, "--limit", "100000", "--json"]);
    let totals = &told["totals"];
    assert!(totals["hours_change"].as_u64() > Some(100), "{totals}");
    let (counted, provisional) = (units_before_after(&totals["counted"]), units_before_after(&totals["provisional"]));
    assert_eq!(provisional[1], 0);
    assert!(counted[1] > counted[0]);
    // Afterwards each teacher has what was planned.
    let before = house.read_ledger();
    house.run_json(&["rules", "register", &firm, "--because", "a trial", "--json"]);
    let after = house.read_ledger();
    let sum = |ledger: &BTreeMap<String, (i64, i64, i64)>| {
        ledger.values().map(|t| (t.0, t.1)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    assert_eq!(sum(&before).0, counted[0]);
    assert_eq!(sum(&after), (counted[1], provisional[1]));
    let changed = before.iter().filter(|(id, t)| (t.0, t.1) != (after[*id].0, after[*id].1)).count();
    assert_eq!(json!(changed), totals["hours_change"]);
}

#[test]
fn an_unknown_course_is_suggested_and_decided_by_people() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "5000", "--seed", "3", "--json"]);
    let first = house.read_ledger();
    let unknown = house.list_items(&["courses", "unknown", "--json"]);
    let course = unknown.as_array().unwrap().iter().find(|c| c["connector"] == "cmcc").unwrap();
    let code = course["code"].as_str().unwrap();
    assert!(!house.run(&["courses", "equate", "cmcc", code, "C-999", "--because", "x"]).status.success());
    let done = house.run_json(&["courses", "equate", "cmcc", code, "C-001", "--because", "同一课程", "--json"]);
    let concerned = done["teachers"].as_array().unwrap().len();
    assert!(concerned > 0);
    let second = house.read_ledger();
    let changed = first.iter().filter(|(id, t)| second[*id] != **t).count();
    assert!(changed > 0 && changed <= concerned, "{changed} of {concerned}");
    assert!(!house.list_items(&["courses", "unknown", "--json"]).as_array().unwrap().iter().any(|c| c["code"] == code));
    house.run_json(&["decisions", "undo", "1", "--because", "不是同一课程", "--json"]);
    assert_eq!(house.read_ledger(), first);
}
