//! From page to page, in every way, and never in a circle.

use super::{Answer, Asked, Desk, HTTP, JSON, PASSWORD, Platform, Says, page};

/// Reads seven records in pages of three, each of them once.
fn walks(paging: &str, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> usize {
    let platform = Platform::start(answer);
    let stream = format!("{JSON}\npage = {{ {paging} }}");
    let desk = Desk::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert_eq!(desk.sync(), (7, 7), "{paging}: {:?}", platform.asked().iter().map(|a| &a.query).collect::<Vec<_>>());
    platform.asked().len()
}

/// The page that begins after so many records.
fn from(start: usize, more: &str) -> Answer {
    page(start.min(7)..(start + 3).min(7), more)
}

#[test]
fn one_answer_is_all() {
    assert_eq!(walks("by = \"none\"", |_| page(0..7, "")), 1);
}

#[test]
fn numbers_from_one_and_from_zero() {
    let sized = |asked: &Asked| asked.param("size") == "3";
    let by = "by = \"number\", param = \"p\", size_param = \"size\", size = 3";
    assert_eq!(walks(by, move |a| if sized(a) { from((a.number("p") - 1) * 3, "") } else { Answer::new(400, "") }), 3);
    assert_eq!(walks(&format!("{by}, first = 0"), |a| from(a.number("p") * 3, "")), 3);
}

/// A platform that gives fewer per page than it was asked for is walked to its end all the same.
#[test]
fn a_total_ends_a_listing_of_smaller_pages() {
    let by = "by = \"number\", param = \"p\", size = 100, total = \"total\"";
    assert_eq!(walks(by, |a| from((a.number("p") - 1) * 3, "\"total\":7")), 3);
    let by = "by = \"number\", param = \"p\", size = 100, has_more = \"more\"";
    assert_eq!(walks(by, |a| from((a.number("p") - 1) * 3, &format!("\"more\":{}", a.number("p") < 3))), 3);
    let by = "by = \"offset\", param = \"o\", size = 100, total = \"total\"";
    assert_eq!(walks(by, |a| from(a.number("o"), "\"total\":\"7\"")), 3);
}

#[test]
fn offsets() {
    let by = "by = \"offset\", param = \"o\", size_param = \"n\", size = 3";
    assert_eq!(walks(by, |a| from(a.number("o"), "")), 3);
}

#[test]
fn tokens_in_the_body_and_in_a_header() {
    let token = |a: &Asked| a.param("t").trim_start_matches('t').parse::<usize>().unwrap_or(0);
    let by = "by = \"token\", param = \"t\", next = \"next\", size = 3";
    let next = |n: usize| if n < 2 { format!("\"next\":\"t{}\"", n + 1) } else { "\"next\":\"\"".into() };
    assert_eq!(walks(by, move |a| from(token(a) * 3, &next(token(a)))), 3);
    let by = "by = \"token\", param = \"t\", next_header = \"X-Next\", size = 3";
    let next = |n: usize| if n < 2 { format!("t{}", n + 1) } else { String::new() };
    assert_eq!(walks(by, move |a| from(token(a) * 3, "").with("x-next", &next(token(a)))), 3);
}

#[test]
fn links_in_the_body_and_in_the_header() {
    let by = "by = \"link\", next = \"more\", size = 3";
    let next = |n: usize| if n < 2 { format!("\"more\":\"/list?p={}&key=1\"", n + 1) } else { "\"more\":null".into() };
    assert_eq!(walks(by, move |a| from(a.number("p") * 3, &next(a.number("p")))), 3);
    let by = "by = \"link\", size = 3";
    assert_eq!(
        walks(by, |a| {
            let link = format!("</list?p=0>; rel=\"first\", <?p={}&q=a,b>; rel=\"next\"", a.number("p") + 1);
            let last = a.number("p") == 2;
            let answer = from(a.number("p") * 3, "");
            if last { answer.with("link", "</list>; rel=\"first\"") } else { answer.with("link", &link) }
        }),
        3
    );
}

#[test]
fn the_last_record_leads_on() {
    let by = "by = \"last_record\", param = \"after\", path = \"no\", size = 3";
    let after = |a: &Asked| if a.param("after").is_empty() { 0 } else { a.number("after") + 1 };
    assert_eq!(walks(by, move |a| from(after(a), "")), 3);
}

/// Circles of one, two and many pages; and a platform that gives the same page whatever it is asked.
#[test]
fn a_page_that_comes_twice_ends_the_pass_with_an_error() {
    for (length, most) in [(1, 2), (2, 3), (40, 130)] {
        let by = "by = \"token\", param = \"t\", next = \"next\", size = 1";
        let platform = Platform::start(move |a| {
            let n = a.number("t");
            page(n..n + 1, &format!("\"next\":\"{}\"", (n + 1) % length))
        });
        let stream = format!("{JSON}\npage = {{ {by} }}");
        let desk = Desk::new(&platform, &Says { stream: &stream, ..Says::default() });
        let said = desk.fail();
        assert!(said.contains("leads back to the same page") || said.contains("pages that came before"), "{said}");
        assert!(platform.asked().len() <= most, "{length}: asked {} times", platform.asked().len());
        let held = desk.json(&["balance", "--json"]);
        assert_eq!(held["balanced"], true, "{held}");
        // It stays so after a break: the cursor remembers.
        assert!(desk.fail().contains("page"), "{length}");
        assert!(platform.asked().len() <= most + 2, "{length}");
    }
    let platform = Platform::start(|_| page(0..3, ""));
    let stream = format!("{JSON}\npage = {{ by = \"offset\", param = \"o\", size = 3 }}");
    let desk = Desk::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert!(desk.fail().contains("pages that came before"));
    assert_eq!(platform.asked().len(), 2);
}

/// A key in a query is in no cursor and no address, though the platform's links repeat it.
#[test]
fn a_key_that_links_repeat_is_not_kept() {
    let platform = Platform::start(|a| {
        if a.param("key") != PASSWORD || a.query.iter().filter(|(n, _)| n == "key").count() != 1 {
            return Answer::new(401, "");
        }
        let n = a.number("p");
        let more = if n < 2 { format!("\"more\":\"/list?p={}&key={PASSWORD}\"", n + 1) } else { String::new() };
        from(n * 3, &more)
    });
    let transport = format!("{HTTP}\nauth = {{ kind = \"api_key\", carrier = \"query\", name = \"key\" }}");
    let stream = format!("{JSON}\npage = {{ by = \"link\", next = \"more\", size = 3 }}");
    let desk = Desk::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
    assert_eq!(desk.sync(), (7, 7));
    let told = desk.house.sql(&format!(
        "SELECT (SELECT count(*) FROM payload WHERE address LIKE '%{PASSWORD}%')
              + (SELECT count(*) FROM sync_run_cursor WHERE at_end LIKE '%{PASSWORD}%')"
    ));
    assert_eq!(told, 0);
}
