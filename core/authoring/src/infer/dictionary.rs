//! The field's vocabulary, searchable by words, phrases, full pinyin and pinyin initials.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::ToPinyin as _;

use crate::infer::terms::{Meaning, TERMS};

/// How certainly a name has a meaning, in per cent.
pub(super) const EXACT: u32 = 100;
pub(super) const STRIPPED: u32 = 90;
const INITIALS: u32 = 86;
/// For initials of two letters or with several meanings: the column's content decides.
const SHORT_INITIALS: u32 = 66;
/// For a word that often means something else.
pub(super) const DOUBTFUL: u32 = 70;
/// How well a name matches one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub meaning: Meaning,
    /// In per cent.
    pub score: u32,
    /// The dictionary's word.
    pub word: &'static str,
    /// Whether pinyin initials were recognised.
    pub initials: bool,
}

/// One reading of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Han(String),
    Latin(Vec<String>),
}

/// Splits `studyMinutes`, `STUDY_MINUTES`, `study-minutes` or `IDCardNo` into lower-case words.
pub(super) fn split_tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut current) = (Vec::new(), String::new());
    for (at, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            tokens.push(std::mem::take(&mut current));
            continue;
        }
        let before = at.checked_sub(1).and_then(|b| chars.get(b));
        let lower_after = chars.get(at + 1).is_some_and(|n| n.is_lowercase());
        let begins = c.is_uppercase() && before.is_some_and(|b| b.is_lowercase() || (b.is_uppercase() && lower_after));
        if begins {
            tokens.push(std::mem::take(&mut current));
        }
        current.extend(c.to_lowercase());
    }
    tokens.push(current);
    tokens.retain(|token| !token.is_empty());
    tokens.into_iter().map(|token| standard_token(&token).to_owned()).collect()
}

/// Maps words with several spellings to one.
fn standard_token(token: &str) -> &str {
    match token {
        "number" | "num" | "nbr" | "nr" | "nos" => "no",
        "datetime" | "dt" => "date",
        "hrs" => "hours",
        "hr" => "hour",
        "mins" | "min" => "minutes",
        "stu" | "std" => "student",
        "tch" | "tchr" => "teacher",
        "proj" | "prj" => "project",
        "crs" => "course",
        "ref" => "code",
        "organisation" | "organization" => "org",
        "ident" | "identify" => "identity",
        "certification" | "certif" => "certificate",
        other => other,
    }
}

/// The dictionary; the indexes are keyed by phrase, full pinyin and initials, without spaces.
struct Dictionary {
    chinese: Vec<Entry>,
    english: Vec<(Vec<String>, Entry)>,
    joined: Index,
    pinyin: Index,
    initials: Index,
}

/// A word and its meaning.
#[derive(Debug, Clone, Copy)]
struct Entry {
    word: &'static str,
    meaning: Meaning,
    /// The maximum score of this word alone.
    most: u32,
}

impl Entry {
    /// Makes the entry of a term's word; a trailing question mark means that the word often means something else.
    fn new(word: &'static str, meaning: Meaning) -> Self {
        match word.strip_suffix('?') {
            Some(word) => Self { word, meaning, most: DOUBTFUL },
            None => Self { word, meaning, most: EXACT },
        }
    }

    fn to_match(self, score: u32, initials: bool) -> Match {
        Match { meaning: self.meaning, score: score.min(self.most), word: self.word, initials }
    }
}

type Index = HashMap<String, Vec<Entry>>;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
    let (mut chinese, mut english) = (Vec::new(), Vec::new());
    let (mut joined, mut full, mut initials) = (Index::new(), Index::new(), Index::new());
    for term in TERMS {
        for word in term.chinese.split_whitespace() {
            let entry = Entry::new(word, term.meaning);
            chinese.push(entry);
            add_entry(&mut full, spell_pinyin(entry.word, false), entry);
            add_entry(&mut initials, spell_pinyin(entry.word, true), entry);
        }
        for phrase in term.english.split(',').map(str::trim) {
            let entry = Entry::new(phrase, term.meaning);
            let tokens: Vec<String> = split_tokens(entry.word);
            add_entry(&mut joined, tokens.concat(), entry);
            english.push((tokens, entry));
        }
    }
    Dictionary { chinese, english, joined, pinyin: full, initials }
});

fn add_entry(index: &mut Index, key: String, entry: Entry) {
    let entries = index.entry(key).or_default();
    match entries.iter_mut().find(|known| known.meaning == entry.meaning) {
        Some(known) if known.most < entry.most => *known = entry,
        Some(_) => {}
        None => entries.push(entry),
    }
}

/// Spells a word in pinyin without tones, or by its initials.
fn spell_pinyin(word: &str, initials: bool) -> String {
    word.chars()
        .map(|c| match (c, c.to_pinyin()) {
            // This character has several readings; the word decides.
            ('长', _) if word.contains("校长") => if initials { "z" } else { "zhang" }.to_owned(),
            ('长', _) => if initials { "c" } else { "chang" }.to_owned(),
            (_, Some(spelling)) if initials => spelling.first_letter().to_owned(),
            (_, Some(spelling)) => spelling.plain().to_owned(),
            _ => String::new(),
        })
        .collect()
}

