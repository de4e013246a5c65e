//! Hostile workbooks and archives: each is answered within its bounds and with a reason, and harms nothing else.

mod corpus;
mod texts;
pub mod watched;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::test_env::{Services, TestEnv};
use corpus::Hostile;
use texts::TextConnector;
use watched::Peak;

/// Drops the files and syncs. Returns the pass, and the reason of every file that could not be read.
fn sync_files(house: &TestEnv, connector: &str, files: &[Hostile]) -> (Value, BTreeMap<String, String>) {
    let drop = house.dir.0.join(format!("drop-{connector}"));
    std::fs::create_dir_all(&drop).unwrap();
    for file in files {
        std::fs::write(drop.join(&file.name), &file.bytes).unwrap();
    }
    let config = house.dir.0.join("huiliu.toml");
    let text = format!(
        "[[source]]\nname = \"{connector}\"\nconnector = \"{connector}\"\ninstitution_code = \"A\"\nfolder = \"{}\"\n",
        drop.display()
    );
    std::fs::write(&config, text).unwrap();
    // A run with a file that cannot be read fails, but is reported as any other.
    let out = house.run(&["sync", connector, "--json", "--config", config.to_str().unwrap()]);
    let pass: Value = serde_json::from_slice(&out.stdout).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let unread = pass["sources"][0]["unread_payloads"].as_array().unwrap();
    let reasons = unread.iter().map(|row| (text(row, "payload"), text(&row["reason"], "message"))).collect();
    (pass, reasons)
}

