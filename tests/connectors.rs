//! Every shipped connector: its samples give its expected results, and it obeys the laws of connectors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use huiliu_decode::unpack::{Task, UnpackError, unpack};
use huiliu_decode::{Body, decode};
use huiliu_engine::active_rules::RuleFollower;
use huiliu_engine::deliver::DeliveryContext;
use huiliu_engine::manifests::{ActiveManifest, Manifests};
use huiliu_manifest::Manifest;
use huiliu_platform::http::guard::Networks;
use huiliu_platform::{Endpoint, RateLimiter};
use huiliu_queue::Queue;
use huiliu_rules::policy::{Policy, RuleFile};
use huiliu_rules::roster::regions::Regions;
use huiliu_store::Db;
use huiliu_store::intake::runs::{self, NewActivation};
use huiliu_store::ledger::entries;
use huiliu_store::sql::schema;
use huiliu_vault::keys::Keys;

use huiliu_decode::unpacker::{UnpackProcess, Unpacker};
use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox};
use serde_json::Value;

use crate::test_env::{Scratch, Services, TestEnv};
use huiliu_values::ActivationKind;

fn repository_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn load_policy() -> Policy {
    let read = |p: &str| std::fs::read_to_string(repository_root().join(p)).unwrap();
    let (pack, courses) = (read("config/policy/jilin-2014.toml"), read("config/courses.toml"));
    let pack = RuleFile { name: "config/policy/jilin-2014.toml", text: &pack };
    Policy::parse(&[pack], RuleFile { name: "config/courses.toml", text: &courses }).unwrap()
}

pub fn load_regions() -> Regions {
    let path = repository_root().join("config/regions.toml");
    Regions::parse("config/regions.toml", &std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_registry_is_sorted_and_each_folder_is_whole() {
    let ids: Vec<&str> = huiliu_connectors::CONNECTORS.iter().map(|c| c.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(ids, sorted);
    for manifest in huiliu_connectors::parse_all().unwrap() {
        assert!(ids.contains(&manifest.id.as_str()));
        assert!(!manifest.profile.is_empty(), "{} does not say that it is a profile", manifest.id);
    }
}

#[test]
fn samples_give_their_expected_results() {
    let house = TestEnv::new(Services::Sqlite);
    let checked = house.run_json(&["connectors", "check", "--json"])["samples"].clone();
    let streams: usize = huiliu_connectors::parse_all().unwrap().iter().map(|m| m.stream.len()).sum();
    let pairs = |r: &Value| (r["connector"].as_str().unwrap().to_owned(), r["stream"].as_str().unwrap().to_owned());
    let sampled: BTreeSet<_> = checked.as_array().unwrap().iter().map(pairs).collect();
    assert_eq!(sampled.len(), streams, "a stream without a sample: {checked}");
    for row in checked.as_array().unwrap() {
        assert_eq!(row["ok"], true, "{row}");
        assert!(row["records"].as_u64().unwrap() >= 3, "{row}");
    }
}

/// Exercises every connector against its platform, with small pages.
#[test]
fn connectors_conform() {
    let scratch = Scratch::new("conform");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options { seed: 9, records: 3_000, faults: false, changed_percent: 0 };
        let folder = scratch.0.join("drop");
        let sandbox = Sandbox::start(options, &folder).await.unwrap();
        let timeout = Duration::from_secs(10);
        let (base_url, user, password) = (sandbox.base_url(), CLIENT.to_owned(), SECRET.to_owned());
        let unpacker = Arc::new(Unpacker::new(Box::new(InProcessUnpacker)));
        let endpoint = Endpoint { base_url, user, password, folder, timeout, unpacker, ..loopback_endpoint() };
        for shipped in huiliu_connectors::CONNECTORS {
            let text = shipped.manifest.replace("size = 4000", "size = 50");
            let manifest = Manifest::parse(shipped.id, &text).unwrap();
            let db = Db::open(&format!("sqlite:{}", scratch.0.join(shipped.id).display()), 2).await.unwrap();
            schema::migrate(&db).await.unwrap();
            let context = delivery_context(db, &manifest).await;
            let queue =
                Queue::open(&format!("sqlite:{}-queue", scratch.0.join(shipped.id).display()), "").await.unwrap();
            let list = huiliu_connectors::CONNECTORS;
            let make = |endpoint| huiliu_platform::shipped::build_connector(list, manifest.clone(), endpoint);
            let folder =
                if shipped.id.contains("roster") { roster_folder(shipped, &scratch) } else { endpoint.folder.clone() };
            let endpoint = Endpoint { folder, ..endpoint.clone() };
            let told = huiliu_testkit::exercise_connector(&make, &endpoint, &context, &queue).await;
            assert_eq!(told, Ok(()), "{}", shipped.id);
        }
        sandbox.stop().await;
    });
}

/// Creates a folder with a roster's samples, in an archive if the connector expects one. The sandbox simulates no
/// county.
fn roster_folder(shipped: &huiliu_platform::shipped::ShippedConnector, scratch: &Scratch) -> PathBuf {
    let folder = scratch.0.join(format!("{}-in", shipped.id));
    std::fs::create_dir_all(&folder).unwrap();
    if !shipped.manifest.contains("archive") {
        shipped.samples.iter().for_each(|s| std::fs::write(folder.join(s.address), s.bytes).unwrap());
        return folder;
    }
    let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.join("roster.zip")).unwrap());
    for sample in shipped.samples {
        zip.start_file(sample.address, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, sample.bytes).unwrap();
    }
    zip.finish().unwrap();
    folder
}

