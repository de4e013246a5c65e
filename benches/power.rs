//! Cuts the power again and again: `cargo bench --bench power -- [CUTS] [SENDERS]`. Needs root, to mount.
//!
//! The data of a receiver and a worker are on an ext4 file system of their own, in a file. Senders push as fast as they are
//! answered. At a random moment the file is cloned: the clone holds what the file system had handed to its device by then,
//! and nothing that was only in memory. The clone is mounted, and every payload that was acknowledged before the clone was
//! made must be in it; the books must balance, and SQLite must find no damage. The file that holds the device is on an XFS
//! file system in memory, because a clone there is of one moment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use test_env::Scratch;

const SECRET: &str = "a secret of twenty-six let";

fn run_command(program: &str, args: &[&str]) {
    let out = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A file system in a file, mounted until the value is dropped.
struct Mounted {
    at: PathBuf,
}

impl Mounted {
    fn new(image: &Path, at: PathBuf) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        run_command("mount", &["-o", "loop", image.to_str().unwrap(), at.to_str().unwrap()]);
        Self { at }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        for _ in 0..100 {
            if Command::new("umount").arg(&self.at).stderr(Stdio::null()).status().is_ok_and(|done| done.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        eprintln!("{} stays mounted", self.at.display());
    }
}

/// A process that is killed when the value is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program with its settings, whose data directory is given with each command.
struct Site {
    folder: PathBuf,
    sources: usize,
}

impl Site {
    fn new(folder: PathBuf, sources: usize) -> Self {
        let connector = folder.join("manifests/p");
        std::fs::create_dir_all(&connector).unwrap();
        let manifest = "manifest = 1\nid = \"p\"\nversion = 1\ntitle_zh = \"测试平台\"\ntitle_en = \"A platform\"\n\
             profile = \"Made for a measurement.\"\n\n[transport]\nkind = \"push\"\n\n[[stream]]\nname = \"records\"\n\
             kind = \"certificate\"\nformat = { kind = \"json\", items = \"\" }\nrecord_key = [\"id\"]\n\
             version = { from = \"field\", path = \"v\" }\npass = \"not_assessed\"\n\n[stream.map]\nrecord_name = \"id\"\n\
             name = \"name\"\nid_number = \"idno\"\ncourse_code = \"course\"\nhours = { path = \"hours\", unit = \"day\" }\n\
             period_end = \"end\"\n";
        std::fs::write(connector.join("manifest.toml"), manifest).unwrap();
        let mut settings = format!("manifests_dir = \"{}\"\n", folder.join("manifests").display());
        for n in 0..sources {
            settings += &format!("[[source]]\nname = \"s{n}\"\nconnector = \"p\"\ninstitution_code = \"I{n}\"\n");
        }
        std::fs::write(folder.join("huiliu.toml"), settings).unwrap();
        Self { folder, sources }
    }

    fn command(&self, data: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
        command.args(args).arg("--config").arg(self.folder.join("huiliu.toml"));
        command
            .env("HUILIU_DATA_DIR", data)
            .env("HUILIU_MIN_FREE_MIB", "1")
            .env("HUILIU_LANG", "en")
            .env_remove("HUILIU_CONFIG")
            .stdin(Stdio::null());
        command
    }

    fn set_up(&self, data: &Path) {
        assert!(self.command(data, &["migrate"]).output().unwrap().status.success());
        for n in 0..self.sources {
            let mut set = self.command(data, &["secrets", "set", &format!("s{n}"), "push"]);
            let mut set = set.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            set.stdin.take().unwrap().write_all(SECRET.as_bytes()).unwrap();
            assert!(set.wait().unwrap().success());
        }
    }

    fn open_door(&self, data: &Path) -> (Process, String) {
        let mut command = self.command(data, &["receive", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the door did not open");
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        (Process(child), address)
    }
}

/// Sends one payload of one record. Returns the status of the answer, or 0.
fn push_record(address: &str, source: usize, key: &str) -> u16 {
    let body = format!(
        "[{{\"id\": \"{key}\", \"name\": \"张伟\", \"idno\": \"110101199003074477\", \"course\": \"C1\", \"hours\": 1, \
         \"end\": \"2026-03-01\", \"v\": 1}}]"
    );
    let request = format!(
        "POST /push/s{source} HTTP/1.1\r\nhost: h\r\nconnection: close\r\nauthorization: Bearer {SECRET}\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(address) else { return 0 };
    let mut answer = String::new();
    let sent = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    sent.ok().and_then(|_| answer.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
}

/// What was acknowledged, by key.
type Acknowledged = Arc<Mutex<BTreeSet<String>>>;

/// Has every source send until `stop` is set.
fn start_senders(
    address: &str,
    sources: usize,
    stop: &Arc<AtomicBool>,
) -> (Acknowledged, Vec<std::thread::JoinHandle<()>>) {
    let acknowledged = Acknowledged::default();
    let send = |source: usize| {
        let (address, stop, acknowledged) = (address.to_owned(), Arc::clone(stop), Arc::clone(&acknowledged));
        std::thread::spawn(move || {
            for n in 0.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let key = format!("s{source}-{n}");
                if push_record(&address, source, &key) == 202 {
                    acknowledged.lock().unwrap().insert(key);
                }
            }
        })
    };
    let senders = (0..sources).map(send).collect();
    (acknowledged, senders)
}

/// Returns the keys of the payloads in a database.
fn read_keys(data: &Path) -> BTreeSet<String> {
    let url = format!("sqlite:{}", data.join("huiliu.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let damage: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        assert_eq!(damage, "ok");
        let keys: Vec<String> =
            sqlx::query_scalar("SELECT address FROM payload").fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        keys.into_iter().collect()
    })
}

/// Cuts the power once. Returns how many payloads had been acknowledged, and how many of them are missing.
fn cut_power(site: &Site, disks: &Path, cut: usize, wait: Duration) -> (usize, usize) {
    let image = disks.join("running.img");
    run_command("cp", &["--reflink=always", disks.join("new.img").to_str().unwrap(), image.to_str().unwrap()]);
    let copy = disks.join("cut.img");
    let before: BTreeSet<String>;
    {
        let running = Mounted::new(&image, site.folder.join("running"));
        let data = running.at.join("data");
        let (door, address) = site.open_door(&data);
        let mut worker = site.command(&data, &["worker"]);
        let worker = Process(worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let (acknowledged, senders) = start_senders(&address, site.sources, &stop);
        std::thread::sleep(wait);
        before = acknowledged.lock().unwrap().clone();
        run_command("cp", &["--reflink=always", image.to_str().unwrap(), copy.to_str().unwrap()]);
        stop.store(true, Ordering::SeqCst);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        drop((door, worker));
    }
    let after = Mounted::new(&copy, site.folder.join("cut"));
    let data = after.at.join("data");
    let kept = read_keys(&data);
    let missing: Vec<&String> = before.difference(&kept).collect();
    let books = site.command(&data, &["balance", "--json"]).output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&books.stdout).unwrap_or_default();
    assert_eq!(said["balanced"], true, "cut {cut}: {said} {}", String::from_utf8_lossy(&books.stderr));
    if !missing.is_empty() {
        println!("cut {cut}: {} of {} missing, such as {}", missing.len(), before.len(), missing[0]);
    }
    (before.len(), missing.len())
}

/// Measures how many pushes a second are acknowledged.
fn measure_pushes(site: &Site, data: &Path, seconds: u64) -> f64 {
    let (_door, address) = site.open_door(data);
    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let (acknowledged, senders) = start_senders(&address, site.sources, &stop);
    std::thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::SeqCst);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    acknowledged.lock().unwrap().len() as f64 / started.elapsed().as_secs_f64()
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse::<usize>().ok());
    let (cuts, senders) = (numbers.next().unwrap_or(100), numbers.next().unwrap_or(4));
    let scratch = Scratch::new("power");
    let here = scratch.0.clone();
    let outer = PathBuf::from("/dev/shm").join(format!("huiliu-power-{}.img", std::process::id()));
    run_command("truncate", &["-s", "2G", outer.to_str().unwrap()]);
    run_command("mkfs.xfs", &["-q", "-f", outer.to_str().unwrap()]);
    {
        let outer_disk = Mounted::new(&outer, here.join("disks"));
        let disks = outer_disk.at.clone();
        let new = disks.join("new.img");
        run_command("truncate", &["-s", "128M", new.to_str().unwrap()]);
        run_command("mkfs.ext4", &["-q", "-F", new.to_str().unwrap()]);
        let site = Site::new(here.clone(), senders);
        {
            let first = Mounted::new(&new, here.join("new"));
            site.set_up(&first.at.join("data"));
        }
        let mut state = 1_u64;
        let (mut all, mut lost) = (0, 0);
        for cut in 0..cuts {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let wait = Duration::from_millis(300 + (state >> 33) % 1_700);
            let (acknowledged, missing) = cut_power(&site, &disks, cut, wait);
            (all, lost) = (all + acknowledged, lost + missing);
        }
        println!("{cuts} cuts, {all} payloads acknowledged before them, {lost} missing");
        let disk = here.join("on-disk");
        site.set_up(&disk);
        println!("{senders} senders: {:.0} pushes/s on this disk", measure_pushes(&site, &disk, 10));
        assert!(all > 0 && lost == 0, "acknowledged payloads are missing");
    }
    let _ = std::fs::remove_file(outer);
}
