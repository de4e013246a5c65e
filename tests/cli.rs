//! The command line's descriptions: a page, man pages, completions, and an example at the end of each help.

use std::path::Path;

use crate::test_env::{Services, TestEnv};

fn run_text(house: &TestEnv, args: &[&str]) -> String {
    let out = house.run(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// The page in `docs/` is the one that the program prints; `UPDATE=1` writes it.
#[test]
fn the_page_is_that_of_the_program() {
    let made = run_text(&TestEnv::new(Services::Sqlite), &["cli-page"]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/cli.md is not what the program says; run this test with UPDATE=1");
    assert!(!made.contains("deliver-alone"), "a hidden command is described");
    for word in
        ["\n## huiliu sync\n", "`--data-dir DATA_DIR`", "### huiliu runs show\n", "`--because BECAUSE`", "(required)"]
    {
        assert!(made.contains(word), "{word:?} is not in docs/cli.md");
    }
}

#[test]
fn each_help_ends_with_an_example() {
    let house = TestEnv::new(Services::Sqlite);
    let page = run_text(&house, &["cli-page"]);
    let commands: Vec<&str> =
        page.lines().filter_map(|line| line.trim_start_matches('#').trim().strip_prefix("huiliu")).collect();
    let headings = page.lines().filter(|line| line.starts_with("##")).count();
    assert!(headings > 80, "{headings}");
    for command in commands.iter().filter(|line| page.contains(&format!("# huiliu{line}\n"))) {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let help = run_text(&house, &args);
        let last = help.trim_end().lines().rev().take(2).collect::<Vec<_>>();
        assert_eq!(last.get(1), Some(&"Example:"), "{args:?}: {help}");
        assert!(last[0].starts_with("  huiliu "), "{args:?}: {help}");
    }
}

#[test]
fn completions_and_man_pages_are_made_without_settings() {
    let house = TestEnv::new(Services::Sqlite);
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef huiliu"), ("fish", "complete -c huiliu")] {
        let script = run_text(&house, &["completions", shell, "--config", "no-such.toml"]);
        for word in [word, "dead-letters", "data-dir"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    // In Chinese no description is left in English.
    for shell in ["zsh", "fish"] {
        let out = house.command(&["completions", shell]).env("HUILIU_LANG", "zh").output().unwrap();
        let script = String::from_utf8(out.stdout).unwrap();
        assert!(script.contains("读取来源"), "{shell}");
        // Comments of the generated script are clap's.
        let described = script.lines().filter(|line| !line.starts_with('#'));
        let english = ["Print", "List the", "Show "];
        let left: Vec<&str> = described.filter(|line| english.iter().any(|word| line.contains(word))).collect();
        assert!(left.is_empty(), "{shell}: {left:?}");
    }
    let folder = house.dir.0.join("man");
    run_text(&house, &["man", folder.to_str().unwrap()]);
    for (page, word) in [("huiliu.1", "dead\\-letters"), ("huiliu-sync.1", "huiliu sync \\-\\-all")] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
    assert!(!folder.join("huiliu-help.1").exists(), "copies of help have pages of their own");
    let file = house.dir.0.join("a-file");
    std::fs::write(&file, "x").unwrap();
    let out = house.run(&["man", file.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Help and error messages of the command line are in the locale's language, including clap's own words.
#[test]
fn help_and_mistakes_are_in_the_language_of_the_locale() {
    let house = TestEnv::new(Services::Sqlite);
    let said = |args: &[&str], language: &str| {
        let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
        let text = [out.stdout, out.stderr].concat();
        (out.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, help) = said(&["sync", "--help"], "zh_CN.UTF-8");
    assert_eq!(code, Some(0));
    for word in ["用法：huiliu sync [选项]", "选项：", "参数：", "--land-only", "示例："] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    assert!(!["Usage", "Options", "Print", "(default"].iter().any(|word| help.contains(word)), "{help}");
    for (args, words) in [
        (&["sync"][..], "缺少 <SOURCE>"),
        (&["sync", "--al"], "没有选项 --al；是不是 --all？"),
        (&["synk"], "没有命令 synk；是不是 sync？"),
        (&["runs", "list", "--limit", "x"], "应为整数"),
        (&["sync", "a", "--since", "2014-13-01"], "日期应写作 YYYY-MM-DD"),
        (&["sync", "--all", "--full", "--since", "2014-01-01"], "--full 不能与 --since <DATE> 一起使用"),
        (&["demo", "--records", "5"], "应为 1000 至 3000000 之间的数"),
        (&["completions", "foo"], "可用：bash、"),
        (&["sync", "--since"], "--since <DATE> 须带值"),
    ] {
        let (code, told) = said(args, "zh_CN.UTF-8");
        assert!(code == Some(2) && told.contains(words), "{args:?}: {code:?} {told}");
        let (code, told) = said(args, "en");
        assert!(code == Some(2) && told.starts_with("huiliu: ") && told.contains("--help"), "{args:?}: {told}");
    }
}
