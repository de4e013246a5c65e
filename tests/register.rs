//! Connectors, sources and secrets that are registered while workers run.

mod late;
pub mod platform;
mod refusals;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{House, On};
use crate::ops::{Worker, config, wait_for};
use platform::{FIRST, Platform, SECOND};

const FIRST_SECRET: &str = "Erste-Losung-7141";
const SECOND_SECRET: &str = "Zweite-Losung-9238";
const RECORDS: &str = "SELECT count(*) FROM training_record";
const EVERY_SECOND: &str = "* * * * * *";

/// A connector in a folder of its own: the Intel profile under another id.
struct Folder(PathBuf);

impl Folder {
    fn new(house: &House, id: &str) -> Self {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/intel");
        let folder = Self(house.dir.0.join(id));
        for (from, to) in [("samples", "samples/records.xml"), ("expected", "expected/records.json")] {
            std::fs::create_dir_all(folder.0.join(from)).unwrap();
            std::fs::copy(shipped.join(to), folder.0.join(to)).unwrap();
        }
        std::fs::copy(shipped.join("manifest.toml"), folder.0.join("manifest.toml")).unwrap();
        if id != "intel" {
            folder.change("id = \"intel\"", &format!("id = \"{id}\""));
            // No crosswalk of courses knows it.
            let expected = folder.0.join("expected/records.json");
            let text = std::fs::read_to_string(&expected).unwrap();
            std::fs::write(expected, text.replace("\"C-001\"", "null").replace("\"C-002\"", "null")).unwrap();
        }
        folder
    }