/// Returns an endpoint that may reach loopback and has no rate limit.
pub fn loopback_endpoint() -> Endpoint {
    Endpoint {
        base_url: String::new(),
        user: String::new(),
        password: String::new(),
        institution: "I".into(),
        settings: BTreeMap::new(),
        secrets: BTreeMap::new(),
        folder: PathBuf::new(),
        networks: Networks::loopback(),
        rate_limiter: Arc::new(NoRateLimit),
        timeout: Duration::from_secs(10),
        unpacker: Arc::new(Unpacker::new(Box::new(InProcessUnpacker))),
    }
}

/// A rate limiter without limit, because these tests' platforms have no budget.
#[derive(Debug)]
struct NoRateLimit;

#[async_trait]
impl RateLimiter for NoRateLimit {
    async fn next_slot(&self, _: &str, _: Duration) -> Result<Duration, String> {
        Ok(Duration::ZERO)
    }
}

/// Unpacks in the test's own process, for tests that need no child process.
#[derive(Debug)]
pub struct InProcessUnpacker;

#[async_trait]
impl UnpackProcess for InProcessUnpacker {
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
        unpack(task, bytes)
    }
}

pub async fn delivery_context(db: Db, manifest: &Manifest) -> DeliveryContext {
    let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
    let policy = load_policy();
    let rules = entries::register_rules(&db, &keys, &policy).await.unwrap();
    let current = NewActivation { kind: ActivationKind::Manifest, name: &manifest.id, version: 1, digest: b"1" };
    let activation = runs::activate_current(&db, current).await.unwrap();
    DeliveryContext {
        db,
        keys,
        rules: RuleFollower::fixed(policy, rules, load_regions()),
        known: Arc::default(),
        manifests: Manifests::new(
            [(manifest.id.clone(), ActiveManifest { manifest: manifest.clone(), activation })].into(),
        ),
        unpacker: Arc::new(Unpacker::new(Box::new(InProcessUnpacker))),
        lease_ms: 30_000,
        holder: "conformance".into(),
    }
}

#[test]
fn a_difference_is_told() {
    let manifest = &huiliu_connectors::parse_all().unwrap()[2];
    let sample = huiliu_connectors::CONNECTORS[2].samples[0];
    let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
    let stream = &manifest.stream[0];
    let body = Body::Text(decode::decode_text(&stream.format, sample.bytes).unwrap());
    let got = huiliu_authoring::gate::outcomes::sample_outcomes(
        manifest,
        stream,
        &load_policy(),
        &keys,
        sample.address,
        &body,
    )
    .unwrap();
    let expected: Vec<Value> = serde_json::from_str(&sample.expected.replace("40", "41")).unwrap();
    let told = huiliu_authoring::gate::outcomes::list_differences(&got, &expected);
    assert!(told.len() == 1 && told[0].to_string().starts_with("record 1:"), "{told:?}");
    assert!(
        huiliu_authoring::gate::outcomes::list_differences(&got, &got[1..])
            .last()
            .unwrap()
            .to_string()
            .contains("expected 2")
    );
}

#[test]
fn a_doctype_a_cut_page_and_foreign_bytes_are_refused_whole() {
    let manifests = huiliu_connectors::parse_all().unwrap();
    let outline = |id: &str, bytes: &[u8]| {
        let stream = &manifests.iter().find(|m| m.id == id).unwrap().stream[0];
        decode::decode_text(&stream.format, bytes)
            .and_then(|text| decode::outline_payload(stream, &Body::Text(text), None))
    };
    assert!(outline("intel", b"<!DOCTYPE r [<!ENTITY a 'b'>]><records></records>").is_err());
    assert!(outline("intel", b"<records><record id='1'>").is_err());
    assert!(outline("intel", b"<html></html>").is_err());
    assert!(outline("institution", b"{\"code\":0,\"data\":{\"items\":[{\"id\":1}").is_err());
    assert!(outline("institution", b"{\"code\":500,\"data\":{\"items\":[]}}").is_err());
    assert!(outline("cmcc", b"\xff\xff\xff").is_err());
    assert!(outline("cmcc", "没有表头".as_bytes()).is_err());
    let deep = format!("{{\"code\":0,\"data\":{{\"items\":[{}1{}]}}}}", "[".repeat(100_000), "]".repeat(100_000));
    let _ = outline("institution", deep.as_bytes());
}

