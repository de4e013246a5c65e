//! The manifest language: every mistake is reported at its place, all at once; parser, schema and reference come from
//! one definition.

mod definitions;

use std::collections::BTreeSet;

use huiliu_manifest::explain::{self, DocLanguage};
use huiliu_manifest::{Manifest, reference, schema};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::test_env::{Services, TestEnv};

/// Twenty mistakes. Each line with one ends in `# !` and a part of its message.
const MISTAKES: &str = r##"manifest = 2 # ! out of range; it must be from 1 to 1
id = "Bad Id" # ! lowercase letters
version = "one" # ! whole number
titel_zh = "坏" # ! did you mean "title_zh"
title_zh = "坏"
title_en = 5 # ! expected a string
profile = "made up"

[transport]
kind = "http"
auth = { kind = "oauth3" } # ! did you mean "oauth2"
budget = { requests = 0 } # ! from 1 to 10000

[[stream]]
name = "a"
kind = "certificat" # ! did you mean "certificate"
request = { path = "/x/${sinse}" } # ! did you mean ${since}
page = { by = "number", size = 9000 } # ! from 1 to 5000
format = { kind = "json", items = "d", okpath = "code" } # ! did you mean "ok_path"
record_key = [] # ! identify a record
version = { from = "field" } # ! the key path is missing
pass = "maybe" # ! is not allowed here
rows = [{ when = [{ path = "x", is = ["1"], blank = true }], act = "skip" }] # ! exactly one

[stream.map]
nmae = "name" # ! did you mean "name"
id_number = { path = "id", first_of = ["a"] } # ! only one of
hours = "h" # ! need a unit
course_code = { path = "c", then = ["trimm"] } # ! did you mean "trim"
period_end = { path = "e", formats = ["%Q"] } # ! is not a date format
place = { path = "p", unit = "day" } # ! only hours
course_title = { path = "t", then = [{ capture = "(" }] } # ! not a valid regular expression
"##;

fn parse_faults(text: &str) -> Vec<(usize, String)> {
    let fault = Manifest::parse("m.toml", text).unwrap_err();
    fault.faults.iter().map(|f| (f.line, format!("{}: {}", f.place, f.problem))).collect()
}

/// Faults of form and of meaning are reported in two steps, because a missing value cannot be checked. In the second
/// text the faults of form are fixed.
#[test]
fn every_mistake_is_told_at_its_place_and_all_at_once() {
    let mut expected: Vec<(usize, &str)> = Vec::new();
    for (nth, line) in MISTAKES.lines().enumerate() {
        if let Some((_, words)) = line.split_once("# ! ") {
            expected.push((nth + 1, words));
        }
    }
    assert!(expected.len() >= 20, "{} mistakes", expected.len());
    let faults = parse_faults(MISTAKES);
    for (line, words) in &expected {
        let here: Vec<_> = faults.iter().filter(|(l, _)| l == line).collect();
        assert!(
            here.iter().any(|(_, told)| told.contains(words)),
            "line {line}: {words:?} is not in {here:?}\n{faults:#?}"
        );
    }
    let lines: BTreeSet<usize> = expected.iter().map(|(line, _)| *line).collect();
    let elsewhere: Vec<_> = faults.iter().filter(|(line, _)| !lines.contains(line)).collect();
    assert!(elsewhere.is_empty(), "told where nothing is wrong: {elsewhere:?}");
}

#[test]
fn columns_count_characters() {
    let fault = Manifest::parse("m.toml", "manifest = 1\ntitle_zh = \"汇流\"\nid = \"汇\"").unwrap_err();
    let of_id = fault.faults.iter().find(|f| f.place.is_empty() && f.line == 1).unwrap();
    assert_eq!((of_id.line, of_id.column), (1, 1));
    let fault = Manifest::parse("m.toml", "a = { \"键\" = 1, b = 2 ").unwrap_err().to_string();
    assert!(fault.starts_with("m.toml:1:"), "{fault}");
}

