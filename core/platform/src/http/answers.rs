//! Judges answers: first by the manifest's rules, then by the usual meaning of the status.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;

use crate::failure::{Cause, Failure};
use crate::http::web::Answer;
use crate::http::words::find_words;
use huiliu_decode::{html, json};
use huiliu_manifest::Layout;
use huiliu_manifest::transport::{AnswerMeaning, AnswerRule};

/// Maximum wait that a platform can impose.
const MAX_WAIT: Duration = Duration::from_secs(120);
/// Number of bytes of an answer that are searched for a text.
const MAX_SEARCHED: usize = 64 << 10;

/// The meaning of an answer.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It contains what was requested.
    Good,
    /// It means no records, and is not an error.
    Empty,
    /// The token or session seems to have expired.
    Refresh(Failure),
    /// It cannot be used.
    Bad(Failure),
}

/// Judges an answer. A web page is taken for a login page unless it contains this table.
pub(crate) fn judge_answer(rules: &[AnswerRule], answer: &Answer, place: &str, table: Option<&Layout>) -> Verdict {
    let verdict = judge_by_rules(rules, answer, place)
        .or_else(|| judge_by_status(answer, place))
        .unwrap_or_else(|| judge_by_page(answer, place, table));
    match verdict {
        Verdict::Refresh(failure) => Verdict::Refresh(failure.with_words(find_words(answer))),
        Verdict::Bad(failure) => Verdict::Bad(failure.with_words(find_words(answer))),
        good => good,
    }
}

/// Returns the verdict of the first rule that matches.
pub(crate) fn judge_by_rules(rules: &[AnswerRule], answer: &Answer, place: &str) -> Option<Verdict> {
    rules.iter().find(|rule| rule_matches(rule, answer)).map(|rule| apply_rule(rule, answer, place))
}

fn rule_matches(rule: &AnswerRule, answer: &Answer) -> bool {
    let AnswerRule { status, path, is, contains, .. } = rule;
    let of_status = status.as_ref().is_none_or(|all| all.iter().any(|s| s.0 == u64::from(answer.status.as_u16())));
    of_status
        && contains.as_ref().is_none_or(|text| contains_text(answer, text))
        && value_matches(path.as_deref(), is.as_deref(), answer)
}

fn contains_text(answer: &Answer, text: &str) -> bool {
    let searched = answer.payload.read_beginning(MAX_SEARCHED).unwrap_or_default();
    let within = |part: &[u8]| !part.is_empty() && searched.windows(part.len()).any(|window| window == part);
    within(text.as_bytes()) || within(&encoding_rs::GB18030.encode(text).0)
}

fn value_matches(path: Option<&str>, is: Option<&[String]>, answer: &Answer) -> bool {
    let (Some(path), Some(is)) = (path, is) else { return true };
    let Some(text) = answer.text() else { return false };
    let found = json::read_texts(&text, &[path]).ok().and_then(|texts| texts.into_iter().next().flatten());
    found.is_some_and(|found| is.contains(&found))
}

fn apply_rule(rule: &AnswerRule, answer: &Answer, place: &str) -> Verdict {
    let status = answer.status.to_string();
    match rule.taken {
        AnswerMeaning::Retry => Verdict::Bad(Failure::retryable(Cause::RuleRetry { status }).with_place(place)),
        AnswerMeaning::Wait => {
            let retry = Some(parse_wait(answer, &rule.wait_header).unwrap_or(Duration::ZERO));
            Verdict::Bad(Failure { retry, ..Failure::retryable(Cause::RuleWait { status }).with_place(place) })
        }
        AnswerMeaning::Refresh => Verdict::Refresh(Failure::retryable(Cause::RuleToken { status }).with_place(place)),
        AnswerMeaning::Empty => Verdict::Empty,
        AnswerMeaning::Fail => Verdict::Bad(Failure::fatal(Cause::RuleFail { status }).with_place(place)),
    }
}

