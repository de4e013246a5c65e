//! What a source takes back counts no longer, and what it says unreadably is disputed. Tested with the real program over
//! HTTP on both databases.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::extraction::{Answer, Platform, Says, Site};
use crate::rules::write_pack;
use crate::test_env::Services;

/// Generated people: name and ID number.
const PEOPLE: [(&str, &str); 3] =
    [("李明洋", "220102197502070123"), ("张明霞", "220102197503160139"), ("刘明华", "220102197504220148")];

const HEAD: &str = r#"
manifest = 1
id = "p"
version = 1
title_zh = "测试平台"
title_en = "A platform of a test"
profile = "Made for a test."
[transport]
kind = "http"
[[stream]]
kind = "course_completion"
"#;

/// A listing of completions with a state that can be 作废.
const COMPLETIONS: &str = r#"
name = "completions"
request = "/list"
format = { kind = "json", items = "data" }
record_key = ["id"]
version = { from = "field", path = "updated" }
pass = "not_assessed"
rows = [
  { when = [{ path = "状态", is = ["作废", "已撤销"] }], act = "withdraw", because = "voided 已作废" },
  { when = [{ path = "状态", is = ["待核"] }], act = "skip", because = "to be checked 待核" },
]
[stream.map]
name = "name"
id_number = "idNo"
course_code = "course"
hours = { path = "hours", unit = "class_hour" }
period_end = "end"
"#;

/// xAPI statements, of which one can void another.
const STATEMENTS: &str = r#"
name = "statements"
request = { path = "/xAPI/statements", headers = { "X-Experience-API-Version" = "1.0.3" } }
page = { by = "link", next = "more", size_param = "limit", size = 100 }
format = { kind = "json", items = "statements" }
record_key = ["id"]
version = { from = "field", path = "stored" }
pass = "not_assessed"
rows = [{ when = [{ path = "verb.id", matches = "/(voided)$" }], act = "withdraw", withdraws = ["object.id"], because = "voided" }]
[stream.map]
name = "actor.name"
id_number = "actor.account.name"
course_code = "object.id"
hours = { constant = "10", unit = "class_hour" }
period_end = "timestamp"
"#;

/// A site whose platform answers with what `says` holds.
struct Listing {
    site: Site,
    says: Arc<Mutex<Value>>,
}

impl Listing {
    fn new(on: Services, stream: &str, first: Value) -> Self {
        let says = Arc::new(Mutex::new(first));
        let answer = Arc::clone(&says);
        let platform = Platform::start(move |_| Answer::json(answer.lock().unwrap().to_string()));
        let site = Site::with_database(on, &platform, &Says::default());
        site.write_manifest("p", &format!("{HEAD}{stream}"));
        Self { site, says }
    }

    /// Syncs what the platform says now and returns the counters that are not zero.
    fn sync(&self, now: Value) -> Value {
        *self.says.lock().unwrap() = now;
        let pass = self.site.run_json(&["sync", "--all", "--json"]);
        self.check();
        let counters = ["inserted", "updated", "unchanged", "superseded", "skipped", "withdrawn", "parked"];
        let balance = &pass["balance"];
        assert_eq!((&balance["balanced"], &balance["complete"]), (&json!(true), &json!(true)), "{pass}");
        counters
            .iter()
            .filter(|name| balance[**name] != 0)
            .map(|name| ((*name).to_owned(), balance[*name].clone()))
            .collect()
    }

