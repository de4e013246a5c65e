//! Every kind of paging, which must never run in a circle.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Answer, HTTP, JSON, PASSWORD, Platform, Says, SeenRequest, Site, page_of_records};

/// Reads seven records in pages of three, each of them once, and returns the number of requests.
fn read_all_pages(paging: &str, answer: impl Fn(&SeenRequest) -> Answer + Send + Sync + 'static) -> usize {
    let platform = Platform::start(answer);
    let stream = format!("{JSON}\npage = {{ {paging} }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert_eq!(site.sync(), (7, 7), "{paging}: {:?}", platform.requests().iter().map(|a| &a.query).collect::<Vec<_>>());
    platform.requests().len()
}

/// Returns the page that begins after `start` records.
fn page_from(start: usize, more: &str) -> Answer {
    page_of_records(start.min(7)..(start + 3).min(7), more)
}

#[test]
fn one_answer_is_all() {
    assert_eq!(read_all_pages("by = \"none\"", |_| page_of_records(0..7, "")), 1);
}

#[test]
fn numbers_from_one_and_from_zero() {
    let sized = |asked: &SeenRequest| asked.param("size") == "3";
    let by = "by = \"number\", param = \"p\", size_param = \"size\", size = 3";
    assert_eq!(
        read_all_pages(by, move |a| if sized(a) {
            page_from((a.number_param("p") - 1) * 3, "")
        } else {
            Answer::new(400, "")
        }),
        4
    );
    assert_eq!(read_all_pages(&format!("{by}, first = 0"), |a| page_from(a.number_param("p") * 3, "")), 4);
}

/// A platform that gives fewer records per page than requested is still read to the end.
#[test]
fn a_total_ends_a_listing_of_smaller_pages() {
    let by = "by = \"number\", param = \"p\", size = 100, total = \"total\"";
    assert_eq!(read_all_pages(by, |a| page_from((a.number_param("p") - 1) * 3, "\"total\":7")), 3);
    let by = "by = \"number\", param = \"p\", size = 100, has_more = \"more\"";
    assert_eq!(
        read_all_pages(by, |a| page_from(
            (a.number_param("p") - 1) * 3,
            &format!("\"more\":{}", a.number_param("p") < 3)
        )),
        3
    );
    let by = "by = \"offset\", param = \"o\", size = 100, total = \"total\"";
    assert_eq!(read_all_pages(by, |a| page_from(a.number_param("o"), "\"total\":\"7\"")), 3);
    let more = |start: usize| page_from(start, &format!("\"more\":{}", start + 3 < 7));
    let by = "by = \"offset\", param = \"o\", size = 100, has_more = \"more\"";
    assert_eq!(read_all_pages(by, move |a| more(a.number_param("o"))), 3);
    let by = "by = \"last_record\", param = \"after\", path = \"no\", size = 100, has_more = \"more\"";
    let after = |a: &SeenRequest| if a.param("after").is_empty() { 0 } else { a.number_param("after") + 1 };
    assert_eq!(read_all_pages(by, move |a| more(after(a))), 3);
}

/// An answer that is read as the whole listing, although it says that there is more.
#[test]
fn a_listing_with_more_pages_than_the_manifest_reads_is_refused() {
    for (more, sign) in [
        ("\"has_more\":true", "has_more"),
        ("\"next\":\"/list?p=2\"", "next"),
        ("\"@odata.nextLink\":\"http://h/list?p=2\"", "'@odata.nextLink'"),
        ("", "Link"),
        ("", "X-Total-Count"),
    ] {
        let platform = Platform::start(move |_| {
            let answer = page_of_records(0..3, more);
            match sign {
                "Link" => answer.with_header("link", "</list?p=2>; rel=\"next\""),
                "X-Total-Count" => answer.with_header("x-total-count", "4"),
                _ => answer,
            }
        });
        let site = Site::new(&platform, &Says::default());
        let said = site.sync_expecting_failure();
        assert!(said.contains(&format!("records has more pages, as {sign} of the answer says")), "{said}");
    }
    // What says that there is no more, or something else, harms nothing.
    for more in [
        "\"has_more\":false,\"next\":null,\"nextPage\":\"\",\"next_cursor\":\"-1\"",
        "\"more\":{\"a\":1},\"next\":0,\"hasNext\":0",
    ] {
        let answer = move |_: &SeenRequest| {
            let link = "</list?p=1>; rel=\"first\", </style.css>; rel=preload; as=style";
            page_of_records(0..7, more).with_header("link", link).with_header("x-total-count", "7")
        };
        assert_eq!(read_all_pages("by = \"none\"", answer), 1);
    }
}

/// On a terminal the total that the platform tells is told. Pages count from 1 also where the platform counts from 0.
#[test]
fn a_total_is_told_on_a_terminal_and_pages_count_from_one() {
    let platform = Platform::start(|asked| {
        std::thread::sleep(std::time::Duration::from_millis(600));
        page_from(asked.number_param("p") * 3, "\"total\":7")
    });
    let paging = "by = \"number\", param = \"p\", size = 3, first = 0, total = \"total\"";
    let stream = format!("{JSON}\npage = {{ {paging} }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    let seen = crate::terminal::shown_on_terminal(site.command(&["sync", "--all"]));
    for words in ["reading: 3 of 7 records · 1 page", "reading: 6 of 7 records · 2 pages", "settling"] {
        assert!(seen.contains(words), "{words:?} is not in {seen}");
    }
    // A rate has no decimals.
    let rates: Vec<&str> = seen.split("/s ·").filter_map(|before| before.rsplit(' ').next()).collect();
    assert!(rates.len() > 1, "{seen}");
    assert!(rates[..rates.len() - 1].iter().all(|rate| rate.parse::<u64>().is_ok()), "{seen}");
    for page in 1..=3 {
        let sql = format!("SELECT count(*) FROM payload WHERE address = '/list page {page}'");
        assert_eq!(site.house.run_sql(&sql), 1, "page {page}");
    }
}

#[test]
fn offsets() {
    let by = "by = \"offset\", param = \"o\", size_param = \"n\", size = 3";
    assert_eq!(read_all_pages(by, |a| page_from(a.number_param("o"), "")), 4);
}

/// The platform gives at most 100 of the 500 records that are asked for, 250 in all. A short page is no end; only an
/// empty page is, or the page size that the platform tells.
#[test]
fn a_platform_that_gives_fewer_per_page_is_read_to_the_end() {
    let capped = |start: usize| page_of_records(start.min(250)..(start + 100).min(250), "\"pageSize\":100");
    let after = |a: &SeenRequest| if a.param("after").is_empty() { 0 } else { a.number_param("after") + 1 };
    type Start = Box<dyn Fn(&SeenRequest) -> usize + Send + Sync>;
    for (by, requests) in [("", 4), ("actual_size = \"pageSize\",", 3)] {
        let ways: [(String, Start); 3] = [
            (format!("by = \"number\", param = \"p\", {by}"), Box::new(|a| (a.number_param("p") - 1) * 100)),
            (format!("by = \"offset\", param = \"o\", {by}"), Box::new(|a| a.number_param("o"))),
            (format!("by = \"last_record\", param = \"after\", path = \"no\", {by}"), Box::new(after)),
        ];
        for (paging, start) in ways {
            let platform = Platform::start(move |a| capped(start(a)));
            let stream = format!("{JSON}\npage = {{ {paging} size = 500 }}");
            let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
            assert_eq!((site.sync(), platform.requests().len()), ((250, 250), requests), "{paging}");
        }
    }
    // A page size that is missing is not guessed.
    let platform = Platform::start(|_| page_of_records(0..3, ""));
    let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"p\", size = 500, actual_size = \"pageSize\" }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert!(site.sync_expecting_failure().contains("no page size at pageSize"));
}

/// What an empty page moves by is the size of the platform's pages, not the size that was asked for.
#[test]
fn a_gap_in_smaller_pages_hides_nothing() {
    let holed = |start: usize| {
        let records = if start == 100 { 0..0 } else { start.min(250)..(start + 100).min(250) };
        page_of_records(records, "\"total\":250")
    };
    for (by, at) in [("number", "p"), ("offset", "o")] {
        let start =
            move |a: &SeenRequest| if at == "o" { a.number_param("o") } else { (a.number_param("p") - 1) * 100 };
        let platform = Platform::start(move |a| holed(start(a)));
        let stream = format!("{JSON}\npage = {{ by = \"{by}\", param = \"{at}\", size = 500, total = \"total\" }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        assert!(site.sync_expecting_failure().contains("150 records received, but the platform counts 250"), "{by}");
    }
}

/// After a page that was shorter than the others, the platform may say in its own way that there is no further page.
/// After pages that are all as large as the first, an error is an error.
#[test]
fn what_follows_a_short_page_may_be_refused() {
    type Behind = fn() -> Answer;
    let behind: [Behind; 4] = [
        || Answer::new(404, "no such page"),
        || Answer::json("{\"items\":null}"),
        || page_of_records(200..250, ""),
        || page_of_records(200..250, "\"now\":1"),
    ];
    for (nth, behind) in behind.into_iter().enumerate() {
        for (first, all) in [(0, 250), (200, 50)] {
            let platform = Platform::start(move |a| {
                let start = (a.number_param("p") - 1) * 100 + first;
                if start < 250 { page_of_records(start..(start + 100).min(250), "") } else { behind() }
            });
            let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"p\", size = 500 }}");
            let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
            assert_eq!(site.sync(), (all, all), "{nth}, {first}");
        }
    }
    let platform = Platform::start(|a| match a.number_param("p") {
        p @ (1 | 2) => page_of_records((p - 1) * 100..p * 100, ""),
        _ => Answer::new(400, "the result window is too large"),
    });
    let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"p\", size = 500 }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    let said = site.sync_expecting_failure();
    assert!(said.contains("400") && said.contains("page 3"), "{said}");
}

#[test]
fn tokens_in_the_body_and_in_a_header() {
    let token = |a: &SeenRequest| a.param("t").trim_start_matches('t').parse::<usize>().unwrap_or(0);
    let by = "by = \"token\", param = \"t\", next = \"next\", size = 3";
    for end in ["\"\"", "null", "false"] {
        let next = move |n: usize| if n < 2 { format!("\"next\":\"t{}\"", n + 1) } else { format!("\"next\":{end}") };
        assert_eq!(read_all_pages(by, move |a| page_from(token(a) * 3, &next(token(a)))), 3);
    }
    let by = "by = \"token\", param = \"t\", next_header = \"X-Next\", size = 3";
    let next = |n: usize| if n < 2 { format!("t{}", n + 1) } else { String::new() };
    assert_eq!(read_all_pages(by, move |a| page_from(token(a) * 3, "").with_header("x-next", &next(token(a)))), 3);
}

/// Some platforms always give a token, and say the end by a flag or by a token of its own.
#[test]
fn tokens_that_never_run_out() {
    let token = |a: &SeenRequest| a.param("t").trim_start_matches('t').parse::<usize>().unwrap_or(0);
    let by = "by = \"token\", param = \"t\", next = \"next\", size = 3";
    let next = |n: usize| format!("\"next\":\"t{}\",\"more\":{}", n + 1, n < 2);
    let flagged = format!("{by}, has_more = \"more\"");
    assert_eq!(read_all_pages(&flagged, move |a| page_from(token(a) * 3, &next(token(a)))), 3);
    for end in ["0", "\"-1\"", "\"end\""] {
        let next = move |n: usize| if n < 2 { format!("\"next\":\"t{}\"", n + 1) } else { format!("\"next\":{end}") };
        let ended = format!("{by}, end = [\"0\", \"-1\", \"end\"]");
        assert_eq!(read_all_pages(&ended, move |a| page_from(token(a) * 3, &next(token(a)))), 3, "{end}");
    }
    // More records without a token to ask for them.
    let platform = Platform::start(|_| page_of_records(0..3, "\"next\":null,\"more\":true"));
    let site = Site::new(&platform, &Says { stream: &format!("{JSON}\npage = {{ {flagged} }}"), ..Says::default() });
    assert!(site.sync_expecting_failure().contains("the page says that there is more, but has no token"));
}

#[test]
fn links_in_the_body_and_in_the_header() {
    let by = "by = \"link\", next = \"more\", size = 3";
    let next = |n: usize| if n < 2 { format!("\"more\":\"/list?p={}&key=1\"", n + 1) } else { "\"more\":null".into() };
    assert_eq!(read_all_pages(by, move |a| page_from(a.number_param("p") * 3, &next(a.number_param("p")))), 3);
    let by = "by = \"link\", size = 3";
    assert_eq!(
        read_all_pages(by, |a| {
            let link = format!("</list?p=0>; rel=\"first\", <?p={}&q=a,b>; rel=\"next\"", a.number_param("p") + 1);
            let last = a.number_param("p") == 2;
            let answer = page_from(a.number_param("p") * 3, "");
            if last { answer.with_header("link", "</list>; rel=\"first\"") } else { answer.with_header("link", &link) }
        }),
        3
    );
}

/// Links without angle brackets are followed, as one platform writes them. What is no link ends the pass, and so does a
/// total in a header that was not reached.
#[test]
fn a_link_header_is_followed_or_refused() {
    let by = "by = \"link\", size = 3, total_header = \"X-Total-Count\"";
    let linked = |a: &SeenRequest, last: usize, total: &str, link: fn(&str) -> String| {
        let next = format!("/list?p={}&q=a,b", a.number_param("p") + 1);
        let answer = page_from(a.number_param("p") * 3, "").with_header("x-total-count", total);
        if a.number_param("p") == last { answer } else { answer.with_header("link", &link(&next)) }
    };
    assert_eq!(read_all_pages(by, move |a| linked(a, 2, "7", |next| format!("{next}; rel=\"next\""))), 3);
    for (last, link, words) in [
        (
            9,
            (|next| format!("<{next}; rel=\"next\"")) as fn(&str) -> String,
            "the header Link cannot be read: </list?p=1&q=a,b; rel=\"next\"",
        ),
        (9, |next| format!("{next}; next"), "the header Link cannot be read: /list?p=1&q=a,b; next"),
        (1, |next| format!("<{next}>; rel=\"next\""), "6 records received, but the platform counts 7"),
    ] {
        let platform = Platform::start(move |a| linked(a, last, "7", link));
        let stream = format!("{JSON}\npage = {{ {by} }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        let said = site.sync_expecting_failure();
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_total_in_a_header() {
    let start = |a: &SeenRequest| (a.number_param("p") - 1) * 3;
    let by = "by = \"number\", param = \"p\", size = 100, total_header = \"X-Total\"";
    assert_eq!(read_all_pages(by, move |a| page_from(start(a), "").with_header("x-total", "7")), 3);
    let platform = Platform::start(move |a| page_from(start(a), ""));
    let site = Site::new(&platform, &Says { stream: &format!("{JSON}\npage = {{ {by} }}"), ..Says::default() });
    assert!(site.sync_expecting_failure().contains("no total number of records in the header X-Total"));
}

#[test]
fn the_last_record_leads_on() {
    let by = "by = \"last_record\", param = \"after\", path = \"no\", size = 3";
    let after = |a: &SeenRequest| if a.param("after").is_empty() { 0 } else { a.number_param("after") + 1 };
    assert_eq!(read_all_pages(by, move |a| page_from(after(a), "")), 4);
    // Some platforms begin the next page with the record that it continues from.
    let from = |a: &SeenRequest| a.number_param("after");
    assert_eq!(read_with_overlap(by, move |a| page_from(from(a), "")), 4);
}

/// Reads seven records in pages of three, each of which repeats the last record of the one before.
fn read_with_overlap(paging: &str, answer: impl Fn(&SeenRequest) -> Answer + Send + Sync + 'static) -> usize {
    let platform = Platform::start(answer);
    let stream = format!("{JSON}\npage = {{ {paging} }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert_eq!(site.sync().1, 7);
    platform.requests().len()
}

/// Circles of one, two and many pages, and a platform that gives the same page for every request.
#[test]
fn a_page_that_comes_twice_ends_the_pass_with_an_error() {
    for (length, most) in [(1, 2), (2, 3), (40, 130)] {
        let by = "by = \"token\", param = \"t\", next = \"next\", size = 1";
        let platform = Platform::start(move |a| {
            let n = a.number_param("t");
            page_of_records(n..n + 1, &format!("\"next\":\"{}\"", (n + 1) % length))
        });
        let stream = format!("{JSON}\npage = {{ {by} }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        let said = site.sync_expecting_failure();
        assert!(said.contains("the same page again") || said.contains("pages that came before"), "{said}");
        assert!(platform.requests().len() <= most, "{length}: asked {} times", platform.requests().len());
        let held = site.run_json(&["balance", "--json"]);
        assert_eq!(held["balanced"], true, "{held}");
        // The pass fails again after a break, because the cursor remembers the pages.
        assert!(site.sync_expecting_failure().contains("page"), "{length}");
        assert!(platform.requests().len() <= most + 2, "{length}");
    }
    let platform = Platform::start(|_| page_of_records(0..3, ""));
    let stream = format!("{JSON}\npage = {{ by = \"offset\", param = \"o\", size = 3 }}");
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    assert!(site.sync_expecting_failure().contains("pages that came before"));
    assert_eq!(platform.requests().len(), 2);
}

/// A page without records is not the end while the platform says that there are more.
#[test]
fn an_empty_page_is_not_the_end() {
    // The third of five pages of two records is empty.
    let holed = |n: usize, more: &str| match n {
        0 | 1 => page_of_records(n * 2..n * 2 + 2, more),
        2 => page_of_records(0..0, more),
        _ => page_of_records((n * 2 - 2).min(7)..(n * 2).min(7), more),
    };
    let by = "by = \"number\", param = \"p\", size = 2";
    let total = "total = \"total\"";
    // Pages were uneven, so the total that is reached may count records twice: only an empty page ends them.
    assert_eq!(read_all_pages(&format!("{by}, {total}"), move |a| holed(a.number_param("p") - 1, "\"total\":7")), 6);
    // An empty page need not repeat the total.
    let told = |n: usize| if n == 3 { "" } else { "\"total\":7" };
    assert_eq!(
        read_all_pages(&format!("{by}, {total}"), move |a| holed(a.number_param("p") - 1, told(a.number_param("p")))),
        6
    );
    let more = |n: usize| format!("\"more\":{}", n < 5);
    assert_eq!(
        read_all_pages(&format!("{by}, has_more = \"more\""), move |a| holed(
            a.number_param("p") - 1,
            &more(a.number_param("p"))
        )),
        5
    );
    // With offsets, the empty page counts: two of nine positions are empty.
    let by = "by = \"offset\", param = \"o\", size = 2, total = \"total\"";
    assert_eq!(read_all_pages(by, move |a| holed(a.number_param("o") / 2, "\"total\":7")), 5);
}

#[test]
fn too_many_empty_pages_are_an_error() {
    for by in
        ["by = \"number\", param = \"p\", size = 1, has_more = \"more\"", "by = \"link\", next = \"next\", size = 1"]
    {
        let platform = Platform::start(|a| {
            let n = a.number_param("n") + 1;
            page_of_records(0..0, &format!("\"more\":true,\"next\":\"/list?n={n}\""))
        });
        let stream = format!("{JSON}\npage = {{ {by} }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        let said = site.sync_expecting_failure();
        assert!(said.contains("100 pages without a record"), "{said}");
        assert_eq!(platform.requests().len(), 101, "{by}");
    }
}

/// A total that is too small does not end the pass while full pages come. After the last page any answer is accepted.
#[test]
fn a_full_page_says_more_than_a_total() {
    for (by, at) in [("number", "p"), ("offset", "o")] {
        let by = format!("by = \"{by}\", param = \"{at}\", size = 3, total = \"total\"");
        for total in [0, 1, 3, 5, 6] {
            let start =
                move |a: &SeenRequest| if at == "o" { a.number_param("o") } else { (a.number_param("p") - 1) * 3 };
            assert_eq!(read_all_pages(&by, move |a| page_from(start(a), &format!("\"total\":{total}"))), 3, "{total}");
        }
    }
    type Behind = fn() -> Answer;
    let behind: [Behind; 6] = [
        || Answer::new(404, "no such page"),
        || page_of_records(0..0, "\"total\":0"),
        || page_of_records(0..0, ""),
        || Answer::json("{\"items\":null,\"total\":6}"),
        || page_of_records(3..6, "\"total\":6"),
        || page_of_records(0..3, "\"total\":6,\"now\":1"),
    ];
    for (nth, behind) in behind.into_iter().enumerate() {
        let platform = Platform::start(move |a| match a.number_param("p") {
            p @ (1 | 2) => page_of_records((p - 1) * 3..p * 3, "\"total\":6"),
            _ => behind(),
        });
        let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"p\", size = 3, total = \"total\" }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        assert_eq!((site.sync(), platform.requests().len()), ((6, 6), 3), "{nth}");
    }
}

/// A pass with fewer records than the platform counts reports it, and the next pass begins where this one did.
#[test]
fn fewer_records_than_the_total_are_told() {
    let platform = Platform::start(|a| {
        // Without a cursor, as in each of these passes, the platform gives everything.
        let total = if a.param("q") == "9" { 9 } else { 7 };
        page_from((a.number_param("p") - 1) * 3, &format!("\"total\":{total}"))
    });
    let stream = "request = { path = \"/list\", query = { q = \"${settings.q}\" } }\n\
                  format = { kind = \"json\", items = \"items\" }\n\
                  page = { by = \"number\", param = \"p\", size = 3, total = \"total\" }\n\
                  since = { by = \"moment\", param = \"from\" }";
    let site = Site::new(&platform, &Says { stream, ..Says::default() });
    site.write_source("settings = { q = \"9\" }");
    let said = site.sync_expecting_failure();
    assert!(said.contains("records: 7 records received, but the platform counts 9"), "{said}");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 7);
    let runs = site.list_items(&["runs", "list", "--json"]).to_string();
    assert!(runs.contains("7 records received, but the platform counts 9"), "{runs}");
    let held = site.read_cursor();
    assert!(held["since"].is_null() && held["page"].is_null() && held["short"]["received"] == 7, "{held}");
    // Reading days again moves no cursor, so the run itself fails.
    let out = site.run(&["sync", "--all", "--since", "2014-09-01", "--until", "2014-09-30"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(1) && said.contains("7 records received, but the platform counts 9"), "{said}");
    assert_eq!(site.read_cursor(), held);
    site.write_source("settings = { q = \"7\" }");
    assert_eq!(site.sync(), (7, 0));
    assert!(site.read_cursor()["since"].is_string() && site.read_cursor()["short"].is_null());
}

/// The platform ignores the page parameter, or repeats the last page forever, with something new beside the records
/// each time.
#[test]
fn the_same_records_twice_end_the_pass() {
    for (last, by) in [
        (1, "by = \"number\", param = \"p\", size = 3"),
        (3, "by = \"number\", param = \"p\", size = 3"),
        (1, "by = \"link\", next = \"next\", size = 3"),
        (2, "by = \"token\", param = \"p\", next = \"token\", size = 3"),
    ] {
        let requests = AtomicUsize::new(0);
        let platform = Platform::start(move |a| {
            let (id, p) = (requests.fetch_add(1, Relaxed), a.number_param("p").max(1));
            let n = p.min(last);
            let more = format!("\"requestId\":{id},\"next\":\"/list?p={}&r={id}\",\"token\":{}", p + 1, p + 1);
            page_of_records((n - 1) * 3..n * 3, &more)
        });
        let stream = format!("{JSON}\npage = {{ {by} }}");
        let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
        let said = site.sync_expecting_failure();
        assert!(said.contains("holds the same records as the one before; the platform may ignore"), "{by}: {said}");
        assert_eq!(platform.requests().len(), last + 1, "{by}");
    }
}

/// A key in the query is stored in no cursor and no address, although the platform's links repeat it.
#[test]
fn a_key_that_links_repeat_is_not_kept() {
    let platform = Platform::start(|a| {
        if a.param("key") != PASSWORD || a.query.iter().filter(|(n, _)| n == "key").count() != 1 {
            return Answer::new(401, "");
        }
        let n = a.number_param("p");
        let more = if n < 2 { format!("\"more\":\"/list?p={}&key={PASSWORD}\"", n + 1) } else { String::new() };
        page_from(n * 3, &more)
    });
    let transport = format!("{HTTP}\nauth = {{ kind = \"api_key\", carrier = \"query\", name = \"key\" }}");
    let stream = format!("{JSON}\npage = {{ by = \"link\", next = \"more\", size = 3 }}");
    let site = Site::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
    assert_eq!(site.sync(), (7, 7));
    let told = site.house.run_sql(&format!(
        "SELECT (SELECT count(*) FROM payload WHERE address LIKE '%{PASSWORD}%')
              + (SELECT count(*) FROM sync_run_cursor WHERE at_end LIKE '%{PASSWORD}%')"
    ));
    assert_eq!(told, 0);
}
