//! Real workbooks and signed downloads, through the front door.

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};
use serde_json::Value;

use crate::house::{House, On};

fn config(house: &House, source: &str) -> String {
    let file = house.dir.0.join("huiliu.toml");
    let common = format!("institution_code = \"A\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n");
    std::fs::write(&file, format!("[[source]]\nname = \"cmcc\"\n{common}{source}")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_row_of_a_workbook_is_found_by_sheet_row_and_cell() {
    let house = House::new(On::Sqlite);
    let drop = house.dir.0.join("drop");
    std::fs::create_dir_all(&drop).unwrap();
    // As an older program saves it: days counted from 1904, formulas with their values, merged headers.
    std::fs::write(drop.join("LEGO_20150331.xls"), include_bytes!("workbooks/LEGO_20150331.xls")).unwrap();
    let mut house = house;
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    let config = config(&house, &format!("connector = \"lego\"\nfolder = \"{}\"\n", drop.display()));
    let pass = house.json(&["sync", "cmcc", "--json", "--config", &config]);
    assert_eq!(
        (pass["balance"]["inserted"].as_i64(), pass["balance"]["parked"].as_i64()),
        (Some(2), Some(1)),
        "{pass}"
    );
    let letters = house.json(&["dead-letters", "list", "--json"]);
    let letter = &letters[0];
    assert_eq!(letter["address"], "LEGO_20150331.xls › 第三期 row 6");
    let reasons: Vec<(&str, &str)> = letter["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["code"].as_str().unwrap(), r["cell"].as_str().unwrap()))
        .collect();
    let cell = |cell| format!("LEGO_20150331.xls › 第三期!{cell}");
    assert!(reasons.contains(&("id_number.stored_as_number", cell("D6").as_str())), "{reasons:?}");
    assert!(reasons.contains(&("hours.formula_error", cell("K6").as_str())), "{reasons:?}");
    assert!(!letters.to_string().contains("220113196511300036"), "an ID number is shown");
    let records = house.json(&["records", "list", "--json"]).to_string();
    assert!(records.contains("2015-03-05"), "a day of the 1904 epoch: {records}");
}

/// What a pass over the China Mobile platform leaves: hours per ID number, and letters by member and line.
fn outcome(transport: &dyn Fn(&Sandbox, &str) -> String) -> (Value, impl PartialEq + std::fmt::Debug + use<>) {
    let mut house = House::new(On::Sqlite);
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: 60_000, faults: true, changed_percent: 0 };
    let drop = house.dir.0.join("drop");
    let sandbox = runtime.block_on(Sandbox::start(options, &drop)).unwrap();
    let config = config(&house, &format!("connector = \"cmcc\"\n{}", transport(&sandbox, drop.to_str().unwrap())));
    let pass = house.json(&["sync", "cmcc", "--json", "--config", &config]);
    let again = house.json(&["sync", "cmcc", "--json", "--config", &config]);
    assert_eq!(again["balance"]["received"], 0, "the cursor stays behind the last archive");
    runtime.block_on(sandbox.stop());
    let member = |place: String| place.rsplit(" › ").next().unwrap().to_owned();
    let mut letters: Vec<_> = house.letters().into_iter().map(|(_, place, codes)| (member(place), codes)).collect();
    letters.sort();
    (pass["balance"].clone(), (house.ledger(), letters))
}

#[test]
fn a_signed_download_of_archives_gives_what_the_folder_gives() {
    let folder = outcome(&|_, drop| format!("folder = \"{drop}\"\n"));
    let download = outcome(&|sandbox, _| format!("base_url = \"{}\"\n", sandbox.base_url()));
    assert!(
        folder.0["parked"].as_i64().unwrap() > 50 && folder.0["received"].as_i64().unwrap() == 12_000,
        "{folder:?}"
    );
    assert_eq!(folder, download);
}

#[test]
fn a_wrong_signing_key_fails_the_run() {
    let mut house = House::new(On::Sqlite);
    house.env.push(("SANDBOX_SECRET".into(), "wrong".into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: 1_000, faults: false, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let config = config(&house, &format!("connector = \"cmcc\"\nbase_url = \"{}\"\n", sandbox.base_url()));
    let out = house.run(&["sync", "cmcc", "--config", &config]);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("refuses user and password"));
    runtime.block_on(sandbox.stop());
}
