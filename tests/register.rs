//! Connectors, sources and secrets that are registered while workers run.

mod late;
pub mod platform;
mod refusals;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ops::{Worker, wait_for, write_config};
use crate::test_env::{Services, TestEnv};
use platform::{FIRST, Platform, SECOND};

const FIRST_SECRET: &str = "Erste-Losung-7141";
const SECOND_SECRET: &str = "Zweite-Losung-9238";
const RECORDS: &str = "SELECT count(*) FROM training_record";
const EVERY_SECOND: &str = "* * * * * *";

/// A connector in a folder of its own: the Intel profile under another id.
struct Folder(PathBuf);

impl Folder {
    fn new(house: &TestEnv, id: &str) -> Self {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/intel");
        let folder = Self(house.dir.0.join(id));
        for (from, to) in [("samples", "samples/records.xml"), ("expected", "expected/records.json")] {
            std::fs::create_dir_all(folder.0.join(from)).unwrap();
            std::fs::copy(shipped.join(to), folder.0.join(to)).unwrap();
        }
        std::fs::copy(shipped.join("manifest.toml"), folder.0.join("manifest.toml")).unwrap();
        if id != "intel" {
            folder.change_manifest("id = \"intel\"", &format!("id = \"{id}\""));
            // The course crosswalk does not know this connector.
            let expected = folder.0.join("expected/records.json");
            let text = std::fs::read_to_string(&expected).unwrap();
            std::fs::write(expected, text.replace("\"C-001\"", "null").replace("\"C-002\"", "null")).unwrap();
        }
        folder
    }