    /// Checks the books and the ledger.
    fn check(&self) {
        let books = self.site.run_json(&["balance", "--json"]);
        assert_eq!((&books["balanced"], &books["differing_batches"]), (&json!(true), &json!(0)), "{books}");
        let out = self.site.run(&["verify"]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }

    /// Returns what the readable view says of the record of a person.
    fn status_in_view(&self, nth: usize) -> String {
        let sql = format!(
            "SELECT CAST(1 AS bigint), coalesce(status, '') FROM training_record_readable WHERE name = '{}'",
            PEOPLE[nth].0
        );
        String::from_utf8(self.site.house.query_rows(&sql)[0].1.clone()).unwrap()
    }

    /// Returns name, outcome and class hours of each teacher's entry, by name.
    fn entries(&self) -> Vec<String> {
        let mut told = vec![];
        for record in self.site.list_items(&["records", "list", "--json"]).as_array().unwrap() {
            let explained = self.site.run_json(&["teachers", "explain", &record["teacher"].to_string(), "--json"]);
            let entries = explained["entries"].as_array().unwrap();
            let entry = entries.iter().find(|e| e["record"] == record["record"]).unwrap();
            let word = |of: &str| entry[of].as_str().unwrap();
            let hours = entry["hours"]["units"].as_i64().unwrap() / 108_000;
            told.push(format!("{} {} {hours}", word("name"), word("outcome")));
        }
        told.sort();
        told
    }

    fn explain(&self, nth: usize) -> String {
        let records = self.site.list_items(&["records", "list", "--json"]);
        let record = records.as_array().unwrap().iter().find(|r| r["name"] == PEOPLE[nth].0).unwrap();
        let out = self.site.run(&["teachers", "explain", &record["teacher"].to_string()]);
        String::from_utf8(out.stdout).unwrap()
    }

    fn listed(&self, filter: &str) -> Value {
        self.site.list_items(&["records", "list", filter, "--json"])
    }
}

fn completion(nth: usize, updated: &str, state: &str) -> Value {
    let (name, id) = PEOPLE[nth];
    json!({ "id": nth, "updated": format!("{updated}T09:00:00+08:00"), "状态": state, "idNo": id, "name": name,
            "course": "C1", "hours": "10", "end": "2015-03-01" })
}

fn listing(rows: Vec<Value>) -> Value {
    json!({ "data": rows })
}

#[test]
fn a_row_that_is_void_takes_its_record_back() {
    for on in [Services::Sqlite, Services::Postgres] {
        let valid = |nth| completion(nth, "2026-11-20", "有效");
        let first = listing(vec![valid(0), valid(1)]);
        let of = Listing::new(on, COMPLETIONS, first.clone());
        assert_eq!(of.sync(first), json!({ "inserted": 2 }), "{on:?}");
        let both = ["张明霞 provisional 10", "李明洋 provisional 10"];
        assert_eq!(of.entries(), both, "{on:?}");

        let voided = listing(vec![completion(0, "2026-11-29", "作废"), valid(1)]);
        assert_eq!(of.sync(voided.clone()), json!({ "unchanged": 1, "withdrawn": 1 }), "{on:?}");
        let one = ["张明霞 provisional 10", "李明洋 withdrawn 0"];
        assert_eq!(of.entries(), one, "{on:?}");
        let told = of.explain(0);
        assert!(told.contains("withdrawn by the source") && told.contains("voided 已作废"), "{told}");
        assert!(told.contains("setting.withdrawn_record"), "the rule is named: {told}");
        let listed = of.listed("--withdrawn");
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["status"]["cause"]), (1, &json!("withdrawn")));
        assert_eq!([0, 1].map(|nth| of.status_in_view(nth)), ["withdrawn", ""], "{on:?}");

        // The same again, and an older word, change nothing. A newer one counts the record again.
        assert_eq!(of.sync(voided), json!({ "unchanged": 1, "withdrawn": 1 }), "{on:?}");
        assert_eq!(of.sync(listing(vec![valid(0), valid(1)])), json!({ "unchanged": 2 }), "{on:?}");
        assert_eq!(of.entries(), one, "{on:?}");
        let again = listing(vec![completion(0, "2026-11-30", "有效"), valid(1)]);
        assert_eq!(of.sync(again), json!({ "updated": 1, "unchanged": 1 }), "{on:?}");
        assert_eq!(of.entries(), both, "{on:?}");
        assert_eq!(of.listed("--withdrawn"), json!([]), "{on:?}");
    }
}

