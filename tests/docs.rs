//! What the documents say is there, and what is in config/ loads.

use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn every_path_in_architecture_exists() {
    let text = read("ARCHITECTURE.md");
    let mut checked = 0;
    for word in text.split('`').skip(1).step_by(2) {
        let is_path = word.contains('/') || [".rs", ".toml", ".md"].iter().any(|e| word.ends_with(e));
        if !is_path || word.contains([' ', '*', '<', ':']) {
            continue;
        }
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(word).exists(), "ARCHITECTURE.md names {word}");
        checked += 1;
    }
    assert!(checked > 15, "only {checked} paths found");
}

#[test]
fn both_readmes_have_the_two_commands() {
    for file in ["README.md", "README.zh-CN.md"] {
        let text = read(file);
        for command in ["cargo run -- demo", "bash tests/run"] {
            assert!(text.contains(command), "{file} lacks {command}");
        }
    }
    assert!(read(".ci/run").contains("tests/run"));
}

#[test]
fn default_settings_show_every_key_and_load() {
    let house = crate::house::House::new(crate::house::On::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default.toml");
    let out = house.run(&["balance", "--json", "--config", file.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let production = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/production.toml");
    let out = house.run(&["connectors", "list", "--config", production.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = read("config/default.toml");
    for key in [
        "data_dir",
        "database",
        "queue",
        "key_file",
        "workers",
        "lease_ms",
        "timeout_ms",
        "batch_records",
        "policy_files",
        "courses_file",
        "matching_file",
        "health",
        "log_format",
        "allow_networks",
        "secrets_env",
        "schedule",
        "[[source]]",
    ] {
        assert!(text.contains(key), "config/default.toml lacks {key}");
    }
}

#[test]
fn chinese_where_the_locale_is_chinese() {
    let house = crate::house::House::new(crate::house::On::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let out = house.command(&["balance"]).env("HUILIU_LANG", "zh_CN.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).contains("账目平衡"));
}
