//! Fan-out: fixed lists, the records of another listing with their fields, and both together. Each partition has a
//! cursor of its own, and its values are available to deliveries and visible to people.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Answer, Platform, Says, SeenRequest, Site, page_of_records, record_of_course};
use crate::test_env::Services;

/// Starts a platform with classes 9, 10 and "x". Classes 9 and 10 have that many records, "x" has one.
fn class_platform() -> Platform {
    Platform::start(|a| {
        if a.path == "/classes" {
            let class = |id: &str, course: &str| format!(r#"{{"id":{id},"c":{{"code":"{course}"}}}}"#);
            let all = [class("10", "C-02"), class("\"x\"", "C-03"), class("9", "C-01")];
            return Answer::json(format!("{{\"rows\":[{}]}}", all.join(",")));
        }
        let Some(class) = a.path.strip_prefix("/classes/").and_then(|p| p.strip_suffix("/records")) else {
            return Answer::new(404, "");
        };
        let (first, count) = match class {
            "9" => (0, 9),
            "10" => (100, 10),
            _ => (200, 1),
        };
        let term: usize = a.param("term").trim_start_matches('t').parse().unwrap_or(0) * 1_000;
        let after = if a.param("after").is_empty() { 0 } else { a.number_param("after") + 1 };
        let all = (0..count).map(|n| term + first + n).filter(|n| *n >= after);
        let items: Vec<String> =
            all.skip(a.number_param("o")).take(4).map(|n| record_of_course(n, "", "2014-09-11")).collect();
        Answer::json(format!("{{\"items\":[{}]}}", items.join(",")))
    })
}

const PARENT: &str = r#"{ from = "parent", name = "class", request = "/classes", items = "rows", fields = { id = "id", course = "c.code" } }"#;

fn stream_toml(each: &str, more: &str) -> String {
    format!(
        "request = {{ path = \"/classes/${{each.class.id}}/records\"{more} }}\nformat = {{ kind = \"json\", items = \"items\" }}\n\
         page = {{ by = \"offset\", param = \"o\", size = 4 }}\neach = [{each}]"
    )
}

fn check_parent_records(on: Services) {
    let platform = class_platform();
    let stream = stream_toml(PARENT, "");
    let says = Says { stream: &stream, map: "course_code = { path = \"$each.class.course\" }", ..Says::default() };
    let site = Site::with_database(on, &platform, &says);
    assert_eq!(site.sync(), (20, 20));
    // Numeric ids are in numeric order, and the parent listing is requested once.
    let mut read: Vec<String> = platform.requests().iter().map(|a| a.path.clone()).collect();
    read.dedup();
    assert_eq!(read, ["/classes", "/classes/9/records", "/classes/10/records", "/classes/x/records"]);
    // The parent's fields are in the records, and the class is in the address that people see.
    let courses = "SELECT count(*) FROM training_record_readable WHERE course_code = ";
    let count = |code: &str| site.house.run_sql(&format!("{courses}'{code}'"));
    assert_eq!((count("C-01"), count("C-02"), count("C-03")), (9, 10, 1));
    let place = "SELECT count(*) FROM payload WHERE address = '/classes/10/records page 4 (class=10)'";
    assert_eq!(site.house.run_sql(place), 1);
    // Cursors can be set and reset on either database.
    site.run_json(&["cursors", "set", "a", "records", "--to", "{\"since\":\"2014-09-01\"}", "--json"]);
    assert_eq!(site.read_cursor(), json!({ "since": "2014-09-01" }));
    site.run_json(&["cursors", "reset", "a", "records", "--json"]);
    assert_eq!((site.read_cursor(), site.sync()), (json!(null), (20, 0)));
}

#[test]
fn each_record_of_a_parent() {
    check_parent_records(Services::Sqlite);
}

#[test]
fn each_record_of_a_parent_on_postgresql() {
    check_parent_records(Services::Postgres);
}

#[test]
fn a_list_and_a_parent_together() {
    let platform = class_platform();
    let both = format!("{{ from = \"list\", name = \"term\", values = [\"t2\", \"t1\"] }}, {PARENT}");
    let stream = stream_toml(&both, ", query = { term = \"${each.term}\" }");
    let map = "course_code = { path = \"$each.class.course\" }\nproject_code = { path = \"$each.term\" }";
    let site = Site::new(&platform, &Says { stream: &stream, map, ..Says::default() });
    assert_eq!(site.sync(), (40, 40));
    let terms: Vec<String> =
        platform.requests().iter().map(|a| a.param("term").to_owned()).filter(|t| !t.is_empty()).collect();
    assert!(terms.windows(2).all(|pair| pair[0] >= pair[1]), "{terms:?}");
    let place = "SELECT count(*) FROM payload WHERE address = '/classes/x/records page first (term=t1, class=x)'";
    assert_eq!(site.house.run_sql(place), 1);
}

#[test]
fn each_partition_has_a_cursor_of_its_own() {
    let platform = class_platform();
    let stream = format!(
        "{}\nsince = {{ by = \"counter\", param = \"after\", path = \"no\", lookback = 0 }}",
        stream_toml(PARENT, "")
    );
    let says = Says { stream: &stream, map: "course_code = { path = \"$each.class.course\" }", ..Says::default() };
    let site = Site::new(&platform, &says);
    assert_eq!((site.sync(), site.sync()), ((20, 20), (0, 0)));
    assert_eq!(site.read_cursor(), json!({ "partitions": { "class=9": "8", "class=10": "109", "class=x": "200" } }));
    // A partition that is not in the cursor is read from the beginning.
    let fewer = r#"{"partitions":{"class=9":"6","class=10":"109"}}"#;
    site.run_json(&["cursors", "set", "a", "records", "--to", fewer, "--json"]);
    assert_eq!(site.sync(), (3, 0));
}

/// A class that failed and no longer exists is in the cursor: the pass continues after it, or starts again if none is
/// left.
#[test]
fn a_partition_that_is_gone_holds_nothing_up() {
    for left in [vec![1, 2, 3], vec![1, 2, 3, 5], vec![]] {
        let state = Arc::new(Mutex::new((vec![1usize, 2, 3, 4], 0)));
        let seen = Arc::clone(&state);
        let platform = Platform::start(move |a| {
            let (classes, more) = seen.lock().unwrap().clone();
            if a.path == "/classes" {
                let all: Vec<String> =
                    classes.iter().map(|id| format!("{{\"id\":{id},\"c\":{{\"code\":\"C\"}}}}")).collect();
                return Answer::json(format!("{{\"rows\":[{}]}}", all.join(",")));
            }
            let class = a.path.trim_start_matches("/classes/").trim_end_matches("/records").parse().unwrap_or(0usize);
            if class == 4 { Answer::new(404, "") } else { page_of_records(class * 10..class * 10 + 1 + more, "") }
        });
        let stream = stream_toml(PARENT, "");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        site.sync_expecting_failure();
        assert_eq!(site.read_cursor()["partition"], json!(["4"]));
        *state.lock().unwrap() = (left.clone(), 1);
        // The classes after it are read, and nothing else in this pass.
        let behind = usize::from(left.contains(&5)) as i64 * 2;
        assert_eq!((site.sync(), site.read_cursor()), ((behind, behind), json!({})), "{left:?}");
        let all = left.len() as i64 * 2;
        assert_eq!(site.sync(), (all, left.iter().filter(|class| **class < 4).count() as i64), "{left:?}");
    }
}

/// If one step of one partition gives fewer records than the platform counts, that partition is read again from its old
/// cursor.
#[test]
fn a_partition_that_came_short_is_read_again() {
    let honest = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&honest);
    let platform = Platform::start(move |a| {
        let first = usize::from(a.path == "/b") * 100 + usize::from(a.param("from") > "2015") * 10;
        let records = if a.number_param("p") == 1 { first..first + 2 } else { 0..0 };
        let total = if first == 100 && !told.load(Relaxed) { 5 } else { 2 };
        page_of_records(records, &format!("\"total\":{total}"))
    });
    let stream = "request = \"/${each.c}\"\nformat = { kind = \"json\", items = \"items\" }\n\
                  each = [{ from = \"list\", name = \"c\", values = [\"a\", \"b\"] }]\n\
                  page = { by = \"number\", param = \"p\", size = 3, total = \"total\" }\n\
                  since = { by = \"moment\", param = \"from\", step_days = 3650, begin = 2010-01-01 }";
    let site = Site::new(&platform, &Says { stream, ..Says::default() });
    let said = site.sync_expecting_failure();
    assert!(said.contains("records: 2 records received, but the platform counts 5"), "{said}");
    let held = site.read_cursor();
    assert!(held["partitions"]["c=a"].is_string() && held["partitions"]["c=b"].is_null(), "{held}");
    assert_eq!(held["short"], json!({ "received": 2, "total": 5 }));
    honest.store(true, Relaxed);
    site.sync();
    let held = site.read_cursor();
    assert!(held["partitions"]["c=b"].is_string() && held["short"].is_null(), "{held}");
}

