//! Refused registrations and their reasons, and read-only commands, which create nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{Folder, assert_output, seal_password};
use crate::test_env::{Services, TestEnv};

fn check_broken_connector_is_refused(on: Services) {
    let house = TestEnv::new(on);
    assert_output(&house.run(&["migrate"]), 0, &[]);
    let folder = Folder::new(&house, "county");
    let refused = |code: i32, words: &[&str]| {
        assert_output(&house.run(&["connectors", "register", folder.path()]), code, words);
        assert_eq!(house.run_sql("SELECT count(*) FROM connector_version"), 0, "{words:?}");
        assert_eq!(house.run_sql("SELECT count(*) FROM connector_use"), 0, "{words:?}");
        assert_eq!(house.run_sql("SELECT count(*) FROM audit"), 0, "{words:?}");
    };
    let manifest = folder.0.join("manifest.toml");
    let right = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, right.replace("title_zh", "titel_zh")).unwrap();
    refused(2, &["manifest.toml", "titel_zh"]);
    std::fs::write(&manifest, right.replace("{ path = \"days\"", "{ path = \"nights\"")).unwrap();
    refused(1, &["✗ county/certificates", "nothing was registered"]);
    std::fs::write(&manifest, &right).unwrap();
    let expected = folder.0.join("expected/records.json");
    let results = std::fs::read_to_string(&expected).unwrap();
    std::fs::write(&expected, results.replace("\"40\"", "\"41\"")).unwrap();
    refused(1, &["record 1", "41", "nothing was registered"]);
    std::fs::write(&expected, "[").unwrap();
    refused(1, &["not a JSON array"]);
    std::fs::remove_file(&expected).unwrap();
    refused(2, &["records.json"]);
    std::fs::write(&expected, &results).unwrap();
    std::fs::rename(folder.0.join("samples"), folder.0.join("elsewhere")).unwrap();
    refused(2, &["certificates", "no sample"]);
    std::fs::rename(folder.0.join("elsewhere"), folder.0.join("samples")).unwrap();
    std::fs::create_dir(folder.0.join("samples/grades")).unwrap();
    refused(2, &["grades", "certificates"]);
    std::fs::remove_dir(folder.0.join("samples/grades")).unwrap();
    assert_output(&house.run(&["connectors", "register", "nowhere"]), 2, &["nowhere"]);

    assert_output(&house.run(&["connectors", "register", manifest.to_str().unwrap()]), 0, &[]);
    let again = house.run_json(&["connectors", "register", folder.path(), "--json"]);
    assert_eq!(again["state"], "unchanged");
    assert_eq!(house.run_sql("SELECT count(*) FROM audit"), 1);
    std::fs::write(&manifest, format!("{right}\n# another word\n")).unwrap();
    assert_output(&house.run(&["connectors", "register", folder.path()]), 2, &["version 1", "raise"]);
    assert_eq!(house.run_sql("SELECT count(*) FROM connector_version"), 1);
}

#[test]
fn a_broken_connector_is_refused_and_nothing_is_stored_on_sqlite() {
    check_broken_connector_is_refused(Services::Sqlite);
}

#[test]
fn a_broken_connector_is_refused_and_nothing_is_stored_on_postgresql() {
    check_broken_connector_is_refused(Services::Postgres);
}

