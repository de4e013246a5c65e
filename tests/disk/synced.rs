//! What was acknowledged was synced before. The order of the system calls shows it; a power cut shows whether the disk
//! keeps its word, see `benches/power.rs`.

use std::path::Path;
use std::process::Command;

use super::wait_until;
use crate::extraction::receive::{open_with, push_site};
use crate::extraction::records_json;
use crate::test_env::{Postgres, Services};

/// Makes a command run under `strace`, which writes the system calls of all threads to a file.
fn traced(command: &Command, log: &Path) -> Command {
    let mut wrapped = Command::new("strace");
    // 16 characters of what is written are enough to know an answer.
    // The tracer is no parent of the process, so that the process can be stopped.
    wrapped
        .args(["-D", "-f", "-y", "-s", "16", "-e", "trace=pwrite64,write,writev,sendto,fdatasync,fsync", "-o"])
        .arg(log);
    wrapped.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// One system call: where it began and ended among all others.
struct Call {
    text: String,
    begun: usize,
    ended: Option<usize>,
}

/// Reads the calls of a log of `strace`. One that another thread interrupted stands in two lines.
fn read_calls(log: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(log).expect("strace is missing; run the tests with `bash tests/run`");
    let mut calls: Vec<(String, Call)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("<... ") {
            let open = calls.iter_mut().rev().find(|(of, call)| of == thread && call.ended.is_none());
            if let Some((_, call)) = open {
                call.ended = Some(at);
                call.text += rest;
            }
            continue;
        }
        let ended = (!rest.ends_with("<unfinished ...>")).then_some(at);
        calls.push((thread.to_owned(), Call { text: rest.to_owned(), begun: at, ended }));
    }
    calls.into_iter().map(|(_, call)| call).collect()
}

impl Call {
    fn is_write_to_log(&self) -> bool {
        self.text.starts_with("pwrite64(") && self.text.contains("/huiliu.db-wal>")
    }

    fn is_sync_of_log(&self) -> bool {
        let syncs = self.text.starts_with("fdatasync(") || self.text.starts_with("fsync(");
        syncs && self.text.contains("/huiliu.db-wal>") && self.text.trim_end().ends_with("= 0")
    }
}

/// Checks that at each of these calls everything that the process had written to the database's log was synced. Returns
/// how many of these calls there were.
fn check_synced_before(calls: &[Call], is_acknowledgement: impl Fn(&Call) -> bool) -> usize {
    let mut found = 0;
    for told in calls.iter().filter(|call| is_acknowledgement(call)) {
        found += 1;
        let written = calls.iter().rfind(|call| call.is_write_to_log() && call.begun < told.begun);
        let written = written.and_then(|call| call.ended).expect("nothing was written before it was acknowledged");
        let synced = calls.iter().any(|call| {
            call.is_sync_of_log() && call.begun > written && call.ended.is_some_and(|ended| ended < told.begun)
        });
        assert!(synced, "not synced before: {}", told.text);
    }
    found
}

#[test]
fn a_payload_is_synced_before_it_is_acknowledged() {
    let site = push_site(Services::Sqlite);
    let log = site.house.dir.0.join("calls");
    let mut door = open_with(traced(&site.command(&["receive", "--listen", "127.0.0.1:0"]), &log));
    for n in 0..3 {
        assert_eq!(door.post_with_bearer(&n.to_string(), &records_json(n..n + 1)).0, 202);
    }
    // The same again is acknowledged again.
    assert_eq!(door.post_with_bearer("0", &records_json(0..1)).0, 202);
    // One that cannot be read is acknowledged too: it is kept.
    assert_eq!(door.post_with_bearer("bad", "[{").0, 422);
    let _ = Command::new("kill").arg(door.child.id().to_string()).status();
    let _ = door.child.wait();
    let process = door.child.id().to_string();
    let is_end = |line: &str| line.split(' ').next() == Some(&*process) && line.contains(" +++ ");
    let is_whole = || std::fs::read_to_string(&log).unwrap().lines().any(is_end);
    wait_until("the log of calls is whole", is_whole);
    let calls = read_calls(&log);
    let answers = |status: &'static str| move |call: &Call| call.text.contains(&format!("\"HTTP/1.1 {status}"));
    assert_eq!(check_synced_before(&calls, answers("202")), 4);
    assert_eq!(check_synced_before(&calls, answers("422")), 1);
}

#[test]
fn an_act_is_synced_before_it_is_confirmed() {
    let site = push_site(Services::Sqlite);
    // With another process at work, the end of the program leaves the database's log as it is.
    let _door = open_with(site.command(&["receive", "--listen", "127.0.0.1:0"]));
    let log = site.house.dir.0.join("calls");
    let act = ["connectors", "disable", "p", "--because", "it has ended"];
    let out = traced(&site.command(&act), &log).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && !said.is_empty(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    wait_until("the log of calls is whole", || std::fs::read_to_string(&log).unwrap().contains(" +++ exited with 0"));
    let start = format!("\"{}", said.chars().take(8).collect::<String>());
    let calls = read_calls(&log);
    let confirms = |call: &Call| call.text.starts_with("write(1<") && call.text.contains(&start);
    assert_eq!(check_synced_before(&calls, confirms), 1);
}

#[test]
fn a_server_that_does_not_sync_is_told_to() {
    let server = Postgres::start_with("-c synchronous_commit=off");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let set = runtime.block_on(async {
        let db = huiliu_store::Db::open(&server.url(), 2).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let rows = tx.fetch_rows("SELECT current_setting('synchronous_commit') AS v", vec![]).await.unwrap();
        rows[0].text("v").unwrap()
    });
    assert_eq!(set, "on");
}
