//! A platform that is asked: each request filled, within its budget, authorised, sent, and its answer judged.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::answers::{self, Verdict};
use crate::http::auth::{self, Tokens};
use crate::http::redact::Secrets;
use crate::http::request::{self, Filled, Values};
use crate::http::sign::{self, Attempt};
use crate::http::web::{Answer, Web};
use huiliu_decode::payload::Packer;
use huiliu_decode::text_window;
use huiliu_manifest::transport::{AnswerRule, Budget};
use huiliu_manifest::{Auth, Layout, Request, Stream};

/// One platform, for one source.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) endpoint: Endpoint,
    pub(crate) web: Web,
    pub(crate) auth: Auth,
    pub(crate) answers: Vec<AnswerRule>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) secrets: Secrets,
    budget: Option<Budget>,
}

/// Where a request leads.
#[derive(Clone, Copy)]
pub(crate) enum Leads<'q> {
    /// To its path.
    Path,
    /// To a link of an earlier answer, which stands for path and query; to the host of `base_url`, or nowhere.
    Here(&'q str),
    /// To a link of an earlier answer; another host is asked without anything that is ours.
    Anywhere(&'q str),
}

/// What is asked.
pub(crate) struct Question<'q> {
    pub(crate) request: &'q Request,
    /// Values of this request alone.
    pub(crate) values: &'q Values<'q>,
    /// What paging and time add to the query.
    pub(crate) query: &'q [(String, String)],
    /// Where it leads.
    pub(crate) leads: Leads<'q>,
    /// What is asked for, for people.
    pub(crate) place: &'q str,
    /// The table that a web page may be; without one a web page is a login's.
    pub(crate) table: Option<&'q Layout>,
    /// The stream, where nothing but its records is asked of the answer: a large one is packed.
    pub(crate) records_of: Option<&'q Stream>,
}

impl Platform {
    pub(crate) fn new(
        connector: &str,
        endpoint: Endpoint,
        auth: Auth,
        answers: Vec<AnswerRule>,
        budget: Option<Budget>,
    ) -> Result<Self, Failure> {
        let web = Web::new(connector, &endpoint, &auth)?;
        let secrets = Secrets::of(&endpoint);
        Ok(Self { endpoint, web, auth, answers, tokens: Mutex::default(), secrets, budget })
    }

    /// Asks; nothing when a rule of the manifest says that the answer means no records. A refusal of the token drops it, so
    /// that the next attempt fetches another.
    pub(crate) async fn ask(&self, question: &Question<'_>) -> Result<Option<Answer>, Failure> {
        self.ask_plainly(question).await.map_err(|f| self.secrets.quiet(f))
    }

    async fn ask_plainly(&self, question: &Question<'_>) -> Result<Option<Answer>, Failure> {
        let Question { request, values, query, leads, place, table, records_of } = question;
        // A rule may ask for what stands anywhere in it.
        let records_of = records_of.filter(|_| self.answers.iter().all(|rule| rule.path.is_none()));
        let packer = records_of.map_or_else(Packer::default, |stream| text_window::packer(stream, 0));
        let base = self.web.url("")?;
        if let Leads::Anywhere(link) = leads {
            let url =
                base.join(link).map_err(|e| Failure::fatal(Cause::LinkNotUrl { why: e.to_string() }).at(*place))?;
            if url.origin() != base.origin() {
                let answer = self.exchange(Filled::get(url.path()), url, place, packer).await?;
                return good(answers::judge(&self.answers, &answer, place, *table)).map(|()| Some(answer));
            }
        }
        let token = self.token().await?;
        self.wait_for_slot(&base).await?;
        let attempt = match &self.auth {
            Auth::Sign { rule } => Some(Attempt::new(rule.stamp)?),
            _ => None,
        };
        let here = |name: &str| match (name, &attempt) {
            ("session", _) => token.clone(),
            ("timestamp", Some(attempt)) => Some(attempt.timestamp.clone()),
            ("nonce", Some(attempt)) => Some(attempt.nonce.clone()),
            _ => values(name),
        };
        let mut filled = request::fill(request, &self.endpoint, &here)?;
        let mut url = match leads {
            Leads::Path => self.web.url(&filled.path)?,
            Leads::Here(link) | Leads::Anywhere(link) => self.web.link(&self.web.url(&filled.path)?, link)?,
        };
        if matches!(leads, Leads::Path) {
            filled.query.extend(query.iter().cloned());
        } else {
            // The link carries everything on that the first page was asked with.
            filled.query.clear();
            if attempt.is_some() {
                // What it carries is signed, too.
                filled.query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
                url.set_query(None);
            }
        }
        auth::apply(&self.auth, &self.endpoint, token.as_deref(), &mut filled);
        if let (Auth::Sign { rule }, Some(attempt)) = (&self.auth, attempt) {
            sign::sign(rule, &self.endpoint, attempt, &mut filled)?;
        }
        let answer = self.web.send(filled.build(&self.web, url)?, place, packer).await?;
        match answers::judge(&self.answers, &answer, place, *table) {
            verdict @ (Verdict::Good | Verdict::Empty) => {
                self.tokens.lock().await.worked();
                Ok(matches!(verdict, Verdict::Good).then_some(answer))
            }
            Verdict::Refresh(failure) => Err(self.tokens.lock().await.refused(failure, place)),
            Verdict::Bad(failure) => Err(failure),
        }
    }

    /// Sends a request that is not authorised, as one for a token.
    pub(crate) async fn exchange(
        &self,
        filled: Filled,
        url: reqwest::Url,
        place: &str,
        packer: Packer,
    ) -> Result<Answer, Failure> {
        self.wait_for_slot(&url).await?;
        self.web.send(filled.build(&self.web, url)?, place, packer).await
    }

    /// The failure that an answer is, if it is one.
    pub(crate) fn expect_good(&self, rules: &[AnswerRule], answer: &Answer, place: &str) -> Result<(), Failure> {
        good(answers::judge(rules, answer, place, None))
    }

    /// Waits until the host may be asked, by the budget that all workers share.
    async fn wait_for_slot(&self, url: &reqwest::Url) -> Result<(), Failure> {
        let Some(Budget { requests, seconds }) = &self.budget else { return Ok(()) };
        let every = Duration::from_micros(seconds.0.saturating_mul(1_000_000) / requests.0.max(1));
        let wait = self
            .endpoint
            .pace
            .next_slot(&Web::host(url), every)
            .await
            .map_err(|e| Failure::passing(Cause::Budget { why: e.to_string() }))?;
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// The failure that a verdict is, if it is one.
pub(crate) fn good(verdict: Verdict) -> Result<(), Failure> {
    match verdict {
        Verdict::Good | Verdict::Empty => Ok(()),
        Verdict::Refresh(failure) | Verdict::Bad(failure) => Err(failure),
    }
}
