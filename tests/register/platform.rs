//! A platform on loopback that requires a user and a password.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

/// The accepted `Authorization` headers: `first-user` and `second-user` with the passwords of the tests.
pub const FIRST: &str = "Basic Zmlyc3QtdXNlcjpFcnN0ZS1Mb3N1bmctNzE0MQ==";
pub const SECOND: &str = "Basic c2Vjb25kLXVzZXI6WndlaXRlLUxvc3VuZy05MjM4";

/// Answers with the sample of the Intel profile: two good records and a bad one.
pub struct Platform {
    pub url: String,
}

impl Platform {
    pub fn start(authorization: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                std::thread::spawn(move || answer_client(client, authorization));
            }
        });
        Self { url }
    }
}

fn answer_client(mut client: TcpStream, authorization: &str) -> Option<()> {
    let head: Vec<String> = BufReader::new(client.try_clone().ok()?)
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let let_in = head.iter().any(|line| {
        line.split_once(": ")
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case("authorization") && value == authorization)
    });
    let (status, body) = if let_in {
        ("200 OK", include_str!("../../connectors/intel/samples/records.xml"))
    } else {
        ("401 Unauthorized", "")
    };
    let length = body.len();
    write!(client, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").ok()
}
