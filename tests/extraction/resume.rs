//! Passes that continue where an earlier run stopped, or may not: places that have expired, rows that moved meanwhile, and
//! cursors that a person set.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use serde_json::json;

use super::{Answer, HTTP, JSON, Platform, Says, Site, page_of_records, record_json};

const TOKENS: &str = "page = { by = \"token\", param = \"t\", next = \"next\", size = 3 }";

/// Starts a platform with 15 records, three to a page. While the day is 0, its third page answers 500. A token of
/// another day answers `expired`.
fn platform_of_days(day: &Arc<AtomicUsize>, expired: Answer) -> Platform {
    let day = Arc::clone(day);
    Platform::start(move |a| {
        let today = day.load(Relaxed);
        let (of, page) = match a.param("t").split_once('-') {
            Some((of, page)) => (of.parse().unwrap(), page.parse().unwrap()),
            None => (today, 0usize),
        };
        if of != today {
            return expired.clone();
        }
        if today == 0 && page == 2 {
            return Answer::new(400, "boom");
        }
        let next = if page < 4 { format!("\"{today}-{}\"", page + 1) } else { "null".into() };
        page_of_records(page * 3..page * 3 + 3, &format!("\"code\":0,\"next\":{next}"))
    })
}

/// The place of an earlier run is refused days later: the listing is read again from its beginning, once, and the run
/// says so.
#[test]
fn a_place_that_has_expired_starts_the_listing_again() {
    let rule = "answers = [{ path = \"code\", is = [\"7\"], taken = \"fail\" }]";
    for expired in [
        Answer::new(400, "{\"error\":\"cursor expired\"}"),
        Answer::new(404, ""),
        Answer::new(410, ""),
        Answer::json("{\"code\":7,\"message\":\"cursor expired\"}"),
    ] {
        let day = Arc::new(AtomicUsize::new(0));
        let platform = platform_of_days(&day, expired);
        let (transport, stream) = (format!("{HTTP}\n{rule}"), format!("{JSON}\n{TOKENS}"));
        let site = Site::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
        // In its own run, a page that is refused is a failure.
        site.sync_expecting_failure();
        assert_eq!((site.read_cursor()["page"].clone(), platform.requests().len()), (json!("0-2"), 3));
        day.store(1, Relaxed);
        assert_eq!(site.sync(), (15, 9));
        assert_eq!((site.read_cursor(), platform.requests().len()), (json!({}), 9));
        let runs = site.list_items(&["runs", "list", "--json"]);
        let notes = runs[0]["notes"].to_string();
        assert!(notes.contains("run.listing_restarted") && runs[1]["notes"] == json!([]), "{runs}");
        let told = String::from_utf8(site.run(&["runs", "list"]).stdout).unwrap();
        assert!(told.contains("records: read from the beginning of the listing again"), "{told}");
    }
}

/// A platform that refuses its first page too is asked once more, not forever.
#[test]
fn a_listing_is_started_again_only_once() {
    let day = Arc::new(AtomicUsize::new(0));
    let today = Arc::clone(&day);
    let platform = Platform::start(move |a| match (today.load(Relaxed), a.param("t")) {
        (0, "") => page_of_records(0..3, "\"next\":\"x\""),
        _ => Answer::new(404, ""),
    });
    let site = Site::new(&platform, &Says { stream: &format!("{JSON}\n{TOKENS}"), ..Says::default() });
    site.sync_expecting_failure();
    day.store(1, Relaxed);
    site.sync_expecting_failure();
    assert_eq!(platform.requests().len(), 4);
    assert_eq!(site.read_cursor()["page"], "x");
}

