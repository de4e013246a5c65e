//! Every code has a sentence in both catalogues, with its own arguments, and no sentence is unused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tidy::collect_sources;

/// Returns the codes of the messages that the sources define, which are variants of enums with `#[serde(tag =
/// "code")]`, each with the names of its fields.
fn message_codes() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for folder in ["core", "app", "connectors"] {
        let mut files = Vec::new();
        collect_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let enums = text.split("#[serde(tag = \"code\")]").skip(1);
            for part in enums.flat_map(|of| of.split_once("\n}").unwrap().0.split("#[serde(rename = \"").skip(1)) {
                let (code, after) = part.split_once("\")]").unwrap();
                let variant = after.trim_start();
                let end = variant.find([',', '{']).unwrap_or(variant.len());
                let fields = variant[end..].strip_prefix('{').map_or("", |fields| fields.split_once('}').unwrap().0);
                let fields: Vec<&str> = fields.lines().filter(|line| !line.trim().starts_with(['/', '#'])).collect();
                let fields = fields.concat();
                let names = fields.split(',').filter_map(|field| field.split_once(": "));
                let names = names.map(|(name, _)| name.split_whitespace().last().unwrap().to_owned()).collect();
                let before = all.insert(code.replace('.', "-"), names);
                assert!(before.is_none(), "{code} is there twice, in {path:?} too");
            }
        }
    }
    all
}

/// Returns the ids that the command line uses, in `label("id")` and `sentence!("id", name = value)`, each with its
/// argument names. A label may be used in several places, with the same names.
fn command_line_ids() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    collect_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("app"), &mut files);
    let mut all = BTreeMap::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let text = code.join("\n");
        // Only ids of the command line begin like this.
        for (at, _) in text.match_indices("\"cli-") {
            let (id, after) = text[at + 1..].split_once('"').unwrap();
            let names = argument_names(after);
            let before = all.insert(id.to_owned(), names.clone());
            assert!(before.is_none_or(|before| before == names), "{id} is said with other names in {path:?}");
        }
    }
    all
}

/// Returns the argument names, before `=` or alone, up to the bracket that closes a call.
fn field_titles() -> BTreeSet<String> {
    let others = ["period", "record", "record_key", "row", "version"];
    let all = huiliu_manifest::Field::ALL.iter().map(|field| field.code()).chain(others);
    all.map(|field| format!("field-{}", field.replace('.', "-"))).collect()
}

/// Returns the argument names, before `=` or alone, up to the bracket that closes a call.
fn argument_names(after: &str) -> BTreeSet<String> {
    let (mut depth, mut quoted, mut argument, mut names) = (0, false, String::new(), BTreeSet::new());
    let mut before = ' ';
    for c in after.chars() {
        if c == '"' && before != '\\' {
            quoted = !quoted;
        }
        let is_end = !quoted && depth == 0 && matches!(c, ',' | ')');
        if is_end {
            let name: String = argument.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            names.extend(Some(name).filter(|name| !name.is_empty()));
            argument.clear();
            if c == ')' {
                return names;
            }
        } else {
            argument.push(c);
        }
        match c {
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        before = c;
    }
    names
}

/// Returns the messages of a catalogue, each with its text.
pub fn load_catalogue(language: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("core/messages/locales").join(language);
    let mut all = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut id = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                id = line.split_once(" =").unwrap().0.to_owned();
                assert!(all.insert(id.clone(), String::new()).is_none(), "{id} is there twice");
            }
            let of: &mut String = all.get_mut(&id).unwrap();
            of.push_str(line);
            of.push('\n');
        }
    }
    all
}

