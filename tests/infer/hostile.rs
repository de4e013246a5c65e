//! Files that are not samples: each gets a message soon, and no panic.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::test_env::{Services, TestEnv};

/// CPU time for each sample.
const CPU_SECONDS: u32 = 20;
/// Time for each sample on a busy machine; a program that waits for something is found by it.
const AT_MOST: Duration = Duration::from_secs(300);

/// Returns name, bytes, and a word of the required message, or `None` if a guess is acceptable too.
fn hostile_samples() -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let register = include_bytes!("seen/w01_register_20150105.xlsx");
    let json = include_bytes!("seen/a01_enveloped.json");
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let spans = "<td colspan=999999999 rowspan=999999999>x".repeat(20_000);
    vec![
        ("empty.csv", vec![], Some("empty")),
        ("blank.csv", text(" \r\n\t\n"), Some("empty")),
        ("noise.bin", noise, Some("neither text")),
        ("zeros.xls", vec![0; 100_000], Some("neither text")),
        ("cut.xlsx", register[..register.len() / 2].to_vec(), Some("broken")),
        ("cut.json", json[..json.len() / 2].to_vec(), Some("(JSON) is broken")),
        ("ole.xls", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[7; 3_000]].concat(), Some("broken")),
        ("brackets.json", vec![b'['; 10 << 20], Some("(JSON) is broken")),
        ("braces.json", "{\"a\":".repeat(1 << 20).into_bytes(), Some("(JSON) is broken")),
        ("deep.xml", "<a>".repeat(1 << 20).into_bytes(), Some("(XML) is broken")),
        ("doctype.xml", text("<!DOCTYPE a [<!ENTITY x \"y\">]><a><b c='1' d='2'/></a>"), Some("DOCTYPE")),
        ("unclosed.xml", text("<records><record id='1' n='2'>"), Some("(XML) is broken")),
        ("header.csv", text("姓名,身份证号,学时,完成时间\n"), Some("no list of records")),
        ("prose.txt", text("今天天气很好。\n我们去上课。\n"), Some("no list of records")),
        ("scalar.json", text("42"), Some("no list of records")),
        ("list.json", text("[1,2,3]"), Some("no list of records")),
        ("error.json", text("{\"code\":500,\"message\":\"no\"}"), Some("no list of records")),
        ("page.html", text("<html><body><p>请登录</p></body></html>"), Some("no list of records")),
        ("spans.xls", format!("<table><tr>{spans}</table>").into_bytes(), None),
        ("tables.xls", "<table><tr><td>姓名<td>学时".repeat(100_000).into_bytes(), None),
        ("quotes.csv", [b"\xd0\xd5\xc3\xfb,\xd1\xa7\xca\xb1\n".as_slice(), &vec![b'"'; 5 << 20]].concat(), None),
        ("commas.csv", vec![b','; 8 << 20], None),
        ("huge.csv", vec![b'a'; 17 << 20], Some("at most")),
        ("archive.zip", text("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), Some("archive")),
        ("names.json", format!("[{{{}\"z\":1}}]", "\"姓名\":\"王芳\",".repeat(200_000)).into_bytes(), None),
        ("columns.json", record_of_many_fields(), None),
    ]
}

/// Returns one record of a hundred thousand fields.
fn record_of_many_fields() -> Vec<u8> {
    let fields: Vec<String> = (0..100_000).map(|n| format!("\"field_{n}_学时\":{n}")).collect();
    format!("[{{{}}}]", fields.join(",")).into_bytes()
}

#[test]
fn each_hostile_sample_gets_a_message_and_no_panic() {
    let house = TestEnv::new(Services::Sqlite);
    let mut wrong = vec![];
    for (name, bytes, expected) in hostile_samples() {
        let file = house.dir.0.join(name);
        std::fs::write(&file, bytes).unwrap();
        let began = Instant::now();
        // CPU is limited instead of time, because other tests run beside this one.
        let huiliu = house.command(&["connectors", "infer", file.to_str().unwrap()]);
        let mut limited = Command::new("prlimit");
        // The soft limit only, because the process that unpacks sets its own.
        limited.arg(format!("--cpu={CPU_SECONDS}:")).arg(huiliu.get_program()).args(huiliu.get_args());
        limited.envs(huiliu.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let out = limited.output().expect("prlimit (util-linux) is missing");
        let took = began.elapsed();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        let refused = out.status.code() == Some(1);
        let good = match expected {
            Some(words) => refused && told.contains(words) && told.contains(name),
            None => refused || out.status.code() == Some(0),
        };
        if !good || told.contains("panicked") || took > AT_MOST {
            wrong.push(format!("{name}: {:?} in {took:?}: {told}", out.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_be_read_at_all_is_told() {
    let house = TestEnv::new(Services::Sqlite);
    for (place, words) in [
        ("/nowhere/sample.csv", "give a file, or a URL"),
        ("/", "give a file, or a URL"),
        ("http://127.0.0.1:9/records", "cannot be reached"),
        ("http://[", "is not a URL"),
    ] {
        let out = house.run(&["connectors", "infer", place]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success() && told.contains(words), "{place}: {told}");
    }
}
