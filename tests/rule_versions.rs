//! The rules in force are those of the database, on the command line and on both databases: who changes them, what a change
//! does to teachers, and what stands in its way.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use huiliu_store::Db;
use huiliu_store::ledger::groups::{self, Group};
use huiliu_store::ledger::marks;
use huiliu_vault::key_file;
use serde_json::{Value, json};

use crate::rules::{read_file, write_pack};
use crate::test_env::{Services, TestEnv};

const JILIN: &str = "config/policy/jilin-2014.toml";

/// Writes a pack that counts provisional hours for good, as version 3.
fn write_firm_pack(house: &TestEnv) -> String {
    write_pack(
        house,
        "firm.toml",
        JILIN,
        &[("standing = \"provisional\"", "standing = \"final\""), ("version = 2", "version = 3")],
    )
}

fn refusal(house: &TestEnv, args: &[&str]) -> Value {
    let out = house.run(&[args, &["--json"]].concat());
    assert!(!out.status.success(), "{args:?}");
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let line = text.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{args:?}: {text}"));
    serde_json::from_str::<Value>(line).unwrap()["error"].clone()
}

fn version_in_force(house: &TestEnv, name: &str) -> i64 {
    let listed = house.list_items(&["rules", "versions", name, "--json"]);
    let in_force: Vec<i64> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["in_force"] == true)
        .map(|row| row["version"].as_i64().unwrap())
        .collect();
    assert_eq!(in_force.len(), 1, "{listed}");
    in_force[0]
}

