//! Attacks the push door while an honest sender pushes: `cargo bench --bench door -- [SECONDS]`.
//!
//! 1,000 senders connect and say nothing, 200 send a byte now and then, and 50 that know a secret break off in the middle of
//! a body, half of them for the honest sender's own source. Who is cut off comes again. The receiver begins with a
//! limit of 1,024 open files.
//! The honest sender pushes one payload of one record after the other, each on a connection of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "../tests/door/attack.rs"]
mod attack;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use attack::{Attack, Attackers, SECRET};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use test_env::{Services, TestEnv};

/// The soft limit of open files of the receiver, as usual on many systems.
const FILES: u32 = 1_024;
const ATTACKERS: Attackers = Attackers { idle: 1_000, dribbling: 200, breaking: 50 };

const MANIFEST: &str = "manifest = 1\nid = \"p\"\nversion = 1\ntitle_zh = \"测试平台\"\ntitle_en = \"A platform\"\n\
     profile = \"Made for a measurement.\"\n\n[transport]\nkind = \"push\"\n\n[[stream]]\nname = \"records\"\n\
     kind = \"certificate\"\nformat = { kind = \"json\", items = \"\" }\nrecord_key = [\"id\"]\n\
     version = { from = \"field\", path = \"v\" }\npass = \"not_assessed\"\n\n[stream.map]\nrecord_name = \"id\"\n\
     name = \"name\"\nid_number = \"idno\"\ncourse_code = \"course\"\nhours = { path = \"hours\", unit = \"day\" }\n\
     period_end = \"end\"\n";

/// A receiver that is killed when the value is dropped.
struct Receiver(Child);

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes two sources with a secret, and opens the door.
fn open_door(house: &mut TestEnv) -> (Receiver, SocketAddr) {
    let folder = house.dir.0.clone();
    let connector = folder.join("manifests/p");
    std::fs::create_dir_all(&connector).unwrap();
    std::fs::write(connector.join("manifest.toml"), MANIFEST).unwrap();
    let mut settings = format!("manifests_dir = \"{}\"\n", folder.join("manifests").display());
    for name in ["s0", "s1"] {
        settings += &format!("[[source]]\nname = \"{name}\"\nconnector = \"p\"\ninstitution_code = \"{name}\"\n");
    }
    let file = folder.join("huiliu.toml");
    std::fs::write(&file, settings).unwrap();
    house.env.push(("HUILIU_CONFIG".to_owned(), file.display().to_string()));
    assert!(house.run(&["migrate"]).status.success());
    for name in ["s0", "s1"] {
        let mut set = house.command(&["secrets", "set", name, "push"]).stdin(Stdio::piped()).spawn().unwrap();
        set.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
        assert!(set.wait().unwrap().success());
    }
    let direct = house.command(&["receive", "--listen", "127.0.0.1:0"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -Sn {FILES}; exec \"$0\" \"$@\"")]).arg(direct.get_program());
    limited.args(direct.get_args());
    for (name, value) in direct.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let mut child = limited.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the door did not open");
    }
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    (Receiver(child), address)
}

/// Sends one payload of one record. Returns the status of the answer, or 0.
fn push_record(address: SocketAddr, key: &str) -> u16 {
    let body = format!(
        "[{{\"id\": \"{key}\", \"name\": \"张伟\", \"idno\": \"110101199003074477\", \"course\": \"C1\", \"hours\": 1, \
         \"end\": \"2026-03-01\", \"v\": 1}}]"
    );
    let request = format!(
        "POST /push/s0 HTTP/1.1\r\nhost: h\r\nconnection: close\r\nauthorization: Bearer {SECRET}\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(address) else { return 0 };
    let mut answer = String::new();
    let sent = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    sent.ok().and_then(|_| answer.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
}

/// Pushes for so long, and prints how long it took and what was refused.
fn measure(what: &str, address: SocketAddr, long: Duration) {
    let (mut times, mut refused) = (vec![], vec![]);
    let began = Instant::now();
    while began.elapsed() < long {
        let sent = Instant::now();
        let status = push_record(address, &format!("{}-{}", what.len(), times.len()));
        times.push(sent.elapsed());
        if status != 202 {
            refused.push(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 1_000).min(times.len() - 1)].as_secs_f64() * 1_000.0;
    println!(
        "{what}: {} payloads, p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms, {} refused {:?}",
        times.len(),
        at(500),
        at(990),
        at(1_000),
        refused.len(),
        refused.iter().take(5).collect::<Vec<_>>()
    );
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(60);
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).unwrap();
    let mut house = TestEnv::new(Services::Sqlite);
    let (_receiver, address) = open_door(&mut house);
    measure("undisturbed", address, Duration::from_secs(10));
    let attack = Attack::start(address, ATTACKERS, &["s0", "s1"]);
    std::thread::sleep(Duration::from_secs(2));
    measure("under attack", address, Duration::from_secs(seconds));
    let (connected, broken_off) = attack.counts();
    println!("{connected} connections of attackers, {broken_off} bodies broken off");
}
