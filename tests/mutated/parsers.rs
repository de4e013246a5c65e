//! The parsers of what comes from outside beside payloads: values, answers of platforms, requests of senders, files of
//! operators. Each is given texts near those that it is made for.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use huiliu_manifest::amount::parse_amount;
use huiliu_values::date::{parse_date, parse_instant, parse_month};
use huiliu_values::name_cell::read_name_cell;
use huiliu_values::placeholder::find_placeholder;
use huiliu_values::text::parse_decimal;
use huiliu_values::{Hours, IdNumber, PersonName, Score};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::Value;

use super::changes::{Change, apply_change, change_strategy, new_runner};
use crate::extraction::receive::{open_with, push_site};
use crate::extraction::{Answer, Platform, Says, Site, manifest_text, records_json};
use crate::test_env::{Services, TestEnv, items_of};

/// Texts of cells, good and bad, of every kind of value.
const VALUES: [&str; 34] = [
    "2014-09-11",
    "2014/9/1 8:05:09",
    "2014年9月11日",
    "41893.5",
    "20140911",
    "2014-02-30",
    "2014年9月",
    "2014-09-11T08:00:00.123+08:00",
    "1410393600000",
    "22010219590911001X",
    "２２０１０２１９５９０９１１００１Ｘ",
    "220102590911001",
    "2.20102E+17",
    "王芳（曾用名：王小芳）",
    "买买提·艾力",
    "张三、李四",
    "𠮷野家",
    "85.5",
    "85.5分",
    "92％",
    "优秀",
    "-0",
    "1e9",
    "36学时",
    "1小时30分钟",
    "PT1H30M",
    "1:30:00",
    "=SUM(A1:A9)",
    "＝1+1",
    "@x",
    "同上",
    "NULL",
    "\u{202e}36\u{0}",
    "https://user:pass@example.org/\u{2028}",
];

fn mutate(seeds: &[Vec<u8>], nth: usize, changes: &[Change]) -> Vec<u8> {
    let mut bytes = seeds[nth].clone();
    changes.iter().for_each(|change| apply_change(&mut bytes, change, seeds));
    bytes
}

fn mutation_of(seeds: &[Vec<u8>]) -> impl Strategy<Value = (usize, Vec<Change>)> + use<> {
    (0..seeds.len(), prop::collection::vec(change_strategy(), 1..4))
}

/// Draws `count` mutated seeds.
fn draw(seeds: &[Vec<u8>], count: usize, seed: u8) -> Vec<Vec<u8>> {
    let (mutation, mut runner) = (mutation_of(seeds), new_runner(1, seed));
    let mut one = || {
        let (nth, changes) = mutation.new_tree(&mut runner).unwrap().current();
        mutate(seeds, nth, &changes)
    };
    (0..count).map(|_| one()).collect()
}

/// What is read from a text is read again from what is shown of it.
#[test]
fn mutated_values_are_answered() {
    let seeds: Vec<Vec<u8>> = VALUES.iter().map(|text| text.as_bytes().to_vec()).collect();
    let read = std::cell::Cell::new(0);
    new_runner(60_000, 23)
        .run(&mutation_of(&seeds), |(nth, changes)| {
            let bytes = mutate(&seeds, nth, &changes);
            let text = &*String::from_utf8_lossy(&bytes);
            let note = |is_read: bool| read.set(read.get() + usize::from(is_read));
            if let Ok(day) = parse_date(text) {
                prop_assert_eq!(parse_date(&day.to_string()), Ok(day));
            }
            note(parse_month(text).is_ok() || parse_instant(text).is_ok());
            if let Ok(number) = IdNumber::parse(text) {
                prop_assert!(IdNumber::parse(number.reveal()).is_ok_and(|again| again.reveal() == number.reveal()));
                prop_assert!(IdNumber::list_errors(text).is_empty(), "{}", text);
            } else {
                prop_assert!(!IdNumber::list_errors(text).is_empty(), "{}", text);
            }
            if let Ok(score) = Score::parse(text) {
                prop_assert_eq!(Score::parse(&score.to_string()), Ok(score));
                note(true);
            }
            if let Ok(name) = PersonName::parse(text) {
                prop_assert!(PersonName::parse(name.display()).is_ok_and(|again| again.display() == name.display()));
                note(true);
            }
            if let Ok(cell) = read_name_cell(text) {
                prop_assert!(cell.name.chars().count() <= text.chars().count());
            }
            if let Ok(hours) = Hours::from_amount(text, Hours::UNITS_PER_CLASS_HOUR) {
                prop_assert!(hours.units() >= 0 && Hours::from_units(hours.units()) == Some(hours));
                note(true);
            }
            // A placeholder is no value of any kind.
            if find_placeholder(text).is_some() {
                prop_assert!(parse_date(text).is_err() && Score::parse(text).is_err(), "{}", text);
            }
            let _ = (parse_amount(text), parse_decimal(text));
            Ok(())
        })
        .unwrap();
    assert!(read.get() > 5_000, "only {} values were read", read.get());
}