#[test]
fn a_source_that_cannot_be_read_is_refused() {
    let house = TestEnv::new(Services::Sqlite);
    assert_output(&house.run(&["migrate"]), 0, &[]);
    let add = |more: &[&str]| {
        let args = [&["sources", "add", "a", "--connector", "intel", "--institution-code", "I"][..], more].concat();
        house.run(&args)
    };
    assert_output(&add(&["--base-url", "not a url"]), 2, &["base_url"]);
    let with_password = add(&["--base-url", "http://user:Geheim-55@127.0.0.1:9"]);
    assert_output(&with_password, 2, &["--base-url", "secrets set a password"]);
    assert!(!String::from_utf8_lossy(&with_password.stderr).contains("Geheim-55"));
    assert_output(
        &add(&["--base-url", "http://127.0.0.1:9", "--schedule", "0 2 30 2 *"]),
        2,
        &["this time never comes"],
    );
    assert_output(
        &add(&["--base-url", "http://127.0.0.1:9", "--setting", "api_secret=x"]),
        2,
        &["api_secret", "secrets set"],
    );
    assert_output(&house.run(&["sources", "set", "a", "--user", "u"]), 2, &["no source \"a\""]);
    assert_output(&seal_password(&house, "a", "x"), 2, &["no source \"a\"", "sources add"]);
    assert_eq!(house.run_sql("SELECT count(*) FROM registered_source"), 0);
    assert!(add(&["--base-url", "http://127.0.0.1:9"]).status.success());
    assert_output(&add(&["--base-url", "http://127.0.0.1:9"]), 2, &["registered already", "sources set a"]);
    assert_output(&seal_password(&house, "a", ""), 2, &["empty"]);
    // A source in the settings file hides a registered source of the same name.
    let config = crate::ops::write_config(
        &house,
        "[[source]]\nname = \"a\"\nconnector = \"lego\"\ninstitution_code = \"L\"\nfolder = \"drop\"\n",
    );
    let listed = house.list_items(&["sources", "list", "--json", "--config", &config]);
    let rows: Vec<_> =
        listed.as_array().unwrap().iter().map(|r| (r["origin"].as_str().unwrap(), r["shadowed"].as_bool())).collect();
    assert_eq!(rows, [("settings_file", Some(false)), ("registered", Some(true))]);
    // After a sync, a source keeps its institution, even if it is removed and added again.
    assert!(house.run(&["sync", "a", "--land-only"]).status.code() == Some(1));
    assert_output(&house.run(&["sources", "remove", "a"]), 0, &[]);
    let out = house.run(&[
        "sources",
        "add",
        "a",
        "--connector",
        "intel",
        "--institution-code",
        "J",
        "--base-url",
        "http://127.0.0.1:9",
    ]);
    assert_output(&out, 2, &["institution I", "another name"]);
}

/// A command that only reads reports a mistyped data directory and creates nothing in it.
#[test]
fn what_only_reads_makes_nothing() {
    let house = TestEnv::new(Services::Sqlite);
    let mistyped = house.dir.0.join("dtaa");
    for args in [
        &["balance"][..],
        &["runs", "list"],
        &["records", "list"],
        &["dead-letters", "list"],
        &["batches", "list"],
        &["teachers", "explain", "1"],
        &["audit"],
        &["schedules", "list"],
        &["sources", "list"],
        &["secrets", "list"],
        &["secrets", "remove", "a", "b"],
        &["connectors", "versions", "intel"],
        &["connectors", "disable", "intel", "--because", "x"],
        &["replay", "plan"],
        &["backup", "copies"],
        &["keys", "rotate"],
        &["doctor"],
    ] {
        let args = [args, &["--data-dir", mistyped.to_str().unwrap()]].concat();
        assert_output(&house.run(&args), 2, &["no database at", "dtaa", "--data-dir"]);
        assert!(!mistyped.exists(), "{args:?} made something");
    }
    assert_output(&house.run(&["connectors", "list"]), 0, &["intel"]);
    assert!(!house.dir.0.join("data").exists());
    assert!(!Path::new("copies").exists());
    let out = house.command(&["balance"]).env("HUILIU_LANG", "zh_CN.UTF-8").output().unwrap();
    assert_output(&out, 2, &["没有数据库", "--data-dir"]);
    // On a server, a schema without a key is not reported as books of another key either.
    let house = TestEnv::new(Services::Postgres);
    assert_output(&house.run(&["migrate"]), 0, &[]);
    std::fs::remove_file(house.dir.0.join("data/root.key")).unwrap();
    assert_output(&house.run(&["balance"]), 2, &["no root key", "huiliu migrate"]);
    assert!(!house.dir.0.join("data/root.key").exists());
    assert_output(&house.run(&["migrate"]), 0, &[]);
    assert_output(&house.run(&["balance"]), 0, &[]);
}

#[test]
fn files_are_their_owners_alone_and_doctor_says_when_the_key_is_not() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let kept = house.run_json(&["backup", house.dir.0.join("copies").to_str().unwrap(), "--json"]);
    let data = house.dir.0.join("data");
    let mut files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|e| e.unwrap().path()).collect();
    files.push(kept["file"].as_str().unwrap().into());
    assert!(files.len() > 4, "{files:?}");
    for file in &files {
        let mode = std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.display());
    }
    assert_output(&house.run(&["doctor"]), 0, &["✓ key"]);
    let key = data.join("root.key");
    assert!(!String::from_utf8_lossy(&house.run(&["doctor"]).stdout).contains('!'));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_output(&house.run(&["doctor"]), 0, &["!", "root.key", "0644", "chmod 600"]);
    let finding = house.run_json(&["doctor", "--json"]);
    let warned = finding["items"].as_array().unwrap().iter().find(|f| f["what"] == "key_file").unwrap();
    assert_eq!((&warned["ok"], &warned["warning"]), (&true.into(), &true.into()));
}
