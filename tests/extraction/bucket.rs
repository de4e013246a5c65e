//! Files in a bucket of an object store. The test simulates the store: it checks every signature by its own
//! computation, gives its listing in pages, and can be made to misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{Answer, PASSWORD, Platform, Says, SeenRequest, Site, records_json};
use crate::test_env::Services;

const BUCKET: &str = r#"
kind = "files"
names = ["*.json"]
bucket = { name = "${settings.bucket}", prefix = "培训/", region = "cn-test", style = "path" }"#;
const SAYS: Says<'static> = Says { transport: BUCKET, stream: "format = { kind = \"json\", items = \"\" }", map: "" };
const SETTINGS: &str = "settings = { bucket = \"records\" }";

/// Key → bytes and time of the last change.
type Objects = BTreeMap<String, (Vec<u8>, String)>;

#[derive(Clone, Default)]
struct Store {
    objects: Arc<Mutex<Objects>>,
    /// The session token of a temporary key, or "".
    token: &'static str,
}

impl Store {
    fn put_object(&self, key: &str, range: std::ops::Range<usize>, changed: &str) {
        let changed = format!("2014-09-{changed}.000Z");
        self.objects.lock().unwrap().insert(key.to_owned(), (records_json(range).into_bytes(), changed));
    }

    fn start_platform(&self) -> Platform {
        let store = self.clone();
        Platform::start(move |asked| store.answer_request(asked))
    }