/// Starts a platform on loopback that answers every request with the same JSON.
async fn serve_constant_answer(body: &'static str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 4096]).await;
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = client.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[test]
fn a_link_leads_to_the_same_host_or_nowhere() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shipped = huiliu_connectors::CONNECTORS.iter().find(|c| c.id == "microsoft").unwrap();
        let manifest = Manifest::parse("microsoft/manifest.toml", shipped.manifest).unwrap();
        for (body, words) in [
            (r#"{"value":[],"@odata.nextLink":"http://169.254.169.254/latest?$skiptoken=1"}"#, "another host"),
            (r#"{"value":[],"@odata.nextLink":"//10.0.0.1/x?$skiptoken=1"}"#, "another host"),
            (r#"{"value":[],"@odata.nextLink":"file:///etc/passwd"}"#, "another host"),
            (r#"{"value":[],"@odata.nextLink":"/microsoft/odata/TrainingRecords?$skiptoken=1"}"#, "the same page"),
        ] {
            let endpoint = Endpoint {
                base_url: serve_constant_answer(body).await,
                password: "a key".into(),
                timeout: Duration::from_secs(5),
                ..loopback_endpoint()
            };
            let connector = huiliu_platform::from_manifest::from_manifest(manifest.clone(), endpoint).unwrap();
            let stream = &manifest.stream[0];
            let first = connector.pull(stream, None).await.unwrap().unwrap();
            let failure = connector.pull(stream, Some(&first.cursor)).await.unwrap_err();
            assert!(failure.to_string().contains(words) && failure.retry.is_none(), "{body}: {failure}");
        }
    });
}

/// A platform gives the same page for every request: the run fails and says so, and what came is kept.
#[test]
fn paging_in_a_circle_ends_the_run() {
    let mut house = TestEnv::new(Services::Sqlite);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let body = r#"<records><record id="I1" version="1"><name>王一</name></record><record id="I2" version="1"><name>李二</name></record></records>"#;
    let url = runtime.block_on(serve_constant_answer(body));
    let shipped = huiliu_connectors::CONNECTORS.iter().find(|c| c.id == "intel").unwrap();
    let folder = house.dir.0.join("manifests/intel");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("manifest.toml"), shipped.manifest.replace("size = 4000", "size = 2")).unwrap();
    let config = house.dir.0.join("huiliu.toml");
    let settings = format!(
        "manifests_dir = \"{}\"\n[[source]]\nname = \"a\"\nconnector = \"intel\"\ninstitution_code = \"I\"\nbase_url = \"{url}\"\n",
        house.dir.0.join("manifests").display()
    );
    std::fs::write(&config, settings).unwrap();
    let config = config.to_str().unwrap();
    let out = house.run(&["sync", "--all", "--config", config]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(1) && said.contains("pages that came before"), "{said}");
    let books = house.run_json(&["balance", "--json"]);
    assert_eq!((books["received"].as_i64(), books["balanced"].as_bool()), (Some(2), Some(true)), "{books}");
    // Commands that read manifests read the ones in use.
    let shown = house.run_json(&["connectors", "show", "intel", "--json", "--config", config]);
    assert!(shown["manifest"].as_str().unwrap().contains("size = 2"));
    std::fs::write(folder.join("manifest.toml"), "manifest = 1\nnmae = 2\n").unwrap();
    for command in [&["connectors", "check"][..], &["doctor"]] {
        let out = house.run(&[command, &["--config", config]].concat());
        let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.code() == Some(2) && told.contains("nmae"), "{told}");
    }
    house.env.clear();
}

/// A record that is not text is parked alone; the others are read.
#[test]
fn an_unreadable_item_is_parked_alone() {
    let house = TestEnv::new(Services::Sqlite);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let good = r#""RowVersion":"1","Teacher":{"Name":"王一","IdentityNumber":"22010219590911001X"},"Course":{"Code":"MS-01"},"Days":"1","EndDate":"2014-09-11""#;
    let items = format!(
        r#"{{"RecordId":"M1",{good}}},{{"RecordId":"M2","x\ud83d":1,{good}}},{{"RecordId":"M3","Days":1e999}}"#
    );
    let body: &'static str = Box::leak(format!(r#"{{"value":[{items}]}}"#).into_boxed_str());
    let url = runtime.block_on(serve_constant_answer(body));
    let config = house.dir.0.join("huiliu.toml");
    let settings = format!(
        "[[source]]\nname = \"a\"\nconnector = \"microsoft\"\ninstitution_code = \"M\"\nbase_url = \"{url}\"\n"
    );
    std::fs::write(&config, settings).unwrap();
    let out = house.run(&["sync", "--all", "--json", "--config", config.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let books = house.run_json(&["balance", "--json"]);
    assert_eq!(
        (books["inserted"].as_i64(), books["parked"].as_i64(), books["pending"].as_i64()),
        (Some(1), Some(2), Some(0))
    );
    let letters = house.list_items(&["dead-letters", "list", "--json"]);
    let unreadable = letters.as_array().unwrap().iter().find(|l| l["record"] == "M2").expect("a letter of M2");
    assert_eq!(unreadable["reasons"][0]["code"], "record.form", "{letters}");
}
