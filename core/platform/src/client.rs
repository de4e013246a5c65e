//! The HTTP client that a connector in Rust receives, so that its code covers only what a manifest cannot express.

use std::collections::BTreeMap;

use crate::connector::Page;
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::platform::{Platform, Question, RequestTarget};
use huiliu_decode::decode::{self, Outline};
use huiliu_manifest::template::Template;
use huiliu_manifest::transport::{Method, RequestBody};
use huiliu_manifest::{Auth, Manifest, Request, Stream, Transport};

/// Sends requests under the same rules as every other connector: authorised as the manifest says, within the
/// platform's budget and the limits of time, size and networks, without following redirects. A login page is never
/// taken for records, and failures contain no secrets.
#[derive(Debug)]
pub struct Client {
    platform: Platform,
}

impl Client {
    /// Creates a client for an endpoint, with the authorisation, answer rules and budget of the manifest.
    ///
    /// # Errors
    /// [`Failure`] if the base URL is invalid.
    pub fn new(manifest: &Manifest, endpoint: &Endpoint) -> Result<Self, Failure> {
        let (auth, answers, budget) = match &manifest.transport {
            Transport::Http { auth, answers, budget } => (auth.clone(), answers.clone(), budget.clone()),
            _ => (Auth::None {}, vec![], None),
        };
        Ok(Self { platform: Platform::new(&manifest.id, endpoint.clone(), auth, answers, budget)? })
    }

    /// Returns the body of a successful answer to `GET path?query`; empty if a rule of the manifest says that the
    /// answer means no records.
    ///
    /// # Errors
    /// [`Failure`], which says whether to retry and, if the platform's answer gives a time, how long to wait first.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        self.send_request(path, Method::Get, query, None).await
    }

    /// Returns the body of a successful answer to `POST path` with form fields.
    ///
    /// # Errors
    /// The same as for [`Client::get`].
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        self.send_request(path, Method::Post, &[], Some(form)).await
    }

    async fn send_request(
        &self,
        path: &str,
        method: Method,
        query: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Result<Vec<u8>, Failure> {
        let template = |text: &str| {
            Template::parse(text).map_err(|e| Failure::fatal(Cause::Template { why: e.to_string() }).with_place(path))
        };
        // Form fields are filled in as values, so that `${…}` in them is not read as the name of a value.
        let field =
            |(nth, (name, _)): (usize, &(&str, &str))| Ok(((*name).to_owned(), template(&format!("${{each.{nth}}}"))?));
        let fields =
            |form: &[(&str, &str)]| form.iter().enumerate().map(field).collect::<Result<BTreeMap<_, _>, Failure>>();
        let body = form.map(fields).transpose()?.map(|fields| RequestBody::Form { fields });
        let request = Request { path: template(path)?, method, query: BTreeMap::new(), headers: BTreeMap::new(), body };
        let values = |name: &str| {
            let nth: usize = name.strip_prefix("each.")?.parse().ok()?;
            form?.get(nth).map(|(_, value)| (*value).to_owned())
        };
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let question = Question {
            request: &request,
            values: &values,
            query: &query,
            leads: RequestTarget::Path,
            place: path,
            table: None,
            records_of: None,
        };
        Ok(self.platform.request_answer(&question).await?.map(|answer| answer.bytes().into_owned()).unwrap_or_default())
    }

    /// Makes a page of the bytes received and counts its records by the stream's format. The page ends the pass, and
    /// the next pass starts from the beginning; a connector with more pages changes `cursor` and `last`.
    ///
    /// # Errors
    /// [`Failure`] if the body is truncated or not in the stream's format; it can be retried.
    pub async fn make_page(&self, stream: &Stream, address: String, bytes: Vec<u8>) -> Result<Page, Failure> {
        self.make_counted_page(stream, address, bytes).await.map_err(|f| self.platform.secrets.redact_failure(f))
    }

    async fn make_counted_page(&self, stream: &Stream, address: String, bytes: Vec<u8>) -> Result<Page, Failure> {
        let payload = crate::files::page::pack_file(stream, &address, bytes)?;
        let body = self.platform.endpoint.read_body(stream, &payload, &address).await?;
        let Outline { records, layout, .. } =
            decode::outline_payload(stream, &body, None).map_err(|e| Failure::from_decode_error(&address, e))?;
        drop(body);
        let (cursor, last) = ("{}".to_owned(), true);
        Ok(Page { address, payload, records: Ok(records), layout, each: None, cursor, last, waiting: false })
    }
}
