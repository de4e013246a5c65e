//! The only HTTP client for platforms: guarded, without redirects and proxies, and bounded in size and time.

use std::borrow::Cow;
use std::io::Write as _;
use std::time::Duration;

use flate2::write::MultiGzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, ClientBuilder, Request, RequestBuilder, Response, StatusCode, Url};

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::answers::Verdict;
use crate::http::guard::{self, Networks, Resolver};
use huiliu_decode::decode;
use huiliu_decode::payload::{Packer, Payload};
use huiliu_manifest::{Auth, Encoding};
use huiliu_messages::hide_url_credentials;

/// Maximum size of an answer, decompressed.
const MAX_BYTES: usize = 64 << 20;
/// A gzip answer may grow to this many times its size when decompressed. [`SMALL`] bytes are always allowed.
const MAX_RATIO: usize = 250;
const SMALL: usize = 1 << 20;

/// An answer as received, decompressed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

impl Answer {
    /// Returns all of its bytes.
    pub(crate) fn bytes(&self) -> Cow<'_, [u8]> {
        // The payload was packed a moment ago, so unpacking cannot fail.
        self.payload.read_all().unwrap_or_default()
    }

    /// Returns its text, decoded as UTF-8 or else as GB18030. Links and tokens of the next page are read from it.
    pub(crate) fn text(&self) -> Option<String> {
        decode::decode_in_encoding(Encoding::Auto, &self.bytes()).ok().map(Cow::into_owned)
    }

    /// Returns a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it is a web page, for example a login page.
    pub(crate) fn is_html(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().to_ascii_lowercase().starts_with(b"text/html"))
    }
}

/// A platform's base URL and the client for it.
#[derive(Debug)]
pub(crate) struct Web {
    base: Url,
    networks: Networks,
    /// The client for the platform's own host, or the reason why there is none. A missing certificate only matters once a
    /// request is sent.
    client: Result<Client, Failure>,
    /// The client for other hosts, to which no client certificate is offered.
    other_hosts: Result<Client, Failure>,
}

impl Web {
    /// Creates a client for an endpoint; `auth` may require a client certificate in it.
    pub(crate) fn new(connector: &str, endpoint: &Endpoint, auth: &Auth) -> Result<Self, Failure> {
        let base = Url::parse(&endpoint.base_url)
            .map_err(|e| Failure::fatal(Cause::BaseUrl { connector: connector.to_owned(), why: e.to_string() }))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Failure::fatal(Cause::BaseUrlScheme { connector: connector.to_owned() }));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(Failure::fatal(Cause::BaseUrlLogin { connector: connector.to_owned() }));
        }
        let other_hosts = build_client(client_builder(endpoint.timeout, &endpoint.networks));
        let client = match auth {
            Auth::Certificate {} => client_identity(endpoint).and_then(|identity| {
                build_client(client_builder(endpoint.timeout, &endpoint.networks).identity(identity))
            }),
            _ => other_hosts.clone(),
        };
        Ok(Self { base, networks: endpoint.networks.clone(), client, other_hosts })
    }

    /// Returns the client for a URL. Only the scheme, host and port of `base_url` are offered the client certificate.
    fn client_for(&self, url: &Url) -> Result<&Client, Failure> {
        let client = if url.origin() == self.base.origin() { &self.client } else { &self.other_hosts };
        client.as_ref().map_err(Clone::clone)
    }

    /// Resolves a path to a URL. It must have the scheme, host and port of `base_url`, because credentials are sent
    /// along.
    pub(crate) fn resolve_path(&self, path: &str) -> Result<Url, Failure> {
        let url = self
            .base
            .join(path)
            .map_err(|e| Failure::fatal(Cause::PathInvalid { path: path.to_owned(), why: e.to_string() }))?;
        self.check_origin(url).map_err(|host| Failure::fatal(Cause::PathElsewhere { path: path.to_owned(), host }))
    }

    /// Returns the URL if it has the scheme, host and port of `base_url`, otherwise its host and port.
    fn check_origin(&self, url: Url) -> Result<Url, String> {
        if url.origin() == self.base.origin() { Ok(url) } else { Err(Self::host_and_port(&url)) }
    }

    /// Returns host and port of a URL, by which requests are budgeted.
    pub(crate) fn host_and_port(url: &Url) -> String {
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0))
    }

    /// Resolves a link in an answer. It must have the scheme, host and port of `base_url`.
    pub(crate) fn resolve_link(&self, page: &Url, link: &str) -> Result<Url, Failure> {
        let url = page.join(link).map_err(|e| Failure::fatal(Cause::LinkNotUrl { why: e.to_string() }))?;
        self.check_origin(url).map_err(|host| Failure::fatal(Cause::LinkElsewhere { host }))
    }

    /// Starts a request, to be completed and sent.
    pub(crate) fn start_request(&self, method: reqwest::Method, url: Url) -> Result<RequestBuilder, Failure> {
        Ok(self.client_for(&url)?.request(method, url).header(ACCEPT_ENCODING, "gzip"))
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, request: Request, place: &str, packer: Packer) -> Result<Answer, Failure> {
        self.networks.check_url(request.url()).map_err(|e| Failure::fatal(e.to_cause()))?;
        if !matches!(request.url().scheme(), "http" | "https") {
            return Err(Failure::fatal(Cause::Scheme).with_place(place));
        }
        let client = self.client_for(request.url())?;
        let mut answer = client.execute(request).await.map_err(|e| connection_failure(&e))?;
        let payload = read_answer(&mut answer, place, packer).await?;
        Ok(Answer { status: answer.status(), headers: std::mem::take(answer.headers_mut()), payload })
    }
}

