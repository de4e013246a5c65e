//! What is checked before a payload is read, and what those are told who are refused.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Digest as _;

use super::{DOOR, read_answer, send_part, write_head};
use crate::extraction::receive::{SECRET, open_with, push_site};
use crate::extraction::records_json;
use crate::test_env::Services;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sign(text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// The field `Content-Digest` of a body.
fn digest_of(body: &str) -> String {
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(body.as_bytes()));
    format!("sha-256=:{digest}:")
}

/// Returns the time stamp, and the signature of a push to the source `a` with this digest.
fn sign_digest(key: &str, digest: &str) -> (String, String) {
    let timestamp = chrono::Utc::now().timestamp().to_string();
    let signature = sign(&format!("digest\n{timestamp}\n/push/a\n{key}\n{digest}"));
    (timestamp, signature)
}

#[test]
fn a_signed_digest_proves_a_sender_before_its_body() {
    let site = push_site(Services::Sqlite);
    let door = open_with(site.command(&DOOR));
    let body = records_json(0..3);
    let digest = digest_of(&body);
    let (timestamp, signature) = sign_digest("one", &digest);
    let head = |signature: &str| {
        format!(
            "POST /push/a HTTP/1.1\r\nhost: h\r\nconnection: close\r\nexpect: 100-continue\r\nidempotency-key: one\r\n\
             huiliu-timestamp: {timestamp}\r\nhuiliu-signature: {signature}\r\ncontent-digest: {digest}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )
    };
    // Nobody asks for the body of a wrong signature.
    let refused = read_answer(send_part(&door, head(&signature.replace(['a', '1'], "b")).as_bytes()));
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let mut asked = send_part(&door, head(&signature).as_bytes());
    let mut go_on = [0; 25];
    asked.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    asked.write_all(body.as_bytes()).unwrap();
    let taken = read_answer(asked);
    assert!(taken.starts_with("HTTP/1.1 202 "), "{taken}");

    let send = |key: &str, digest: &str, signed: &(String, String), body: &str| {
        let headers = [
            ("idempotency-key", key),
            ("content-digest", digest),
            ("huiliu-timestamp", &signed.0),
            ("huiliu-signature", &signed.1),
        ];
        let of_body: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        door.post_request("/push/a", &of_body, body.as_bytes())
    };
    // Another body than the one of the digest, with a signature that is right.
    let (status, told) = send("two", &digest, &sign_digest("two", &digest), &records_json(3..6));
    assert_eq!((status, &told["code"]), (400, &"digest".into()), "{told}");
    // Another digest than the one that is signed.
    let (status, told) = send("two", &digest_of("x"), &sign_digest("two", &digest), "x");
    assert_eq!((status, &told["code"]), (401, &"secret".into()), "{told}");
    // A digest that is signed is no body that is signed.
    let (timestamp, _) = sign_digest("two", &digest);
    let head = format!("digest\n{timestamp}\n/push/a\ntwo\n");
    let as_body = (timestamp.clone(), sign(&format!("{head}{digest}")));
    assert_eq!(send("two", "", &as_body, &digest).0, 401);
    let of_digest = ("digest".to_owned(), sign(&format!("{head}{digest}")));
    assert_eq!(send("two", "", &of_digest, &digest).0, 401);
    // A digest of another kind.
    let (status, told) = send("two", "sha-512=:AA==:", &sign_digest("two", "sha-512=:AA==:"), "x");
    assert_eq!((status, &told["code"]), (400, &"digest".into()), "{told}");
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload"), 1);
    assert_eq!(send("two", &digest, &sign_digest("two", &digest), &body).0, 202);
}

/// Asserts that an answer is a problem document in both languages, and returns its code.
fn check_problem(answer: &str, status: u16) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(head.to_lowercase().contains("content-type: application/problem+json"), "{answer}");
    let told: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    assert_eq!(told["status"], status, "{answer}");
    assert!(!told["en"].as_str().unwrap().is_empty(), "{answer}");
    assert!(told["zh"].as_str().unwrap().contains(|c| c > '\u{4E00}'), "{answer}");
    told["code"].as_str().unwrap().to_owned()
}

#[test]
fn every_refusal_is_a_problem_document() {
    let site = push_site(Services::Sqlite);
    let door = open_with(site.command(&DOOR));
    let long = "x".repeat(100_000);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    let post =
        |path: &str| format!("POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let cases = [
        (get("/"), 404, "path"),
        (post("/push"), 404, "path"),
        (post("/push/a/records/more"), 404, "path"),
        (post("/push/%ff"), 404, "path"),
        (get("/push/a"), 405, "method"),
        (format!("GET /push/a HTTP/1.1\r\nhost: h\r\nx: {long}\r\n\r\n"), 431, "headers"),
        (format!("GET /push/a HTTP/1.1\r\nhost: h\r\n{many}\r\n"), 431, "headers"),
        (get(&format!("/{long}")), 431, "headers"),
        ("no request at all\r\n\r\n".to_owned(), 400, "request"),
        ("POST /push/a HTTP/1.1\r\nhost: h\r\ncontent-length: many\r\n\r\n".to_owned(), 400, "request"),
        (post("/push/a"), 401, "secret"),
        // The length alone is too much; no byte of the body has to come.
        (format!("{}\r\n", write_head("k", (64 << 20) + 1)), 413, "size"),
        (format!("{}content-digest: md5=:AA==:\r\n\r\n", write_head("k", 1)), 400, "digest"),
    ];
    for (request, status, code) in cases {
        let answer = read_answer(send_part(&door, request.as_bytes()));
        assert_eq!(check_problem(&answer, status), code, "{answer}");
    }
    // A connection that was used before is told too.
    let first = "POST /push/a HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n";
    let answer = read_answer(send_part(&door, format!("{first}no request\r\n\r\n").as_bytes()));
    let (first, second) = answer.split_at(answer.rfind("HTTP/1.1 ").unwrap());
    assert_eq!((check_problem(first.trim_end(), 401), check_problem(second, 400)), ("secret".into(), "request".into()));
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload"), 0);
}