    fn answer_request(&self, asked: &SeenRequest) -> Answer {
        if let Err(code) = check_signature(asked, self.token) {
            return Answer::new(403, format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code></Error>"));
        }
        let path = percent_decode(&asked.path);
        let objects = self.objects.lock().unwrap();
        if asked.param("list-type") == "2" && path == "/records/" {
            return Answer::new(
                200,
                listing_xml(&objects, asked.param("prefix"), asked.number_param("continuation-token")),
            );
        }
        match path.strip_prefix("/records/").and_then(|key| objects.get(key)) {
            Some(_) if path.contains("locked") => Answer::new(403, "<Error><Code>AccessDenied</Code></Error>"),
            Some((bytes, _)) => answer_object(asked, bytes),
            None => Answer::new(404, "<Error><Code>NoSuchKey</Code></Error>"),
        }
    }
}

/// Answers with the object, or with the requested range of it.
fn answer_object(asked: &SeenRequest, bytes: &[u8]) -> Answer {
    let etag = format!("\"{}\"", to_hex(&Sha256::digest(bytes)));
    if !["", &etag].contains(&asked.header("if-match")) {
        return Answer::new(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    match asked.header("range").strip_prefix("bytes=").and_then(|range| range.split_once('-')) {
        None => Answer::new(200, bytes),
        Some((from, to)) => Answer::new(206, &bytes[from.parse().unwrap()..=to.parse().unwrap()]),
    }
}

/// Returns a page of the listing, with two objects.
fn listing_xml(objects: &Objects, prefix: &str, from: usize) -> String {
    let all: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
    let contents = all.iter().skip(from).take(2).map(|(key, (bytes, changed))| {
        let (key, etag, size) =
            (percent_encode(key, "/").replace("%20", "+"), to_hex(&Sha256::digest(bytes)), bytes.len());
        format!(
            "<Contents><Key>{key}</Key><LastModified>{changed}</LastModified><ETag>&quot;{etag}&quot;</ETag>\
             <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )
    });
    let contents: String = contents.collect();
    let cut = from + 2 < all.len();
    let next = if cut { format!("<NextContinuationToken>{}</NextContinuationToken>", from + 2) } else { String::new() };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>records</Name><IsTruncated>{cut}</IsTruncated>{contents}{next}<EncodingType>url</EncodingType></ListBucketResult>"
    )
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 and those in `but`.
fn percent_encode(text: &str, but: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c) || but.contains(c);
    let one = |c: char| match plain(c) {
        true => c.to_string(),
        false => c.to_string().bytes().map(|b| format!("%{b:02X}")).collect(),
    };
    text.chars().map(one).collect()
}

fn percent_decode(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digits = |rest: &mut std::str::Bytes<'_>| String::from_utf8(rest.take(2).collect()).unwrap();
        bytes.push(if byte == b'%' { u8::from_str_radix(&digits(&mut rest), 16).unwrap() } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Checks the Signature Version 4 of a presigned request, by the steps of its specification.
fn check_signature(asked: &SeenRequest, token: &str) -> Result<(), &'static str> {
    let date = asked.param("X-Amz-Date");
    let day = date.get(..8).ok_or("AccessDenied")?;
    let scope = format!("{day}/cn-test/s3/aws4_request");
    let mut query: Vec<_> = asked.query.iter().filter(|(name, _)| name != "X-Amz-Signature").collect();
    query.sort();
    let query: Vec<_> =
        query.iter().map(|(n, v)| format!("{}={}", percent_encode(n, ""), percent_encode(v, ""))).collect();
    let canonical = format!(
        "{}\n{}\n{}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD",
        asked.method,
        asked.path,
        query.join("&"),
        asked.header("host")
    );
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", to_hex(&Sha256::digest(canonical)));
    let steps = [day, "cn-test", "s3", "aws4_request"];
    let key = steps.iter().fold(format!("AWS4{PASSWORD}").into_bytes(), |key, step| hmac_sha256(&key, step));
    match () {
        () if asked.param("X-Amz-Credential") != format!("huiliu/{scope}") => Err("InvalidAccessKeyId"),
        () if asked.param("X-Amz-Security-Token") != token => Err("InvalidToken"),
        () if asked.param("X-Amz-Signature") != to_hex(&hmac_sha256(&key, &text)) => Err("SignatureDoesNotMatch"),
        () => Ok(()),
    }
}

fn bucket_site(on: Services, platform: &Platform) -> Site {
    let site = Site::with_database(on, platform, &SAYS);
    site.write_source(SETTINGS);
    site
}

/// Returns the keys of the objects that a pass requested, in order.
fn fetched_keys(platform: &Platform, before: usize) -> Vec<String> {
    let asked = platform.requests();
    let keys = asked[before..].iter().filter(|a| a.param("list-type").is_empty());
    keys.map(|a| percent_decode(&a.path).replace("/records/", "")).collect()
}

fn check_bucket_reads(on: Services) {
    let store = Store::default();
    store.put_object("培训/2014/名单 2+3 (终).json", 0..2, "11T02:00:05");
    store.put_object("培训/2014/later.json", 2..4, "11T02:00:09");
    store.put_object("培训/a&b=c?.json", 4..6, "11T02:00:01");
    store.put_object("培训/z.json", 6..7, "11T02:00:01");
    store.put_object("培训/none.txt", 90..99, "11T02:00:01");
    store.put_object("培训/folder.json/", 90..99, "11T02:00:01");
    store.put_object("elsewhere/x.json", 90..99, "11T02:00:01");
    let platform = store.start_platform();
    let site = bucket_site(on, &platform);
    assert_eq!(site.sync(), (7, 7));
    let in_order = ["培训/a&b=c?.json", "培训/z.json", "培训/2014/名单 2+3 (终).json", "培训/2014/later.json"];
    assert_eq!(fetched_keys(&platform, 0), in_order);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE address = '2014/名单 2+3 (终).json'"), 1);
    // An object is read once; it is read again after a change, and a late one with an old date is read too.
    let before = platform.requests().len();
    assert_eq!(site.sync(), (0, 0));
    assert_eq!(fetched_keys(&platform, before), Vec::<String>::new());
    store.put_object("培训/z.json", 6..9, "12T00:00:00");
    store.put_object("培训/late.json", 9..10, "11T01:59:59");
    assert_eq!(site.sync(), (4, 3));
    assert_eq!(fetched_keys(&platform, before), ["培训/late.json", "培训/z.json"]);
    // A full pass gives the same again; a range of days gives the objects that changed on them.
    assert_eq!(site.sync_with(&["--full"]), (10, 0));
    assert_eq!(site.sync_with(&["--since", "2014-09-12"]), (3, 0));
    assert_eq!(site.sync_with(&["--since", "2014-09-10", "--until", "2014-09-11"]), (7, 0));
    let cursor = site.read_cursor();
    assert_eq!(cursor["after"]["key"], "培训/z.json", "{cursor}");
    site.run_json(&["cursors", "set", "a", "records", "--to", &cursor.to_string(), "--because", "a test", "--json"]);
    assert_eq!(site.sync(), (0, 0));
}

#[test]
fn objects_are_read_once_and_again_when_they_change() {
    check_bucket_reads(Services::Sqlite);
}

#[test]
fn objects_are_read_once_and_again_when_they_change_on_postgresql() {
    check_bucket_reads(Services::Postgres);
}

#[test]
fn a_large_object_comes_in_parts() {
    let item = |n: usize| super::record_json(n).replacen('{', &format!("{{\"note\":\"{}\",", "课".repeat(400)), 1);
    let text = format!("[{}]", (0..8_000).map(item).collect::<Vec<_>>().join(","));
    assert!(text.len() > 8 << 20);
    let store = Store::default();
    store.objects.lock().unwrap().insert("培训/a.json".into(), (text.into(), "2014-09-11T02:00:00.000Z".into()));
    let platform = store.start_platform();
    let site = bucket_site(Services::Sqlite, &platform);
    assert_eq!(site.sync(), (8_000, 8_000));
    assert_eq!(fetched_keys(&platform, 0), ["培训/a.json"; 2]);
}

/// One object that may not be read bars no other; two in a row are a failure of the store.
#[test]
fn a_refused_object_bars_no_other() {
    let store = Store::default();
    for (key, range, changed) in [
        ("培训/a.json", 0..2, "11T02:00:00"),
        ("培训/locked.json", 2..3, "12T02:00:00"),
        ("培训/c.json", 3..5, "13T02:00:00"),
    ] {
        store.put_object(key, range, changed);
    }
    let platform = store.start_platform();
    let site = bucket_site(Services::Sqlite, &platform);
    let said = site.sync_expecting_failure();
    assert!(said.contains("locked.json") && said.contains("AccessDenied"), "{said}");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 4);
    store.put_object("培训/locked2.json", 5..6, "12T03:00:00");
    store.put_object("培训/d.json", 6..7, "14T02:00:00");
    site.sync_expecting_failure();
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 4, "the store refuses everything");
}

#[test]
fn a_refusal_says_why_and_tells_no_secret() {
    let store = Store { token: "temporary/+=", ..Store::default() };
    store.put_object("培训/a.json", 0..2, "11T02:00:00");
    let platform = store.start_platform();
    let site = bucket_site(Services::Sqlite, &platform);
    let said = site.sync_expecting_failure();
    assert!(
        said.contains("rejects the user and password")
            && said.contains("the object store's error code is InvalidToken"),
        "{said}"
    );
    site.write_source(&format!("{SETTINGS}\nsecrets_env = {{ session_token = \"TOKEN\" }}"));
    let out = site.run_with_env(&["sync", "--all", "--json"], &[("TOKEN", "temporary/+=")]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let out = site.run_with_env(&["sync", "--all", "--full"], &[("TOKEN", "temporary/+="), ("PASSWORD", "Other-4712")]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("SignatureDoesNotMatch"), "{said}");
    for secret in ["Other-4712", "temporary/+=", "X-Amz", "Signature="] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    // An impossible bucket is reported before any request.
    let told = || {
        let out = site.run(&["sync", "--all"]);
        assert_eq!(out.status.code(), Some(2));
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    site.write_source("");
    assert!(told().contains("${settings.bucket} has no value"));
    site.write_manifest("p", &super::manifest_text("p", &SAYS).replace(", style = \"path\"", ""));
    site.write_source(SETTINGS);
    assert!(told().contains("set the style to path"));
}

#[test]
fn what_a_store_must_not_give_is_refused() {
    let object = |key: &str, size: u64| {
        format!(
            "<ListBucketResult><Contents><Key>{key}</Key><LastModified>2014-09-11T02:00:00Z</LastModified>\
             <Size>{size}</Size></Contents></ListBucketResult>"
        )
    };
    let good = object("%E5%9F%B9%E8%AE%AD/a.json", 1);
    let circle = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
    for (listing, words) in [
        (format!("<!DOCTYPE l [<!ENTITY a \"b\">]>{good}"), "a DOCTYPE is not accepted"),
        (format!("{}{}", "<ListBucketResult>".repeat(50), "</ListBucketResult>".repeat(50)), "nested deeper"),
        (good.replace("</ListBucketResult>", ""), "the document ends before"),
        ("<html></html>".to_owned(), "the root element is <html>"),
        (format!("{circle}</ListBucketResult>"), "the same page again"),
        (object("%E5%9F%B9%E8%AE%AD/../../other/a.json", 1), "which a URL cannot hold"),
        (object("%E5%9F%B9%E8%AE%AD/a.json", 70 << 20), "at most 67,108,864 are accepted"),
    ] {
        let platform = Platform::start(move |_| Answer::new(200, listing.clone()));
        let said = bucket_site(Services::Sqlite, &platform).sync_expecting_failure();
        assert!(said.contains(words), "{words}: {said}");
        assert!(platform.requests().iter().all(|a| a.path == "/records/"), "only the listing is asked for");
    }
}
