//! Reading changes only: moments in several forms, steps, counters, newest first; and cursors that people inspect and
//! set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::json;

use super::{Answer, JSON, Platform, Says, Site, page_of_records, record_json, record_of_course, records_json};

fn today() -> chrono::NaiveDate {
    chrono::Utc::now().with_timezone(&chrono::FixedOffset::east_opt(8 * 3_600).unwrap()).date_naive()
}

#[test]
fn a_moment_in_every_form_with_days_to_spare() {
    let day = today() - chrono::Days::new(3);
    let noon = |d: chrono::NaiveDate| d.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() - 8 * 3_600;
    for (form, written) in [
        ("day", day.to_string()),
        ("day_digits", day.format("%Y%m%d").to_string()),
        ("time", format!("{day} 00:00:00")),
        ("rfc3339", format!("{day}T00:00:00+08:00")),
        ("seconds", noon(day).to_string()),
        ("milliseconds", format!("{}000", noon(day))),
    ] {
        let platform = Platform::start(|a| {
            if a.param("from").is_empty() { page_of_records(0..3, "") } else { page_of_records(3..4, "") }
        });
        let stream =
            format!("{JSON}\nsince = {{ by = \"moment\", param = \"from\", form = \"{form}\", lookback_days = 3 }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        assert_eq!((site.sync(), site.sync()), ((3, 3), (1, 1)), "{form}");
        let asked: Vec<String> = platform.requests().iter().map(|a| a.param("from").to_owned()).collect();
        assert_eq!(asked, ["".to_owned(), written], "{form}");
    }
}

/// A platform that caps its listings at a number of records gives all of them when it is asked in steps.
#[test]
fn steps_of_time_reach_what_a_cap_hides() {
    let begin = today() - chrono::Days::new(20);
    let platform = Platform::start(move |a| {
        let (from, to) = (a.param("from").to_owned(), a.param("to").to_owned());
        // One record a day; the end is exclusive.
        let days = (0..21usize).map(|n| (n, (begin + chrono::Days::new(n as u64)).to_string()));
        let found: Vec<String> =
            days.filter(|(_, d)| *d >= from && *d < to).take(5).map(|(n, d)| record_of_course(n, "C-01", &d)).collect();
        Answer::json(format!("{{\"items\":[{}]}}", found.join(",")))
    });
    let stream = format!(
        "{JSON}\nsince = {{ by = \"moment\", param = \"from\", until_param = \"to\", step_days = 5, begin = {begin} }}"
    );
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert_eq!(site.sync(), (21, 21));
    assert_eq!(platform.requests().len(), 5);
    assert_eq!(site.read_cursor(), json!({ "since": (today() - chrono::Days::new(1)).to_string() }));
    // A range of days is read again on demand. With an end, the cursor does not move.
    let ago = |days| (today() - chrono::Days::new(days)).to_string();
    site.run_json(&["cursors", "set", "a", "records", "--to", "{\"since\":\"2014-09-01\"}", "--json"]);
    assert_eq!(site.sync_with(&["--since", &ago(12), "--until", &ago(9)]), (4, 0));
    assert_eq!(site.read_cursor(), json!({ "since": "2014-09-01" }));
    // The days between the cursor and the first day are not read, so the cursor does not move over them.
    assert_eq!(site.sync_with(&["--since", &ago(7)]), (8, 0));
    assert_eq!(site.read_cursor(), json!({ "since": "2014-09-01" }));
    site.run_json(&["cursors", "set", "a", "records", "--to", &format!("{{\"since\":\"{}\"}}", ago(7)), "--json"]);
    assert_eq!(site.sync_with(&["--since", &ago(7)]), (8, 0));
    assert_eq!(site.read_cursor(), json!({ "since": ago(1) }));
}

/// A source that was never read completely, and one that stopped in the middle, are read completely later, although
/// newer days were asked for in between.
#[test]
fn days_move_no_cursor_over_what_was_not_read() {
    let fails = Arc::new(AtomicBool::new(false));
    let broken = Arc::clone(&fails);
    let platform = Platform::start(move |a| {
        if broken.load(Relaxed) && a.param("p") == "2" {
            return Answer::new(400, "");
        }
        let first = if a.param("from").is_empty() { 0 } else { 5 };
        let start = (a.number_param("p") - 1) * 3 + first;
        page_of_records(start.min(7)..(start + 3).min(7), "\"total\":7")
    });
    let stream = format!(
        "{JSON}\npage = {{ by = \"number\", param = \"p\", size = 3 }}\nsince = {{ by = \"moment\", param = \"from\" }}"
    );
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    let recent = (today() - chrono::Days::new(7)).to_string();
    assert_eq!((site.sync_with(&["--since", &recent]), site.read_cursor()), ((2, 2), json!(null)));
    fails.store(true, Relaxed);
    site.sync_expecting_failure();
    let stopped = site.read_cursor();
    assert_eq!(stopped["page"], "2");
    fails.store(false, Relaxed);
    assert_eq!((site.sync_with(&["--since", &recent]), site.read_cursor()), ((2, 0), stopped));
    assert_eq!(site.sync(), (4, 2));
    assert_eq!(site.read_cursor(), json!({ "since": (today() - chrono::Days::new(1)).to_string() }));
}

#[test]
fn numbers() {
    let platform = Platform::start(|a| {
        let after = if a.param("after").is_empty() { 0 } else { a.number_param("after") + 1 };
        let until = if a.param("after").is_empty() { 12 } else { 14 };
        page_of_records(after.min(until)..(after + 20).min(until), "")
    });
    let stream = format!("{JSON}\nsince = {{ by = \"counter\", param = \"after\", path = \"no\", lookback = 0 }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert_eq!((site.sync(), site.sync()), ((12, 12), (2, 2)));
    assert_eq!(site.read_cursor(), json!({ "since": "13" }));
    assert_eq!(site.sync(), (0, 0));
    assert_eq!(site.read_cursor(), json!({ "since": "13" }));

    // Cursors can be inspected, set and reset on the command line; each decision is in the audit log.
    site.run_json(&["cursors", "set", "a", "records", "--to", "{\"since\":\"9\"}", "--because", "a test", "--json"]);
    assert_eq!((site.read_cursor(), site.sync()), (json!({ "since": "9" }), (4, 0)));
    site.run_json(&["cursors", "reset", "a", "--json"]);
    assert_eq!((site.read_cursor(), site.sync()), (json!(null), (12, 0)));
    let log = site.list_items(&["audit", "--json"]);
    let actions: Vec<&str> = log.as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    assert_eq!(actions, ["rules.seed", "cursor.set", "cursor.reset"], "{log}");
    for (args, words) in [
        (&["set", "a", "records", "--to", "{\"sinse\":\"9\"}"][..], "not a cursor of connector p"),
        (&["set", "a", "nothing", "--to", "{}"], "no stream"),
        (&["set", "b", "records", "--to", "{}"], "never read"),
        (&["reset", "a", "nothing"], "no cursor for stream"),
    ] {
        let out = site.run(&[&["cursors"], args].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(2) && said.contains(words), "{said}");
    }
}

/// Numbers 1, 2 and 4 are listed at first. Number 3 was given before 4 and is saved afterwards.
#[test]
fn a_number_that_is_saved_late_is_found() {
    let late = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&late);
    let platform = Platform::start(move |a| {
        let all: &[usize] = if seen.load(Relaxed) { &[1, 2, 3, 4, 5] } else { &[1, 2, 4] };
        let items: Vec<String> =
            all.iter().filter(|n| **n > a.number_param("after")).map(|n| record_json(*n)).collect();
        Answer::json(format!("{{\"items\":[{}]}}", items.join(",")))
    });
    let rule = "since = { by = \"counter\", param = \"after\", path = \"no\"";
    let site = Site::new(&platform, &Says { stream: &format!("{JSON}\n{rule} }}"), ..Says::default() });
    assert_eq!(site.sync(), (3, 3));
    late.store(true, Relaxed);
    assert_eq!((site.sync(), site.sync()), ((5, 2), (5, 0)));
    assert_eq!(site.read_cursor(), json!({ "since": "5" }));
    site.write_connector("p", &Says { stream: &format!("{JSON}\n{rule}, lookback = 2 }}"), ..Says::default() });
    assert_eq!(site.sync(), (2, 0));
    let asked: Vec<String> = platform.requests().iter().map(|a| a.param("after").to_owned()).collect();
    assert_eq!(asked, ["", "0", "0", "3"]);
}

/// A platform that has no filter for changes and lists the newest first is read only until a page is old.
#[test]
fn the_newest_first() {
    let old = (today() - chrono::Days::new(30)).to_string();
    let new = today().to_string();
    let platform = Platform::start(move |a| {
        let items: Vec<String> = (0..2)
            .map(|i| a.number_param("o") + i)
            .map(|n| record_of_course(n, "C-01", if n < 3 { &new } else { &old }))
            .filter(|_| a.number_param("o") < 10)
            .collect();
        Answer::json(format!("{{\"items\":[{}]}}", items.join(",")))
    });
    let stream = format!(
        "{JSON}\npage = {{ by = \"offset\", param = \"o\", size = 2 }}\nsince = {{ by = \"newest_first\", path = \"changed\" }}"
    );
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert_eq!(site.sync(), (10, 10));
    let before = platform.requests().len();
    assert_eq!(site.sync(), (6, 0));
    assert_eq!(platform.requests().len() - before, 3);
}

#[test]
fn a_cursor_of_an_earlier_version_is_read() {
    let platform = Platform::start(|a| {
        if a.param("from") == "2014-09-01" { page_of_records(0..2, "") } else { Answer::json(records_json(0..0)) }
    });
    let stream = format!(
        "{JSON}\npage = {{ by = \"token\", param = \"t\", next = \"next\", size = 2 }}\nsince = {{ by = \"moment\", param = \"from\" }}"
    );
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    let _ = site.run(&["sync", "--all"]);
    let earlier = "{\"page\":\"t2\",\"since\":\"2014-09-01\",\"began\":\"2014-09-11\"}";
    site.run_json(&["cursors", "set", "a", "records", "--to", earlier, "--json"]);
    assert_eq!(site.sync(), (2, 2));
    assert_eq!(site.read_cursor(), json!({ "since": "2014-09-10" }));
    assert_eq!(platform.requests().last().unwrap().param("t"), "t2");
}

/// A cursor that a person sets must be one that the stream can read.
#[test]
fn a_cursor_that_the_stream_cannot_read_is_refused() {
    let platform = Platform::start(|_| page_of_records(0..1, ""));
    let day = "since = { by = \"moment\", param = \"from\" }\npage = { by = \"number\", size = 3 }";
    let number = "since = { by = \"counter\", param = \"after\", path = \"no\" }";
    for (since, good, bad) in [
        (
            day,
            &["{\"since\":\"2014-09-01\"}", "{\"page\":\"2\"}"][..],
            &["{\"since\":\"abc\"}", "{\"page\":\"x\"}"][..],
        ),
        (number, &["{\"since\":\"17\"}"], &["{\"since\":\"2014-09-01\"}", "{\"partitions\":{\"class=1\":\"\"}}"]),
    ] {
        let site = Site::new(&platform, &Says { stream: &format!("{JSON}\n{since}"), ..Says::default() });
        site.sync();
        for text in good {
            site.run_json(&["cursors", "set", "a", "records", "--to", text, "--json"]);
        }
        for text in bad {
            let out = site.run(&["cursors", "set", "a", "records", "--to", text]);
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            assert!(out.status.code() == Some(2) && said.contains("is not a "), "{text}: {said}");
        }
    }
}

#[test]
fn days_that_end_before_they_begin_are_refused() {
    let platform = Platform::start(|_| page_of_records(0..1, ""));
    let site = Site::new(&platform, &Says::default());
    let out = site.run(&["sync", "--all", "--since", "2014-10-02", "--until", "2014-10-01"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && said.contains("--since is later than --until"), "{said}");
    assert!(platform.requests().is_empty());
    assert!(site.run(&["sync", "--all", "--since", "2014-10-01", "--until", "2014-10-01"]).status.success());
}
