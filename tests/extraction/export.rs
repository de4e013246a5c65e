//! Exports: ordered, polled, fetched and deleted; resumed after a break; abandoned.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Answer, Platform, Says, Site, records_json};

fn stream_toml(more: &str) -> String {
    format!(
        "format = {{ kind = \"json\", items = \"\" }}\nexport = {{ create = {{ path = \"/orders\", method = \"post\" }}, id = \"job.id\", \
         poll = \"/orders/${{export}}\", state = \"job.state\", ready = [\"done\"], failed = [\"broken\"], every_seconds = 1, {more} }}"
    )
}

const DOWNLOAD: &str =
    "download = \"/orders/${export}/file\", delete = { path = \"/orders/${export}\", method = \"delete\" }";

#[test]
fn an_export_is_ordered_waited_for_fetched_and_deleted() {
    let polls = AtomicUsize::new(0);
    let platform = Platform::start(move |a| match (a.method.as_str(), a.path.as_str()) {
        ("POST", "/orders") => Answer::json(r#"{"job":{"id":"E 1"}}"#),
        ("GET", "/orders/E%201") if polls.fetch_add(1, Ordering::SeqCst) < 2 => {
            Answer::json(r#"{"job":{"state":"busy"}}"#)
        }
        ("GET", "/orders/E%201") => Answer::json(r#"{"job":{"state":"done"}}"#),
        ("GET", "/orders/E%201/file") => Answer::json(records_json(0..5)),
        ("DELETE", "/orders/E%201") => Answer::new(204, ""),
        _ => Answer::new(404, ""),
    });
    let site = Site::new(&platform, &Says { stream: &stream_toml(DOWNLOAD), ..Says::default() });
    assert_eq!(site.sync(), (5, 5));
    let asked: Vec<(String, String)> = platform.requests().into_iter().map(|a| (a.method, a.path)).collect();
    let expected = [
        ("POST", "/orders"),
        ("GET", "/orders/E%201"),
        ("GET", "/orders/E%201"),
        ("GET", "/orders/E%201"),
        ("GET", "/orders/E%201/file"),
        ("DELETE", "/orders/E%201"),
    ];
    assert_eq!(asked, expected.map(|(m, p)| (m.to_owned(), p.to_owned())));
    // The next pass orders another export.
    assert_eq!(site.sync(), (5, 0));
    assert_eq!(platform.requests_for("/orders").len(), 2);
}

/// The process ends while it waits; the next one waits for the same export. An export that failed or is gone is ordered
/// anew.
#[test]
fn an_export_is_taken_up_again() {
    let (orders, ready) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let is_ready = Arc::clone(&ready);
    let platform = Platform::start(move |a| match (a.method.as_str(), a.path.as_str()) {
        ("POST", "/orders") => {
            Answer::json(format!(r#"{{"job":{{"id":{}}}}}"#, orders.fetch_add(1, Ordering::SeqCst) + 1))
        }
        ("GET", path) if path.ends_with("/file") => Answer::json(records_json(0..5)),
        ("GET", _) => {
            let state = ["busy", "done", "broken"][ready.load(Ordering::SeqCst)];
            Answer::json(format!(r#"{{"job":{{"state":"{state}"}}}}"#))
        }
        _ => Answer::new(204, ""),
    });
    let site = Site::new(
        &platform,
        &Says { stream: &stream_toml(&format!("{DOWNLOAD}, most_seconds = 2")), ..Says::default() },
    );
    let said = site.sync_expecting_failure();
    assert!(said.contains("is busy after 2 s"), "{said}");
    assert_eq!(site.read_cursor()["export"], "1");
    is_ready.store(1, Ordering::SeqCst);
    assert_eq!(site.sync(), (5, 5));
    assert_eq!(platform.requests_for("/orders").len(), 1);
    // The new export fails: the pass fails, and the next one orders again.
    is_ready.store(2, Ordering::SeqCst);
    let said = site.sync_expecting_failure();
    assert!(said.contains("has failed: broken"), "{said}");
    assert_eq!(platform.requests_for("/orders").len(), 2);
    let said = site.sync_expecting_failure();
    assert!(said.contains("has failed"), "{said}");
    assert_eq!(platform.requests_for("/orders").len(), 3);
}

/// The file is on another host, which gets no credentials.
#[test]
fn a_link_leads_to_the_file_and_no_credentials_go_with_it() {
    let store = Platform::start(|a| {
        let bare = a.header("authorization").is_empty() && a.header("x-mine").is_empty() && a.param("sig") == "1";
        if bare { Answer::json(records_json(0..5)) } else { Answer::new(400, "credentials") }
    });
    let url = format!("{}/bucket/file?sig=1", store.url);
    let platform = Platform::start(move |a| match a.path.as_str() {
        "/orders" => Answer::json(r#"{"job":{"id":1}}"#),
        _ => Answer::json(format!(r#"{{"job":{{"state":"done","url":"{url}"}}}}"#)),
    });
    let stream =
        stream_toml("link = \"job.url\", download = { path = \"/x\", headers = { X-Mine = \"${password}\" } }");
    let site = Site::new(
        &platform,
        &Says { stream: &stream, transport: "kind = \"http\"\nauth = { kind = \"bearer\" }", map: "" },
    );
    assert_eq!(site.sync(), (5, 5));
}
