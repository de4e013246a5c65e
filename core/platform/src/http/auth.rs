//! Authorises requests: adds credentials to each, and fetches tokens and sessions, which expire.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::answers::Verdict;
use crate::http::platform::Platform;
use crate::http::request::{self, Body, FilledRequest};
use crate::http::sign;
use crate::http::web::Answer;
use huiliu_decode::json;
use huiliu_decode::payload::Packer;
use huiliu_manifest::transport::{Auth, Carrier};

/// A token is not used during its last seconds.
const SPARE: Duration = Duration::from_secs(30);

/// A token or session that requests carry.
#[derive(Clone)]
struct Token {
    text: String,
    until: Option<Instant>,
    /// Whether a request with it has been answered successfully.
    worked: bool,
}

/// The current token, if there is one.
#[derive(Default)]
pub(crate) struct Tokens {
    held: Option<Token>,
    /// Number of tokens in a row that were refused before any of their requests succeeded.
    refused: u32,
    /// The refresh token that replaced the one in the source's secrets.
    refresh: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// Records that a request with the token was answered successfully.
    pub(crate) fn mark_accepted(&mut self) {
        self.refused = 0;
        if let Some(token) = &mut self.held {
            token.worked = true;
        }
    }

    /// Drops the token after a request with it was refused, and returns the failure to report. It is retryable if the
    /// token had worked before or is the first one; a second new token in a row that is refused makes it permanent.
    pub(crate) fn mark_refused(&mut self, failure: Failure, place: &str) -> Failure {
        let Some(token) = self.held.take() else { return failure };
        self.refused = if token.worked { 0 } else { self.refused + 1 };
        if self.refused > 1 {
            return Failure { retry: None, ..failure };
        }
        match failure.cause {
            Cause::LoginPage | Cause::LoginPageColumns { .. } => failure,
            _ => Failure::retryable(Cause::TokenExpired).with_place(place),
        }
    }
}

/// Whether requests need a token or session that is fetched first.
pub(crate) fn needs_token(auth: &Auth) -> bool {
    matches!(auth, Auth::Oauth2 { .. } | Auth::Oauth2Refresh { .. } | Auth::Jwt { .. } | Auth::Session { .. })
}

/// Adds the credentials to a request; `token` is the token or session that was fetched.
pub(crate) fn add_credentials(auth: &Auth, endpoint: &Endpoint, token: Option<&str>, filled: &mut FilledRequest) {
    let Endpoint { user, password, .. } = endpoint;
    let token = token.unwrap_or_default();
    match auth {
        Auth::None {} | Auth::Certificate {} | Auth::Sign { .. } => {}
        Auth::Basic {} => {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            filled.add_credential(Carrier::Header, "authorization", format!("Basic {pair}"));
        }
        Auth::Bearer {} => filled.add_credential(Carrier::Header, "authorization", format!("Bearer {password}")),
        Auth::ApiKey { carrier, name } => filled.add_credential(*carrier, name, password.clone()),
        Auth::Oauth2 { .. } | Auth::Oauth2Refresh { .. } | Auth::Jwt { .. } => {
            filled.add_credential(Carrier::Header, "authorization", format!("Bearer {token}"));
        }
        Auth::Session { token: None, .. } => filled.cookies.push(token.to_owned()),
        Auth::Session { carrier, name, prefix, .. } => {
            filled.add_credential(*carrier, name, format!("{prefix}{token}"))
        }
    }
}

/// Returns the query parameters that hold a key, a token or a signature. Links in answers may repeat them.
pub(crate) fn secret_query_params(auth: &Auth) -> Vec<&str> {
    match auth {
        Auth::ApiKey { carrier: Carrier::Query, name } | Auth::Session { carrier: Carrier::Query, name, .. } => {
            vec![name]
        }
        Auth::Sign { rule } if rule.carrier == Carrier::Query => {
            vec![&rule.app_id, &rule.timestamp, &rule.nonce, &rule.signature]
        }
        _ => vec![],
    }
}

impl Platform {
    /// Returns the token that requests carry, and fetches one if there is none or it has expired; `None` if the
    /// authorisation needs no token.
    pub(crate) async fn get_or_fetch_token(&self) -> Result<Option<String>, Failure> {
        if !needs_token(&self.auth) {
            return Ok(None);
        }
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.held.as_ref().filter(|t| t.until.is_none_or(|until| Instant::now() < until)) {
            return Ok(Some(token.text.clone()));
        }
        let (text, until) = match &self.auth {
            Auth::Session { login, token, .. } => (self.log_in(login, token.as_deref()).await?, None),
            _ => self.fetch_grant(&mut tokens).await?,
        };
        if text.is_empty() || text.contains(char::is_control) {
            return Err(Failure::retryable(Cause::TokenNotPrintable));
        }
        self.secrets.remember_token(&text);
        tokens.held = Some(Token { text: text.clone(), until, worked: false });
        Ok(Some(text))
    }

