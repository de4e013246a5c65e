//! The laws of the house: no arrow between crates runs up, no files of two folders need each other, and the testkit is in
//! no release binary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What every crate may use: its failures are said by its catalogues.
const FOR_ALL: &str = "messages";

/// Each crate, after all that it may use.
const CRATES: [(&str, &[&str]); 17] = [
    (FOR_ALL, &[]),
    ("values", &[]),
    ("vault", &[]),
    ("office", &[]),
    ("manifest", &["values"]),
    ("matching", &["values"]),
    ("rules", &["values", "manifest", "matching"]),
    ("decode", &["values", "vault", "office", "manifest", "matching", "rules"]),
    ("platform", &["values", "vault", "manifest", "decode"]),
    ("store", &["values", "vault", "manifest", "matching", "rules", "decode"]),
    ("queue", &[]),
    (
        "engine",
        &["values", "vault", "manifest", "matching", "rules", "decode", "platform", "store", "queue", "authoring"],
    ),
    ("authoring", &["values", "vault", "office", "manifest", "rules", "decode", "platform"]),
    (
        "testkit",
        &["values", "vault", "manifest", "rules", "decode", "platform", "store", "queue", "engine", "authoring"],
    ),
    ("connectors", &["manifest", "decode", "platform"]),
    ("sandbox", &[]),
    (
        "",
        &[
            "values",
            "vault",
            "manifest",
            "matching",
            "rules",
            "decode",
            "platform",
            "store",
            "queue",
            "engine",
            "authoring",
            "connectors",
            "sandbox",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The name of a crate of ours without its prefix; the binary's is empty.
fn ours(package: &str) -> Option<&str> {
    if package == "huiliu" { Some("") } else { package.strip_prefix("huiliu-") }
}

fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--locked"]).current_dir(root());
    let out = cargo.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Crate → the crates of ours that it uses, with the kind of dependency.
fn arrows(metadata: &Value) -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let packages = metadata["packages"].as_array().unwrap();
    let of = |package: &Value| {
        let name = ours(package["name"].as_str().unwrap()).unwrap().to_owned();
        let uses = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|d| Some((ours(d["name"].as_str()?)?.to_owned(), d["kind"].as_str().map(str::to_owned))));
        (name, uses.collect())
    };
    packages.iter().map(of).collect()
}

/// What breaks the order of the crates.
fn broken_order(arrows: &BTreeMap<String, Vec<(String, Option<String>)>>) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, uses) in arrows {
        let Some((_, allowed)) = CRATES.iter().find(|(known, _)| known == name) else {
            broken.push(format!("{name:?} has no place in the order of the crates"));
            continue;
        };
        for (used, kind) in uses {
            let for_tests = kind.as_deref() == Some("dev");
            if !(allowed.contains(&used.as_str()) || used == FOR_ALL || for_tests && used == "testkit") {
                broken.push(format!("{name:?} may not use {used:?}"));
            }
        }
    }
    broken
}

#[test]
fn no_arrow_between_crates_runs_up() {
    let arrows = arrows(&metadata());
    assert_eq!(arrows.len(), CRATES.len());
    assert_eq!(broken_order(&arrows), Vec::<String>::new());
    // What may be used never leads back.
    for (name, allowed) in CRATES {
        let mut reached: BTreeSet<&str> = allowed.iter().copied().collect();
        while let Some(more) = CRATES
            .iter()
            .filter(|(known, _)| reached.contains(known))
            .flat_map(|(_, allowed)| allowed.iter().copied())
            .find(|used| !reached.contains(used))
        {
            reached.insert(more);
        }
        assert!(!reached.contains(name), "{name} leads back to itself");
    }
}

#[test]
fn an_arrow_that_runs_up_is_found() {
    let mut arrows = arrows(&metadata());
    arrows.get_mut("values").unwrap().push(("store".into(), None));
    arrows.get_mut("").unwrap().push(("testkit".into(), None));
    assert_eq!(broken_order(&arrows), [r#""" may not use "testkit""#, r#""values" may not use "store""#]);
}

/// A crate's files: the module's path → the file, relative to the crate.
fn modules(src: &Path) -> BTreeMap<String, PathBuf> {
    fn walk(src: &Path, dir: &Path, out: &mut BTreeMap<String, PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                walk(src, &entry, out);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let file = entry.strip_prefix(src).unwrap().to_owned();
                let path = file.with_extension("").to_string_lossy().replace('/', "::");
                let module = path.strip_suffix("::mod").unwrap_or(&path);
                let module = if matches!(module, "lib" | "main") { "" } else { module };
                out.insert(module.to_owned(), file);
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(src, src, &mut out);
    out
}

/// The paths of a use tree, `a::{b, c::d}` as `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let (mut depth, mut item, mut items) = (0, String::new(), Vec::new());
    for c in inside.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            items.push(std::mem::take(&mut item));
        } else {
            item.push(c);
        }
    }
    items.push(item);
    let items = items.iter().filter(|item| !item.trim().is_empty());
    items.flat_map(|item| paths(&format!("{}{}", before.trim(), item.trim()))).collect()
}

