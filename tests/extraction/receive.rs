//! Payloads that a platform pushes over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;

use super::{Platform, Says, Site, records_json};
use crate::test_env::Services;

pub const SECRET: &str = "a secret of twenty-six let";
const PUSH: Says<'static> =
    Says { transport: "kind = \"push\"", stream: "format = { kind = \"json\", items = \"\" }", map: "" };

/// A running receiver, killed when the value is dropped.
pub struct Open {
    pub child: Child,
    pub address: String,
    /// What it has said on standard error.
    pub said: Arc<Mutex<String>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn push_site(on: Services) -> Site {
    push_site_at(on, |_| ()).0
}

/// Makes a site that is pushed to, whose data is put where `place` says before there is any.
pub fn push_site_at<T>(on: Services, place: impl FnOnce(&mut Site) -> T) -> (Site, T) {
    let platform = Platform::start(|_| super::Answer::new(404, ""));
    let mut site = Site::with_database(on, &platform, &PUSH);
    let placed = place(&mut site);
    site.house.run(&["migrate"]);
    let mut set = site.command(&["secrets", "set", "a", "push"]).stdin(Stdio::piped()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());
    (site, placed)
}

fn open_receiver(site: &Site) -> Open {
    open_with(site.command(&["receive", "--listen", "127.0.0.1:0"]))
}

/// Runs a command that opens a receiver.
pub fn open_with(mut command: Command) -> Open {
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the door did not open");
    }
    let said = Arc::new(Mutex::new(String::new()));
    let written = Arc::clone(&said);
    // Its further output must not fill the pipe.
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            written.lock().unwrap().push_str(&(line + "\n"));
        }
    });
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    Open { child, address, said }
}

impl Open {
    /// Returns the address that it listens at.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request and returns status and body of the answer.
    pub fn post_request(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head =
            format!("POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // An early refusal may close the connection before the body is sent.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body.trim()).unwrap_or(Value::Null))
    }

    pub fn post_with_bearer(&self, key: &str, body: &str) -> (u16, Value) {
        let bearer = format!("Bearer {SECRET}");
        self.post_request("/push/a", &[("authorization", &bearer), ("idempotency-key", key)], body.as_bytes())
    }

    /// Sends a request whose signature has a time `later` seconds from now.
    fn post_signed(&self, (path, signed_path): (&str, &str), key: &str, body: &str, later: i64) -> (u16, Value) {
        let timestamp = (chrono::Utc::now().timestamp() + later).to_string();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{timestamp}\n{signed_path}\n{key}\n{body}").as_bytes());
        let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [
            ("idempotency-key", key),
            ("huiliu-timestamp", timestamp.as_str()),
            ("huiliu-signature", signature.as_str()),
        ];
        self.post_request(path, &headers, body.as_bytes())
    }
}

fn check_payload_taken_once(on: Services) {
    let site = push_site(on);
    let door = open_receiver(&site);
    let (status, first) = door.post_with_bearer("one", &records_json(0..3));
    assert_eq!((status, first["records"].as_i64()), (202, Some(3)), "{first}");
    // The same key gives the same answer, and the payload is taken only once, whatever the proof of identity.
    assert_eq!(door.post_with_bearer("one", &records_json(0..3)), (202, first.clone()));
    assert_eq!(door.post_signed(("/push/a", "/push/a"), "one", &records_json(0..3), 0), (202, first.clone()));
    // The same holds for simultaneous requests.
    let runs: Vec<Value> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..4).map(|_| scope.spawn(|| door.post_with_bearer("two", &records_json(2..6)))).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).map(|(_, body)| body["run"].clone()).collect()
    });
    assert!(runs.iter().all(|run| *run == runs[0] && run.is_i64() && *run != first["run"]), "{runs:?}");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload"), 2);
    // With a stream in the path, and signed.
    let (status, third) = door.post_signed(("/push/a/records", "/push/a/records"), "three", &records_json(6..7), 100);
    assert_eq!((status, third["records"].as_i64()), (202, Some(1)), "{third}");
    // A large payload is compressed on arrival; the signature covers the bytes as sent.
    let large = records_json(0..7).replacen(']', &format!("{}]", " ".repeat(9 << 20)), 1);
    let (status, fourth) = door.post_signed(("/push/a", "/push/a"), "four", &large, 0);
    assert_eq!((status, fourth["records"].as_i64()), (202, Some(7)), "{fourth}");
    let (status, _) = door.post_signed(("/push/a", "/push/b"), "five", &large, 0);
    assert_eq!(status, 401);
    let out = site.run(&["worker", "--until-done"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 7);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload_piece"), 9);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE address = 'three'"), 1);
}

#[test]
fn a_payload_that_is_sent_again_is_taken_once() {
    check_payload_taken_once(Services::Sqlite);
}

#[test]
fn a_payload_that_is_sent_again_is_taken_once_on_postgresql() {
    check_payload_taken_once(Services::Postgres);
}

#[test]
fn what_is_refused_is_told_in_both_languages_and_leaves_nothing() {
    let site = push_site(Services::Sqlite);
    let door = open_receiver(&site);
    let body = records_json(0..2);
    let here = ("/push/a", "/push/a");
    let large = vec![b' '; (64 << 20) + 1];
    let bearer = format!("Bearer {SECRET}");
    let with = |key| [("authorization", bearer.as_str()), ("idempotency-key", key)];
    let cases = [
        (
            "another secret",
            401,
            door.post_request(
                "/push/a",
                &[("authorization", "Bearer guess"), ("idempotency-key", "k")],
                body.as_bytes(),
            ),
        ),
        ("no secret", 401, door.post_request("/push/a", &[("idempotency-key", "k")], body.as_bytes())),
        ("no source", 401, door.post_request("/push/b", &with("k"), body.as_bytes())),
        ("no key", 400, door.post_request("/push/a", &[("authorization", &bearer)], body.as_bytes())),
        ("a key with a space", 400, door.post_with_bearer("a key", &body)),
        ("no stream", 404, door.post_request("/push/a/others", &with("k"), body.as_bytes())),
        ("too large", 413, door.post_request("/push/a", &with("k"), &large)),
        ("an old signature", 401, door.post_signed(here, "k", &body, -301)),
        ("a signature of tomorrow", 401, door.post_signed(here, "k", &body, 86_400)),
        ("another path", 401, door.post_signed(("/push/a/records", "/push/a"), "k", &body, 0)),
    ];
    for (what, status, (got, told)) in cases {
        assert_eq!(got, status, "{what}: {told}");
        let (english, chinese) = (told["en"].as_str().unwrap_or(""), told["zh"].as_str().unwrap_or(""));
        assert!(!english.is_empty() && chinese.contains(|c| c > '\u{4E00}'), "{what}: {told}");
        assert!(!told.to_string().contains(SECRET), "{what}: {told}");
    }
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload"), 0);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM sync_run"), 0);
    // An unreadable payload is stored and reported every time; its key is used up.
    let (status, told) = door.post_with_bearer("bad", "[{");
    assert_eq!((status, &told["code"]), (422, &"unreadable".into()), "{told}");
    assert_eq!(door.post_with_bearer("bad", "[{"), (422, told));
    let (status, told) = door.post_with_bearer("bad", &body);
    assert_eq!((status, &told["code"]), (409, &"key".into()), "{told}");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE state = 'undecodable'"), 1);
    // A source that Huiliu pulls from accepts no pushes, even with its secret.
    site.write_connector("p", &Says::default());
    drop(door);
    let door = open_receiver(&site);
    assert_eq!(door.post_with_bearer("k", &body).0, 401);
}