#[test]
fn a_bucket_is_checked_at_its_place() {
    let cmcc = huiliu_connectors::CONNECTORS.iter().find(|c| c.id == "cmcc").unwrap().manifest;
    let with = |bucket: &str| cmcc.replacen("[transport]\n", &format!("[transport]\nbucket = {{ {bucket} }}\n"), 1);
    let line = 1 + cmcc.lines().position(|line| line == "[transport]").unwrap() + 1;
    for (bucket, words) in [
        ("name = \"b\"", "give download or bucket, not both"),
        ("name = \"\"", "a bucket needs a name"),
        ("name = \"b\", prefix = \"${secret.key}/\"", "${secret.key} has no value here"),
        ("name = \"b\", style = \"paht\"", "did you mean \"path\""),
        ("prefix = \"a/\"", "the key name is missing"),
    ] {
        let faults = parse_faults(&with(bucket));
        assert!(faults.iter().any(|(at, told)| *at == line && told.contains(words)), "{bucket}: {faults:?}");
    }
    assert!(explain::explain_place("transport.bucket.style", DocLanguage::Chinese).unwrap().contains("MinIO"));
}

/// A manifest with a path in each place that takes one. `PATH` is for paths of JSON answers and records.
const PATHS: &str = r#"manifest = 1
id = "paths"
version = 1
title_zh = "路径"
title_en = "Paths"
profile = "made up"
[transport]
kind = "http"
auth = { kind = "session", login = "/login", token = "PATH" }
[[transport.answers]]
path = "PATH"
is = ["1"]
taken = "empty"
[[stream]]
name = "a"
kind = "course_completion"
request = "/x"
pass = "not_assessed"
page = { by = "last_record", path = "PATH", size = 10, total = "PATH", has_more = "PATH", actual_size = "PATH" }
since = { by = "counter", path = "PATH" }
each = [{ from = "parent", name = "c", request = "/c", items = "PATH", ok_path = "PATH", ok_value = "1", fields = { id = "PATH" } }]
format = { kind = "json", items = "PATH", ok_path = "PATH", ok_value = "0" }
record_key = ["PATH"]
version = { from = "field", path = "PATH" }
rows = [{ when = [{ path = "PATH", is = ["1"] }], act = "withdraw", withdraws = ["PATH"] }]
[stream.map]
name = "PATH"
id_number = { first_of = ["PATH", "b"] }
course_code = { join = { paths = ["PATH"] } }
hours = { path = "PATH", unit = "hour" }
period_end = "e"
[[stream]]
name = "b"
kind = "course_completion"
export = { create = "/x", id = "PATH", poll = "/p", state = "PATH", ready = ["1"], download = "/d", link = "PATH" }
pass = "not_assessed"
format = { kind = "json_lines" }
record_key = ["id"]
version = { from = "landing" }
[stream.map]
name = "n"
id_number = "i"
course_code = "c"
hours = { path = "h", unit = "hour" }
period_end = "e"
"#;

