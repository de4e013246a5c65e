//! Messages about a platform that repeats its request: they contain no secret in any encoding, and no person's whole
//! number.

use super::{Answer, HTTP, Platform, Says, SeenRequest, Site, page_of_records, record_json, record_of_course};

const SECRET: &str = "Sup3r/S+cret=pw";
const TOKEN: &str = "SESSION-TOKEN-123456789";
/// The secret in Base64, alone and after `huiliu:`.
const BASE64: [&str; 2] = ["U3VwM3IvUytjcmV0PXB3", "aHVpbGl1OlN1cDNyL1MrY3JldD1wdw"];
const PERSONS: [&str; 2] = ["22010219590911001X", "13812345678"];
const ENV: [(&str, &str); 1] = [("PASSWORD", SECRET)];

fn secret_spellings() -> Vec<String> {
    let percent = "Sup3r%2FS%2Bcret%3Dpw";
    let mut all: Vec<String> = [SECRET, percent, "Sup3r/S%2Bcret=pw", TOKEN].map(str::to_owned).to_vec();
    all.push(percent.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"));
    all.extend(BASE64.map(str::to_owned));
    all
}

/// Runs all these commands and returns their output.
fn run_all(site: &Site, runs: &[&[&str]]) -> String {
    let one = |args: &&[&str]| {
        let out = site.run_with_env(args, &ENV);
        format!("{args:?}: {}{}\n", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    };
    runs.iter().map(one).collect()
}

#[test]
fn a_failure_quotes_no_secret_and_no_person() {
    let platform = Platform::start(|a: &SeenRequest| {
        let told = [secret_spellings(), PERSONS.map(str::to_owned).to_vec()].concat().join(" and ");
        match a.path.as_str() {
            "/login" => Answer::json(format!("{{\"t\":\"{TOKEN}\"}}")),
            _ => {
                Answer::json(serde_json::json!({ "items": format!("bad {told} {}", a.header("x-token")) }).to_string())
            }
        }
    });
    let transport =
        format!("{HTTP}\nauth = {{ kind = \"session\", login = \"/login\", token = \"t\", name = \"X-Token\" }}");
    let site = Site::new(&platform, &Says { transport: &transport, ..Says::default() });
    let folder = site.house.dir.0.join("manifests/p");
    let said = run_all(
        &site,
        &[
            &["sync", "--all", "--json"],
            &["runs", "list", "--json"],
            &["connectors", "preview", folder.to_str().unwrap(), "--source", "a"],
        ],
    );
    assert!(said.matches("invalid type").count() >= 3 && said.contains("***"), "{said}");
    for secret in secret_spellings().iter().map(String::as_str).chain(PERSONS) {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}

/// Links and paths appear in addresses. Of a link, only the parts that are needed to continue are stored.
#[test]
fn an_address_holds_no_secret() {
    let all = secret_spellings();
    let count = all.len();
    let platform = Platform::start(move |a: &SeenRequest| {
        if a.path == "/login" {
            return Answer::json(format!("{{\"t\":\"{TOKEN}\"}}"));
        }
        let n = a.number_param("n");
        // Addresses are cut at a length that falls into the secret.
        let long = "x".repeat(180);
        let link = |secret: &String| format!("\"more\":\"/list?n={}&pad={long}&sid={secret}\"", n + 1);
        let more = all.get(n).map(link).unwrap_or_default();
        let broken = record_of_course(n, "C-01", "2014-09-11").replace("\"hours\":\"4\"", "\"hours\":\"x\"");
        let comma = if more.is_empty() { "" } else { "," };
        Answer::json(format!("{{\"items\":[{},{broken}]{comma}{more}}}", record_json(n + 100)))
    });
    let transport =
        format!("{HTTP}\nauth = {{ kind = \"session\", login = \"/login\", token = \"t\", name = \"X-Token\" }}");
    let stream = "request = \"/x/${password}/list\"\nformat = { kind = \"json\", items = \"items\" }\n\
                  page = { by = \"link\", next = \"more\", size = 1 }";
    let site = Site::new(&platform, &Says { transport: &transport, stream, ..Says::default() });
    let said =
        run_all(&site, &[&["sync", "--all"], &["dead-letters", "list", "--json"], &["records", "list", "--json"]]);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload"), count as i64 + 1, "{said}");
    assert!(said.contains("/x/***/list"), "{said}");
    for secret in secret_spellings().iter().map(|secret| &secret[..8]) {
        assert!(!said.contains(secret), "{secret}: {said}");
        let kept = format!("SELECT count(*) FROM payload WHERE address LIKE '%{secret}%'");
        assert_eq!(site.house.run_sql(&kept), 0, "{secret}");
    }
}

/// The message about an unreadable file contains no numbers from it, and the file stays counted.
#[test]
fn a_file_quotes_no_person() {
    let platform = Platform::start(|_| page_of_records(0..1, ""));
    let transport = "kind = \"files\"\nnames = [\"*.json\"]";
    let stream = "format = { kind = \"json\", items = \"items\" }";
    let site = Site::new(&platform, &Says { transport, stream, ..Says::default() });
    let folder = site.house.dir.0.join("in");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.json"), format!("{{\"items\":\"{} and {}\"}}", PERSONS[0], PERSONS[1])).unwrap();
    site.write_settings(&format!(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nfolder = \"{}\"\n",
        folder.display()
    ));
    let said = run_all(&site, &[&["sync", "--all"], &["runs", "list", "--json"], &["runs", "show", "1"]]);
    assert!(said.contains("22***************X") && PERSONS.iter().all(|number| !said.contains(number)), "{said}");
}
