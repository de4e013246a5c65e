//! Measures the work as platforms give it: `cargo bench --bench spread -- [RECORDS] [PAGE] [WORKERS…] [sqlite] [peer]
//! [reload]`.
//!
//! A platform on loopback has RECORDS in pages of PAGE records, as JSON over HTTP. A tenth as many teachers are spread over
//! all pages, and 8 of 100 records are newer versions of earlier ones, which stand on other pages. The pages are landed
//! first. Then WORKERS processes with one delivery at a time drain them from a PostgreSQL and a Redis of their own, settling included.
//! CPU is that of workers and server. `sqlite` measures one embedded worker instead, `peer` the physical limit beside
//! (`peer.rs`), and `reload` lands the same pages again, unchanged and with 5 % newer versions.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "machine.rs"]
mod machine;
#[path = "peer.rs"]
mod peer;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use machine::{SETTINGS, children_cpu, children_peak_mib, run_psql, server_cpu};
use peer::{make_peer_tables, measure_peer, write_peer_rows};
use test_env::{Postgres, Services, TestEnv};

const MANIFEST: &str = r#"manifest = 1
id = "spread"
version = 1
title_zh = "测量用的平台"
title_en = "A platform for measurements"
profile = "Made for a benchmark."

[transport]
kind = "http"
auth = "none"

[[stream]]
name = "records"
kind = "course_completion"
request = "/records"
page = { by = "number", param = "page", size = PAGE_SIZE }
format = { kind = "json", items = "items" }
record_key = ["id"]
version = { from = "field", path = "v" }
pass = "total"

[stream.map]
record_name = "id"
name = "name"
id_number = "idno"
course_code = "course"
course_title = "title"
school_code = "school"
hours = { path = "hours", unit = "class_hour" }
period_end = "end"
score_total = "score"
"#;

/// One of this many records is a newer version of an earlier one.
const RESEND_EVERY: u64 = 12;
const FAMILY_NAMES: [char; 10] = ['王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴'];
const GIVEN_NAMES: [char; 10] = ['伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '军', '洋'];

/// Returns the ID number of a generated person.
fn id_number(n: u64) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let day = format!("{:04}{:02}{:02}", 1960 + n % 40, 1 + n / 40 % 12, 1 + n / 480 % 28);
    let digits = format!("220102{day}{:03}", n / 13_440 % 1_000);
    let sum: u64 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    digits + &"10X98765432"[usize::try_from(sum % 11).unwrap()..][..1]
}

fn write_item(text: &mut String, nth: u64, records: u64, is_changed: bool) {
    let teachers = (records / 10).max(1);
    // A newer version of a record that stands some pages before.
    let is_newer = nth % RESEND_EVERY == RESEND_EVERY - 1 && nth > 5_000;
    let (id, version) = if is_newer { (nth - 1_000 - nth.wrapping_mul(7_919) % 3_000, 2) } else { (nth, 1) };
    // One of twenty records has changed since the first landing.
    let is_changed = is_changed && id % 20 == 3;
    let version = version + if is_changed { 2 } else { 0 };
    let teacher = id.wrapping_mul(7_919) % teachers;
    let at = |n: u64| usize::try_from(n % 10).unwrap();
    let name: String =
        [FAMILY_NAMES[at(teacher)], GIVEN_NAMES[at(teacher / 10)], GIVEN_NAMES[at(teacher / 100)]].iter().collect();
    write!(
        text,
        "{{\"id\":\"R{id}\",\"v\":{version},\"name\":\"{name}\",\"idno\":\"{}\",\"course\":\"C{:04}\",\"title\":\"信息技术支持的课堂导入\",\
         \"school\":\"2122{:06}\",\"hours\":{},\"end\":\"2015-{:02}-{:02}\",\"score\":{}}}",
        id_number(teacher),
        id % 2_000,
        teacher % 5_000,
        id % 20 + 1 + u64::from(is_newer) + u64::from(is_changed),
        id % 12 + 1,
        id % 28 + 1,
        40 + id % 61
    )
    .unwrap();
}

fn write_pages(folder: &Path, records: u64, page: u64, is_changed: bool) {
    std::fs::create_dir_all(folder).unwrap();
    for first in (0..records).step_by(usize::try_from(page).unwrap()) {
        let mut text = String::from("{\"items\":[");
        for nth in first..(first + page).min(records) {
            if nth > first {
                text.push(',');
            }
            write_item(&mut text, nth, records, is_changed);
        }
        std::fs::write(folder.join(format!("{}.json", first / page + 1)), text + "]}").unwrap();
    }
}

/// Starts the platform: it answers with the pages of a folder, and with an empty one after the last. Returns its address.
fn start_platform(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let folder = folder.clone();
            std::thread::spawn(move || answer_client(&client, &folder));
        }
    });
    address
}

/// Answers the requests of a connection until it ends.
fn answer_client(mut client: &TcpStream, folder: &Path) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut lines = BufReader::new(client.try_clone().ok()?).lines().map_while(Result::ok);
    loop {
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let page: u64 = head.first()?.split_once("page=")?.1.split([' ', '&']).next()?.parse().ok()?;
        let body = std::fs::read(folder.join(format!("{page}.json"))).unwrap_or_else(|_| b"{\"items\":[]}".to_vec());
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        client.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    }
}