    /// Fetches a token with the OAuth2 grant that the manifest declares.
    async fn fetch_grant(&self, tokens: &mut Tokens) -> Result<(String, Option<Instant>), Failure> {
        let Endpoint { user, password, .. } = &self.endpoint;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let client = [pair("client_id", user), pair("client_secret", password)];
        let (path, fields) = match &self.auth {
            Auth::Oauth2 { token_path, scope } => {
                let mut fields = vec![pair("grant_type", "client_credentials")];
                fields.extend(client);
                fields.extend(scope.iter().map(|scope| pair("scope", scope)));
                (token_path, fields)
            }
            Auth::Oauth2Refresh { token_path } => {
                let held = tokens.refresh.as_ref().or_else(|| self.endpoint.secrets.get("refresh_token"));
                let refresh =
                    held.ok_or_else(|| Failure::fatal(Cause::ValueMissing { name: "secret.refresh_token".into() }))?;
                let mut fields = vec![pair("grant_type", "refresh_token"), pair("refresh_token", refresh)];
                fields.extend(client);
                (token_path, fields)
            }
            Auth::Jwt { token_path, audience } => {
                let grant = pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                (token_path, vec![grant, pair("assertion", &build_assertion(&self.endpoint, audience)?)])
            }
            _ => return Ok((String::new(), None)),
        };
        let filled = FilledRequest {
            method: reqwest::Method::POST,
            body: Some(Body::Form(fields)),
            ..FilledRequest::plain_get(path)
        };
        let answer = self.send_without_auth(filled, self.web.resolve_path(path)?, path, Packer::default()).await?;
        if answer.status.as_u16() == 400 {
            return Err(Failure::fatal(Cause::Credentials { status: answer.status.to_string() }).with_place(path));
        }
        self.expect_good(&[], &answer, path)?;
        let told: Value = serde_json::from_slice(&answer.bytes())
            .map_err(|e| Failure::retryable(Cause::TokenNotJson { why: e.to_string() }).with_place(path))?;
        let text = told
            .get("access_token")
            .and_then(Value::as_str)
            .ok_or_else(|| Failure::retryable(Cause::TokenMissing).with_place(path))?;
        if let Some(next) = told.get("refresh_token").and_then(Value::as_str) {
            self.secrets.remember_token(next);
            tokens.refresh = Some(next.to_owned());
        }
        let seconds = told.get("expires_in").and_then(Value::as_u64).map(Duration::from_secs);
        // A token whose lifetime is shorter than [`SPARE`] is used until it is refused.
        let until = seconds.and_then(|s| s.checked_sub(SPARE)).and_then(|s| Instant::now().checked_add(s));
        Ok((text.to_owned(), until))
    }

    /// Logs in and returns the token or the cookies of the session.
    async fn log_in(&self, login: &huiliu_manifest::Request, token: Option<&str>) -> Result<String, Failure> {
        let filled = request::fill_request(login, &self.endpoint, &|_| None)?;
        let place = filled.path.clone();
        let answer = self.send_without_auth(filled, self.web.resolve_path(&place)?, &place, Packer::default()).await?;
        let Some(path) = token else {
            let cookies = join_cookies(&answer);
            // Many logins answer with a web page or a redirect to one.
            if !cookies.is_empty() && answer.status.as_u16() < 400 && self.rules_allow(&answer, &place)? {
                return Ok(cookies);
            }
            self.expect_good(&self.answers, &answer, &place)?;
            return Err(Failure::fatal(Cause::LoginCookie).with_place(place));
        };
        self.expect_good(&self.answers, &answer, &place)?;
        let text = answer.text().unwrap_or_default();
        let found = json::read_texts(&text, &[path]).ok().and_then(|texts| texts.into_iter().next().flatten());
        found.ok_or_else(|| Failure::fatal(Cause::LoginToken { path: path.to_owned() }).with_place(place))
    }

    fn rules_allow(&self, answer: &Answer, place: &str) -> Result<bool, Failure> {
        match crate::http::answers::judge_by_rules(&self.answers, answer, place) {
            None | Some(Verdict::Good | Verdict::Empty) => Ok(true),
            Some(Verdict::Refresh(failure) | Verdict::Bad(failure)) => Err(failure),
        }
    }
}

fn join_cookies(answer: &Answer) -> String {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    all.filter_map(|cookie| cookie.split(';').next()).map(str::trim).collect::<Vec<_>>().join("; ")
}

/// Builds an assertion as in RFC 7523, valid for five minutes.
fn build_assertion(endpoint: &Endpoint, audience: &str) -> Result<String, Failure> {
    let now = Utc::now().timestamp();
    let claims = json!({
        "iss": endpoint.user, "sub": endpoint.user, "aud": audience, "iat": now, "exp": now + 300,
        "jti": sign::random_hex()?,
    });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(&json!({ "alg": "HS256", "typ": "JWT" })), encode(&claims));
    let mac = sign::hmac_sha256(endpoint.password.as_bytes(), text.as_bytes())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac)))
}
