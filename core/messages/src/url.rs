//! Hides who a URL logs in as, wherever a URL stands in a text.

use std::borrow::Cow;

/// Replaces user and password of every URL in a text by `***`.
#[must_use]
pub fn hide_url_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + "://".len());
        out.push_str(before);
        let is_behind = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '”');
        let end = url.find(is_behind).unwrap_or(url.len());
        let host = credentials_end(&url[..end]);
        if host > 0 {
            out.push_str("***@");
        }
        rest = &url[host..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns where the host of a URL begins, without its scheme; 0 if no credentials stand before it.
fn credentials_end(url: &str) -> usize {
    let authority = url.split(['/', '?', '#']).next().unwrap_or(url);
    if let Some(at) = authority.rfind('@') {
        return at + 1;
    }
    // A password may hold a slash that nobody has encoded. Behind a colon stands a port otherwise.
    let port = authority.split_once(':').map(|(_, port)| port).filter(|_| !authority.starts_with('['));
    let is_password = port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()));
    url.rfind('@').filter(|_| is_password).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_and_nothing_else() {
        for (text, expected) in [
            ("postgres://u:p@h:5432/d", "postgres://***@h:5432/d"),
            ("see https://u:p%40@h/a?b=c, or redis://:pw@h/0.", "see https://***@h/a?b=c, or redis://***@h/0."),
            ("https://token@h", "https://***@h"),
            ("https://u:p@ss@h/x", "https://***@h/x"),
            ("https://u:p/w@h/x", "https://***@h/x"),
            ("\"https://u:p@h\",\"b@c\"", "\"https://***@h\",\"b@c\""),
            ("https://h/a@b", "https://h/a@b"),
            ("https://h:80/?m=a@b", "https://h:80/?m=a@b"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("a@b", "a@b"),
            ("://@", "://***@"),
        ] {
            assert_eq!(hide_url_credentials(text), expected, "{text}");
        }
    }
}