fn check_rules_change_by_an_act(on: Services) {
    let house = TestEnv::new(on);
    house.run_json(&["demo", "--records", "3000", "--seed", "3", "--json"]);
    let first = house.read_ledger();
    let firm = write_firm_pack(&house);
    let config = house.dir.0.join("firm-settings.toml");
    std::fs::write(&config, format!("policy_files = [{firm:?}]\n")).unwrap();
    let config = config.to_str().unwrap();

    // A process with other files in its settings says so, and changes nothing.
    let out = house.run(&["worker", "--until-done", "--config", config]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{told}");
    assert_eq!(told.matches("rules register FILE").count(), 1, "{told}");
    assert!(told.contains("jilin-2014") && told.contains("tisheng-2.0"), "{told}");
    assert_eq!(house.read_ledger(), first);
    let doctor = house.run(&["doctor", "--config", config]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("rules register FILE"));
    for of in [&["rules", "list", "--config", config, "--json"][..], &["rules", "list", "--json"]] {
        assert_eq!(house.list_items(of)[0]["version"], 2);
    }

    // A plan says whose hours would change; the act does what the plan says.
    let register = ["rules", "register", &firm, "--because", "notice of 2015", "--json"];
    let plan = house.run_json(&[&register[..], &["--plan"]].concat());
    assert_eq!((plan["state"].clone(), plan["activation"].clone()), (json!("planned"), Value::Null));
    assert!(plan["totals"]["hours_change"].as_u64() > Some(20), "{plan}");
    assert_eq!(house.read_ledger(), first);
    assert_eq!(version_in_force(&house, "jilin-2014"), 2);
    let planned_on = plan["planned_on"].to_string();
    let done = house.run_json(&register);
    assert_eq!((&done["state"], &done["totals"]), (&json!("activated"), &plan["totals"]));
    assert_eq!(done["objects"], json!([{"name": "jilin-2014", "kind": "pack", "before": 2, "after": 3}]));
    let second = house.read_ledger();
    let changed = first.iter().filter(|(id, t)| (t.0, t.1) != (second[*id].0, second[*id].1)).count();
    assert_eq!(json!(changed), plan["totals"]["hours_change"]);
    assert_eq!(version_in_force(&house, "jilin-2014"), 3);
    let audit = house.list_items(&["audit", "--action", "rules", "--json"]);
    let entry = audit.as_array().unwrap().iter().find(|e| e["action"] == "rules.register").unwrap();
    assert_eq!(entry["detail"]["because"], "notice of 2015");
    assert!(audit.as_array().unwrap().iter().any(|e| e["action"] == "rules.seed"));

    // An act that was planned on other rules is refused, and says who changed them.
    let late = ["rules", "activate", "jilin-2014", "2", "--planned-on", &planned_on, "--because", "late"];
    let why = refusal(&house, &late);
    assert_eq!(why["code"], "rules.changed_since", "{why}");
    assert_eq!(house.read_ledger(), second);

    // Comments and form make no version; another content under the same number is refused.
    let remarked = house.dir.0.join("remarked.toml");
    std::fs::write(&remarked, format!("# A remark.\n{}", std::fs::read_to_string(&firm).unwrap())).unwrap();
    let same = house.run_json(&["rules", "register", remarked.to_str().unwrap(), "--because", "x", "--json"]);
    assert_eq!(same["state"], "unchanged");
    let other = write_pack(
        &house,
        "other.toml",
        JILIN,
        &[("version = 2", "version = 3"), ("hours = \"50\"", "hours = \"60\"")],
    );
    assert_eq!(refusal(&house, &["rules", "register", &other, "--because", "x"])["code"], "rules.version_taken");

    // Back, and forth again.
    let back = house.run_json(&["rules", "rollback", "--because", "withdrawn", "--json"]);
    assert_eq!(back["objects"], json!([{"name": "jilin-2014", "kind": "pack", "before": 3, "after": 2}]));
    assert_eq!(house.read_ledger(), first);
    house.run_json(&["rules", "activate", "jilin-2014", "3", "--because", "after all", "--json"]);
    assert_eq!(house.read_ledger(), second);
    house.run_json(&["rules", "rollback", "jilin-2014", "--because", "withdrawn", "--json"]);
    assert_eq!(house.read_ledger(), first);

    // No hour is left without a rule.
    let why = refusal(&house, &["rules", "retire", "jilin-2014", "--because", "x"]);
    assert_eq!(why["code"], "rules.leaves_without_rule", "{why}");
    assert_eq!(refusal(&house, &["rules", "retire", "nothing", "--because", "x"])["code"], "rules.not_found");
    let twin = write_pack(&house, "twin.toml", JILIN, &[("name = \"jilin-2014\"", "name = \"twin\"")]);
    let why = refusal(&house, &["rules", "register", &twin, "--because", "x"]);
    assert!(why["message"].as_str().unwrap().contains("its days overlap"), "{why}");
    assert_eq!(house.read_ledger(), first);

    // Registered only, and not in force.
    let stored = house.run_json(&["rules", "register", &twin, "--no-activate", "--because", "later", "--json"]);
    assert_eq!(stored["state"], "stored");
    let listed = house.list_items(&["rules", "versions", "twin", "--json"]);
    assert_eq!((listed[0]["in_force"].clone(), listed[0]["because"].clone()), (json!(false), json!("later")));
}

#[test]
fn rules_change_by_an_act_on_sqlite() {
    check_rules_change_by_an_act(Services::Sqlite);
}

#[test]
fn rules_change_by_an_act_on_postgresql() {
    check_rules_change_by_an_act(Services::Postgres);
}

#[test]
fn a_changed_crosswalk_and_changed_weights_are_registered_too() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "3000", "--seed", "3", "--json"]);
    let first = house.read_ledger();
    let text = read_file("config/courses.toml");
    let (before, after) = text.split_once("id = \"C-002\"").unwrap();
    let courses = house.dir.0.join("courses.toml");
    std::fs::write(&courses, format!("{before}id = \"C-002\"\nsame_as = \"C-001\"{after}")).unwrap();
    let courses = courses.to_str().unwrap();
    let done = house.run_json(&["rules", "register", courses, "--because", "the same syllabus", "--json"]);
    assert_eq!(done["objects"][0]["kind"], "courses");
    let second = house.read_ledger();
    let changed = first.iter().filter(|(id, t)| (t.0, t.1) != (second[*id].0, second[*id].1)).count();
    assert!(changed > 0);
    assert_eq!(json!(changed), done["totals"]["hours_change"]);
    let matching = write_pack(&house, "matching.toml", "config/matching.toml", &[("margin = 4000", "margin = 4001")]);
    let regions = house.dir.0.join("regions.toml");
    std::fs::write(&regions, read_file("config/regions.toml").replacen("吉林省", "吉林", 1)).unwrap();
    let both = ["rules", "register", &matching, regions.to_str().unwrap(), "--because", "a trial", "--json"];
    assert_eq!(house.run_json(&both)["objects"].as_array().unwrap().len(), 2);
    assert_eq!(house.read_ledger(), second);
    let province = house.run_json(&["regions", "show", "220000", "--json"]);
    assert_eq!(province["rows"][0]["name"], "吉林");
    house.run_json(&["rules", "rollback", "courses", "--because", "not the same", "--json"]);
    assert_eq!(house.read_ledger(), first);
    let nothing = house.dir.0.join("nothing.toml");
    std::fs::write(&nothing, "a = 1\n").unwrap();
    let why = refusal(&house, &["rules", "register", nothing.to_str().unwrap(), "--because", "x"]);
    assert_eq!(why["code"], "rules.not_rules");
}

