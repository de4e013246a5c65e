//! The world is reproducible, its truth adds up, and its server answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail loudly")]

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use huiliu_sandbox::{Options, SECRET, Sandbox, World};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn scratch_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("huiliu-sandbox-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn test_options(records: u64) -> Options {
    Options { seed: 42, records, ..Options::default() }
}

fn read_json_lines(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn truth_is_deterministic_and_adds_up() {
    let dir = scratch_dir("truth");
    let (one, two) = (dir.join("one.jsonl"), dir.join("two.jsonl"));
    let totals = World::new(test_options(30_000)).write_truth(&one).unwrap();
    World::new(test_options(30_000)).write_truth(&two).unwrap();
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());

    assert_eq!(totals.records, 30_000);
    assert_eq!(totals.records, totals.bad + totals.distinct_good_records + totals.superseded_good);
    assert!((350..550).contains(&totals.bad), "{totals:?}");
    assert!(totals.contradicting > 5 && totals.not_passed > 500, "{totals:?}");

    let lines = read_json_lines(&one);
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    let sum = |field: &str| -> u64 { of("teacher").iter().map(|line| line[field].as_u64().unwrap()).sum() };
    assert_eq!(sum("units"), totals.units);
    assert_eq!(sum("provisional_units"), totals.provisional_units);
    assert_eq!(of("teacher").len() as u64, totals.teachers);
    assert_eq!(of("duplicate").len() as u64, totals.duplicates);
    assert_eq!(of("bad").len() as u64, totals.bad);
    assert_eq!(of("uncounted").len() as u64, totals.contradicting);
    assert_eq!(lines.last().unwrap()["kind"], "totals");
    let reasons: HashSet<&str> = of("bad")
        .iter()
        .flat_map(|line| line["reasons"].as_array().unwrap())
        .map(|reason| reason.as_str().unwrap())
        .collect();
    assert_eq!(reasons.len(), 41, "{reasons:?}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn changed_records_have_other_units_and_the_same_people() {
    let dir = scratch_dir("changed");
    let path = dir.join("truth.jsonl");
    let before = World::new(test_options(5_000)).write_truth(&path).unwrap();
    let changed = Options { changed_percent: 5, ..test_options(5_000) };
    let after = World::new(changed).write_truth(&path).unwrap();
    assert_ne!(before.units, after.units);
    assert_eq!(before.teachers, after.teachers);
    assert_eq!(before.bad, after.bad);
    assert_eq!(before.distinct_good_records, after.distinct_good_records);
    std::fs::remove_dir_all(dir).unwrap();
}

/// Returns the lines of every CMCC file in a folder, by file name.
fn read_cmcc_files(dir: &std::path::Path) -> HashMap<String, Vec<String>> {
    let mut files = HashMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        let (text, _, broken) = encoding_rs::GB18030.decode(&bytes);
        assert!(!broken);
        let rows: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(rows.len() <= 5_003);
        files.insert(entry.file_name().into_string().unwrap(), rows);
    }
    files
}

