//! The tutorial of docs/rust-connector.md. Its connector is the folder `evening` beside this file; its platform is
//! here.

mod evening;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use huiliu_manifest::Manifest;
use huiliu_platform::shipped::{ShippedConnector as Connector, ShippedSample as Sample};
use huiliu_platform::{Cause, Endpoint};
use huiliu_queue::Queue;
use huiliu_store::Db;
use huiliu_store::admin::reports;
use huiliu_store::intake::runs::RunRange;
use huiliu_store::sql::schema;

use crate::connectors::{delivery_context, loopback_endpoint};
use crate::institutions::{check_links, code_blocks, read_page, run_bash};
use crate::test_env::{Scratch, Services, TestEnv};

const PAGES: [&str; 2] = ["docs/rust-connector.md", "docs/rust-connector.zh-CN.md"];

/// The line of the registry, written out.
const LIST: &[Connector] = &[Connector {
    id: "evening",
    manifest: include_str!("tutorial/evening/manifest.toml"),
    samples: &[Sample {
        stream: "completions",
        address: "0001.csv",
        bytes: include_bytes!("tutorial/evening/samples/0001.csv"),
        expected: include_str!("tutorial/evening/expected/0001.json"),
    }],
    make: Some(evening::make),
}];

const PASSWORD: &str = "Abendschule-5512";

/// The evening school on loopback: three blocks with records, and one that is allotted but empty.
struct Platform {
    url: String,
}

impl Platform {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let sessions = Arc::new(Mutex::new(HashSet::new()));
        std::thread::spawn(move || {
            for (nth, client) in listener.incoming().flatten().enumerate() {
                let sessions = Arc::clone(&sessions);
                std::thread::spawn(move || answer_client(client, &format!("{nth:08x}"), &sessions));
            }
        });
        Self { url }
    }
}

/// Returns a block. The sample's first line is the header of every block.
fn block_bytes(name: &str) -> Option<Vec<u8>> {
    let text = encoding_rs::GB18030.decode(LIST[0].samples[0].bytes).0.into_owned();
    let header = text.lines().next()?;
    let rows = match name {
        "0001" => return Some(LIST[0].samples[0].bytes.to_vec()),
        "0002" => "YX4,陈静,222401198010102228,T1,信息技术引发的教育教学变革,90,2015-04-01,90,1\r\n",
        "0003" => "YX5,赵磊,220502196002290012,T1,信息技术引发的教育教学变革,90,2015-05-01,58,1\r\n",
        "0004" => "",
        _ => return None,
    };
    Some(encoding_rs::GB18030.encode(&format!("{header}\r\n{rows}")).0.into_owned())
}