pub(crate) fn client_builder(timeout: Duration, networks: &Networks) -> ClientBuilder {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .dns_resolver(Resolver(networks.clone()))
}

fn build_client(client: ClientBuilder) -> Result<Client, Failure> {
    client.build().map_err(|e| Failure::fatal(Cause::Client { why: e.to_string() }))
}

/// Fetches one answer of a platform that is not yet a source, so that a person can look at it.
///
/// # Errors
/// [`Failure`] if there is no usable answer.
pub async fn fetch_sample(url: &str, timeout: Duration, networks: &Networks) -> Result<Vec<u8>, Failure> {
    let base = Url::parse(url)
        .map_err(|e| Failure::fatal(Cause::Url { url: hide_url_credentials(url).into_owned(), why: e.to_string() }))?;
    let client = build_client(client_builder(timeout, networks));
    let web = Web { base: base.clone(), networks: networks.clone(), other_hosts: client.clone(), client };
    let place = base.path().to_owned();
    let request = web.start_request(reqwest::Method::GET, base)?.build();
    let request = request.map_err(|_| Failure::fatal(Cause::Request).with_place(place.as_str()))?;
    let answer = web.send(request, &place, Packer::default()).await?;
    match crate::http::answers::judge_answer(&[], &answer, &place, None) {
        Verdict::Good | Verdict::Empty => Ok(answer.bytes().into_owned()),
        Verdict::Refresh(failure) | Verdict::Bad(failure) if failure.cause != Cause::LoginPage => Err(failure),
        // Some platforms publish their tables as web pages, so a web page is accepted here.
        Verdict::Refresh(_) | Verdict::Bad(_) => Ok(answer.bytes().into_owned()),
    }
}

/// Sends a short note as JSON to an address that the operator has named. Redirects are not followed, and an address that is
/// not public must be in an allowed network.
///
/// # Errors
/// [`Failure`] if the note is not taken.
pub async fn post_note(url: &str, note: String, timeout: Duration, networks: &Networks) -> Result<(), Failure> {
    let base = Url::parse(url)
        .map_err(|e| Failure::fatal(Cause::Url { url: hide_url_credentials(url).into_owned(), why: e.to_string() }))?;
    let client = build_client(client_builder(timeout, networks));
    let web = Web { base: base.clone(), networks: networks.clone(), other_hosts: client.clone(), client };
    let place = base.path().to_owned();
    let request = web.start_request(reqwest::Method::POST, base)?.header(CONTENT_TYPE, "application/json").body(note);
    let request = request.build().map_err(|_| Failure::fatal(Cause::Request).with_place(place.as_str()))?;
    let status = web.send(request, &place, Packer::default()).await?.status;
    let refused = || Failure::fatal(Cause::Status { status: status.to_string() }).with_place(place.as_str());
    if status.is_success() { Ok(()) } else { Err(refused()) }
}

