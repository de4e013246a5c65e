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

/// What reaches a terminal without the door, `app/words/terminal.rs`.
const WAYS_AROUND: [&str; 13] = [
    "stdout()",
    "stderr()",
    "print!(",
    "println!(",
    "dbg!(",
    "with_writer(",
    "/dev/tty",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/",
    ".exit();",
    "from_raw_fd(",
    "error.print(",
];

/// Returns the ways around the door that a line of code takes.
fn find_ways_around(line: &str) -> Vec<&'static str> {
    let code = line.split("//").next().unwrap_or_default();
    // Asking what a stream is, and how wide, writes nothing.
    let asked =
        code.replace("stdout().is_terminal()", "").replace("stderr().is_terminal()", "").replace("use_stderr()", "");
    let asked = asked.replace("Term::stdout().size_checked()", "");
    WAYS_AROUND.into_iter().filter(|way| asked.contains(way)).collect()
}

#[test]
fn nothing_is_printed_around_the_door() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![];
    for folder in ["app", "core", "connectors"] {
        collect_sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 200, "{}", files.len());
    let mut broken = vec![];
    for file in &files {
        let place = file.strip_prefix(root).unwrap().display().to_string();
        if place == "app/words/terminal.rs" || place.starts_with("core/testkit/") {
            continue;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (line, code) in (1..).zip(product.lines()) {
            // The unpacking process answers its parent through a pipe.
            if place == "app/subprocess.rs" && code.contains("stdout().lock().write_all(answer") {
                continue;
            }
            broken.extend(find_ways_around(code).iter().map(|way| format!("{place}:{line}: {way}")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_way_around_the_door_is_found() {
    for line in [
        "    let _ = writeln!(std::io::stdout(), \"{name}\");",
        "    tracing_subscriber::fmt().with_writer(std::io::stderr)",
        "    println!(\"{name}\");",
        "    error.exit();",
    ] {
        assert!(!find_ways_around(line).is_empty(), "{line}");
    }
    for line in
        ["    if std::io::stdout().is_terminal() {", "    say(&name); // println!(", "    std::process::exit(2);"]
    {
        assert!(find_ways_around(line).is_empty(), "{line}");
    }
}

/// Ways to open a file that wait for a pipe and do not look at what they opened.
const BLIND_OPENS: [&str; 4] = ["fs::read(", "fs::read_to_string(", "fs::File::open(", " File::open("];

/// Files that open only what nobody else writes: the program's own, or what its operator names in settings.
const OWN_FILES: [&str; 6] = [
    "app/open.rs",
    "app/settings.rs",
    "core/engine/src/operations/maintenance.rs",
    "core/engine/src/operations/restore.rs",
    "core/engine/src/operations/sample_writing.rs",
    "core/vault/src/key_file.rs",
];

#[test]
fn what_others_can_write_is_opened_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![];
    for folder in ["app", "core", "connectors"] {
        collect_sources(&root.join(folder), &mut files);
    }
    let mut found = std::collections::BTreeSet::new();
    for file in &files {
        let place = file.strip_prefix(root).unwrap().display().to_string();
        let text = std::fs::read_to_string(file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        if !place.starts_with("core/testkit/") && BLIND_OPENS.iter().any(|open| product.contains(open)) {
            found.insert(place);
        }
    }
    assert_eq!(found, OWN_FILES.map(str::to_owned).into(), "open it by huiliu-files");
}
