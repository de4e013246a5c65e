//! `doctor` finds what would go wrong later, all at once, each with its place and a remedy.

use std::process::Output;

use serde_json::Value;

use super::write_config;
use crate::test_env::{Services, TestEnv};

const FAULTY: &str = r#"
databse = "sqlite:elsewhere.db"
workers = 99

[[source]]
name = "twice"
connector = "intl"
institution_code = "I"
base_url = "http://127.0.0.1:1"

[[source]]
name = "twice"
connector = "cmcc"
institution_code = "I"
folder = "no-such-folder"

[[source]]
name = "bare"
connector = "intel"
institution_code = "I"
password_env = "NO_SUCH_PASSWORD"
secrets_env = { token = "NO_SUCH_TOKEN" }

[[source]]
name = "nowhere"
connector = "cmcc"
institution_code = "I"
schedule = "every day"

[[source]]
name = "typo"
connector = "cmcc"
institution_code = "I"
foldr = "x"
"#;

fn assert_output(out: &Output, code: i32, words: &[&str]) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
    text
}

/// Returns part and code of every problem.
fn list_problems(told: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = told["items"].as_array().unwrap().iter().filter(|item| item["ok"] == false);
    items
        .map(|item| {
            let detail = &item["detail"];
            let (source, code) = (&detail["source"]["source"], &detail["source"]["code"]);
            match source.as_str() {
                Some(source) => (source.to_owned(), text(code)),
                None => (text(&item["what"]), text(&detail["setting"]["code"])),
            }
        })
        .collect()
}

#[test]
fn everything_that_is_wrong_with_the_settings_is_told_at_once() {
    let mut house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let file = write_config(&house, FAULTY);
    house.env = vec![("HUILIU_WORKER".into(), "3".into()), ("HUILIU_LEASE_MS".into(), "soon".into())];
    let out = house.run(&["doctor", "--config", &file]);
    let text = assert_output(
        &out,
        2,
        &[
            "line 2",
            "there is no key databse here",
            "workers is 99",
            "HUILIU_WORKER; did you mean HUILIU_WORKERS?",
            "HUILIU_LEASE_MS is \"soon\"",
            "there is no key foldr here",
            "source nowhere: schedule \"every day\"",
            &format!("twice in {file}: the settings file has 2 sources with this name"),
            "no connector \"intl\" (did you mean \"intel\"?)",
            "cannot read the folder no-such-folder",
            "bare in",
            "`base_url` is empty",
            "NO_SUCH_PASSWORD for the secret password is not set",
            "NO_SUCH_TOKEN for the secret token is not set",
            "nowhere in",
            "both `folder` and `base_url` are empty",
            "✓ database",
            "✓ queue",
        ],
    );
    assert!(!text.contains("✓ settings") && !text.contains("✓ sources"), "{text}");
    let out = house.run(&["doctor", "--json", "--config", &file]);
    let problems = list_problems(&serde_json::from_slice(&out.stdout).unwrap());
    for (place, code) in [
        ("settings", "settings.file"),
        ("settings", "settings.workers"),
        ("settings", "settings.schedule"),
        ("environment", "settings.number"),
        ("environment", "settings.unknown_variable"),
        ("twice", "source.name_twice"),
        ("twice", "connector.not_found"),
        ("twice", "source.folder"),
        ("bare", "source.no_address"),
        ("bare", "secret.unset"),
        ("nowhere", "source.no_place"),
        ("typo", "source.no_place"),
    ] {
        assert!(problems.contains(&(place.into(), code.into())), "{place} {code} is not in {problems:?}");
    }
    assert_eq!(problems.len(), 14, "{problems:?}");
    // Other commands report only the first problem.
    assert_output(&house.run(&["balance", "--config", &file]), 2, &["line 2", "there is no key databse here"]);
}

