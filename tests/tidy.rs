//! Rules of this repository that no lint can express.

use std::path::{Path, PathBuf};

pub fn collect_sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            if name != "target" && !name.starts_with('.') && name != "data" {
                collect_sources(&entry, out);
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
    collect_sources(root, &mut files);
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
        if ["tests/", "sandbox/tests/", "benches/"].iter().any(|room| place.starts_with(room)) {
            continue;
        }
        rule(product.contains("FIXME"), "FIXME");
        // The embedded queue's file has apalis's own table.
        if !place.starts_with("core/store/") && place != "core/queue/src/sqlite.rs" {
            for sql in ["SELECT ", "INSERT INTO", "UPDATE "] {
                rule(product.contains(sql), "SQL belongs to core/store");
            }
        }
        rule(
            product.contains("apalis") && place.starts_with("core/") && !place.starts_with("core/queue/"),
            "apalis belongs to core/queue",
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
