//! What every connector over HTTP shares: the client, and answers within limits.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};

use super::{Endpoint, Failure};

/// The largest answer that is taken.
const MAX_BYTES: usize = 64 << 20;
/// The longest wait that a Retry-After can impose.
const MAX_WAIT: Duration = Duration::from_secs(120);

/// A platform's base URL and a client for it, without redirects and proxies.
#[derive(Debug)]
pub(super) struct Web {
    base: Url,
    pub(super) client: Client,
}

impl Web {
    pub(super) fn new(connector: &str, endpoint: &Endpoint) -> Result<Self, Failure> {
        let base = Url::parse(&endpoint.base_url).map_err(|e| {
            Failure::fatal(
                "url",
                format!("source {connector}: base_url is not a URL: {e}; give http://HOST:PORT or https://HOST"),
            )
        })?;
        Ok(Self { base, client: client(endpoint.timeout)? })
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(path).map_err(|e| Failure::fatal("url", format!("{path} is not a path: {e}")))
    }
}

impl Web {
    /// Where a link in an answer leads: to the same scheme, host and port, or nowhere.
    pub(super) fn link(&self, page: &Url, link: &str) -> Result<Url, Failure> {
        let url = page.join(link).map_err(|e| Failure::fatal("link", format!("the next link is no URL: {e}")))?;
        if url.origin() != self.base.origin() {
            let host = url.host_str().unwrap_or_default();
            return Err(Failure::fatal(
                "link",
                format!("the next link leads to another host, {host}; only the host of base_url is asked"),
            ));
        }
        Ok(url)
    }
}

fn client(timeout: Duration) -> Result<Client, Failure> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|e| Failure::fatal("client", format!("no HTTP client: {e}")))
}

/// One answer of a platform that is not yet a source, for a first look at it.
///
/// # Errors
/// [`Failure`].
pub async fn sample(url: &str, timeout: Duration) -> Result<Vec<u8>, Failure> {
    let url = Url::parse(url).map_err(|e| {
        Failure::fatal("url", format!("{url} is not a URL: {e}; give http://HOST:PORT or https://HOST"))
    })?;
    let place = url.path().to_owned();
    let answer = client(timeout)?.get(url).send().await.map_err(|e| unreachable(&e))?;
    body(answer, &place).await
}

/// The body of a good answer.
pub(super) async fn body(answer: Response, place: &str) -> Result<Vec<u8>, Failure> {
    let status = answer.status();
    if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        return Err(Failure::fatal(
            "credentials",
            format!("{place}: the platform refuses user and password ({status}); check the source's user and password"),
        ));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let wait =
            answer.headers().get("retry-after").and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse().ok());
        let wait = Duration::from_secs(wait.unwrap_or(0)).min(MAX_WAIT);
        return Err(Failure {
            code: "status",
            text: format!("{place}: the platform answered {status}"),
            retry: Some(wait),
        });
    }
    if !status.is_success() {
        return Err(Failure::fatal(
            "status",
            format!("{place}: the platform answered {status}; check base_url and the manifest's path"),
        ));
    }
    let mut answer = answer;
    let told = usize::try_from(answer.content_length().unwrap_or(0)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(told.min(MAX_BYTES));
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(&e))? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(Failure::fatal(
                "size",
                format!("{place}: more than {MAX_BYTES} bytes in one answer; ask for smaller pages"),
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The body of a good answer with records in it, not that of a login page.
pub(super) async fn records(answer: Response, place: &str) -> Result<Vec<u8>, Failure> {
    let html = answer.headers().get("content-type").is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let bytes = body(answer, place).await?;
    if html {
        return Err(Failure::passing(
            "login_page",
            format!("{place}: a web page came instead of records, as when a login has run out"),
        ));
    }
    Ok(bytes)
}

pub(super) fn unreachable(e: &reqwest::Error) -> Failure {
    let what = if e.is_timeout() {
        "did not answer in time"
    } else if e.is_connect() {
        "cannot be reached"
    } else {
        "broke off its answer"
    };
    let host = e.url().and_then(|u| u.host_str().map(|h| format!("{h}:{}", u.port_or_known_default().unwrap_or(0))));
    Failure::passing(
        "network",
        format!("the platform {} {what}; check base_url and the network", host.unwrap_or_default()),
    )
}