/// A dead letter of a partition is replayed with the values of its request.
#[test]
fn values_are_there_when_a_dead_letter_is_replayed() {
    let platform = class_platform();
    let stream = stream_toml(PARENT, "");
    let wrong = Says { stream: &stream, map: "course_code = { path = \"nothing\" }", ..Says::default() };
    let right = Says { stream: &stream, map: "course_code = { path = \"$each.class.course\" }", ..Says::default() };
    let site = Site::new(&platform, &wrong);
    let pass = site.run_json(&["sync", "--all", "--json"]);
    assert_eq!(pass["balance"]["parked"], 20, "{pass}");
    site.write_connector("p", &right);
    let plan = site.run_json(&["replay", "plan", "--json"]);
    let id = plan["replay"].as_i64().unwrap().to_string();
    site.run_json(&["replay", "apply", &id, "--json"]);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record_readable WHERE course_code = 'C-02'"), 10);
}

/// Starts a platform with 25 classes, ten to a page, and one record in each. `beside` adds to the page that begins
/// after so many classes.
fn platform_with_pages(beside: impl Fn(&SeenRequest, usize, Answer) -> Answer + Send + Sync + 'static) -> Platform {
    Platform::start(move |a| {
        if a.path == "/classes" {
            let start = a.number_param("o").max(a.number_param("p").saturating_sub(1) * 10);
            let all: Vec<String> = (start..(start + 10).min(25)).map(|n| format!("{{\"id\":{n}}}")).collect();
            return beside(a, start, Answer::json(format!("{{\"code\":0,\"rows\":[{}]}}", all.join(","))));
        }
        let class: usize = a.path.trim_start_matches("/classes/").trim_end_matches("/records").parse().unwrap();
        page_of_records(class * 10..class * 10 + usize::from(a.number_param("o") == 0), "")
    })
}

