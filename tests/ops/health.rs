//! What a worker reports about itself: liveness, readiness, metrics, logs.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::{Worker, free_port, intel_source, wait_for, write_config};
use crate::test_env::{Services, TestEnv};

/// Sends a GET request and returns status and body.
fn http_get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Returns a metric of the worker at a port; `None` while there is none.
pub fn fetch_metric(port: u16, name: &str) -> Option<i64> {
    let (_, text) = http_get(port, "/metrics").filter(|(status, _)| *status == 200)?;
    Some(read_metric(&text, name))
}

fn read_metric(text: &str, name: &str) -> i64 {
    let line = text.lines().find(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit_once(' ').unwrap().1.parse().unwrap()
}

fn check_worker_health(on: Services) {
    let mut house = TestEnv::new(on);
    let port = free_port();
    house.env.push(("HUILIU_HEALTH".into(), format!("127.0.0.1:{port}")));
    house.run_json(&["demo", "--records", "2000", "--json"]);
    let balance = house.run_json(&["balance", "--json"]);
    let asked = house.run(&["health"]);
    assert_eq!(asked.status.code(), Some(1), "nobody is there");
    let config = write_config(&house, &intel_source(free_port(), ""));
    let worker = Worker::start(&house, &config, &[]);
    wait_for("readiness", || http_get(port, "/health/ready").is_some_and(|(status, _)| status == 200));
    assert_eq!(http_get(port, "/health/live").unwrap().0, 200);
    let parts = house.run_json(&["health", "--json"]);
    assert_eq!((parts["ready"].as_bool(), parts["parts"].as_array().unwrap().len()), (Some(true), 4));

    let (status, text) = http_get(port, "/metrics").unwrap();
    assert_eq!(status, 200, "{text}");
    for outcome in ["inserted", "updated", "unchanged", "superseded", "parked", "pending"] {
        let name = format!("huiliu_records{{outcome=\"{outcome}\"}}");
        assert_eq!(read_metric(&text, &name), balance[outcome].as_i64().unwrap(), "{outcome}");
    }
    let letters = house.run_sql("SELECT count(*) FROM dead_letter WHERE state = 'open'");
    assert_eq!(read_metric(&text, "huiliu_dead_letters_open"), letters);
    assert!(read_metric(&text, "huiliu_batches{state=\"done\"}") > 0);
    assert_eq!(read_metric(&text, "huiliu_sync_runs{state=\"done\"}"), 5);
    assert_eq!(read_metric(&text, "huiliu_never_succeeded{source=\"a\"}"), 1);
    assert!(!text.contains("huiliu_never_succeeded{source=\"demo"), "they have, and have no schedule");
    let listed = house.list_items(&["schedules", "list", "--json"]);
    let of = |source: &str| listed.as_array().unwrap().iter().find(|r| r["source"] == source).unwrap();
    assert!(of("a")["last_success_at"].is_null() && of("demo-intel")["last_success_at"].is_string(), "{listed}");
    assert!(read_metric(&text, "huiliu_last_success_timestamp_seconds{source=\"demo-intel\"}") > 1_700_000_000);
    assert!(read_metric(&text, "process_resident_memory_bytes") > 1_000_000);
    for name in [
        "huiliu_queue_depth",
        "huiliu_lost_claims",
        "huiliu_oldest_waiting_seconds",
        "huiliu_settle_marks",
        "huiliu_write_conflicts_total",
    ] {
        assert_eq!(read_metric(&text, name), 0, "{name}");
    }
    assert!(text.contains("huiliu_build_info{version="));
    for id in house.read_ledger().keys() {
        assert!(!text.contains(id.as_str()), "an ID number is a figure");
    }

    // The schema is of another version: the worker keeps running, and says what is wrong.
    house.run_sql("UPDATE _sqlx_migrations SET version = 99 WHERE version = 2");
    wait_for("unreadiness", || http_get(port, "/health/ready").unwrap().0 == 503);
    let asked = house.run(&["health"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&asked.stdout).contains("✗ schema"), "{asked:?}");
    assert_eq!(http_get(port, "/health/live").unwrap().0, 200);
    assert_eq!(worker.stop_with_sigterm().0, Some(0));
}

#[test]
fn a_worker_tells_how_it_stands_on_sqlite() {
    check_worker_health(Services::Sqlite);
}

#[test]
fn a_worker_tells_how_it_stands_on_postgresql() {
    check_worker_health(Services::Postgres);
}

#[test]
fn a_worker_whose_database_is_gone_is_not_ready() {
    let mut house = TestEnv::new(Services::Postgres);
    let port = free_port();
    house.env.push(("HUILIU_HEALTH".into(), format!("127.0.0.1:{port}")));
    assert!(house.run(&["migrate"]).status.success());
    let config = write_config(&house, "");
    let worker = Worker::start(&house, &config, &[]);
    wait_for("readiness", || http_get(port, "/health/ready").is_some_and(|(status, _)| status == 200));
    house.postgres = None;
    wait_for("unreadiness", || http_get(port, "/health/ready").unwrap().0 == 503);
    let (_, body) = http_get(port, "/health/ready").unwrap();
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    let part = |name: &str| told["parts"].as_array().unwrap().iter().find(|p| p["part"] == name).unwrap()["ok"].clone();
    assert_eq!((part("database"), part("queue")), (false.into(), true.into()), "{body}");
    assert_eq!(worker.stop_with_sigterm().0, Some(0));
}

#[test]
fn a_health_port_in_use_or_unreadable_is_refused() {
    let house = TestEnv::new(Services::Sqlite);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (health, words) in [(address.as_str(), ["in use", "HUILIU_HEALTH"]), ("localhost", ["localhost", "9464"])] {
        let out = house.command(&["worker"]).env("HUILIU_HEALTH", health).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let out = house.run(&["health"]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn every_line_of_a_json_log_is_json_and_names_run_and_batch() {
    let mut house = TestEnv::new(Services::Sqlite);
    house.env.push(("HUILIU_LOG_FORMAT".into(), "json".into()));
    house.env.push(("HUILIU_LOG".into(), "info,huiliu=debug,sqlx=off".into()));
    let out = house.run(&["demo", "--records", "2000", "--json"]);
    assert!(out.status.success());
    let text = String::from_utf8(out.stderr).unwrap();
    let (mut of_batches, mut of_runs) = (0, 0);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        let span = &line["span"];
        if line["target"] == "huiliu_engine::deliver" {
            assert!(span["batch"].is_i64() && span["run"].is_i64(), "{line}");
            of_batches += 1;
        }
        if line["target"] == "huiliu_engine::ingest" {
            assert!(span["run"].is_i64() && span["source"].is_string(), "{line}");
            of_runs += 1;
        }
    }
    assert!(of_batches > 2 && of_runs > 0, "{text}");
    for id in house.read_ledger().keys() {
        assert!(!text.contains(id.as_str()), "an ID number is in the log");
    }
    let key = std::fs::read_to_string(house.dir.0.join("data/root.key")).unwrap();
    assert!(!text.contains(key.trim()));
    let refused = house.command(&["balance"]).env("HUILIU_LOG_FORMAT", "xml").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
