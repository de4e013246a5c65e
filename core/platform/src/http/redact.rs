//! What is said about a platform: no secret of the source in it, however it is written, and no whole number of a person.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::connector::Page;
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use huiliu_decode::draft::masked;
use huiliu_messages::Message;

/// A shorter secret cannot be told from other words.
const MIN: usize = 4;
/// Nor a shorter value of a cookie.
const MIN_COOKIE: usize = 8;
/// How many fetched tokens are remembered: links of earlier answers may repeat one that has run out.
const FETCHED: usize = 64;
/// In how many forms each is.
const FORMS: usize = 5;
/// The most characters of a text in a failure: parsers quote what they meet.
const MAX: usize = 1_000;

/// The secrets of a source, and those that were fetched for it.
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
    /// Those of a source.
    pub(crate) fn of(endpoint: &Endpoint) -> Self {
        let all = endpoint.secrets.values().chain([&endpoint.password]);
        let own = all.flat_map(|secret| forms(&endpoint.user, secret)).collect();
        Self { user: endpoint.user.clone(), own, fetched: Mutex::default() }
    }

    /// A token or session was fetched; of cookies each is one.
    pub(crate) fn fetched(&self, token: &str) {
        let cookies = token.split("; ").filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value);
        let cookies = cookies.filter(|value| value.len() >= MIN_COOKIE);
        let found = [token].into_iter().chain(cookies).flat_map(|secret| forms(&self.user, secret));
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

    /// The text without any of them: platforms repeat what they were sent.
    pub(crate) fn hide(&self, text: &str) -> String {
        let held = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, mut out) = (text.as_bytes(), String::with_capacity(text.len()));
        let (mut at, mut kept) = (0, 0);
        while at < bytes.len() {
            match self.own.iter().chain(held.iter()).filter_map(|secret| end_of(secret, bytes, at)).max() {
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

    /// A failure as it may be told.
    pub(crate) fn quiet(&self, failure: Failure) -> Failure {
        let hidden = Message::new(&failure.cause).map_texts(|text| self.words(text));
        // What did not survive is told without anything of it.
        let cause = hidden.into_type().unwrap_or(Cause::Other { text: "***".into() });
        Failure { cause, place: failure.place.map(|place| self.words(&place).into()), ..failure }
    }

    /// What a pull gave, as it may be told: the one door of whatever a platform makes us say.
    pub(crate) fn told(&self, pulled: Result<Option<Page>, Failure>) -> Result<Option<Page>, Failure> {
        let page =
            |page: Page| Page { records: page.records.map_err(|why| why.map_texts(|text| self.words(text))), ..page };
        pulled.map(|found| found.map(page)).map_err(|failure| self.quiet(failure))
    }

    fn words(&self, text: &str) -> String {
        masked(&self.hide(text), MAX)
    }
}

/// A secret as it is, in base64, and as Basic has it with the user.
fn forms(user: &str, secret: &str) -> Vec<String> {
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

/// Where a secret ends that begins at a place of a text, each of its bytes written in any way.
fn end_of(secret: &str, text: &[u8], at: usize) -> Option<usize> {
    let (mut ends, mut next) = (vec![at], Vec::new());
    for byte in secret.bytes() {
        for end in ends.drain(..) {
            behind(text.get(end..).unwrap_or_default(), byte, |length| next.push(end + length));
        }
        std::mem::swap(&mut ends, &mut next);
        ends.dedup();
        if ends.is_empty() {
            return None;
        }
    }
    ends.into_iter().max()
}

/// How long a byte is where a text begins with it: as it is, in a form, percent-encoded once or twice, or escaped in quotes.
fn behind(text: &[u8], byte: u8, mut found: impl FnMut(usize)) {
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

    fn secrets(user: &str, own: &str) -> Secrets {
        Secrets { user: user.to_owned(), own: forms(user, own), fetched: Mutex::default() }
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_written() {
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
            assert_eq!(all.hide(&format!("班{written}&b")), "班***&b", "{written}");
        }
        for other in ["Sup3r", "%", "%2", "\\", "Sup3r%2FS", "+", ""] {
            assert_eq!(all.hide(other), other);
        }
        // What is in another is not hidden in part.
        all.fetched("Sup3r/S");
        assert_eq!(all.hide("Sup3r/S+c \"é= Sup3r/Sx"), "*** ***x");
        assert_eq!(secrets("u", "abc").hide("abc"), "abc");
    }

    #[test]
    fn what_was_fetched_is_hidden_too() {
        let all = secrets("u", "password");
        all.fetched("SID=0123456789abcdef; lang=zh");
        assert_eq!(all.hide("zh sid=0123456789abcdef"), "zh sid=***");
        let quiet = |text: String| match all.quiet(Failure::fatal(Cause::Other { text })).cause {
            Cause::Other { text } => text,
            other => panic!("{other}"),
        };
        let text = quiet(format!("{} passw%6Frd 号22010219590911001X", "长".repeat(900)));
        assert!(text.ends_with("长 *** 号22***************X"), "{text}");
        assert_eq!(quiet("长".repeat(2_000)).chars().count(), MAX);
        // In what a failure holds, too.
        let why = Box::new(Cause::ValueMissing { name: "password".into() });
        let nested = Failure::fatal(Cause::StatusOfStore { why, store_code: "AccessDenied".into() }).at("/a password");
        assert_eq!(
            all.quiet(nested).to_string(),
            "/a ***: ${***} has no value; check the source's settings; the store says AccessDenied"
        );
    }
}
