//! Redacts a source's secrets, in any encoding, and ID numbers from messages about its platform.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::connector::Page;
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use huiliu_decode::draft::mask_text;
use huiliu_messages::hide_url_credentials;

/// Minimum length of a secret in bytes; a shorter one would match ordinary words.
const MIN: usize = 4;
/// Minimum length of a cookie's value that counts as a secret, in bytes.
const MIN_COOKIE: usize = 8;
/// Number of fetched tokens to remember, because links from earlier answers may repeat an expired one.
const FETCHED: usize = 64;
/// Number of forms in which each secret is looked for.
const FORMS: usize = 5;
/// Maximum length of a text in a failure, in characters, because parsers quote their input.
const MAX: usize = 1_000;

/// The secrets of a source, and the tokens that were fetched for it.
pub(crate) struct Secrets {
    user: String,
    own: Vec<String>,
    fetched: Mutex<VecDeque<String>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Collects the secrets of a source.
    pub(crate) fn from_endpoint(endpoint: &Endpoint) -> Self {
        let all = endpoint.secrets.values().chain([&endpoint.password]);
        let own = all.flat_map(|secret| secret_forms(&endpoint.user, secret)).collect();
        Self { user: endpoint.user.clone(), own, fetched: Mutex::default() }
    }

    /// Remembers a token or session that was fetched. Each cookie of a session counts as a secret of its own.
    pub(crate) fn remember_token(&self, token: &str) {
        let cookies = token.split("; ").filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value);
        let cookies = cookies.filter(|value| value.len() >= MIN_COOKIE);
        let found = [token].into_iter().chain(cookies).flat_map(|secret| secret_forms(&self.user, secret));
        let mut held = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        for form in found {
            if !held.contains(&form) {
                held.push_back(form);
            }
        }
        while held.len() > FETCHED * FORMS {
            held.pop_front();
        }
    }

    /// Replaces all secrets in a text by `***`, because platforms echo what they receive.
    pub(crate) fn hide_secrets(&self, text: &str) -> String {
        let held = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, mut out) = (text.as_bytes(), String::with_capacity(text.len()));
        let (mut at, mut kept) = (0, 0);
        while at < bytes.len() {
            match self.own.iter().chain(held.iter()).filter_map(|secret| match_end(secret, bytes, at)).max() {
                Some(end) => {
                    out.push_str(text.get(kept..at).unwrap_or_default());
                    out.push_str("***");
                    (at, kept) = (end, end);
                }
                None => at += 1,
            }
        }
        out + text.get(kept..).unwrap_or_default()
    }

    /// Redacts a failure.
    pub(crate) fn redact_failure(&self, failure: Failure) -> Failure {
        failure.map_texts(|text| self.redact_text(text))
    }

    /// Redacts the result of a pull. Everything that a platform can make us say passes through here.
    pub(crate) fn redact_pull(&self, pulled: Result<Option<Page>, Failure>) -> Result<Option<Page>, Failure> {
        match pulled {
            Ok(None) => Ok(None),
            Ok(Some(page)) => self.redact_page(Ok(page)).map(Some),
            Err(failure) => Err(self.redact_failure(failure)),
        }
    }

    /// Does the same with one page.
    pub(crate) fn redact_page(&self, read: Result<Page, Failure>) -> Result<Page, Failure> {
        let page = |page: Page| Page {
            records: page.records.map_err(|why| why.map_texts(|text| self.redact_text(text))),
            ..page
        };
        read.map(page).map_err(|failure| self.redact_failure(failure))
    }

    fn redact_text(&self, text: &str) -> String {
        mask_text(&hide_url_credentials(&self.hide_secrets(text)), MAX)
    }
}

/// Returns the forms of a secret: itself, in base64, and in base64 together with the user name as in Basic
/// authentication.
fn secret_forms(user: &str, secret: &str) -> Vec<String> {
    if secret.len() < MIN {
        return vec![];
    }
    let pair = format!("{user}:{secret}");
    let mut forms = vec![secret.to_owned()];
    for text in [secret, &pair] {
        forms.extend([STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)]);
    }
    forms.dedup();
    forms
}

