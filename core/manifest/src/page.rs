//! What the reference pages and the words about one place have in common: tables of keys, lists of words, and what may stand
//! at a key.

use std::fmt::Write as _;

use crate::explain::Tongue;
use crate::shape::{Absent, Key, Shape, StepList, StepWord, WordList};

/// A page in one language, as Markdown.
pub(crate) struct Page {
    /// Its language.
    pub tongue: Tongue,
    /// Whether what has a name is a link to its section.
    pub linked: bool,
    /// What is written so far.
    pub out: String,
}

impl Page {
    pub fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    pub fn keys(&mut self, keys: &[Key]) {
        self.line(self.tongue.pick("| key | what | meaning |\n|---|---|---|", "| 键 | 取值 | 含义 |\n|---|---|---|"));
        for key in keys {
            let absent = match key.absent {
                Absent::Refused => self.tongue.pick("**required**", "**必需**").to_owned(),
                Absent::Nothing => self.tongue.pick("optional", "可选").to_owned(),
                Absent::Default(value) => format!("{} `{value}`", self.tongue.pick("default", "默认")),
            };
            let (what, meaning) = (self.what(key.shape), self.tongue.of(key.words).replace('|', "\\|"));
            // Writing to a string cannot fail.
            let _ = writeln!(self.out, "| `{}` | {what}; {absent} | {meaning} |", key.name);
        }
    }

    pub fn list(&mut self, list: &WordList) {
        for word in list.all {
            let _ = writeln!(self.out, "- `{}` — {}", word.word, self.tongue.of(word.words));
        }
    }

    pub fn steps(&mut self, list: &StepList) {
        for StepWord { word, words, needs } in list.all {
            let example = if needs.is_some() { format!("{{ {word} = … }}") } else { format!("\"{word}\"") };
            let _ = write!(self.out, "- `{example}` — {}", self.tongue.of(*words));
            match needs {
                Some(needs) if self.linked => {
                    let _ = writeln!(self.out, " `…`: {}", self.what(needs));
                }
                _ => self.line(""),
            }
        }
    }

    /// That a text stands for one of a table's keys, which is named next.
    pub fn short(&self) -> &'static str {
        self.tongue.pick("A text alone stands for the key ", "只写一个文本时，即为此键的值：")
    }

    /// What may stand at a key, in few words.
    pub fn what(&self, shape: &Shape) -> String {
        let pick = |en, zh| self.tongue.pick(en, zh);
        let named = |words: String| match shape.name() {
            Some(name) if self.linked => link(name, name),
            _ => words,
        };
        match shape {
            Shape::Text(words) => self.tongue.of(*words).to_owned(),
            Shape::Number { least, most } => format!("{} {least}–{most}", pick("whole number", "整数")),
            Shape::Flag => "true / false".to_owned(),
            Shape::Day => pick("day, YYYY-MM-DD", "日期 YYYY-MM-DD").to_owned(),
            Shape::OneOf(list) if self.linked => format!("{}: {}", named(String::new()), words_of(list)),
            Shape::OneOf(list) => words_of(list),
            Shape::Table(_) => named(pick("table", "表").to_owned()),
            Shape::Choice(choice) => {
                let cases = quoted(choice.cases.iter().map(|case| case.word));
                named(format!("{}`{}`: {cases}", pick("table by ", "表，由以下键决定："), choice.key))
            }
            Shape::Steps(_) => named(pick("step", "步骤").to_owned()),
            Shape::List(inner) => format!("{}{}", pick("list of ", "列表："), self.what(inner)),
            Shape::Names(inner) => {
                format!("{}{}", pick("table of names, each ", "名称与取值的表，每项："), self.what(inner))
            }
            Shape::Known(_) => named(pick("table of fields", "字段表").to_owned()),
            Shape::Short { key, .. } => {
                format!("`{key}` {} {}", pick("as text, or", "的文本，或"), named(pick("table", "表").to_owned()))
            }
        }
    }
}

/// A link to the section of a part of the language.
pub(crate) fn link(words: &str, name: &str) -> String {
    format!("[{words}](#{})", name.to_lowercase())
}

/// Words as they are written in a manifest.
pub(crate) fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
}

fn words_of(list: &WordList) -> String {
    quoted(list.all.iter().map(|word| word.word))
}
