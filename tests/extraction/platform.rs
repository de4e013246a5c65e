//! A platform on loopback that answers each request as a test decides, and records the requests.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// One recorded request.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    pub method: String,
    pub path: String,
    /// Decoded names and values, in the order of the URL.
    pub query: Vec<(String, String)>,
    /// Lower-case names and their values.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub at: Instant,
}

impl SeenRequest {
    /// Returns a query parameter, or "".
    pub fn param(&self, name: &str) -> &str {
        self.query.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value)
    }

    /// Returns a query parameter as a number, or 0.
    pub fn number_param(&self, name: &str) -> usize {
        self.param(name).parse().unwrap_or(0)
    }

    /// Returns a header, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the fields of a form in the body.
    pub fn form_fields(&self) -> BTreeMap<String, String> {
        parse_query(&self.body).into_iter().collect()
    }
}

fn parse_query(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://h/?{text}")).unwrap();
    url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}

/// An answer of the platform.
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
        Self::new(200, body).with_header("content-type", "application/json")
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Answers = Arc<dyn Fn(&SeenRequest) -> Answer + Send + Sync>;

/// The platform. Its threads end with the test's process.
pub struct Platform {
    pub url: String,
    asked: Arc<Mutex<Vec<SeenRequest>>>,
}

impl Platform {
    pub fn start(answer: impl Fn(&SeenRequest) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<SeenRequest>>> = Arc::default();
        let (answer, seen): (Answers, _) = (Arc::new(answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || serve_client(client, &answer, &seen));
            }
        });
        Self { url, asked }
    }

    /// Returns the requests so far, in order.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns the requests for a path.
    pub fn requests_for(&self, path: &str) -> Vec<SeenRequest> {
        self.requests().into_iter().filter(|a| a.path == path).collect()
    }
}

fn serve_client(client: TcpStream, answer: &Answers, seen: &Mutex<Vec<SeenRequest>>) -> Option<()> {
    let mut writer = client.try_clone().ok()?;
    answer_request(&mut BufReader::new(client), &mut writer, answer, seen)
}

/// Reads one request and writes its answer.
pub fn answer_request(
    reader: &mut impl std::io::BufRead,
    writer: &mut impl Write,
    answer: &Answers,
    seen: &Mutex<Vec<SeenRequest>>,
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
    let asked =
        SeenRequest { method, path: path.to_owned(), query: parse_query(query), headers, body, at: Instant::now() };
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

/// Returns one record in the JSON of these tests' platforms.
pub fn record_json(n: usize) -> String {
    record_of_course(n, "C-01", "2014-09-11 10:00:00")
}

/// Returns one record of a course, last changed at `changed`.
pub fn record_of_course(n: usize, course: &str, changed: &str) -> String {
    format!(
        r#"{{"id":"R{n}","no":{n},"v":1,"changed":"{changed}","name":"王一","idno":"22010219590911001X","course":"{course}","hours":"4","end":"2014-09-11"}}"#
    )
}

/// Returns the records of a range of numbers as a JSON array.
pub fn records_json(range: std::ops::Range<usize>) -> String {
    format!("[{}]", range.map(record_json).collect::<Vec<_>>().join(","))
}

/// Returns an answer with a page of records, and more JSON members beside them.
pub fn page_of_records(range: std::ops::Range<usize>, more: &str) -> Answer {
    let comma = if more.is_empty() { "" } else { "," };
    Answer::json(format!(r#"{{"items":{}{comma}{more}}}"#, records_json(range)))
}
