//! Measures the peak memory of `huiliu sync` while it reads one large file, with the embedded database, and of the
//! child process that unpacks the file: `cargo bench --bench memory -- [ROWS] [MIB] [NAME…]`.
//!
//! The files are workbooks of ROWS rows and ten columns (by default 1,048,576, the maximum of a sheet), once with
//! shared strings and once with strings in the cells, and text files of MIB MiB (by default 60). Each is a sync of its
//! own in a new directory. `above` is the difference to a sync of one record. Numbers are `VmHWM`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "../tests/workbooks/huge.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod huge;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;
#[path = "../tests/hostile/watched.rs"]
mod watched;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use huge::{HEADER, Rows};
use serde_json::Value;
use test_env::{Services, TestEnv};

const WORKBOOK: &str = r#"{ kind = "workbook", sheets = "*", layout = { header = ["姓名", "身份证号"] } }"#;
const CSV: &str = r#"{ kind = "csv", separator = ",", layout = { header = ["姓名", "身份证号"] } }"#;
const JSON: &str = r#"{ kind = "json", items = "data.items" }"#;
const LINES: &str = r#"{ kind = "json_lines" }"#;
const XML: &str = r#"{ kind = "xml", root = "records", item = "record" }"#;

fn json_record(n: u32) -> String {
    let mut text = String::from("{");
    for (name, value) in HEADER.iter().zip(huge::record_cells(n)) {
        let _ = write!(text, "{}\"{name}\":\"{value}\"", if text.len() > 1 { "," } else { "" });
    }
    text + "}"
}

fn xml_record(n: u32) -> String {
    let cells = HEADER.iter().zip(huge::record_cells(n)).map(|(name, value)| format!("<{name}>{value}</{name}>"));
    format!("<record>{}</record>\n", cells.collect::<String>())
}

/// Writes records between a head and a tail, as many as fit into `most` bytes.
fn write_text(path: &Path, most: usize, (head, tail): (&str, &str), record: impl Fn(u32) -> String) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut written = head.len() + tail.len();
    file.write_all(head.as_bytes()).unwrap();
    for n in 0.. {
        let record = record(n);
        written += record.len();
        if n > 0 && written > most {
            break;
        }
        file.write_all(record.as_bytes()).unwrap();
    }
    file.write_all(tail.as_bytes()).unwrap();
}

/// Writes the sample file of that name and returns its format for the manifest. The size of workbooks is given by
/// `rows`, that of text files by `bytes`.
fn write_sample(name: &str, path: &Path, rows: u32, bytes: usize) -> &'static str {
    let head = format!("{}\n", HEADER.join(","));
    match name {
        "shared" | "inline" => {
            huge::write_workbook(File::create(path).unwrap(), Rows { rows, shared: name == "shared" });
            return WORKBOOK;
        }
        "csv" => write_text(path, bytes, (&head, ""), |n| huge::record_cells(n).join(",") + "\n"),
        "json" => write_text(path, bytes, (r#"{"data":{"items":["#, "]}}"), |n| {
            format!("{}{}", if n == 0 { "" } else { "," }, json_record(n))
        }),
        "lines" => write_text(path, bytes, ("", ""), |n| json_record(n) + "\n"),
        _ => write_text(path, bytes, ("<records>", "</records>"), xml_record),
    }
    match name {
        "csv" => CSV,
        "json" => JSON,
        "lines" => LINES,
        _ => XML,
    }
}

/// Syncs one sample file and returns its records, the memory peaks, the seconds, and the file's size.
fn measure_sync(name: &str, rows: u32, bytes: usize) -> (i64, watched::Peak, f64, u64) {
    let house = TestEnv::new(Services::Sqlite);
    let (drop, own) = (house.dir.0.join("drop"), house.dir.0.join("manifests").join("large"));
    std::fs::create_dir_all(&drop).unwrap();
    std::fs::create_dir_all(&own).unwrap();
    let file = drop.join("large_20141231.xlsx");
    let format = write_sample(name, &file, rows, bytes);
    std::fs::write(own.join("manifest.toml"), huge::manifest_text("large", format)).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    let text = format!(
        "manifests_dir = \"{}\"\n[[source]]\nname = \"large\"\nconnector = \"large\"\ninstitution_code = \"A\"\nfolder = \"{}\"\n",
        own.parent().unwrap().display(),
        drop.display()
    );
    std::fs::write(&config, text).unwrap();
    let begun = Instant::now();
    let (out, peak) =
        watched::run_watched(&mut house.command(&["sync", "large", "--json", "--config", config.to_str().unwrap()]));
    let seconds = begun.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    let pass: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!(pass["balance"]["balanced"], true, "{pass} {told}");
    assert_eq!(pass["balance"]["pending"], 0, "{pass} {told}");
    let inserted = pass["balance"]["inserted"].as_i64().unwrap();
    assert!(inserted > 0, "{pass} {told}");
    (inserted, peak, seconds, std::fs::metadata(&file).unwrap().len())
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let numbers: Vec<u32> = args.iter().map_while(|arg| arg.parse().ok()).collect();
    args.drain(..numbers.len());
    let rows = numbers.first().copied().unwrap_or(1 << 20);
    let bytes = numbers.get(1).copied().unwrap_or(60) as usize * (1 << 20);
    for name in ["csv", "json", "lines", "xml", "shared", "inline"] {
        if !args.is_empty() && !args.iter().any(|arg| arg == name) {
            continue;
        }
        let base = measure_sync(name, 2, 1).1;
        let (records, peak, seconds, size) = measure_sync(name, rows, bytes);
        println!(
            "{name:6} {records:>9} records, {:>5.1} MiB: peak {} MiB ({} above), unpacking {} MiB, {seconds:.1} s",
            size as f64 / f64::from(1 << 20),
            peak.own,
            peak.own - base.own,
            peak.child
        );
    }
}