#[test]
fn a_statement_voids_another_by_its_id() {
    let statement = |id: &str, nth: usize, stored: &str| {
        let (name, number) = PEOPLE[nth];
        json!({ "id": id, "actor": { "name": name, "account": { "name": number } },
                "verb": { "id": "http://adlnet.gov/expapi/verbs/completed" }, "object": { "id": "http://jl.example/c/1" },
                "timestamp": "2015-03-01T02:00:00Z", "stored": stored })
    };
    let void = |id: &str, of: &str, stored: &str| {
        json!({ "id": id, "actor": { "name": "平台", "account": { "name": "admin" } },
                "verb": { "id": "http://adlnet.gov/expapi/verbs/voided" }, "object": { "objectType": "StatementRef", "id": of },
                "timestamp": stored, "stored": stored })
    };
    let page = |statements: &[Value]| json!({ "statements": statements, "more": "" });
    for on in [Services::Sqlite, Services::Postgres] {
        let first = page(&[statement("s1", 0, "2026-11-28T02:00:00Z"), statement("s2", 1, "2026-11-28T02:00:00Z")]);
        let of = Listing::new(on, STATEMENTS, first.clone());
        assert_eq!(of.sync(first), json!({ "inserted": 2 }), "{on:?}");
        // The store no longer lists what is voided, only the statement that voids it; and one of which nothing is known yet.
        let voided = page(&[
            statement("s2", 1, "2026-11-28T02:00:00Z"),
            void("s9", "s1", "2026-11-29T02:00:00Z"),
            void("s10", "s3", "2026-11-29T03:00:00Z"),
        ]);
        assert_eq!(of.sync(voided), json!({ "unchanged": 1, "withdrawn": 2 }), "{on:?}");
        assert_eq!(of.entries(), ["张明霞 provisional 10", "李明洋 withdrawn 0"], "{on:?}");
        let late = page(&[statement("s3", 2, "2026-11-28T04:00:00Z"), void("s11", "", "2026-11-29T03:00:00Z")]);
        assert_eq!(of.sync(late), json!({ "inserted": 1, "parked": 1 }), "{on:?}");
        assert_eq!(of.entries(), ["刘明华 withdrawn 0", "张明霞 provisional 10", "李明洋 withdrawn 0"], "{on:?}");
        let letters = of.site.list_items(&["dead-letters", "list", "--json"]);
        let reason = &letters[0]["reasons"][0];
        assert_eq!((&reason["code"], &reason["source_field"]), (&json!("record_key.missing"), &json!("object.id")));
    }
}

