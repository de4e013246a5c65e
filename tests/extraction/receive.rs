//! Payloads that a platform hands in itself, over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;

use super::{Platform, Says, Site, records};
use crate::house::On;

const SECRET: &str = "a secret of twenty-six let";
const PUSH: Says<'static> =
    Says { transport: "kind = \"push\"", stream: "format = { kind = \"json\", items = \"\" }", map: "" };

/// The door, which is shut at the end.
struct Open {
    child: Child,
    address: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn site(on: On) -> Site {
    let platform = Platform::start(|_| super::Answer::new(404, ""));
    let site = Site::on(on, &platform, &PUSH);
    site.house.run(&["migrate"]);
    let mut set = site.command(&["secrets", "set", "a", "push"]).stdin(Stdio::piped()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());
    site
}

fn open(site: &Site) -> Open {
    let mut child = site
        .command(&["receive", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the door did not open");
    }
    // What else it says must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    Open { child, address }
}

impl Open {
    /// Status and body of the answer.
    fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head =
            format!("POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // Whoever is refused early may find the door shut.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body.trim()).unwrap_or(Value::Null))
    }

    fn bearer(&self, key: &str, body: &str) -> (u16, Value) {
        let bearer = format!("Bearer {SECRET}");
        self.post("/push/a", &[("authorization", &bearer), ("idempotency-key", key)], body.as_bytes())
    }

    /// Signed at a moment so many seconds from now.
    fn signed(&self, (path, signed_path): (&str, &str), key: &str, body: &str, later: i64) -> (u16, Value) {
        let timestamp = (chrono::Utc::now().timestamp() + later).to_string();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{timestamp}\n{signed_path}\n{key}\n{body}").as_bytes());
        let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [
            ("idempotency-key", key),
            ("huiliu-timestamp", timestamp.as_str()),
            ("huiliu-signature", signature.as_str()),
        ];
        self.post(path, &headers, body.as_bytes())
    }
}

fn a_payload_is_taken_once(on: On) {
    let site = site(on);
    let door = open(&site);
    let (status, first) = door.bearer("one", &records(0..3));
    assert_eq!((status, first["records"].as_i64()), (202, Some(3)), "{first}");
    // The same key is the same answer, and nothing is taken twice, however it is proven.
    assert_eq!(door.bearer("one", &records(0..3)), (202, first.clone()));
    assert_eq!(door.signed(("/push/a", "/push/a"), "one", &records(0..3), 0), (202, first.clone()));
    // Sent by many at once, too.
    let runs: Vec<Value> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..4).map(|_| scope.spawn(|| door.bearer("two", &records(2..6)))).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).map(|(_, body)| body["run"].clone()).collect()
    });
    assert!(runs.iter().all(|run| *run == runs[0] && run.is_i64() && *run != first["run"]), "{runs:?}");
    assert_eq!(site.house.sql("SELECT count(*) FROM payload"), 2);
    // With a stream, and signed.
    let (status, third) = door.signed(("/push/a/records", "/push/a/records"), "three", &records(6..7), 100);
    assert_eq!((status, third["records"].as_i64()), (202, Some(1)), "{third}");
    // A large one is packed on its way in; what is signed is what was sent.
    let large = records(0..7).replacen(']', &format!("{}]", " ".repeat(9 << 20)), 1);
    let (status, fourth) = door.signed(("/push/a", "/push/a"), "four", &large, 0);
    assert_eq!((status, fourth["records"].as_i64()), (202, Some(7)), "{fourth}");
    let (status, _) = door.signed(("/push/a", "/push/b"), "five", &large, 0);
    assert_eq!(status, 401);
    let out = site.run(&["worker", "--until-done"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(site.house.sql("SELECT count(*) FROM training_record"), 7);
    assert_eq!(site.house.sql("SELECT count(*) FROM payload_piece"), 9);
    assert_eq!(site.house.sql("SELECT count(*) FROM payload WHERE address = 'three'"), 1);
}

#[test]
fn a_payload_that_is_sent_again_is_taken_once() {
    a_payload_is_taken_once(On::Sqlite);
}

#[test]
fn a_payload_that_is_sent_again_is_taken_once_on_postgresql() {
    a_payload_is_taken_once(On::Postgres);
}

#[test]
fn what_is_refused_is_told_in_both_languages_and_leaves_nothing() {
    let site = site(On::Sqlite);
    let door = open(&site);
    let body = records(0..2);
    let here = ("/push/a", "/push/a");
    let large = vec![b' '; (64 << 20) + 1];
    let bearer = format!("Bearer {SECRET}");
    let with = |key| [("authorization", bearer.as_str()), ("idempotency-key", key)];
    let cases = [
        (
            "another secret",
            401,
            door.post("/push/a", &[("authorization", "Bearer guess"), ("idempotency-key", "k")], body.as_bytes()),
        ),
        ("no secret", 401, door.post("/push/a", &[("idempotency-key", "k")], body.as_bytes())),
        ("no source", 401, door.post("/push/b", &with("k"), body.as_bytes())),
        ("no key", 400, door.post("/push/a", &[("authorization", &bearer)], body.as_bytes())),
        ("a key with a space", 400, door.bearer("a key", &body)),
        ("no stream", 404, door.post("/push/a/others", &with("k"), body.as_bytes())),
        ("too large", 413, door.post("/push/a", &with("k"), &large)),
        ("an old signature", 401, door.signed(here, "k", &body, -301)),
        ("a signature of tomorrow", 401, door.signed(here, "k", &body, 86_400)),
        ("another path", 401, door.signed(("/push/a/records", "/push/a"), "k", &body, 0)),
    ];
    for (what, status, (got, told)) in cases {
        assert_eq!(got, status, "{what}: {told}");
        let (english, chinese) = (told["en"].as_str().unwrap_or(""), told["zh"].as_str().unwrap_or(""));
        assert!(!english.is_empty() && chinese.contains(|c| c > '\u{4E00}'), "{what}: {told}");
        assert!(!told.to_string().contains(SECRET), "{what}: {told}");
    }
    assert_eq!(site.house.sql("SELECT count(*) FROM payload"), 0);
    assert_eq!(site.house.sql("SELECT count(*) FROM sync_run"), 0);
    // What cannot be read is kept and told, again and again; its key is taken.
    let (status, told) = door.bearer("bad", "[{");
    assert_eq!((status, &told["code"]), (422, &"unreadable".into()), "{told}");
    assert_eq!(door.bearer("bad", "[{"), (422, told));
    let (status, told) = door.bearer("bad", &body);
    assert_eq!((status, &told["code"]), (409, &"key".into()), "{told}");
    assert_eq!(site.house.sql("SELECT count(*) FROM payload WHERE state = 'undecodable'"), 1);
    // A source that is read by us takes nothing; its secret is as good.
    site.connector("p", &Says::default());
    drop(door);
    let door = open(&site);
    assert_eq!(door.bearer("k", &body).0, 401);
}
