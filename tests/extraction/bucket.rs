//! Files in a bucket of an object store. The store is played here: it looks at every signature by its own reckoning, gives
//! its listing in pages, and can be made to misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{Answer, Asked, PASSWORD, Platform, Says, Site, records};
use crate::house::On;

const BUCKET: &str = r#"
kind = "files"
names = ["*.json"]
bucket = { name = "${settings.bucket}", prefix = "培训/", region = "cn-test", style = "path" }"#;
const SAYS: Says<'static> = Says { transport: BUCKET, stream: "format = { kind = \"json\", items = \"\" }", map: "" };
const SETTINGS: &str = "settings = { bucket = \"records\" }";

/// Bytes, and when they were changed.
type Objects = BTreeMap<String, (Vec<u8>, String)>;

#[derive(Clone, Default)]
struct Store {
    objects: Arc<Mutex<Objects>>,
    /// The token of a temporary key, where there is one.
    token: &'static str,
}

impl Store {
    fn put(&self, key: &str, range: std::ops::Range<usize>, changed: &str) {
        let changed = format!("2014-09-{changed}.000Z");
        self.objects.lock().unwrap().insert(key.to_owned(), (records(range).into_bytes(), changed));
    }

    fn play(&self) -> Platform {
        let store = self.clone();
        Platform::start(move |asked| store.answer(asked))
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if let Err(code) = signed(asked, self.token) {
            return Answer::new(403, format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code></Error>"));
        }
        let path = decoded(&asked.path);
        let objects = self.objects.lock().unwrap();
        if asked.param("list-type") == "2" && path == "/records/" {
            return Answer::new(200, listing(&objects, asked.param("prefix"), asked.number("continuation-token")));
        }
        match path.strip_prefix("/records/").and_then(|key| objects.get(key)) {
            Some((bytes, _)) => part(asked, bytes),
            None => Answer::new(404, "<Error><Code>NoSuchKey</Code></Error>"),
        }
    }
}

/// The object, or the range of it that is asked for.
fn part(asked: &Asked, bytes: &[u8]) -> Answer {
    let etag = format!("\"{}\"", hex(&Sha256::digest(bytes)));
    if !["", &etag].contains(&asked.header("if-match")) {
        return Answer::new(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    match asked.header("range").strip_prefix("bytes=").and_then(|range| range.split_once('-')) {
        None => Answer::new(200, bytes),
        Some((from, to)) => Answer::new(206, &bytes[from.parse().unwrap()..=to.parse().unwrap()]),
    }
}

/// Two objects a page.
fn listing(objects: &Objects, prefix: &str, from: usize) -> String {
    let all: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
    let contents = all.iter().skip(from).take(2).map(|(key, (bytes, changed))| {
        let (key, etag, size) = (encoded(key, "/").replace("%20", "+"), hex(&Sha256::digest(bytes)), bytes.len());
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// All but the unreserved characters of RFC 3986, and those in `but`.
fn encoded(text: &str, but: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c) || but.contains(c);
    let one = |c: char| match plain(c) {
        true => c.to_string(),
        false => c.to_string().bytes().map(|b| format!("%{b:02X}")).collect(),
    };
    text.chars().map(one).collect()
}

fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digits = |rest: &mut std::str::Bytes<'_>| String::from_utf8(rest.take(2).collect()).unwrap();
        bytes.push(if byte == b'%' { u8::from_str_radix(&digits(&mut rest), 16).unwrap() } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Signature version 4 of a presigned request, as its document says it is checked.
fn signed(asked: &Asked, token: &str) -> Result<(), &'static str> {
    let date = asked.param("X-Amz-Date");
    let day = date.get(..8).ok_or("AccessDenied")?;
    let scope = format!("{day}/cn-test/s3/aws4_request");
    let mut query: Vec<_> = asked.query.iter().filter(|(name, _)| name != "X-Amz-Signature").collect();
    query.sort();
    let query: Vec<_> = query.iter().map(|(n, v)| format!("{}={}", encoded(n, ""), encoded(v, ""))).collect();
    let canonical = format!(
        "{}\n{}\n{}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD",
        asked.method,
        asked.path,
        query.join("&"),
        asked.header("host")
    );
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let steps = [day, "cn-test", "s3", "aws4_request"];
    let key = steps.iter().fold(format!("AWS4{PASSWORD}").into_bytes(), |key, step| mac(&key, step));
    match () {
        () if asked.param("X-Amz-Credential") != format!("huiliu/{scope}") => Err("InvalidAccessKeyId"),
        () if asked.param("X-Amz-Security-Token") != token => Err("InvalidToken"),
        () if asked.param("X-Amz-Signature") != hex(&mac(&key, &text)) => Err("SignatureDoesNotMatch"),
        () => Ok(()),
    }
}

fn site(on: On, platform: &Platform) -> Site {
    let site = Site::on(on, platform, &SAYS);
    site.settings(SETTINGS);
    site
}

/// Keys that a pass asked for, in order.
fn fetched(platform: &Platform, before: usize) -> Vec<String> {
    let asked = platform.asked();
    let keys = asked[before..].iter().filter(|a| a.param("list-type").is_empty());
    keys.map(|a| decoded(&a.path).replace("/records/", "")).collect()
}

fn reads(on: On) {
    let store = Store::default();
    store.put("培训/2014/名单 2+3 (终).json", 0..2, "11T02:00:05");
    store.put("培训/2014/later.json", 2..4, "11T02:00:09");
    store.put("培训/a&b=c?.json", 4..6, "11T02:00:01");
    store.put("培训/z.json", 6..7, "11T02:00:01");
    store.put("培训/none.txt", 90..99, "11T02:00:01");
    store.put("培训/folder.json/", 90..99, "11T02:00:01");
    store.put("elsewhere/x.json", 90..99, "11T02:00:01");
    let platform = store.play();
    let site = site(on, &platform);
    assert_eq!(site.sync(), (7, 7));
    let in_order = ["培训/a&b=c?.json", "培训/z.json", "培训/2014/名单 2+3 (终).json", "培训/2014/later.json"];
    assert_eq!(fetched(&platform, 0), in_order);
    assert_eq!(site.house.sql("SELECT count(*) FROM payload WHERE address = '2014/名单 2+3 (终).json'"), 1);
    // What was read is not read again; what was changed, or came into sight late, is.
    let before = platform.asked().len();
    assert_eq!(site.sync(), (0, 0));
    assert_eq!(fetched(&platform, before), Vec::<String>::new());
    store.put("培训/z.json", 6..9, "12T00:00:00");
    store.put("培训/late.json", 9..10, "11T01:59:59");
    assert_eq!(site.sync(), (4, 3));
    assert_eq!(fetched(&platform, before), ["培训/late.json", "培训/z.json"]);
    // A whole pass gives the same again, days give what was changed on them.
    assert_eq!(site.sync_with(&["--full"]), (10, 0));
    assert_eq!(site.sync_with(&["--since", "2014-09-12"]), (3, 0));
    assert_eq!(site.sync_with(&["--since", "2014-09-10", "--until", "2014-09-11"]), (7, 0));
    let cursor = site.cursor();
    assert_eq!(cursor["after"]["key"], "培训/z.json", "{cursor}");
    site.json(&["cursors", "set", "a", "records", "--to", &cursor.to_string(), "--because", "a test", "--json"]);
    assert_eq!(site.sync(), (0, 0));
}

#[test]
fn objects_are_read_once_and_again_when_they_change() {
    reads(On::Sqlite);
}

#[test]
fn objects_are_read_once_and_again_when_they_change_on_postgresql() {
    reads(On::Postgres);
}

#[test]
fn a_large_object_comes_in_parts() {
    let item = |n: usize| super::record(n).replacen('{', &format!("{{\"note\":\"{}\",", "课".repeat(400)), 1);
    let text = format!("[{}]", (0..8_000).map(item).collect::<Vec<_>>().join(","));
    assert!(text.len() > 8 << 20);
    let store = Store::default();
    store.objects.lock().unwrap().insert("培训/a.json".into(), (text.into(), "2014-09-11T02:00:00.000Z".into()));
    let platform = store.play();
    let site = site(On::Sqlite, &platform);
    assert_eq!(site.sync(), (8_000, 8_000));
    assert_eq!(fetched(&platform, 0), ["培训/a.json"; 2]);
}

#[test]
fn a_refusal_says_why_and_tells_no_secret() {
    let store = Store { token: "temporary/+=", ..Store::default() };
    store.put("培训/a.json", 0..2, "11T02:00:00");
    let platform = store.play();
    let site = site(On::Sqlite, &platform);
    let said = site.fail();
    assert!(said.contains("rejects the user and password") && said.contains("the store says InvalidToken"), "{said}");
    site.settings(&format!("{SETTINGS}\nsecrets_env = {{ session_token = \"TOKEN\" }}"));
    let out = site.run_with(&["sync", "--all", "--json"], &[("TOKEN", "temporary/+=")]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let out = site.run_with(&["sync", "--all", "--full"], &[("TOKEN", "temporary/+="), ("PASSWORD", "Other-4712")]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("SignatureDoesNotMatch"), "{said}");
    for secret in ["Other-4712", "temporary/+=", "X-Amz", "Signature="] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    // What cannot be a bucket is told before anything is asked.
    let told = || {
        let out = site.run(&["sync", "--all"]);
        assert_eq!(out.status.code(), Some(2));
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    site.settings("");
    assert!(told().contains("${settings.bucket} has no value"));
    site.rewrite("p", &super::manifest("p", &SAYS).replace(", style = \"path\"", ""));
    site.settings(SETTINGS);
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
        (format!("{circle}</ListBucketResult>"), "leads back to the same page"),
        (object("%E5%9F%B9%E8%AE%AD/../../other/a.json", 1), "which a URL cannot hold"),
        (object("%E5%9F%B9%E8%AE%AD/a.json", 70 << 20), "at most 67,108,864 are accepted"),
    ] {
        let platform = Platform::start(move |_| Answer::new(200, listing.clone()));
        let said = site(On::Sqlite, &platform).fail();
        assert!(said.contains(words), "{words}: {said}");
        assert!(platform.asked().iter().all(|a| a.path == "/records/"), "only the listing is asked for");
    }
}