/// A row is deleted while the listing is read, so that the rows after it move up and one of them is on no page. The total
/// at the end is reached, but not the one that was told at the beginning. The next pass begins at the same place.
#[test]
fn a_row_that_moved_over_a_border_is_noticed() {
    let by_number = "by = \"number\", param = \"p\"";
    let by_offset = "by = \"offset\", param = \"o\"";
    // Rows before the pass; rows once a page was read; what is wrong then.
    let (all, one_less): (Vec<usize>, Vec<usize>) = ((0..7).collect(), (1..7).collect());
    let one_more: Vec<usize> = [9].into_iter().chain(0..7).collect();
    let both: Vec<usize> = [9].into_iter().chain(0..4).chain(5..7).collect();
    for (later, words) in [
        (&all, None),
        (&one_less, Some("6 records received, but the platform counts 7")),
        (&one_more, None),
        (&both, Some("6 records received, but the platform counts 7")),
    ] {
        for by in [by_number, by_offset] {
            let pass = Arc::new(AtomicUsize::new(0));
            let (count, before, after) = (Arc::clone(&pass), all.clone(), later.clone());
            let platform = Platform::start(move |a| {
                let start = a.number_param("o").max(a.number_param("p").saturating_sub(1) * 3);
                let rows = if count.fetch_add(1, Relaxed) == 0 { &before } else { &after };
                let items: Vec<String> = rows.iter().skip(start).take(3).map(|n| record_json(*n)).collect();
                Answer::json(format!("{{\"items\":[{}],\"total\":{}}}", items.join(","), rows.len()))
            });
            let since = "since = { by = \"moment\", param = \"from\" }";
            let stream = format!("{JSON}\npage = {{ {by}, size = 3, total = \"total\" }}\n{since}");
            let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
            let Some(words) = words else {
                site.sync();
                continue;
            };
            let said = site.sync_expecting_failure();
            assert!(said.contains(words), "{by} {later:?}: {said}");
            assert!(site.read_cursor()["since"].is_null(), "{by}");
            // Now nothing moves, and the row comes.
            assert_eq!(site.sync().0, later.len() as i64);
            assert!(site.read_cursor()["since"].is_string(), "{by}");
        }
    }
}

/// A reader was put to sleep until its lease expired, and a person set the cursor. When it wakes up, it lands nothing.
#[test]
fn a_reader_that_was_asleep_does_not_overwrite_a_cursor_that_a_person_set() {
    let asleep = Arc::new(AtomicUsize::new(1));
    let held = Arc::clone(&asleep);
    let platform = Platform::start(move |a| {
        while a.param("t") == "1" && held.load(Relaxed) == 1 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let page = a.number_param("t");
        page_of_records(page * 3..page * 3 + 3, &format!("\"next\":{}", if page < 2 { page + 1 } else { 0 }))
    });
    let stream = format!("{JSON}\n{}", TOKENS.replace("size = 3", "size = 3, end = [\"0\"]"));
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    let mut reader = site.command(&["sync", "--all"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while platform.requests().len() < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = i32::try_from(reader.id()).unwrap();
    // SAFETY: a signal to a child of this test.
    let signal = |number| assert_eq!(unsafe { libc::kill(pid, number) }, 0);
    // A process that is put to sleep in the middle of a write keeps the lock of SQLite, and nobody could set a cursor.
    signal(libc::SIGSTOP);
    while site.house.is_locked() {
        signal(libc::SIGCONT);
        std::thread::sleep(Duration::from_millis(20));
        signal(libc::SIGSTOP);
    }
    site.house.run_sql("UPDATE schedule SET lease_until = 1");
    site.run_json(&["cursors", "set", "a", "records", "--to", "{\"page\":\"2\"}", "--because", "a test", "--json"]);
    asleep.store(0, Relaxed);
    signal(libc::SIGCONT);
    let mut said = String::new();
    reader.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((reader.wait().unwrap().code(), site.read_cursor()), (Some(1), json!({ "page": "2" })), "{said}");
    // The next pass begins where the person said.
    assert_eq!(site.sync(), (3, 3));
    assert_eq!(platform.requests().last().unwrap().param("t"), "2");
}