fn paged_parent(more: &str) -> String {
    let parent = format!(
        "{{ from = \"parent\", name = \"class\", request = \"/classes\", items = \"rows\", fields = {{ id = \"id\" }}{more} }}"
    );
    stream_toml(&parent, "")
}

fn with_text(mut answer: Answer, text: &str) -> Answer {
    answer.body.pop();
    answer.body.extend(format!(",{text}}}").into_bytes());
    answer
}

#[test]
fn a_listing_of_parents_is_read_page_by_page() {
    let link = |_: &SeenRequest, start: usize, answer: Answer| match start {
        0 | 10 => answer.with_header("link", &format!("</classes?o={}>; rel=\"next\"", start + 10)),
        _ => answer,
    };
    let plain = |_: &SeenRequest, _: usize, answer: Answer| answer;
    let total = |_: &SeenRequest, _: usize, answer: Answer| with_text(answer, "\"total\":25");
    let more = |_: &SeenRequest, start: usize, answer: Answer| with_text(answer, &format!("\"more\":{}", start < 20));
    type Beside = Box<dyn Fn(&SeenRequest, usize, Answer) -> Answer + Send + Sync>;
    let ways: [(&str, Beside, usize); 5] = [
        ("by = \"link\", size = 10", Box::new(link), 3),
        ("by = \"number\", param = \"p\", size = 100", Box::new(plain), 4),
        ("by = \"offset\", param = \"o\", size = 100", Box::new(plain), 4),
        ("by = \"offset\", param = \"o\", size = 100, total = \"total\"", Box::new(total), 3),
        ("by = \"number\", param = \"p\", size = 10, has_more = \"more\"", Box::new(more), 3),
    ];
    for (page, beside, requests) in ways {
        let platform = platform_with_pages(beside);
        let ok = ", ok_path = \"code\", ok_value = \"0\"";
        let stream = paged_parent(&format!(", page = {{ {page} }}{ok}"));
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        assert_eq!((site.sync(), platform.requests_for("/classes").len()), ((25, 25), requests), "{page}");
    }
}

