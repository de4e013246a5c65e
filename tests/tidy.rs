//! House rules, as a test.

use std::path::{Path, PathBuf};

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            if name != "target" && !name.starts_with('.') && name != "data" {
                sources(&entry, out);
            }
        } else if name.ends_with(".rs") {
            out.push(entry);
        }
    }
}

#[test]
fn house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![];
    sources(root, &mut files);
    assert!(files.len() > 40);
    let mut broken = vec![];
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let place = file.strip_prefix(root).unwrap().display().to_string();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut rule = |bad: bool, why: &str| {
            if bad {
                broken.push(format!("{place}: {why}"));
            }
        };
        rule(text.lines().count() > 600, "more than 600 lines; split it");
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        rule(
            ["utils", "common", "manager", "handler", "helper", "helpers"].contains(&stem.as_str()),
            "name the noun instead",
        );
        if place.starts_with("tests/") || place.starts_with("sandbox/tests/") {
            continue;
        }
        for ban in ["todo!(", "unimplemented!(", "unreachable!(", "dbg!(", "FIXME"] {
            rule(product.contains(ban), ban);
        }
        for ban in ["println!(", "eprintln!(", ".unwrap()", "panic!("] {
            rule(product.contains(ban), ban);
        }
        if !place.starts_with("core/src/store/") && place.starts_with("core/") {
            for sql in ["SELECT ", "INSERT INTO", "UPDATE "] {
                rule(
                    product.contains(sql) && !place.contains("deliver.rs") && !place.contains("queue/"),
                    "SQL belongs to core/src/store",
                );
            }
        }
        rule(
            product.contains("apalis")
                && place.starts_with("core/src/")
                && !place.contains("queue/")
                && !place.ends_with("lib.rs"),
            "apalis belongs to core/src/queue",
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