/// Headers that the program reads, each with values that platforms give.
const HEADERS: [(&str, &str); 6] = [
    ("link", "<http://HOST/list?page=2>; rel=\"next\", <http://HOST/list?page=9>; rel=\"last\""),
    ("link", "http://HOST/list?page=2; rel=next"),
    ("content-type", "application/json; charset=gb18030"),
    ("x-total-count", "7"),
    ("etag", "\"33a64df5\""),
    ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT"),
];

/// Platforms by the parser that their answers reach: transport and stream of the manifest, and an answer.
fn kinds_of_platforms() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let page = |more: &str| format!("{{\"items\":{}{more}}}", records_json(0..3)).into_bytes();
    let item = |n: usize| {
        format!(
            "<r id=\"R{n}\"><id>R{n}</id><v>1</v><name>王一</name><idno>22010219590911001X</idno><course>C</course>\
             <hours>4</hours><end>2014-09-11</end></r>"
        )
    };
    let listing = "<?xml version=\"1.0\"?><ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><Contents>\
        <Key>a.json</Key><LastModified>2014-09-01T00:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag><Size>9</Size>\
        </Contents><EncodingType>url</EncodingType></ListBucketResult>";
    vec![
        (
            "kind = \"http\"",
            "request = \"/${settings.path}\"\nformat = { kind = \"json\", items = \"items\" }\n\
             page = { by = \"token\", param = \"t\", next = \"next\", size = 100 }",
            page(",\"next\":null"),
        ),
        (
            "kind = \"http\"",
            "request = \"/${settings.path}\"\nformat = { kind = \"json\", items = \"items\" }\n\
             page = { by = \"link\", size = 100 }",
            page(",\"total\":3"),
        ),
        (
            "kind = \"http\"",
            "request = \"/${settings.path}\"\nformat = { kind = \"xml\", root = \"list\", item = \"r\" }",
            format!("<?xml version=\"1.0\"?><list>{}{}</list>", item(0), item(1)).into_bytes(),
        ),
        (
            "kind = \"files\"\nnames = [\"*.json\"]\nbucket = { name = \"${settings.path}\", region = \"r\", style = \"path\" }",
            "format = { kind = \"json\", items = \"\" }",
            listing.as_bytes().to_vec(),
        ),
    ]
}

/// One pass over many platforms, each of which answers once with mutated bytes and headers, and then as it should: the pass
/// ends, its books balance, and every source has an outcome that is told.
#[test]
fn mutated_answers_of_platforms_are_answered() {
    const EACH: usize = 15;
    let kinds = kinds_of_platforms();
    let header_seeds: Vec<Vec<u8>> = HEADERS.iter().map(|(_, value)| value.as_bytes().to_vec()).collect();
    let headers = draw(&header_seeds, EACH * kinds.len(), 24);
    let mut answers = BTreeMap::new();
    for (kind, (_, _, body)) in kinds.iter().enumerate() {
        for (nth, mutated) in draw(std::slice::from_ref(body), EACH, 25).into_iter().enumerate() {
            let value = String::from_utf8_lossy(&headers[kind * EACH + nth]).replace(['\r', '\n', '\0'], "");
            let mutated = Answer::new(200, mutated).with_header(HEADERS[nth % HEADERS.len()].0, &value);
            answers.insert(format!("k{kind}n{nth}"), (Some(mutated), Answer::new(200, body.clone())));
        }
    }
    let answers = Mutex::new(answers);
    let platform = Platform::start(move |request| {
        let path = request.path.split('/').nth(1).unwrap_or_default();
        match answers.lock().unwrap().get_mut(path) {
            // An answer that cannot be read is asked for again, after a pause.
            Some((mutated, sound)) => mutated.take().unwrap_or_else(|| sound.clone()),
            None => Answer::json("{\"items\":[]}"),
        }
    });
    let site = Site::new(&platform, &Says::default());
    let mut sources = String::new();
    for (kind, (transport, stream, _)) in kinds.iter().enumerate() {
        site.write_manifest(
            &format!("k{kind}"),
            &manifest_text(&format!("k{kind}"), &Says { transport, stream, map: "" }),
        );
        for nth in 0..EACH {
            let name = format!("k{kind}n{nth}");
            sources += &format!(
                "[[source]]\nname = \"{name}\"\nconnector = \"k{kind}\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\n\
                 user = \"u\"\npassword_env = \"PASSWORD\"\nsettings = {{ path = \"{name}\" }}\n",
                platform.url
            );
        }
    }
    site.write_settings(&sources);
    let out = site.run(&["sync", "--all", "--json"]);
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(matches!(out.status.code(), Some(0 | 1)) && !told.contains("panicked"), "{:?}: {told}", out.status);
    let pass: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {told}"));
    let of_sources = pass["sources"].as_array().unwrap();
    assert_eq!(of_sources.len(), EACH * kinds.len());
    assert_eq!(pass["balance"]["balanced"], true, "{pass}");
    let whole = of_sources.iter().filter(|source| source["inserted"].as_i64() >= Some(1)).count();
    assert!(whole > EACH / 2, "only {whole} sources were read");
    let runs = items_of(site.run_json(&["runs", "list", "--limit", "1000", "--json"]));
    assert!(runs.as_array().unwrap().iter().all(|run| run["outcome"] != "running"), "{runs}");
}

