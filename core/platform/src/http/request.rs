//! Fills values into a request of a manifest, each escaped for the place where it goes.

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

/// Escapes all but the unreserved characters of RFC 3986.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Looks up the values of one request by name.
pub(crate) type Values<'v> = dyn Fn(&str) -> Option<String> + Sync + 'v;

/// The body of a request, by content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Form(Vec<(String, String)>),
    Json(String),
    Xml(String),
}

/// A request with all values filled in, relative to the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilledRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: Option<Body>,
}

/// Fills in a request; `here` looks up the values of this request alone.
pub(crate) fn fill_request(
    request: &Request,
    endpoint: &Endpoint,
    here: &Values<'_>,
) -> Result<FilledRequest, Failure> {
    let value = |name: &str| endpoint.lookup_value(name).or_else(|| here(name));
    let plain = |text: &str| text.to_owned();
    let pairs = |templates: &std::collections::BTreeMap<String, Template>| {
        let pair = |(name, template): (&String, &Template)| {
            Ok((name.clone(), template.fill_values(value, plain).map_err(missing_value)?))
        };
        templates.iter().map(pair).collect::<Result<Vec<_>, Failure>>()
    };
    let body = match &request.body {
        None => None,
        Some(RequestBody::Form { fields }) => Some(Body::Form(pairs(fields)?)),
        Some(RequestBody::Json { text }) => {
            Some(Body::Json(check_json(&text.fill_values(value, escape_json).map_err(missing_value)?)?))
        }
        Some(RequestBody::Xml { text }) => Some(Body::Xml(
            text.fill_values(value, |text| quick_xml::escape::escape(text).into_owned()).map_err(missing_value)?,
        )),
    };
    Ok(FilledRequest {
        method: to_http_method(request.method),
        path: fill_path(&request.path, &value)?,
        query: pairs(&request.query)?,
        headers: pairs(&request.headers)?,
        cookies: vec![],
        body,
    })
}

fn missing_value(name: String) -> Failure {
    Failure::fatal(Cause::ValueMissing { name })
}

fn to_http_method(declared: Declared) -> Method {
    match declared {
        Declared::Get => Method::GET,
        Declared::Post => Method::POST,
        Declared::Put => Method::PUT,
        Declared::Delete => Method::DELETE,
    }
}

/// Fills in the path. A value fills at most one segment and cannot be `.` or `..`. Settings come from the operator
/// and are not escaped.
fn fill_path(template: &Template, value: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let astray =
        template.value_names().find(|name| value(name).is_some_and(|text| matches!(text.as_str(), "." | "..")));
    if let Some(name) = astray {
        return Err(Failure::fatal(Cause::ValueInPath { name: name.to_owned() }));
    }
    let encoded = |name: &str| {
        let text = value(name)?;
        Some(if name.starts_with("settings.") { text } else { utf8_percent_encode(&text, IN_PATH).to_string() })
    };
    template.fill_values(encoded, str::to_owned).map_err(missing_value)
}

/// Escapes a text for use between the quotes of a JSON string.
fn escape_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').map_or(quoted.clone(), str::to_owned)
}

fn check_json(text: &str) -> Result<String, Failure> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Failure::fatal(Cause::BodyNotJson)),
    }
}

impl FilledRequest {
    /// Creates a GET request of a path, with nothing else.
    pub(crate) fn plain_get(path: &str) -> Self {
        let path = path.to_owned();
        Self { method: Method::GET, path, query: vec![], headers: vec![], cookies: vec![], body: None }
    }

    /// Adds a key or token as header, query parameter or cookie.
    pub(crate) fn add_credential(&mut self, carrier: Carrier, name: &str, value: String) {
        match carrier {
            Carrier::Header => self.headers.push((name.to_owned(), value)),
            Carrier::Query => self.query.push((name.to_owned(), value)),
            Carrier::Cookie => self.cookies.push(format!("{name}={value}")),
        }
    }

    /// Returns the parameters that a signature covers: those of query and form.
    pub(crate) fn signed_parameters(&self) -> impl Iterator<Item = &(String, String)> {
        let form = match &self.body {
            Some(Body::Form(fields)) => &fields[..],
            _ => &[],
        };
        self.query.iter().chain(form)
    }

    /// Builds the request for `url`, which replaces the path.
    pub(crate) fn build(self, web: &Web, url: Url) -> Result<reqwest::Request, Failure> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            // The value may be a key, so the failure names only the header.
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
        let mut request = web.start_request(self.method, url)?.headers(headers);
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
        // The error is dropped, because it could quote values.
        request.build().map_err(|_| Failure::fatal(Cause::Request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_values_for_their_place() {
        assert_eq!(escape_json("a\"b\\\n"), "a\\\"b\\\\\\n");
        assert_eq!(escape_json("\"\""), "\\\"\\\"");
        assert!(check_json("{\"page\":3}").is_ok() && check_json("{\"page\":3,\\\"x\\\"}").is_err());
        let template = Template::parse("/c/${each.class}/x").unwrap();
        let filled = |id: &'static str| fill_path(&template, &move |_| Some(id.to_owned()));
        assert_eq!(filled("a/../b?c 班").unwrap(), "/c/a%2F..%2Fb%3Fc%20%E7%8F%AD/x");
        assert!(filled("..").is_err());
    }
}
