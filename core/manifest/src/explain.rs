//! The reference page of the manifest language, in either language, and the words about one place of it.

use std::fmt::Write as _;

use crate::Manifest;
use crate::fault::nearest;
use crate::shape::{Absent, Key, Part as _, Shape, Table, Words};
use crate::template::{NAMED, VALUES};

/// Which language the words are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// Chinese.
    Chinese,
}

impl Tongue {
    fn of(self, words: Words) -> &'static str {
        match self {
            Self::English => words.en.trim(),
            Self::Chinese => words.zh,
        }
    }

    fn pick(self, en: &'static str, zh: &'static str) -> &'static str {
        self.of(Words { en, zh })
    }
}

/// The whole reference, as Markdown.
#[must_use]
pub fn reference(tongue: Tongue) -> String {
    let mut page = Page { tongue, out: String::new() };
    page.line(tongue.pick(
        "# The manifest language\n\nMade from its definition in `core/manifest/`; do not edit. `huiliu connectors explain PLACE` prints one section. In an editor, use `docs/manifest.schema.json`.",
        "# 清单语言\n\n由 `core/manifest/` 中的定义生成，请勿手改。`huiliu connectors explain 位置` 显示其中一节。编辑器可用 `docs/manifest.schema.json`。",
    ));
    page.section("", Manifest::SHAPE, 2);
    page.line(tongue.pick("\n## Values in requests", "\n## 请求中的取值"));
    page.values();
    page.out
}

/// One place of the language, as `stream.page` or `stream.map.hours`.
///
/// # Errors
/// What there is instead.
pub fn explain(place: &str, tongue: Tongue) -> Result<String, String> {
    let mut shape = Manifest::SHAPE;
    let mut words = Manifest::TABLE.words;
    for step in place.split('.').filter(|step| !step.is_empty()) {
        let all = names(shape);
        let found = all.iter().find(|(name, ..)| *name == step || *name == "*");
        let Some((_, told, inner)) = found else {
            let known: Vec<&str> = all.iter().map(|(name, ..)| *name).collect();
            let meant =
                nearest(step, known.iter().copied()).map_or_else(String::new, |n| format!(" (did you mean {n:?}?)"));
            return Err(format!("there is no {step:?} in {place:?}{meant}; there are {}", known.join(", ")));
        };
        (shape, words) = (inner, told.unwrap_or(words));
    }
    let mut page = Page { tongue, out: String::new() };
    page.line(tongue.of(words));
    page.section(place, shape, 2);
    Ok(page.out)
}

/// What one step further in a place can be.
fn names(shape: &'static Shape) -> Vec<(&'static str, Option<Words>, &'static Shape)> {
    let of_keys =
        |keys: &'static [Key]| keys.iter().map(|key| (key.name, Some(key.words), key.shape)).collect::<Vec<_>>();
    match shape {
        Shape::Table(table) => of_keys(table.keys),
        Shape::Choice { cases, .. } => cases.iter().flat_map(|(_, table)| of_keys(table.keys)).collect(),
        Shape::Steps(steps) => {
            steps.iter().filter_map(|(word, words, needs)| needs.map(|needs| (*word, Some(*words), needs))).collect()
        }
        Shape::List(inner) | Shape::Short(_, inner) => names(inner),
        Shape::Names(value) => vec![("*", None, value)],
        Shape::Known(Shape::OneOf(known), value) => {
            known.iter().map(|(name, words)| (*name, Some(*words), *value)).collect()
        }
        _ => vec![],
    }
}

