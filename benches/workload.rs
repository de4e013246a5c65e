//! The workload of `spread` and `scale`: a platform on loopback that gives JSON pages over HTTP, and workers that land and
//! deliver them.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use crate::machine::{children_cpu, run_psql, server_cpu};
use crate::test_env::TestEnv;

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

/// What the pages of the platform hold.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    pub records: u64,
    /// Records on a page.
    pub size: u64,
    pub teachers: u64,
    /// Whether one of twenty records has changed since the first landing.
    pub is_changed: bool,
    /// One of so many records cannot be used, for one of five causes; 0 for none. The first can always be used, so that there is a
    /// teacher.
    pub bad_every: u64,
}

fn write_item(text: &mut String, nth: u64, pages: Pages) {
    // A newer version of a record that stands some pages before.
    let is_newer = nth % RESEND_EVERY == RESEND_EVERY - 1 && nth > 5_000;
    let (id, version) = if is_newer { (nth - 1_000 - nth.wrapping_mul(7_919) % 3_000, 2) } else { (nth, 1) };
    let is_changed = pages.is_changed && id % 20 == 3;
    let is_bad = pages.bad_every > 0 && id > 0 && id % pages.bad_every == 7 % pages.bad_every;
    let fault = is_bad.then(|| id / pages.bad_every % 5);
    let version = version + if is_changed { 2 } else { 0 };
    let teacher = id.wrapping_mul(7_919) % pages.teachers;
    let at = |n: u64| usize::try_from(n % 10).unwrap();
    let name: String =
        [FAMILY_NAMES[at(teacher)], GIVEN_NAMES[at(teacher / 10)], GIVEN_NAMES[at(teacher / 100)]].iter().collect();
    let name = if fault == Some(1) { "" } else { &name };
    let number = id_number(teacher);
    let number = if fault == Some(2) { &number[..17] } else { &number };
    let month = if fault == Some(3) { 13 } else { id % 12 + 1 };
    let hours = (id % 20 + 1 + u64::from(is_newer) + u64::from(is_changed)).to_string();
    let hours = if fault == Some(4) { "\"无\"" } else { &hours };
    write!(
        text,
        "{{\"id\":\"R{id}\",\"v\":{version},\"name\":\"{name}\",\"idno\":\"{number}\",\"course\":\"C{:04}\",\"title\":\"信息技术支持的课堂导入\",\
         \"school\":\"2122{:06}\",\"hours\":{hours},\"end\":\"2015-{month:02}-{:02}\",\"score\":{}}}",
        id % 2_000,
        teacher % 5_000,
        id % 28 + 1,
        40 + id % 61 + if fault == Some(0) { 100 } else { 0 }
    )
    .unwrap();
}

/// Writes the pages into the folder of a house from which its platform reads them.
pub fn write_pages(house: &TestEnv, pages: Pages) {
    let folder = house.dir.0.join("in");
    std::fs::create_dir_all(&folder).unwrap();
    for first in (0..pages.records).step_by(usize::try_from(pages.size).unwrap()) {
        let mut text = String::from("{\"items\":[");
        for nth in first..(first + pages.size).min(pages.records) {
            if nth > first {
                text.push(',');
            }
            write_item(&mut text, nth, pages);
        }
        std::fs::write(folder.join(format!("{}.json", first / pages.size + 1)), text + "]}").unwrap();
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

/// Prepares a house with the platform as a source, which gives pages of `size` records.
pub fn prepare(mut house: TestEnv, size: u64) -> TestEnv {
    let manifests = house.dir.0.join("manifests");
    std::fs::create_dir_all(manifests.join("spread")).unwrap();
    std::fs::write(manifests.join("spread/manifest.toml"), MANIFEST.replace("PAGE_SIZE", &size.to_string())).unwrap();
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
pub fn land(house: &TestEnv) -> f64 {
    let server = || house.postgres.as_ref().map_or(0.0, server_cpu);
    let before = children_cpu() + server();
    let landed = house.run(&["sync", "--all", "--full", "--land-only"]);
    assert!(landed.status.success(), "{}", String::from_utf8_lossy(&landed.stderr));
    children_cpu() + server() - before
}

/// Wall seconds, CPU seconds of workers and of the server, and how often a batch was given back.
pub struct Drained {
    pub wall: f64,
    pub client: f64,
    pub server: f64,
    pub returned: usize,
}

/// Starts workers with one delivery at a time, and waits until everything is delivered and settled.
pub fn drain(house: &TestEnv, workers: usize) -> Drained {
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
