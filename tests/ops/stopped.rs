//! Ctrl-C: a stopped command says that it was stopped, and a stopped plan is closed. A plan without effect says so.

use std::process::{Child, Stdio};

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};
use serde_json::Value;

use super::{wait_for, write_config};
use crate::test_env::{Services, TestEnv};

/// Interrupts a command in progress. Returns exit code, standard output and standard error.
fn send_interrupt(child: Child) -> (Option<i32>, String, String) {
    // SAFETY: the process is our own child and has not been waited for.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGINT) };
    let out = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// Interrupts a command in progress: it ends with 1, says these words, and does not say that it failed.
fn assert_stopped(child: Child, words: &[&str]) {
    let (code, _, said) = send_interrupt(child);
    assert_eq!(code, Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    assert!(!said.contains("failed") && !said.contains("失败"), "{said}");
}

fn start_command(house: &TestEnv, args: &[&str], language: &str) -> Child {
    let mut command = house.command(args);
    command.env("HUILIU_LANG", language).env("HUILIU_FAULT_SLOW_MS", "700").env("SANDBOX_SECRET", SECRET);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_sync_that_is_stopped_is_told_as_stopped() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 9, records: 60_000, faults: true, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    let text = format!(
        "batch_records = 200\n[[source]]\nname = \"a\"\nconnector = \"institution\"\ninstitution_code = \"A\"\nbase_url = \"{}\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n",
        sandbox.base_url()
    );
    let file = write_config(&house, &text);
    for (nth, language, words) in [
        (1, "en", ["stopped: a", "stopped; what was received is kept"]),
        (2, "zh_CN.UTF-8", ["已停止：a", "已停止；已收到的保留"]),
    ] {
        let child = start_command(&house, &["sync", "a", "--config", &file], language);
        wait_for("the sync", || house.run_sql("SELECT count(*) FROM sync_run WHERE state = 'running'") == 1);
        wait_for("a page", || house.run_sql(&format!("SELECT count(*) FROM payload WHERE run_id = {nth}")) > 0);
        assert_stopped(child, &words);
    }
    let runs = house.list_items(&["runs", "list", "--json"]);
    assert!(runs.as_array().unwrap().iter().all(|run| run["state"] == "stopped"), "{runs}");
    assert_eq!(house.list_items(&["schedules", "list", "--json"])[0]["last_state"], "stopped");
    let child = start_command(&house, &["sync", "a", "--json", "--config", &file], "en");
    wait_for("the sync", || house.run_sql("SELECT count(*) FROM sync_run WHERE state = 'running'") == 1);
    let (_, told, said) = send_interrupt(child);
    let (pass, error): (Value, Value) = (serde_json::from_str(&told).unwrap(), serde_json::from_str(&said).unwrap());
    crate::operations::assert_fits_schema("sync.sync", &pass);
    assert_eq!((&pass["stopped"], &pass["sources"][0]["state"]), (&true.into(), &"stopped".into()));
    assert_eq!(error["error"]["code"], "run.stopped");
    assert_eq!(house.run_sql("SELECT count(*) FROM batch WHERE state = 'claimed'"), 0);
}

#[test]
fn an_upload_that_is_stopped_is_told_as_stopped() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let folder = house.dir.0.join("own").display().to_string();
    assert!(house.run(&["connectors", "new", "own", "--from", "csv", "--out", &folder]).status.success());
    assert!(house.run(&["connectors", "register", &folder]).status.success());
    let add = ["sources", "add", "a", "--connector", "own", "--institution-code", "I", "--folder", &folder];
    assert!(house.run(&add).status.success());
    let sample = std::fs::read_to_string(house.dir.0.join("own/samples/completions.csv")).unwrap();
    let (row, id_number) = ("王一,22010219590911001X", "22010219590911001X");
    assert!(sample.contains(row));
    let file = |nth: usize| {
        let path = house.dir.0.join(format!("{nth}.csv"));
        std::fs::write(&path, sample.replace(row, &format!("王{nth},{id_number}"))).unwrap();
        path.display().to_string()
    };
    // More than land together, so that a stop comes between two of them.
    let files: Vec<String> = (0..400).map(file).collect();
    let args = |first: &'static str, more: &[&'static str]| -> Vec<String> {
        let words = [&[first, "a"], more].concat();
        words.into_iter().map(str::to_owned).chain(files.iter().cloned()).collect()
    };
    // A plan that is stopped leaves nothing behind, and nobody holds the source.
    for (language, word) in [("en", "stopped; it was only a plan"), ("zh_CN.UTF-8", "已停止；这只是试算")] {
        let plan = args("upload", &["--plan"]);
        let plan: Vec<&str> = plan.iter().map(String::as_str).collect();
        let child = start_command(&house, &plan, language);
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        let (code, told, said) = send_interrupt(child);
        assert!(code == Some(1) && said.contains(word), "{code:?} {told} {said}");
        assert!(!said.contains("failed") && !said.contains("失败"), "{said}");
        assert_eq!(house.run_sql("SELECT count(*) FROM sync_run") + house.run_sql("SELECT count(*) FROM payload"), 0);
    }
    for (language, words) in [
        ("en", ["stopped: a", "stopped; what was received is kept", "upload the files again"]),
        ("zh_CN.UTF-8", ["已停止：a", "已停止；已收到的保留", "请重新递交"]),
    ] {
        let upload = args("upload", &[]);
        let upload: Vec<&str> = upload.iter().map(String::as_str).collect();
        let before = house.run_sql("SELECT count(*) FROM payload");
        let child = start_command(&house, &upload, language);
        wait_for("a file", || house.run_sql("SELECT count(*) FROM payload") > before);
        assert_stopped(child, &words);
    }
    let runs = house.list_items(&["runs", "list", "--json"]);
    assert!(runs.as_array().unwrap().iter().all(|run| run["state"] == "stopped"), "{runs}");
    assert_eq!(house.run_sql("SELECT count(*) FROM batch WHERE state = 'claimed'"), 0);
    // Nobody holds the source: the same files go in.
    let upload = args("upload", &["--json"]);
    let upload: Vec<&str> = upload.iter().map(String::as_str).collect();
    assert_eq!(house.run_json(&upload)["stopped"], false);
}

