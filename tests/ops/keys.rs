//! Backup, restore, another key: everything is there afterwards, and can be read only with the right key.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use huiliu_store::admin::sealing;
use huiliu_store::intake::landing::{self, NewPayload, StreamPass};
use huiliu_store::intake::runs;
use huiliu_store::intake::source_lease;
use huiliu_store::sql::schema;
use huiliu_store::{Db, StoreError};
use huiliu_vault::keyring::Keyring;
use huiliu_vault::keys::Keys;
use serde_json::Value;

use super::{Worker, wait_for, write_config};
use crate::test_env::{Postgres, Scratch, Services, TestEnv};

/// Everything that a backup and a rotation must keep.
#[derive(Debug, PartialEq)]
struct Picture {
    told: Vec<Value>,
    hours: std::collections::BTreeMap<String, (i64, i64, i64)>,
}

fn take_picture(house: &TestEnv) -> Picture {
    let list = ["list", "--limit", "100000", "--json"];
    let mut told = vec![house.run_json(&["balance", "--json"])];
    told.push(house.list_items(&[&["records"], &list[..]].concat()));
    let letters = house.list_items(&[&["dead-letters"], &list[..]].concat());
    let first = letters[0]["dead_letter"].to_string();
    told.push(house.run_json(&["dead-letters", "show", &first, "--json"]));
    told.push(letters);
    for place in [0, 1, 76] {
        let teacher = house.nth_teacher(place).to_string();
        told.push(house.run_json(&["teachers", "explain", &teacher, "--json"]));
    }
    // Hours by ID number, which is unsealed for this: the sealed values have not changed.
    Picture { told, hours: house.read_ledger() }
}

fn data_file(house: &TestEnv, name: &str) -> PathBuf {
    house.dir.0.join("data").join(name)
}

