//! Payloads that cannot be decoded fail their run, are kept before everybody's eyes, and have an end: read well, replaced, or
//! dismissed. Tested with the real program on both databases.

use std::path::PathBuf;

use crate::files::{MANIFEST, csv};
use crate::missing::{Ended, Office};
use crate::operations::assert_fits_schema;
use crate::test_env::{Services, items_of};

struct Site {
    office: Office,
}

impl Site {
    fn path(&self, name: &str) -> PathBuf {
        self.office.house.dir.0.join("in").join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs a command that must fail, and returns what it told.
    fn fail(&self, args: &[&str]) -> String {
        let Ended { ok, told } = self.office.run(args);
        assert!(!ok, "{args:?}: {told}");
        told
    }

    /// Returns the numbers of the payloads in a state.
    fn payloads(&self, state: &str) -> Vec<String> {
        let listed = self.office.run_json(&["payloads", "list", "--state", state]);
        assert_fits_schema("payloads.list", &listed);
        items_of(listed).as_array().unwrap().iter().map(|row| row["payload"].to_string()).collect()
    }

    fn records(&self) -> i64 {
        self.office.house.run_sql("SELECT count(*) FROM training_record")
    }

    /// Returns the number of unread payloads, and whether the books are complete.
    fn balance(&self) -> (i64, bool) {
        let books = self.office.run_json(&["balance"]);
        (books["unread"].as_i64().unwrap(), books["complete"].as_bool().unwrap())
    }

    fn is_alarmed(&self) -> bool {
        self.office.run(&["doctor"]).told.contains("cannot be decoded, see `huiliu payloads list`")
    }
}

fn rows(course: &str) -> String {
    csv([(course.to_owned(), 36)])
}

#[test]
fn an_unread_payload_fails_until_it_is_read_replaced_or_dismissed() {
    for on in [Services::Sqlite, Services::Postgres] {
        let site = Site { office: Office::new(on, MANIFEST, "folder = \"{folder}\"") };
        for name in ["a.csv", "c.csv", "e.csv"] {
            site.put(name, &rows(name));
        }
        site.put("b.csv", &rows("B").replace(',', ";"));
        site.put("d.csv", "Name,Hours\n王明明,36\n");
        // The run fails, and bars nothing.
        let told = site.fail(&["sync", "county"]);
        assert!(told.contains("2 payloads cannot be decoded, the first of them b.csv"), "{told}");
        assert!(told.contains("separated by ;") && told.contains("not complete"), "{told}");
        assert_eq!((site.records(), site.balance()), (3, (2, false)));
        assert!(site.office.run(&["runs", "list"]).told.contains("2 payloads cannot be decoded"));
        // The alarm stays, though nothing new comes.
        let again = site.fail(&["sync", "county"]);
        assert!(again.contains("2 payloads that came earlier cannot be decoded"), "{again}");
        assert!(site.is_alarmed() && site.fail(&["doctor"]).contains("d.csv"));
        let open = site.payloads("open");
        let [b, d] = &open[..] else { panic!("{open:?}") };
        let shown = site.office.run_json(&["payloads", "show", b]);
        assert_fits_schema("payloads.show", &shown);
        assert_eq!((&shown["address"], &shown["state"]), (&"b.csv".into(), &"open".into()), "{shown}");
        // Nothing has changed, so decoding it again fails again.
        let told = site.fail(&["payloads", "retry", b]);
        assert!(told.contains("separated by ;") && told.contains("still cannot be decoded"), "{told}");
        // Today's manifest reads it.
        site.office.write_manifest(&MANIFEST.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
        let plan = site.office.run_json(&["payloads", "retry", b, "--plan"]);
        assert_fits_schema("payloads.retry", &plan);
        assert_eq!((&plan["payloads"][0]["records"], site.records()), (&1.into(), 3), "{plan}");
        let retried = site.office.run_json(&["payloads", "retry", b]);
        assert_eq!((&retried["payloads"][0]["state"], site.records()), (&"read".into(), 4), "{retried}");
        assert_eq!((site.payloads("open"), site.balance()), (vec![d.clone()], (1, false)));
        assert!(site.fail(&["payloads", "retry", b]).contains("was decoded or replaced since"));
        site.office.write_manifest(MANIFEST);
        // Dismissing needs a reason, and can be taken back.
        assert!(site.fail(&["payloads", "dismiss", d]).contains("--because"));
        let dismiss = || {
            let decided = site.office.run_json(&["payloads", "dismiss", d, "--because", "another office's file"]);
            assert_fits_schema("payloads.dismiss", &decided);
        };
        dismiss();
        assert!(!site.is_alarmed() && site.office.run(&["sync", "county"]).ok);
        assert_eq!(site.balance(), (0, true));
        assert!(site.fail(&["payloads", "dismiss", d, "--because", "x"]).contains("is not open"));
        assert!(site.office.run(&["payloads", "list", "--all"]).told.contains("another office's file"));
        let reopened = site.office.run_json(&["payloads", "reopen", d, "--because", "it is ours"]);
        assert_fits_schema("payloads.reopen", &reopened);
        assert!(site.is_alarmed());
        // A file that takes its place ends it, and says so.
        site.put("d.csv", &rows("D"));
        let Ended { ok, told } = site.office.run(&["sync", "county"]);
        assert!(ok && site.records() == 5 && !site.is_alarmed(), "{told}");
        assert!(site.office.run(&["payloads", "show", d]).told.contains("replaced by payload"));
        let audit = site.office.run_json(&["audit", "--limit", "100"]).to_string();
        for action in ["payload.retry", "payload.dismiss", "payload.reopen", "it is ours"] {
            assert!(audit.contains(action), "{action}: {audit}");
        }
        assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
        assert!(site.fail(&["payloads", "show", "4711"]).contains("no payload 4711"));
    }
}

/// A file that was handed in has only a name, and another one may have it too: only the same bytes end it.
#[test]
fn an_uploaded_payload_is_ended_by_its_own_bytes_only() {
    let site = Site { office: Office::new(Services::Sqlite, MANIFEST, "folder = \"{folder}\"") };
    let upload = |name: &str, text: &str| {
        let path = site.office.house.dir.0.join(name);
        std::fs::write(&path, text).unwrap();
        site.office.run(&["upload", "county", path.to_str().unwrap()])
    };
    let bad = rows("A").replace(',', ";");
    let Ended { ok, told } = upload("名单.csv", &bad);
    assert!(!ok && told.contains("1 payload cannot be decoded: 名单.csv"), "{told}");
    let Ended { ok, told } = upload("名单.csv", &rows("B"));
    assert!(!ok && told.contains("1 payload that came earlier cannot be decoded"), "{told}");
    site.office.write_manifest(&MANIFEST.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
    let Ended { ok, told } = upload("名单（2）.csv", &bad);
    assert!(ok && site.records() == 2 && site.payloads("open").is_empty(), "{told}");
}

/// An administrator sees what an unread payload would change before it counts, counts it, and takes that back.
#[test]
fn an_unread_payload_is_parked_planned_replayed_and_undone() {
    for on in [Services::Sqlite, Services::Postgres] {
        let with_rows = MANIFEST.replace(
            "record_key =",
            "rows = [{ when = [{ path = \"学时\", is = [\"撤回\"] }], act = \"withdraw\", because = \"revoked\" }]\nrecord_key =",
        );
        let site = Site { office: Office::new(on, &with_rows, "folder = \"{folder}\"") };
        let row = |course: &str, hours: &str| format!("王明明,220102197501010110,{course},{hours},2015-03-01\n");
        let header = "姓名,身份证号,课程,学时,结业日期\n";
        let a = format!("{header}{}{}{}", row("A", "36"), row("B", "10"), row("C", "5"));
        // A new version, the same again, one withdrawn, a new course, and a row without hours.
        let b =
            [("A", "40"), ("B", "10"), ("C", "撤回"), ("D", "8"), ("E", "")].map(|(course, hours)| row(course, hours));
        let b = format!("{header}{}", b.concat());
        site.put("a.csv", &a);
        site.put("b.csv", &b.replace(',', ";"));
        site.fail(&["sync", "county"]);
        let hours = || site.office.all_hours();
        let before = hours();
        let b = &site.payloads("open")[0];
        site.office.write_manifest(&with_rows.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
        let told = site.fail(&["payloads", "retry", b, "--plan", "--park"]);
        assert!(told.contains("--park"), "{told}");
        let parked = site.office.run(&["payloads", "retry", b, "--park"]);
        assert!(parked.ok && parked.told.contains(&format!("huiliu replay plan --payload {b}")), "{}", parked.told);
        assert!(parked.told.contains("records: 5, awaiting a replay: 4"), "{}", parked.told);
        // Nothing counts yet, nobody is disputed, and nothing is missing from the books.
        assert_eq!((hours(), site.records(), site.balance()), (before, 3, (0, true)));
        assert!(items_of(site.office.run_json(&["records", "list", "--disputed"])).as_array().unwrap().is_empty());
        let disputed = "SELECT count(*) FROM training_record_readable WHERE status IS NOT NULL";
        assert_eq!(site.office.house.run_sql(disputed), 0);
        assert!(site.office.run(&["payloads", "show", b]).told.contains("4 records await a replay"));
        assert!(site.office.run(&["verify"]).ok);
        let groups = items_of(site.office.run_json(&["dead-letters", "groups", "--payload", b]));
        let group = |code: &str| groups.as_array().unwrap().iter().find(|of| of["code"] == code).unwrap().clone();
        let awaiting = group("record.awaits_replay");
        assert_eq!(
            (&awaiting["dead_letters"], &awaiting["responsible"]),
            (&4.into(), &"administrator".into()),
            "{groups}"
        );
        assert_eq!(group("hours.missing")["dead_letters"], 1, "{groups}");
        let letters = items_of(site.office.run_json(&["dead-letters", "list", "--code", "record.awaits_replay"]));
        let letter = letters[0]["dead_letter"].to_string();
        let shown = site.office.run(&["dead-letters", "show", &letter]).told;
        let said = format!(
            "record.awaits_replay  nothing is wrong with it; it was parked on purpose and counts once a replay is applied: `huiliu replay plan --payload {b}`"
        );
        assert!(shown.contains(&said), "{shown}");
        // The sender is asked about the faulty row only.
        let sheet = site.office.house.dir.0.join("back.xlsx");
        let made = site.office.run_json(&["corrections", "export", "county", "--to", sheet.to_str().unwrap()]);
        assert_eq!(made["faulty_rows"], 1, "{made}");
        assert!(site.fail(&["replay", "plan", "--payload", "4711"]).contains("no payload 4711"));
        let plan = site.office.run_json(&["replay", "plan", "--payload", b]);
        let outcomes = serde_json::json!({ "inserted": 1, "parked": 1, "unchanged": 1, "updated": 1, "withdrawn": 1 });
        assert_eq!(plan["outcomes"], outcomes, "{plan}");
        assert_eq!((plan["effects"].as_array().unwrap().len(), hours()), (1, before), "{plan}");
        let id = plan["replay"].to_string();
        assert!(site.office.run(&["replay", "apply", &id]).ok);
        assert_ne!(hours(), before);
        let both = |side: &str| {
            let hours = |of: &str| plan["effects"][0][of][side]["hours"].as_str().unwrap().parse::<i64>().unwrap();
            hours("counted") + hours("provisional")
        };
        assert_eq!((both("before"), both("after")), (before, hours()), "{plan}");
        let undo = site.office.run_json(&["replay", "undo", &id]);
        let provisional = |of: &serde_json::Value, side: &str| of["effects"][0]["provisional"][side].clone();
        assert_eq!((&undo["kept"], provisional(&undo, "after")), (&0.into(), provisional(&plan, "before")), "{undo}");
        assert!(site.office.run(&["replay", "apply", &undo["replay"].to_string()]).ok);
        assert_eq!(hours(), before);
        let again = items_of(site.office.run_json(&["dead-letters", "list", "--code", "record.awaits_replay"]));
        assert_eq!(again.as_array().unwrap().len(), 4, "{again}");
        assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
        // The same file, sent again, counts as any other, and ends what waited; but for a withdrawal, which is no record.
        site.put("b2.csv", &std::fs::read_to_string(site.path("b.csv")).unwrap());
        let synced = site.office.run(&["sync", "county"]);
        assert!(synced.ok && hours() == both("after"), "{}", synced.told);
        let plan = site.office.run_json(&["replay", "plan", "--code", "record.awaits_replay"]);
        assert_eq!(plan["outcomes"], serde_json::json!({ "withdrawn": 1 }), "{plan}");
        assert!(plan["effects"].as_array().unwrap().is_empty(), "{plan}");
        assert!(site.office.run(&["replay", "apply", &plan["replay"].to_string()]).ok);
        assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
        assert!(site.office.run(&["audit", "--limit", "100"]).told.contains("park the records of a payload"));
    }
}

/// A person discards a faulty row. A sound version of its record that is parked later is not discarded with it.
#[test]
fn a_parked_record_is_not_discarded_with_an_earlier_version() {
    for on in [Services::Sqlite, Services::Postgres] {
        let site = Site { office: Office::new(on, MANIFEST, "folder = \"{folder}\"") };
        let of_a =
            |hours: &str| format!("姓名,身份证号,课程,学时,结业日期\n王明明,220102197501010110,A,{hours},2015-03-01\n");
        site.put("a.csv", &of_a(""));
        site.put("b.csv", &of_a("20").replace(',', ";"));
        site.fail(&["sync", "county"]);
        let letter = items_of(site.office.run_json(&["dead-letters", "list"]))[0]["dead_letter"].to_string();
        assert!(site.office.run(&["dead-letters", "discard", &letter, "--because", "no hours"]).ok);
        let b = &site.payloads("open")[0];
        site.office.write_manifest(&MANIFEST.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
        let parked = site.office.run_json(&["payloads", "retry", b, "--park"]);
        assert_fits_schema("payloads.retry", &parked);
        assert_eq!((&parked["payloads"][0]["awaiting"], site.records()), (&1.into(), 0), "{parked}");
        let replay = |args: &[&str]| {
            let plan = site.office.run_json(&[&["replay"], args].concat());
            assert_fits_schema(&format!("replays.{}", if args[0] == "plan" { "plan" } else { "plan_undo" }), &plan);
            let id = plan["replay"].to_string();
            assert!(site.office.run(&["replay", "apply", &id]).ok, "{plan}");
            assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
            id
        };
        let id = replay(&["plan", "--payload", b]);
        assert_eq!((site.records(), site.office.all_hours()), (1, 20));
        replay(&["undo", &id]);
        assert_eq!(site.office.all_hours(), 0);
        // What a person discards now stays out of every replay.
        assert!(site.office.run(&["dead-letters", "discard", &letter, "--because", "not wanted"]).ok);
        assert!(site.fail(&["replay", "plan", "--payload", b]).contains("no open dead letter"));
        assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
    }
}

/// What an administrator plans of one parked payload counts no other one, though both have versions of the same records. A mapped
/// value makes a row sound, parked or not; nothing else can be corrected in a sound row.
#[test]
fn a_parked_payload_is_replayed_alone_and_read_as_any_other() {
    let site = Site { office: Office::new(Services::Sqlite, MANIFEST, "folder = \"{folder}\"") };
    let of_a =
        |hours: &str| format!("姓名,身份证号,课程,学时,结业日期\n王明明,220102197501010110,A,{hours},2015-03-01\n");
    site.put("a.csv", &of_a("三十六"));
    assert!(site.office.run(&["sync", "county"]).ok);
    let letter = items_of(site.office.run_json(&["dead-letters", "list"]))[0]["dead_letter"].to_string();
    assert!(site.office.run(&["corrections", "map", &letter, "--set", "学时=36", "--because", "words"]).ok);
    for (name, hours) in [("b.csv", "三十六"), ("c.csv", "990")] {
        site.put(name, &of_a(hours).replace(',', ";"));
        site.fail(&["sync", "county"]);
    }
    site.office.write_manifest(&MANIFEST.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
    let open = site.payloads("open");
    let [b, c] = &open[..] else { panic!("{open:?}") };
    let parked = site.office.run_json(&["payloads", "retry", b, c, "--park"]);
    let awaiting = |of: usize| parked["payloads"][of]["awaiting"].clone();
    assert_eq!((awaiting(0), awaiting(1)), (1.into(), 1.into()), "{parked}");
    let told = site.fail(&["corrections", "add", &letter, "--set", "学时=9", "--because", "x"]);
    assert!(told.contains("nothing is wrong with dead letter"), "{told}");
    let plan = site.office.run_json(&["replay", "plan", "--payload", b]);
    assert_eq!(plan["items"].as_array().unwrap().len(), 1, "{plan}");
    assert!(site.office.run(&["replay", "apply", &plan["replay"].to_string()]).ok);
    assert_eq!(site.office.all_hours(), 36);
    let shown = site.office.run_json(&["payloads", "show", c]);
    assert_eq!((&shown["awaiting"], &shown["undelivered"]), (&1.into(), &0.into()), "{shown}");
    assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
}

/// A file that is whole says who is missing when it counts, not while it is parked.
#[test]
fn nobody_is_missing_from_a_parked_file() {
    let whole = MANIFEST.replace(
        "version = { from = \"landing\" }",
        "version = { from = \"file_date\" }\ncomplete = true\nmissing = \"withdraw\"",
    );
    let site = Site { office: Office::new(Services::Sqlite, &whole, "folder = \"{folder}\"") };
    let all = csv((0..30).map(|course| (format!("A{course}"), 10)));
    let fewer = csv((1..30).map(|course| (format!("A{course}"), 10)));
    site.put("t_20150901.csv", &all);
    assert!(site.office.run(&["sync", "county"]).ok);
    site.put("t_20151001.csv", &fewer.replace(',', ";"));
    site.fail(&["sync", "county"]);
    let unread = &site.payloads("open")[0];
    site.office.write_manifest(&whole.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
    assert!(site.office.run(&["payloads", "retry", unread, "--park"]).ok);
    for _ in 0..2 {
        site.office.run(&["sync", "county"]);
        assert_eq!((site.office.all_hours(), site.office.missing().len()), (300, 0));
    }
    let plan = site.office.run_json(&["replay", "plan", "--payload", unread]);
    assert!(site.office.run(&["replay", "apply", &plan["replay"].to_string()]).ok);
    assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
}

/// The rest of a payload that is delivered after a replay of its first part is no second receipt of it.
#[test]
fn a_replay_is_undone_though_the_rest_of_its_payload_came_since() {
    let site = Site { office: Office::new(Services::Sqlite, MANIFEST, "folder = \"{folder}\"") };
    let contract = "[stream.contract]\nhold_above_percent = 30\nhold_from_records = 5\n[stream.map]";
    let contracted = MANIFEST.replace("[stream.map]", contract);
    let settings = site.office.house.dir.0.join("huiliu.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("batch_records = 10\n{text}")).unwrap();
    let hours = |course: u32| if course >= 10 && course.is_multiple_of(2) { "" } else { "11" };
    let row = |course: u32| format!("王明明;220102197501010110;B{course};{};2015-03-01\n", hours(course));
    site.put("b.csv", &format!("姓名;身份证号;课程;学时;结业日期\n{}", (0..20).map(row).collect::<String>()));
    site.fail(&["sync", "county"]);
    let b = &site.payloads("open")[0];
    site.office.write_manifest(&contracted.replace("kind = \"csv\",", "kind = \"csv\", separator = \";\","));
    let parked = site.office.run(&["payloads", "retry", b, "--park"]).told;
    assert!(
        parked.contains("awaiting a replay: 10") && parked.contains("10 records are not delivered yet"),
        "{parked}"
    );
    let plan = site.office.run_json(&["replay", "plan", "--payload", b]);
    assert!(site.office.run(&["replay", "apply", &plan["replay"].to_string()]).ok);
    let held = items_of(site.office.run_json(&["batches", "list"]))[0]["batch"].to_string();
    assert!(site.office.run(&["batches", "release", &held, "--because", "known"]).ok);
    assert!(site.office.run(&["worker", "--until-done"]).ok);
    assert_eq!((site.records(), site.office.all_hours()), (10, 110), "what was held is parked, too");
    let undo = site.office.run_json(&["replay", "undo", &plan["replay"].to_string()]);
    assert_eq!((&undo["kept"], &undo["outcomes"]["parked"]), (&0.into(), &10.into()), "{undo}");
    assert!(site.office.run(&["replay", "apply", &undo["replay"].to_string()]).ok);
    assert_eq!(site.office.all_hours(), 0);
    assert!(site.office.run(&["balance"]).ok && site.office.run(&["verify"]).ok);
}
