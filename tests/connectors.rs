//! Every registered connector: its samples give its expected results.

use std::path::Path;

use huiliu_core::keys::Keys;
use huiliu_core::policy::Policy;
use huiliu_core::stages::{self, Context, Staged, decode};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn policy() -> Policy {
    let read = |p: &str| std::fs::read_to_string(root().join(p)).unwrap();
    let (policy, courses) = (read("config/policy/jilin-2014.toml"), read("config/courses.toml"));
    Policy::parse(("config/policy/jilin-2014.toml", &policy), ("config/courses.toml", &courses)).unwrap()
}

#[test]
fn the_registry_is_sorted_and_each_folder_is_whole() {
    let ids: Vec<&str> = huiliu_connectors::MANIFESTS.iter().map(|(id, _)| *id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(ids, sorted);
    for manifest in huiliu_connectors::all().unwrap() {
        assert!(ids.contains(&manifest.id.as_str()));
        assert!(!manifest.profile.is_empty(), "{} does not say that it is a profile", manifest.id);
    }
}

#[test]
fn samples_give_their_expected_results() {
    let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
    let policy = policy();
    for manifest in huiliu_connectors::all().unwrap() {
        let folder = root().join("connectors").join(&manifest.id);
        for stream in &manifest.streams {
            let expected: Value = serde_json::from_slice(
                &std::fs::read(folder.join("expected").join(format!("{}.json", stream.name))).unwrap(),
            )
            .unwrap();
            let sample = sample(&folder.join("samples"), &stream.name);
            let bytes = std::fs::read(&sample).unwrap();
            let address = sample.file_name().unwrap().to_str().unwrap();
            let cx = Context { manifest: &manifest, stream, policy: &policy, keys: &keys, source_id: 1, address };
            let n = decode::outline(&stream.format, &bytes, None).unwrap().records;
            let staged = stages::run(cx, &bytes, 0, n).unwrap();
            let expected = expected.as_array().unwrap();
            assert_eq!(staged.len(), expected.len(), "{address}");
            for (got, want) in staged.iter().zip(expected) {
                same(got, want, &format!("{}/{address}", manifest.id));
            }
        }
    }
}

fn sample(folder: &Path, stream: &str) -> std::path::PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.iter().find(|p| p.file_stem().unwrap().to_str().unwrap() == stream).unwrap_or(&files[0]).clone()
}

fn same(got: &Staged, want: &Value, place: &str) {
    match got {
        Staged::Clean(r) => {
            let w = &want["clean"];
            assert_eq!(w["name"].as_str(), Some(r.name.display()), "{place}");
            assert_eq!(w["course_code"].as_str(), r.texts.course_code.as_deref(), "{place}");
            assert_eq!(w["canonical_course"].as_str(), r.canonical_course.as_deref(), "{place}");
            assert_eq!(w["hours_units"].as_i64(), Some(r.hours.units()), "{place}");
            assert_eq!(w["period_end"].as_str(), Some(r.period_end.to_string().as_str()), "{place}");
            assert_eq!(w["pass_state"].as_str(), Some(r.pass_state.as_str()), "{place}");
            assert_eq!(w["source_version"].as_i64(), Some(r.source_version), "{place}");
        }
        Staged::Parked(p) => {
            let w = &want["parked"];
            assert!(p.address.ends_with(w["address_suffix"].as_str().unwrap()), "{place}: {}", p.address);
            let codes: Vec<&str> = p.problems.iter().map(|p| p.code.as_str()).collect();
            let wanted: Vec<&str> = w["codes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
            assert_eq!(codes, wanted, "{place}");
        }
    }
}

#[test]
fn a_manifest_is_checked_when_it_is_read() {
    use huiliu_core::manifest::Manifest;
    let (_, text) = huiliu_connectors::MANIFESTS.iter().find(|(id, _)| *id == "intel").unwrap();
    for (from, to, words) in [
        ("name = \"name\"\nid_number", "id_number", "required field name"),
        ("hours_unit = \"day\"", "hours_unit = \"moon\"", "unknown unit"),
        ("record_key = [\"@id\"]", "record_key = []", "record_key"),
        ("role = \"role\"", "roole = \"role\"", "roole"),
        ("size = 2500", "size = 9000", "page size"),
    ] {
        let broken = text.replace(from, to);
        assert_ne!(*text, broken, "{from}");
        let fault = Manifest::parse("intel/manifest.toml", &broken).unwrap_err().to_string();
        assert!(fault.contains("intel/manifest.toml") && fault.contains(words), "{fault}");
    }
}

#[test]
fn a_doctype_a_cut_page_and_foreign_bytes_are_refused_whole() {
    let manifests = huiliu_connectors::all().unwrap();
    let format = |id: &str| manifests.iter().find(|m| m.id == id).unwrap().streams[0].format.clone();
    let outline = |id: &str, bytes: &[u8]| decode::outline(&format(id), bytes, None);
    assert!(outline("intel", b"<!DOCTYPE r [<!ENTITY a 'b'>]><records></records>").is_err());
    assert!(outline("intel", b"<records><record id='1'>").is_err());
    assert!(outline("intel", b"<html></html>").is_err());
    assert!(outline("institution", b"{\"code\":0,\"data\":{\"items\":[{\"id\":1}").is_err());
    assert!(outline("institution", b"{\"code\":500,\"data\":{\"items\":[]}}").is_err());
    assert!(outline("cmcc", b"\xff\xff\xff").is_err());
    assert!(outline("cmcc", "没有表头".as_bytes()).is_err());
    let deep = format!("{{\"code\":0,\"data\":{{\"items\":[{}1{}]}}}}", "[".repeat(100_000), "]".repeat(100_000));
    let _ = outline("institution", deep.as_bytes());
}
