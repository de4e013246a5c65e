//! The push door: who gets in while others hold it, what strangers are told, and how processes stop.

mod attack;
mod refusals;
mod stopping;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::extraction::receive::{Open, SECRET, open_with, push_site};
use crate::extraction::{Site, records_json};
use crate::test_env::Services;
use attack::{Attack, Attackers};

const DOOR: [&str; 3] = ["receive", "--listen", "127.0.0.1:0"];

/// Opens a door whose process may open few files, so that few connections are many for it.
fn open_narrow_door(site: &Site, files: u32) -> Open {
    let direct = site.command(&DOOR);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]).arg(direct.get_program());
    limited.args(direct.get_args());
    for (name, value) in direct.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    open_with(limited)
}

/// Sends bytes on a connection of their own, which stays open.
fn send_part(door: &Open, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(&door.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

fn read_answer(mut stream: TcpStream) -> String {
    let mut answer = vec![];
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// The head of a push to the source `a`, with its secret.
fn write_head(key: &str, length: usize) -> String {
    format!(
        "POST /push/a HTTP/1.1\r\nhost: h\r\nconnection: close\r\nauthorization: Bearer {SECRET}\r\n\
         idempotency-key: {key}\r\ncontent-length: {length}\r\n"
    )
}

#[test]
fn an_honest_sender_gets_in_while_others_hold_the_door() {
    check_door_under_attack(Services::Sqlite);
}

#[test]
fn an_honest_sender_gets_in_while_others_hold_the_door_on_postgresql() {
    check_door_under_attack(Services::Postgres);
}

fn check_door_under_attack(on: Services) {
    let site = push_site(on);
    // 128 places for connections.
    let door = open_narrow_door(&site, 256);
    let attackers = Attackers { idle: 200, dribbling: 40, breaking: 10 };
    let attack = Attack::start(door.address.parse().unwrap(), attackers, &["a", "b"]);
    std::thread::sleep(Duration::from_secs(1));
    let began = Instant::now();
    let mut sent = 0;
    while began.elapsed() < Duration::from_secs(6) {
        let (status, told) = door.post_with_bearer(&format!("k{sent}"), &records_json(sent..sent + 1));
        assert_eq!(status, 202, "after {sent}: {told}");
        sent += 1;
    }
    let (connected, broken_off) = attack.counts();
    assert!(connected > 300 && broken_off > 20, "no attack: {connected} {broken_off}");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload"), i64::try_from(sent).unwrap());
    // Nothing of what was broken off is left.
    let left = std::fs::read_dir(site.house.dir.0.join("data")).unwrap().flatten().map(|entry| entry.file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("push-")));
}

/// The source has two places and one lease. A sender that breaks off gives both back, in the body and after it.
fn check_turn_given_back(on: Services) {
    let site = push_site(on);
    let door = open_with(site.command(&DOOR));
    let body = records_json(0..2_000);
    for n in 0..8 {
        let head = write_head(&format!("half{n}"), body.len());
        drop(send_part(&door, format!("{head}\r\n{}", &body[..body.len() / 2]).as_bytes()));
        let head = write_head(&format!("whole{n}"), body.len());
        drop(send_part(&door, format!("{head}\r\n{body}").as_bytes()));
    }
    let began = Instant::now();
    let (status, told) = door.post_with_bearer("honest", &records_json(0..2));
    assert_eq!(status, 202, "{told}");
    // An abandoned lease would take 20 s and more.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    // What was sent whole is taken once, whether its sender waited or not.
    assert_eq!(door.post_with_bearer("whole0", &body).0, 202);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE address = 'whole0'"), 1);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE address LIKE 'half%'"), 0);
}

#[test]
fn a_sender_that_breaks_off_gives_its_turn_back() {
    check_turn_given_back(Services::Sqlite);
}

#[test]
fn a_sender_that_breaks_off_gives_its_turn_back_on_postgresql() {
    check_turn_given_back(Services::Postgres);
}

/// Makes a site with two sources that are pushed to, `a` and `b`.
fn two_sources() -> Site {
    let site = push_site(Services::Sqlite);
    site.write_settings(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\n\
         [[source]]\nname = \"b\"\nconnector = \"p\"\ninstitution_code = \"J\"\n",
    );
    let mut set = site.command(&["secrets", "set", "b", "push"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());
    site
}

/// One source whose payload takes long to decode is in its own way only.
#[test]
fn work_for_one_source_stalls_no_other() {
    let site = two_sources();
    let door = open_with(site.command(&DOOR));
    // A payload of many records that is nearly as large as may be.
    let large = records_json(0..300_000);
    assert!((40 << 20..64 << 20).contains(&large.len()), "{}", large.len());
    let bearer = format!("Bearer {SECRET}");
    let sent = AtomicBool::new(false);
    let with = [("authorization", bearer.as_str()), ("idempotency-key", "large")];
    let small = std::thread::scope(|scope| {
        scope.spawn(|| {
            let (status, told) = door.post_request("/push/b", &with, large.as_bytes());
            assert_eq!(status, 202, "{told}");
            sent.store(true, Ordering::SeqCst);
        });
        let mut small = 0;
        while !sent.load(Ordering::SeqCst) {
            let began = Instant::now();
            assert_eq!(door.post_with_bearer(&format!("k{small}"), &records_json(small..small + 1)).0, 202);
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
            small += 1;
        }
        small
    });
    assert!(small > 5, "{small}");
}

/// One source that sends slowly is in its own way only.
#[test]
fn a_slow_source_stalls_no_other() {
    let site = two_sources();
    let door = open_with(site.command(&DOOR));
    let slow: Vec<TcpStream> =
        (0..8).map(|n| send_part(&door, format!("{}\r\n[", write_head(&format!("s{n}"), 9_000)).as_bytes())).collect();
    std::thread::sleep(Duration::from_millis(300));
    let bearer = format!("Bearer {SECRET}");
    let with = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let began = Instant::now();
    let (status, told) = door.post_request("/push/b", &with, records_json(0..1).as_bytes());
    assert_eq!(status, 202, "{told}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // The slow ones are told that they are, or that there were too many of them.
    let told: Vec<String> = slow.into_iter().map(read_answer).collect();
    assert!(told.iter().any(|told| told.starts_with("HTTP/1.1 408") && told.contains("\"slow\"")), "{told:?}");
    assert!(told.iter().all(|told| told.starts_with("HTTP/1.1 408") || told.starts_with("HTTP/1.1 429")), "{told:?}");
    assert_eq!(door.post_with_bearer("after", &records_json(1..2)).0, 202);
}
