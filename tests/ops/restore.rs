//! `restore` brings back what was backed up, and changes nothing if it cannot.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Worker, wait_for, write_config};
use crate::test_env::{Services, TestEnv};

fn data_file(house: &TestEnv, name: &str) -> PathBuf {
    house.dir.0.join("data").join(name)
}

fn assert_refused(house: &TestEnv, args: &[&str], words: &[&str]) {
    let before = list_files(house);
    for (language, words) in [("en", words), ("zh_CN.UTF-8", &[][..])] {
        let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?}: {word:?} is not in {said}");
        }
        let is_chinese = said.contains(|c: char| ('\u{4E00}'..'\u{9FFF}').contains(&c));
        assert_eq!(is_chinese, language != "en", "{said}");
    }
    let after = list_files(house);
    assert_eq!(after.0, before.0, "{args:?} left something");
    assert!(after.1 == before.1, "{args:?} changed the database");
}

/// Returns the names in the data directory, and the bytes of the database.
fn list_files(house: &TestEnv) -> (Vec<String>, Vec<u8>) {
    let entries = std::fs::read_dir(house.dir.0.join("data")).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    (names, std::fs::read(data_file(house, "huiliu.db")).unwrap_or_default())
}

fn take_backup(house: &TestEnv) -> String {
    let kept = house.run_json(&["backup", house.dir.0.join("copies").to_str().unwrap(), "--json"]);
    kept["file"].as_str().unwrap().to_owned()
}

/// Returns balance, records, and the hours by ID number.
fn take_picture(house: &TestEnv) -> (Vec<Value>, impl PartialEq + std::fmt::Debug + use<>) {
    let list = ["records", "list", "--limit", "100000", "--json"];
    (vec![house.run_json(&["balance", "--json"]), house.list_items(&list)], house.read_ledger())
}

fn last_audit_entry(house: &TestEnv) -> Value {
    let log = house.run_json(&["audit", "--limit", "100000", "--json"]);
    assert_eq!(log["first_broken"], Value::Null, "the audit log is broken");
    log["items"].as_array().unwrap().last().cloned().unwrap()
}

#[test]
fn what_was_backed_up_is_there_again() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "2000", "--json"]);
    let file = take_backup(&house);
    let before = take_picture(&house);
    house.run_json(&["demo", "--records", "3000", "--seed", "2", "--json"]);
    let after = take_picture(&house);
    assert_ne!(after, before);
    assert_refused(&house, &["restore", &file], &["--overwrite", "already a database at"]);
    assert_refused(&house, &["restore", "no-such.db", "--overwrite"], &["no file no-such.db"]);
    let restore = ["restore", &file, "--overwrite", "--because", "wrong seed", "--json"];
    let restored = house.run_json(&restore);
    assert_eq!(take_picture(&house), before, "the restored database is another");
    assert_eq!(restored["migrated"], false);
    crate::operations::assert_fits_schema("restore.restore", &restored);
    let entry = last_audit_entry(&house);
    assert_eq!(entry["action"], "database.restore");
    assert_eq!((&entry["detail"]["backup"], &entry["detail"]["because"]), (&file.clone().into(), &"wrong seed".into()));
    assert_eq!(entry["detail"]["replaced"], restored["replaced"]);
    // The replaced file is complete, and can be restored like any other.
    let kept = restored["replaced"].as_str().unwrap().to_owned();
    house.run_json(&["restore", &kept, "--overwrite", "--json"]);
    assert_eq!(take_picture(&house), after, "the kept file is another");
    assert_eq!(house.run_json(&["doctor", "--json"])["ok"], true);
}

#[test]
fn a_database_that_is_gone_or_wrecked_is_restored_where_it_was_or_elsewhere() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let file = take_backup(&house);
    let before = take_picture(&house);
    for name in ["huiliu.db", "huiliu.db-wal", "huiliu.db-shm"] {
        let _ = std::fs::remove_file(data_file(&house, name));
    }
    let out = house.command(&["restore", &file]).env("HUILIU_LANG", "zh_CN.UTF-8").output().unwrap();
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("恢复"));
    assert_eq!(take_picture(&house), before);
    std::fs::write(data_file(&house, "huiliu.db"), b"wrecked, and no database any more").unwrap();
    let restored = house.run_json(&["restore", &file, "--overwrite", "--json"]);
    assert_eq!(std::fs::read(restored["replaced"].as_str().unwrap()).unwrap(), b"wrecked, and no database any more");
    assert_eq!(take_picture(&house), before);
    let elsewhere = format!("sqlite:{}", house.dir.0.join("other/books.db").display());
    let told = house.run_json(&["restore", &file, "--database", &elsewhere, "--json"]);
    assert_eq!(told["replaced"], Value::Null);
    assert_eq!(house.run_json(&["balance", "--database", &elsewhere, "--json"]), before.0[0]);
}

