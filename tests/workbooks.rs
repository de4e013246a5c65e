//! Real workbooks and signed downloads, tested with the real program.

#[path = "workbooks/huge.rs"]
mod huge;

use huiliu_decode::unpack::{self, Task};
use huiliu_decode::window::Window;
use huiliu_decode::{Body, RecordRange, decode};
use huiliu_manifest::Format;
use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::hostile::watched;
use crate::test_env::{Services, TestEnv};

fn write_config(house: &TestEnv, source: &str) -> String {
    let file = house.dir.0.join("huiliu.toml");
    let common = format!("institution_code = \"A\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n");
    std::fs::write(&file, format!("[[source]]\nname = \"cmcc\"\n{common}{source}")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_row_of_a_workbook_is_found_by_sheet_row_and_cell() {
    let house = TestEnv::new(Services::Sqlite);
    let drop = house.dir.0.join("drop");
    std::fs::create_dir_all(&drop).unwrap();
    // Saved by an older program: days counted from 1904, formulas with their values, merged headers.
    std::fs::write(drop.join("LEGO_20150331.xls"), include_bytes!("workbooks/LEGO_20150331.xls")).unwrap();
    let mut house = house;
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    let config = write_config(&house, &format!("connector = \"lego\"\nfolder = \"{}\"\n", drop.display()));
    let pass = house.run_json(&["sync", "cmcc", "--json", "--config", &config]);
    assert_eq!(
        (pass["balance"]["inserted"].as_i64(), pass["balance"]["parked"].as_i64()),
        (Some(2), Some(1)),
        "{pass}"
    );
    let letters = house.list_items(&["dead-letters", "list", "--json"]);
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
    let records = house.list_items(&["records", "list", "--json"]).to_string();
    assert!(records.contains("2015-03-05"), "a day of the 1904 epoch: {records}");
}

/// Returns the result of a pass over the China Mobile platform: its balance, hours per ID number, and letters by member
/// and line. Which of two versions of a record a batch meets first depends on the workers, so older versions counted as
/// superseded and newer ones counted as updated are added up.
fn sync_outcome(transport: &dyn Fn(&Sandbox, &str) -> String) -> (Value, impl PartialEq + std::fmt::Debug + use<>) {
    let mut house = TestEnv::new(Services::Sqlite);
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: 60_000, faults: true, changed_percent: 0 };
    let drop = house.dir.0.join("drop");
    let sandbox = runtime.block_on(Sandbox::start(options, &drop)).unwrap();
    let config =
        write_config(&house, &format!("connector = \"cmcc\"\n{}", transport(&sandbox, drop.to_str().unwrap())));
    let pass = house.run_json(&["sync", "cmcc", "--json", "--config", &config]);
    let again = house.run_json(&["sync", "cmcc", "--json", "--config", &config]);
    assert_eq!(again["balance"]["received"], 0, "the cursor stays behind the last archive");
    runtime.block_on(sandbox.stop());
    let member = |place: String| place.rsplit(" › ").next().unwrap().to_owned();
    let mut letters: Vec<_> =
        house.open_dead_letters().into_iter().map(|(_, place, codes)| (member(place), codes)).collect();
    letters.sort();
    let mut balance = pass["balance"].clone();
    let superseded = balance["superseded"].take().as_i64().unwrap();
    balance["updated"] = (balance["updated"].as_i64().unwrap() + superseded).into();
    (balance, (house.read_ledger(), letters))
}

#[test]
fn a_signed_download_of_archives_gives_what_the_folder_gives() {
    let folder = sync_outcome(&|_, drop| format!("folder = \"{drop}\"\n"));
    let download = sync_outcome(&|sandbox, _| format!("base_url = \"{}\"\n", sandbox.base_url()));
    assert!(
        folder.0["parked"].as_i64().unwrap() > 50 && folder.0["received"].as_i64().unwrap() == 12_000,
        "{folder:?}"
    );
    assert_eq!(folder, download);
}

#[test]
fn a_wrong_signing_key_fails_the_run() {
    let mut house = TestEnv::new(Services::Sqlite);
    house.env.push(("SANDBOX_SECRET".into(), "wrong".into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: 1_000, faults: false, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let config = write_config(&house, &format!("connector = \"cmcc\"\nbase_url = \"{}\"\n", sandbox.base_url()));
    let out = house.run(&["sync", "cmcc", "--config", &config]);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("rejects the user and password"));
    runtime.block_on(sandbox.stop());
}

const LAYOUT: &str = r#"{ kind = "workbook", sheets = "*", layout = { header = ["姓名", "身份证号"] } }"#;

/// Returns the bytes of a huge workbook.
fn huge_workbook(of: huge::Rows) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    huge::write_workbook(&mut bytes, of);
    bytes.into_inner()
}

#[test]
fn a_workbook_with_more_than_fits_is_read_in_windows() {
    let manifest = huiliu_manifest::Manifest::parse("huge", &huge::manifest_text("huge", LAYOUT)).unwrap();
    let stream = &manifest.stream[0];
    let Format::Workbook { layout, .. } = &stream.format else { panic!("no workbook") };
    let records = 129_999;
    for shared in [true, false] {
        let bytes = huge_workbook(huge::Rows { rows: records + 1, shared });
        let read = |first: u32, least: u32, count: bool| {
            let window = Some(Window { layout: layout.clone(), first, least, count });
            let task = Task { window, ..Task::for_payload(stream, &bytes).unwrap() };
            Body::Parts(unpack::unpack(&task, &bytes).unwrap().into())
        };
        assert_eq!(decode::outline_payload(stream, &read(0, 0, true), None).unwrap().records, records);
        let paths = ["证书编号", "培训学时", "姓名"];
        for (first, count) in
            [(0, 5_000), (5_000, 5_000), (61_234, 777), (125_000, 4_999), (125_000, 5_000), (129_998, 2)]
        {
            let body = read(first, count, false);
            let got = decode::decode_records(&stream.format, &body, &paths, RecordRange::new(first, count)).unwrap();
            let expected = first..records.min(first + count);
            assert_eq!(got.len(), expected.len(), "{first} {count}");
            for (record, n) in got.iter().zip(expected) {
                let of = huge::record_cells(n);
                let texts: Vec<Option<&str>> = record.texts.iter().map(Option::as_deref).collect();
                assert_eq!(texts, [Some(of[7].as_str()), Some(of[5].as_str()), Some(of[0].as_str())]);
                assert_eq!((record.index, record.format_address("f")), (n, format!("f › Sheet1 row {}", n + 2)));
            }
        }
    }
}

/// Creates a source of huge workbooks and returns the path of its settings.
fn huge_source(house: &TestEnv) -> String {
    let (drop, own) = (house.dir.0.join("drop"), house.dir.0.join("manifests").join("huge"));
    std::fs::create_dir_all(&drop).unwrap();
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("manifest.toml"), huge::manifest_text("huge", LAYOUT)).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    let text = format!(
        "manifests_dir = \"{}\"\n[[source]]\nname = \"huge\"\nconnector = \"huge\"\ninstitution_code = \"A\"\nfolder = \"{}\"\n",
        own.parent().unwrap().display(),
        drop.display()
    );
    std::fs::write(&config, text).unwrap();
    config.to_str().unwrap().to_owned()
}