fn answer_client(mut client: TcpStream, session: &str, sessions: &Mutex<HashSet<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head.to_lowercase().lines().find_map(|l| l.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut form = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut form).ok()?;
    let (status, body) = match head.split_whitespace().take(2).collect::<Vec<_>>()[..] {
        ["POST", "/open"] if form == format!("password={PASSWORD}&user=huiliu").into_bytes() => {
            sessions.lock().ok()?.insert(session.to_owned());
            (200, format!("8:{session},1:4,4:0001,4:0002,4:0003,4:0004,").into_bytes())
        }
        ["GET", asked] => answer_block(asked, sessions).map_or((403, vec![]), |body| (200, body)),
        _ => (403, vec![]),
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    client.write_all(&[head.as_bytes(), &body].concat()).ok()
}

/// Returns a block, if the session was given out and not used yet and the check number is right.
fn answer_block(asked: &str, sessions: &Mutex<HashSet<String>>) -> Option<Vec<u8>> {
    let url = reqwest::Url::parse(&format!("http://x{asked}")).ok()?;
    let value = |name: &str| url.query_pairs().find(|(of, _)| of == name).map(|(_, value)| value.into_owned());
    let (session, name) = (value("session")?, value("block")?);
    let sum: u32 = session.bytes().chain(name.bytes()).map(u32::from).sum();
    let right = value("check")?.parse() == Ok(sum % 97);
    (sessions.lock().ok()?.remove(&session) && right).then(|| block_bytes(&name)).flatten()
}

/// Checks every law of connectors, then what was delivered meanwhile.
#[test]
fn the_tutorials_connector_conforms_and_delivers() {
    let scratch = Scratch::new("tutorial");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let platform = Platform::start();
        let (base_url, user, password) = (platform.url, "huiliu".to_owned(), PASSWORD.to_owned());
        let endpoint = Endpoint { base_url, user, password, ..loopback_endpoint() };
        let manifest = Manifest::parse("evening/manifest.toml", LIST[0].manifest).unwrap();
        let db = Db::open(&format!("sqlite:{}", scratch.0.join("books").display()), 2).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let context = delivery_context(db.clone(), &manifest).await;
        let queue = Queue::open(&format!("sqlite:{}", scratch.0.join("queue").display()), "").await.unwrap();
        let make = |endpoint| huiliu_platform::shipped::build_connector(LIST, manifest.clone(), endpoint);
        let told = huiliu_testkit::exercise_connector(&make, &endpoint, &context, &queue).await;
        assert_eq!(told, Ok(()));
        let books = reports::read_balance(&db, RunRange::single(1)).await.unwrap();
        assert_eq!((books.received, books.inserted, books.parked), (5, 4, 1));
        // With its manifest alone the connector fails: the platform refuses.
        assert!(
            huiliu_testkit::exercise_connector(
                &|e| huiliu_platform::shipped::build_connector(&[], manifest.clone(), e),
                &endpoint,
                &context,
                &queue
            )
            .await
            .is_err()
        );
        // The next pass begins with the block that still grows.
        let connector = make(endpoint.clone()).unwrap();
        let stream = &manifest.stream[0];
        let mut page = connector.pull(stream, None).await.unwrap().unwrap();
        while !page.last {
            page = connector.pull(stream, Some(&page.cursor)).await.unwrap().unwrap();
        }
        assert_eq!((page.address.as_str(), page.cursor.as_str()), ("block 0004", "{\"from\":\"0004\"}"));
        // A person can set a cursor of the connector's own form; any other is refused.
        let check = |text: &str| huiliu_platform::shipped::check_cursor(LIST, &manifest, &manifest.stream[0], text);
        let (own, foreign) = (check("{\"from\":\"0003\"}").unwrap(), check("{\"form\":\"0003\"}").unwrap());
        assert_eq!(connector.pull(stream, Some(&own)).await.unwrap().unwrap().address, "block 0003");
        assert_eq!(connector.pull(stream, Some(&foreign)).await.unwrap_err().message().code(), "platform.cursor");
        assert!(huiliu_platform::shipped::check_cursor(&[], &manifest, &manifest.stream[0], &own).is_err());
        let wrong = Endpoint { password: "wrong".into(), ..endpoint };
        let refused = make(wrong).unwrap().pull(stream, None).await.unwrap_err();
        assert!(matches!(refused.cause, Cause::Credentials { .. }) && refused.retry.is_none(), "{refused:?}");
    });
}

/// Both pages show the whole connector, piece by piece, and no other code.
#[test]
fn both_pages_of_the_tutorial_show_the_connector_that_is_tested() {
    for page in PAGES {
        let text = read_page(page);
        assert_eq!(code_blocks(&text, "rust").join("\n"), read_page("tests/tutorial/evening/mod.rs"), "{page}: mod.rs");
        assert_eq!(
            code_blocks(&text, "toml").join("\n"),
            read_page("tests/tutorial/evening/manifest.toml"),
            "{page}: manifest.toml"
        );
        check_links(page);
    }
}

/// The pages' commands give the tested results, in the folder as their first steps leave it.
#[test]
fn the_commands_of_the_tutorial_run() {
    for page in PAGES {
        let house = TestEnv::new(Services::Sqlite);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tutorial/evening");
        let place = house.dir.0.join("connectors/evening");
        std::fs::create_dir_all(place.join("samples")).unwrap();
        for file in ["manifest.toml", "samples/0001.csv"] {
            std::fs::copy(folder.join(file), place.join(file)).unwrap();
        }
        run_bash(&house.dir.0, page, &code_blocks(&read_page(page), "sh").concat());
        let written = std::fs::read_to_string(place.join("expected/0001.json")).unwrap();
        assert_eq!(written, LIST[0].samples[0].expected, "{page}");
    }
}
