//! A platform on loopback whose answers a test decides, one request at a time, and which remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names and values, decoded, in the order they came.
    pub query: Vec<(String, String)>,
    /// Names in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub at: Instant,
}

impl Asked {
    /// A query parameter, or "".
    pub fn param(&self, name: &str) -> &str {
        self.query.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value)
    }

    /// A query parameter as a number, or 0.
    pub fn number(&self, name: &str) -> usize {
        self.param(name).parse().unwrap_or(0)
    }

    /// A header, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The fields of a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        pairs(&self.body).into_iter().collect()
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://h/?{text}")).unwrap();
    url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![], body: body.into() }
    }

    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body).with("content-type", "application/json")
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Answers = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// The platform; it ends with the test's process.
pub struct Platform {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Platform {
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, seen): (Answers, _) = (Arc::new(answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || serve(client, &answer, &seen));
            }
        });
        Self { url, asked }
    }

    /// What it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What it was asked under a path.
    pub fn asked_for(&self, path: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|a| a.path == path).collect()
    }
}

fn serve(client: TcpStream, answer: &Answers, seen: &Mutex<Vec<Asked>>) -> Option<()> {
    let mut writer = client.try_clone().ok()?;
    exchange(&mut BufReader::new(client), &mut writer, answer, seen)
}

/// Reads one request and writes its answer.
pub fn exchange(
    reader: &mut impl std::io::BufRead,
    writer: &mut impl Write,
    answer: &Answers,
    seen: &Mutex<Vec<Asked>>,
) -> Option<()> {
    let head: Vec<String> = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let mut first = head.first()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let headers: BTreeMap<String, String> = head
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let asked = Asked { method, path: path.to_owned(), query: pairs(query), headers, body, at: Instant::now() };
    seen.lock().unwrap().push(asked.clone());
    let Answer { status, headers, body } = answer(&asked);
    let length = body.len();
    write!(writer, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n").ok()?;
    for (name, value) in headers {
        write!(writer, "{name}: {value}\r\n").ok()?;
    }
    writer.write_all(b"\r\n").ok()?;
    writer.write_all(&body).ok()?;
    writer.flush().ok()
}

/// One record as the platforms of these tests send it.
pub fn record(n: usize) -> String {
    record_of(n, "C-01", "2014-09-11 10:00:00")
}

/// One record of a course, changed at a moment.
pub fn record_of(n: usize, course: &str, changed: &str) -> String {
    format!(
        r#"{{"id":"R{n}","no":{n},"v":1,"changed":"{changed}","name":"王一","idno":"22010219590911001X","course":"{course}","hours":"4","end":"2014-09-11"}}"#
    )
}

/// Records from–to (exclusive) as a JSON array.
pub fn records(range: std::ops::Range<usize>) -> String {
    format!("[{}]", range.map(record).collect::<Vec<_>>().join(","))
}

/// A page of records with more beside them.
pub fn page(range: std::ops::Range<usize>, more: &str) -> Answer {
    let comma = if more.is_empty() { "" } else { "," };
    Answer::json(format!(r#"{{"items":{}{comma}{more}}}"#, records(range)))
}
