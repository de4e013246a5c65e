//! Requests that fail the first time and then succeed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::chance::roll_bytes;

/// Maximum number of failed requests that are remembered. When it is reached, no further request fails.
const REMEMBERED: usize = 1_000_000;
/// Bytes sent in a cut body: more than the server buffers (about 408 KiB), and less than promised.
const SENT: usize = 448 * 1024;
const PROMISED: &str = "524288";
const LOGIN: &str = "<!DOCTYPE html><html><head><title>登录</title></head><body>\
    <form action=\"/login\" method=\"post\"><input name=\"username\"><input name=\"password\" \
    type=\"password\"></form></body></html>";

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    TooMany,
    Internal,
    Cut,
    Login,
    Hang,
}

/// Decides which requests fail, and remembers which have failed already.
pub(crate) struct Troubles {
    seed: u64,
    failed: Mutex<HashSet<u64>>,
}

impl Troubles {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, failed: Mutex::default() }
    }

    /// Returns how this attempt fails, or `None` if it does not.
    pub(crate) fn next_trouble(&self, path_and_query: &str) -> Option<Trouble> {
        let key = roll_bytes(self.seed, 90, path_and_query.as_bytes());
        let trouble = plan_trouble(key)?;
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        (failed.len() < REMEMBERED && failed.insert(key)).then_some(trouble)
    }
}

/// Plans a failure for one request in twenty.
fn plan_trouble(key: u64) -> Option<Trouble> {
    if !key.is_multiple_of(20) {
        return None;
    }
    Some(match (key >> 16) % 100 {
        0..30 => Trouble::TooMany,
        30..60 => Trouble::Internal,
        60..80 => Trouble::Cut,
        80..95 => Trouble::Login,
        _ => Trouble::Hang,
    })
}

/// Returns the answer to a failing attempt.
pub(crate) async fn answer_trouble(trouble: Trouble, json: bool) -> Response {
    match trouble {
        Trouble::TooMany => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "too many requests").into_response()
        }
        Trouble::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response(),
        Trouble::Login => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], LOGIN).into_response(),
        Trouble::Cut if json => cut_response("application/json", "{\"code\":0,\"data\":{\"items\":[{\"id\":"),
        Trouble::Cut => cut_response("application/xml", "<?xml version=\"1.0\"?><records page=\"1\""),
        Trouble::Hang => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            cut_response("text/plain", "")
        }
    }
}

/// Promises more than it sends, so that the connection is closed in the middle of the body. With an empty `start` it
/// sends nothing, not even a head.
fn cut_response(content_type: &'static str, start: &str) -> Response {
    let mut sent = start.to_owned();
    if !sent.is_empty() {
        // The server writes nothing until its buffer is full or the body is complete.
        sent.push_str(&" ".repeat(SENT - start.len()));
    }
    // A stream, because the server would check the length of a body that it knows.
    let body = Body::from_stream(Body::from(sent).into_data_stream());
    ([(header::CONTENT_TYPE, content_type), (header::CONTENT_LENGTH, PROMISED)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_twenty_fails_once() {
        let troubles = Troubles::new(4);
        let failing = |path: &String| troubles.next_trouble(path).is_some();
        let paths: Vec<String> = (0..10_000).map(|n| format!("/x?page={n}")).collect();
        let first = paths.iter().filter(|path| failing(path)).count();
        assert!((400..600).contains(&first), "{first}");
        assert_eq!(paths.iter().filter(|path| failing(path)).count(), 0);
    }
}
