//! Refusals over HTTP: problem documents (RFC 9457) that say why in both languages.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::words::{BilingualText, in_both};

/// The media type of a problem document.
const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request is refused.
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// A stable code for programs.
    pub code: &'static str,
    /// Why, for people.
    pub why: BilingualText,
    /// The run in which a payload was landed nevertheless: this one, if it is unreadable, or another with the same
    /// idempotency key.
    pub run: Option<i64>,
}

/// The document, with members of our own after `detail`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    en: &'a str,
    zh: &'a str,
    run: Option<i64>,
}

impl Problem {
    /// Builds a refusal that concerns no run.
    pub fn new(status: StatusCode, code: &'static str, why: BilingualText) -> Self {
        Self { status, code, why, run: None }
    }

    /// Builds the refusal of a request that no route takes.
    pub fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "path", in_both!("cli-problem-no-route"))
    }

    /// Builds the refusal of a method that a route does not take.
    pub fn no_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", in_both!("cli-problem-no-method"))
    }

    /// Builds the refusal of what is no request that can be read, by the status that says so.
    pub fn unreadable_request(status: StatusCode) -> Self {
        match status {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                Self::new(status, "headers", in_both!("cli-problem-headers-too-large"))
            }
            status => Self::new(status, "request", in_both!("cli-problem-no-request")),
        }
    }

    /// Builds the refusal of a request for which there is no connection left.
    pub fn no_connection() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", in_both!("cli-receive-cannot-taken-just-now-send"))
    }

    /// Returns the seconds after which the request may be sent again, if that can help.
    fn retry_after(&self) -> Option<&'static str> {
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Some("5"),
            StatusCode::INSUFFICIENT_STORAGE => Some("60"),
            _ => None,
        }
    }

    fn document(&self) -> String {
        let document = Document {
            kind: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.why.english,
            code: self.code,
            en: &self.why.english,
            zh: &self.why.chinese,
            run: self.run,
        };
        serde_json::to_string(&document).unwrap_or_default() + "\n"
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or_default()
    }

    /// Returns the whole answer as it is sent, for where no server writes it. It is the last of its connection.
    pub fn to_wire(&self) -> Vec<u8> {
        let (status, title, body) = (self.status.as_u16(), self.title(), self.document());
        let again = self.retry_after().map_or_else(String::new, |again| format!("retry-after: {again}\r\n"));
        let length = body.len();
        format!(
            "HTTP/1.1 {status} {title}\r\ncontent-type: {MEDIA_TYPE}\r\n{again}content-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let again = self.retry_after();
        let mut answer = (self.status, [(header::CONTENT_TYPE, MEDIA_TYPE)], self.document()).into_response();
        if let Some(again) = again {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(again));
        }
        answer
    }
}
