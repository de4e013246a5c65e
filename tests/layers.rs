//! Laws of the architecture: no dependency between crates points the wrong way, files of different folders do not need
//! each other, and the testkit is in no release binary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crate that every crate may use, because its catalogues have the messages of all failures.
const FOR_ALL: &str = "messages";

/// Each crate, with the crates that it may use. These come before it.
const CRATES: [(&str, &[&str]); 18] = [
    (FOR_ALL, &[]),
    ("values", &[]),
    ("vault", &[]),
    ("files", &[]),
    ("office", &[]),
    ("manifest", &["values"]),
    ("matching", &["values", "files"]),
    ("rules", &["values", "manifest", "matching"]),
    ("decode", &["values", "vault", "office", "manifest", "matching", "rules"]),
    ("platform", &["values", "vault", "files", "manifest", "decode"]),
    ("store", &["values", "vault", "manifest", "matching", "rules", "decode"]),
    ("queue", &[]),
    (
        "engine",
        &[
            "values",
            "vault",
            "files",
            "manifest",
            "matching",
            "rules",
            "decode",
            "platform",
            "store",
            "queue",
            "authoring",
        ],
    ),
    ("authoring", &["values", "vault", "files", "office", "manifest", "rules", "decode", "platform"]),
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

fn repository_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the name of a crate of this workspace without its prefix; the binary's is empty.
fn crate_name(package: &str) -> Option<&str> {
    if package == "huiliu" { Some("") } else { package.strip_prefix("huiliu-") }
}

fn cargo_metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--locked"])
        .current_dir(repository_root());
    let out = cargo.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Returns crate → the workspace's crates that it uses, with the kind of dependency.
fn dependency_arrows(metadata: &Value) -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let packages = metadata["packages"].as_array().unwrap();
    let of = |package: &Value| {
        let name = crate_name(package["name"].as_str().unwrap()).unwrap().to_owned();
        let uses =
            package["dependencies"].as_array().unwrap().iter().filter_map(|d| {
                Some((crate_name(d["name"].as_str()?)?.to_owned(), d["kind"].as_str().map(str::to_owned)))
            });
        (name, uses.collect())
    };
    packages.iter().map(of).collect()
}

/// Returns the violations of the order of crates.
fn find_broken_order(arrows: &BTreeMap<String, Vec<(String, Option<String>)>>) -> Vec<String> {
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
    let arrows = dependency_arrows(&cargo_metadata());
    assert_eq!(arrows.len(), CRATES.len());
    assert_eq!(find_broken_order(&arrows), Vec::<String>::new());
    // No chain of allowed dependencies leads back to its start.
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
    let mut arrows = dependency_arrows(&cargo_metadata());
    arrows.get_mut("values").unwrap().push(("store".into(), None));
    arrows.get_mut("").unwrap().push(("testkit".into(), None));
    assert_eq!(find_broken_order(&arrows), [r#""" may not use "testkit""#, r#""values" may not use "store""#]);
}

/// Returns a crate's files: module path → file, relative to the crate.
fn list_modules(src: &Path) -> BTreeMap<String, PathBuf> {
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

/// Returns the paths of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn expand_use_tree(tree: &str) -> Vec<String> {
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
    items.flat_map(|item| expand_use_tree(&format!("{}{}", before.trim(), item.trim()))).collect()
}

/// Returns the paths, from the crate's root on, that a file's product code names in its own crate, by `use` or within
/// code.
fn named_paths(module: &str, text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = product.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let tree = code[at + 4..].split(';').next().unwrap_or_default();
        found.extend(expand_use_tree(&tree.replace(['\n'], " ")));
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

/// Returns file → the files of the same crate that it uses. A `mod` line does not count.
fn file_uses(files: &BTreeMap<String, (PathBuf, String)>) -> BTreeMap<&Path, BTreeSet<&Path>> {
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
        named_paths(module, text).iter().filter_map(|path| file_of(path)).filter(|used| used != file).collect()
    };
    files.iter().map(|(module, held)| (files[module].0.as_path(), of((module, held)))).collect()
}

/// Returns pairs of files of different folders that lead to each other.
fn find_circles(files: &BTreeMap<String, (PathBuf, String)>) -> BTreeSet<String> {
    let uses = file_uses(files);
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

fn read_files(src: &Path) -> BTreeMap<String, (PathBuf, String)> {
    let text = |file: &Path| std::fs::read_to_string(src.join(file)).unwrap();
    list_modules(src).into_iter().map(|(module, file)| (module, (file.clone(), text(&file)))).collect()
}

#[test]
fn no_files_of_two_folders_need_each_other() {
    let rooms = std::fs::read_dir(repository_root().join("core")).unwrap().map(|e| e.unwrap().path().join("src"));
    let rooms = rooms.chain(["sandbox/src", "app"].map(|room| repository_root().join(room)));
    let mut found = Vec::new();
    for room in rooms {
        let files = read_files(&room);
        assert!(!files.is_empty(), "{} holds no code", room.display());
        let at = room.strip_prefix(repository_root()).unwrap().display().to_string();
        found.extend(find_circles(&files).into_iter().map(|circle| format!("{at}: {circle}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_circle_that_is_put_in_is_found() {
    let mut files = read_files(&repository_root().join("core/store/src"));
    assert_eq!(find_circles(&files), BTreeSet::new());
    let (_, text) = files.get_mut("sql::db").unwrap();
    text.insert_str(0, "use crate::{\n    delivery::load::{self as loads, Other},\n};\n");
    let found = find_circles(&files);
    assert!(found.iter().any(|circle| circle.contains("delivery/load.rs ↔ sql/db.rs")), "{found:?}");
}
