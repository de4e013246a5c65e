//! The one client through which platforms are reached: guarded, without redirects and proxies, and bounded.

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

/// The largest answer that is taken, unpacked.
const MAX_BYTES: usize = 64 << 20;
/// A gzip answer may unpack to so many times its size, and to this size in any case.
const MAX_RATIO: usize = 250;
const SMALL: usize = 1 << 20;

/// An answer as received, unpacked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

impl Answer {
    /// All of its bytes.
    pub(crate) fn bytes(&self) -> Cow<'_, [u8]> {
        // What was packed a moment ago unpacks.
        self.payload.whole().unwrap_or_default()
    }

    /// Its text, which what leads on is read off: in UTF-8, or else in GB18030.
    pub(crate) fn text(&self) -> Option<String> {
        decode::in_encoding(Encoding::Auto, &self.bytes()).ok().map(Cow::into_owned)
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it is a web page, as of a login.
    pub(crate) fn is_html(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().to_ascii_lowercase().starts_with(b"text/html"))
    }
}

/// A platform's base URL and a client for it.
#[derive(Debug)]
pub(crate) struct Web {
    base: Url,
    networks: Networks,
    /// The client, or why there is none: a certificate that is missing is only needed when something is sent.
    client: Result<Client, Failure>,
}

impl Web {
    /// A client for this endpoint; `auth` may want a certificate in it.
    pub(crate) fn new(connector: &str, endpoint: &Endpoint, auth: &Auth) -> Result<Self, Failure> {
        let base = Url::parse(&endpoint.base_url)
            .map_err(|e| Failure::fatal(Cause::BaseUrl { connector: connector.to_owned(), why: e.to_string() }))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Failure::fatal(Cause::BaseUrlScheme { connector: connector.to_owned() }));
        }
        let plain = client(endpoint.timeout, &endpoint.networks);
        let client = match auth {
            Auth::Certificate {} => identity(endpoint).map(|identity| plain.identity(identity)),
            _ => Ok(plain),
        };
        Ok(Self { base, networks: endpoint.networks.clone(), client: client.and_then(built) })
    }

    /// Where a path leads: to the scheme, host and port of `base_url`, or nowhere. Credentials go along.
    pub(crate) fn url(&self, path: &str) -> Result<Url, Failure> {
        let url = self
            .base
            .join(path)
            .map_err(|e| Failure::fatal(Cause::PathInvalid { path: path.to_owned(), why: e.to_string() }))?;
        self.at_home(url).map_err(|host| Failure::fatal(Cause::PathElsewhere { path: path.to_owned(), host }))
    }

    /// A URL of the same scheme, host and port as `base_url`; otherwise the host it is of.
    fn at_home(&self, url: Url) -> Result<Url, String> {
        if url.origin() == self.base.origin() { Ok(url) } else { Err(Self::host(&url)) }
    }

    /// Host and port, whose budget a request is of.
    pub(crate) fn host(url: &Url) -> String {
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0))
    }

    /// Where a link in an answer leads: to the same scheme, host and port, or nowhere.
    pub(crate) fn link(&self, page: &Url, link: &str) -> Result<Url, Failure> {
        let url = page.join(link).map_err(|e| Failure::fatal(Cause::LinkNotUrl { why: e.to_string() }))?;
        self.at_home(url).map_err(|host| Failure::fatal(Cause::LinkElsewhere { host }))
    }

    /// A request to be completed and sent.
    pub(crate) fn request(&self, method: reqwest::Method, url: Url) -> Result<RequestBuilder, Failure> {
        Ok(self.client.as_ref().map_err(Clone::clone)?.request(method, url).header(ACCEPT_ENCODING, "gzip"))
    }

    /// Sends a request, and reads the answer to its end.
    pub(crate) async fn send(&self, request: Request, place: &str, packer: Packer) -> Result<Answer, Failure> {
        self.networks.check(request.url()).map_err(|e| Failure::fatal(not_public(&e)))?;
        if !matches!(request.url().scheme(), "http" | "https") {
            return Err(Failure::fatal(Cause::Scheme).at(place));
        }
        let mut answer =
            self.client.as_ref().map_err(Clone::clone)?.execute(request).await.map_err(|e| unreachable(&e))?;
        let payload = body(&mut answer, place, packer).await?;
        Ok(Answer { status: answer.status(), headers: std::mem::take(answer.headers_mut()), payload })
    }
}

fn client(timeout: Duration, networks: &Networks) -> ClientBuilder {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .dns_resolver(Resolver(networks.clone()))
}

fn built(client: ClientBuilder) -> Result<Client, Failure> {
    client.build().map_err(|e| Failure::fatal(Cause::Client { why: e.to_string() }))
}