#[test]
fn every_code_has_its_sentence_in_both_languages_and_no_sentence_is_unused() {
    let mut codes = message_codes();
    codes.extend(command_line_ids());
    assert!(codes.len() > 900, "only {} codes found", codes.len());
    for language in ["en", "zh-CN"] {
        let said = load_catalogue(language);
        for (id, fields) in &codes {
            let sentence = said.get(id).unwrap_or_else(|| panic!("{language} has no {id}"));
            let used: BTreeSet<String> = sentence
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
                .filter(|name: &String| !name.is_empty())
                .collect();
            assert!(used.is_subset(fields), "{language}: {id} says {used:?}, it has {fields:?}");
        }
        let around = ["common-attempts", "common-place", "common-platform-says", "common-stored_text"];
        // `app/cli/help.rs` asks for the sentences about commands and options.
        let is_help = |id: &str| id == "help" || id.starts_with("help-");
        let fields = field_titles();
        for title in &fields {
            assert!(said.contains_key(title), "{language} has no {title}");
        }
        for id in said.keys().filter(|id| !around.contains(&id.as_str()) && !is_help(id) && !fields.contains(*id)) {
            assert!(codes.contains_key(id), "{language}: nothing says {id}");
        }
    }
}

/// Chinese sentences have no English in them except names: of formats, of keys and values of manifests, of commands.
#[test]
fn chinese_sentences_have_no_english_words() {
    const NAMES: &[&str] = &[
        "JSON",
        "Excel",
        "XML",
        "CSV",
        "HTTP",
        "GB18030",
        "UTF",
        "X",
        "Redis",
        "redis",
        "rediss",
        "sqlite",
        "postgres",
        "max_connections",
        "pg_hba",
        "conf",
        "root",
        "key",
        "HUILIU_KEY_FILE",
        "queue",
        "DOCTYPE",
        "MiB",
        "gzip",
        "xlsx",
        "PEM",
        "Cookie",
        "style",
        "path",
        "base_url",
        "allow_networks",
        "certificate",
        "private_key",
        "NextContinuationToken",
        "full",
        "folder",
        "huiliu",
        "upload",
        "request",
        "push",
        "http",
        "https",
        "access_token",
        "id",
        "useGrouping",
        "NUMBER",
        "false",
        "other",
        "HOST",
        "PORT",
        "ASCII",
        "HUILIU_ACTOR",
        "HUILIU_HEALTH",
        "health",
        "kind",
        "match",
        "minute",
        "class_hour",
        "hour",
        "day",
        "credit",
        "Ctrl",
        "C",
        "SIGTERM",
        "Schema",
        "KEY",
        "VALUE",
        "TLS",
        "cron",
        "YYYY",
        "MM",
        "DD",
        "true",
    ];
    // Keys and words of manifests, rule packs and matching files, allowed only in sentences about these.
    const KEYS: &str = "Y above act any api begin below blank block bucket candidates constant contains credit credits d \
        definite_score download each earlier excellent excellent_from export fail fields file files final \
        first_of formats hours is is_not join known_by later list m map margin matches member more_hours \
        next next_header order pass pass_from park per percent potential prefer programme record_key roles same_as \
        school_code school_ref sheet skip status step_days stream tab to units_per_one value withdraw withdraws \
        year years";
    const ABOUT_KEYS: &[&str] = &["rule-", "policy-", "weights-", "table_setting-", "expected-"];
    for (id, sentence) in load_catalogue("zh-CN") {
        let about_keys = ABOUT_KEYS.iter().any(|of| id.starts_with(of));
        let (_, text) = sentence.split_once('=').unwrap();
        let mut outside = String::new();
        let mut depth = 0;
        let mut is_command = false;
        for c in text.chars() {
            match c {
                '`' => is_command = !is_command,
                _ if is_command => {}
                '{' => depth += 1,
                '}' => depth -= 1,
                _ if depth == 0 => outside.push(c),
                _ => {}
            }
        }
        // Options and files are names.
        let is_named = |token: &&str| !(token.starts_with("--") || token.contains(['.', '/']));
        let tokens = outside.split(|c: char| !c.is_ascii() || c.is_ascii_whitespace()).filter(is_named);
        let words = tokens.flat_map(|token| token.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
        for word in words.filter(|word| word.chars().any(|c| c.is_ascii_alphabetic())) {
            let is_key = about_keys && KEYS.split(' ').any(|key| key == word);
            assert!(is_key || NAMES.contains(&word), "zh-CN: {id} has the word {word:?}");
        }
    }
}
