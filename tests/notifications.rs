//! What people are told: once when a cause begins, once when it is over, over webhooks and mail.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};
use serde_json::Value;

use crate::test_env::{Services, TestEnv};

/// A duty desk that takes webhooks and mail, in a process of its own.
struct Desk {
    process: Child,
    notes: std::path::PathBuf,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Desk {
    /// Starts it, and writes its channels into the settings of the house.
    fn open(house: &mut TestEnv, sandbox: &Sandbox, hooks: &[&str]) -> Self {
        let notes = house.dir.0.join("notes");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notifications/receiver.py");
        let mut process = Command::new("/usr/bin/python3")
            .args([script, notes.to_str().unwrap()])
            .env("DUTY_SECRET", "a shared secret")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (http, smtp) =
            line.trim().split_once(' ').expect("the desk has not opened: is python3-aiosmtpd installed?");
        let mut settings = format!(
            "[mail]\nserver = \"smtp://127.0.0.1:{smtp}\"\nfrom = \"Huiliu <huiliu@example.cn>\"\nto = [\"duty@example.cn\", \"office@example.cn\"]\n\
             [[source]]\nname = \"platform\"\nconnector = \"institution\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\n",
            sandbox.base_url()
        );
        for hook in hooks {
            settings += &format!(
                "[[webhook]]\nname = \"{hook}\"\nurl = \"http://127.0.0.1:{http}/{hook}\"\nsecret_env = \"DUTY_SECRET\"\n"
            );
        }
        let config = house.dir.0.join("huiliu.toml");
        std::fs::write(&config, settings).unwrap();
        house.env.extend([
            ("HUILIU_CONFIG".into(), config.display().to_string()),
            ("DUTY_SECRET".into(), "a shared secret".into()),
            ("SANDBOX_SECRET".into(), "a wrong password".into()),
            // Causes are looked for, and failed deliveries tried again, after so many milliseconds.
            ("HUILIU_FAULT_NOTIFY_MS".into(), "50".into()),
        ]);
        Self { process, notes }
    }

    fn read_notes(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.notes).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns kind and event of the notes that a webhook took, in order.
    fn told(&self, hook: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let taken = |note: &Value| note["path"] == format!("/{hook}") && note["failed"] == false;
        let notes = self.read_notes();
        let of = |note: &Value| (text(&note["body"]["type"]), text(&note["body"]["data"]["event"]));
        notes.iter().filter(|note| taken(note)).map(of).collect()
    }
}

fn pair(kind: &str, event: &str) -> (String, String) {
    (kind.to_owned(), event.to_owned())
}

fn open_sandbox(house: &TestEnv) -> (tokio::runtime::Runtime, Sandbox) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 5, records: 400, faults: false, changed_percent: 0 };
    let sandbox = runtime.block_on(Sandbox::start(options, &house.dir.0.join("drop"))).unwrap();
    (runtime, sandbox)
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_failing_source_is_told_once_and_once_more_when_it_is_well() {
    for on in [Services::Sqlite, Services::Postgres] {
        let mut house = TestEnv::new(on);
        let (runtime, sandbox) = open_sandbox(&house);
        let desk = Desk::open(&mut house, &sandbox, &["taken", "second_time"]);
        assert!(house.run(&["migrate"]).status.success());
        for _ in 0..3 {
            assert!(!house.run(&["sync", "--all"]).status.success(), "the password is wrong");
            std::thread::sleep(Duration::from_millis(200));
        }
        let began = [pair("source_failed", "began")];
        assert_eq!((desk.told("taken"), desk.told("second_time")), (began.to_vec(), began.to_vec()), "{on:?}");
        house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
        for _ in 0..3 {
            assert!(house.run(&["sync", "--all"]).status.success());
            std::thread::sleep(Duration::from_millis(200));
        }
        let both = [pair("source_failed", "began"), pair("source_failed", "ended")];
        assert_eq!((desk.told("taken"), desk.told("second_time")), (both.to_vec(), both.to_vec()), "{on:?}");
        let notes = desk.read_notes();
        let (hooks, letters): (Vec<&Value>, Vec<&Value>) = notes.iter().partition(|note| note["path"].is_string());
        assert!(hooks.iter().all(|note| note["genuine"] == true && note["fresh"] == true), "{hooks:?}");
        assert!(hooks[0]["body"]["text"]["zh"].as_str().unwrap().contains("platform"), "{hooks:?}");
        assert_eq!(letters.len(), 2, "{letters:?}");
        assert_eq!(letters[0]["to"], serde_json::json!(["duty@example.cn", "office@example.cn"]));
        assert!(letters[0]["subject"].as_str().unwrap().contains("同步失败"), "{letters:?}");
        assert!(letters[0]["text"].as_str().unwrap().contains("has failed to sync"), "{letters:?}");

        let listed = house.list_items(&["notifications", "list", "--json"]);
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["source"]), (1, &"platform".into()), "{listed}");
        let deliveries = listed[0]["deliveries"].as_array().unwrap();
        assert_eq!(deliveries.len(), 6);
        assert!(deliveries.iter().all(|of| of["state"] == "sent"), "{listed}");
        let again = deliveries.iter().find(|of| of["channel"] == "webhook second_time").unwrap();
        assert_eq!(again["attempts"], 2, "{listed}");
        let text = String::from_utf8(house.run(&["notifications", "list"]).stdout).unwrap();
        assert!(text.contains("failed syncs") && text.contains("it is over"), "{text}");
        runtime.block_on(sandbox.stop());
    }
}