/// Prepares a house with the platform as a source.
fn prepare(mut house: TestEnv, page: u64) -> TestEnv {
    let manifests = house.dir.0.join("manifests");
    std::fs::create_dir_all(manifests.join("spread")).unwrap();
    std::fs::write(manifests.join("spread/manifest.toml"), MANIFEST.replace("PAGE_SIZE", &page.to_string())).unwrap();
    let settings = format!(
        "manifests_dir = \"{}\"\nallow_networks = [\"127.0.0.0/8\"]\n[[source]]\nname = \"spread\"\nconnector = \"spread\"\n\
         institution_code = \"I\"\nbase_url = \"{}\"\n",
        manifests.display(),
        start_platform(&house.dir.0.join("in"))
    );
    let config = house.dir.0.join("huiliu.toml");
    std::fs::write(&config, settings).unwrap();
    house.env.push(("HUILIU_CONFIG".into(), config.to_str().unwrap().to_owned()));
    assert!(house.run(&["migrate"]).status.success());
    house
}

/// Lands all pages. Returns the CPU seconds of client and server.
fn land(house: &TestEnv) -> f64 {
    let server = || house.postgres.as_ref().map_or(0.0, server_cpu);
    let before = children_cpu() + server();
    let landed = house.run(&["sync", "--all", "--full", "--land-only"]);
    assert!(landed.status.success(), "{}", String::from_utf8_lossy(&landed.stderr));
    children_cpu() + server() - before
}

/// Wall seconds, CPU seconds of workers and of the server, and how often a batch was given back.
struct Drained {
    wall: f64,
    client: f64,
    server: f64,
    returned: usize,
}

fn drain(house: &TestEnv, workers: usize) -> Drained {
    let server = || house.postgres.as_ref().map_or(0.0, server_cpu);
    if let Some(postgres) = &house.postgres {
        run_psql(postgres, &["-c", "CHECKPOINT"]);
    }
    let (client_before, server_before, started) = (children_cpu(), server(), Instant::now());
    let start = |_| -> Child {
        let mut command = house.command(&["worker", "--until-done"]);
        command.env("HUILIU_WORKERS", "1").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let crew: Vec<Child> = (0..workers).map(start).collect();
    let mut told = String::new();
    for mut worker in crew {
        worker.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(worker.wait().unwrap().success(), "{told}");
    }
    Drained {
        wall: started.elapsed().as_secs_f64(),
        client: children_cpu() - client_before,
        server: server() - server_before,
        returned: told.matches("again_in_ms").count(),
    }
}

/// Lands and drains once, checks the books and prints what it cost. Returns the CPU seconds.
fn measure(house: &TestEnv, records: u64, workers: usize) -> f64 {
    let landed = land(house);
    let Drained { wall, client, server, returned } = drain(house, workers);
    let books = house.run_json(&["balance", "--json"]);
    assert_eq!((&books["balanced"], &books["complete"]), (&true.into(), &true.into()), "{books}");
    println!(
        "{workers} workers {wall:>7.2} s wall, {client:>6.2} s CPU workers, {server:>6.2} s CPU server, {:>6.1} µs CPU a record, \
         {returned} batches given back; landed before in {landed:.2} s CPU",
        (client + server) * 1e6 / records as f64
    );
    landed + client + server
}

/// Measures the physical limit for the same records, and prints the ratio.
fn compare(house: &TestEnv, ours: f64, changed: bool) {
    let postgres = house.postgres.as_ref().unwrap();
    let books = house.run_json(&["balance", "--json"]);
    let count = |name: &str| books[name].as_i64().unwrap();
    let file = house.dir.0.join("rows");
    write_peer_rows(house, &file, count("superseded") + count("updated"), changed);
    let peer = measure_peer(postgres, &file);
    println!(
        "  with landing {ours:.2} s CPU; COPY + merge {:.2} s CPU; ratio {:.2}",
        peer.total_cpu(),
        ours / peer.total_cpu()
    );
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (records, page) = (numbers.first().copied().unwrap_or(300_000), numbers.get(1).copied().unwrap_or(1_000));
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    let crews: Vec<usize> = match numbers.get(2..) {
        Some([_, ..]) => numbers[2..].iter().filter_map(|n| usize::try_from(*n).ok()).collect(),
        _ if has("sqlite") => vec![1],
        _ => vec![1, 2, 4],
    };
    let database = if has("sqlite") { "SQLite" } else { SETTINGS };
    println!("{records} records in pages of {page}, {} teachers; {database}", records / 10);
    for workers in crews {
        let mut house = TestEnv::new(if has("sqlite") { Services::Sqlite } else { Services::PostgresAndRedis });
        if !has("sqlite") {
            house.postgres = Some(Postgres::start_with(SETTINGS));
        }
        let house = prepare(house, page);
        let folder = house.dir.0.join("in");
        write_pages(&folder, records, page, false);
        let first = measure(&house, records, workers);
        if let Some(postgres) = house.postgres.as_ref().filter(|_| has("peer") || has("reload")) {
            make_peer_tables(postgres);
            compare(&house, first, false);
        }
        if has("reload") {
            println!("nothing has changed:");
            let again = measure(&house, records, workers);
            if house.postgres.is_some() {
                compare(&house, again, false);
            }
            println!("5 % have changed:");
            write_pages(&folder, records, page, true);
            let changed = measure(&house, records, workers);
            if house.postgres.is_some() {
                compare(&house, changed, true);
            }
        }
    }
    println!("peak memory of a process {:.0} MiB", children_peak_mib());
}
