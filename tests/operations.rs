//! The layer of operations: the command line has no other way in, and prints their values unchanged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::test_env::{Services, TestEnv};

fn repository_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            files.extend(source_files(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            files.push(entry);
        }
    }
    files
}

/// Texts that the command line's code must not contain: transactions, SQL, or JSON that is not an operation's value.
const BANNED: [&str; 9] =
    [".begin(", ".commit(", ".begin_read_only(", "Tx", "{Db", "::Db", "SELECT ", "UPDATE ", "json!("];

fn find_banned(text: &str) -> Vec<&'static str> {
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |ban: &&&str| {
        product.match_indices(**ban).any(|(at, found)| {
            // A word such as `Tx` counts only by itself, not as a part of another word.
            let before = product[..at].chars().next_back().is_some_and(is_word);
            let after = product[at + found.len()..].chars().next().is_some_and(is_word);
            !(found.chars().all(is_word) && (before || after))
        })
    };
    BANNED.iter().filter(stands).copied().collect()
}

#[test]
fn the_command_line_has_no_transaction_and_no_sql() {
    let files = source_files(&repository_root().join("app"));
    assert!(files.len() > 40);
    let mut broken = Vec::new();
    for file in files {
        let place = file.strip_prefix(repository_root()).unwrap().display().to_string();
        // The two places that build an answer from an error instead of a value.
        let allowed: &[&str] =
            if place == "app/main.rs" || place == "app/words/terminal.rs" { &["json!("] } else { &[] };
        let found = find_banned(&std::fs::read_to_string(&file).unwrap());
        broken.extend(found.iter().filter(|ban| !allowed.contains(ban)).map(|ban| format!("{place}: {ban}")));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_transaction_in_the_command_line_is_found() {
    assert_eq!(find_banned("let tx = opened.db.begin().await?;"), [".begin("]);
    assert_eq!(find_banned("use huiliu_store::{Db, StoreError};"), ["{Db"]);
    assert_eq!(find_banned("async fn f(tx: &mut Tx) { tx.rows(\"SELECT 1\") }"), ["Tx", "SELECT "]);
    assert_eq!(find_banned("// what TxBody is\n#[cfg(test)]\nmod tests { fn f() { db.begin() } }"), Vec::<&str>::new());
}

/// The schemas in `docs/` are those of the code; `UPDATE=1` writes them.
#[test]
fn the_schemas_are_those_of_the_operations() {
    let made =
        serde_json::to_string_pretty(&huiliu_engine::operations::schemas::build_schema_document()).unwrap() + "\n";
    let path = repository_root().join("docs/operations.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/operations.schema.json is not what the code says; run this test with UPDATE=1");
}

/// Operations whose result is not a value that is printed, and why.
const WITHOUT_SCHEMA: [&str; 9] = [
    // A step between two operations.
    "connector_versions.examine",
    "sync.select",
    "sync.sync_ready",
    "push.target",
    // A part of another operation.
    "teachers.explain_with_raw",
    // Text for Prometheus.
    "health.metrics",
    // Nothing to print.
    "maintenance.deliver_alone",
    "maintenance.check_rotation",
    "upload.check_files",
];

#[test]
fn every_operation_has_a_schema() {
    let schemas = huiliu_engine::operations::schemas::build_schema_document();
    let known = schemas["operations"].as_object().unwrap();
    let mut missing = Vec::new();
    for file in source_files(&repository_root().join("core/engine/src/operations")) {
        let noun = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for part in text.split("\npub ").skip(1) {
            let Some(rest) = part.strip_prefix("async fn ").or(part.strip_prefix("fn ")) else { continue };
            let head = rest.split(" {\n").next().unwrap_or_default();
            let verb = head.split(['(', '<']).next().unwrap_or_default();
            let name = format!("{noun}.{verb}");
            if head.contains("OperationError>") && !known.contains_key(&name) && !WITHOUT_SCHEMA.contains(&&*name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "no schema for {missing:?}");
}

fn schema_validator(operation: &str) -> jsonschema::Validator {
    let schemas = huiliu_engine::operations::schemas::build_schema_document();
    let of = schemas["operations"].get(operation).unwrap_or_else(|| panic!("no operation {operation}"));
    let schema = json!({ "$schema": schemas["$schema"], "$defs": schemas["$defs"], "allOf": [of] });
    jsonschema::validator_for(&schema).unwrap()
}

pub fn assert_fits_schema(operation: &str, value: &Value) {
    let validator = schema_validator(operation);
    let faults: Vec<String> = validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{operation}: {}\n{value}", faults.join("\n"));
}

/// Checks a value: no hours without their units, no instant in another time zone, no JSON inside a text.
fn assert_consistent(place: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                assert!(!name.ends_with("_units"), "{place}.{name}: hours are told as units and hours");
                if name.ends_with("_at") && field.is_string() {
                    let at = field.as_str().unwrap();
                    assert!(at.ends_with("+08:00") && at.contains('T'), "{place}.{name}: {at}");
                }
                // A raw record is printed as it came.
                if name != "raw" {
                    assert_consistent(&format!("{place}.{name}"), field);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| assert_consistent(place, item)),
        Value::String(text) => {
            let inside = serde_json::from_str::<Value>(text).is_ok_and(|v| v.is_object() || v.is_array());
            assert!(!inside, "{place}: JSON inside a text: {text}");
        }
        _ => {}
    }
}

#[test]
fn what_is_printed_fits_its_schema() {
    let house = TestEnv::new(Services::Sqlite);
    assert_fits_schema("maintenance.migrate", &house.run_json(&["migrate", "--json"]));
    assert_fits_schema("sync.sync", &house.run_json(&["demo", "--records", "3000", "--seed", "5", "--json"]));
    let letters = house.list_items(&["dead-letters", "list", "--json"]);
    let letter = letters[0]["dead_letter"].to_string();
    let records = house.list_items(&["records", "list", "--json"]);
    let (record, teacher) = (records[0]["record"].to_string(), records[0]["teacher"].to_string());
    let plan = house.run_json(&["replay", "plan", "--json"]);
    assert_fits_schema("replays.plan", &plan);
    let replay = plan["replay"].to_string();
    let backups = house.dir.0.join("backups").display().to_string();
    let packs = "config/policy/jilin-2014.toml";
    let packs = repository_root().join(packs).display().to_string();
    let connector = repository_root().join("connectors/cmcc").display().to_string();
    let asked: BTreeMap<&str, Vec<&str>> = [
        ("audit.list", vec!["audit"]),
        ("authoring.check", vec!["connectors", "check", &connector]),
        ("authoring.test", vec!["connectors", "test", &connector]),
        ("batches.list", vec!["batches", "list"]),
        ("connector_versions.versions", vec!["connectors", "versions", "cmcc"]),
        ("connectors.check", vec!["connectors", "check"]),
        ("connectors.list", vec!["connectors", "list"]),
        ("connectors.show", vec!["connectors", "show", "cmcc"]),
        ("courses.list", vec!["courses", "list"]),
        ("courses.unknown", vec!["courses", "unknown"]),
        ("cursors.list", vec!["cursors", "list"]),
        ("dead_letters.show", vec!["dead-letters", "show", &letter]),
        ("dead_letters.list", vec!["dead-letters", "list", "--limit", "3"]),
        ("decisions.decide", vec!["decisions", "revoke", &record, "--because", "a test", "--plan"]),
        ("decisions.list", vec!["decisions", "list"]),
        ("doctor.examine", vec!["doctor"]),
        ("identity.list", vec!["identity", "queue"]),
        ("identity.status", vec!["identity", "status"]),
        ("maintenance.back_up", vec!["backup", &backups]),
        ("missing.list", vec!["missing", "list"]),
        ("preview.preview", vec!["connectors", "preview", &connector]),
        ("records.list", vec!["records", "list", "--limit", "3"]),
        ("records.show", vec!["records", "show", &record]),
        ("regions.list", vec!["regions", "list"]),
        ("regions.show", vec!["regions", "show", "220100"]),
        ("replays.apply", vec!["replay", "apply", &replay]),
        ("replays.list", vec!["replay", "list"]),
        ("replays.show", vec!["replay", "show", &replay]),
        ("roster.show", vec!["roster", "show", &teacher]),
        ("roster.status", vec!["roster", "status"]),
        ("rule_versions.register", vec!["rules", "register", &packs, "--because", "a test", "--plan"]),
        ("rule_versions.versions", vec!["rules", "versions"]),
        ("rules.check", vec!["rules", "check", &packs]),
        ("rules.diff", vec!["rules", "diff", "current", "current"]),
        ("rules.list", vec!["rules", "list"]),
        ("rules.settings", vec!["rules", "settings"]),
        ("rules.show", vec!["rules", "show"]),
        ("runs.balance", vec!["balance"]),
        ("runs.list", vec!["runs", "list"]),
        ("runs.show", vec!["runs", "show", "1"]),
        ("schedules.list", vec!["schedules", "list"]),
        ("schools.list", vec!["schools", "list"]),
        ("secrets.list", vec!["secrets", "list"]),
        ("sources.list", vec!["sources", "list"]),
        ("teachers.explain", vec!["teachers", "explain", &teacher]),
        ("teachers.totals", vec!["teachers", "totals"]),
        ("verify.ledger", vec!["verify"]),
        ("maintenance.rotate_keys", vec!["keys", "rotate"]),
    ]
    .into();
    for (operation, args) in asked {
        let told = house.run_json(&[&args[..], &["--json"]].concat());
        assert_fits_schema(operation, &told);
        if operation != "connectors.show" {
            assert_consistent(operation, &told);
        }
    }
}

#[test]
fn a_refusal_is_an_object_with_its_code() {
    let house = TestEnv::new(Services::Sqlite);
    let refused = |args: &[&str]| {
        let out = house.run(args);
        let told: Value = serde_json::from_slice(&out.stderr)
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", String::from_utf8_lossy(&out.stderr)));
        (out.status.code(), told["error"]["code"].as_str().unwrap().to_owned(), told)
    };
    let none = refused(&["runs", "list", "--json"]);
    assert_eq!((none.0, &*none.1), (Some(2), "database.none"), "{}", none.2);
    house.run_json(&["migrate", "--json"]);
    for (args, code) in [
        (&["runs", "show", "9", "--json"][..], "run.not_found"),
        (&["dead-letters", "discard", "9", "--because", "x", "--json"], "dead_letter.not_open"),
        (&["batches", "release", "9", "--because", "x", "--json"], "batch.not_quarantined"),
        (&["sync", "nobody", "--json"], "source.none"),
        (&["connectors", "show", "nobody", "--json"], "connector.not_found"),
        (&["replay", "apply", "9", "--json"], "replay.not_found"),
        (&["identity", "show", "9", "--json"], "claim.not_found"),
    ] {
        let (exit, told, whole) = refused(args);
        assert_eq!((exit, &*told), (Some(2), code), "{args:?}: {whole}");
        assert!(whole["error"]["message"].as_str().unwrap().len() > 10, "{whole}");
    }
}