/// One answer of a platform that is not yet a source, for a first look at it.
///
/// # Errors
/// [`Failure`].
pub async fn sample(url: &str, timeout: Duration, networks: &Networks) -> Result<Vec<u8>, Failure> {
    let base = Url::parse(url).map_err(|e| Failure::fatal(Cause::Url { url: url.to_owned(), why: e.to_string() }))?;
    let client = built(client(timeout, networks));
    let web = Web { base: base.clone(), networks: networks.clone(), client };
    let place = base.path().to_owned();
    let request = web.request(reqwest::Method::GET, base)?.build();
    let request = request.map_err(|_| Failure::fatal(Cause::Request).at(place.as_str()))?;
    let answer = web.send(request, &place, Packer::default()).await?;
    match crate::http::answers::judge(&[], &answer, &place, None) {
        Verdict::Good | Verdict::Empty => Ok(answer.bytes().into_owned()),
        Verdict::Refresh(failure) | Verdict::Bad(failure) if failure.cause != Cause::LoginPage => Err(failure),
        // Some platforms give their tables as pages.
        Verdict::Refresh(_) | Verdict::Bad(_) => Ok(answer.bytes().into_owned()),
    }
}

/// The client certificate among the source's secrets.
fn identity(endpoint: &Endpoint) -> Result<reqwest::Identity, Failure> {
    let mut pem = String::new();
    for name in ["private_key", "certificate"] {
        let part = endpoint
            .secrets
            .get(name)
            .ok_or_else(|| Failure::fatal(Cause::ValueMissing { name: format!("secret.{name}") }))?;
        pem.push_str(part);
        pem.push('\n');
    }
    // What the parser says could quote the key.
    reqwest::Identity::from_pem(pem.as_bytes()).map_err(|_| Failure::fatal(Cause::Certificate))
}

/// Keeps what is unpacked within bounds.
struct Bounded {
    packer: Packer,
    received: usize,
}

impl std::io::Write for Bounded {
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

async fn body(answer: &mut Response, place: &str, mut packer: Packer) -> Result<Payload, Failure> {
    let packed = answer.headers().get(CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
    let too_much = || Failure::fatal(Cause::AnswerTooLarge { max: MAX_BYTES }).at(place);
    let mut plain = match packed.as_deref() {
        None | Some(b"identity") => None,
        Some(b"gzip" | b"x-gzip") => {
            Some(MultiGzDecoder::new(Bounded { packer: std::mem::take(&mut packer), received: 0 }))
        }
        Some(other) => {
            let encoding = String::from_utf8_lossy(other).into_owned();
            return Err(Failure::fatal(Cause::AnswerEncoding { encoding }).at(place));
        }
    };
    let broken = |e: std::io::Error| Failure::passing(Cause::Packing { why: e.into() }).at(place);
    let mut received = 0usize;
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(&e))? {
        received += chunk.len();
        if received > MAX_BYTES {
            return Err(too_much());
        }
        let Some(decoder) = &mut plain else {
            packer.push(&chunk).map_err(broken)?;
            continue;
        };
        decoder.get_mut().received = received;
        decoder.write_all(&chunk).map_err(|e| unpacking(&e, place))?;
    }
    match plain {
        None => packer.finish().map_err(broken),
        // An answer without a body may say that it is packed.
        Some(_) if received == 0 => Ok(Payload::default()),
        Some(decoder) => decoder.finish().map_err(|e| unpacking(&e, place))?.packer.finish().map_err(broken),
    }
}

fn unpacking(e: &std::io::Error, place: &str) -> Failure {
    if e.kind() == std::io::ErrorKind::FileTooLarge {
        return Failure::fatal(Cause::AnswerUnpacksTooLarge { max: MAX_BYTES, max_ratio: MAX_RATIO }).at(place);
    }
    Failure::passing(Cause::AnswerNotGzip { why: e.to_string() }).at(place)
}

/// Why there is no answer, without the URL: it may hold a key.
fn unreachable(e: &reqwest::Error) -> Failure {
    if let Some(refused) = guard::refusal(e) {
        return Failure::fatal(not_public(refused));
    }
    let host = e.url().map(Web::host).unwrap_or_default();
    Failure::passing(if e.is_timeout() {
        Cause::Timeout { host }
    } else if e.is_connect() {
        Cause::Unreachable { host }
    } else {
        Cause::Interrupted { host }
    })
}

fn not_public(refused: &guard::Refused) -> Cause {
    Cause::AddressNotPublic { host: refused.host().to_owned(), address: refused.address().to_string() }
}