#[test]
fn cmcc_rows_stand_where_the_truth_says() {
    let dir = scratch_dir("cmcc");
    let truth = dir.join("truth.jsonl");
    let world = World::new(test_options(60_000));
    world.write_truth(&truth).unwrap();
    world.write_cmcc(&dir.join("drop")).unwrap();
    let files = read_cmcc_files(&dir.join("drop"));
    let rows: usize = files.values().map(|rows| rows.len() - 3).sum();
    assert_eq!(rows as u64, world.counts().cmcc);
    let mut bad: HashMap<(&str, usize), HashSet<String>> = HashMap::new();
    let lines = read_json_lines(&truth);
    for line in lines.iter().filter(|line| line["platform"] == "cmcc" && line["kind"] == "bad") {
        let reasons = line["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap().to_owned());
        let place = (line["file"].as_str().unwrap(), line["line"].as_u64().unwrap() as usize);
        assert!(bad.insert(place, reasons.collect()).is_none());
    }
    assert!(bad.len() > 100);
    let none = HashSet::new();
    for (file, rows) in &files {
        for (at, row) in rows.iter().enumerate().skip(2).take(rows.len() - 3) {
            let reasons = bad.get(&(file.as_str(), at + 1)).unwrap_or(&none);
            let cells: Vec<&str> = row.split(',').collect();
            let [_, name, id, _, code, _, hours, end, _] = cells[..] else { panic!("{row}") };
            let hours = hours.trim_end_matches("学时");
            for (reason, seen) in [
                ("name.missing", name.trim().is_empty()),
                ("name.several", name.contains('、')),
                ("name.character", name.contains(['?', '？', '3', '\u{FFFD}'])),
                ("id_number.missing", id.is_empty()),
                ("course_code.missing", code.is_empty()),
                ("course_code.length", code.chars().count() > 50),
                ("hours.missing", hours.is_empty()),
                ("hours.number", ["八个", "约40", "4O", "四十"].contains(&hours)),
                ("hours.exact", hours.ends_with("3333333") || hours.ends_with("6666667")),
                ("period_end.missing", end.is_empty()),
            ] {
                assert_eq!(reasons.contains(reason), seen, "{reason}: {row}");
            }
            let float = id.ends_with("E+17");
            assert!(!float || reasons.contains("id_number.damaged"));
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn good_rows_are_written_in_every_form_people_use() {
    let dir = scratch_dir("forms");
    let world = World::new(test_options(60_000));
    world.write_cmcc(&dir).unwrap();
    let rows: Vec<Vec<String>> = read_cmcc_files(&dir)
        .values()
        .flat_map(|rows| &rows[2..rows.len() - 1])
        .map(|row| row.split(',').map(str::to_owned).collect())
        .collect();
    let share = |cell: usize, form: &dyn Fn(&str) -> bool| {
        let written = rows.iter().filter(|row| form(row[cell].as_str())).count();
        written as f64 / rows.len() as f64
    };
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let wide = |text: &str| text.contains(|c| ('０'..='９').contains(&c));
    for (name, share) in [
        ("ID in full width", share(2, &wide)),
        ("ID between NBSP", share(2, &|id| id.starts_with('\u{A0}'))),
        ("ID of 15 digits", share(2, &|id| digits(id, 15))),
        ("hours in full width", share(6, &wide)),
        ("hours with a point", share(6, &|hours| hours.contains(".0"))),
        ("name between NBSP", share(1, &|name| name.starts_with('\u{A0}'))),
        ("day with points", share(7, &|end| end.matches('.').count() == 2)),
        ("day with strokes", share(7, &|end| end.matches('/').count() == 2)),
        ("day of eight digits", share(7, &|end| digits(end, 8))),
        ("serial", share(7, &|end| digits(end, 5))),
        ("day in full width", share(7, &wide)),
        ("day in numerals", share(7, &|end| end.contains('月') && !end.contains(|c: char| c.is_ascii_digit()))),
    ] {
        assert!((0.01..0.12).contains(&share), "{name}: {share}");
    }
    for mark in ["x", "\u{425}", "\u{445}", "'"] {
        assert!(share(2, &|id| id.contains(mark)) > 0.001, "ID with {mark}");
    }
    for separator in "·\u{2022}\u{2027}\u{30FB}\u{FF0E}\u{FF65}.\u{387}\u{22C5}㛃䶮𬭎".chars() {
        assert!(rows.iter().any(|row| row[1].contains(separator)), "name with {separator:?}");
    }
    std::fs::remove_dir_all(dir).unwrap();
}

async fn send_request(base: &str, head: &str, body: &str) -> (String, String) {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    // The HTTP version is added to the first line of the head.
    let request = request.replacen("\r\n", " HTTP/1.1\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), body.to_owned())
}

async fn fetch_token(base: &str) -> String {
    let form = "grant_type=client_credentials&client_id=huiliu&client_secret=sandbox-secret";
    let head = "POST /institution/oauth/token\r\nContent-Type: application/x-www-form-urlencoded";
    let (_, body) = send_request(base, head, form).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Returns every item of a listing, page after page. `query` comes before the page token.
async fn fetch_listing(base: &str, token: &str, query: &str) -> Vec<Value> {
    let mut next = Some(String::new());
    let mut seen = Vec::new();
    while let Some(page) = next {
        let head = format!("GET /institution/api/{query}&page_token={page}\r\nAuthorization: Bearer {token}");
        let (_, body) = send_request(base, &head, "").await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        let items = answer["data"]["items"].as_array().unwrap();
        assert!(page.is_empty() || !items.is_empty(), "a token that leads nowhere");
        seen.extend(items.iter().cloned());
        next = answer["data"]["next_page_token"].as_str().map(str::to_owned);
    }
    seen
}

#[tokio::test]
async fn the_server_lists_every_item() {
    let dir = scratch_dir("server");
    let sandbox = Sandbox::start(test_options(1_000), &dir).await.unwrap();
    let base = sandbox.base_url();
    let (head, _) = send_request(&base, "GET /institution/api/completions", "").await;
    assert!(head.starts_with("HTTP/1.1 401"));
    let token = fetch_token(&base).await;
    let seen = fetch_listing(&base, &token, "completions?page_size=150").await;
    assert_eq!(seen.len() as u64, sandbox.counts().completions);
    let truth = dir.join("truth.jsonl");
    World::new(test_options(1_000)).write_truth(&truth).unwrap();
    for line in read_json_lines(&truth).iter().filter(|line| line["stream"] == "completions" && line["kind"] == "bad") {
        assert_eq!(seen[line["position"].as_u64().unwrap() as usize]["id"], line["record"]);
    }
    let basic = "\r\nAuthorization: Basic aHVpbGl1OnNhbmRib3gtc2VjcmV0";
    let (_, xml) = send_request(&base, &format!("GET /intel/records.xml?page=2&size=30{basic}"), "").await;
    assert_eq!(xml.matches("<record ").count(), 20);
    let mut link = Some("/microsoft/odata/TrainingRecords?$top=20".to_owned());
    let mut records = 0;
    while let Some(path) = link {
        let path = path.strip_prefix(base.as_str()).unwrap_or(&path);
        let (_, body) = send_request(&base, &format!("GET {path}\r\nApi-Key: {SECRET}"), "").await;
        let page: Value = serde_json::from_str(&body).unwrap();
        records += page["value"].as_array().unwrap().len();
        link = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(records as u64, sandbox.counts().microsoft);
    sandbox.stop().await;
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn updated_since_leaves_out_the_older_items_and_no_others() {
    let dir = scratch_dir("since");
    let changed = Options { changed_percent: 5, ..test_options(1_000) };
    let sandbox = Sandbox::start(changed, &dir).await.unwrap();
    let base = sandbox.base_url();
    let token = fetch_token(&base).await;
    for stream in ["completions", "progress"] {
        let all = fetch_listing(&base, &token, &format!("{stream}?page_size=500")).await;
        let updated = |item: &Value| item["updatedAt"].as_str().unwrap()[..10].to_owned();
        let mut days: Vec<String> = all.iter().map(updated).collect();
        days.sort();
        let middle = days[days.len() / 2].as_str();
        for since in ["2014-01-01", middle, days.last().unwrap(), "2018-01-01", "2030-01-01"] {
            let wanted: Vec<&Value> = all.iter().filter(|item| updated(item).as_str() >= since).collect();
            for size in [1, 7, 5_000] {
                let query = format!("{stream}?page_size={size}&updated_since={since}");
                let listed = fetch_listing(&base, &token, &query).await;
                assert!(listed.iter().eq(wanted.iter().copied()), "{query}");
            }
        }
        // Items that changed after the first listing have later dates than all of it.
        let new = all.iter().filter(|item| updated(item).as_str() >= "2018-01-01").count();
        assert!((2..40).contains(&new), "{stream}: {new}");
        for wrong in ["yesterday", "", "2014-9-1", "2014-02-30", "20140901"] {
            let head = format!("GET /institution/api/{stream}?updated_since={wrong}\r\nAuthorization: Bearer {token}");
            let (head, body) = send_request(&base, &head, "").await;
            assert!(head.starts_with("HTTP/1.1 400"), "{wrong}: {head}");
            let answer: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(answer, serde_json::json!({"code": 40002, "message": "invalid updated_since"}));
        }
    }
    sandbox.stop().await;
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn requests_fail_once_and_cut_bodies_are_cut() {
    let dir = scratch_dir("faults");
    let faulty = Options { faults: true, ..test_options(1_000) };
    let sandbox = Sandbox::start(faulty, &dir).await.unwrap();
    let base = sandbox.base_url();
    let mut failed = 0;
    let mut cut = 0;
    for page in 0..200 {
        let head = format!(
            "GET /intel/records.xml?page=1&size=1&n={page}\r\nAuthorization: Basic aHVpbGl1OnNhbmRib3gtc2VjcmV0"
        );
        let (status, body) = send_request(&base, &head, "").await;
        if !body.ends_with("</records>\n") {
            failed += 1;
            cut += u32::from(status.contains("content-length: 524288"));
            let (_, body) = send_request(&base, &head, "").await;
            assert!(body.ends_with("</records>\n"));
        }
    }
    assert!((3..25).contains(&failed), "{failed}");
    assert!(cut > 0);
    sandbox.stop().await;
    std::fs::remove_dir_all(dir).unwrap();
}
