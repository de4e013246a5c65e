//! Simulates a platform that serves a sample over HTTP and spoils some answers, to see what the manifest makes of them
//! before anyone relies on it.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::gate::difference::{Difference, VariantName};
use crate::gate::proxy::read_message;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{Auth, Format, Manifest, Request, Stream, Transport};
use huiliu_messages::SystemError;
use huiliu_platform::http::guard::Networks;
use huiliu_platform::{Endpoint, RateLimiter};

/// How an answer is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SpoiledAnswer {
    Status(u16),
    LoginPage,
    Cut,
}

/// Every kind of spoiled answer, with its description.
const WAYS: [(VariantName, SpoiledAnswer); 5] = [
    (VariantName::Status { status: 429 }, SpoiledAnswer::Status(429)),
    (VariantName::Status { status: 500 }, SpoiledAnswer::Status(500)),
    (VariantName::Status { status: 503 }, SpoiledAnswer::Status(503)),
    (VariantName::LoginFirst, SpoiledAnswer::LoginPage),
    (VariantName::CutAnswer, SpoiledAnswer::Cut),
];

/// Answers of the simulated platform: spoiled ones first, then the sample.
struct SimulatedPlatform {
    next: Mutex<VecDeque<SpoiledAnswer>>,
    sample: Vec<u8>,
    kind: &'static str,
    /// Paths of token requests, each with its answer.
    tokens: Vec<(String, String)>,
}

/// A pull with one kind of spoiled answer.
#[derive(Debug)]
pub struct Rehearsal {
    /// The kind of spoiled answer.
    pub name: VariantName,
    /// What is wrong, if anything is.
    pub result: Result<(), Difference>,
}

/// Pulls the first page of a stream several times, each time with one spoiled answer before it. No record may come from
/// a spoiled answer, and the page afterwards must have as many records as the sample (`records`). Returns one row per
/// kind of spoiled answer. The result is empty for a stream whose platform cannot be simulated: one
/// with a fan-out, an export or a client certificate, or one read from files.
///
/// # Errors
/// The loopback interface cannot be used.
pub async fn rehearse_stream(
    manifest: &Manifest,
    stream: &Stream,
    sample: &[u8],
    records: u32,
    unpacker: &Arc<Unpacker>,
) -> Result<Vec<Rehearsal>, SystemError> {
    let Transport::Http { auth, .. } = &manifest.transport else { return Ok(vec![]) };
    let whole = stream.request.is_some() && stream.each.is_empty() && !matches!(auth, Auth::Certificate {});
    if !whole {
        return Ok(vec![]);
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let stage = Arc::new(SimulatedPlatform {
        next: Mutex::default(),
        sample: sample.to_vec(),
        kind: media_type(&stream.format),
        tokens: token_answers(auth),
    });
    let played = Arc::clone(&stage);
    let server = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = answer_request(client, &played).await;
        }
    });
    let endpoint = endpoint_of(stream, auth, &format!("http://{address}"), unpacker);
    let mut told = Vec::new();
    for (name, way) in WAYS {
        let result = check_spoiled_answer(manifest, stream, records, &endpoint, &stage, way).await;
        told.push(Rehearsal { name, result });
    }
    server.abort();
    Ok(told)
}

/// Builds the endpoint of a made-up source, with a value for every setting and secret that requests use.
fn endpoint_of(stream: &Stream, auth: &Auth, base_url: &str, unpacker: &Arc<Unpacker>) -> Endpoint {
    let login = if let Auth::Session { login, .. } = auth { Some(login) } else { None };
    let asked = stream.request.iter().chain(login).flat_map(Request::value_names);
    let (mut settings, mut secrets) = (BTreeMap::new(), BTreeMap::from([("refresh_token".into(), "rehearsal".into())]));
    for value in asked {
        match value.split_once('.') {
            Some(("settings", name)) => settings.insert(name.to_owned(), "rehearsal".to_owned()),
            Some(("secret", name)) => secrets.insert(name.to_owned(), "rehearsal".to_owned()),
            _ => None,
        };
    }
    Endpoint {
        base_url: base_url.to_owned(),
        user: "rehearsal-user".into(),
        password: "rehearsal-password".into(),
        institution: "R".into(),
        settings,
        secrets,
        folder: PathBuf::new(),
        networks: Networks::loopback(),
        rate_limiter: Arc::new(NoRateLimit),
        timeout: Duration::from_secs(5),
        unpacker: Arc::clone(unpacker),
    }
}

/// Rate limiter without waiting: nobody else uses this platform.
#[derive(Debug)]
struct NoRateLimit;

