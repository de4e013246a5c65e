//! A platform over HTTP, as its manifest describes it: authorisation, paging, limits.

use async_trait::async_trait;
use chrono::{Days, FixedOffset, NaiveDate, Utc};
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::request::{self, Filled};
use super::web::{self, Web};
use super::{Connector, Endpoint, Failure, Page};
use crate::manifest::stream::PageSize;
use crate::manifest::{Auth, Manifest, Paging, Since, Stream, Transport};
use crate::stages::decode::{self, DecodeFault};

/// Where a pass over a listing stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// Token or number of the page to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Only what has changed since this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<NaiveDate>,
    /// The day on which this pass began; the next one asks for what has changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<NaiveDate>,
}

/// The day in Asia/Shanghai.
fn today() -> NaiveDate {
    FixedOffset::east_opt(8 * 3_600)
        .map_or_else(|| Utc::now().date_naive(), |zone| Utc::now().with_timezone(&zone).date_naive())
}

/// A connector over HTTP.
#[derive(Debug)]
pub struct HttpConnector {
    manifest: Manifest,
    endpoint: Endpoint,
    web: Web,
    token: Mutex<Option<String>>,
}

impl HttpConnector {
    /// For this endpoint.
    ///
    /// # Errors
    /// [`Failure`] when the base URL is not one.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let web = Web::new(&manifest.id, &endpoint)?;
        Ok(Self { manifest, endpoint, web, token: Mutex::new(None) })
    }

    async fn authorised(&self, request: RequestBuilder) -> Result<RequestBuilder, Failure> {
        let Transport::Http { auth, .. } = &self.manifest.transport else { return Ok(request) };
        Ok(match auth {
            Auth::ApiKey { name, .. } => request.header(name, &self.endpoint.password),
            Auth::Basic {} => request.basic_auth(&self.endpoint.user, Some(&self.endpoint.password)),
            Auth::Oauth2 { token_path, .. } => request.bearer_auth(self.bearer(token_path).await?),
            _ => request,
        })
    }

    async fn bearer(&self, token_path: &str) -> Result<String, Failure> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref() {
            return Ok(token.clone());
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.endpoint.user.as_str()),
            ("client_secret", self.endpoint.password.as_str()),
        ];
        let answer = self
            .web
            .client
            .post(self.web.url(token_path)?)
            .form(&form)
            .send()
            .await
            .map_err(|e| web::unreachable(&e))?;
        let body = web::body(answer, token_path).await?;
        let token: serde_json::Value = serde_json::from_slice(&body)
            .map_err(|e| Failure::passing("token", format!("{token_path}: the token answer is not JSON: {e}")))?;
        let token = token
            .get("access_token")
            .and_then(|t| t.as_str())
            .ok_or_else(|| Failure::passing("token", format!("{token_path}: the token answer has no access_token")))?;
        *held = Some(token.to_owned());
        Ok(token.to_owned())
    }

    async fn fetch(&self, url: Url, query: &[(String, String)], place: &str) -> Result<Vec<u8>, Failure> {
        let request = self.web.client.get(url).query(query);
        let answer = self.authorised(request).await?.send().await.map_err(|e| web::unreachable(&e))?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.token.lock().await.take().is_some() {
            return Err(Failure::passing("token", format!("{place}: the token has run out")));
        }
        web::records(answer, place).await
    }
}

#[async_trait]
impl Connector for HttpConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let stands: Cursor = super::read_cursor(cursor)?;
        let Some(request) = &stream.request else {
            return Err(Failure::fatal("manifest", format!("stream {} has no request", stream.name)));
        };
        let paging = &stream.page;
        let Filled { path, mut query } = request::fill(request, &self.endpoint, &|_| None)?;
        let mut url = self.web.url(&path)?;
        if let (Some(since), Some(Since::Moment { param: Some(param), .. })) = (stands.since, &stream.since) {
            query.push((param.clone(), since.to_string()));
        }
        let sized = |query: &mut Vec<(String, String)>, param: &Option<String>, size: PageSize| {
            query.extend(param.iter().map(|param| (param.clone(), size.0.to_string())));
        };
        let (place, next_path) = match paging {
            Paging::Token { param, next, size_param, size, .. } => {
                sized(&mut query, size_param, *size);
                query.extend(stands.page.iter().zip(param).map(|(token, param)| (param.clone(), token.clone())));
                (stands.page.as_deref().unwrap_or("first"), next.as_deref())
            }
            Paging::Link { next, size_param, size } => match &stands.page {
                // The link carries everything on that the first page was asked with.
                Some(link) => {
                    query.clear();
                    url = self.web.link(&url, link)?;
                    (link.split_once('?').map_or(link.as_str(), |(_, query)| query), next.as_deref())
                }
                None => {
                    sized(&mut query, size_param, *size);
                    ("first", next.as_deref())
                }
            },
            Paging::Number { param, size_param, size, .. } => {
                let page = stands.page.as_deref().unwrap_or("1");
                query.extend(param.iter().map(|param| (param.clone(), page.to_owned())));
                sized(&mut query, size_param, *size);
                (page, None)
            }
            _ => ("first", None),
        };
        let place = format!("{path} page {place}");
        let asked = url.clone();
        let bytes = self.fetch(url, &query, &place).await?;
        // A cut or foreign body is asked for again.
        let foreign = |e: DecodeFault| Failure::passing("undecodable", format!("{place}: {e}"));
        let body = self.endpoint.unpacker.body(stream, &bytes).await.map_err(foreign)?;
        let outline = decode::outline(stream, &body, next_path).map_err(foreign)?;
        let next = match paging {
            Paging::Token { .. } => outline.next.filter(|token| !token.is_empty()),
            // Kept without the host: it is the host of base_url, or the next pull is refused.
            Paging::Link { .. } => outline.next.filter(|link| !link.is_empty()).map(|link| {
                self.web
                    .link(&asked, &link)
                    .map_or(link, |url| format!("{}?{}", url.path(), url.query().unwrap_or_default()))
            }),
            Paging::Number { size, .. } if u64::from(outline.records) < size.0 => None,
            Paging::Number { .. } => {
                stands.page.as_deref().unwrap_or("1").parse::<u64>().ok().map(|n| n.saturating_add(1).to_string())
            }
            _ => None,
        };
        if next.is_some() && next == stands.page {
            return Err(Failure::fatal("loop", format!("{place}: the platform leads back to the same page")));
        }
        if next.as_ref().is_some_and(|token| token.contains(char::is_control)) {
            return Err(Failure::fatal("token", format!("{place}: the token of the next page is not printable")));
        }
        let began = stands.began.unwrap_or_else(today);
        let last = next.is_none();
        let cursor = match &stream.since {
            Some(Since::Moment { lookback_days, .. }) if last => {
                let since = began.checked_sub_days(Days::new(lookback_days.0));
                Cursor { since, ..Cursor::default() }
            }
            _ if last => Cursor::default(),
            _ => Cursor { page: next, since: stands.since, began: Some(began) },
        };
        Ok(Some(Page {
            address: place,
            bytes,
            records: Ok(outline.records),
            last,
            cursor: super::write_cursor(&cursor),
        }))
    }

    fn since(&self, stream: &Stream, day: NaiveDate) -> Option<String> {
        let asks = stream.since.is_some();
        asks.then(|| super::write_cursor(&Cursor { since: Some(day), ..Cursor::default() }))
    }
}
