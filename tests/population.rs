//! The labelled population, loaded with the real program: duplicates and hours are compared with the truth.

pub mod labelled;

use std::collections::{BTreeMap, HashMap};

use huiliu_sandbox::population::{Population, SOURCES, Training};
use labelled::Labelled;
use serde_json::{Value, json};

use crate::test_env::{Services, TestEnv};

#[test]
fn duplicates_and_hours_of_a_labelled_population_are_the_truth() {
    for on in [Services::Sqlite, Services::Postgres] {
        let house = TestEnv::new(on);
        let labelled = Labelled::write_files(&house, Training::new(Population::new(1, 2_000), 0), false);
        house.run_json(&["sync", "roster", "--json", "--config", &labelled.config]);
        let pass = house.run_json(&["sync", "--all", "--json", "--config", &labelled.config]);
        let books = &house.run_json(&["balance", "--json", "--config", &labelled.config]);
        assert_eq!((&books["balanced"], &books["complete"], &books["parked"]), (&true.into(), &true.into(), &0.into()));
        let credit = labelled.credit;
        let told = labelled.compare_with_truth(&house);
        assert!(credit.duplicates > 500 && credit.resent > 300, "{credit:?}");
        assert_eq!((told.records as u64, told.labelled as u64), (credit.records, credit.duplicates));
        assert_eq!(
            (told.told, told.right, told.entries),
            (told.labelled, told.labelled, told.records),
            "{told:?} {pass}"
        );
        assert_eq!((told.other_outcome, told.wrongly_credited, told.other_hours), (0, 0, 0), "{told:?}");
    }
}

/// A third of the records have damaged names or numbers: nobody has another person's hours, and the right teachers are
/// found.
#[test]
fn a_damaged_population_is_found_and_nobody_has_anothers_hours() {
    for on in [Services::Sqlite, Services::Postgres] {
        let house = TestEnv::new(on);
        let labelled = Labelled::write_files(&house, Training::new(Population::new(3, 1_000), 33), true);
        house.run_json(&["sync", "--all", "--json", "--config", &labelled.config]);
        let books = &house.run_json(&["balance", "--json", "--config", &labelled.config]);
        assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
        let told = labelled.compare_with_truth(&house);
        println!("{told:?} {books}");
        assert_eq!(told.wrongly_credited, 0, "{told:?}");
        assert!(told.found * 1_000 >= told.on_roster * 995, "{told:?}");
        assert!(told.definite * 100 >= told.on_roster * 75, "{told:?}");
        assert!(told.right * 1_000 >= told.told * 995, "{told:?}");
    }
}

type Ledger = HashMap<i64, (String, u64, u64)>;

/// Uploads files and checks that books, reasons and every teacher's hours agree with the plan.
fn upload_as_planned(house: &TestEnv, config: &str, args: &[&str]) -> Value {
    let asked = |more: &[&str]| house.run_json(&[&["upload"], args, more, &["--json", "--config", config]].concat());
    let letters = || house.open_dead_letters().len();
    let (before, waiting) = (labelled::read_ledger(house), letters());
    let plan = asked(&["--plan", "--limit", "1000000"]);
    assert!(labelled::read_ledger(house) == before && letters() == waiting, "a plan changes nothing");
    let pass = asked(&[]);
    assert_eq!(plan["balance"], pass["balance"]);
    let parked = pass["balance"]["parked"].as_u64().unwrap() as usize;
    assert_eq!(plan["parked"]["rows"].as_array().unwrap().len(), parked);
    let after = labelled::read_ledger(house);
    let none = (String::new(), 0, 0);
    let hours = |ledger: &Ledger, teacher: i64| {
        let (_, counted, provisional) = ledger.get(&teacher).unwrap_or(&none);
        (*counted, *provisional)
    };
    let (mut known, mut new) = (BTreeMap::new(), vec![]);
    for teacher in plan["teachers"].as_array().unwrap() {
        let pair = |of: &str, nth: usize| teacher["hours"][of][["before", "after"][nth]]["units"].as_u64().unwrap_or(0);
        let both = |nth| (pair("counted", nth), pair("provisional", nth));
        match teacher["teacher"].as_i64() {
            None => new.push(both(1)),
            Some(_) if both(0) == both(1) => {}
            Some(number) => drop(known.insert(number, (both(0), both(1)))),
        }
    }
    let changed = |teacher: &&i64| hours(&before, **teacher) != hours(&after, **teacher);
    let seen: BTreeMap<i64, _> =
        before.keys().filter(changed).map(|t| (*t, (hours(&before, *t), hours(&after, *t)))).collect();
    assert_eq!(known, seen);
    let mut come: Vec<_> = after.keys().filter(|t| !before.contains_key(t)).map(|t| hours(&after, *t)).collect();
    come.sort_unstable();
    new.sort_unstable();
    assert_eq!(new, come);
    plan
}

#[test]
fn what_files_would_do_to_a_population_is_what_they_do() {
    for on in [Services::Sqlite, Services::Postgres] {
        let house = TestEnv::new(on);
        let labelled = Labelled::write_files(&house, Training::new(Population::new(2, 400), 30), false);
        let config = labelled.config.as_str();
        let others: Vec<&str> = SOURCES.iter().map(|s| s.name).filter(|name| *name != "A1").collect();
        let sync = [&["sync"], others.as_slice(), &["--json", "--config", config]].concat();
        house.run_json(&sync);
        let file = |name: &str| labelled.files.join(name).display().to_string();
        let (first, again) = (file("A1/A1_20190110_001.json"), file("A1/A1_20190120_001.json"));
        let plan = upload_as_planned(&house, config, &["A1", &first]);
        assert!(plan["hours"]["hours_change"].as_u64().unwrap() > 30 && plan["balance"]["parked"] != 0, "{plan}");
        upload_as_planned(&house, config, &["A1", &again]);
        // The roster gives names and ages, and a newer one contradicts it.
        let (schools, teachers) = (file("roster/学校名册_20140901.csv"), file("roster/教师名册_20140901_001.csv"));
        upload_as_planned(&house, config, &["roster", &schools, "--stream", "schools"]);
        let plan = upload_as_planned(&house, config, &["roster", &teachers, "--stream", "teachers"]);
        assert!(plan["people"]["on_roster"] == 400 && plan["hours"]["hours_change"] != 0, "{plan}");
        let text = std::fs::read_to_string(&teachers).unwrap();
        let other = |(nth, line): (usize, &str)| match nth % 9 {
            1 => format!("赵{line}\n"),
            2 => line.replace(line.split(',').nth(4).unwrap(), "2122999999") + "\n",
            _ => format!("{line}\n"),
        };
        let newer = file("roster/教师名册_20150901_001.csv");
        std::fs::write(&newer, text.lines().enumerate().map(other).collect::<String>()).unwrap();
        let plan = upload_as_planned(&house, config, &["roster", &newer, "--stream", "teachers"]);
        assert!(plan["people"]["renamed"].as_u64().unwrap() > 30 && plan["hours"]["hours_change"] != 0, "{plan}");
        assert!(plan["parked"]["reasons"]["school_code.unknown"] != json!(null), "{plan}");
    }
}
