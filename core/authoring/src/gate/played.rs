//! A platform that gives a sample over HTTP and spoils its answers: what a manifest makes of that before anybody relies on it.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::gate::law::{Broken, broken, law};
use crate::gate::proxy::read_message;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{Auth, Format, Manifest, Request, Stream, Transport};
use huiliu_messages::SystemError;
use huiliu_platform::http::guard::Networks;
use huiliu_platform::{Endpoint, RateLimiter};

/// How an answer is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoiled {
    Status(u16),
    LoginPage,
    Cut,
}

/// Every way, with words for it.
const WAYS: [(&str, Spoiled); 5] = [
    ("429, then the page", Spoiled::Status(429)),
    ("500, then the page", Spoiled::Status(500)),
    ("503, then the page", Spoiled::Status(503)),
    ("a login page as 200, then the page", Spoiled::LoginPage),
    ("an answer that breaks off, then the page", Spoiled::Cut),
];

/// What the platform gives next, and what it gives otherwise.
struct Stage {
    next: Mutex<VecDeque<Spoiled>>,
    sample: Vec<u8>,
    kind: &'static str,
    /// Paths that give a token, with the answer.
    tokens: Vec<(String, String)>,
}

/// Pulls the first page of a stream, each time with one answer spoiled before it: no record may come of a spoiled answer,
/// and the page afterwards must have as many as the sample, which has so many `records`. One row for each way, with
/// what is wrong. None for a stream whose platform cannot be played: with a fan-out, an export or a client certificate,
/// or read from files.
///
/// # Errors
/// No loopback to play on.
pub async fn rehearse(
    manifest: &Manifest,
    stream: &Stream,
    sample: &[u8],
    records: u32,
    unpacker: &Arc<Unpacker>,
) -> Result<Vec<(&'static str, Result<(), Broken>)>, SystemError> {
    let Transport::Http { auth, .. } = &manifest.transport else { return Ok(vec![]) };
    let whole = stream.request.is_some() && stream.each.is_empty() && !matches!(auth, Auth::Certificate {});
    if !whole {
        return Ok(vec![]);
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let stage = Arc::new(Stage {
        next: Mutex::default(),
        sample: sample.to_vec(),
        kind: media_type(&stream.format),
        tokens: tokens(auth),
    });
    let played = Arc::clone(&stage);
    let server = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = play(client, &played).await;
        }
    });
    let endpoint = endpoint_of(stream, auth, &format!("http://{address}"), unpacker);
    let mut told = Vec::new();
    for (words, way) in WAYS {
        told.push((words, one(manifest, stream, records, &endpoint, &stage, way).await));
    }
    server.abort();
    Ok(told)
}

/// The settings of a made-up source, with something for everything that is asked for.
fn endpoint_of(stream: &Stream, auth: &Auth, base_url: &str, unpacker: &Arc<Unpacker>) -> Endpoint {
    let login = if let Auth::Session { login, .. } = auth { Some(login) } else { None };
    let asked = stream.request.iter().chain(login).flat_map(Request::values);
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
        pace: Arc::new(AtOnce),
        timeout: Duration::from_secs(5),
        unpacker: Arc::clone(unpacker),
    }
}

/// Nobody else asks this platform.
#[derive(Debug)]
struct AtOnce;

#[async_trait]
impl RateLimiter for AtOnce {
    async fn next_slot(&self, _: &str, _: Duration) -> Result<Duration, String> {
        Ok(Duration::ZERO)
    }
}

async fn one(
    manifest: &Manifest,
    stream: &Stream,
    records: u32,
    endpoint: &Endpoint,
    stage: &Stage,
    way: Spoiled,
) -> Result<(), Broken> {
    let connector =
        huiliu_platform::from_manifest::from_manifest(manifest.clone(), endpoint.clone()).map_err(broken)?;
    lock(&stage.next).push_back(way);
    let spoiled = connector.pull(stream, None).await;
    law(lock(&stage.next).is_empty(), "the platform was not asked")?;
    if let Ok(Some(page)) = &spoiled {
        law(page.records == Ok(0), format!("taken for a page of {:?} records", page.records))?;
    }
    if let Err(failure) = &spoiled {
        let told = format!("{failure}");
        law(endpoint.password.is_empty() || !told.contains(&endpoint.password), "the password is in the message")?;
    }
    let page = connector.pull(stream, None).await.map_err(broken)?.ok_or("no page afterwards")?;
    law(page.records == Ok(records), format!("{:?} records afterwards, the sample has {records}", page.records))
}

fn lock(next: &Mutex<VecDeque<Spoiled>>) -> std::sync::MutexGuard<'_, VecDeque<Spoiled>> {
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

/// Where tokens are asked for, and an answer that gives one.
fn tokens(auth: &Auth) -> Vec<(String, String)> {
    let oauth = || r#"{"access_token":"rehearsal","token_type":"Bearer","expires_in":3600}"#.to_owned();
    match auth {
        Auth::Oauth2 { token_path, .. } | Auth::Oauth2Refresh { token_path } | Auth::Jwt { token_path, .. } => {
            vec![(token_path.clone(), oauth())]
        }
        Auth::Session { login, token, .. } => {
            let path = login.path.fill(|_| Some(String::new()), str::to_owned).unwrap_or_default();
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

/// One request, one answer.
async fn play(mut client: TcpStream, stage: &Stage) -> std::io::Result<()> {
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
            let spoiled = lock(&stage.next).pop_front();
            let page = b"<html><body><form>login</form></body></html>".as_slice();
            match spoiled {
                Some(Spoiled::Status(status)) => (head(&format!("{status} Spoiled"), "text/plain", 0), [].as_slice()),
                Some(Spoiled::LoginPage) => (head("200 OK", "text/html; charset=utf-8", page.len()), page),
                Some(Spoiled::Cut) => {
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
