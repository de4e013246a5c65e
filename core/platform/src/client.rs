//! What a connector in Rust is given, so that it only says what a manifest cannot.

use std::collections::BTreeMap;

use crate::connector::Page;
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::platform::{Leads, Platform, Question};
use huiliu_decode::decode;
use huiliu_manifest::template::Template;
use huiliu_manifest::transport::{Method, RequestBody};
use huiliu_manifest::{Auth, Manifest, Request, Stream, Transport};

/// Asks a platform as every other connector does: authorised as the manifest says, within its budget and the limits of time,
/// size and networks, without redirects, a login page never taken for records, no secret in what is said.
#[derive(Debug)]
pub struct Client {
    platform: Platform,
}

impl Client {
    /// For this endpoint, with authorisation, answers and budget of the manifest.
    ///
    /// # Errors
    /// [`Failure`] when the base URL is not one.
    pub fn new(manifest: &Manifest, endpoint: &Endpoint) -> Result<Self, Failure> {
        let (auth, answers, budget) = match &manifest.transport {
            Transport::Http { auth, answers, budget } => (auth.clone(), answers.clone(), budget.clone()),
            _ => (Auth::None {}, vec![], None),
        };
        Ok(Self { platform: Platform::new(&manifest.id, endpoint.clone(), auth, answers, budget)? })
    }

    /// The body of a good answer to `GET path?query`; empty where the manifest says that an answer means no records.
    ///
    /// # Errors
    /// [`Failure`]: whether to try again, and not before when, as the platform's answer says.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        self.ask(path, Method::Get, query, None).await
    }

    /// The body of a good answer to `POST path` with the fields of a form.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        self.ask(path, Method::Post, &[], Some(form)).await
    }

    async fn ask(
        &self,
        path: &str,
        method: Method,
        query: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Result<Vec<u8>, Failure> {
        let template = |text: &str| {
            Template::parse(text).map_err(|e| Failure::fatal(Cause::Template { why: e.to_string() }).at(path))
        };
        // The fields are values, so that nothing in them is taken for a value's name.
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
            leads: Leads::Path,
            place: path,
            table: None,
            records_of: None,
        };
        Ok(self.platform.ask(&question).await?.map(|answer| answer.bytes().into_owned()).unwrap_or_default())
    }

    /// A page of what was received, its records counted as the stream's format says. It ends the pass, and the next pass
    /// begins anew: a connector with more pages changes `cursor` and `last`.
    ///
    /// # Errors
    /// [`Failure`] for a cut or foreign body; it is worth asking again.
    pub async fn page(&self, stream: &Stream, address: String, bytes: Vec<u8>) -> Result<Page, Failure> {
        self.counted(stream, address, bytes).await.map_err(|f| self.platform.secrets.quiet(f))
    }

    async fn counted(&self, stream: &Stream, address: String, bytes: Vec<u8>) -> Result<Page, Failure> {
        let payload = crate::files::page::kept(stream, &address, bytes)?;
        let body = self.platform.endpoint.read(stream, &payload, &address).await?;
        let records = decode::outline(stream, &body, None).map_err(|e| Failure::undecodable(&address, e))?.records;
        drop(body);
        let (cursor, last) = ("{}".to_owned(), true);
        Ok(Page { address, payload, records: Ok(records), each: None, cursor, last, waiting: false })
    }
}
