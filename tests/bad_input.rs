//! Bad input gets one clear message with the remedy and exit code 2, and changes nothing.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use crate::test_env::{Services, TestEnv};

fn assert_refused(house: &TestEnv, args: &[&str], words: &[&str]) {
    let out = house.run(args);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: {word:?} is not in {text:?}");
    }
    assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
    assert!(text.trim().lines().count() <= 8, "{text}");
}

#[test]
fn a_wrong_database_address_or_password_is_one_message() {
    let house = TestEnv::new(Services::Sqlite);
    assert_refused(&house, &["balance", "--database", "mysql://u:secret@h/db"], &["database address", "sqlite:PATH"]);
    assert!(
        !String::from_utf8_lossy(&house.run(&["balance", "--database", "mysql://u:secret@h/db"]).stderr)
            .contains("secret")
    );
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_refused(
        &house,
        &["balance", "--database", &format!("postgres://a:secret@127.0.0.1:{free}/x")],
        &["cannot open the database"],
    );
    let pg = TestEnv::new(Services::Postgres);
    let url = pg.postgres.as_ref().unwrap().url().replace("postgres@", "nobody:secret@");
    assert_refused(&pg, &["balance", "--database", &url], &["cannot open the database", "user and password"]);
}

#[test]
fn an_unwritable_data_directory_is_one_message() {
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("a-file");
    std::fs::write(&file, "x").unwrap();
    assert_refused(
        &house,
        &["demo", "--data-dir", file.join("below").to_str().unwrap()],
        &["data directory", "--data-dir"],
    );
}

#[test]
fn an_unknown_key_in_a_settings_file_names_the_line() {
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("huiliu.toml");
    std::fs::write(&file, "workers = 2\ndatabse = \"x\"\n").unwrap();
    assert_refused(&house, &["balance", "--config", file.to_str().unwrap()], &["huiliu.toml", "line 2", "databse"]);
    assert_refused(&house, &["balance", "--config", "no-such.toml"], &["no-such.toml", "--config"]);
}

#[test]
fn a_missing_or_wrong_key_is_refused_before_anything_is_written() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let key = house.dir.0.join("data/root.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, "11".repeat(32)).unwrap();
    assert_refused(&house, &["demo", "--records", "1000", "--full"], &["root key is not the one"]);
    std::fs::write(&key, "short").unwrap();
    assert_refused(&house, &["balance"], &["64 hexadecimal digits"]);
    std::fs::remove_file(&key).unwrap();
    assert_refused(&house, &["balance"], &["root.key", "missing"]);
    assert!(!key.exists(), "a new key was made for an old database");
    std::fs::write(&key, right).unwrap();
    assert_eq!(
        house.list_items(&["runs", "list", "--json"]).as_array().unwrap().len(),
        5,
        "a refused run left a trace"
    );
}

#[test]
fn an_unknown_schema_is_refused() {
    for on in [Services::Sqlite, Services::Postgres] {
        let house = TestEnv::new(on);
        if on == Services::Postgres {
            assert_refused(&house, &["worker"], &["huiliu migrate"]);
        }
        assert!(house.run(&["migrate"]).status.success());
        assert_eq!(house.run_json(&["migrate", "--json"])["changed"], false);
        run_sql(&house, "UPDATE _sqlx_migrations SET version = 99 WHERE version = 2");
        assert_refused(&house, &["worker"], &["unknown to this version"]);
        assert_refused(&house, &["migrate"], &["unknown to this version"]);
    }
}

fn run_sql(house: &TestEnv, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match &house.postgres {
            Some(pg) => {
                let pool = sqlx::PgPool::connect(&pg.url()).await.unwrap();
                sqlx::query(statement).execute(&pool).await.unwrap();
            }
            None => {
                let url = format!("sqlite:{}", house.dir.0.join("data/huiliu.db").display());
                let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
                sqlx::query(statement).execute(&pool).await.unwrap();
                pool.close().await;
            }
        }
    });
}

