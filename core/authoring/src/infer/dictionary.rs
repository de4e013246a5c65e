//! The terms of the field, to be looked up: words, phrases, full pinyin and pinyin initials.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::ToPinyin as _;

use crate::infer::terms::{Meaning, TERMS};

/// How surely a name means something, per cent.
pub(super) const EXACT: u32 = 100;
pub(super) const STRIPPED: u32 = 90;
const INITIALS: u32 = 86;
/// Initials of two letters, or of several meanings: what stands in the column decides.
const SHORT_INITIALS: u32 = 66;
/// A word that often means something else.
const DOUBTFUL: u32 = 70;
/// What a name says about one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub meaning: Meaning,
    /// Per cent.
    pub score: u32,
    /// The word of the dictionary.
    pub word: &'static str,
    /// Whether it was recognised by pinyin initials.
    pub initials: bool,
}

/// One way to read a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Han(String),
    Latin(Vec<String>),
}

/// The words of `studyMinutes`, `STUDY_MINUTES`, `study-minutes` or `IDCardNo`, in small letters.
pub(super) fn tokens(text: &str) -> Vec<String> {
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
    tokens.into_iter().map(|token| standard(&token).to_owned()).collect()
}

/// One spelling for words that have several.
fn standard(token: &str) -> &str {
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

/// The dictionary, keyed by words, phrases, full pinyin and initials without spaces.
struct Dictionary {
    chinese: Vec<Entry>,
    english: Vec<(Vec<String>, Entry)>,
    joined: Index,
    pinyin: Index,
    initials: Index,
}

/// A word and what it means.
#[derive(Debug, Clone, Copy)]
struct Entry {
    word: &'static str,
    meaning: Meaning,
    /// The most that the word alone says.
    most: u32,
}

impl Entry {
    /// A term's word; a question mark behind it says that it often means something else.
    fn new(word: &'static str, meaning: Meaning) -> Self {
        match word.strip_suffix('?') {
            Some(word) => Self { word, meaning, most: DOUBTFUL },
            None => Self { word, meaning, most: EXACT },
        }
    }

    fn found(self, score: u32, initials: bool) -> Match {
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
            add(&mut full, spelt(entry.word, false), entry);
            add(&mut initials, spelt(entry.word, true), entry);
        }
        for phrase in term.english.split(',').map(str::trim) {
            let entry = Entry::new(phrase, term.meaning);
            let tokens: Vec<String> = tokens(entry.word);
            add(&mut joined, tokens.concat(), entry);
            english.push((tokens, entry));
        }
    }
    Dictionary { chinese, english, joined, pinyin: full, initials }
});

fn add(index: &mut Index, key: String, entry: Entry) {
    let entries = index.entry(key).or_default();
    match entries.iter_mut().find(|known| known.meaning == entry.meaning) {
        Some(known) if known.most < entry.most => *known = entry,
        Some(_) => {}
        None => entries.push(entry),
    }
}

/// A word in pinyin without tones, or its initials.
fn spelt(word: &str, initials: bool) -> String {
    word.chars()
        .map(|c| match (c, c.to_pinyin()) {
            // Read otherwise here than alone.
            ('长', _) if word.contains("校长") => if initials { "z" } else { "zhang" }.to_owned(),
            ('长', _) => if initials { "c" } else { "chang" }.to_owned(),
            (_, Some(spelling)) if initials => spelling.first_letter().to_owned(),
            (_, Some(spelling)) => spelling.plain().to_owned(),
            _ => String::new(),
        })
        .collect()
}

pub(super) fn lookup(form: &Form) -> Vec<Match> {
    match form {
        Form::Han(text) => of_chinese(text),
        Form::Latin(tokens) => of_latin(tokens),
    }
}

/// Prefixes that say whose or which, and change nothing.
const WHOSE: &[&str] = &[
    "教师", "学员", "培训", "参训", "本人", "学习", "本次", "个人", "所", "实际", "最终", "受训", "研修", "课程",
    "国培", "累计", "老师", "人员", "用户", "我的", "年度", "该",
];

fn of_chinese(text: &str) -> Vec<Match> {
    let mut stripped = text;
    while let Some(rest) =
        WHOSE.iter().find_map(|prefix| stripped.strip_prefix(prefix)).filter(|rest| rest.chars().count() > 1)
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
            // The head of a Chinese noun stands at its end.
            45 + share(45)
        } else if length(word) > 1 && text.contains(word) {
            30 + share(40)
        } else {
            continue;
        };
        found.push(entry.found(score, false));
    }
    within(found)
}

/// What is a part of a longer word that was found too says less: 姓名 in 校长姓名.
fn within(mut found: Vec<Match>) -> Vec<Match> {
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

fn of_latin(tokens: &[String]) -> Vec<Match> {
    let joined = tokens.concat();
    let mut found = Vec::new();
    let of = |index: &Index, key: &str, score: u32, initials: bool, found: &mut Vec<Match>| {
        for entry in index.get(key).into_iter().flatten() {
            found.push(entry.found(score, initials));
        }
    };
    of(&DICTIONARY.joined, &joined, EXACT, false, &mut found);
    if joined.len() > 4 {
        of(&DICTIONARY.pinyin, &joined, 96, false, &mut found);
    }
    if found.is_empty() {
        phrases(tokens, &mut found);
    }
    if found.iter().all(|m| m.score < STRIPPED) {
        initials(tokens, &joined, &mut found);
    }
    found
}

/// English words that say whose or which.
const NOISE: &[&str] = &[
    "the", "t", "tb", "tbl", "f", "fld", "info", "value", "str", "my", "training", "train", "study", "user", "teacher",
    "student", "trainee", "learner", "person", "actual", "final", "valid", "total", "str", "text", "cn", "zh", "sum",
    "v", "x", "c", "record", "of",
];

fn phrases(tokens: &[String], found: &mut Vec<Match>) {
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
        found.push(entry.found(score, false));
    }
}

/// Pinyin initials, perhaps behind the prefix of a table.
fn initials(tokens: &[String], joined: &str, found: &mut Vec<Match>) {
    let last = tokens.last().map_or("", String::as_str);
    let without = ["px", "js", "xy", "xx", "jl", "hd"].iter().find_map(|prefix| joined.strip_prefix(prefix));
    // Two letters before known ones say whose or which, most often.
    let tail = joined.get(2..).filter(|tail| tail.len() > 1 && tokens.len() == 1).unwrap_or_default();
    for (key, penalty) in [(joined, 0), (last, 4), (without.unwrap_or_default(), 12), (tail, 20)] {
        let Some(entries) = DICTIONARY.initials.get(key).filter(|_| key.len() > 1) else { continue };
        let score = if entries.len() > 1 || key.len() == 2 { SHORT_INITIALS } else { INITIALS };
        for entry in entries {
            found.push(entry.found(score - penalty, true));
        }
        return;
    }
}
