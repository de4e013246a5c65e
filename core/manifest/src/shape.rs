//! The one definition of the manifest language: Rust types with words in two languages, from which the parser, the JSON
//! Schema, the reference page and `connectors explain` are made.
//!
//! Four macros define it. [`table!`] is a table of keys; [`choice!`] is a table of which one key tells what the others
//! are; [`words!`] is a closed list of words; [`steps!`] is a word, or a table of one key, as `"trim"` and
//! `{ scale = "1/60" }`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::read::{Node, Reader};

/// Words in both languages.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

/// What may stand at a place of a manifest.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text; the words say of what kind.
    Text(Words),
    /// A whole number within bounds.
    Number {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// true or false.
    Flag,
    /// A day, YYYY-MM-DD.
    Day,
    /// One of these words.
    OneOf(&'static WordList),
    /// A table of these keys.
    Table(&'static Table),
    /// A table of which one key tells what the others are.
    Choice(&'static Choice),
    /// A word, or a table of one key.
    Steps(&'static StepList),
    /// Several of a kind.
    List(&'static Shape),
    /// Names of one's own, each with a value of a kind.
    Names(&'static Shape),
    /// Known names, each with a value of a kind.
    Known(&'static Fields),
    /// A text that stands for one key of a table, or the whole table.
    Short {
        /// The key.
        key: &'static str,
        /// The table.
        table: &'static Table,
    },
}

impl Shape {
    /// Its name, if it is a part of the language that has one: what has a name is described once, and referred to.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::OneOf(list) => Some(list.name),
            Self::Table(table) | Self::Short { table, .. } => Some(table.name),
            Self::Choice(choice) => Some(choice.name),
            Self::Steps(list) => Some(list.name),
            Self::Known(fields) => Some(fields.name),
            Self::Text(_) | Self::Number { .. } | Self::Flag | Self::Day | Self::List(_) | Self::Names(_) => None,
        }
    }
}

/// A closed list of words.
#[derive(Debug, Clone, Copy)]
pub struct WordList {
    /// The name of its type.
    pub name: &'static str,
    /// What it is.
    pub words: Words,
    /// The words.
    pub all: &'static [Word],
}

/// A word of a list.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// As written in a manifest.
    pub word: &'static str,
    /// What it means.
    pub words: Words,
}

/// A table of which one key tells what the others are.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The name of its type.
    pub name: &'static str,
    /// What it is.
    pub words: Words,
    /// The telling key.
    pub key: &'static str,
    /// What it may tell.
    pub cases: &'static [Case],
}

/// A case of a choice.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The word at the telling key.
    pub word: &'static str,
    /// What it means.
    pub words: Words,
    /// The keys that come with it.
    pub keys: &'static [Key],
}

/// A closed list of steps.
#[derive(Debug, Clone, Copy)]
pub struct StepList {
    /// The name of its type.
    pub name: &'static str,
    /// What it is.
    pub words: Words,
    /// The steps.
    pub all: &'static [StepWord],
}

/// A step of a list.
#[derive(Debug, Clone, Copy)]
pub struct StepWord {
    /// As written in a manifest: alone, or as the key of a table.
    pub word: &'static str,
    /// What it does.
    pub words: Words,
    /// What stands at the key; a step without it is a word alone.
    pub needs: Option<&'static Shape>,
}

/// A table whose keys are the words of a list, each with a value of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// The name of its type.
    pub name: &'static str,
    /// What it is.
    pub words: Words,
    /// Its keys.
    pub of: &'static WordList,
    /// What stands at each.
    pub value: &'static Shape,
}

/// A table of the language.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// The name of its type.
    pub name: &'static str,
    /// What it is.
    pub words: Words,
    /// Its keys.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As written in a manifest.
    pub name: &'static str,
    /// What it means.
    pub words: Words,
    /// What may stand there.
    pub shape: &'static Shape,
    /// What holds without it.
    pub absent: Absent,
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It must be there.
    Refused,
    /// Nothing.
    Nothing,
    /// This value.
    Default(&'static str),
}

/// A type of the language.
pub trait Part: Sized {
    /// What may stand where this is read.
    const SHAPE: &'static Shape;
    /// What holds where its key is absent and no default is given.
    const ABSENT: Absent = Absent::Refused;

    /// Reads it; what is wrong is told to the reader, and then there is nothing.
    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// The value of an absent key.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// What is gone on with where it cannot be read, so that everything else is looked at too. The manifest is refused.
    #[must_use]
    fn stand_in() -> Option<Self>;
}

impl Part for String {
    const SHAPE: &'static Shape = &Shape::Text(Words { en: "text", zh: "文本" });

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(node).map(str::to_owned)
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}

impl Part for bool {
    const SHAPE: &'static Shape = &Shape::Flag;

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.flag(node)
    }

    fn stand_in() -> Option<Self> {
        Some(false)
    }
}

impl Part for chrono::NaiveDate {
    const SHAPE: &'static Shape = &Shape::Day;

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.day(node)
    }

    fn stand_in() -> Option<Self> {
        Some(Self::default())
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Within<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Within<MIN, MAX> {
    /// As a count of things in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> Part for Within<MIN, MAX> {
    const SHAPE: &'static Shape = &Shape::Number { least: MIN, most: MAX };

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.number(node, MIN, MAX).map(Self)
    }

    fn stand_in() -> Option<Self> {
        Some(Self(MIN))
    }
}

impl<T: Part> Part for Option<T> {
    const SHAPE: &'static Shape = T::SHAPE;
    const ABSENT: Absent = Absent::Nothing;

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn stand_in() -> Option<Self> {
        Some(None)
    }
}

impl<T: Part> Part for Box<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Box::new)
    }

    fn stand_in() -> Option<Self> {
        T::stand_in().map(Box::new)
    }
}

impl<T: Part + 'static> Part for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let items = reader.list(node)?;
        Some(items.into_iter().filter_map(|(at, item)| reader.within(&at, |r| T::read(item, r))).collect())
    }

    fn stand_in() -> Option<Self> {
        Some(vec![])
    }
}

impl<T: Part + 'static> Part for BTreeMap<String, T> {
    const SHAPE: &'static Shape = &Shape::Names(T::SHAPE);

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.entries(node)?;
        let entry = |(name, value): (String, _)| reader.within(&name, |r| T::read(value, r)).map(|value| (name, value));
        Some(entries.into_iter().filter_map(entry).collect())
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}

pub use crate::{choice, steps, table, words};