#[test]
fn a_newer_version_that_cannot_be_used_makes_the_older_one_disputed() {
    for on in [Services::Sqlite, Services::Postgres] {
        let valid = |nth| completion(nth, "2026-11-20", "有效");
        let first = listing(vec![valid(0), valid(1), valid(2)]);
        let of = Listing::new(on, COMPLETIONS, first.clone());
        assert_eq!(of.sync(first), json!({ "inserted": 3 }), "{on:?}");
        let mut unreadable = completion(0, "2026-11-29", "有效");
        unreadable["hours"] = json!("十");
        let second = listing(vec![unreadable, completion(1, "2026-11-29", "待核"), valid(2)]);
        assert_eq!(of.sync(second), json!({ "unchanged": 1, "skipped": 1, "parked": 1 }), "{on:?}");
        // Disputed records count unless the pack says otherwise, and every listing says that they are disputed.
        let counted = ["刘明华 provisional 10", "张明霞 provisional 10", "李明洋 provisional 10"];
        assert_eq!(of.entries(), counted, "{on:?}");
        let listed = of.listed("--disputed");
        let status =
            |nth: usize| &listed.as_array().unwrap().iter().find(|r| r["name"] == PEOPLE[nth].0).unwrap()["status"];
        assert_eq!((&status(0)["cause"], &status(1)["cause"]), (&json!("parked"), &json!("skipped")), "{on:?}");
        let letter = status(0)["dead_letter"].to_string();
        assert_eq!([0, 1, 2].map(|nth| of.status_in_view(nth)), ["disputed", "disputed", ""], "{on:?}");
        assert!(of.explain(0).contains(&format!("dead letter {letter}")), "{}", of.explain(0));
        assert!(of.explain(1).contains("to be checked 待核"), "{}", of.explain(1));
        assert!(!of.explain(2).contains("disputed"), "{}", of.explain(2));

        let plan = count_nothing_in_dispute(&of);
        assert_eq!(plan["totals"]["hours_change"], 2, "{plan}");
        of.check();
        assert_eq!(of.entries(), ["刘明华 provisional 10", "张明霞 disputed 0", "李明洋 disputed 0"], "{on:?}");

        // A person ends one dispute, the platform the other.
        assert!(of.site.run(&["dead-letters", "discard", &letter, "--because", "a typing error"]).status.success());
        assert!(of.site.run(&["worker", "--until-done"]).status.success());
        of.check();
        assert_eq!(of.entries(), ["刘明华 provisional 10", "张明霞 disputed 0", "李明洋 provisional 10"], "{on:?}");
        let third = listing(vec![valid(0), completion(1, "2026-11-30", "有效"), valid(2)]);
        assert_eq!(of.sync(third), json!({ "updated": 1, "unchanged": 2 }), "{on:?}");
        assert_eq!(of.entries(), counted, "{on:?}");
        assert_eq!(of.listed("--disputed"), json!([]), "{on:?}");
    }
}

#[test]
fn a_replay_foretells_what_a_withdrawal_takes() {
    for on in [Services::Sqlite, Services::Postgres] {
        let valid = |nth| completion(nth, "2026-11-20", "有效");
        let first = listing(vec![valid(0), valid(1)]);
        let of = Listing::new(on, COMPLETIONS, first.clone());
        let as_park = COMPLETIONS.replace("act = \"withdraw\"", "act = \"park\"");
        of.site.write_manifest("p", &format!("{HEAD}{as_park}"));
        of.sync(first);
        let voided = listing(vec![completion(0, "2026-11-29", "作废"), valid(1)]);
        assert_eq!(of.sync(voided), json!({ "unchanged": 1, "parked": 1 }), "{on:?}");
        assert_eq!(of.listed("--disputed")[0]["name"], PEOPLE[0].0, "{on:?}");
        of.site.write_manifest("p", &format!("{}{COMPLETIONS}", HEAD.replace("version = 1", "version = 2")));
        let plan = of.site.run_json(&["replay", "plan", "--json"]);
        assert_eq!((&plan["outcomes"]["withdrawn"], &plan["teachers"]), (&json!(1), &json!(1)), "{plan}");
        of.site.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        assert!(of.site.run(&["worker", "--until-done"]).status.success());
        of.check();
        assert_eq!(of.entries(), ["张明霞 provisional 10", "李明洋 withdrawn 0"], "{on:?}");
        let shown = of.site.run_json(&["replay", "show", &plan["replay"].to_string(), "--json"]);
        assert_eq!(shown["items"][0]["outcome"], "withdrawn", "{shown}");
    }
}

/// Writes and puts into force a pack that counts nothing in dispute.
fn count_nothing_in_dispute(of: &Listing) -> Value {
    let strict = "\n[setting.disputed_record]\nvalue = \"not_counted\"\nbasis = \"assumed\"\nsource = \"a test\"\n";
    let of_jilin = "config/policy/jilin-2014.toml";
    let pack = write_pack(&of.site.house, "strict.toml", of_jilin, &[("version = 2", "version = 3")]);
    std::fs::write(&pack, std::fs::read_to_string(&pack).unwrap() + strict).unwrap();
    let register = ["rules", "register", &pack, "--because", "no hours in dispute", "--json"];
    let plan = of.site.run_json(&[&register[..], &["--plan"]].concat());
    of.site.run_json(&register);
    plan
}

