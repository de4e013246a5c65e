//! The world is the same twice, its truth adds up, and its server answers.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use huiliu_sandbox::{Options, Sandbox, World};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("huiliu-sandbox-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn options(records: u64) -> Options {
    Options { seed: 42, records, ..Options::default() }
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn truth_is_deterministic_and_adds_up() {
    let dir = scratch("truth");
    let (one, two) = (dir.join("one.jsonl"), dir.join("two.jsonl"));
    let totals = World::new(options(30_000)).write_truth(&one).unwrap();
    World::new(options(30_000)).write_truth(&two).unwrap();
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());

    assert_eq!(totals.records, 30_000);
    assert_eq!(totals.records, totals.bad + totals.distinct_good_records + totals.superseded_good);
    assert!((350..550).contains(&totals.bad), "{totals:?}");
    assert!(totals.contradicting > 5 && totals.not_passed > 500, "{totals:?}");

    let lines = lines(&one);
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
    assert_eq!(reasons.len(), 17, "{reasons:?}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn changed_records_have_other_units_and_the_same_people() {
    let dir = scratch("changed");
    let path = dir.join("truth.jsonl");
    let before = World::new(options(5_000)).write_truth(&path).unwrap();
    let changed = Options { changed_percent: 5, ..options(5_000) };
    let after = World::new(changed).write_truth(&path).unwrap();
    assert_ne!(before.units, after.units);
    assert_eq!(before.teachers, after.teachers);
    assert_eq!(before.bad, after.bad);
    assert_eq!(before.distinct_good_records, after.distinct_good_records);
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn cmcc_rows_stand_where_the_truth_says() {
    let dir = scratch("cmcc");
    let truth = dir.join("truth.jsonl");
    let world = World::new(options(60_000));
    world.write_truth(&truth).unwrap();
    world.write_cmcc(&dir.join("drop")).unwrap();
    let mut files: HashMap<String, Vec<String>> = HashMap::new();
    for entry in std::fs::read_dir(dir.join("drop")).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        let (text, _, broken) = encoding_rs::GB18030.decode(&bytes);
        assert!(!broken);
        let rows: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(rows.len() <= 5_003);
        files.insert(entry.file_name().into_string().unwrap(), rows);
    }
    let rows: usize = files.values().map(|rows| rows.len() - 3).sum();
    assert_eq!(rows as u64, world.counts().cmcc);
    let mut seen = 0;
    for line in lines(&truth).iter().filter(|line| line["platform"] == "cmcc" && line["kind"] == "bad") {
        let row = &files[line["file"].as_str().unwrap()][line["line"].as_u64().unwrap() as usize - 1];
        let reasons = line["reasons"].as_array().unwrap();
        assert_eq!(reasons.contains(&"hours.number".into()), row.contains("八个"));
        assert_eq!(reasons.contains(&"period_end.date".into()), row.contains("2014年2月30日"));
        seen += 1;
    }
    assert!(seen > 100);
    std::fs::remove_dir_all(dir).unwrap();
}

async fn ask(base: &str, head: &str, body: &str) -> (String, String) {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    // The head's first line gets its version here.
    let request = request.replacen("\r\n", " HTTP/1.1\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), body.to_owned())
}

async fn bearer(base: &str) -> String {
    let form = "grant_type=client_credentials&client_id=huiliu&client_secret=sandbox-secret";
    let head = "POST /institution/oauth/token\r\nContent-Type: application/x-www-form-urlencoded";
    let (_, body) = ask(base, head, form).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_server_lists_every_item() {
    let dir = scratch("server");
    let sandbox = Sandbox::start(options(1_000), &dir).await.unwrap();
    let base = sandbox.base_url();
    let (head, _) = ask(&base, "GET /institution/api/completions", "").await;
    assert!(head.starts_with("HTTP/1.1 401"));
    let token = bearer(&base).await;
    let mut next = Some(String::new());
    let mut seen = Vec::new();
    while let Some(page) = next {
        let head = format!(
            "GET /institution/api/completions?page_size=150&page_token={page}\r\nAuthorization: Bearer {token}"
        );
        let (_, body) = ask(&base, &head, "").await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        seen.extend(answer["data"]["items"].as_array().unwrap().iter().cloned());
        next = answer["data"]["next_page_token"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len() as u64, sandbox.counts().completions);
    let truth = dir.join("truth.jsonl");
    World::new(options(1_000)).write_truth(&truth).unwrap();
    for line in lines(&truth).iter().filter(|line| line["stream"] == "completions" && line["kind"] == "bad") {
        assert_eq!(seen[line["position"].as_u64().unwrap() as usize]["id"], line["record"]);
    }
    let basic = "\r\nAuthorization: Basic aHVpbGl1OnNhbmRib3gtc2VjcmV0";
    let (_, xml) = ask(&base, &format!("GET /intel/records.xml?page=2&size=60{basic}"), "").await;
    assert_eq!(xml.matches("<record ").count(), 40);
    sandbox.stop().await;
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn requests_fail_once_and_cut_bodies_are_cut() {
    let dir = scratch("faults");
    let faulty = Options { faults: true, ..options(1_000) };
    let sandbox = Sandbox::start(faulty, &dir).await.unwrap();
    let base = sandbox.base_url();
    let mut failed = 0;
    let mut cut = 0;
    for page in 0..200 {
        let head = format!(
            "GET /intel/records.xml?page=1&size=1&n={page}\r\nAuthorization: Basic aHVpbGl1OnNhbmRib3gtc2VjcmV0"
        );
        let (status, body) = ask(&base, &head, "").await;
        if !body.ends_with("</records>\n") {
            failed += 1;
            cut += u32::from(status.contains("content-length: 524288"));
            let (_, body) = ask(&base, &head, "").await;
            assert!(body.ends_with("</records>\n"));
        }
    }
    assert!((3..25).contains(&failed), "{failed}");
    assert!(cut > 0);
    sandbox.stop().await;
    std::fs::remove_dir_all(dir).unwrap();
}
