//! Reads the header `Link` (RFC 8288): `<…>; rel="next"`. Some platforms leave out the angle brackets.

use reqwest::header::HeaderMap;

/// Parameters that a link can have. Without angle brackets, the target ends before the first of them.
const PARAMETERS: [&str; 8] = ["rel", "rev", "anchor", "hreflang", "media", "title", "title*", "type"];

/// Returns the target of the link to the next page; `None` if no link leads there.
///
/// # Errors
/// The header, if it cannot be read as links.
pub(crate) fn find_next_link(headers: &HeaderMap) -> Result<Option<String>, String> {
    for value in headers.get_all("link") {
        let lossy = || String::from_utf8_lossy(value.as_bytes()).into_owned();
        let text = value.to_str().map_err(|_| lossy())?;
        if let Some(target) = parse_next_link(text).ok_or_else(lossy)? {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

/// Returns the target of the link to the next page, if there is one; `None` if the header is malformed.
fn parse_next_link(header: &str) -> Option<Option<String>> {
    let mut rest = header.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (target, after) = match rest.strip_prefix('<') {
            Some(bracketed) => bracketed.split_once('>')?,
            None => split_bare_target(rest),
        };
        let (parameters, behind) = parse_parameters(after);
        let rel = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("rel")).map(|(_, value)| *value);
        let mut relations = rel.unwrap_or_default().split_ascii_whitespace();
        let leads_on = relations.any(|rel| rel.eq_ignore_ascii_case("next"));
        let link = rest.get(..rest.len() - behind.len()).unwrap_or_default();
        let target = target.trim();
        if leads_on {
            let is_target = !target.is_empty() && !target.contains([' ', '\t', '<', '>', '"']);
            return is_target.then(|| Some(target.to_owned()));
        }
        // A link that speaks of a next page in another way than by `rel` is not understood.
        if rel.is_none() && link.to_ascii_lowercase().contains("next") {
            return None;
        }
        rest = behind.trim_matches([' ', '\t', ',']);
    }
    Some(None)
}

/// Splits a link without angle brackets before its first parameter.
fn split_bare_target(link: &str) -> (&str, &str) {
    let is_parameter = |after: &str| {
        let name = after.split_once('=').map_or("", |(name, _)| name).trim();
        PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let starts = link.match_indices(';').map(|(at, _)| at);
    let end = starts.into_iter().find(|at| link.get(at + 1..).is_some_and(is_parameter)).unwrap_or(link.len());
    link.split_at(end)
}

/// Splits off the parameters of one link; also returns the rest from the comma that ends it.
fn parse_parameters(text: &str) -> (Vec<(&str, &str)>, &str) {
    let (mut pieces, mut quoted, mut start, mut end) = (Vec::new(), false, 0, text.len());
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            ',' if !quoted => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..end]);
    let pairs = pieces.into_iter().filter_map(|piece| piece.split_once('='));
    (pairs.map(|(name, value)| (name.trim(), value.trim().trim_matches(['"', '\'']))).collect(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_link_among_others() {
        for (header, next) in [
            (r#"</a?page=2>; rel="next""#, Some("/a?page=2")),
            (r#"</a?page=1>; rel="prev", </a?x=1,2;3&page=3>; title="a, b; c"; rel=next"#, Some("/a?x=1,2;3&page=3")),
            (r#"</last>; rel="last", </x>; REL="start Next""#, Some("/x")),
            (r#"</a?next=5>; rel="prev""#, None),
            (r#"</style.css>; rel=preload; as=style"#, None),
            ("", None),
            (r#"<a>;;=;rel"#, None),
            (r#"http://h/a?x=1,2&page=2; rel="next""#, Some("http://h/a?x=1,2&page=2")),
            (r#"/a;v=1?page=2 ; rel = 'next'"#, Some("/a;v=1?page=2")),
            (r#"/a?p=1; rel="prev", /a?p=3; rel="next""#, Some("/a?p=3")),
        ] {
            assert_eq!(parse_next_link(header), Some(next.map(str::to_owned)), "{header}");
        }
    }

    #[test]
    fn refuses_what_is_no_link() {
        for header in [
            "<",
            r#"</a?page=2; rel="next""#,
            "next",
            r#"; rel="next""#,
            r#"<>; rel="next""#,
            "</a>; next",
            r#"a b; rel="next""#,
        ] {
            assert_eq!(parse_next_link(header), None, "{header}");
        }
    }
}
