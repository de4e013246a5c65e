//! What the database promises by itself, and what finds a database that somebody changed by hand: `balance`, `verify`,
//! `doctor`, and the workers.

use std::time::Duration;

use serde_json::Value;
use sqlx::Connection as _;

use crate::ops::{Worker, wait_for, write_config};
use crate::test_env::{Services, TestEnv};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];

/// Runs a statement in the store and returns the database's refusal.
fn refusal_of(house: &TestEnv, statement: &str) -> String {
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(async {
        if let Some(pg) = &house.postgres {
            let mut connection = sqlx::PgConnection::connect(&pg.url()).await.unwrap();
            return sqlx::query(statement).execute(&mut connection).await.map(|_| ());
        }
        let url = format!("sqlite:{}", house.dir.0.join("data/huiliu.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.map(|_| ())
    });
    refused.expect_err("the database took it").to_string()
}

/// Runs a command, expects a failure, and returns what it printed as JSON, as text, and the code of its error.
fn run_failing(house: &TestEnv, args: &[&str], code: i32) -> (Value, String, String) {
    let out = house.run(args);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {out:?}");
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let out = house.run(&[args, &["--json"]].concat());
    assert_eq!(out.status.code(), Some(code), "{args:?}: {out:?}");
    let told = serde_json::from_slice(&out.stdout).unwrap();
    let error: Value = serde_json::from_slice(&out.stderr).unwrap();
    (told, text, error["error"]["code"].as_str().unwrap().to_owned())
}

fn find_part<'v>(told: &'v Value, part: &str) -> &'v Value {
    let items = told["items"].as_array().unwrap();
    items.iter().find(|item| item["what"] == part).unwrap_or_else(|| panic!("no {part} in {told}"))
}

fn new_demo(on: Services) -> TestEnv {
    let house = TestEnv::new(on);
    house.run_json(&["demo", "--records", "3000", "--seed", "3", "--json"]);
    house
}

/// Returns the numbers of two finished batches with parked and superseded records.
fn two_batches(house: &TestEnv) -> [i64; 2] {
    let sql = "SELECT id, address FROM (SELECT b.id AS id, p.address AS address FROM batch b JOIN payload p ON p.id = b.payload_id
        WHERE b.state = 'done' AND b.parked > 0 ORDER BY b.id LIMIT 2) AS first";
    let found: Vec<i64> = house.query_rows(sql).into_iter().map(|(id, _)| id).collect();
    found.try_into().unwrap()
}

#[test]
fn a_clean_database_keeps_every_law() {
    for on in BOTH {
        let house = new_demo(on);
        let books = house.run_json(&["balance", "--json"]);
        assert_eq!((&books["balanced"], &books["differing_batches"]), (&true.into(), &0.into()), "{on:?}: {books}");
        let teachers = house.run_sql("SELECT count(*) FROM teacher");
        let entries = house.run_sql("SELECT count(*) FROM credit_entry WHERE superseded_at IS NULL");
        let verified = house.run_json(&["verify", "--json"]);
        assert!(entries > 1_000, "{entries}");
        assert_eq!(verified["teachers"], teachers, "{verified}");
        assert_eq!((&verified["entries"], &verified["waiting"]), (&entries.into(), &0.into()), "{verified}");
        assert_eq!((&verified["differing"], &verified["differences"]), (&0.into(), &Value::Array(vec![])));
        let teacher = house.run_sql("SELECT min(id) FROM teacher").to_string();
        let one = house.run_json(&["verify", "--teacher", &teacher, "--json"]);
        assert_eq!((&one["teachers"], &one["differing"]), (&1.into(), &0.into()), "{one}");
        let nobody = house.run(&["verify", "--teacher", "987654"]);
        assert_eq!(nobody.status.code(), Some(2), "{nobody:?}");
        let doctor = house.run_json(&["doctor", "--json"]);
        assert_eq!(doctor["ok"], true, "{doctor}");
        for part in ["books", "dead_letters", "entries", "audit_log", "ledger", "verified"] {
            assert_eq!(find_part(&doctor, part)["ok"], true, "{part}");
        }
        assert!(find_part(&doctor, "ledger")["detail"]["ledger"]["entries"].as_i64().unwrap() > 0);
    }
}