/// Returns the verdict on a status other than success.
fn judge_by_status(answer: &Answer, place: &str) -> Option<Verdict> {
    let status = answer.status;
    let told = status.to_string();
    if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        let refused = Failure::fatal(Cause::Credentials { status: told }).with_place(place);
        let is_token = status == StatusCode::UNAUTHORIZED;
        return Some(if is_token { Verdict::Refresh(refused) } else { Verdict::Bad(refused) });
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let retry = Some(parse_wait(answer, "retry-after").unwrap_or(Duration::ZERO));
        return Some(Verdict::Bad(Failure {
            retry,
            ..Failure::retryable(Cause::StatusPassing { status: told }).with_place(place)
        }));
    }
    if status.is_redirection() {
        let to = answer.header("location").and_then(|to| reqwest::Url::parse(to).ok());
        let cause = match to.and_then(|to| to.host_str().map(str::to_owned)) {
            Some(host) => Cause::Redirect { host, status: told },
            None => Cause::RedirectWithin { status: told },
        };
        return Some(Verdict::Bad(Failure::fatal(cause).with_place(place)));
    }
    if !status.is_success() {
        return Some(Verdict::Bad(Failure::fatal(Cause::Status { status: told }).with_place(place)));
    }
    None
}

fn judge_by_page(answer: &Answer, place: &str, table: Option<&Layout>) -> Verdict {
    if !answer.is_html() || table.is_some_and(|layout| html::has_columns(&answer.bytes(), layout)) {
        return Verdict::Good;
    }
    let cause = match table {
        None => Cause::LoginPage,
        Some(layout) => Cause::LoginPageColumns { columns: layout.header.clone() },
    };
    Verdict::Refresh(Failure::retryable(cause).with_place(place))
}

/// Parses how long the platform asks us to wait: a number of seconds, a date, or seconds since 1970.
fn parse_wait(answer: &Answer, header: &str) -> Option<Duration> {
    let text = answer.header(header)?.trim();
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc));
    // The platform's date refers to its own clock, so its own `date` header counts as now.
    let now = answer.header("date").and_then(date).unwrap_or_else(Utc::now);
    let until = |moment: DateTime<Utc>| (moment - now).to_std().unwrap_or(Duration::ZERO);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    let wait = match whole.parse::<i64>() {
        _ if !is_number => until(date(text)?),
        Ok(seconds) if seconds >= 1_000_000_000 => DateTime::from_timestamp(seconds, 0).map_or(MAX_WAIT, until),
        Ok(seconds) => Duration::from_secs(seconds.unsigned_abs() + u64::from(!part.is_empty())),
        // A number of seconds that does not fit into an `i64`.
        Err(_) => MAX_WAIT,
    };
    Some(wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiliu_decode::payload::Payload;

    #[test]
    fn parses_all_forms_of_a_wait() {
        let answer = |value: &str| {
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert("retry-after", value.parse().unwrap());
            headers.insert("date", "Thu, 11 Sep 2014 00:00:00 GMT".parse().unwrap());
            Answer { status: StatusCode::OK, headers, payload: Payload::default() }
        };
        for (value, seconds) in [
            ("7", Some(7)),
            ("0.5", Some(1)),
            ("Thu, 11 Sep 2014 00:00:30 GMT", Some(30)),
            ("Wed, 10 Sep 2014 00:00:30 GMT", Some(0)),
            ("1410393620", Some(20)),
            ("99999", Some(120)),
            ("4294967296", Some(120)),
            ("18446744073709551616", Some(120)),
            ("99999999999999999999999.5", Some(120)),
            (".5", None),
            ("+7", None),
            ("-1", None),
            ("soon", None),
        ] {
            let told = parse_wait(&answer(value), "retry-after").map(|wait| wait.as_secs());
            assert_eq!(told, seconds, "{value}");
        }
    }
}
