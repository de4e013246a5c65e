//! The audit log has an end that is known outside the database: a log that was emptied, cut, replaced or extended by hand is
//! found. Tested with the real program on both databases.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::extraction::{Answer, Platform, SeenRequest};
use crate::files::{MANIFEST, csv};
use crate::missing::{Ended, Office};
use crate::operations::assert_fits_schema;
use crate::test_env::Services;

/// Something that the audit log has.
const ACT: [&str; 8] =
    ["cursors", "set", "county", "records", "--to", "{\"after\":\"a.csv\"}", "--because", "sent anew"];

/// Makes an office with a source that was read once.
fn office(on: Services) -> Office {
    let office = Office::new(on, MANIFEST, "folder = \"{folder}\"");
    std::fs::write(office.house.dir.0.join("in/a.csv"), csv([("C1".to_owned(), 36)])).unwrap();
    assert!(office.run(&["sync", "county"]).ok);
    office
}

impl Office {
    /// Does something that the audit log has.
    fn act(&self) {
        let Ended { ok, told } = self.run(&ACT);
        assert!(ok, "{told}");
    }

    fn heads_file(&self) -> PathBuf {
        self.house.dir.0.join("data/audit-heads.log")
    }

    fn heads(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.heads_file()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Checks the log, expects it to be whole, and returns what is known of it.
    fn verify_audit(&self) -> Value {
        let check = self.run_json(&["audit", "--verify"]);
        assert_fits_schema("audit.verify", &check);
        assert_eq!(check["intact"], true, "{check}");
        assert!(self.run(&["audit"]).ok);
        let doctor = self.run(&["doctor"]);
        assert!(doctor.ok && doctor.told.contains("whole and in order"), "{}", doctor.told);
        check
    }

    /// Checks that every command tells this.
    fn assert_audit_tells(&self, words: &str) {
        for args in [&["audit", "--verify"][..], &["audit"], &["doctor"]] {
            let Ended { ok, told } = self.run(args);
            assert!(!ok && told.contains(words), "{args:?}: {words:?} is not in {told}");
        }
        let out = self.house.command(&["audit", "--verify", "--json"]).output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{words}");
        let check: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_fits_schema("audit.verify", &check);
        assert_eq!(check["intact"], false, "{words}: {check}");
    }
}

#[test]
fn a_log_that_was_emptied_cut_or_extended_by_hand_is_found() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = office(on);
        let sql = |statement: &str| office.house.run_sql(statement);
        for _ in 0..3 {
            office.act();
        }
        let entries = sql("SELECT count(*) FROM audit");
        let check = office.verify_audit();
        assert_eq!((&check["entries"], &check["last_head"]["entry"]), (&entries.into(), &entries.into()), "{check}");
        let heads = office.heads();
        assert_eq!(heads.last().unwrap()["number"], entries);
        assert_eq!(heads.last().unwrap()["hash"], check["last_head"]["hash"]);
        sql("CREATE TABLE audit_kept AS SELECT * FROM audit");
        let hash = if on == Services::Sqlite { "X'00'" } else { "'\\x00'::bytea" };
        let insert = |id: &str| {
            let copy =
                format!("SELECT {id}, at, actor, action, object, detail, {hash}, {hash} FROM audit WHERE id = 1");
            format!("INSERT INTO audit (id, at, actor, action, object, detail, previous_hash, hash) {copy}")
        };
        let cut = "the audit log was cut off or replaced";
        for (tamper, words) in [
            ("DELETE FROM audit".to_owned(), format!("{cut}: entry 1 of")),
            ("DELETE FROM audit".to_owned(), format!("the last known end is entry {entries}")),
            (format!("DELETE FROM audit WHERE id = {entries}"), format!("{cut}: entry {entries} of")),
            (format!("DELETE FROM audit WHERE id > {}", entries - 2), format!("{cut}: entry {} of", entries - 1)),
            ("UPDATE audit SET actor = 'nobody' WHERE id = 2".to_owned(), "entry 2 was changed".to_owned()),
            ("DELETE FROM audit WHERE id = 2".to_owned(), "entry 3 was changed, or entries before it".to_owned()),
            (format!("UPDATE audit SET at = at + 1 WHERE id = {entries}"), format!("entry {entries} was changed")),
            (insert("-1"), "has an entry -1".to_owned()),
            (insert("0"), "has an entry 0".to_owned()),
            (insert("1000000000000000"), "entry 1000000000000000 was changed, or entries before it".to_owned()),
            (insert("9223372036854775807"), "entry 9223372036854775807 was changed".to_owned()),
        ] {
            sql(&tamper);
            office.assert_audit_tells(&words);
            sql("DELETE FROM audit");
            sql("INSERT INTO audit SELECT * FROM audit_kept");
            office.verify_audit();
        }
        // A new log whose chain is sound does not stand for the old one, however long it gets.
        sql("DELETE FROM audit");
        for _ in 0..entries + 1 {
            office.act();
        }
        office.assert_audit_tells(&format!("{cut}: entry 1 of"));
    }
}