    fn change_manifest(&self, from: &str, to: &str) {
        let file = self.0.join("manifest.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

fn seal_password(house: &TestEnv, source: &str, value: &str) -> Output {
    let mut command = house.command(&["secrets", "set", source, "password"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{value}").unwrap();
    child.wait_with_output().unwrap()
}

fn add_source(house: &TestEnv, name: &str, connector: &str, place: &str, user: &str) {
    let institution = format!("INSTITUTION-{name}");
    let mut args = vec!["sources", "add", name, "--connector", connector, "--institution-code", &institution];
    args.extend(["--base-url", place, "--user", user, "--schedule", "", "--setting", "county=220100", "--json"]);
    assert_eq!(house.run_json(&args)["settings"]["county"], "220100");
}

fn assert_output(out: &Output, code: i32, words: &[&str]) {
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
}

/// Checks that a secret is in no command's output and in no file or table.
fn assert_secret_nowhere(house: &TestEnv, secret: &str) {
    for args in [
        &["sources", "list"][..],
        &["secrets", "list"],
        &["audit"],
        &["doctor"],
        &["connectors", "list"],
        &["connectors", "versions", "county"],
        &["schedules", "list"],
        &["runs", "list", "--limit", "1000"],
    ] {
        for args in [args.to_vec(), [args, &["--json"]].concat()] {
            let out = house.run(&args);
            let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            assert!(out.status.success() && !said.contains(secret), "{args:?}: {said}");
        }
    }
    let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
    let held = |bytes: &[u8], what: &str| bytes.windows(what.len()).any(|w| w == what.as_bytes());
    if let Some(postgres) = &house.postgres {
        let dump = Command::new("pg_dump").args(["--inserts", "--dbname", &postgres.url()]).output().unwrap();
        assert!(dump.status.success() && held(&dump.stdout, "source_secret"));
        assert!(!held(&dump.stdout, secret) && !held(&dump.stdout, &hex), "{secret} stands in a table");
    } else {
        for file in std::fs::read_dir(house.dir.0.join("data")).unwrap().map(|e| e.unwrap().path()) {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!held(&bytes, secret), "{secret} stands in {}", file.display());
        }
    }
}

/// Counts the runs that ended well.
fn count_done_runs(house: &TestEnv) -> i64 {
    house.run_sql("SELECT count(*) FROM sync_run WHERE state = 'done'")
}

fn a_connector_comes_while_workers_run(on: Services) {
    let house = TestEnv::new(on);
    assert_output(&house.run(&["migrate"]), 0, &[]);
    let config = write_config(&house, "");
    let log = [("HUILIU_LOG", "info,sqlx=off,apalis=off")];
    let workers: Vec<Worker> =
        (0..if on == Services::Sqlite { 1 } else { 3 }).map(|_| Worker::start(&house, &config, &log)).collect();
    let (first, second) = (Platform::start(FIRST), Platform::start(SECOND));

    let folder = Folder::new(&house, "county");
    let registered = house.run_json(&["connectors", "register", folder.path(), "--because", "a new county", "--json"]);
    assert_eq!((&registered["state"], &registered["samples"][0]["ok"]), (&"registered".into(), &true.into()));
    add_source(&house, "first", "county", &first.url, "first-user");
    add_source(&house, "second", "county", &second.url, "second-user");
    // Each institution has its own password; the other institution's is refused.
    for (source, wrong, right) in [("first", SECOND_SECRET, FIRST_SECRET), ("second", FIRST_SECRET, SECOND_SECRET)] {
        assert_output(&seal_password(&house, source, wrong), 0, &["sealed"]);
        assert_output(&house.run(&["sync", source]), 1, &["rejects the user and password"]);
        assert_output(&seal_password(&house, source, right), 0, &["sealed"]);
    }
    assert_eq!(house.run_sql(RECORDS), 0);
    assert_output(&house.run(&["sync", "first"]), 0, &["balanced"]);
    assert_eq!(house.run_sql(RECORDS), 2);
    // A running worker follows the schedule of a source that was registered after the worker started.
    let since = Instant::now();
    assert_output(&house.run(&["sources", "set", "second", "--schedule", EVERY_SECOND]), 0, &[]);
    wait_for("the second institution's records", || house.run_sql(RECORDS) == 4);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(house.run_sql("SELECT count(DISTINCT institution_id) FROM training_record"), 2);

    register_and_roll_back(&house, &folder);
    disable_and_enable(&house);
    assert_output(&house.run(&["sources", "remove", "first", "--because", "moved"]), 0, &[]);
    assert_output(&house.run(&["sync", "first"]), 2, &["no source \"first\"", "second"]);
    assert_eq!(house.run_sql("SELECT count(*) FROM source_secret WHERE source = 'first'"), 0);
    assert_eq!(house.run_sql(RECORDS), 4, "what it has received stays");
    let told: Vec<String> = house
        .list_items(&["audit", "--json"])
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{} {}", e["action"].as_str().unwrap(), e["object"].as_str().unwrap()))
        .collect();
    for act in [
        "connector.register connector county version 1",
        "source.add source second",
        "secret.set secret first/password",
        "connector.rollback connector county",
        "connector.disable connector county",
        "connector.enable connector county",
        "source.remove source first",
    ] {
        assert!(told.iter().any(|t| t == act), "{act} is not in {told:?}");
    }
    for secret in [FIRST_SECRET, SECOND_SECRET] {
        assert_secret_nowhere(&house, secret);
    }
    for worker in workers {
        let (code, _, said) = worker.stop_with_sigterm();
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains(FIRST_SECRET) && !said.contains(SECOND_SECRET), "{said}");
    }
    assert_eq!(house.run_json(&["balance", "--json"])["balanced"], true);
}

/// Version 2 gives another delivery code. It takes effect, and a rollback takes it back.
fn register_and_roll_back(house: &TestEnv, folder: &Folder) {
    folder.change_manifest("version = 1", "version = 2");
    folder.change_manifest("delivery_code = { constant = \"2\" }", "delivery_code = { constant = \"3\" }");
    let second = || house.run_sql("SELECT count(*) FROM training_record_readable WHERE delivery_code = '3'");
    assert_eq!(second(), 0);
    let since = Instant::now();
    assert_output(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    wait_for("the second version", || second() == 2);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let versions = house.list_items(&["connectors", "versions", "county", "--json"]);
    let used: Vec<_> =
        versions.as_array().unwrap().iter().map(|v| (v["version"].clone(), v["in_use"].clone())).collect();
    assert_eq!(used, [(2.into(), true.into()), (1.into(), false.into())]);
    assert_output(&house.run(&["connectors", "rollback", "county", "--to", "1", "--because", "wrong"]), 0, &["1"]);
    wait_for("the first version again", || second() == 0);
    // A second rollback to the same version changes nothing and delays nothing.
    assert_output(
        &house.run(&["connectors", "rollback", "county", "--to", "1", "--because", "wrong"]),
        0,
        &["already"],
    );
    assert_eq!(house.run_json(&["connectors", "show", "county", "--json"])["version"], 1);
}

fn disable_and_enable(house: &TestEnv) {
    assert_output(&house.run(&["connectors", "disable", "county", "--because", "too much noise"]), 0, &["no longer"]);
    assert_output(&house.run(&["connectors", "disable", "county", "--because", "too much noise"]), 0, &["already"]);
    assert_output(&house.run(&["sync", "first"]), 1, &["county", "disabled", "too much noise", "enable"]);
    assert_output(&house.run(&["sync", "--all"]), 1, &["connector county is disabled", "too much noise"]);
    // Runs that are under way come to their end.
    std::thread::sleep(Duration::from_secs(4));
    let before = house.run_sql("SELECT count(*) FROM sync_run");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(house.run_sql("SELECT count(*) FROM sync_run"), before, "a disabled connector was read");
    assert_eq!(
        house.run_sql("SELECT count(*) FROM batch WHERE state <> 'done'"),
        0,
        "what had landed was not delivered"
    );
    assert_output(&house.run(&["connectors", "enable", "county", "--because", "quiet again"]), 0, &["again"]);
    assert_output(&house.run(&["connectors", "enable", "county", "--because", "quiet again"]), 0, &["already"]);
    wait_for("another sync", || house.run_sql("SELECT count(*) FROM sync_run") > before);
}

#[test]
fn a_connector_comes_while_a_worker_runs_on_sqlite() {
    a_connector_comes_while_workers_run(Services::Sqlite);
}

#[test]
fn a_connector_comes_while_workers_run_on_postgresql() {
    a_connector_comes_while_workers_run(Services::Postgres);
}

/// A newer program has registered a manifest that this one cannot read: a running worker keeps the manifest that it
/// has, a starting one leaves the connector alone, and both keep running.
fn a_manifest_of_a_newer_program(on: Services) {
    let house = TestEnv::new(on);
    let folder = Folder::new(&house, "county");
    assert_output(&house.run(&["migrate"]), 0, &[]);
    assert_output(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    let platform = Platform::start(FIRST);
    add_source(&house, "first", "county", &platform.url, "first-user");
    assert!(seal_password(&house, "first", FIRST_SECRET).status.success());
    assert_output(&house.run(&["sources", "set", "first", "--schedule", EVERY_SECOND]), 0, &[]);
    let config = write_config(&house, "");
    let worker = Worker::start(&house, &config, &[]);
    wait_for("a sync", || count_done_runs(&house) > 0);
    house.run_sql("UPDATE connector_version SET manifest = 'manifest = 7' WHERE connector = 'county'");
    house.run_sql("UPDATE registry_change SET number = number + 1");
    std::thread::sleep(Duration::from_secs(3));
    let before = count_done_runs(&house);
    wait_for("another sync, as it was", || count_done_runs(&house) > before);
    assert_output(&house.run(&["doctor"]), 2, &["county 1 cannot be used"]);
    assert_output(&house.run(&["sync", "first"]), 2, &["county", "this program cannot use it"]);
    let (code, _, said) = worker.stop_with_sigterm();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("a manifest cannot be used").count(), 1, "{said}");
    let mut started = Worker::start(&house, &config, &[]);
    std::thread::sleep(Duration::from_secs(3));
    assert!(started.0.try_wait().unwrap().is_none(), "it did not live: {}", started.stop_with_sigterm().2);
}

#[test]
fn a_manifest_of_a_newer_program_stops_no_worker_on_sqlite() {
    a_manifest_of_a_newer_program(Services::Sqlite);
}

#[test]
fn a_manifest_of_a_newer_program_stops_no_worker_on_postgresql() {
    a_manifest_of_a_newer_program(Services::Postgres);
}

fn secrets_outlive_a_rotation(on: Services) {
    let house = TestEnv::new(on);
    let folder = Folder::new(&house, "county");
    assert_output(&house.run(&["migrate"]), 0, &[]);
    assert_output(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    let platform = Platform::start(FIRST);
    add_source(&house, "first", "county", &platform.url, "first-user");
    assert!(seal_password(&house, "first", FIRST_SECRET).status.success());
    let generation = |house: &TestEnv| house.list_items(&["secrets", "list", "--json"])[0]["generation"].as_i64();
    assert_eq!(generation(&house), Some(1));
    for expected in [2, 3] {
        assert_eq!(house.run_json(&["keys", "rotate", "--json"])["generation"], expected);
        assert_eq!(generation(&house), Some(expected));
        assert_output(&house.run(&["sync", "first", "--full"]), 0, &["balanced"]);
        // The samples are sealed too: they open, and still pass.
        let checked = house.run_json(&["connectors", "check", "--json"]);
        assert!(
            checked["samples"].as_array().unwrap().iter().any(|r| r["connector"] == "county" && r["ok"] == true),
            "{checked}"
        );
    }
    assert_secret_nowhere(&house, FIRST_SECRET);
}

#[test]
fn secrets_and_samples_outlive_a_rotation_on_sqlite() {
    secrets_outlive_a_rotation(Services::Sqlite);
}

#[test]
fn secrets_and_samples_outlive_a_rotation_on_postgresql() {
    secrets_outlive_a_rotation(Services::Postgres);
}

/// Registers a version with samples, and seals a secret.
pub fn register_sealed_source(house: &TestEnv) {
    let folder = Folder::new(house, "sealed");
    assert_output(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    add_source(house, "sealed", "sealed", "http://127.0.0.1:9", "u");
    assert!(seal_password(house, "sealed", FIRST_SECRET).status.success());
}

/// A password is looked up among the sealed secrets, then in a file, then in the environment.
#[test]
fn a_password_is_looked_up_in_order() {
    let mut house = TestEnv::new(Services::Sqlite);
    let platform = Platform::start(FIRST);
    let file = house.dir.0.join("password");
    let source = |more: &str| {
        format!(
            "[[source]]\nname = \"a\"\nconnector = \"intel\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\nuser = \"first-user\"\n{more}",
            platform.url
        )
    };
    let from_file = format!("password_file = \"{}\"\n", file.display());
    house.env.push(("A_PASSWORD".into(), FIRST_SECRET.into()));
    let sync = |house: &TestEnv, more: &str| house.run(&["sync", "a", "--config", &write_config(house, &source(more))]);
    assert_output(&sync(&house, ""), 1, &["rejects the user and password"]);
    assert_output(&sync(&house, "password_env = \"A_PASSWORD\"\n"), 0, &["balanced"]);
    let both = format!("{from_file}password_env = \"A_PASSWORD\"\n");
    assert_output(&sync(&house, &both), 2, &["source a", "password", "first line"]);
    std::fs::write(&file, "wrong\n").unwrap();
    assert_output(&sync(&house, &both), 1, &["rejects the user and password"]);
    std::fs::write(&file, format!("{FIRST_SECRET}\nanother line\n")).unwrap();
    assert_output(&sync(&house, &from_file), 0, &["balanced"]);
    std::fs::write(&file, "wrong\n").unwrap();
    let config = write_config(&house, &source(&from_file));
    let sealed = |value: &str| {
        let mut command = house.command(&["secrets", "set", "a", "password", "--config", &config]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{value}").unwrap();
        assert!(child.wait().unwrap().success());
    };
    sealed(FIRST_SECRET);
    assert_output(&house.run(&["sync", "a", "--config", &config]), 0, &["balanced"]);
    assert_output(&house.run(&["secrets", "remove", "a", "password"]), 0, &[]);
    assert_output(&house.run(&["sync", "a", "--config", &config]), 1, &["rejects the user and password"]);
}

/// A registered version replaces a built-in connector, and the built-in one can come back.
#[test]
fn a_built_in_connector_can_be_overridden() {
    let house = TestEnv::new(Services::Sqlite);
    let folder = Folder::new(&house, "intel");
    assert_output(&house.run(&["connectors", "register", folder.path()]), 2, &["built in", "nothing to register"]);
    folder.change_manifest("place = \"place\"\n", "");
    assert_output(&house.run(&["connectors", "register", folder.path()]), 2, &["raise", "above 1"]);
    folder.change_manifest("version = 1", "version = 5");
    assert_output(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    let origin = || {
        let list: Value = house.list_items(&["connectors", "list", "--json"]);
        let intel = list.as_array().unwrap().iter().find(|c| c["connector"] == "intel").unwrap().clone();
        (intel["version"].as_i64().unwrap(), intel["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(origin(), (5, "registered".into()));
    assert_output(&house.run(&["doctor"]), 0, &["intel 5 (registered)"]);
    assert_output(&house.run(&["connectors", "rollback", "intel", "--to", "built-in", "--because", "x"]), 0, &[]);
    assert_eq!(origin(), (1, "built_in".into()));
    assert_output(&house.run(&["connectors", "rollback", "intel", "--to", "5", "--because", "x"]), 0, &[]);
    assert_eq!(origin(), (5, "registered".into()));
    assert_output(&house.run(&["connectors", "rollback", "intel", "--to", "1", "--because", "x"]), 0, &[]);
    assert_eq!(origin(), (1, "built_in".into()));
    assert_output(
        &house.run(&["connectors", "rollback", "intel", "--to", "4", "--because", "x"]),
        2,
        &["no version 4"],
    );
    assert_output(&house.run(&["connectors", "enable", "nonesuch", "--because", "x"]), 2, &["nonesuch"]);
}
