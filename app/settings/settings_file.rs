//! Parses the settings file entry by entry. An invalid entry is reported with its line and left out, so that the rest
//! can be checked too.

use std::ops::Range;
use std::path::Path;

use huiliu_engine::settings::SourceSettings;
use huiliu_engine::settings_problem::{SettingsProblem, SettingsRead};
use huiliu_messages::TomlError;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::RawSettings;

/// Parses the text of a settings file. A text that is not TOML gives the defaults and a problem.
pub fn parse_settings(path: &Path, text: &str, read: &mut SettingsRead) -> RawSettings {
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(why) => {
            read.file_unusable = true;
            read.problems.push(locate_problem(path, text, &why));
            return RawSettings::default();
        }
    };
    let mut faults = Vec::new();
    let span = document.span();
    let mut table = document.into_inner();
    let sources = take_sources(&mut table);
    let mut typed: RawSettings = deserialize_valid_entries(Spanned::new(span, table), &mut faults).unwrap_or_default();
    for source in sources {
        typed.source.extend(deserialize_valid_entries::<SourceSettings>(source, &mut faults));
    }
    faults.sort_by_key(|fault| fault.span().map_or(0, |span| span.start));
    for fault in faults {
        read.problems.push(locate_problem(path, text, &fault));
    }
    typed
}

fn locate_problem(path: &Path, text: &str, error: &Error) -> SettingsProblem {
    let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or(text);
    let (above, line) =
        before.rsplit_once('\n').map_or((0, before), |(above, line)| (above.matches('\n').count() + 1, line));
    let (line, column) = (above + 1, line.chars().count() + 1);
    SettingsProblem::File { file: path.to_owned(), line, column, why: TomlError::from_parser_message(error.message()) }
}

/// Takes the tables of `[[source]]` out of the document. Any other value under that name stays and is rejected with the
/// rest.
fn take_sources<'t>(table: &mut DeTable<'t>) -> Vec<Spanned<DeTable<'t>>> {
    let tables = |node: &Spanned<DeValue<'t>>| -> Option<Vec<Spanned<DeTable<'t>>>> {
        let DeValue::Array(all) = node.get_ref() else { return None };
        all.iter()
            .map(|node| match node.get_ref() {
                DeValue::Table(table) => Some(Spanned::new(node.span(), table.clone())),
                _ => None,
            })
            .collect()
    };
    let Some(found) = table.get("source").and_then(tables) else { return vec![] };
    table.remove("source");
    found
}

/// Deserializes a table without its invalid entries. Returns `None` if a required entry is missing.
fn deserialize_valid_entries<T: DeserializeOwned>(table: Spanned<DeTable<'_>>, faults: &mut Vec<Error>) -> Option<T> {
    let (whole, mut table) = (table.span(), table.into_inner());
    let mut removed: Vec<String> = Vec::new();
    loop {
        let fault = match T::deserialize(Deserializer::from(Spanned::new(whole.clone(), table.clone()))) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        };
        // A missing field that we removed ourselves is not a second problem.
        let follows = removed.iter().any(|key| fault.message().contains(&format!("missing field `{key}`")));
        let faulty = fault.span().and_then(|span| find_key_at(&table, &span));
        if !follows {
            faults.push(fault);
        }
        let key = faulty?;
        table.remove(key.as_str());
        removed.push(key);
    }
}

/// Returns the key of the entry that contains a span.
fn find_key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let lies_in = |of: Range<usize>| of.start <= span.start && span.end <= of.end;
    let entry = table.iter().find(|(key, value)| lies_in(key.span()) || lies_in(value.span()));
    entry.map(|(key, _)| key.get_ref().to_string())
}