/// Builds the client certificate from the source's secrets.
fn client_identity(endpoint: &Endpoint) -> Result<reqwest::Identity, Failure> {
    let mut pem = String::new();
    for name in ["private_key", "certificate"] {
        let part = endpoint
            .secrets
            .get(name)
            .ok_or_else(|| Failure::fatal(Cause::ValueMissing { name: format!("secret.{name}") }))?;
        pem.push_str(part);
        pem.push('\n');
    }
    // The parser's error is dropped, because it could quote the key.
    reqwest::Identity::from_pem(pem.as_bytes()).map_err(|_| Failure::fatal(Cause::Certificate))
}

/// Limits the size of decompressed data.
struct SizeLimit {
    packer: Packer,
    received: usize,
}

impl std::io::Write for SizeLimit {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        let most = MAX_BYTES.min(self.received.saturating_mul(MAX_RATIO).max(SMALL));
        if self.packer.len() + part.len() > most {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.packer.push(part)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn read_answer(answer: &mut Response, place: &str, mut packer: Packer) -> Result<Payload, Failure> {
    let packed = answer.headers().get(CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
    let too_much = || Failure::fatal(Cause::AnswerTooLarge { max: MAX_BYTES }).with_place(place);
    let mut plain = match packed.as_deref() {
        None | Some(b"identity") => None,
        Some(b"gzip" | b"x-gzip") => {
            Some(MultiGzDecoder::new(SizeLimit { packer: std::mem::take(&mut packer), received: 0 }))
        }
        Some(other) => {
            let encoding = String::from_utf8_lossy(other).into_owned();
            return Err(Failure::fatal(Cause::AnswerEncoding { encoding }).with_place(place));
        }
    };
    let broken = |e: std::io::Error| Failure::retryable(Cause::Packing { why: e.into() }).with_place(place);
    let mut received = 0usize;
    while let Some(chunk) = answer.chunk().await.map_err(|e| connection_failure(&e))? {
        received += chunk.len();
        if received > MAX_BYTES {
            return Err(too_much());
        }
        let Some(decoder) = &mut plain else {
            packer.push(&chunk).map_err(broken)?;
            continue;
        };
        decoder.get_mut().received = received;
        decoder.write_all(&chunk).map_err(|e| unpack_failure(&e, place))?;
    }
    match plain {
        None => packer.into_payload().map_err(broken),
        // An empty answer may still declare an encoding.
        Some(_) if received == 0 => Ok(Payload::default()),
        Some(decoder) => decoder.finish().map_err(|e| unpack_failure(&e, place))?.packer.into_payload().map_err(broken),
    }
}

fn unpack_failure(e: &std::io::Error, place: &str) -> Failure {
    if e.kind() == std::io::ErrorKind::FileTooLarge {
        return Failure::fatal(Cause::AnswerUnpacksTooLarge { max: MAX_BYTES, max_ratio: MAX_RATIO }).with_place(place);
    }
    Failure::retryable(Cause::AnswerNotGzip { why: e.to_string() }).with_place(place)
}

/// Converts a failed request to a failure without its URL, which may contain a key.
fn connection_failure(e: &reqwest::Error) -> Failure {
    if let Some(refused) = guard::find_refusal(e) {
        return Failure::fatal(refused.to_cause());
    }
    let host = e.url().map(Web::host_and_port).unwrap_or_default();
    Failure::retryable(if e.is_timeout() {
        Cause::Timeout { host }
    } else if e.is_connect() {
        Cause::Unreachable { host }
    } else {
        Cause::Interrupted { host }
    })
}