#[test]
fn an_unreachable_platform_fails_the_run_with_exit_1_and_keeps_the_books() {
    let house = TestEnv::new(Services::Sqlite);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = house.dir.0.join("huiliu.toml");
    let text = format!(
        "[[source]]\nname = \"a\"\nconnector = \"intel\"\ninstitution_code = \"I\"\nbase_url = \"http://127.0.0.1:{free}\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let config = file.to_str().unwrap();
    let out = house.run(&["sync", "a", "--config", config]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stderr).contains("cannot be reached"));
    assert_eq!(house.run_json(&["balance", "--json"])["balanced"], true);
    assert_refused(&house, &["sync", "b", "--config", config], &["no source \"b\"", "the sources are a"]);
    assert_refused(&house, &["sync", "--all"], &["no source is configured"]);
}

#[test]
fn usage_errors_exit_2() {
    let house = TestEnv::new(Services::Sqlite);
    for args in [&["demo", "--records", "12"][..], &["nonsense"], &["sync"], &["balance", "--run", "x"]] {
        assert_eq!(house.run(args).status.code(), Some(2), "{args:?}");
    }
    assert!(house.run(&["migrate"]).status.success());
    assert_refused(&house, &["runs", "show", "9"], &["no run 9"]);
}

fn assert_refused_in_chinese(house: &TestEnv, args: &[&str], code: i32, words: &[&str]) {
    let out = house.command(args).env("HUILIU_LANG", "zh_CN.UTF-8").output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: {word:?} is not in {text:?}");
    }
}

#[test]
fn a_chinese_locale_is_refused_in_chinese() {
    let house = TestEnv::new(Services::Sqlite);
    let file = house.dir.0.join("huiliu.toml");
    let config = file.to_str().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(&file, "workers = 2\ndatabse = \"x\"\n").unwrap();
    assert_refused_in_chinese(
        &house,
        &["balance", "--config", config],
        2,
        &["列有误", "第 2 行", "此处没有键 databse"],
    );
    assert_refused_in_chinese(
        &house,
        &["balance", "--config", "no-such.toml"],
        2,
        &["无法读取设置文件 no-such.toml", "文件或目录不存在"],
    );
    assert_refused_in_chinese(
        &house,
        &["balance", "--database", "sqlite:/no-such-folder/x.db"],
        2,
        &["/no-such-folder/x.db 中没有数据库", "请检查"],
    );
    assert_refused_in_chinese(
        &house,
        &["balance", "--database", "mysql://h/db"],
        2,
        &["数据库地址不可用", "sqlite:路径"],
    );
    assert_refused_in_chinese(&house, &["sync", "--all"], 2, &["没有配置来源", "--config"]);
    assert!(house.run(&["migrate"]).status.success());
    assert_refused_in_chinese(&house, &["runs", "show", "9"], 2, &["没有编号为 9 的同步"]);
    let source = format!(
        "[[source]]\nname = \"a\"\nconnector = \"intel\"\ninstitution_code = \"I\"\nbase_url = \"http://127.0.0.1:{free}\"\n"
    );
    std::fs::write(&file, source).unwrap();
    assert_refused_in_chinese(&house, &["sync", "b", "--config", config], 2, &["没有来源 \"b\"", "现有 a"]);
    let place = format!("无法连接平台 127.0.0.1:{free}");
    assert_refused_in_chinese(
        &house,
        &["sync", "a", "--config", config],
        1,
        &["来源 a：同步失败", &place, "已请求 7 次"],
    );
    std::fs::write(house.dir.0.join("data/root.key"), "11".repeat(32)).unwrap();
    assert_refused_in_chinese(&house, &["balance"], 2, &["根密钥", "不同", "HUILIU_KEY_FILE"]);
}

#[test]
fn dead_letters_say_in_chinese_what_is_expected() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "4000", "--json"]);
    let list = |language: &str, more: &[&str]| {
        let args = [&["dead-letters", "list", "--limit", "1000"], more].concat();
        let out = house.command(&args).env("HUILIU_LANG", language).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let text = list("zh_CN.UTF-8", &[]);
    for words in ["身份证号（", "要求：身份证号末位校验码应与前 17 位相符", "待处理", " 行  "]
    {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let english = text
        .lines()
        .find(|l| l.contains("要求：") && !l.split("要求：").nth(1).is_some_and(|w| w.contains(|c| c >= '\u{4E00}')));
    assert_eq!(english, None, "a reason without Chinese words");
    assert_eq!(list("zh_CN.UTF-8", &["--json"]), list("en", &["--json"]), "JSON has no language");
}