#[test]
fn a_replay_ends_a_dispute_and_begins_one() {
    for on in [Services::Sqlite, Services::Postgres] {
        let row = |nth: usize, updated: &str, state: &str| {
            let mut row = completion(nth, "2026-11-20", state);
            row["changed"] = json!(updated);
            row
        };
        let by_change = COMPLETIONS.replace("path = \"updated\"", "path = \"changed\"");
        let of = Listing::new(on, &by_change, listing(vec![]));
        of.sync(listing(vec![row(0, "2026-11-25", "有效")]));
        count_nothing_in_dispute(&of);
        // A version that cannot be read may be newer; and a record that cannot be read is left out later.
        let mut faulty = row(1, "2026-11-20", "有效");
        faulty["hours"] = json!("十小时");
        let second = of.sync(listing(vec![row(0, "unknown", "有效"), faulty]));
        assert_eq!(second, json!({ "parked": 2 }), "{on:?}");
        assert_eq!(of.sync(listing(vec![row(1, "2026-11-26", "待核")])), json!({ "skipped": 1 }), "{on:?}");
        assert_eq!(of.entries(), ["李明洋 disputed 0"], "{on:?}");
        // The corrected manifest reads both: the first is older than what is stored, the second was left out since.
        let read = by_change.replace("path = \"changed\"", "path = \"updated\"").replace(
            "hours = { path = \"hours\",",
            "hours = { path = \"hours\", then = [{ replace = { from = \"十小时\", to = \"10\" } }],",
        );
        of.site.write_manifest("p", &format!("{}{read}", HEAD.replace("version = 1", "version = 2")));
        let plan = of.site.run_json(&["replay", "plan", "--json"]);
        assert_eq!(plan["teachers"], 2, "{plan}");
        of.site.run_json(&["replay", "apply", &plan["replay"].to_string(), "--json"]);
        assert!(of.site.run(&["worker", "--until-done"]).status.success());
        of.check();
        assert_eq!(of.entries(), ["张明霞 disputed 0", "李明洋 provisional 10"], "{on:?}");
    }
}

#[test]
fn a_manifest_says_clearly_what_a_row_takes_back() {
    let of = Listing::new(Services::Sqlite, COMPLETIONS, json!({}));
    let refused = |change: &[(&str, &str)]| {
        let mut text = format!("{HEAD}{COMPLETIONS}");
        for (old, new) in change {
            assert!(text.contains(old), "{old}");
            text = text.replacen(old, new, 1);
        }
        of.site.write_manifest("p", &text);
        let out = of.site.run(&["connectors", "test", of.site.house.dir.0.join("manifests/p").to_str().unwrap()]);
        assert!(!out.status.success());
        String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout)
    };
    let named = |paths: &str| format!("act = \"withdraw\", withdraws = [{paths}]");
    let told = refused(&[("act = \"withdraw\"", &named("\"a\", \"b\""))]);
    assert!(told.contains("one path for each path of record_key: id"), "{told}");
    let told = refused(&[("act = \"skip\"", "act = \"skip\", withdraws = [\"a\"]")]);
    assert!(told.contains("withdraws belongs to act = \"withdraw\""), "{told}");
    let told = refused(&[("[\"id\"]", "[\"idNo\"]"), ("act = \"withdraw\"", &named("\"other\""))]);
    assert!(told.contains("read from idNo only"), "{told}");
    let told = refused(&[("kind = \"course_completion\"", "kind = \"teacher\"")]);
    assert!(told.contains("rows of a roster cannot be withdrawn"), "{told}");
}