/// Every place that takes a path refuses one that never matches, and says what to write.
#[test]
fn a_path_that_never_matches_is_refused_wherever_it_stands() {
    let places = PATHS.matches("PATH").count();
    assert!(Manifest::parse("m.toml", &PATHS.replace("PATH", "data.'x.y/z[0]'")).is_ok());
    for (path, words) in [
        ("a[1].b", "a path cannot name an item of a list"),
        ("orgs[0].x", "a path cannot name an item of a list"),
        ("$.data", "write \"data\""),
        ("data/items", "write \"data.items\""),
        ("data.items.", "write \"data.items\""),
        ("a..b", "write \"a.b\""),
        ("'a.b", "a single quote is not closed"),
    ] {
        let told = parse_faults(&PATHS.replace("PATH", path));
        let here: Vec<_> = told.iter().filter(|(_, why)| why.contains(words) && why.contains(path)).collect();
        assert_eq!(here.len(), places, "{path}: {told:#?}");
    }
    // Columns have any name; elements of XML have no prefix.
    let of_files = |format: &str, path: &str| {
        let files = PATHS
            .replace("PATH", "x")
            .replace("kind = \"json_lines\"", format)
            .replace("name = \"n\"", &format!("name = \"{path}\""));
        Manifest::parse("m.toml", &files).map_err(|fault| fault.to_string())
    };
    let csv = "kind = \"csv\", layout = { header = [\"i\"] }";
    for column in ["学员信息/姓名", "姓名[1]", "姓名.", "a..b"] {
        assert!(of_files(csv, column).is_ok(), "{column}");
    }
    let xml = "kind = \"xml\", item = \"list.item\", root = \"r\"";
    assert!(of_files(xml, "person.@name").is_ok());
    assert!(of_files(xml, "ns:person.name").unwrap_err().contains("write \"person.name\""));
    assert!(of_files(&xml.replace("list.item", "list/item"), "name").unwrap_err().contains("write \"list.item\""));
    // The same door for whoever only looks.
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("manifest.toml");
    std::fs::write(&file, PATHS.replace("PATH", "$.data")).unwrap();
    let out = house.run(&["connectors", "test", file.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && told.contains("$.data") && told.contains("stream.0.map.name"), "{told}");
}

#[test]
fn built_in_manifests_fit_the_schema() {
    let schema = schema::build_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for connector in huiliu_connectors::CONNECTORS {
        let manifest: toml::Value = toml::from_str(connector.manifest).unwrap();
        let manifest = serde_json::to_value(manifest).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&manifest).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", connector.id);
    }
    let broken: toml::Value = toml::from_str(MISTAKES).unwrap();
    assert!(!validator.is_valid(&serde_json::to_value(broken).unwrap()));
}

/// The pages in `docs/` are made from the definition; `UPDATE=1` writes them.
#[test]
fn reference_and_schema_are_those_of_the_definition() {
    let schema = serde_json::to_string_pretty(&schema::build_schema()).unwrap() + "\n";
    for (page, made) in [
        ("docs/manifest.md", reference::render_reference(DocLanguage::English)),
        ("docs/manifest.zh-CN.md", reference::render_reference(DocLanguage::Chinese)),
        ("docs/manifest.schema.json", schema),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == made, "{page} is not what the definition says; run this test with UPDATE=1");
    }
}

#[test]
fn a_place_of_the_language_is_explained_in_both_languages() {
    let house = TestEnv::new(Services::Sqlite);
    let out = house.run(&["connectors", "explain", "stream.page"]);
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && said.contains("last_record") && said.contains("size_param"), "{said}");
    let out = house.run(&["connectors", "explain", "stream.pgae"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && said.contains("did you mean \"page\""), "{said}");
    assert!(explain::explain_place("stream.map.hours.unit", DocLanguage::Chinese).unwrap().contains("分钟"));
    assert!(explain::explain_place("stream.map.hours.then.values", DocLanguage::English).unwrap().contains("unknown"));
}

/// Ten thousand manifests, each a valid one with a piece removed, doubled, swapped or overwritten: each is answered
/// without a panic.
#[test]
fn mutated_manifests_are_answered() {
    let texts: Vec<&str> = huiliu_connectors::CONNECTORS.iter().map(|c| c.manifest).chain([MISTAKES]).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 10_000, failure_persistence: None, ..Config::default() }, rng);
    let pieces = prop_oneof![
        Just(String::new()),
        Just("]".into()),
        Just("{".into()),
        Just("\"".into()),
        Just("= 99999999999999999999".into()),
        Just("[[stream]]".into()),
        Just("${".into()),
        Just("\u{0}".into()),
        Just("键".into()),
        ".{0,12}",
    ];
    let mutation = (0..texts.len(), any::<prop::sample::Index>(), 0usize..60, pieces);
    runner
        .run(&mutation, |(nth, at, length, piece)| {
            let mut chars: Vec<char> = texts[nth].chars().collect();
            let from = at.index(chars.len());
            let to = (from + length).min(chars.len());
            chars.splice(from..to, piece.chars());
            if let Err(fault) = Manifest::parse("m.toml", &chars.into_iter().collect::<String>()) {
                prop_assert!(!fault.faults.is_empty() && fault.to_string().starts_with("m.toml:"));
            }
            Ok(())
        })
        .unwrap();
}
