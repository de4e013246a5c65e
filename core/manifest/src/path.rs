//! Paths to values: which of them can match something. A path that never matches reads nothing, in silence, so it is
//! refused where it is written.

use crate::rule::RuleProblem;

/// What a path is looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathRoot {
    /// A JSON document or record: names between dots, in single quotes if a name has signs of its own.
    Json,
    /// An element of XML: names between dots, the last of which may be an attribute.
    Xml,
    /// A row of a table: the name of a column, whatever its signs.
    Row,
}

/// Values that are not in the record but around it.
const AROUND: [&str; 3] = ["$file", "$member", "$sheet"];

/// Returns whether a path names a value around the record, by its form. Which fan-outs there are is not checked here.
pub(crate) fn is_around(path: &str) -> bool {
    AROUND.contains(&path) || path.starts_with("$each.")
}

/// Returns why a path never matches; `None` if it can.
pub(crate) fn find_fault(path: &str, root: PathRoot) -> Option<RuleProblem> {
    let told = path.to_owned();
    if path.trim().is_empty() {
        return Some(RuleProblem::BlankPath);
    }
    if root == PathRoot::Row {
        return None;
    }
    if path.starts_with("$.") || path.starts_with("$[") || path == "$" {
        return Some(match meant_path(path) {
            Some(meant) if meant.is_empty() => RuleProblem::PathDocument { path: told },
            Some(meant) => RuleProblem::PathRoot { path: told, meant },
            None => RuleProblem::PathItem { path: told },
        });
    }
    let segments = if root == PathRoot::Json { split_quoted(path) } else { Some(split_plain(path)) };
    let Some(segments) = segments else { return Some(RuleProblem::PathQuote { path: told }) };
    let plain = || segments.iter().filter(|segment| !segment.is_quoted);
    if plain().any(|segment| segment.name.contains(['[', ']']) || segment.name == "*") {
        return Some(RuleProblem::PathItem { path: told });
    }
    let meant = || meant_path(path).unwrap_or_default();
    if plain().any(|segment| segment.name.contains('/')) {
        return Some(RuleProblem::PathSlash { path: told, meant: meant() });
    }
    if plain().any(|segment| segment.name.is_empty() || segment.name.trim() != segment.name) {
        return Some(RuleProblem::PathName { path: told, meant: meant() });
    }
    let is_prefixed = |segment: &&Segment<'_>| segment.name.trim_start_matches('@').contains(':');
    if root == PathRoot::Xml && plain().any(|segment| is_prefixed(&segment)) {
        return Some(RuleProblem::PathPrefix { path: told, meant: without_prefixes(path) });
    }
    None
}

/// One name of a path.
struct Segment<'p> {
    name: &'p str,
    is_quoted: bool,
}

fn split_plain(path: &str) -> Vec<Segment<'_>> {
    path.split('.').map(|name| Segment { name, is_quoted: false }).collect()
}

/// Splits a path at the dots outside of quotes; `None` if a quote is not closed before a dot or the end.
fn split_quoted(path: &str) -> Option<Vec<Segment<'_>>> {
    let (mut segments, mut rest) = (vec![], Some(path));
    while let Some(text) = rest {
        if let Some(quoted) = text.strip_prefix('\'') {
            let (name, after) = quoted.split_once('\'')?;
            segments.push(Segment { name, is_quoted: true });
            rest = if after.is_empty() { None } else { Some(after.strip_prefix('.')?) };
        } else {
            let (name, after) = text.split_once('.').map_or((text, None), |(name, after)| (name, Some(after)));
            segments.push(Segment { name, is_quoted: false });
            rest = after;
        }
    }
    Some(segments)
}

/// Returns the path that is probably meant: without a root, and with dots between its names. `None` if it names an item
/// of a list, because there is no such path.
fn meant_path(path: &str) -> Option<String> {
    let names = path.trim_start_matches('$').split(['.', '/']).map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<&str> = names.collect();
    let has_item = names.iter().any(|name| name.contains(['[', ']']) || *name == "*");
    (!has_item).then(|| names.join("."))
}

fn without_prefixes(path: &str) -> String {
    let bare = |name: &str| {
        let at = if name.starts_with('@') { "@" } else { "" };
        format!("{at}{}", name.rsplit_once(':').map_or(name.trim_start_matches('@'), |(_, local)| local))
    };
    path.split('.').map(bare).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_can_match_are_taken() {
        for path in ["a", "a.b", "'@odata.nextLink'", "x.'a.b/c[0]'.y", "成绩（满分50分）", "0.a", "a b", "''"] {
            assert_eq!(find_fault(path, PathRoot::Json), None, "{path}");
        }
        for path in ["a.b", "@id", "a.@id", "a-b.c_d"] {
            assert_eq!(find_fault(path, PathRoot::Xml), None, "{path}");
        }
        for path in ["学时/分", "学员信息/姓名", "课程.", "[备注]", "$金额"] {
            assert_eq!(find_fault(path, PathRoot::Row), None, "{path}");
        }
    }

    #[test]
    fn paths_that_never_match_are_refused_with_what_is_meant() {
        let meant = |path: &str, root| match find_fault(path, root) {
            Some(RuleProblem::PathRoot { meant, .. }) => format!("root {meant}"),
            Some(RuleProblem::PathSlash { meant, .. }) => format!("slash {meant}"),
            Some(RuleProblem::PathName { meant, .. }) => format!("name {meant}"),
            Some(RuleProblem::PathPrefix { meant, .. }) => format!("prefix {meant}"),
            Some(RuleProblem::PathItem { .. }) => "item".to_owned(),
            Some(RuleProblem::PathDocument { .. }) => "document".to_owned(),
            Some(RuleProblem::PathQuote { .. }) => "quote".to_owned(),
            other => format!("{other:?}"),
        };
        for (path, expected) in [
            ("$.data.items", "root data.items"),
            ("$", "document"),
            ("$[0].a", "item"),
            ("a[1].b", "item"),
            ("orgs[*].x", "item"),
            ("orgs.*.x", "item"),
            ("data/items", "slash data.items"),
            ("/data/items", "slash data.items"),
            ("a.b.", "name a.b"),
            (".a", "name a"),
            ("a..b", "name a.b"),
            ("a. b", "name a.b"),
            ("'a.b", "quote"),
            ("'a'b.c", "quote"),
        ] {
            assert_eq!(meant(path, PathRoot::Json), expected, "{path}");
        }
        assert_eq!(meant("ns:list.ns:item", PathRoot::Xml), "prefix list.item");
        assert_eq!(meant("a.@x:id", PathRoot::Xml), "prefix a.@id");
        assert_eq!(meant("Body/list", PathRoot::Xml), "slash Body.list");
    }
}