/// Returns where a secret ends that begins at position `at` of a text, with each of its bytes in any encoding.
fn match_end(secret: &str, text: &[u8], at: usize) -> Option<usize> {
    let (mut ends, mut next) = (vec![at], Vec::new());
    for byte in secret.bytes() {
        for end in ends.drain(..) {
            match_byte(text.get(end..).unwrap_or_default(), byte, |length| next.push(end + length));
        }
        std::mem::swap(&mut ends, &mut next);
        ends.dedup();
        if ends.is_empty() {
            return None;
        }
    }
    ends.into_iter().max()
}

/// Calls `found` with the length of every encoding of `byte` that `text` begins with: literal, form-encoded,
/// percent-encoded once or twice, or escaped in quotes.
fn match_byte(text: &[u8], byte: u8, mut found: impl FnMut(usize)) {
    let Some(first) = text.first() else { return };
    if *first == byte || *first == b'+' && byte == b' ' {
        found(1);
    }
    let marks: &[(&[u8], usize)] = match first {
        b'%' => &[(b"%", 2), (b"%25", 2)],
        b'\\' => &[(b"\\u", 4)],
        _ => return,
    };
    for (mark, digits) in marks {
        let code = text.strip_prefix(*mark).and_then(|rest| std::str::from_utf8(rest.get(..*digits)?).ok());
        if code.is_some_and(|code| u32::from_str_radix(code, 16) == Ok(u32::from(byte))) {
            found(mark.len() + digits);
        }
    }
    let escaped = match byte {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        b'"' | b'\'' | b'\\' | b'/' => byte,
        _ => return,
    };
    if *first == b'\\' && text.get(1) == Some(&escaped) {
        found(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Cause;

    fn secrets(user: &str, own: &str) -> Secrets {
        Secrets { user: user.to_owned(), own: secret_forms(user, own), fetched: Mutex::default() }
    }

    #[test]
    fn hides_a_secret_in_any_encoding() {
        let all = secrets("u", "Sup3r/S+c \"é=");
        for written in [
            "Sup3r/S+c \"é=",
            "Sup3r%2FS%2Bc%20%22%C3%A9%3D",
            "Sup3r%2fS%2bc%20%22%c3%a9%3d",
            "Sup3r%2FS%2Bc+%22%C3%A9%3D",
            "Sup3r/S+c%20%22%C3%A9=",
            "Sup3r%252FS%252Bc%2520%2522%25C3%25A9%253D",
            "Sup3r\\/S+c \\\"é=",
            "Sup3r\\u002fS\\u002Bc \\u0022é\\u003d",
            &STANDARD_NO_PAD.encode("Sup3r/S+c \"é="),
            &URL_SAFE_NO_PAD.encode("u:Sup3r/S+c \"é="),
        ] {
            assert_eq!(all.hide_secrets(&format!("班{written}&b")), "班***&b", "{written}");
        }
        for other in ["Sup3r", "%", "%2", "\\", "Sup3r%2FS", "+", ""] {
            assert_eq!(all.hide_secrets(other), other);
        }
        // If one secret is part of another, the longer one is hidden as a whole.
        all.remember_token("Sup3r/S");
        assert_eq!(all.hide_secrets("Sup3r/S+c \"é= Sup3r/Sx"), "*** ***x");
        assert_eq!(secrets("u", "abc").hide_secrets("abc"), "abc");
    }

    #[test]
    fn hides_fetched_tokens() {
        let all = secrets("u", "password");
        all.remember_token("SID=0123456789abcdef; lang=zh");
        assert_eq!(all.hide_secrets("zh sid=0123456789abcdef"), "zh sid=***");
        let quiet = |text: String| match all.redact_failure(Failure::fatal(Cause::Other { text })).cause {
            Cause::Other { text } => text,
            other => panic!("{other}"),
        };
        let text = quiet(format!("{} passw%6Frd 号22010219590911001X", "长".repeat(900)));
        assert!(text.ends_with("长 *** 号22***************X"), "{text}");
        assert_eq!(quiet("长".repeat(2_000)).chars().count(), MAX);
        // The causes nested in a failure are redacted, too.
        let why = Box::new(Cause::ValueMissing { name: "password".into() });
        let nested =
            Failure::fatal(Cause::StatusOfStore { why, store_code: "AccessDenied".into() }).with_place("/a password");
        assert_eq!(
            all.redact_failure(nested).to_string(),
            "/a ***: ${***} has no value; check the source's settings; the object store's error code is AccessDenied"
        );
    }
}
