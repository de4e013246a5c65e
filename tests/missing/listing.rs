//! A platform whose listing is whole each time, in pages.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Office, states};
use crate::test_env::Services;

pub const MANIFEST: &str = r#"
manifest = 1
id = "county"
version = 1
title_zh = "平台"
title_en = "A platform"
profile = "Made up for a test."
[transport]
kind = "http"
auth = { kind = "none" }
[[stream]]
name = "records"
kind = "course_completion"
request = { path = "/records" }
page = { by = "number", param = "page", size_param = "size", size = 2, total = "total" }
format = { kind = "json", items = "list" }
record_key = ["id"]
version = { from = "landing" }
complete = true
pass = "not_assessed"
[stream.map]
name = "name"
id_number = "idNo"
course_code = "course"
hours = { path = "hours", unit = "class_hour" }
period_end = "end"
"#;

/// Generated people: name and ID number.
const PEOPLE: [(&str, &str); 6] = [
    ("李明洋", "220102197502070123"),
    ("张明霞", "220102197503160139"),
    ("刘明华", "220102197504220148"),
    ("孙明桂", "220102197602120220"),
    ("胡明敏", "220102197603200230"),
    ("朱明娟", "220102197604260243"),
];

/// What the platform lists, and how it fails.
#[derive(Default)]
struct Listing {
    people: Vec<usize>,
    /// The page that is answered with an error.
    broken: Option<usize>,
    /// How many records it counts too many.
    too_many: usize,
}

fn start_platform(listing: &Arc<Mutex<Listing>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let listing = Arc::clone(listing);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            answer_client(client, &listing.lock().unwrap());
        }
    });
    url
}

fn answer_client(mut client: TcpStream, listing: &Listing) -> Option<()> {
    let lines = BufReader::new(client.try_clone().ok()?).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let asked = head.first()?.split(' ').nth(1)?;
    let page: usize = asked.split("page=").nth(1)?.split('&').next()?.parse().ok()?;
    let record = |nth: &usize| {
        let (name, id) = PEOPLE[*nth];
        json!({ "id": format!("R{nth}"), "name": name, "idNo": id, "course": "C1", "hours": "36", "end": "2015-03-01" })
    };
    let list: Vec<_> = listing.people.iter().skip((page - 1) * 2).take(2).map(record).collect();
    let (status, body) = match listing.broken == Some(page) {
        true => ("404 Not Found", String::new()),
        false => ("200 OK", json!({ "total": listing.people.len() + listing.too_many, "list": list }).to_string()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    client.write_all(format!("{head}{body}").as_bytes()).ok()
}

#[test]
fn who_is_no_longer_listed_is_put_before_a_person() {
    for on in [Services::Sqlite, Services::Postgres] {
        let listing = Arc::new(Mutex::new(Listing { people: (0..6).collect(), ..Listing::default() }));
        let set = |change: &dyn Fn(&mut Listing)| change(&mut listing.lock().unwrap());
        let office = Office::new(on, MANIFEST, &format!("base_url = \"{}\"", start_platform(&listing)));
        // The second and third pass repeat the same pages.
        for pass in 0..3 {
            let told = office.sync();
            assert!(told.ok && office.missing().is_empty(), "{on:?} {pass}: {}", told.told);
        }
        // A pass that fails or falls short says nothing about who is missing, nor does the one that reads the rest.
        set(&|l| (l.people, l.broken) = (vec![0, 1, 2, 3], Some(2)));
        assert!(!office.sync().ok && office.missing().is_empty(), "{on:?}");
        set(&|l| l.broken = None);
        let rest = office.sync();
        assert!(!rest.ok && rest.told.contains("did not read the stream from its beginning"), "{}", rest.told);
        assert!(office.missing().is_empty(), "{on:?}");
        set(&|l| l.too_many = 1);
        let short = office.sync();
        assert!(!short.ok && short.told.contains("the pass did not meet another expectation"), "{}", short.told);
        assert!(office.missing().is_empty(), "{on:?}");
        // A whole pass does.
        set(&|l| l.too_many = 0);
        let told = office.sync();
        assert!(!told.ok && told.told.contains("2 records are not in the newest whole"), "{}", told.told);
        assert_eq!(office.missing(), states(&[("胡明敏", "open"), ("朱明娟", "open")]), "{on:?}");
        assert_eq!(office.all_hours(), 6 * 36, "{on:?}");
        let of_stream = ["--source", "county", "--stream", "records", "--because", "they left"];
        office.run_json(&[&["missing", "withdraw"], &of_stream[..]].concat());
        assert_eq!(office.all_hours(), 4 * 36, "{on:?}");
        assert!(office.sync().ok);
        // One is listed again, unchanged, in a pass that says nothing of who is missing.
        set(&|l| (l.people, l.too_many) = (vec![0, 1, 2, 3, 4], 1));
        assert!(!office.sync().ok);
        assert_eq!(office.missing(), states(&[("朱明娟", "withdrawn")]), "{on:?}");
        assert_eq!(office.all_hours(), 5 * 36, "{on:?}");
        set(&|l| l.too_many = 0);
        let told = office.sync();
        assert!(told.ok, "{}", told.told);
        assert_eq!(office.missing(), states(&[("朱明娟", "withdrawn")]), "{on:?}");
        assert_eq!(office.all_hours(), 5 * 36, "{on:?}");
        // An empty listing asks about everybody.
        set(&|l| l.people = vec![]);
        let told = office.sync();
        assert!(!told.ok && told.told.contains("5 records are not in the newest whole"), "{}", told.told);
        assert_eq!(office.all_hours(), 5 * 36, "{on:?}");
    }
}