/// Creates a database with many dead letters, so that a replay plan takes time.
fn house_with_letters() -> TestEnv {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "3000", "--json"]);
    house
}

#[test]
fn a_replay_plan_that_is_stopped_is_closed() {
    let house = house_with_letters();
    for (nth, language, word) in [(1, "en", "stopped; nothing was changed"), (2, "zh_CN.UTF-8", "已停止；未作任何改动")]
    {
        let child = start_command(&house, &["replay", "plan"], language);
        wait_for("the plan", || house.run_sql("SELECT count(*) FROM replay WHERE state = 'planning'") == 1);
        let (code, _, said) = send_interrupt(child);
        assert!(code == Some(1) && said.contains(word), "{code:?} {said}");
        let replay = nth.to_string();
        let shown = house.run_json(&["replay", "show", &replay, "--json"]);
        assert_eq!((&shown["state"], &shown["moved"][0]["what"]), (&"stale".into(), &"unfinished".into()));
        let out = house.run(&["replay", "apply", &replay]);
        assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    }
    // A plan whose process was killed is closed by the next plan, once it is older than any plan can be.
    let mut child = start_command(&house, &["replay", "plan"], "en");
    wait_for("the plan", || house.run_sql("SELECT count(*) FROM replay WHERE state = 'planning'") == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    house.run_sql("UPDATE replay SET planned_at = planned_at - 22000000000 WHERE state = 'planning'");
    house.run_json(&["replay", "plan", "--json"]);
    assert_eq!(house.run_sql("SELECT count(*) FROM replay WHERE state = 'planning'"), 0);
    assert_eq!(house.run_sql("SELECT count(*) FROM replay WHERE state = 'stale'"), 3);
}

#[test]
fn a_plan_without_effect_says_so_and_offers_nothing() {
    let house = house_with_letters();
    let said = |args: &[&str], language: &str| {
        let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    // Under the manifests that parked them, dead letters cannot change.
    let code =
        house.list_items(&["dead-letters", "list", "--json"])[0]["reasons"][0]["code"].as_str().unwrap().to_owned();
    let plan = ["replay", "plan", "--code", &code];
    let english = said(&plan, "en");
    assert!(english.contains("nothing would change") && !english.contains("replay apply"), "{english}");
    let chinese = said(&plan, "zh_CN.UTF-8");
    assert!(chinese.contains("不会有任何变化") && !chinese.contains("replay apply"), "{chinese}");
    assert_eq!(house.run_json(&["replay", "plan", "--code", &code, "--json"])["changes"], false);
    let diff = ["rules", "diff", "current", "current"];
    assert!(
        said(&diff, "en").contains("nothing would change") && said(&diff, "zh_CN.UTF-8").contains("不会有任何变化")
    );
}