/// What the product's part of a text names in its own crate, from the root on: by `use`, and in the midst of code.
fn named(module: &str, text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = product.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let tree = code[at + 4..].split(';').next().unwrap_or_default();
        found.extend(paths(&tree.replace(['\n'], " ")));
    }
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let before = code[..at].chars().next_back();
            if before.is_none_or(|c| !is_path(c) && c != '$') {
                let path: String = code[at..].chars().take_while(|c| is_path(*c)).collect();
                found.push(path.trim_end_matches(':').to_owned());
            }
        }
    }
    let from_root = |path: String| {
        if let Some(rest) = path.strip_prefix("crate::") {
            return Some(rest.to_owned());
        }
        let (mut around, mut rest): (Vec<&str>, _) = (module.split("::").collect(), path.as_str());
        if !rest.starts_with("super::") && !rest.starts_with("self::") {
            return None;
        }
        while let Some(outer) = rest.strip_prefix("super::") {
            around.pop();
            rest = outer;
        }
        around.push(rest.trim_start_matches("self::"));
        Some(around.join("::"))
    };
    found.into_iter().filter_map(from_root).collect()
}

/// File → the files of the same crate that it uses. A `mod` line is no use.
fn uses(files: &BTreeMap<String, (PathBuf, String)>) -> BTreeMap<&Path, BTreeSet<&Path>> {
    let file_of = |path: &str| {
        let mut path = path;
        loop {
            if let Some((file, _)) = files.get(path) {
                return Some(file.as_path());
            }
            path = path.rsplit_once("::").map_or("", |(outer, _)| outer);
            if path.is_empty() {
                return files.get("").map(|(file, _)| file.as_path());
            }
        }
    };
    let of = |(module, (file, text)): (&String, &'_ (PathBuf, String))| {
        named(module, text).iter().filter_map(|path| file_of(path)).filter(|used| used != file).collect()
    };
    files.iter().map(|(module, held)| (files[module].0.as_path(), of((module, held)))).collect()
}

/// Pairs of files of different folders that lead to each other.
fn circles(files: &BTreeMap<String, (PathBuf, String)>) -> BTreeSet<String> {
    let uses = uses(files);
    let reached = |from: &Path| {
        let mut reached: BTreeSet<&Path> = BTreeSet::new();
        let mut open: Vec<&Path> = uses[from].iter().copied().collect();
        while let Some(file) = open.pop() {
            if reached.insert(file) {
                open.extend(uses[file].iter().copied());
            }
        }
        reached
    };
    let reach: BTreeMap<&Path, _> = uses.keys().map(|file| (*file, reached(file))).collect();
    let mut found = BTreeSet::new();
    for (file, of) in &reach {
        for other in of.iter().filter(|other| file < *other && file.parent() != other.parent()) {
            if reach[other].contains(file) {
                found.insert(format!("{} ↔ {}", file.display(), other.display()));
            }
        }
    }
    found
}

fn read(src: &Path) -> BTreeMap<String, (PathBuf, String)> {
    let text = |file: &Path| std::fs::read_to_string(src.join(file)).unwrap();
    modules(src).into_iter().map(|(module, file)| (module, (file.clone(), text(&file)))).collect()
}

#[test]
fn no_files_of_two_folders_need_each_other() {
    let rooms = std::fs::read_dir(root().join("core")).unwrap().map(|e| e.unwrap().path().join("src"));
    let rooms = rooms.chain(["sandbox/src", "app"].map(|room| root().join(room)));
    let mut found = Vec::new();
    for room in rooms {
        let files = read(&room);
        assert!(!files.is_empty(), "{} holds no code", room.display());
        let at = room.strip_prefix(root()).unwrap().display().to_string();
        found.extend(circles(&files).into_iter().map(|circle| format!("{at}: {circle}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_circle_that_is_put_in_is_found() {
    let mut files = read(&root().join("core/store/src"));
    assert_eq!(circles(&files), BTreeSet::new());
    let (_, text) = files.get_mut("sql::db").unwrap();
    text.insert_str(0, "use crate::{\n    delivery::load::{self as loads, Other},\n};\n");
    let found = circles(&files);
    assert!(found.iter().any(|circle| circle.contains("delivery/load.rs ↔ sql/db.rs")), "{found:?}");
}