#[test]
fn what_the_file_says_is_taken_as_it_is() {
    let office = office(Services::Sqlite);
    office.act();
    let (file, text) = (office.heads_file(), std::fs::read_to_string(office.heads_file()).unwrap());
    // A file that is gone says nothing, and is told; the next act begins it again.
    std::fs::remove_file(&file).unwrap();
    let Ended { ok, told } = office.run(&["audit", "--verify"]);
    assert!(ok && told.contains("is not known, because there is no"), "{told}");
    assert!(office.run(&["doctor"]).told.contains("is not known, because there is no"));
    office.act();
    assert_eq!(office.heads().len(), 1);
    // Lines of several processes may be in another order, and one that a power cut has left half is a line of its own.
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    std::fs::write(&file, lines.join("\n")).unwrap();
    office.act();
    office.verify_audit();
    std::fs::write(&file, format!("{text}{{\"at\":\"2026-")).unwrap();
    office.act();
    office.assert_audit_tells(&format!("line {} of", lines.len() + 1));
    // Nobody without the key can say that the database was replaced by a backup.
    let head: Value = serde_json::from_str(lines[0]).unwrap();
    let forged =
        serde_json::json!({ "at": head["at"], "number": 1, "hash": "00".repeat(32), "restored": "00".repeat(32) });
    std::fs::write(&file, format!("{text}{forged}\n")).unwrap();
    office.assert_audit_tells(&format!("line {} of", lines.len() + 1));
    // A file that cannot be written takes no act back.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let Ended { ok, told } = office.run(&ACT);
    assert!(ok && told.contains("could not be written to"), "{told}");
    office.assert_audit_tells("cannot be read");
}

#[test]
fn many_processes_at_once_keep_it_whole() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = office(on);
        let act = || {
            let mut command = office.house.command(&ACT);
            command.env("HUILIU_CONFIG", office.house.dir.0.join("huiliu.toml")).stdout(Stdio::null());
            command.spawn().unwrap()
        };
        for _ in 0..4 {
            let all: Vec<Child> = (0..6).map(|_| act()).collect();
            assert!(all.into_iter().all(|mut child| child.wait().unwrap().success()));
        }
        let check = office.verify_audit();
        let entries = office.house.run_sql("SELECT count(*) FROM audit");
        assert!(entries > 24, "{entries}");
        assert_eq!(office.heads().len(), usize::try_from(entries).unwrap());
        assert_eq!(check["last_head"]["entry"], entries);
    }
}

#[test]
fn what_an_administrator_does_keeps_it_whole() {
    let office = office(Services::Sqlite);
    office.act();
    assert!(office.run(&["keys", "rotate"]).ok);
    let add = ["sources", "add", "b", "--connector", "lego", "--institution-code", "A", "--folder", "/tmp"];
    for args in [&add[..], &["sources", "remove", "b", "--because", "a test"]] {
        let Ended { ok, told } = office.run(args);
        assert!(ok, "{args:?}: {told}");
    }
    office.verify_audit();
    let folder = office.house.dir.0.join("copies");
    let kept = office.run_json(&["backup", folder.to_str().unwrap()]);
    let kept = kept["file"].as_str().unwrap();
    office.act();
    office.act();
    let before = office.house.run_sql("SELECT max(id) FROM audit");
    let Ended { ok, told } = office.run(&["restore", kept, "--overwrite", "--because", "a test"]);
    assert!(ok, "{told}");
    let check = office.verify_audit();
    assert_eq!((check["restores"].as_i64(), office.heads().len()), (Some(1), usize::try_from(before + 1).unwrap()));
    office.act();
    let check = office.verify_audit();
    assert!(check["last_head"]["entry"].as_i64().unwrap() <= before, "{check}");
    // After it, the log is watched as before.
    office.house.run_sql("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)");
    office.assert_audit_tells("the audit log was cut off or replaced");
}

#[test]
fn the_end_is_posted_and_nothing_waits_for_it() {
    let office = office(Services::Sqlite);
    let platform = Platform::start(|request: &SeenRequest| match request.path.as_str() {
        "/heads" => Answer::new(204, ""),
        _ => Answer::new(500, "no"),
    });
    let act = |url: &str| {
        let began = Instant::now();
        let mut command = office.house.command(&ACT);
        command.env("HUILIU_CONFIG", office.house.dir.0.join("huiliu.toml")).env("HUILIU_AUDIT_HEAD_URL", url);
        let out = command.output().unwrap();
        assert!(out.status.success());
        (String::from_utf8_lossy(&out.stderr).into_owned(), began.elapsed())
    };
    let (told, _) = act(&format!("{}/heads", platform.url));
    assert!(!told.contains("audit_head_url"), "{told}");
    let posted = platform.requests_for("/heads");
    assert_eq!(posted.len(), 1);
    let head: Value = serde_json::from_str(&posted[0].body).unwrap();
    assert_eq!(Some(&head), office.heads().last());
    // A host that refuses, one that is not there, and one that never answers.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = [
        format!("{}/other", platform.url),
        "http://127.0.0.1:9/heads".to_owned(),
        format!("http://{}/heads", deaf.local_addr().unwrap()),
        "nonsense".to_owned(),
    ];
    for url in urls {
        let (told, took) = act(&url);
        assert!(told.contains("was not taken by audit_head_url"), "{url}: {told}");
        assert!(took < Duration::from_secs(15), "{url}: {took:?}");
    }
    act(&format!("{}/heads", platform.url));
    let last: Value = serde_json::from_str(&platform.requests_for("/heads").pop().unwrap().body).unwrap();
    assert_eq!(Some(&last), office.heads().last());
    office.verify_audit();
}
