//! A request of a manifest with its values filled in, each escaped as the place needs where it goes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::de::IgnoredAny;

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::web::Web;
use huiliu_manifest::Request;
use huiliu_manifest::template::Template;
use huiliu_manifest::transport::{Carrier, Method as Declared, RequestBody};

/// All but the unreserved characters of RFC 3986.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Knows the values of one request.
pub(crate) type Values<'v> = dyn Fn(&str) -> Option<String> + Sync + 'v;

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Form(Vec<(String, String)>),
    Json(String),
    Xml(String),
}

/// A request below the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: Option<Body>,
}

/// Fills a request; `here` knows the values of this request alone.
pub(crate) fn fill(request: &Request, endpoint: &Endpoint, here: &Values<'_>) -> Result<Filled, Failure> {
    let value = |name: &str| endpoint.value(name).or_else(|| here(name));
    let plain = |text: &str| text.to_owned();
    let pairs = |templates: &std::collections::BTreeMap<String, Template>| {
        let pair =
            |(name, template): (&String, &Template)| Ok((name.clone(), template.fill(value, plain).map_err(unknown)?));
        templates.iter().map(pair).collect::<Result<Vec<_>, Failure>>()
    };
    let body = match &request.body {
        None => None,
        Some(RequestBody::Form { fields }) => Some(Body::Form(pairs(fields)?)),
        Some(RequestBody::Json { text }) => Some(Body::Json(json(&text.fill(value, in_json).map_err(unknown)?)?)),
        Some(RequestBody::Xml { text }) => {
            Some(Body::Xml(text.fill(value, |text| quick_xml::escape::escape(text).into_owned()).map_err(unknown)?))
        }
    };
    Ok(Filled {
        method: method(request.method),
        path: path(&request.path, &value)?,
        query: pairs(&request.query)?,
        headers: pairs(&request.headers)?,
        cookies: vec![],
        body,
    })
}

fn unknown(name: String) -> Failure {
    Failure::fatal(Cause::ValueMissing { name })
}

fn method(declared: Declared) -> Method {
    match declared {
        Declared::Get => Method::GET,
        Declared::Post => Method::POST,
        Declared::Put => Method::PUT,
        Declared::Delete => Method::DELETE,
    }
}

/// The path; a value is one segment of it at most, and none that leads elsewhere. Settings are operations' own words and
/// stand as they are.
fn path(template: &Template, value: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let astray = template.values().find(|name| value(name).is_some_and(|text| matches!(text.as_str(), "." | "..")));
    if let Some(name) = astray {
        return Err(Failure::fatal(Cause::ValueInPath { name: name.to_owned() }));
    }
    let encoded = |name: &str| {
        let text = value(name)?;
        Some(if name.starts_with("settings.") { text } else { utf8_percent_encode(&text, IN_PATH).to_string() })
    };
    template.fill(encoded, str::to_owned).map_err(unknown)
}

/// A text as it stands between the quotes of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').map_or(quoted.clone(), str::to_owned)
}

fn json(text: &str) -> Result<String, Failure> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Failure::fatal(Cause::BodyNotJson)),
    }
}

impl Filled {
    /// A plain one of a path.
    pub(crate) fn get(path: &str) -> Self {
        let path = path.to_owned();
        Self { method: Method::GET, path, query: vec![], headers: vec![], cookies: vec![], body: None }
    }

    /// Puts a key or token where it belongs.
    pub(crate) fn put(&mut self, carrier: Carrier, name: &str, value: String) {
        match carrier {
            Carrier::Header => self.headers.push((name.to_owned(), value)),
            Carrier::Query => self.query.push((name.to_owned(), value)),
            Carrier::Cookie => self.cookies.push(format!("{name}={value}")),
        }
    }

    /// What a signature is about: parameters of query and form.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &(String, String)> {
        let form = match &self.body {
            Some(Body::Form(fields)) => &fields[..],
            _ => &[],
        };
        self.query.iter().chain(form)
    }

    /// The request to be sent to `url`, which stands for the path.
    pub(crate) fn build(self, web: &Web, url: Url) -> Result<reqwest::Request, Failure> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            // The value may be a key: it is not told.
            let key =
                HeaderName::try_from(&name).map_err(|_| Failure::fatal(Cause::HeaderName { header: name.clone() }))?;
            let value =
                HeaderValue::try_from(value).map_err(|_| Failure::fatal(Cause::HeaderValue { header: name }))?;
            headers.insert(key, value);
        }
        if !self.cookies.is_empty() {
            let cookies = HeaderValue::try_from(self.cookies.join("; "));
            headers.insert(COOKIE, cookies.map_err(|_| Failure::fatal(Cause::Cookies))?);
        }
        let typed = headers.contains_key(CONTENT_TYPE);
        let mut request = web.request(self.method, url)?.headers(headers);
        if !self.query.is_empty() {
            request = request.query(&self.query);
        }
        let as_type = |request: reqwest::RequestBuilder, kind: &'static str| {
            if typed { request } else { request.header(CONTENT_TYPE, kind) }
        };
        let request = match self.body {
            None => request,
            Some(Body::Form(fields)) => request.form(&fields),
            Some(Body::Json(text)) => as_type(request, "application/json").body(text),
            Some(Body::Xml(text)) => as_type(request, "text/xml; charset=utf-8").body(text),
        };
        // What cannot be built is told without its values.
        request.build().map_err(|_| Failure::fatal(Cause::Request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_where_they_go() {
        assert_eq!(in_json("a\"b\\\n"), "a\\\"b\\\\\\n");
        assert_eq!(in_json("\"\""), "\\\"\\\"");
        assert!(json("{\"page\":3}").is_ok() && json("{\"page\":3,\\\"x\\\"}").is_err());
        let template = Template::parse("/c/${each.class}/x").unwrap();
        let filled = |id: &'static str| path(&template, &move |_| Some(id.to_owned()));
        assert_eq!(filled("a/../b?c 班").unwrap(), "/c/a%2F..%2Fb%3Fc%20%E7%8F%AD/x");
        assert!(filled("..").is_err());
    }
}