#[test]
fn teachers_who_wait_to_be_settled_do_not_differ() {
    for on in BOTH {
        let house = new_demo(on);
        let teacher = house.run_sql("SELECT min(teacher_id) FROM credit_entry WHERE superseded_at IS NULL");
        house.run_sql(&format!("UPDATE credit_entry SET units = units + 1 WHERE teacher_id = {teacher}"));
        let (told, ..) = run_failing(&house, &["verify"], 1);
        assert!(told["differing"].as_i64().unwrap() > 0, "{told}");
        // A mark of the teacher's block with every bit set.
        let bits = "ff".repeat(128);
        let bits = if on == Services::Sqlite { format!("x'{bits}'") } else { format!("decode('{bits}', 'hex')") };
        house.run_sql(&format!("INSERT INTO recompute_mark (block, teachers) VALUES ({}, {bits})", teacher / 1024));
        let told = house.run_json(&["verify", "--json"]);
        assert_eq!(told["differing"], 0, "{told}");
        assert!(told["waiting"].as_i64().unwrap() > 0, "{told}");
    }
}

#[test]
fn errors_of_two_batches_do_not_cancel_out() {
    for on in BOTH {
        let house = new_demo(on);
        let [first, second] = two_batches(&house);
        // One too few parked here, one too many there: what is parked in all stays.
        house.run_sql(&format!("UPDATE batch SET parked = parked - 1, superseded = superseded + 1 WHERE id = {first}"));
        house.run_sql(&format!("UPDATE batch SET parked = parked + 1, unchanged = unchanged + 1, inserted = inserted - 2 WHERE id = {second}"));
        let (told, text, code) = run_failing(&house, &["balance"], 1);
        assert_eq!(
            (code.as_str(), &told["balanced"], &told["differing_batches"]),
            ("balance", &false.into(), &2.into()),
            "{told}"
        );
        let of = |batch: i64, law: &str| {
            let all = told["differences"].as_array().unwrap();
            let one = all.iter().find(|of| of["batch"] == batch && of["law"] == law);
            let one = one.unwrap_or_else(|| panic!("{on:?}: no {law} of {batch} in {told}"));
            one["expected"].as_i64().unwrap() - one["found"].as_i64().unwrap()
        };
        assert_eq!((of(first, "parked"), of(second, "parked")), (-1, 1), "{told}");
        assert_eq!(of(second, "written"), -1);
        for words in ["NOT BALANCED", "2 batches differ", "parked records have open dead letters"] {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        let run = house.run_sql(&format!("SELECT run_id FROM batch WHERE id = {first}"));
        let other = (1..=house.run_sql("SELECT max(id) FROM sync_run"))
            .find(|id| *id != run && *id != house.run_sql(&format!("SELECT run_id FROM batch WHERE id = {second}")));
        let other = house.run_json(&["balance", "--run", &other.unwrap().to_string(), "--json"]);
        assert_eq!(other["differing_batches"], 0, "{other}");
        let (told, text, _) = run_failing(&house, &["doctor"], 2);
        assert_eq!(find_part(&told, "books")["ok"], false, "{told}");
        assert!(text.contains("✗ books: 2 batches differ") && text.contains("huiliu balance"), "{text}");
    }
}

#[test]
fn a_lost_record_and_a_false_letter_are_found() {
    for on in BOTH {
        let house = new_demo(on);
        let record = house.run_sql("SELECT max(id) FROM training_record");
        let batch = house.run_sql(&format!("SELECT batch_id FROM training_record WHERE id = {record}"));
        house.run_sql(&format!("DELETE FROM training_record WHERE id = {record}"));
        let letter = house.run_sql("SELECT min(id) FROM dead_letter WHERE state = 'open'");
        house.run_sql(&format!("UPDATE dead_letter SET state = 'closed' WHERE id = {letter}"));
        let (told, ..) = run_failing(&house, &["balance"], 1);
        let one = &told["differences"][0];
        assert_eq!((&one["batch"], &one["law"]), (&batch.into(), &"held".into()), "{told}");
        let (told, text, _) = run_failing(&house, &["doctor"], 2);
        let letters = &find_part(&told, "dead_letters")["detail"]["dead_letters"];
        assert_eq!((&letters["count"], &letters["first"][0]), (&1.into(), &letter.into()), "{told}");
        assert!(
            text.contains(&format!("1 dead letters have another state than their sightings say: {letter};")),
            "{text}"
        );
    }
}

#[test]
fn a_changed_and_a_deleted_entry_are_found() {
    for on in BOTH {
        let house = new_demo(on);
        let current = "superseded_at IS NULL AND outcome = 'counted'";
        let edited = house.run_sql(&format!("SELECT min(id) FROM credit_entry WHERE {current}"));
        let deleted = house.run_sql(&format!("SELECT max(id) FROM credit_entry WHERE {current}"));
        let of = |column: &str, id: i64| house.run_sql(&format!("SELECT {column} FROM credit_entry WHERE id = {id}"));
        let (teacher, record, units) = (of("teacher_id", edited), of("record_id", edited), of("units", edited));
        let (robbed, lost) = (of("teacher_id", deleted), of("record_id", deleted));
        assert_ne!(teacher, robbed);
        house.run_sql(&format!("UPDATE credit_entry SET units = {} WHERE id = {edited}", units + 108_000));
        house.run_sql(&format!("DELETE FROM credit_entry WHERE id = {deleted}"));
        let (told, text, code) = run_failing(&house, &["verify"], 1);
        assert_eq!((code.as_str(), &told["differing"]), ("verify", &2.into()), "{told}");
        let all = told["differences"].as_array().unwrap();
        let find = |teacher: i64| all.iter().find(|of| of["teacher"] == teacher).unwrap();
        let one = find(teacher);
        assert_eq!((&one["record"], &one["field"]), (&record.into(), &"units".into()), "{told}");
        assert_eq!(one["stored"], (units + 108_000).to_string(), "{told}");
        assert_eq!(one["derived"], units.to_string(), "{told}");
        let one = find(robbed);
        assert_eq!((&one["record"], &one["field"], &one["stored"]), (&lost.into(), &"entry".into(), &Value::Null));
        for words in ["2 fields differ", "units", &units.to_string(), "restore a backup"] {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        let (told, ..) = run_failing(&house, &["verify", "--teacher", &robbed.to_string()], 1);
        assert_eq!((&told["teachers"], &told["differing"]), (&1.into(), &1.into()), "{told}");
        let (told, text, _) = run_failing(&house, &["doctor"], 2);
        assert_eq!(find_part(&told, "ledger")["ok"], false, "{told}");
        assert!(text.contains(&format!("teacher {teacher}, record {record}, units")), "{text}");
    }
}

#[test]
fn the_database_refuses_what_breaks_a_promise() {
    for on in BOTH {
        let house = new_demo(on);
        for broken in [
            "UPDATE batch SET parked = -1, inserted = inserted + parked + 1 WHERE id = 1",
            "UPDATE batch SET unchanged = unchanged + 1 WHERE id = 1",
            "UPDATE batch SET held = -1 WHERE id = 1",
        ] {
            let refused = refusal_of(&house, broken);
            assert!(refused.contains("batch_counters"), "{on:?}: {broken}: {refused}");
        }
        let columns = "run_id, payload_id, first_record, record_count, due_at, notified_at";
        let twice = format!("INSERT INTO batch ({columns}, state) SELECT {columns}, 'due' FROM batch WHERE id = 1");
        assert!(refusal_of(&house, &twice).to_lowercase().contains("unique"), "two batches");
        let columns = "teacher_id, record_id, outcome, units, rule_id, conversion_id, raw_hours, made_at";
        let twice = format!(
            "INSERT INTO credit_entry ({columns}) SELECT {columns} FROM credit_entry WHERE superseded_at IS NULL LIMIT 1"
        );
        assert!(refusal_of(&house, &twice).to_lowercase().contains("unique"), "two current entries");
        // Everything else goes on as before: rules change every entry, and a letter is discarded.
        let letter = house.list_items(&["dead-letters", "list", "--json"])[0]["dead_letter"].to_string();
        house.run_json(&["dead-letters", "discard", &letter, "--because", "a test", "--json"]);
        let record = house.list_items(&["records", "list", "--json"])[0]["record"].to_string();
        house.run_json(&["decisions", "revoke", &record, "--because", "a test", "--json"]);
        assert!(house.run(&["worker", "--until-done"]).status.success());
        assert_eq!(house.run_json(&["verify", "--json"])["differing"], 0);
        assert_eq!(house.run_json(&["balance", "--json"])["balanced"], true);
    }
}

/// Takes away what migration 25 and later ones made, as a database of the version before has it.
fn undo_promises(house: &TestEnv) {
    let guard: &[&str] = match house.postgres {
        Some(_) => &["ALTER TABLE batch DROP CONSTRAINT batch_counters"],
        None => &["DROP TRIGGER batch_counters_inserted", "DROP TRIGGER batch_counters_updated"],
    };
    let rest = [
        // The migrations replace the views, whatever they show.
        "DROP VIEW training_record_readable",
        "DROP VIEW training_record_national",
        "DROP VIEW assessment_readable",
        "CREATE TABLE assessment AS SELECT r.id AS record_id, o.assessor, r.claim_id, o.project_code, r.score_learning,
           r.score_activity, r.score_artefact, r.total_numerator, r.total_denominator, r.grade
         FROM training_record r JOIN offering o ON o.id = r.offering_id WHERE r.grade IS NOT NULL",
        "CREATE TABLE training_record_before AS SELECT r.id, r.institution_id, r.source_id, r.stream, r.record_key, o.kind,
           r.claim_id, r.source_version, r.activation, r.content_digest, r.flagged, r.school_code, o.project_code, o.project_title,
           o.category_code, o.course_code, o.course_title, o.canonical_course, o.role, o.mode, o.delivery_code, o.required,
           o.place, r.period_start, r.period_end, r.raw_hours, o.hours_unit, r.hours_units, r.certificate_number, r.pass_state,
           r.manifest_version, r.batch_id, p.address || r.address AS address, o.tier, r.attendance, r.row_index,
           r.confirmed_batch, r.confirmed_row, r.merged_into
         FROM training_record r JOIN offering o ON o.id = r.offering_id JOIN batch b ON b.id = r.batch_id
         JOIN payload p ON p.id = b.payload_id",
        "DROP TABLE training_record",
        "DROP TABLE offering",
        "ALTER TABLE training_record_before RENAME TO training_record",
        "CREATE VIEW training_record_readable AS SELECT 1 AS one",
        "CREATE VIEW training_record_national AS SELECT 1 AS one",
        "CREATE VIEW assessment_readable AS SELECT 1 AS one",
        "DROP TABLE batch_copy",
        "DROP TABLE letter_due",
        "DROP TABLE letter_successor",
        "DROP TABLE successor_search",
        "DROP TABLE correction",
        "ALTER TABLE batch DROP COLUMN awaits_replay",
        "ALTER TABLE dead_letter_sighting DROP COLUMN awaits_replay",
        "ALTER TABLE replay_item DROP COLUMN awaits_replay",
        "DROP TABLE mapped_value",
        "DROP TABLE notification_delivery",
        "DROP TABLE notification",
        "DROP TABLE replay_step",
        "DROP TABLE replay_record",
        "DROP TABLE replay_loss",
        "DROP TABLE replay_tie",
        "DROP TABLE replay_notice",
        "ALTER TABLE replay DROP COLUMN undoes",
        "ALTER TABLE replay DROP COLUMN undone_by",
        "ALTER TABLE replay DROP COLUMN teachers_known",
        "ALTER TABLE replay DROP COLUMN certificates",
        "ALTER TABLE replay DROP COLUMN approval",
        "ALTER TABLE replay DROP COLUMN approved_at",
        "ALTER TABLE replay DROP COLUMN approved_by",
        "ALTER TABLE replay DROP COLUMN approved_because",
        "ALTER TABLE replay DROP COLUMN batches_known",
        "ALTER TABLE replay DROP COLUMN batches_due",
        "DROP INDEX replay_item_key",
        "DROP INDEX replay_item_kept",
        "DROP INDEX replay_item_record",
        "ALTER TABLE replay_item DROP COLUMN record_id",
        "ALTER TABLE replay DROP COLUMN reads",
        "ALTER TABLE replay DROP COLUMN unchanged",
        "ALTER TABLE replay_item DROP COLUMN sighting_version",
        "ALTER TABLE replay_item DROP COLUMN sighting_activation",
        "ALTER TABLE replay_item DROP COLUMN tied",
        "ALTER TABLE replay_item DROP COLUMN kept",
        "CREATE TABLE replay_teacher_before AS SELECT replay_id, person, teacher_id, units_before, units_after, provisional_before,
           provisional_after, entries_changed, name FROM replay_teacher",
        "DROP TABLE replay_teacher",
        "ALTER TABLE replay_teacher_before RENAME TO replay_teacher",
        "DROP INDEX dead_letter_cause",
        "DROP INDEX dead_letter_unsorted",
        "DROP INDEX dead_letter_person",
        "ALTER TABLE dead_letter DROP COLUMN cause_set_id",
        "ALTER TABLE dead_letter DROP COLUMN blind_index",
        "DROP TABLE cause_set_member",
        "DROP TABLE cause_set",
        "DROP TABLE cause",
        "DROP INDEX dead_letter_open_stream",
        "CREATE INDEX dead_letter_open_stream ON dead_letter (source_id, stream) WHERE state = 'open'",
        "DROP INDEX dead_letter_blocking_key",
        "DROP INDEX dead_letter_blocking",
        "ALTER TABLE dead_letter DROP COLUMN faulty_fields",
        "ALTER TABLE dead_letter DROP COLUMN blocking_fields",
        "ALTER TABLE dead_letter DROP COLUMN blocking_key",
        "ALTER TABLE dead_letter DROP COLUMN sound_digest",
        "DROP TABLE stream_values",
        "DROP TABLE payload_table",
        "DROP TABLE source_file",
        "DROP TABLE listed_stream",
        "DROP TABLE unread_payload",
        "ALTER TABLE stream_cursor DROP COLUMN set_at",
        "ALTER TABLE sync_run DROP COLUMN notes",
        "DROP TABLE record_notice",
        "ALTER TABLE batch DROP COLUMN withdrawn",
        "ALTER TABLE group_mark DROP COLUMN number",
        "DROP TABLE seen_key",
        "DROP TABLE judged_whole",
        "DROP TABLE missing_record",
        "DROP INDEX batch_payload",
        "CREATE INDEX batch_payload ON batch (payload_id, first_record)",
        "DROP INDEX credit_entry_current",
        "CREATE INDEX credit_entry_current ON credit_entry (teacher_id) WHERE superseded_at IS NULL",
        "DROP TABLE verify_block",
        "DROP TABLE verify_round",
        "DROP TABLE verify_difference",
        "DELETE FROM _sqlx_migrations WHERE version >= 25",
    ];
    for statement in guard.iter().chain(&rest) {
        house.run_sql(statement);
    }
}

#[test]
fn a_database_that_breaks_a_promise_is_not_migrated_and_the_rows_are_named() {
    for on in BOTH {
        let house = new_demo(on);
        let readable = || {
            [
                "SELECT id, kind || course_code || coalesce(course_title, '') || coalesce(project_code, '') || coalesce(place, '')
                   || hours_unit || coalesce(grade, '') || address FROM training_record_readable ORDER BY id",
                "SELECT record_id, assessor || coalesce(project_code, '') || grade FROM assessment_readable ORDER BY record_id",
                "SELECT teacher_id, \"培训项目名称\" FROM training_record_national ORDER BY 1, 2",
            ]
            .map(|sql| house.query_rows(sql))
        };
        let before = readable();
        undo_promises(&house);
        house.run_sql("UPDATE batch SET unchanged = unchanged + 1 WHERE id = 1");
        house.run_sql("UPDATE batch SET parked = -2 WHERE id = 2");
        let columns = "teacher_id, record_id, outcome, units, rule_id, conversion_id, raw_hours, made_at";
        let double = house.run_sql("SELECT max(id) FROM credit_entry WHERE superseded_at IS NULL");
        house.run_sql(&format!(
            "INSERT INTO credit_entry ({columns}) SELECT {columns} FROM credit_entry WHERE id = {double}"
        ));
        let of = |column: &str| house.run_sql(&format!("SELECT {column} FROM credit_entry WHERE id = {double}"));
        let out = house.run(&["migrate"]);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{text}");
        for words in [
            "batch 1 of run 1",
            "its outcomes add up to",
            "batch 2 of run",
            "has a counter of -2",
            &format!("are all current for record {} of teacher {}", of("record_id"), of("teacher_id")),
            "nothing was changed",
            "restore a backup",
        ] {
            assert!(text.replace(',', "").contains(&words.replace(',', "")), "{on:?}: {words} is not in {text}");
        }
        assert_eq!(house.run_sql("SELECT count(*) FROM _sqlx_migrations WHERE version = 25"), 0);
        // Corrected rows are migrated, and everything is kept.
        house.run_sql("UPDATE batch SET unchanged = unchanged - 1 WHERE id = 1");
        let others = "inserted + updated + unchanged + superseded + skipped + discarded";
        house.run_sql(&format!("UPDATE batch SET parked = record_count - ({others}) WHERE id = 2"));
        house.run_sql(&format!("UPDATE credit_entry SET superseded_at = made_at WHERE id = {double}"));
        let entries = house.run_sql("SELECT count(*) FROM credit_entry");
        assert_eq!(house.run_json(&["migrate", "--json"])["changed"], true);
        assert_eq!(house.run_sql("SELECT count(*) FROM credit_entry"), entries);
        assert_eq!(house.run_json(&["balance", "--json"])["balanced"], true);
        for (nth, (before, after)) in before.into_iter().zip(readable()).enumerate() {
            assert!(!before.is_empty() && before == after, "{on:?}: view {nth} shows something else");
        }
        refusal_of(&house, "UPDATE batch SET unchanged = unchanged + 1 WHERE id = 1");
    }
}

#[test]
fn workers_verify_every_teacher_and_tell_what_differs() {
    for on in BOTH {
        let mut house = new_demo(on);
        let port = crate::ops::free_port();
        house.env.push(("HUILIU_HEALTH".into(), format!("127.0.0.1:{port}")));
        let config = write_config(&house, "");
        let metric = |name: &str| crate::ops::health::fetch_metric(port, name);
        // Off, nothing is verified.
        let worker = Worker::start(&house, &config, &[("HUILIU_VERIFY_DAYS", "0")]);
        wait_for("metrics", || metric("huiliu_verified_teachers_total").is_some());
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(metric("huiliu_verified_teachers_total"), Some(0));
        assert_eq!(worker.stop_with_sigterm().0, Some(0));

        let teachers = house.run_sql("SELECT count(*) FROM teacher");
        let blocks = house.run_sql("SELECT max(id) / 1024 + 1 FROM teacher");
        let often = [("HUILIU_VERIFY_DAYS", "1")];
        let advance = || house.run_sql("UPDATE verify_block SET verified_at = 1, known_at = 1");
        let worker = Worker::start(&house, &config, &often);
        wait_for("a first look at every block", || {
            // The next block is due a share of the day after the last one.
            house.run_sql("UPDATE verify_block SET verified_at = verified_at - 3600000000");
            house.run_sql("SELECT count(*) FROM verify_block WHERE verified_at IS NOT NULL") == blocks
        });
        wait_for("the metrics", || metric("huiliu_verified_teachers_total").is_some_and(|n| n >= teachers));
        assert_eq!(metric("huiliu_verify_differences"), Some(0));
        let edited =
            house.run_sql("SELECT min(id) FROM credit_entry WHERE superseded_at IS NULL AND outcome = 'counted'");
        house.run_sql(&format!("UPDATE credit_entry SET units = units + 1 WHERE id = {edited}"));
        advance();
        wait_for("the difference", || metric("huiliu_verify_differences") == Some(1));
        let oldest = metric("huiliu_verify_oldest_seconds").unwrap();
        assert!(oldest >= 0, "{oldest}");
        let (told, text, _) = run_failing(&house, &["doctor"], 2);
        let found = &find_part(&told, "verified")["detail"]["verified"];
        assert_eq!((&found["differing"], &found["differences"][0]["field"]), (&1.into(), &"units".into()), "{told}");
        assert!(text.contains("✗ ledger, by workers") && text.contains("1 fields differ"), "{text}");
        // It is told in the log once, however often it is found.
        advance();
        wait_for("the next look", || house.run_sql("SELECT count(*) FROM verify_block WHERE verified_at = 1") == 0);
        house.run_sql(&format!("UPDATE credit_entry SET units = units - 1 WHERE id = {edited}"));
        advance();
        wait_for("the end of the difference", || metric("huiliu_verify_differences") == Some(0));
        wait_for("a finished round", || {
            house.run_sql("SELECT count(*) FROM verify_round WHERE ended_at IS NOT NULL") == 1
        });
        let doctor = house.run_json(&["doctor", "--json"]);
        assert!(find_part(&doctor, "verified")["detail"]["verified"]["round_ended_at"].is_string(), "{doctor}");
        let (code, _, said) = worker.stop_with_sigterm();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(said.matches("stored fields of the ledger").count(), 1, "{said}");
    }
}
