//! SIGTERM ends a process within 20 s, whatever it waits for or works on.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{DOOR, send_part, write_head};
use crate::extraction::receive::{open_with, push_site};
use crate::extraction::{Answer, JSON, Platform, Says, Site};
use crate::test_env::Services;

/// Within this time a process ends.
const LIMIT: Duration = Duration::from_secs(20);

/// Sends SIGTERM and waits for the end. Returns the exit code; panics if it comes too late.
fn stop(child: &mut Child) -> Option<i32> {
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGTERM) };
    let asked = Instant::now();
    while asked.elapsed() < LIMIT {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("it did not end within {LIMIT:?}");
}

fn start(site: &Site, args: &[&str]) -> Child {
    site.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn check_receive_stops(on: Services) {
    let site = push_site(on);
    let mut door = open_with(site.command(&DOOR));
    let half = send_part(&door, format!("{}\r\n[", write_head("half", 9_000)).as_bytes());
    let head = send_part(&door, b"POST /push/a HTTP/1.1\r\nhost");
    let idle = send_part(&door, b"");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(stop(&mut door.child), Some(0));
    drop((half, head, idle));
    assert_eq!(site.house.run_sql("SELECT count(*) FROM schedule WHERE holder IS NOT NULL"), 0);
}

#[test]
fn receive_stops_while_a_body_is_half_sent() {
    check_receive_stops(Services::Sqlite);
}

#[test]
fn receive_stops_while_a_body_is_half_sent_on_postgresql() {
    check_receive_stops(Services::Postgres);
}

/// Makes a site whose platform sends half an answer, and returns a listener that counts who has asked.
fn half_answering_site(on: Services, more: &str) -> (Site, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, was_asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut open = vec![];
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4_096]);
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{\"items\":[");
            let _ = asked.send(());
            open.push(client);
        }
    });
    let platform = Platform::start(|_| Answer::new(404, ""));
    let site = Site::with_database(on, &platform, &Says { stream: JSON, ..Says::default() });
    site.write_settings(&format!(
        "timeout_ms = 600000\n[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nbase_url = \"{url}\"\n\
         user = \"huiliu\"\npassword_env = \"PASSWORD\"\n{more}\n"
    ));
    (site, was_asked)
}

fn check_reader_stops(on: Services) {
    let (site, was_asked) = half_answering_site(on, "schedule = \"* * * * * *\"");
    for args in [["sync", "a"].as_slice(), ["worker"].as_slice()] {
        let mut reader = start(&site, args);
        was_asked.recv_timeout(Duration::from_secs(60)).expect("the platform was not asked");
        std::thread::sleep(Duration::from_millis(200));
        stop(&mut reader);
        // The next process may read the source at once.
        assert_eq!(site.house.run_sql("SELECT count(*) FROM schedule WHERE holder IS NOT NULL"), 0, "{args:?}");
        while was_asked.try_recv().is_ok() {}
    }
}

#[test]
fn sync_and_worker_stop_while_an_answer_is_half_sent() {
    check_reader_stops(Services::Sqlite);
}

#[test]
fn sync_and_worker_stop_while_an_answer_is_half_sent_on_postgresql() {
    check_reader_stops(Services::Postgres);
}

/// Makes a site whose source reads a folder of CSV files.
fn csv_site() -> Site {
    let platform = Platform::start(|_| Answer::new(404, ""));
    let transport = "kind = \"files\"\nnames = [\"*.csv\"]";
    let stream = "format = { kind = \"csv\", layout = { header = [\"id\", \"idno\"] } }";
    let site = Site::new(&platform, &Says { transport, stream, map: "" });
    let folder = site.house.dir.0.join("drop");
    std::fs::create_dir_all(&folder).unwrap();
    site.write_settings(&format!(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nfolder = \"{}\"\nschedule = \"* * * * * *\"\n",
        folder.display()
    ));
    site
}

const HEADER: &str = "id,v,name,idno,course,hours,end\n";

#[test]
fn a_pipe_that_nobody_writes_to_holds_no_process() {
    let site = csv_site();
    let pipe = site.house.dir.0.join("drop/pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for args in [["sync", "a"].as_slice(), &["worker"], &["upload", "a", pipe.to_str().unwrap()]] {
        let mut reader = start(&site, args);
        std::thread::sleep(Duration::from_secs(2));
        stop(&mut reader);
    }
}

#[test]
fn work_on_a_large_file_holds_no_process() {
    let site = csv_site();
    let row = "R1,1,王一,22010219590911001X,C-1,4,2014-09-11\n";
    let text = HEADER.to_owned() + &row.repeat((60 << 20) / row.len());
    std::fs::write(site.house.dir.0.join("drop/large.csv"), text).unwrap();
    for args in [["sync", "a"].as_slice(), &["worker"]] {
        let mut reader = start(&site, args);
        std::thread::sleep(Duration::from_secs(3));
        stop(&mut reader);
    }
}

/// Each of these stages once looked at the same bytes again and again: 154 s for 60 MB of blank lines.
#[test]
fn blank_lines_are_looked_at_once() {
    let site = csv_site();
    let text = format!("{HEADER}{}R1,1,王一,22010219590911001X,C-1,4,2014-09-11\n", "\n".repeat(60 << 20));
    std::fs::write(site.house.dir.0.join("drop/blank.csv"), text).unwrap();
    let began = Instant::now();
    let out = site.run(&["sync", "a", "--json"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(pass["balance"]["inserted"], 1, "{pass}");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}
