//! Answers that are not records, and the rate at which a platform may be asked.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Answer, HTTP, JSON, PASSWORD, Platform, Says, Site, page_of_records, records_json};
use crate::test_env::Services;

fn site_with_rules(platform: &Platform, rules: &str) -> Site {
    let transport = format!("kind = \"http\"\nanswers = [{rules}]");
    Site::new(platform, &Says { transport: &transport, ..Says::default() })
}

/// Starts a platform that gives `answer` `times` times before it gives records.
fn records_after(times: usize, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Platform {
    let count = AtomicUsize::new(0);
    Platform::start(
        move |_| if count.fetch_add(1, Ordering::SeqCst) < times { answer() } else { page_of_records(0..3, "") },
    )
}

#[test]
fn what_may_pass_is_asked_again() {
    // Recognised by status, by a JSON path, by text, by status and text, and by the default rules.
    for (rule, answer) in [
        (r#"{ status = [418], taken = "retry" }"#, Answer::new(418, "")),
        (r#"{ path = "code", is = ["-1", "17"], taken = "retry" }"#, Answer::json(r#"{"code":17}"#)),
        (r#"{ contains = "系统繁忙", taken = "retry" }"#, Answer::json(r#"{"message":"系统繁忙，请稍后"}"#)),
        (r#"{ status = [400], contains = "busy", taken = "retry" }"#, Answer::new(400, "busy")),
        ("", Answer::new(503, "")),
    ] {
        let platform = records_after(2, move || answer.clone());
        assert_eq!(site_with_rules(&platform, rule).sync(), (3, 3), "{rule}");
        assert_eq!(platform.requests().len(), 3, "{rule}");
    }
}

#[test]
fn an_error_that_stays_fails_at_once_and_says_so() {
    for (rule, answer, words) in [
        (
            r#"{ path = "code", is = ["500"], taken = "fail" }"#,
            Answer::json(r#"{"code":500}"#),
            "treats as a permanent error",
        ),
        (r#"{ status = [503], taken = "fail" }"#, Answer::new(503, ""), "treats as a permanent error"),
        ("", Answer::new(404, ""), "answered 404"),
        ("", Answer::new(403, ""), "rejects the user and password"),
        (
            "",
            Answer::new(302, "").with_header("location", "https://elsewhere.example/x"),
            "redirects to elsewhere.example",
        ),
    ] {
        let platform = records_after(9, move || answer.clone());
        let said = site_with_rules(&platform, rule).sync_expecting_failure();
        assert!(said.contains(words), "{said}");
        assert_eq!(platform.requests().len(), 1, "{rule}");
    }
}

#[test]
fn no_records_can_be_no_error() {
    let platform = records_after(1, || Answer::new(404, "no changes"));
    let site = site_with_rules(&platform, r#"{ status = [404], contains = "no changes", taken = "empty" }"#);
    assert_eq!((site.sync(), site.sync()), ((0, 0), (3, 3)));
}

#[test]
fn the_platform_says_how_long_to_wait() {
    let soon = || (chrono::Utc::now() + chrono::Duration::seconds(3)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let (seconds, date, header) = (
        records_after(1, || Answer::new(429, "").with_header("retry-after", "2")),
        records_after(1, move || Answer::new(503, "").with_header("retry-after", &soon())),
        records_after(1, || Answer::json(r#"{"code":42}"#).with_header("x-wait", "2")),
    );
    let rule = r#"{ path = "code", is = ["42"], taken = "wait", wait_header = "x-wait" }"#;
    for (platform, rule) in [(&seconds, ""), (&date, ""), (&header, rule)] {
        assert_eq!(site_with_rules(platform, rule).sync(), (3, 3), "{rule}");
        let asked = platform.requests();
        let waited = asked[1].at - asked[0].at;
        assert!(waited > Duration::from_millis(1_900) && waited < Duration::from_secs(6), "{rule}: {waited:?}");
    }
}

/// Two processes read two sources of one platform. Together they keep to its budget, by the database's clock.
fn check_budget(on: Services) {
    let platform =
        Platform::start(|a| page_of_records(a.number_param("o").min(12)..(a.number_param("o") + 1).min(12), ""));
    let transport = "kind = \"http\"\nbudget = { requests = 10, seconds = 1 }";
    let stream = format!("{JSON}\npage = {{ by = \"offset\", param = \"o\", size = 1 }}");
    let site = Site::with_database(on, &platform, &Says { transport, stream: &stream, map: "" });
    let source = |name: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nconnector = \"p\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\n",
            platform.url
        )
    };
    site.write_settings(&format!("{}{}", source("a"), source("b")));
    // The database exists before both processes begin.
    assert!(site.run(&["migrate"]).status.success());
    let began = Instant::now();
    let sync = |name: &str| site.command(&["sync", name, "--land-only"]).stdout(Stdio::null()).spawn().unwrap();
    for mut process in [sync("a"), sync("b")] {
        assert!(process.wait().unwrap().success());
    }
    let moments: Vec<Instant> = platform.requests().iter().map(|a| a.at).collect();
    assert_eq!(moments.len(), 26);
    assert!(began.elapsed() > Duration::from_millis(2_400), "26 requests took {:?}", began.elapsed());
    let mut sorted = moments;
    sorted.sort();
    // At most ten in any second, and two more because requests take time to arrive.
    let most = sorted
        .iter()
        .map(|from| sorted.iter().filter(|at| **at >= *from && **at - *from < Duration::from_secs(1)).count());
    assert!(most.max().unwrap() <= 12, "{sorted:?}");
}

#[test]
fn two_processes_share_a_budget() {
    check_budget(Services::Sqlite);
}

#[test]
fn two_processes_share_a_budget_on_postgresql() {
    check_budget(Services::Postgres);
}

#[test]
fn a_web_page_in_place_of_records_is_never_taken_for_them() {
    let platform = records_after(2, || Answer::new(200, "<html>").with_header("content-type", "Text/HTML"));
    let site = site_with_rules(&platform, "");
    assert_eq!(site.sync(), (3, 3));
    let platform = records_after(1, || Answer::json(&records_json(0..3).into_bytes()[..40]));
    assert_eq!(self::site_with_rules(&platform, "").sync(), (3, 3));
}

const TABLE: &str =
    "request = \"/list\"\nformat = { kind = \"workbook\", sheets = \"*\", layout = { header = [\"id\", \"idno\"] } }";

/// Returns a page as a reporting system writes it: spaces in its column names, in GB18030.
fn table_page() -> Answer {
    let cells =
        |tag: &str, texts: &[&str]| texts.iter().map(|text| format!("<{tag}>{text}</{tag}>")).collect::<String>();
    let header = cells("th", &["<b>i d</b>", "name", "idno", "course", "hours", "end", "v"]);
    let row = cells("td", &["R1", "王一", "22010219590911001X", "KC-1", "3", "2014-09-11", "1"]);
    let page = format!("<html><table><tr>{header}</tr><tr>{row}</tr></table></html>");
    Answer::new(200, encoding_rs::GB18030.encode(&page).0).with_header("content-type", "text/html; charset=gbk")
}

/// Returns an old-fashioned login page, laid out in a table of its own.
fn login_page() -> Answer {
    let page = "<html><form><table><tr><td>用户名<td><input></tr><tr><td>密码<td><input></tr></table></form></html>";
    Answer::new(200, page).with_header("content-type", "text/html")
}

#[test]
fn a_web_page_that_is_the_stream_s_table_is_taken_and_a_login_page_is_not() {
    let count = AtomicUsize::new(0);
    let platform =
        Platform::start(move |_| if count.fetch_add(1, Ordering::SeqCst) < 2 { login_page() } else { table_page() });
    let site = Site::new(&platform, &Says { stream: TABLE, ..Says::default() });
    assert_eq!(site.sync(), (1, 1));
    assert_eq!(platform.requests().len(), 3, "the login page was asked about again");
    let platform = Platform::start(|_| login_page());
    let site = Site::new(&platform, &Says { stream: TABLE, ..Says::default() });
    let said = site.sync_expecting_failure();
    assert!(said.contains("without the columns id, idno"), "{said}");
}

/// A platform that answers 200 with an error in place of the list, or refuses with a status, is quoted. What it repeats
/// of the request is not.
#[test]
fn the_platform_is_quoted() {
    let moodle =
        r#"{"exception":"moodle_exception","errorcode":"invalidtoken","message":"Invalid token - token not found"}"#;
    let nested = r#"{"error":{"code":7,"message":"接口已停用"}}"#;
    let echo = format!(r#"{{"code":3,"msg":"bad password {PASSWORD} of 22010219590911001X"}}"#);
    for (status, body, transport, items, words) in [
        (200, moodle, "", "", "the platform says: Invalid token - token not found"),
        (200, moodle, "", "items", "the platform says: Invalid token - token not found"),
        (404, nested, "", "items", "404 Not Found; check base_url"),
        (404, nested, "", "items", "the platform says: 接口已停用"),
        (
            200,
            &*echo,
            "answers = [{ path = \"code\", is = [\"3\"], taken = \"fail\" }]",
            "items",
            "the platform says: bad password ***",
        ),
    ] {
        let body = body.to_owned();
        let platform = Platform::start(move |_| Answer::json(body.clone()).with_status(status));
        let (transport, stream) = (
            format!("{HTTP}\n{transport}"),
            format!("request = \"/list\"\nformat = {{ kind = \"json\", items = \"{items}\" }}"),
        );
        let site = Site::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
        let said = site.sync_expecting_failure();
        assert!(said.contains(words) && !said.contains("22010219590911001X"), "{words}: {said}");
    }
}
