//! How requests are authorised: what is added to each, and tokens and sessions, which run out.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::answers::Verdict;
use crate::http::platform::Platform;
use crate::http::request::{self, Body, Filled};
use crate::http::sign;
use crate::http::web::Answer;
use huiliu_decode::json;
use huiliu_decode::payload::Packer;
use huiliu_manifest::transport::{Auth, Carrier};

/// A token is not used in its last seconds.
const SPARE: Duration = Duration::from_secs(30);

/// What was fetched to be carried by requests.
#[derive(Clone)]
struct Token {
    text: String,
    until: Option<Instant>,
    /// Whether a request that carried it was answered well.
    worked: bool,
}

/// The token that is held, if there is one.
#[derive(Default)]
pub(crate) struct Tokens {
    held: Option<Token>,
    /// Tokens in a row that were refused before one of their requests was answered well.
    refused: u32,
    /// The refresh token that took the place of the source's.
    refresh: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// A request with it was answered well.
    pub(crate) fn worked(&mut self) {
        self.refused = 0;
        if let Some(token) = &mut self.held {
            token.worked = true;
        }
    }

    /// A request with it was refused: what becomes of the failure. A token that ran out, or the first one, is worth fetching
    /// anew; a second new one in a row that is refused is not.
    pub(crate) fn refused(&mut self, failure: Failure, place: &str) -> Failure {
        let Some(token) = self.held.take() else { return failure };
        self.refused = if token.worked { 0 } else { self.refused + 1 };
        if self.refused > 1 {
            return Failure { retry: None, ..failure };
        }
        match failure.cause {
            Cause::LoginPage | Cause::LoginPageColumns { .. } => failure,
            _ => Failure::passing(Cause::TokenExpired).at(place),
        }
    }
}

/// Whether requests carry something that is fetched first.
pub(crate) fn is_fetched(auth: &Auth) -> bool {
    matches!(auth, Auth::Oauth2 { .. } | Auth::Oauth2Refresh { .. } | Auth::Jwt { .. } | Auth::Session { .. })
}

/// Adds what a request carries; `token` is what was fetched.
pub(crate) fn apply(auth: &Auth, endpoint: &Endpoint, token: Option<&str>, filled: &mut Filled) {
    let Endpoint { user, password, .. } = endpoint;
    let token = token.unwrap_or_default();
    match auth {
        Auth::None {} | Auth::Certificate {} | Auth::Sign { .. } => {}
        Auth::Basic {} => {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            filled.put(Carrier::Header, "authorization", format!("Basic {pair}"));
        }
        Auth::Bearer {} => filled.put(Carrier::Header, "authorization", format!("Bearer {password}")),
        Auth::ApiKey { carrier, name } => filled.put(*carrier, name, password.clone()),
        Auth::Oauth2 { .. } | Auth::Oauth2Refresh { .. } | Auth::Jwt { .. } => {
            filled.put(Carrier::Header, "authorization", format!("Bearer {token}"));
        }
        Auth::Session { token: None, .. } => filled.cookies.push(token.to_owned()),
        Auth::Session { carrier, name, prefix, .. } => filled.put(*carrier, name, format!("{prefix}{token}")),
    }
}

/// The query parameters in which a key, a token or a signature stands: links in answers may repeat them.
pub(crate) fn in_query(auth: &Auth) -> Vec<&str> {
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
    /// The token that requests carry, fetched if there is none; nothing where none is fetched.
    pub(crate) async fn token(&self) -> Result<Option<String>, Failure> {
        if !is_fetched(&self.auth) {
            return Ok(None);
        }
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.held.as_ref().filter(|t| t.until.is_none_or(|until| Instant::now() < until)) {
            return Ok(Some(token.text.clone()));
        }
        let (text, until) = match &self.auth {
            Auth::Session { login, token, .. } => (self.log_in(login, token.as_deref()).await?, None),
            _ => self.grant(&mut tokens).await?,
        };
        if text.is_empty() || text.contains(char::is_control) {
            return Err(Failure::passing(Cause::TokenNotPrintable));
        }
        self.secrets.fetched(&text);
        tokens.held = Some(Token { text: text.clone(), until, worked: false });
        Ok(Some(text))
    }

    /// Fetches a token by one of the grants of OAuth2.
    async fn grant(&self, tokens: &mut Tokens) -> Result<(String, Option<Instant>), Failure> {
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
                (token_path, vec![grant, pair("assertion", &assertion(&self.endpoint, audience)?)])
            }
            _ => return Ok((String::new(), None)),
        };
        let filled = Filled { method: reqwest::Method::POST, body: Some(Body::Form(fields)), ..Filled::get(path) };
        let answer = self.exchange(filled, self.web.url(path)?, path, Packer::default()).await?;
        if answer.status.as_u16() == 400 {
            return Err(Failure::fatal(Cause::Credentials { status: answer.status.to_string() }).at(path));
        }
        self.expect_good(&[], &answer, path)?;
        let told: Value = serde_json::from_slice(&answer.bytes())
            .map_err(|e| Failure::passing(Cause::TokenNotJson { why: e.to_string() }).at(path))?;
        let text = told
            .get("access_token")
            .and_then(Value::as_str)
            .ok_or_else(|| Failure::passing(Cause::TokenMissing).at(path))?;
        if let Some(next) = told.get("refresh_token").and_then(Value::as_str) {
            self.secrets.fetched(next);
            tokens.refresh = Some(next.to_owned());
        }
        let seconds = told.get("expires_in").and_then(Value::as_u64).map(Duration::from_secs);
        // One that lives hardly longer than what is spared is used until it is refused.
        let until = seconds.and_then(|s| s.checked_sub(SPARE)).and_then(|s| Instant::now().checked_add(s));
        Ok((text.to_owned(), until))
    }

    /// Logs in, and gives the token or the cookies of the session.
    async fn log_in(&self, login: &huiliu_manifest::Request, token: Option<&str>) -> Result<String, Failure> {
        let filled = request::fill(login, &self.endpoint, &|_| None)?;
        let place = filled.path.clone();
        let answer = self.exchange(filled, self.web.url(&place)?, &place, Packer::default()).await?;
        let Some(path) = token else {
            let cookies = cookies(&answer);
            // Many logins answer with a page, or lead on to one.
            if !cookies.is_empty() && answer.status.as_u16() < 400 && self.rules_allow(&answer, &place)? {
                return Ok(cookies);
            }
            self.expect_good(&self.answers, &answer, &place)?;
            return Err(Failure::fatal(Cause::LoginCookie).at(place));
        };
        self.expect_good(&self.answers, &answer, &place)?;
        let text = answer.text().unwrap_or_default();
        let found = json::texts(&text, &[path]).ok().and_then(|texts| texts.into_iter().next().flatten());
        found.ok_or_else(|| Failure::fatal(Cause::LoginToken { path: path.to_owned() }).at(place))
    }

    fn rules_allow(&self, answer: &Answer, place: &str) -> Result<bool, Failure> {
        match crate::http::answers::by_rules(&self.answers, answer, place) {
            None | Some(Verdict::Good | Verdict::Empty) => Ok(true),
            Some(Verdict::Refresh(failure) | Verdict::Bad(failure)) => Err(failure),
        }
    }
}

fn cookies(answer: &Answer) -> String {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    all.filter_map(|cookie| cookie.split(';').next()).map(str::trim).collect::<Vec<_>>().join("; ")
}

/// An assertion of RFC 7523, good for five minutes.
fn assertion(endpoint: &Endpoint, audience: &str) -> Result<String, Failure> {
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
