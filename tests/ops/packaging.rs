//! The image, the systemd unit and the operations page, as far as they can be checked without a container engine.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{free_port, wait_for};
use crate::test_env::{Scratch, Services};

fn repository_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read_file(path: &str) -> String {
    std::fs::read_to_string(repository_root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the instructions of a Dockerfile, with continued lines joined.
fn docker_instructions(dockerfile: &str) -> Vec<(String, String)> {
    let joined = dockerfile.replace("\\\n", " ");
    let lines = joined.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.map(|l| l.split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).unwrap()).collect()
}

#[test]
fn the_image_is_built_from_what_is_there() {
    let all = docker_instructions(&read_file("Dockerfile"));
    let ignored = read_file(".dockerignore");
    let copied: Vec<String> = all
        .iter()
        .filter(|(word, rest)| word == "COPY" && !rest.starts_with("--from"))
        .flat_map(|(_, rest)| {
            let mut words: Vec<_> = rest.split_whitespace().map(str::to_owned).collect();
            words.pop();
            words
        })
        .collect();
    assert!(copied.len() > 5);
    for source in &copied {
        assert!(repository_root().join(source).exists(), "the Dockerfile copies {source}");
        assert!(!ignored.lines().any(|l| l == source), "{source} is ignored");
    }
    // Everything that the workspace needs for its build is copied: every path that cargo names is below a copied one.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(repository_root());
    let out = cargo.output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        for target in package["targets"].as_array().unwrap() {
            let path = PathBuf::from(target["src_path"].as_str().unwrap());
            let path = path.strip_prefix(repository_root()).unwrap().to_owned();
            assert!(copied.iter().any(|c| path.starts_with(c)), "{} is not copied", path.display());
        }
    }
    let run = |begin: &str| all.iter().any(|(word, rest)| word == "RUN" && rest.starts_with(begin));
    assert!(run("cargo build --release --locked --bin huiliu"));
    let last = |word: &str| all.iter().rev().find(|(w, _)| w == word).map(|(_, rest)| rest.as_str());
    assert_eq!(last("ENTRYPOINT"), Some("[\"huiliu\"]"));
    assert_eq!(last("CMD"), Some("[\"worker\"]"));
    assert_eq!(last("USER"), Some("huiliu"));
    assert_eq!(last("VOLUME"), Some("/data"));
    assert!(last("HEALTHCHECK").unwrap().ends_with("CMD [\"huiliu\", \"health\"]"));
}

/// Runs the image's last stage without the engine: its environment, an empty volume, a user other than root.
#[test]
fn the_images_command_runs_as_another_user_in_an_empty_directory() {
    let scratch = Scratch::new("image");
    let data = scratch.0.join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&scratch.0, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = scratch.0.join("huiliu");
    std::fs::copy(env!("CARGO_BIN_EXE_huiliu"), &program).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if is_root {
        assert!(Command::new("chown").arg("nobody").arg(&data).status().unwrap().success());
    }
    let port = free_port();
    let environment: Vec<(String, String)> = docker_instructions(&read_file("Dockerfile"))
        .iter()
        .filter(|(word, _)| word == "ENV")
        .flat_map(|(_, rest)| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .map(|pair| pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap())
        .map(|(k, v)| (k, v.replace("/data", data.to_str().unwrap()).replace("9464", &port.to_string())))
        .collect();
    assert!(environment.len() > 2);
    let command = |verb: &str| {
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--clear-groups", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command.arg(verb).env_clear().envs(environment.iter().cloned()).current_dir(&data);
        command
    };
    let mut worker = command("worker").stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_for("the image's health", || command("health").output().unwrap().status.success());
    // SAFETY: the process is our own child and has not been waited for.
    unsafe { libc::kill(i32::try_from(worker.id()).unwrap(), libc::SIGTERM) };
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    assert!(!command("health").output().unwrap().status.success());
    assert!(data.join("root.key").exists());
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = read_file("deploy/huiliu-worker.service");
    for line in unit.lines().filter(|l| !l.is_empty() && !l.starts_with(['#', '['])) {
        assert!(line.contains('='), "{line}");
    }
    for wanted in ["User=huiliu", "NoNewPrivileges=true", "ProtectSystem=strict", "KillSignal=SIGTERM"] {
        assert!(unit.contains(wanted), "{wanted}");
    }
    // If systemd is available, it verifies the unit with the program under test.
    let scratch = Scratch::new("unit");
    let file = scratch.0.join("huiliu-worker.service");
    std::fs::write(&file, unit.replace("/usr/local/bin/huiliu", env!("CARGO_BIN_EXE_huiliu"))).unwrap();
    if let Ok(out) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output() {
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!said.contains("huiliu-worker.service:"), "{said}");
    }
}

#[test]
fn the_commands_of_the_pages_run() {
    let pages = ["operations", "ledger", "roster", "identity"];
    for page in pages.iter().flat_map(|p| [format!("docs/{p}.md"), format!("docs/{p}.zh-CN.md")]) {
        let text = read_file(&page);
        let script: String = text.split("```sh\n").skip(1).map(|b| b.split("```").next().unwrap()).collect();
        assert!(script.lines().count() > 8, "{page}");
        let scratch = Scratch::new("page");
        let programs = Path::new(env!("CARGO_BIN_EXE_huiliu")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &script]).current_dir(&scratch.0).env("PATH", path);
        let out = bash.env_remove("HUILIU_CONFIG").output().unwrap();
        assert!(out.status.success(), "{page}: {}", String::from_utf8_lossy(&out.stderr));
        // Every metric that the page names exists, and every link leads to a file.
        let figures = read_file("app/metrics.rs");
        for word in text.split('`').filter(|w| w.starts_with("huiliu_")) {
            let name = word.trim_start_matches("huiliu_").split('{').next().unwrap();
            assert!(figures.contains(&format!("\"{name}\"")), "{page} speaks of {word}");
        }
        for link in text.split("](").skip(1).map(|l| l.split(')').next().unwrap()) {
            assert!(repository_root().join("docs").join(link).exists(), "{page} links to {link}");
        }
    }
}

#[test]
fn the_settings_of_a_province_are_read() {
    let house = crate::test_env::TestEnv::new(Services::Sqlite);
    let file = repository_root().join("config/production.toml");
    let mut command = house.command(&["health", "--config", file.to_str().unwrap()]);
    let out = command.env("HUILIU_HEALTH", format!("127.0.0.1:{}", free_port())).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    let text = read_file("config/production.toml");
    let keys: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split(" = ").next()).collect();
    for (i, line) in text.lines().enumerate().filter(|(_, l)| l.contains(" = ") && !l.starts_with('#')) {
        assert!(text.lines().nth(i - 1).unwrap().starts_with('#'), "no comment above {line}");
    }
    for key in ["database", "queue", "key_file", "health", "log_format"] {
        assert!(keys.contains(&key), "{key}");
    }
}