fn run_pg_tool(program: &str, args: &[&str]) {
    let out = Command::new(program).args(args).output().unwrap();
    assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Backs up, wrecks and restores the database, as docs/operations.md says.
fn wreck_and_restore(house: &TestEnv, copies: &Path) {
    if let Some(postgres) = &house.postgres {
        std::fs::create_dir_all(copies).unwrap();
        let dump = copies.join("huiliu.dump");
        let (url, file) = (postgres.url(), dump.to_str().unwrap());
        run_pg_tool("pg_dump", &["--format=custom", "--file", file, "--dbname", &url]);
        house.run_sql("DROP TABLE training_record CASCADE");
        assert_ne!(house.run(&["records", "list"]).status.code(), Some(0), "nothing was wrecked");
        run_pg_tool("pg_restore", &["--clean", "--if-exists", "--dbname", &url, file]);
        return;
    }
    let kept = house.run_json(&["backup", copies.to_str().unwrap(), "--json"]);
    assert_eq!(kept["key_included"], false);
    std::fs::write(data_file(house, "huiliu.db"), b"wrecked").unwrap();
    assert_ne!(house.run(&["records", "list"]).status.code(), Some(0), "nothing was wrecked");
    for name in ["huiliu.db", "huiliu.db-wal", "huiliu.db-shm"] {
        let _ = std::fs::remove_file(data_file(house, name));
    }
    std::fs::copy(kept["file"].as_str().unwrap(), data_file(house, "huiliu.db")).unwrap();
}

/// Counts the values that are sealed under another generation than this one.
fn count_stale(house: &TestEnv, generation: u8) -> i64 {
    let first = |column: &str| match house.postgres {
        Some(_) => format!("get_byte({column}, 0) <> {generation}"),
        None => format!("substr({column}, 1, 1) <> x'{generation:02x}'"),
    };
    let columns = [
        ("payload", "wrapped_key"),
        ("teacher_identifier", "sealed"),
        ("dead_letter", "raw_sealed"),
        ("connector_version", "wrapped_key"),
        ("source_secret", "sealed"),
    ];
    columns
        .map(|(table, column)| house.run_sql(&format!("SELECT count(*) FROM {table} WHERE {}", first(column))))
        .iter()
        .sum()
}

fn backup_restore_rotate(on: Services) {
    let house = TestEnv::new(on);
    house.run_json(&["demo", "--records", "4000", "--json"]);
    crate::register::register_sealed_source(&house);
    let before = take_picture(&house);
    wreck_and_restore(&house, &house.dir.0.join("copies"));
    assert_eq!(take_picture(&house), before, "the restored database differs");

    let key = data_file(&house, "root.key");
    let old = std::fs::read(&key).unwrap();
    // A rotation is killed at its first pages: everything stays readable, and the next rotation finishes the work.
    let mut rotation = house.command(&["keys", "rotate"]).env("HUILIU_FAULT_SLOW_MS", "400").spawn().unwrap();
    wait_for("the rotation", || house.run_sql("SELECT count(*) FROM sealing_key WHERE state = 'retiring'") == 1);
    std::thread::sleep(Duration::from_millis(600));
    rotation.kill().unwrap();
    rotation.wait().unwrap();
    assert!(count_stale(&house, 2) > 0, "it was killed too late");
    assert_eq!(take_picture(&house), before, "in the middle of a rotation");
    let half = std::fs::read(&key).unwrap();
    std::fs::write(&key, &old).unwrap();
    assert_refused(&house, &["keys", "rotate"], &["generation 2"]);
    std::fs::write(&key, half).unwrap();

    let rotated = house.run_json(&["keys", "rotate", "--json"]);
    assert_eq!((rotated["generation"].as_i64(), rotated["resumed"].as_bool()), (Some(2), Some(true)));
    assert_eq!(count_stale(&house, 2), 0);
    assert_eq!(take_picture(&house), before, "after the rotation");
    let new = std::fs::read(&key).unwrap();
    assert!(
        !new.starts_with(old.trim_ascii_end()) && std::fs::read(data_file(&house, "root.key.before-2")).unwrap() == old
    );

    // The old key alone opens nothing and changes nothing; the message says what to do.
    std::fs::write(&key, &old).unwrap();
    assert_refused(&house, &["balance"], &["generation 2", "keys rotate"]);
    assert_refused(&house, &["demo", "--records", "1000"], &["generation 2"]);
    std::fs::write(&key, &new).unwrap();

    // The same records again are unchanged, because indexes and digests have not changed.
    let again = house.run_json(&["demo", "--records", "4000", "--full", "--json"]);
    assert_eq!((again["balance"]["inserted"].as_i64(), again["balance"]["updated"].as_i64()), (Some(0), Some(0)));
    let second = house.run_json(&["keys", "rotate", "--json"]);
    assert_eq!((second["generation"].as_i64(), second["resumed"].as_bool()), (Some(3), Some(false)));
    assert_eq!((count_stale(&house, 3), house.read_ledger()), (0, before.hours));
}

#[test]
fn backup_restore_and_another_key_on_sqlite() {
    backup_restore_rotate(Services::Sqlite);
}

#[test]
fn backup_restore_and_another_key_on_postgresql() {
    backup_restore_rotate(Services::Postgres);
}

#[test]
fn a_worker_with_the_old_key_stops_and_writes_nothing_under_it() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let mut worker = Worker::start(&house, &write_config(&house, ""), &[]);
    std::thread::sleep(Duration::from_secs(1));
    assert!(house.run(&["keys", "rotate"]).status.success());
    let mut code = None;
    wait_for("the worker's end", || {
        code = worker.0.try_wait().unwrap().map(|status| status.code());
        code.is_some()
    });
    assert_eq!(code, Some(Some(2)));
    let (_, _, said) = worker.stop_with_sigterm();
    assert!(said.contains("rotated"), "{said}");
}

#[test]
fn a_backup_is_taken_while_a_load_goes_on() {
    let house = TestEnv::new(Services::Sqlite);
    let mut load = house.command(&["demo", "--records", "60000"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_for("the load", || {
        data_file(&house, "root.key").exists() && house.run(&["runs", "list"]).status.success() && {
            house.run_sql("SELECT count(*) FROM batch WHERE state = 'done'") > 1
        }
    });
    let kept = house.run_json(&["backup", house.dir.0.join("copies").to_str().unwrap(), "--json"]);
    assert!(load.try_wait().unwrap().is_none(), "the load was over before the backup");
    assert!(load.wait().unwrap().success());
    let copy = format!("sqlite:{}", kept["file"].as_str().unwrap());
    let books = house.run_json(&["balance", "--json", "--database", &copy]);
    assert_eq!(books["balanced"], true);
    assert!(books["received"].as_i64().unwrap() > 0);
}

fn assert_refused(house: &TestEnv, args: &[&str], words: &[&str]) {
    let out = house.run(args);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?}: {word:?} is not in {said:?}");
    }
}

