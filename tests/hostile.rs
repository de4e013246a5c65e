//! Hostile workbooks and archives: each is answered within its bounds, with a reason, and nothing else is harmed.

mod corpus;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{House, On};
use corpus::Hostile;

/// Drops the files, syncs, and gives the pass and the reason of every file that could not be read.
fn sync(house: &House, connector: &str, files: &[Hostile]) -> (Value, BTreeMap<String, String>) {
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
    let pass = house.json(&["sync", connector, "--json", "--config", config.to_str().unwrap()]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let unread = pass["connectors"][0]["unread_payloads"].as_array().unwrap();
    let reasons = unread.iter().map(|row| (text(row, "payload"), text(row, "reason"))).collect();
    (pass, reasons)
}

#[test]
fn two_hundred_hostile_files_are_each_answered_and_harm_nothing() {
    let house = House::new(On::Sqlite);
    let (books, archives) = (corpus::workbooks(), corpus::archives());
    let count = books.len() + archives.len();
    assert!(count >= 200, "only {count}");
    let began = Instant::now();
    let mut wrong = vec![];
    for (connector, files) in [("lego", &books), ("cmcc", &archives)] {
        let (pass, reasons) = sync(&house, connector, files);
        assert_eq!(pass["connectors"][0]["state"], "done", "{pass}");
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
    // The good files that lay among them are in (and a changed cell that no checksum guards), and so is a later one.
    let held = house.json(&["records", "list", "--limit", "1000", "--json"]).as_array().unwrap().len();
    assert!((4..8).contains(&held), "{held} records");
    let late = Hostile { name: "LEGO_20991231_late.xlsx".into(), bytes: corpus::GOOD.to_vec(), expected: None };
    let (pass, reasons) = sync(&house, "lego", &[late]);
    assert_eq!((pass["balance"]["received"].as_i64(), reasons.len()), (Some(3), 0), "{pass}");
}

#[test]
fn a_reason_is_told_in_both_languages() {
    let house = House::new(On::Sqlite);
    let files = [Hostile { name: "LEGO_20140930_page.xls".into(), bytes: b"<html>".to_vec(), expected: None }];
    let (pass, _) = sync(&house, "lego", &files);
    let run = pass["connectors"][0]["run"].to_string();
    for (language, words) in [("en", "no workbook but a web page"), ("zh_CN.UTF-8", "这不是工作簿，而是没有表格的网页")]
    {
        let out = house.command(&["runs", "show", &run]).env("HUILIU_LANG", language).output().unwrap();
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(text.contains(words) && text.contains("LEGO_20140930_page.xls"), "{text}");
    }
}