/// A worker whose log is in a file.
struct LoggedWorker {
    child: Child,
    log: std::path::PathBuf,
}

impl LoggedWorker {
    fn start(house: &TestEnv) -> Self {
        let log = house.dir.0.join("worker.log");
        let file = std::fs::File::create(&log).unwrap();
        let child = house.command(&["worker"]).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    fn wait_for(&mut self, words: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let text = std::fs::read_to_string(&self.log).unwrap();
            if text.contains(words) {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none() && Instant::now() < patience, "no {words:?} in {text}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for LoggedWorker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_running_worker_follows_and_says_what_it_cannot_read() {
    let house = TestEnv::new(Services::Postgres);
    house.run_json(&["demo", "--records", "1000", "--seed", "3", "--json"]);
    let mut worker = LoggedWorker::start(&house);
    worker.wait_for("worker started");
    house.run_json(&["rules", "register", &write_firm_pack(&house), "--because", "a trial", "--json"]);
    worker.wait_for("other rules were activated");
    // As a newer program would activate it.
    house.run_sql("UPDATE rule_object SET content = 'something = \"newer\"' WHERE name = 'jilin-2014' AND version = 2");
    house.run_sql(
        "WITH a AS (INSERT INTO activation (kind, name, version, digest, at) VALUES ('rules', 'rules', 1, 'x', 0) RETURNING id),
           s AS (INSERT INTO rule_set (activation, object_id) SELECT a.id, o.id FROM a, rule_object o
                 WHERE o.name <> 'jilin-2014' OR o.version = 2),
           r AS (INSERT INTO rule_activation (activation, replaced, activated_by, because) SELECT id, 0, 'x', 'x' FROM a)
         UPDATE ledger_change SET number = number + 1, activation = (SELECT id FROM a)",
    );
    house.run_sql(
        "INSERT INTO recompute_mark (block, teachers) SELECT block, teachers FROM
                   (SELECT 0 AS block, decode(repeat('ff', 128), 'hex') AS teachers) AS all_of_them",
    );
    worker.wait_for("cannot be used by this program");
    drop(worker);
    let out = house.run(&["worker", "--until-done"]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && told.contains("cannot be used by this program"), "{told}");
    assert!(house.run_sql("SELECT count(*) FROM recompute_mark") > 0, "settled by rules that it cannot read");
}

/// Makes a database look as the release before left it: the rules are activated, and stored nowhere.
fn forget_rules(house: &TestEnv, digest: &str) {
    for statement in [
        "DELETE FROM rule_set",
        "DELETE FROM rule_activation",
        "DELETE FROM rule_object",
        "UPDATE ledger_change SET activation = 0",
        &format!("UPDATE activation SET digest = x'{digest}' WHERE kind = 'rules'"),
    ] {
        house.run_sql(statement);
    }
}

#[test]
fn a_database_of_the_release_before_keeps_its_activation_if_the_rules_are_the_same() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--seed", "3", "--json"]);
    let before = house.run_sql("SELECT max(id) FROM activation WHERE kind = 'rules'");
    let texts = [JILIN, "config/policy/tisheng-2.0.toml", "config/courses.toml", "config/matching.toml"].map(read_file);
    let keys = key_file::read_keyring(&house.dir.0.join("data/root.key")).unwrap().build_keys().unwrap();
    let rules = texts.join("\0");
    let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let digest = hex(keys.digest(&[b"activation", rules.as_bytes()]));
    forget_rules(&house, &digest);
    let manifest = read_file("connectors/cmcc/manifest.toml");
    let of_manifest = hex(keys.digest(&[b"activation", manifest.as_bytes(), rules.as_bytes()]));
    house.run_sql(&format!("UPDATE activation SET digest = x'{of_manifest}' WHERE name = 'cmcc'"));
    let manifests = house.run_sql("SELECT count(*) FROM activation WHERE kind = 'manifest'");
    assert!(house.run(&["decisions", "undo", "1", "--because", "x"]).status.code() == Some(2));
    assert_eq!(house.run_sql("SELECT activation FROM ledger_change"), before);
    assert_eq!(house.run_sql("SELECT count(*) FROM recompute_mark"), 0, "somebody is settled again");
    assert_eq!(house.run_sql("SELECT count(*) FROM activation WHERE kind = 'manifest'"), manifests, "mapped anew");
    // With other rules, everybody is, and it is told.
    forget_rules(&house, "00");
    let out = house.run(&["decisions", "undo", "1", "--because", "x"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("all teachers are settled again"));
    assert!(house.run_sql("SELECT activation FROM ledger_change") > before);
    assert!(house.run_sql("SELECT count(*) FROM recompute_mark") > 0);
    let seeds = house.list_items(&["audit", "--action", "rules.seed", "--json"]);
    assert_eq!(seeds.as_array().unwrap().len(), 3);
}

/// Returns the marked teachers, and those that a statement finds.
async fn expand_and_compare(db: &Db, group: Group, expected: &str) -> (Vec<i64>, Vec<i64>) {
    db.execute("DELETE FROM recompute_mark", vec![]).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    groups::mark_groups(&mut tx, &[group].into()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(huiliu_store::settlement::count_due(db).await.unwrap(), 1);
    groups::expand_groups(db).await.unwrap();
    let mut tx = db.begin_read_only().await.unwrap();
    let marked = marks::added_since(&mut tx, 0).await.unwrap();
    let rows = tx.fetch_rows(expected, vec![]).await.unwrap();
    assert_eq!(groups::count_groups(db).await.unwrap(), 0);
    (marked, rows.iter().map(|row| row.int("id").unwrap()).collect())
}

fn check_only_those_concerned_are_settled(on: Services) {
    let house = TestEnv::new(on);
    house.run_json(&["demo", "--records", "2000", "--seed", "3", "--json"]);
    let url = match &house.postgres {
        Some(postgres) => postgres.url(),
        None => format!("sqlite:{}", house.dir.0.join("data/huiliu.db").display()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::open(&url, 2).await.unwrap();
        let rows = "SELECT DISTINCT c.teacher_id AS id FROM training_record r JOIN source s ON s.id = r.source_id JOIN offering o ON o.id = r.offering_id
                    JOIN identity_claim c ON c.id = r.claim_id WHERE c.teacher_id IS NOT NULL AND";
        let course = db
            .fetch_rows(
                "SELECT s.connector AS connector, o.course_code AS code FROM training_record r
                 JOIN source s ON s.id = r.source_id JOIN offering o ON o.id = r.offering_id ORDER BY r.id LIMIT 1",
                vec![],
            )
            .await
            .unwrap();
        let (connector, code) = (course[0].text("connector").unwrap(), course[0].text("code").unwrap());
        let sql = format!("{rows} s.connector = '{connector}' AND o.course_code = '{code}' ORDER BY 1");
        let (marked, expected) = expand_and_compare(&db, Group::Course { connector, code }, &sql).await;
        assert_eq!(marked, expected);
        assert!(!marked.is_empty());
        let all = db.fetch_rows("SELECT count(*) AS n FROM teacher", vec![]).await.unwrap()[0].int("n").unwrap();
        assert!((marked.len() as i64) < all);
        let (first, last) = ("2015-01-01".parse().unwrap(), "2015-03-31".parse().unwrap());
        let sql = format!("{rows} r.period_end BETWEEN '2015-01-01' AND '2015-03-31' ORDER BY 1");
        let (marked, expected) = expand_and_compare(&db, Group::Days { first, last }, &sql).await;
        assert_eq!(marked, expected);
        assert!((marked.len() as i64) < all);
        db.close().await;
    });
}

#[test]
fn only_those_concerned_are_settled_on_sqlite() {
    check_only_those_concerned_are_settled(Services::Sqlite);
}

#[test]
fn only_those_concerned_are_settled_on_postgresql() {
    check_only_those_concerned_are_settled(Services::Postgres);
}