/// Fewer parents than there are would mean fewer records, so nothing is read then.
#[test]
fn a_listing_of_parents_that_is_not_whole_ends_the_pass() {
    let link = |_: &SeenRequest, _: usize, answer: Answer| answer.with_header("link", "</classes?o=10>; rel=\"next\"");
    let flag = |_: &SeenRequest, _: usize, answer: Answer| with_text(answer, "\"hasMore\":true");
    let token = |_: &SeenRequest, _: usize, answer: Answer| with_text(answer, "\"next_cursor\":\"b2s\"");
    let count = |_: &SeenRequest, _: usize, answer: Answer| answer.with_header("x-total-count", "25");
    let total = |_: &SeenRequest, _: usize, answer: Answer| with_text(answer, "\"total\":26");
    let refused =
        |_: &SeenRequest, _: usize, answer: Answer| Answer { body: b"{\"code\":7,\"rows\":[]}".to_vec(), ..answer };
    type Beside = Box<dyn Fn(&SeenRequest, usize, Answer) -> Answer + Send + Sync>;
    let ways: [(&str, Beside, &str); 6] = [
        ("", Box::new(link), "class has more pages, as Link of the answer says"),
        ("", Box::new(flag), "class has more pages, as hasMore of the answer says"),
        ("", Box::new(token), "class has more pages, as next_cursor of the answer says"),
        ("", Box::new(count), "class has more pages, as X-Total-Count of the answer says"),
        (
            ", page = { by = \"number\", param = \"p\", size = 10, total = \"total\" }",
            Box::new(total),
            "class: 25 items of the listing received, but the platform counts 26",
        ),
        (", ok_path = \"code\", ok_value = \"0\"", Box::new(refused), "code"),
    ];
    for (more, beside, words) in ways {
        let platform = platform_with_pages(beside);
        let site = Site::new(&platform, &Says { stream: &paged_parent(more), ..Says::default() });
        let said = site.sync_expecting_failure();
        assert!(said.contains(words), "{more}: {said}");
        assert!(platform.requests().iter().all(|a| a.path == "/classes"), "{more}");
    }
}

#[test]
fn a_fan_out_that_is_too_wide_is_refused() {
    let platform = Platform::start(|_| {
        let all: Vec<String> = (0..10_001).map(|n| format!("{{\"id\":{n}}}")).collect();
        Answer::json(format!("{{\"rows\":[{}]}}", all.join(",")))
    });
    let each = r#"{ from = "parent", name = "class", request = "/classes", items = "rows", fields = { id = "id" } }"#;
    let site = Site::new(&platform, &Says { stream: &stream_toml(each, ""), ..Says::default() });
    assert!(site.sync_expecting_failure().contains("more than 10,000"));
    assert_eq!(platform.requests().len(), 1);
}
