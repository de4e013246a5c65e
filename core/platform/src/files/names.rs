//! Judges files by their names: which belong to a stream, and which are left out.

use crate::file_store::LeftOut;
use huiliu_manifest::{Manifest, Stream, Transport, matches_name_pattern};

/// Beginnings of names of files that other programs need while they work.
const TEMPORARY_BEGINNINGS: [&str; 2] = ["~$", "."];
/// Endings of such names, in lower case.
const TEMPORARY_ENDINGS: [&str; 5] = [".tmp", ".part", ".partial", ".filepart", ".crdownload"];

/// The patterns of names of a connector's files.
fn name_patterns(manifest: &Manifest) -> &[String] {
    match &manifest.transport {
        Transport::Files { names, .. } => names,
        Transport::Http { .. } | Transport::Push {} => &[],
    }
}

/// Whether a file name matches the patterns of the connector and of the stream.
pub(crate) fn is_wanted(manifest: &Manifest, stream: &Stream, name: &str) -> bool {
    let of_stream =
        stream.files.as_ref().is_none_or(|names| names.iter().any(|pattern| matches_name_pattern(pattern, name)));
    of_stream && name_patterns(manifest).iter().any(|pattern| matches_name_pattern(pattern, name))
}

/// What a name says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameVerdict {
    /// It belongs to the stream.
    Wanted,
    /// It belongs to another stream of the connector.
    OfOtherStream,
    /// It belongs to none.
    LeftOut(LeftOut),
}

/// Judges a file by its name, without the folder that it is in.
pub(crate) fn judge_name(manifest: &Manifest, stream: &Stream, name: &str) -> NameVerdict {
    let patterns = manifest.stream.iter().filter_map(|stream| stream.files.as_ref()).flatten();
    let patterns: Vec<String> = name_patterns(manifest).iter().chain(patterns).cloned().collect();
    if is_temporary(&patterns, name) {
        return NameVerdict::LeftOut(LeftOut::Temporary);
    }
    if is_wanted(manifest, stream, name) {
        return NameVerdict::Wanted;
    }
    if manifest.stream.iter().any(|other| is_wanted(manifest, other, name)) {
        return NameVerdict::OfOtherStream;
    }
    NameVerdict::LeftOut(LeftOut::Name { patterns })
}

/// Whether a name is that of a file which another program needs while it works, unless a pattern asks for just such names.
fn is_temporary(patterns: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    let begins = TEMPORARY_BEGINNINGS.iter().find(|beginning| name.starts_with(**beginning));
    let ends = TEMPORARY_ENDINGS.iter().find(|ending| name.ends_with(**ending));
    let is_asked_for = |pattern: &String| {
        let pattern = pattern.to_lowercase();
        begins.is_none_or(|beginning| pattern.starts_with(beginning))
            && ends.is_none_or(|ending| pattern.ends_with(ending))
    };
    (begins.is_some() || ends.is_some()) && !patterns.iter().any(is_asked_for)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_need_while_they_work_is_temporary_unless_it_is_asked_for() {
        let patterns = ["*.xlsx".to_owned(), "*".to_owned()];
        for name in
            ["~$名单.xlsx", ".名单.xlsx", ".~lock.a.xlsx#", "a.xlsx.TMP", "a.part", "a.filepart", "a.crdownload"]
        {
            assert!(is_temporary(&patterns, name), "{name}");
        }
        assert!(!is_temporary(&patterns, "名单~$.xlsx") && !is_temporary(&patterns, "part.xlsx"));
        assert!(!is_temporary(&["*.tmp".to_owned()], "a.tmp") && !is_temporary(&[".d*.csv".to_owned()], ".data.csv"));
    }
}