#[test]
fn batches_of_a_large_workbook_are_each_delivered_with_their_rows() {
    let house = TestEnv::new(Services::Sqlite);
    let config = huge_source(&house);
    std::fs::write(house.dir.0.join("drop/huge_1.xlsx"), huge_workbook(huge::Rows { rows: 120_001, shared: true }))
        .unwrap();
    let pass = house.run_json(&["sync", "huge", "--json", "--config", &config]);
    let n = |key: &str| pass["balance"][key].as_i64();
    assert_eq!((n("received"), n("inserted"), n("parked")), (Some(120_000), Some(120_000), Some(0)), "{pass}");
    let wrong = "SELECT count(*) FROM training_record WHERE certificate_number <>
                 'ZS' || printf('%07d', CAST(substr(address, instr(address, 'row ') + 4) AS INTEGER) - 2)";
    assert_eq!(house.run_sql(wrong), 0);
}

/// The maximum number of rows of a sheet.
#[test]
fn a_workbook_of_1048576_rows_is_landed_within_its_bounds() {
    let house = TestEnv::new(Services::Sqlite);
    let config = huge_source(&house);
    let file = std::fs::File::create(house.dir.0.join("drop/huge_1.xlsx")).unwrap();
    huge::write_workbook(file, huge::Rows { rows: 1 << 20, shared: true });
    let mut command = house.command(&["sync", "huge", "--land-only", "--json", "--config", &config]);
    let (out, peak) = watched::run_watched(&mut command);
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(house.run_sql("SELECT sum(record_count) FROM batch"), (1 << 20) - 1, "{said}");
    assert!(peak.child > 0 && peak.child <= 256, "{peak:?}");
}

/// The child may use one second of CPU instead of twenty: the file is refused as it would be then, and not read again.
#[test]
fn a_workbook_that_takes_too_long_is_refused() {
    let house = TestEnv::new(Services::Sqlite);
    let config = huge_source(&house);
    std::fs::write(house.dir.0.join("drop/huge_1.xlsx"), huge_workbook(huge::Rows { rows: 400_000, shared: true }))
        .unwrap();
    let mut command = house.command(&["sync", "huge", "--json", "--config", &config]);
    let (out, _) = watched::run_watching_children(&mut command, |child| {
        let limits = std::fs::read_to_string(format!("/proc/{child}/limits")).unwrap_or_default();
        let of_cpu = limits.lines().find_map(|line| line.strip_prefix("Max cpu time")).unwrap_or_default();
        let mut seconds = of_cpu.split_whitespace().map_while(|word| word.parse::<u64>().ok());
        if let (Some(first @ 20..), Some(last)) = (seconds.next(), seconds.next()) {
            let less = Rlimit { current: Some(first - 19), maximum: Some(last - 19) };
            let _ = prlimit(Pid::from_raw(i32::try_from(child).unwrap()), Resource::Cpu, less);
        }
    });
    let pass: Value = serde_json::from_slice(&out.stdout).unwrap();
    let source = &pass["sources"][0];
    assert_eq!((&source["state"], &pass["balance"]["unread"]), (&"failed".into(), &1.into()), "{pass}");
    let reason = source["unread_payloads"][0]["reason"]["message"].as_str().unwrap();
    assert!(reason.contains("took more than 20 s; send it in parts"), "{reason}");
}