/// Settings, rules, manifests and the settings of `match` that were damaged are refused with a message.
#[test]
fn mutated_files_of_operators_are_answered() {
    let house = TestEnv::new(Services::Sqlite);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |place: &str| std::fs::read(root.join(place)).unwrap();
    let file = house.dir.0.join("mutated.toml");
    let place = file.to_str().unwrap();
    let table = house.dir.0.join("people.csv");
    std::fs::write(&table, "id,name\n1,王芳\n2,王芳\n").unwrap();
    let targets: [(Vec<u8>, Vec<&str>); 4] = [
        (read("config/default.toml"), vec!["--config", place, "sources", "list"]),
        (read("config/policy/jilin-2014.toml"), vec!["rules", "check", place]),
        (
            b"id = \"id\"\n[roles]\nname = \"name\"\n".to_vec(),
            vec!["match", "--config", place, table.to_str().unwrap()],
        ),
        (read("app/templates/csv/manifest.toml"), vec!["connectors", "check", place]),
    ];
    assert!(house.run(&["migrate"]).status.success());
    let mut refused = 0;
    for (seed, args) in targets {
        for bytes in draw(&[seed], 40, 26) {
            std::fs::write(&file, &bytes).unwrap();
            let out = house.run(&args);
            let told = String::from_utf8_lossy(&out.stderr);
            let code = out.status.code();
            assert!(matches!(code, Some(0..=2)) && !told.contains("panicked"), "{args:?} {code:?}: {told}");
            assert!(code == Some(0) || !told.trim().is_empty(), "{args:?}: nothing is told");
            refused += usize::from(code != Some(0));
        }
    }
    assert!(refused > 40, "only {refused} files were refused");
}

/// Requests to the push door that no HTTP client would send. The door answers or hangs up, and an honest sender is served
/// throughout.
#[test]
fn mutated_requests_to_the_push_door_are_answered() {
    let site = push_site(Services::Sqlite);
    let door = open_with(site.command(&["receive", "--listen", "127.0.0.1:0"]));
    let body = records_json(0..2);
    let request = |head: &str| {
        format!("{head}\r\nhost: h\r\nconnection: close\r\ncontent-length: {}\r\n", body.len()).into_bytes()
    };
    let with = |head: &str, more: &str| [&request(head)[..], more.as_bytes(), b"\r\n", body.as_bytes()].concat();
    let seeds = [
        with("POST /push/a HTTP/1.1", "authorization: Bearer wrong\r\nidempotency-key: k\r\n"),
        with("POST /push/a/records HTTP/1.1", "huiliu-timestamp: 1796123165\r\nhuiliu-signature: 00ff\r\n"),
        with("PUT /push/%E6%9D%A5 HTTP/1.1", "transfer-encoding: chunked\r\nexpect: 100-continue\r\n"),
        b"GET / HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
    ];
    let mut answered = 0;
    for (nth, bytes) in draw(&seeds, 1_500, 27).into_iter().enumerate() {
        let mut client = TcpStream::connect(door.address()).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(40))).unwrap();
        let _ = client.write_all(&bytes);
        let _ = client.shutdown(std::net::Shutdown::Write);
        let mut answer = vec![0; 4_096];
        let length = client.read(&mut answer).unwrap_or(0);
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        if length > 0 {
            let status: u16 = answer.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
            assert!(
                (400..500).contains(&status) || status == 100,
                "{status}: {answer}\n{}",
                String::from_utf8_lossy(&bytes)
            );
            answered += 1;
        }
        if nth % 300 == 0 {
            let (status, told) = door.post_with_bearer(&format!("honest-{nth}"), &records_json(0..1));
            assert_eq!(status, 202, "{told}");
        }
    }
    assert!(answered > 500, "only {answered} requests were answered");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE address NOT LIKE 'honest-%'"), 0);
}
