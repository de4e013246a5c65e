//! How often `connectors infer` is right on samples that its author has not seen. `HUILIU_INFER_SAMPLES` sets how many.

use std::path::Path;

use serde_json::Value;

use super::generator::{Row, Sample};
use crate::test_env::{Services, TestEnv};

const REQUIRED: [&str; 5] = ["name", "id_number", "course_code", "hours", "period_end"];

fn strip_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether a question is about a field.
fn is_asked(guess: &Value, field: &str) -> bool {
    guess["questions"].as_array().unwrap().iter().any(|question| match question["kind"].as_str().unwrap() {
        "missing" | "unsure" | "rival" | "odd" => question["field"] == field,
        "layers" | "other_hours" | "product" | "sum" => field == "hours",
        "unit" | "units" | "unit_note" | "durations" => field == "hours" || field == "unit",
        "period" | "months_only" => field == "period_end",
        "bad_ids" => field == "id_number",
        _ => false,
    })
}

/// Returns the required fields that are taken from another column, and those of which nothing is said.
fn judge_fields(sample: &Sample, guess: &Value) -> Vec<String> {
    let truth = sample.truth();
    let fields = guess["fields"].as_array().unwrap();
    let mut wrong = vec![];
    for field in REQUIRED {
        let path = fields.iter().find(|f| f["field"] == field).map(|f| strip_spaces(f["path"].as_str().unwrap()));
        let right = truth.get(field).map(|path| strip_spaces(path).split('/').next_back().unwrap().to_owned());
        let leaf = path.as_ref().map(|path| path.split('/').next_back().unwrap().to_owned());
        if leaf != right && !is_asked(guess, field) {
            wrong.push(format!("{}: {field} is {path:?}, expected {right:?}", sample.name));
        }
    }
    let unit = guess["unit"]["unit"].as_str().unwrap_or_default();
    if unit != sample.unit && !is_asked(guess, "unit") && !is_asked(guess, "hours") {
        wrong.push(format!("{}: the unit is {unit:?}, expected {:?}", sample.name, sample.unit));
    }
    wrong
}

/// Returns the records that are read with a name, hours or day that no row has, and what else differs.
fn judge_records(house: &TestEnv, sample: &Sample, guess: &Value, folder: &Path, file: &Path) -> Vec<String> {
    let place = folder.to_str().unwrap();
    let out = house.run(&["connectors", "preview", place, "--sample", file.to_str().unwrap(), "--all", "--json"]);
    if !out.status.success() {
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        // The rules that ship convert no seconds, which is said.
        let asked =
            told.contains("no [[conversion]]") || REQUIRED.iter().chain(&["unit"]).any(|field| is_asked(guess, field));
        return if asked && guess["records"] == sample.rows.len() as u64 {
            vec![]
        } else {
            vec![format!("{}: {} of {} rows: {told}", sample.name, guess["records"], sample.rows.len())]
        };
    }
    let preview: Value = serde_json::from_slice(&out.stdout).unwrap();
    let mut wrong = vec![];
    let records = preview["records"].as_array().unwrap();
    let is_told = guess["questions"].as_array().unwrap().iter().any(|question| question["kind"] == "sheets");
    if records.len() != sample.rows.len() && !is_told {
        wrong.push(format!("{}: {} of {} rows are read", sample.name, records.len(), sample.rows.len()));
    }
    for record in records {
        let text = |field: &str| {
            let found = record["fields"].as_array().unwrap().iter().find(|f| f["field"] == field);
            found.and_then(|f| f["text"].as_str()).unwrap_or_default().to_owned()
        };
        let number = |text: String| text.trim_end_matches(".0").to_owned();
        let is_of = |row: &Row| {
            strip_spaces(&text("name")) == row.person.name
                && number(text("hours").trim_end_matches(sample.manner.suffix).to_owned()) == row.hours
        };
        if !sample.rows.iter().any(is_of) {
            wrong.push(format!("{}: {} {} {}", sample.name, record["address"], text("name"), text("hours")));
        }
        if record["outcome"] != "clean" {
            wrong.push(format!("{}: parked: {}", sample.name, record["problems"]));
        }
    }
    wrong.truncate(3);
    wrong
}

/// On samples of seeds that nothing was adjusted to, every required field is right or asked about, and as many rows are
/// read as there are.
#[test]
fn unseen_samples_are_inferred_right_or_asked_about() {
    let samples: u64 = std::env::var("HUILIU_INFER_SAMPLES").ok().and_then(|n| n.parse().ok()).unwrap_or(14);
    let first: u64 = std::env::var("HUILIU_INFER_FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(700);
    let house = TestEnv::new(Services::Sqlite);
    let (mut wrong, mut asked) = (vec![], 0);
    for seed in first..first + samples {
        let sample = Sample::generate(seed);
        let (file, out) = (house.dir.0.join(&sample.name), house.dir.0.join(format!("m{seed}")));
        std::fs::write(&file, &sample.bytes).unwrap();
        let id = format!("m{seed}");
        let args =
            ["connectors", "infer", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--id", &id, "--json"];
        let told = house.run(&args);
        if !told.status.success() {
            wrong.push(format!("{} {:?}: {}", sample.name, sample.form, String::from_utf8_lossy(&told.stderr)));
            continue;
        }
        let guess: Value = serde_json::from_slice(&told.stdout).unwrap();
        asked += usize::from(REQUIRED.iter().any(|field| is_asked(&guess, field)));
        let mut found = judge_fields(&sample, &guess);
        found.extend(judge_records(&house, &sample, &guess, &out, &file));
        wrong.extend(found.into_iter().map(|text| format!("{:?} {text}", sample.form)));
    }
    eprintln!("{samples} samples, {asked} with a question on a required field, {} faults", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
