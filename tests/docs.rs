//! The documents' paths and links exist, and the files in config/ load.

use std::path::Path;

fn read_page(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the paths of the decisions' pages, in the order of their numbers.
fn decision_pages() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/decisions");
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    let mut pages: Vec<String> = names.map(|name| format!("docs/decisions/{name}")).collect();
    pages.sort();
    pages
}

#[test]
fn every_path_in_architecture_and_decisions_exists() {
    let mut checked = 0;
    for page in decision_pages().into_iter().chain(["ARCHITECTURE.md".to_owned()]) {
        let text = read_page(&page);
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = word.contains('/') || [".rs", ".toml", ".md"].iter().any(|e| word.ends_with(e));
            if !is_path || word.contains([' ', '*', '<', ':']) {
                continue;
            }
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(word).exists(), "{page} names {word}");
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} paths found");
}

/// The pages that are read first stay short.
#[test]
fn readme_and_architecture_stay_short() {
    let words = read_page("README.md").split_whitespace().count();
    assert!(words <= 1_000, "README.md has {words} words");
    let characters = read_page("README.zh-CN.md").chars().count();
    assert!(characters <= 4_500, "README.zh-CN.md has {characters} characters");
    let bytes = read_page("ARCHITECTURE.md").len();
    assert!(bytes <= 12_000, "ARCHITECTURE.md has {bytes} bytes");
}

#[test]
fn links_of_the_pages_lead_somewhere() {
    let pages = [
        "README.md",
        "README.zh-CN.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "CONTRIBUTING.zh-CN.md",
        "docs/benchmarks.md",
        "docs/benchmarks.zh-CN.md",
        "docs/limits.md",
        "docs/limits.zh-CN.md",
        "docs/matching.md",
        "docs/matching.zh-CN.md",
    ];
    for page in pages.map(str::to_owned).into_iter().chain(decision_pages()) {
        crate::institutions::check_links(&page);
    }
}

/// Both indexes of decisions name every page of their language, and every page has one in the other language.
#[test]
fn every_decision_is_in_the_index() {
    let pages = decision_pages();
    let (chinese, english): (Vec<&String>, Vec<&String>) = pages.iter().partition(|page| page.ends_with(".zh-CN.md"));
    assert_eq!(chinese.len(), english.len(), "{pages:?}");
    for (pages, index) in [(english, "README.md"), (chinese, "README.zh-CN.md")] {
        let text = read_page(&format!("docs/decisions/{index}"));
        for page in pages {
            let name = page.trim_start_matches("docs/decisions/");
            assert!(name == index || text.contains(&format!("]({name})")), "{page} is not in {index}");
        }
    }
}

#[test]
fn both_readmes_have_the_two_commands() {
    for file in ["README.md", "README.zh-CN.md"] {
        let text = read_page(file);
        for command in ["cargo run -- demo", "bash tests/run"] {
            assert!(text.contains(command), "{file} lacks {command}");
        }
    }
    assert!(read_page(".ci/run").contains("tests/run"));
}

#[test]
fn default_settings_show_every_key_and_load() {
    let house = crate::test_env::TestEnv::new(crate::test_env::Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default.toml");
    let out = house.run(&["balance", "--json", "--config", file.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let production = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/production.toml");
    let out = house.run(&["connectors", "list", "--config", production.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = read_page("config/default.toml");
    for key in [
        "data_dir",
        "database",
        "queue",
        "key_file",
        "workers",
        "lease_ms",
        "timeout_ms",
        "batch_records",
        "verify_days",
        "approve_replays_above",
        "min_free_mib",
        "policy_files",
        "courses_file",
        "matching_file",
        "health",
        "log_format",
        "allow_networks",
        "secrets_env",
        "schedule",
        "[[webhook]]",
        "[mail]",
        "[[source]]",
    ] {
        assert!(text.contains(key), "config/default.toml lacks {key}");
    }
}

#[test]
fn chinese_where_the_locale_is_chinese() {
    let house = crate::test_env::TestEnv::new(crate::test_env::Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let out = house.command(&["balance"]).env("HUILIU_LANG", "zh_CN.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).contains("账目平衡"));
}