    fn change(&self, from: &str, to: &str) {
        let file = self.0.join("manifest.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

fn seal(house: &House, source: &str, value: &str) -> Output {
    let mut command = house.command(&["secrets", "set", source, "password"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{value}").unwrap();
    child.wait_with_output().unwrap()
}

fn add(house: &House, name: &str, connector: &str, place: &str, user: &str) {
    let institution = format!("INSTITUTION-{name}");
    let mut args = vec!["sources", "add", name, "--connector", connector, "--institution-code", &institution];
    args.extend(["--base-url", place, "--user", user, "--schedule", "", "--setting", "county=220100", "--json"]);
    assert_eq!(house.json(&args)["settings"]["county"], "220100");
}

fn says(out: &Output, code: i32, words: &[&str]) {
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
}

/// Where a secret must not stand: what every command says, and the files or tables themselves.
fn nowhere(house: &House, secret: &str) {
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

/// Runs that have ended well.
fn done(house: &House) -> i64 {
    house.sql("SELECT count(*) FROM sync_run WHERE state = 'done'")
}

fn a_connector_comes_while_workers_run(on: On) {
    let house = House::new(on);
    says(&house.run(&["migrate"]), 0, &[]);
    let config = config(&house, "");
    let log = [("HUILIU_LOG", "info,sqlx=off,apalis=off")];
    let workers: Vec<Worker> =
        (0..if on == On::Sqlite { 1 } else { 3 }).map(|_| Worker::start(&house, &config, &log)).collect();
    let (first, second) = (Platform::start(FIRST), Platform::start(SECOND));

    let folder = Folder::new(&house, "county");
    let registered = house.json(&["connectors", "register", folder.path(), "--because", "a new county", "--json"]);
    assert_eq!((&registered["state"], &registered["samples"][0]["ok"]), (&"registered".into(), &true.into()));
    add(&house, "first", "county", &first.url, "first-user");
    add(&house, "second", "county", &second.url, "second-user");
    // Each institution has its own password; the other's is refused.
    for (source, wrong, right) in [("first", SECOND_SECRET, FIRST_SECRET), ("second", FIRST_SECRET, SECOND_SECRET)] {
        says(&seal(&house, source, wrong), 0, &["sealed"]);
        says(&house.run(&["sync", source]), 1, &["rejects the user and password"]);
        says(&seal(&house, source, right), 0, &["sealed"]);
    }
    assert_eq!(house.sql(RECORDS), 0);
    says(&house.run(&["sync", "first"]), 0, &["balanced"]);
    assert_eq!(house.sql(RECORDS), 2);
    // A running worker follows the schedule of a source that it did not know when it started.
    let since = Instant::now();
    says(&house.run(&["sources", "set", "second", "--schedule", EVERY_SECOND]), 0, &[]);
    wait_for("the second institution's records", || house.sql(RECORDS) == 4);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(house.sql("SELECT count(DISTINCT institution_id) FROM training_record"), 2);

    another_version(&house, &folder);
    no_longer_read(&house);
    says(&house.run(&["sources", "remove", "first", "--because", "moved"]), 0, &[]);
    says(&house.run(&["sync", "first"]), 2, &["no source \"first\"", "second"]);
    assert_eq!(house.sql("SELECT count(*) FROM source_secret WHERE source = 'first'"), 0);
    assert_eq!(house.sql(RECORDS), 4, "what it has received stays");
    let told: Vec<String> = house
        .items(&["audit", "--json"])
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
        nowhere(&house, secret);
    }
    for worker in workers {
        let (code, _, said) = worker.stop();
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains(FIRST_SECRET) && !said.contains(SECOND_SECRET), "{said}");
    }
    assert_eq!(house.json(&["balance", "--json"])["balanced"], true);
}

/// Version 2 says otherwise who delivers; it takes effect, and goes again.
fn another_version(house: &House, folder: &Folder) {
    folder.change("version = 1", "version = 2");
    folder.change("delivery_code = { constant = \"2\" }", "delivery_code = { constant = \"3\" }");
    let second = || house.sql("SELECT count(*) FROM training_record WHERE delivery_code = '3'");
    assert_eq!(second(), 0);
    let since = Instant::now();
    says(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    wait_for("the second version", || second() == 2);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let versions = house.items(&["connectors", "versions", "county", "--json"]);
    let used: Vec<_> =
        versions.as_array().unwrap().iter().map(|v| (v["version"].clone(), v["in_use"].clone())).collect();
    assert_eq!(used, [(2.into(), true.into()), (1.into(), false.into())]);
    says(&house.run(&["connectors", "rollback", "county", "--to", "1", "--because", "wrong"]), 0, &["1"]);
    wait_for("the first version again", || second() == 0);
    // Once more changes nothing, and holds nothing up.
    says(&house.run(&["connectors", "rollback", "county", "--to", "1", "--because", "wrong"]), 0, &["already"]);
    assert_eq!(house.json(&["connectors", "show", "county", "--json"])["version"], 1);
}

fn no_longer_read(house: &House) {
    says(&house.run(&["connectors", "disable", "county", "--because", "too much noise"]), 0, &["no longer"]);
    says(&house.run(&["connectors", "disable", "county", "--because", "too much noise"]), 0, &["already"]);
    says(&house.run(&["sync", "first"]), 1, &["county", "disabled", "too much noise", "enable"]);
    says(&house.run(&["sync", "--all"]), 1, &["connector county is disabled", "too much noise"]);
    // What was under way comes to its end.
    std::thread::sleep(Duration::from_secs(4));
    let before = house.sql("SELECT count(*) FROM sync_run");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(house.sql("SELECT count(*) FROM sync_run"), before, "a disabled connector was read");
    assert_eq!(house.sql("SELECT count(*) FROM batch WHERE state <> 'done'"), 0, "what had landed was not delivered");
    says(&house.run(&["connectors", "enable", "county", "--because", "quiet again"]), 0, &["again"]);
    says(&house.run(&["connectors", "enable", "county", "--because", "quiet again"]), 0, &["already"]);
    wait_for("another sync", || house.sql("SELECT count(*) FROM sync_run") > before);
}

#[test]
fn a_connector_comes_while_a_worker_runs_on_sqlite() {
    a_connector_comes_while_workers_run(On::Sqlite);
}

#[test]
fn a_connector_comes_while_workers_run_on_postgresql() {
    a_connector_comes_while_workers_run(On::Postgres);
}

/// A newer program has registered a manifest that this one cannot read: a worker that runs goes on as it was, one that
/// starts leaves the connector alone, and both live.
fn a_manifest_of_a_newer_program(on: On) {
    let house = House::new(on);
    let folder = Folder::new(&house, "county");
    says(&house.run(&["migrate"]), 0, &[]);
    says(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    let platform = Platform::start(FIRST);
    add(&house, "first", "county", &platform.url, "first-user");
    assert!(seal(&house, "first", FIRST_SECRET).status.success());
    says(&house.run(&["sources", "set", "first", "--schedule", EVERY_SECOND]), 0, &[]);
    let config = config(&house, "");
    let worker = Worker::start(&house, &config, &[]);
    wait_for("a sync", || done(&house) > 0);
    house.sql("UPDATE connector_version SET manifest = 'manifest = 7' WHERE connector = 'county'");
    house.sql("UPDATE registry_change SET number = number + 1");
    std::thread::sleep(Duration::from_secs(3));
    let before = done(&house);
    wait_for("another sync, as it was", || done(&house) > before);
    says(&house.run(&["doctor"]), 2, &["county 1 cannot be used"]);
    says(&house.run(&["sync", "first"]), 2, &["county", "cannot be used by this program"]);
    let (code, _, said) = worker.stop();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("a registered manifest cannot be used").count(), 1, "{said}");
    let mut started = Worker::start(&house, &config, &[]);
    std::thread::sleep(Duration::from_secs(3));
    assert!(started.0.try_wait().unwrap().is_none(), "it did not live: {}", started.stop().2);
}

#[test]
fn a_manifest_of_a_newer_program_stops_no_worker_on_sqlite() {
    a_manifest_of_a_newer_program(On::Sqlite);
}

#[test]
fn a_manifest_of_a_newer_program_stops_no_worker_on_postgresql() {
    a_manifest_of_a_newer_program(On::Postgres);
}

fn secrets_outlive_a_rotation(on: On) {
    let house = House::new(on);
    let folder = Folder::new(&house, "county");
    says(&house.run(&["migrate"]), 0, &[]);
    says(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    let platform = Platform::start(FIRST);
    add(&house, "first", "county", &platform.url, "first-user");
    assert!(seal(&house, "first", FIRST_SECRET).status.success());
    let generation = |house: &House| house.items(&["secrets", "list", "--json"])[0]["generation"].as_i64();
    assert_eq!(generation(&house), Some(1));
    for expected in [2, 3] {
        assert_eq!(house.json(&["keys", "rotate", "--json"])["generation"], expected);
        assert_eq!(generation(&house), Some(expected));
        says(&house.run(&["sync", "first", "--full"]), 0, &["balanced"]);
        // The samples are sealed too: they open, and are still passed.
        let checked = house.json(&["connectors", "check", "--json"]);
        assert!(
            checked["samples"].as_array().unwrap().iter().any(|r| r["connector"] == "county" && r["ok"] == true),
            "{checked}"
        );
    }
    nowhere(&house, FIRST_SECRET);
}

#[test]
fn secrets_and_samples_outlive_a_rotation_on_sqlite() {
    secrets_outlive_a_rotation(On::Sqlite);
}

#[test]
fn secrets_and_samples_outlive_a_rotation_on_postgresql() {
    secrets_outlive_a_rotation(On::Postgres);
}

/// A registered version with its samples, and a secret.
pub fn something_sealed(house: &House) {
    let folder = Folder::new(house, "sealed");
    says(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    add(house, "sealed", "sealed", "http://127.0.0.1:9", "u");
    assert!(seal(house, "sealed", FIRST_SECRET).status.success());
}

/// Sealed, else in a file, else in the environment.
#[test]
fn a_password_is_looked_up_in_order() {
    let mut house = House::new(On::Sqlite);
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
    let sync = |house: &House, more: &str| house.run(&["sync", "a", "--config", &config(house, &source(more))]);
    says(&sync(&house, ""), 1, &["rejects the user and password"]);
    says(&sync(&house, "password_env = \"A_PASSWORD\"\n"), 0, &["balanced"]);
    let both = format!("{from_file}password_env = \"A_PASSWORD\"\n");
    says(&sync(&house, &both), 2, &["source a", "password", "first line"]);
    std::fs::write(&file, "wrong\n").unwrap();
    says(&sync(&house, &both), 1, &["rejects the user and password"]);
    std::fs::write(&file, format!("{FIRST_SECRET}\nanother line\n")).unwrap();
    says(&sync(&house, &from_file), 0, &["balanced"]);
    std::fs::write(&file, "wrong\n").unwrap();
    let config = config(&house, &source(&from_file));
    let sealed = |value: &str| {
        let mut command = house.command(&["secrets", "set", "a", "password", "--config", &config]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{value}").unwrap();
        assert!(child.wait().unwrap().success());
    };
    sealed(FIRST_SECRET);
    says(&house.run(&["sync", "a", "--config", &config]), 0, &["balanced"]);
    says(&house.run(&["secrets", "remove", "a", "password"]), 0, &[]);
    says(&house.run(&["sync", "a", "--config", &config]), 1, &["rejects the user and password"]);
}

/// A built-in connector gives way to a registered version, and comes back.
#[test]
fn a_built_in_connector_can_be_overridden() {
    let house = House::new(On::Sqlite);
    let folder = Folder::new(&house, "intel");
    says(&house.run(&["connectors", "register", folder.path()]), 2, &["built in", "nothing to register"]);
    folder.change("place = \"place\"\n", "");
    says(&house.run(&["connectors", "register", folder.path()]), 2, &["raise", "above 1"]);
    folder.change("version = 1", "version = 5");
    says(&house.run(&["connectors", "register", folder.path()]), 0, &[]);
    let origin = || {
        let list: Value = house.items(&["connectors", "list", "--json"]);
        let intel = list.as_array().unwrap().iter().find(|c| c["connector"] == "intel").unwrap().clone();
        (intel["version"].as_i64().unwrap(), intel["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(origin(), (5, "registered".into()));
    says(&house.run(&["doctor"]), 0, &["intel 5 (registered)"]);
    says(&house.run(&["connectors", "rollback", "intel", "--to", "built-in", "--because", "x"]), 0, &[]);
    assert_eq!(origin(), (1, "built_in".into()));
    says(&house.run(&["connectors", "rollback", "intel", "--to", "5", "--because", "x"]), 0, &[]);
    assert_eq!(origin(), (5, "registered".into()));
    says(&house.run(&["connectors", "rollback", "intel", "--to", "1", "--because", "x"]), 0, &[]);
    assert_eq!(origin(), (1, "built_in".into()));
    says(&house.run(&["connectors", "rollback", "intel", "--to", "4", "--because", "x"]), 2, &["no version 4"]);
    says(&house.run(&["connectors", "enable", "nonesuch", "--because", "x"]), 2, &["nonesuch"]);
}