#[async_trait]
impl RateLimiter for NoRateLimit {
    async fn next_slot(&self, _: &str, _: Duration) -> Result<Duration, String> {
        Ok(Duration::ZERO)
    }
}

async fn check_spoiled_answer(
    manifest: &Manifest,
    stream: &Stream,
    records: u32,
    endpoint: &Endpoint,
    stage: &SimulatedPlatform,
    way: SpoiledAnswer,
) -> Result<(), Difference> {
    let connector = huiliu_platform::from_manifest::from_manifest(manifest.clone(), endpoint.clone())
        .map_err(|failure| Difference::from_failure(&failure))?;
    lock_answers(&stage.next).push_back(way);
    let spoiled = connector.pull(stream, None).await;
    if !lock_answers(&stage.next).is_empty() {
        return Err(Difference::NoRequest);
    }
    match spoiled {
        Ok(Some(page)) if page.records != Ok(0) => {
            return Err(Difference::PageTaken { records: page.records.ok() });
        }
        Err(failure) if !endpoint.password.is_empty() && failure.to_string().contains(&endpoint.password) => {
            return Err(Difference::PasswordTold);
        }
        _ => {}
    }
    let page = connector.pull(stream, None).await.map_err(|failure| Difference::from_failure(&failure))?;
    let found = page.ok_or(Difference::NoPageAfterwards)?.records;
    if found == Ok(records) {
        Ok(())
    } else {
        Err(Difference::CountAfterwards { records: found.ok(), expected: records })
    }
}

fn lock_answers(next: &Mutex<VecDeque<SpoiledAnswer>>) -> std::sync::MutexGuard<'_, VecDeque<SpoiledAnswer>> {
    next.lock().unwrap_or_else(PoisonError::into_inner)
}

fn media_type(format: &Format) -> &'static str {
    match format {
        Format::Json { .. } => "application/json",
        Format::JsonLines { .. } => "application/x-ndjson",
        Format::Xml { .. } => "application/xml",
        Format::Csv { .. } => "text/csv",
        Format::Workbook { .. } => "application/vnd.ms-excel",
    }
}

/// Returns the paths where tokens are requested, each with an answer that grants one.
fn token_answers(auth: &Auth) -> Vec<(String, String)> {
    let oauth = || r#"{"access_token":"rehearsal","token_type":"Bearer","expires_in":3600}"#.to_owned();
    match auth {
        Auth::Oauth2 { token_path, .. } | Auth::Oauth2Refresh { token_path } | Auth::Jwt { token_path, .. } => {
            vec![(token_path.clone(), oauth())]
        }
        Auth::Session { login, token, .. } => {
            let path = login.path.fill_values(|_| Some(String::new()), str::to_owned).unwrap_or_default();
            let nested = |path: &str| {
                path.split('.')
                    .rev()
                    .fold(serde_json::json!("rehearsal"), |inner, name| serde_json::json!({ name: inner }))
            };
            vec![(path, token.as_deref().map_or_else(|| "{}".to_owned(), |path| nested(path).to_string()))]
        }
        _ => vec![],
    }
}

/// Answers one request.
async fn answer_request(mut client: TcpStream, stage: &SimulatedPlatform) -> std::io::Result<()> {
    let request = read_message(&mut client).await?;
    let line = String::from_utf8_lossy(&request[..request.len().min(2_000)]).into_owned();
    let path = line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    let token = stage.tokens.iter().find(|(of, _)| path.ends_with(of.as_str()));
    let head = |status: &str, kind: &str, length: usize| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nset-cookie: sid=rehearsal\r\nretry-after: 1\r\n\
             connection: close\r\n\r\n"
        )
    };
    let (head, body) = match token {
        Some((_, answer)) => (head("200 OK", "application/json", answer.len()), answer.as_bytes()),
        None => {
            let spoiled = lock_answers(&stage.next).pop_front();
            let page = b"<html><body><form>login</form></body></html>".as_slice();
            match spoiled {
                Some(SpoiledAnswer::Status(status)) => {
                    (head(&format!("{status} Spoiled"), "text/plain", 0), [].as_slice())
                }
                Some(SpoiledAnswer::LoginPage) => (head("200 OK", "text/html; charset=utf-8", page.len()), page),
                Some(SpoiledAnswer::Cut) => {
                    (head("200 OK", stage.kind, stage.sample.len()), &stage.sample[..stage.sample.len() / 2])
                }
                None => (head("200 OK", stage.kind, stage.sample.len()), stage.sample.as_slice()),
            }
        }
    };
    client.write_all(head.as_bytes()).await?;
    client.write_all(body).await?;
    client.shutdown().await
}
