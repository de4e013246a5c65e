//! Shared by the reference pages and the explanations of single places: renders tables of keys, lists of words, and
//! the values that a key allows.

use std::fmt::Write as _;

use crate::explain::DocLanguage;
use crate::shape::{Absent, Key, Shape, StepList, StepWord, WordList};

/// A page in one language, written as Markdown.
pub(crate) struct Page {
    /// Language of the page.
    pub tongue: DocLanguage,
    /// Whether named parts are rendered as links to their sections.
    pub linked: bool,
    /// The text written so far.
    pub out: String,
}

impl Page {
    pub fn push_line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    pub fn write_keys(&mut self, keys: &[Key]) {
        self.push_line(
            self.tongue.pick_text("| key | what | meaning |\n|---|---|---|", "| 键 | 取值 | 含义 |\n|---|---|---|"),
        );
        for key in keys {
            let absent = match key.absent {
                Absent::Refused => self.tongue.pick_text("**required**", "**必需**").to_owned(),
                Absent::Nothing => self.tongue.pick_text("optional", "可选").to_owned(),
                Absent::Default(value) => format!("{} `{value}`", self.tongue.pick_text("default", "默认")),
            };
            let (what, meaning) = (self.describe_shape(key.shape), self.tongue.text_of(key.words).replace('|', "\\|"));
            let stop = self.tongue.pick_text("; ", "；");
            // Writing to a string cannot fail.
            let _ = writeln!(self.out, "| `{}` | {what}{stop}{absent} | {meaning} |", key.name);
        }
    }

    pub fn write_words(&mut self, list: &WordList) {
        for word in list.all {
            let _ = writeln!(self.out, "- `{}` — {}", word.word, self.tongue.text_of(word.words));
        }
    }

    pub fn write_steps(&mut self, list: &StepList) {
        for StepWord { word, words, needs } in list.all {
            let example = if needs.is_some() { format!("{{ {word} = … }}") } else { format!("\"{word}\"") };
            let _ = write!(self.out, "- `{example}` — {}", self.tongue.text_of(*words));
            match needs {
                Some(needs) if self.linked => {
                    let _ = writeln!(self.out, " `…`: {}", self.describe_shape(needs));
                }
                _ => self.push_line(""),
            }
        }
    }

    /// Returns the sentence that introduces the key which a plain text stands for.
    pub fn short_form_intro(&self) -> &'static str {
        self.tongue.pick_text("A text alone stands for the key ", "只写一个文本时，即为此键的值：")
    }

    /// Describes briefly what values a key allows.
    pub fn describe_shape(&self, shape: &Shape) -> String {
        let pick = |en, zh| self.tongue.pick_text(en, zh);
        let named = |words: String| match shape.name() {
            Some(name) if self.linked => section_link(name, name),
            _ => words,
        };
        match shape {
            Shape::Text(words) => self.tongue.text_of(*words).to_owned(),
            Shape::Number { least, most } => format!("{} {least}–{most}", pick("whole number", "整数")),
            Shape::Flag => "true / false".to_owned(),
            Shape::Day => pick("day, YYYY-MM-DD", "日期 YYYY-MM-DD").to_owned(),
            Shape::OneOf(list) if self.linked => {
                format!("{}{}{}", named(String::new()), pick(": ", "："), quote_list(list))
            }
            Shape::OneOf(list) => quote_list(list),
            Shape::Table(_) => named(pick("table", "表").to_owned()),
            Shape::Choice(choice) => {
                let cases = quote_words(choice.cases.iter().map(|case| case.word));
                let colon = pick(": ", "：");
                named(format!("{}`{}`{colon}{cases}", pick("table by ", "表，取决于 "), choice.key))
            }
            Shape::Steps(_) => named(pick("step", "步骤").to_owned()),
            Shape::List(inner) => format!("{}{}", pick("list of ", "列表："), self.describe_shape(inner)),
            Shape::Names(inner) => {
                format!("{}{}", pick("table of names, each ", "名称与取值的表，每项："), self.describe_shape(inner))
            }
            Shape::Known(_) => named(pick("table of fields", "字段表").to_owned()),
            Shape::Short { key, .. } => {
                format!("`{key}` {} {}", pick("as text, or", "的文本，或"), named(pick("table", "表").to_owned()))
            }
        }
    }
}

/// Returns a link to the section of a named part of the language.
pub(crate) fn section_link(words: &str, name: &str) -> String {
    format!("[{words}](#{})", name.to_lowercase())
}

/// Formats words as they are written in a manifest, in code quotes.
pub(crate) fn quote_words<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
}

fn quote_list(list: &WordList) -> String {
    quote_words(list.all.iter().map(|word| word.word))
}