#[test]
fn a_backup_or_a_rotation_that_cannot_be_leaves_everything_as_it_was() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let file = house.dir.0.join("a-file");
    std::fs::write(&file, "x").unwrap();
    assert_refused(&house, &["backup", file.join("below").to_str().unwrap()], &["a-file", "writable folder"]);
    let key = data_file(&house, "root.key");
    let right = std::fs::read(&key).unwrap();
    let in_environment = String::from_utf8(right.clone()).unwrap();
    let out = house.command(&["keys", "rotate"]).env("HUILIU_KEY", in_environment.trim()).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("HUILIU_KEY_FILE"));
    std::fs::remove_file(&key).unwrap();
    assert_refused(&house, &["keys", "rotate"], &["root.key", "missing"]);
    assert!(!key.exists());
    std::fs::write(&key, &right).unwrap();
    assert_eq!(house.run_sql("SELECT count(*) FROM sealing_key"), 1, "something was begun");
    assert_eq!(std::fs::read(&key).unwrap(), right);
    let postgres = TestEnv::new(Services::Postgres);
    assert!(postgres.run(&["migrate"]).status.success());
    assert_refused(&postgres, &["backup", "copies"], &["pg_dump", "docs/operations.md"]);
}

/// A process was paused since before the rotation began: its page does not land, so that nothing stays under a key that
/// is about to go.
fn check_nothing_lands_under_a_retired_key(url: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::open(url, 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let mut ring = Keyring::parse(&"5a".repeat(32)).unwrap();
        let old = schema::check_key(&db, &ring.build_keys().unwrap()).await.unwrap();
        let source =
            runs::register_source(&db, "a", "intel", runs::Institution { code: "I", name: "i" }).await.unwrap();
        source_lease::save_schedule(&db, source.id, "", None).await.unwrap();
        let claim = source_lease::claim_source(&db, source.id, 60_000, "a", false).await.unwrap().unwrap();
        let run = runs::start_run(&db, &source, true).await.unwrap();
        let land = async |keys: &Keys, bytes: &[u8]| {
            let bytes = bytes.to_vec().into();
            let pass = StreamPass { source: &source, claim, run, stream: "records", cursor_at_start: None };
            landing::land_payloads(&db, keys, pass, &[NewPayload::new("page 1", &bytes, Ok(1))], 1).await
        };
        land(&old, b"before").await.unwrap();
        ring.add_sealing_key().unwrap();
        let new = ring.build_keys().unwrap();
        sealing::begin_rotation(&db, &new).await.unwrap();
        assert!(matches!(land(&old, b"late").await, Err(StoreError::KeyRetired)));
        land(&new, b"after").await.unwrap();
        assert_eq!(sealing::reseal_all(&db, &new, &|_| {}).await.unwrap(), 1);
        db.close().await;
    });
}

#[test]
fn nothing_lands_under_a_retired_key_on_either_database() {
    let scratch = Scratch::new("retired");
    check_nothing_lands_under_a_retired_key(&format!("sqlite:{}", scratch.0.join("x.db").display()));
    check_nothing_lands_under_a_retired_key(&Postgres::start().url());
}

#[test]
fn of_two_rotations_at_once_one_is_refused() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "4000", "--json"]);
    let mut first = house.command(&["keys", "rotate"]).env("HUILIU_FAULT_SLOW_MS", "400").spawn().unwrap();
    wait_for("the rotation", || house.run_sql("SELECT count(*) FROM sealing_key WHERE state = 'retiring'") == 1);
    let second = house.run(&["keys", "rotate"]);
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.code() == Some(1) && said.contains("another process"), "{said}");
    assert!(first.wait().unwrap().success());
    assert!(!house.read_ledger().is_empty(), "everything opens afterwards");
    // Another host with its own key file: the database keeps the first key, and accepts no other.
    let url = format!("sqlite:{}", data_file(&house, "huiliu.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::open(&url, 1).await.unwrap();
        let begun = Keyring::parse(&std::fs::read_to_string(data_file(&house, "root.key")).unwrap()).unwrap();
        let (mut one, mut other) = (begun.clone(), begun);
        assert_eq!((one.add_sealing_key(), other.add_sealing_key()), (Ok(3), Ok(3)));
        sealing::begin_rotation(&db, &one.build_keys().unwrap()).await.unwrap();
        let refused = sealing::begin_rotation(&db, &other.build_keys().unwrap()).await;
        assert!(matches!(refused, Err(StoreError::KeyGeneration { generation: 3 })), "{refused:?}");
        sealing::begin_rotation(&db, &one.build_keys().unwrap()).await.unwrap();
        db.close().await;
    });
}