pub(super) fn match_form(form: &Form) -> Vec<Match> {
    match form {
        Form::Han(text) => match_chinese(text),
        Form::Latin(tokens) => match_latin(tokens),
    }
}

/// Prefixes that only say whose or which; they do not change the meaning.
const FILLER_PREFIXES: &[&str] = &[
    "教师", "学员", "培训", "参训", "本人", "学习", "本次", "个人", "所", "实际", "最终", "受训", "研修", "课程",
    "国培", "累计", "老师", "人员", "用户", "我的", "年度", "该",
];

fn match_chinese(text: &str) -> Vec<Match> {
    let mut stripped = text;
    while let Some(rest) =
        FILLER_PREFIXES.iter().find_map(|prefix| stripped.strip_prefix(prefix)).filter(|rest| rest.chars().count() > 1)
    {
        stripped = rest;
    }
    let length = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for entry in &DICTIONARY.chinese {
        let word = entry.word;
        let share = |most: u32| most * length(word) / length(text).max(1);
        let score = if text == word {
            EXACT
        } else if stripped == word {
            STRIPPED
        } else if length(word) > 1 && text.ends_with(word) {
            // The head of a Chinese noun phrase comes last.
            45 + share(45)
        } else if length(word) > 1 && text.contains(word) {
            30 + share(40)
        } else {
            continue;
        };
        found.push(entry.to_match(score, false));
    }
    weaken_parts(found)
}

/// Lowers the score of a word that is part of a longer word found as well: 姓名 in 校长姓名.
fn weaken_parts(mut found: Vec<Match>) -> Vec<Match> {
    let all: Vec<(&'static str, u32, Meaning)> = found.iter().map(|m| (m.word, m.score, m.meaning)).collect();
    for one in &mut found {
        let longer = all.iter().any(|(word, score, meaning)| {
            *meaning != one.meaning && word.len() > one.word.len() && word.contains(one.word) && *score > one.score
        });
        if longer {
            one.score = one.score * 2 / 3;
        }
    }
    found
}

fn match_latin(tokens: &[String]) -> Vec<Match> {
    let joined = tokens.concat();
    let mut found = Vec::new();
    let of = |index: &Index, key: &str, score: u32, initials: bool, found: &mut Vec<Match>| {
        for entry in index.get(key).into_iter().flatten() {
            found.push(entry.to_match(score, initials));
        }
    };
    of(&DICTIONARY.joined, &joined, EXACT, false, &mut found);
    if joined.len() > 4 {
        of(&DICTIONARY.pinyin, &joined, 96, false, &mut found);
    }
    if found.is_empty() {
        match_phrases(tokens, &mut found);
    }
    if found.iter().all(|m| m.score < STRIPPED) {
        match_initials(tokens, &joined, &mut found);
    }
    found
}

/// English words that only say whose or which.
const NOISE: &[&str] = &[
    "the", "t", "tb", "tbl", "f", "fld", "info", "value", "str", "my", "training", "train", "study", "user", "teacher",
    "student", "trainee", "learner", "person", "actual", "final", "valid", "total", "str", "text", "cn", "zh", "sum",
    "v", "x", "c", "record", "of",
];

fn match_phrases(tokens: &[String], found: &mut Vec<Match>) {
    let quiet: Vec<String> = tokens.iter().filter(|t| !NOISE.contains(&t.as_str())).map(|t| (*t).clone()).collect();
    for (words, entry) in &DICTIONARY.english {
        let share = |most: usize| u32::try_from(most * words.len() / tokens.len().max(1)).unwrap_or(0);
        let score = if *words == quiet {
            STRIPPED
        } else if tokens.ends_with(words) {
            45 + share(45)
        } else if tokens.windows(words.len().max(1)).any(|window| window == words.as_slice()) {
            30 + share(40)
        } else {
            continue;
        };
        found.push(entry.to_match(score, false));
    }
}

/// Matches pinyin initials, possibly after the prefix of a database table.
fn match_initials(tokens: &[String], joined: &str, found: &mut Vec<Match>) {
    let last = tokens.last().map_or("", String::as_str);
    let without = ["px", "js", "xy", "xx", "jl", "hd"].iter().find_map(|prefix| joined.strip_prefix(prefix));
    // Two letters before known initials usually say whose or which.
    let tail = joined.get(2..).filter(|tail| tail.len() > 1 && tokens.len() == 1).unwrap_or_default();
    for (key, penalty) in [(joined, 0), (last, 4), (without.unwrap_or_default(), 12), (tail, 20)] {
        let Some(entries) = DICTIONARY.initials.get(key).filter(|_| key.len() > 1) else { continue };
        let score = if entries.len() > 1 || key.len() == 2 { SHORT_INITIALS } else { INITIALS };
        for entry in entries {
            found.push(entry.to_match(score - penalty, true));
        }
        return;
    }
}