#[test]
fn a_damaged_or_foreign_copy_changes_nothing() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let file = take_backup(&house);
    let whole = std::fs::read(&file).unwrap();
    let copy = house.dir.0.join("damaged.db");
    let path = copy.to_str().unwrap();
    let restore = ["restore", path, "--overwrite"];
    let mut torn = whole.clone();
    // One page in the middle has other content.
    let at = torn.len() / 2 / 4096 * 4096;
    torn[at..at + 4096].fill(0x5a);
    for bytes in [&whole[..whole.len() / 2], b"no database at all", &torn] {
        std::fs::write(&copy, bytes).unwrap();
        assert_refused(&house, &restore, &["damaged", "nothing was changed", path]);
    }
    std::fs::write(&copy, b"").unwrap();
    assert_refused(&house, &restore, &["not one of Huiliu's"]);
    std::fs::write(&copy, &whole).unwrap();
    run_on_file(&copy, "UPDATE _sqlx_migrations SET version = 99 WHERE version = 2");
    assert_refused(&house, &restore, &["unknown to this version"]);
    // A backup of another key.
    let stranger = TestEnv::new(Services::Sqlite);
    stranger.run_json(&["demo", "--records", "1000", "--json"]);
    let foreign = take_backup(&stranger);
    assert_refused(&house, &["restore", &foreign, "--overwrite"], &["root key is not the one"]);
    let postgres = TestEnv::new(Services::Postgres);
    assert_refused(&postgres, &["restore", &file], &["pg_restore", "docs/operations.md"]);
}

fn run_on_file(file: &Path, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        sqlx::query(statement).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

#[test]
fn nothing_is_restored_while_a_worker_has_the_database() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let file = take_backup(&house);
    let before = take_picture(&house);
    let port = super::free_port();
    let settings = write_config(&house, &format!("health = \"127.0.0.1:{port}\"\n"));
    let worker = Worker::start(&house, &settings, &[]);
    wait_for("the worker", || house.run(&["health", "--config", &settings]).status.success());
    assert_refused(
        &house,
        &["restore", &file, "--overwrite"],
        &["another process has the database", "stop the workers"],
    );
    assert_eq!(worker.stop_with_sigterm().0, Some(0));
    house.run_json(&["restore", &file, "--overwrite", "--json"]);
    assert_eq!(take_picture(&house), before);
}

#[test]
fn a_backup_from_before_a_rotation_names_the_key_it_needs() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let file = take_backup(&house);
    let before = take_picture(&house);
    house.run_json(&["keys", "rotate", "--json"]);
    let kept = data_file(&house, "root.key.before-2");
    let restore = ["restore", &file, "--overwrite", "--json"];
    assert_refused(
        &house,
        &restore[..3],
        &["before a rotation", "generation 1", kept.to_str().unwrap(), "HUILIU_KEY_FILE"],
    );
    // Put there by hand, as was once the way: doctor says the same.
    let now = std::fs::read(data_file(&house, "huiliu.db")).unwrap();
    for name in ["huiliu.db-wal", "huiliu.db-shm"] {
        let _ = std::fs::remove_file(data_file(&house, name));
    }
    std::fs::copy(&file, data_file(&house, "huiliu.db")).unwrap();
    for (language, word) in [("en", "before a rotation"), ("zh_CN.UTF-8", "早于密封密钥的一次轮换")] {
        let out = house.command(&["doctor"]).env("HUILIU_LANG", language).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains(word) && said.contains(kept.to_str().unwrap()), "{said}");
    }
    std::fs::write(data_file(&house, "huiliu.db"), now).unwrap();
    house.env.iter().for_each(|(name, _)| assert_ne!(name, "HUILIU_KEY_FILE"));
    let out = house.command(&restore).env("HUILIU_KEY_FILE", &kept).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::copy(&kept, data_file(&house, "root.key")).unwrap();
    assert_eq!(take_picture(&house), before);
    // Rotated again from there, everything works as before.
    assert_eq!(house.run_json(&["keys", "rotate", "--json"])["generation"], 2);
    assert_eq!(take_picture(&house), before);
    // Without the kept file the refusal says so.
    std::fs::remove_file(&kept).unwrap();
    assert_refused(&house, &restore[..3], &["it is not there"]);
}