#[test]
fn a_test_says_of_each_channel_whether_it_works() {
    let mut house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let none = house.run(&["notifications", "test"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("[[webhook]]"), "{none:?}");
    let (runtime, sandbox) = open_sandbox(&house);
    let desk = Desk::open(&mut house, &sandbox, &["taken", "refused", "silent"]);
    let out = house.run(&["notifications", "test", "--json"]);
    assert_eq!(out.status.code(), Some(1));
    let tested: Value = serde_json::from_slice(&out.stdout).unwrap();
    let told: Vec<(&str, &str)> = tested["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["channel"].as_str().unwrap(), of["error"]["code"].as_str().unwrap_or("sent")))
        .collect();
    let expected = [
        ("webhook taken", "sent"),
        ("webhook refused", "channel.status"),
        ("webhook silent", "channel.timeout"),
        ("mail", "sent"),
    ];
    assert_eq!(told, expected, "{tested}");
    assert_eq!(desk.told("taken"), [pair("test", "")]);

    // A host that is not allowed, and a secret that is not there.
    for (name, value, code) in
        [("HUILIU_ALLOW_NETWORKS", "10.0.0.0/8", "channel.not_public"), ("DUTY_SECRET", "", "channel.secret_env")]
    {
        let out = house.command(&["notifications", "test", "--json"]).env(name, value).output().unwrap();
        let tested: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(tested["items"][0]["error"]["code"], code, "{tested}");
    }
    runtime.block_on(sandbox.stop());
}

#[test]
fn a_worker_tells_of_replays_that_wait_for_a_second_person() {
    let mut house = TestEnv::new(Services::Sqlite);
    let (runtime, sandbox) = open_sandbox(&house);
    let desk = Desk::open(&mut house, &sandbox, &["taken"]);
    house.env.extend([
        ("SANDBOX_SECRET".into(), SECRET.into()),
        ("HUILIU_APPROVE_REPLAYS_ABOVE".into(), "1".into()),
        ("HUILIU_ACTOR".into(), "one".into()),
    ]);
    house.run_json(&["demo", "--records", "3000", "--json"]);
    let [plan, other] = [(); 2].map(|()| house.run_json(&["replay", "plan", "--json"])["replay"].to_string());
    let mut worker = house.command(&["worker"]).stderr(Stdio::null()).spawn().unwrap();
    let of = |event: &str| desk.told("taken").iter().filter(|told| **told == pair("replay_unapproved", event)).count();
    wait_until("nobody was told of both replays", || of("began") == 2);
    let approve = ["replay", "approve", &plan, "--because", "checked"];
    assert!(house.command(&approve).env("HUILIU_ACTOR", "another").status().unwrap().success());
    wait_until("nobody was told that one is over", || of("ended") == 1);
    house.run(&["replay", "close", &other, "--because", "one is enough"]);
    wait_until("nobody was told that the other is over", || of("ended") == 2);
    let listed = house.list_items(&["notifications", "list", "--json"]);
    let about: Vec<String> = listed.as_array().unwrap().iter().map(|of| of["replay"].to_string()).collect();
    assert_eq!((about, of("began")), (vec![other, plan], 2), "{listed:?}");
    worker.kill().unwrap();
    worker.wait().unwrap();
    runtime.block_on(sandbox.stop());
}
