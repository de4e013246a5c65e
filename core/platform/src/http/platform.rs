//! Sends requests to one platform: fills each in, waits for the budget, authorises it, sends it, and judges the
//! answer.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::answers::{self, Verdict};
use crate::http::auth::{self, Tokens};
use crate::http::redact::Secrets;
use crate::http::request::{self, FilledRequest, Values};
use crate::http::sign::{self, Attempt};
use crate::http::web::{Answer, Web};
use huiliu_decode::payload::Packer;
use huiliu_decode::text_window;
use huiliu_manifest::transport::{AnswerRule, Budget};
use huiliu_manifest::{Auth, Layout, Request, Stream};

/// One platform, as one source uses it.
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

/// Where a request goes.
#[derive(Clone, Copy)]
pub(crate) enum RequestTarget<'q> {
    /// To the path of the request.
    Path,
    /// To a link from an earlier answer, which replaces path and query. It must lead to the host of `base_url`.
    SameHost(&'q str),
    /// To a link from an earlier answer. If it leads to another host, the request carries no credentials.
    Anywhere(&'q str),
}

/// What to request, and how to read the answer.
pub(crate) struct Question<'q> {
    pub(crate) request: &'q Request,
    /// Looks up the values of this request alone.
    pub(crate) values: &'q Values<'q>,
    /// Query parameters that paging and time add.
    pub(crate) query: &'q [(String, String)],
    /// Where the request goes.
    pub(crate) leads: RequestTarget<'q>,
    /// What is requested, for messages.
    pub(crate) place: &'q str,
    /// The table that a web page may contain. Without it, a web page is taken for a login page.
    pub(crate) table: Option<&'q Layout>,
    /// The stream, if only its records are read from the answer; a large answer is then kept compressed.
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
        let secrets = Secrets::from_endpoint(&endpoint);
        Ok(Self { endpoint, web, auth, answers, tokens: Mutex::default(), secrets, budget })
    }

    /// Sends a request and returns the answer, or `None` if a rule of the manifest says that the answer means no
    /// records. A refused token is dropped, so that the next attempt fetches another. Failures are redacted.
    pub(crate) async fn request_answer(&self, question: &Question<'_>) -> Result<Option<Answer>, Failure> {
        self.request_unredacted(question).await.map_err(|f| self.secrets.redact_failure(f))
    }

    async fn request_unredacted(&self, question: &Question<'_>) -> Result<Option<Answer>, Failure> {
        let Question { request, values, query, leads, place, table, records_of } = question;
        // A rule with a path may refer to any place in the answer, so the answer must stay whole.
        let records_of = records_of.filter(|_| self.answers.iter().all(|rule| rule.path.is_none()));
        let packer = records_of.map_or_else(Packer::default, |stream| text_window::build_packer(stream, 0));
        let base = self.web.resolve_path("")?;
        if let RequestTarget::Anywhere(link) = leads {
            let url = base
                .join(link)
                .map_err(|e| Failure::fatal(Cause::LinkNotUrl { why: e.to_string() }).with_place(*place))?;
            if url.origin() != base.origin() {
                let answer = self.send_without_auth(FilledRequest::plain_get(url.path()), url, place, packer).await?;
                return check_verdict(answers::judge_answer(&self.answers, &answer, place, *table))
                    .map(|()| Some(answer));
            }
        }
        let token = self.get_or_fetch_token().await?;
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
        let mut filled = request::fill_request(request, &self.endpoint, &here)?;
        let mut url = match leads {
            RequestTarget::Path => self.web.resolve_path(&filled.path)?,
            RequestTarget::SameHost(link) | RequestTarget::Anywhere(link) => {
                self.web.resolve_link(&self.web.resolve_path(&filled.path)?, link)?
            }
        };
        if matches!(leads, RequestTarget::Path) {
            filled.query.extend(query.iter().cloned());
        } else {
            // The link already contains all parameters of the first request.
            filled.query.clear();
            if attempt.is_some() {
                // The parameters of the link are signed, too.
                filled.query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
                url.set_query(None);
            }
        }
        auth::add_credentials(&self.auth, &self.endpoint, token.as_deref(), &mut filled);
        if let (Auth::Sign { rule }, Some(attempt)) = (&self.auth, attempt) {
            sign::sign_request(rule, &self.endpoint, attempt, &mut filled)?;
        }
        let answer = self.web.send(filled.build(&self.web, url)?, place, packer).await?;
        match answers::judge_answer(&self.answers, &answer, place, *table) {
            verdict @ (Verdict::Good | Verdict::Empty) => {
                self.tokens.lock().await.mark_accepted();
                Ok(matches!(verdict, Verdict::Good).then_some(answer))
            }
            Verdict::Refresh(failure) => Err(self.tokens.lock().await.mark_refused(failure, place)),
            Verdict::Bad(failure) => Err(failure),
        }
    }

    /// Sends a request without authorisation, for example to fetch a token.
    pub(crate) async fn send_without_auth(
        &self,
        filled: FilledRequest,
        url: reqwest::Url,
        place: &str,
        packer: Packer,
    ) -> Result<Answer, Failure> {
        self.wait_for_slot(&url).await?;
        self.web.send(filled.build(&self.web, url)?, place, packer).await
    }

    /// Returns the failure that an answer means, if it means one.
    pub(crate) fn expect_good(&self, rules: &[AnswerRule], answer: &Answer, place: &str) -> Result<(), Failure> {
        check_verdict(answers::judge_answer(rules, answer, place, None))
    }

    /// Waits until the budget that all workers share allows a request to the host.
    async fn wait_for_slot(&self, url: &reqwest::Url) -> Result<(), Failure> {
        let Some(Budget { requests, seconds }) = &self.budget else { return Ok(()) };
        let every = Duration::from_micros(seconds.0.saturating_mul(1_000_000) / requests.0.max(1));
        let wait = self
            .endpoint
            .rate_limiter
            .next_slot(&Web::host_and_port(url), every)
            .await
            .map_err(|e| Failure::retryable(Cause::Budget { why: e.to_string() }))?;
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Returns the failure of a verdict, if it has one.
pub(crate) fn check_verdict(verdict: Verdict) -> Result<(), Failure> {
    match verdict {
        Verdict::Good | Verdict::Empty => Ok(()),
        Verdict::Refresh(failure) | Verdict::Bad(failure) => Err(failure),
    }
}