#[test]
fn everything_that_is_wrong_with_the_settings_is_told_in_chinese() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let file = write_config(&house, FAULTY);
    let mut command = house.command(&["doctor", "--config", &file]);
    let out = command.env("HUILIU_LANG", "zh_CN.UTF-8").env("HUILIU_WORKER", "3").output().unwrap();
    let text = assert_output(
        &out,
        2,
        &[
            "第 2 行",
            "此处没有键 databse",
            "workers 为 99",
            "汇流不读取环境变量 HUILIU_WORKER；是不是 HUILIU_WORKERS？",
            "此处没有键 foldr",
            "来源 nowhere：schedule \"every day\"",
            &format!("{file} 中的 twice：设置文件中有 2 个来源使用此名称"),
            "没有连接器 \"intl\"（是不是 \"intel\"？）",
            "无法读取文件夹 no-such-folder：文件或目录不存在",
            "`base_url` 为空",
            "没有设置机密 password 所用的环境变量 NO_SUCH_PASSWORD",
            "没有设置机密 token 所用的环境变量 NO_SUCH_TOKEN",
            "`folder` 和 `base_url` 都为空",
            "✓ 数据库",
            "✓ 队列",
        ],
    );
    for english in ["cannot", "there is", "did you mean", "expected"] {
        assert!(!text.contains(english), "{english:?} is in {text}");
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_one_finding() {
    let house = TestEnv::new(Services::Sqlite);
    let missing = house.run(&["doctor", "--config", "no-such.toml"]);
    assert_output(&missing, 2, &["✗ settings", "no-such.toml", "--config", "✗ database: not checked"]);
    let file = write_config(&house, "workers = 2\n[[source\n");
    assert_output(&house.run(&["doctor", "--config", &file]), 2, &["✗ settings", "line 2", "✗ database: not checked"]);
    assert!(!house.dir.0.join("data").exists(), "doctor made something");
}

#[test]
fn sources_that_can_be_read_are_counted() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let folder = house.dir.0.join("dropped");
    std::fs::create_dir(&folder).unwrap();
    let text = |folder: &str| {
        format!(
            "[[source]]\nname = \"f\"\nconnector = \"cmcc\"\ninstitution_code = \"I\"\nfolder = {folder:?}\npassword_env = \"HUILIU_F_PASSWORD\"\n"
        )
    };
    let file = write_config(&house, &text(folder.to_str().unwrap()));
    let doctor = ["doctor", "--config", &file];
    // A source may name a variable that begins like Huiliu's own, and a cluster sets such variables beside a service
    // called huiliu.
    let out = house
        .command(&doctor)
        .env("HUILIU_F_PASSWORD", "x")
        .env("HUILIU_SERVICE_HOST", "10.0.0.1")
        .env("HUILIU_PORT_8701_TCP", "tcp://10.0.0.1:8701")
        .output()
        .unwrap();
    assert_output(&out, 0, &["✓ settings", "✓ sources: 1"]);
    // A file is not a folder.
    write_config(&house, &text(&file));
    assert_output(&house.run(&doctor), 2, &["✗ source: f in", "cannot read the folder", "HUILIU_F_PASSWORD"]);
    // A sealed password needs no variable, and registered sources are checked too.
    write_config(&house, &text(folder.to_str().unwrap()));
    let mut seal = house.command(&["secrets", "set", "f", "password", "--config", &file]);
    let value = house.dir.0.join("value");
    std::fs::write(&value, "secret").unwrap();
    assert!(seal.stdin(std::fs::File::open(&value).unwrap()).status().unwrap().success());
    let gone = house.dir.0.join("gone");
    std::fs::create_dir(&gone).unwrap();
    let add = ["sources", "add", "g", "--connector", "cmcc", "--institution-code", "I", "--folder"];
    assert!(house.run(&[&add[..], &[gone.to_str().unwrap()]].concat()).status.success());
    assert_output(&house.run(&doctor), 0, &["✓ sources: 2"]);
    std::fs::remove_dir(&gone).unwrap();
    assert_output(
        &house.run(&doctor),
        2,
        &["g (registered; change it with `huiliu sources set g`): cannot read the folder"],
    );
}