#[test]
fn two_hundred_hostile_files_are_each_answered_and_harm_nothing() {
    let house = TestEnv::new(Services::Sqlite);
    let (books, archives) = (corpus::hostile_workbooks(), corpus::hostile_archives());
    let count = books.len() + archives.len();
    assert!(count >= 200, "only {count}");
    let began = Instant::now();
    let mut wrong = vec![];
    for (connector, files) in [("lego", &books), ("cmcc", &archives)] {
        let (pass, reasons) = sync_files(&house, connector, files);
        assert_eq!(pass["sources"][0]["failure"]["code"], "run.unread", "{pass}");
        assert_eq!(pass["balance"]["balanced"], true);
        assert_eq!(pass["balance"]["pending"], 0, "{pass}");
        for file in files {
            let reason = reasons.get(&file.name);
            match file.expected {
                Some(words) if !reason.is_some_and(|reason| reason.contains(words)) => {
                    wrong.push(format!("{}: {reason:?}, expected {words:?}", file.name));
                }
                _ => {}
            }
            if reason.is_some_and(|reason| reason.trim().is_empty()) {
                wrong.push(format!("{}: no reason", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let each = began.elapsed() / u32::try_from(count).unwrap();
    assert!(each < Duration::from_secs(2), "{each:?} for each file");
    // The good files among them are stored (and those with a changed cell that no checksum guards), and so is a later
    // one.
    let held = house.list_items(&["records", "list", "--limit", "1000", "--json"]).as_array().unwrap().len();
    assert!((4..8).contains(&held), "{held} records");
    let late = Hostile { name: "LEGO_20991231_late.xlsx".into(), bytes: corpus::GOOD.to_vec(), expected: None };
    let (pass, reasons) = sync_files(&house, "lego", &[late]);
    assert_eq!((pass["balance"]["received"].as_i64(), reasons.len()), (Some(3), 0), "{pass}");
}

/// Counts the records of a room that wait for a person because fields are blank that never were.
fn count_held(house: &TestEnv, room: &TextConnector) -> i64 {
    let batches = house.list_items(&["batches", "list", "--quarantined", "--limit", "1000", "--json"]);
    let of_room = batches.as_array().unwrap().iter().filter(|batch| batch["source"] == room.name[..]);
    let held = of_room.filter(|batch| batch["last_error"]["message"].as_str().unwrap().contains("is blank in"));
    held.map(|batch| batch["records"].as_i64().unwrap()).sum()
}

/// Drops a room's files and syncs them in one process. Returns what is wrong, the memory peak and the time.
fn sync_room(house: &TestEnv, room: &TextConnector) -> (Vec<String>, Peak, Duration) {
    let (drop, manifests) = (house.dir.0.join(&room.name), house.dir.0.join("manifests"));
    let own = manifests.join(&room.name);
    for folder in [&drop, &own] {
        std::fs::create_dir_all(folder).unwrap();
    }
    for file in &room.files {
        std::fs::write(drop.join(&file.name), &file.bytes).unwrap();
    }
    std::fs::write(own.join("manifest.toml"), room.manifest_text()).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    let text = format!(
        "manifests_dir = \"{}\"\n[[source]]\nname = \"{name}\"\nconnector = \"{name}\"\ninstitution_code = \"A\"\nfolder = \"{}\"\n",
        manifests.display(),
        drop.display(),
        name = room.name
    );
    std::fs::write(&config, text).unwrap();
    let began = Instant::now();
    let args = ["sync", &room.name, "--json", "--config", config.to_str().unwrap()];
    let (out, peak) = watched::run_watched(&mut house.command(&args));
    let took = began.elapsed();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    let Ok(pass) = serde_json::from_slice::<Value>(&out.stdout) else {
        return (vec![format!("{}: {told}", room.name)], peak, took);
    };
    let source = &pass["sources"][0];
    let mut wrong = vec![];
    let is_read = source["state"] == "done" || source["failure"]["code"] == "run.unread";
    let pending = pass["balance"]["pending"].as_i64();
    let whole = is_read && pass["balance"]["balanced"] == true && pending == Some(count_held(house, room));
    if !whole || told.contains("panicked") {
        wrong.push(format!("{}: {pass} {told}", room.name));
    }
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let unread = source["unread_payloads"].as_array().unwrap();
    let reasons: BTreeMap<String, String> =
        unread.iter().map(|row| (text(row, "payload"), text(&row["reason"], "message"))).collect();
    for file in &room.files {
        let reason = reasons.get(&file.name).map(String::as_str);
        let good = match file.expected {
            Some(words) => reason.is_some_and(|reason| reason.contains(words)),
            None => reason.is_none_or(|reason| !reason.trim().is_empty()),
        };
        if !good {
            wrong.push(format!("{}/{}: {reason:?}, expected {:?}", room.name, file.name, file.expected));
        }
    }
    (wrong, peak, took)
}

/// Together with the other test's files, these are more than a thousand. Each is answered within 120 s and 512 MiB, and
/// no worker dies.
#[test]
fn a_thousand_hostile_texts_are_each_answered_within_their_bounds() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let (mut wrong, mut count) = (vec![], 0);
    for room in texts::all_rooms() {
        let (bad, peak, took) = sync_room(&house, &room);
        let (files, seconds) = (room.files.len(), took.as_secs_f64());
        eprintln!("{}: {files} files, {seconds:.1} s, {} MiB, children {} MiB", room.name, peak.own, peak.child);
        wrong.extend(bad);
        if peak.own > 512 || peak.child > 512 || took > Duration::from_secs(120) {
            wrong.push(format!("{}: {peak:?} in {took:?}", room.name));
        }
        count += files;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 800, "only {count}");
    let held = house.run_sql("SELECT count(*) FROM payload");
    assert!(held > 0, "no payload is held");
}

#[test]
fn a_reason_is_told_in_both_languages() {
    let house = TestEnv::new(Services::Sqlite);
    let files = [Hostile { name: "LEGO_20140930_page.xls".into(), bytes: b"<html>".to_vec(), expected: None }];
    let (pass, _) = sync_files(&house, "lego", &files);
    let run = pass["sources"][0]["run"].to_string();
    for (language, words) in
        [("en", "not a workbook but a web page"), ("zh_CN.UTF-8", "这不是工作簿，而是没有表格的网页")]
    {
        let out = house.command(&["runs", "show", &run]).env("HUILIU_LANG", language).output().unwrap();
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(text.contains(words) && text.contains("LEGO_20140930_page.xls"), "{text}");
    }
}