struct Page {
    tongue: Tongue,
    out: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn heading(&mut self, place: &str, level: usize) {
        let place = if place.is_empty() { self.tongue.pick("the manifest", "清单") } else { place };
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "\n{} `{place}`\n", "#".repeat(level.min(6)));
    }

    fn section(&mut self, place: &str, shape: &'static Shape, level: usize) {
        match shape {
            Shape::Table(table) => {
                self.heading(place, level);
                self.table(table);
                self.inner(place, table.keys, level);
            }
            Shape::Choice { key, cases } => {
                self.heading(place, level);
                for (word, table) in *cases {
                    let _ = writeln!(self.out, "\n**`{key} = \"{word}\"`** — {}\n", self.tongue.of(table.words));
                    if !table.keys.is_empty() {
                        self.keys(table.keys);
                    }
                }
                for (word, table) in *cases {
                    self.inner(&format!("{place} ({word})"), table.keys, level);
                }
            }
            Shape::Steps(steps) => {
                self.heading(place, level);
                for (word, words, needs) in *steps {
                    let example = if needs.is_some() { format!("{{ {word} = … }}") } else { format!("\"{word}\"") };
                    let _ = writeln!(self.out, "- `{example}` — {}", self.tongue.of(*words));
                }
                for (word, _, needs) in *steps {
                    needs
                        .iter()
                        .filter(|shape| is_large(shape))
                        .for_each(|s| self.section(&format!("{place}.{word}"), s, level + 1));
                }
            }
            Shape::OneOf(words) => {
                self.heading(place, level);
                self.list(words);
            }
            Shape::List(inner) | Shape::Names(inner) => self.section(place, inner, level),
            Shape::Known(names, value) => {
                self.section(place, names, level);
                self.section(&format!("{place}.*"), value, level + 1);
            }
            Shape::Short(key, whole) => {
                self.section(place, whole, level);
                let short = self.tongue.pick("A text alone stands for the key", "只写一个文本时，即为此键的值：");
                let _ = writeln!(self.out, "\n{short} `{key}`");
            }
            Shape::Text(_) | Shape::Number { .. } | Shape::Flag | Shape::Day => {
                let what = self.what(shape);
                self.line(&what);
            }
        }
    }

    fn inner(&mut self, place: &str, keys: &'static [Key], level: usize) {
        for key in keys.iter().filter(|key| is_large(key.shape)) {
            let place = if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
            self.section(&place, key.shape, level + 1);
        }
    }

    fn table(&mut self, table: &'static Table) {
        let words = self.tongue.of(table.words);
        self.line(words);
        self.line("");
        self.keys(table.keys);
    }

    fn keys(&mut self, keys: &'static [Key]) {
        self.line(self.tongue.pick("| key | what | meaning |\n|---|---|---|", "| 键 | 取值 | 含义 |\n|---|---|---|"));
        for key in keys {
            let absent = match key.absent {
                Absent::Refused => self.tongue.pick("**required**", "**必需**").to_owned(),
                Absent::Nothing => self.tongue.pick("optional", "可选").to_owned(),
                Absent::Default(value) => format!("{} `{value}`", self.tongue.pick("default", "默认")),
            };
            let (what, meaning) = (self.what(key.shape), self.tongue.of(key.words).replace('|', "\\|"));
            let _ = writeln!(self.out, "| `{}` | {what}; {absent} | {meaning} |", key.name);
        }
    }

    fn list(&mut self, words: &[(&str, Words)]) {
        for (word, told) in words {
            let _ = writeln!(self.out, "- `{word}` — {}", self.tongue.of(*told));
        }
    }

    fn what(&self, shape: &Shape) -> String {
        let pick = |en, zh| self.tongue.pick(en, zh);
        match shape {
            Shape::Text(words) => self.tongue.of(*words).to_owned(),
            Shape::Number { least, most } => format!("{} {least}–{most}", pick("whole number", "整数")),
            Shape::Flag => "true / false".to_owned(),
            Shape::Day => pick("day, YYYY-MM-DD", "日期 YYYY-MM-DD").to_owned(),
            Shape::OneOf(words) => words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(" "),
            Shape::Table(_) => pick("table", "表").to_owned(),
            Shape::Choice { key, cases } => {
                let words: Vec<String> = cases.iter().map(|(word, _)| format!("`{word}`")).collect();
                format!("{} `{key}`: {}", pick("table by", "表，由以下键决定："), words.join(" "))
            }
            Shape::Steps(_) => pick("step", "步骤").to_owned(),
            Shape::List(inner) => format!("{} {}", pick("list of", "列表："), self.what(inner)),
            Shape::Names(inner) => format!("{} {}", pick("table of names, each", "名称表，每项："), self.what(inner)),
            Shape::Known(..) => pick("table of fields", "字段表").to_owned(),
            Shape::Short(key, whole) => format!("`{key}` {} {}", pick("as text, or", "的文本，或"), self.what(whole)),
        }
    }

    fn values(&mut self) {
        for (value, words) in VALUES {
            let _ = writeln!(self.out, "- `${{{value}}}` — {}", self.tongue.of(*words));
        }
        for (value, words) in NAMED {
            let _ = writeln!(self.out, "- `${{{value}.…}}` — {}", self.tongue.of(*words));
        }
    }
}

/// Whether a shape has a section of its own.
fn is_large(shape: &Shape) -> bool {
    match shape {
        Shape::Table(_) | Shape::Choice { .. } | Shape::Steps(_) | Shape::Known(..) => true,
        Shape::OneOf(words) => words.len() > 1,
        Shape::List(inner) | Shape::Names(inner) | Shape::Short(_, inner) => is_large(inner),
        _ => false,
    }
}
