//! The definition of the manifest language: Rust types with descriptions in two languages. The parser, the JSON
//! Schema, the reference page and `connectors explain` are derived from it.
//!
//! Four macros define it. [`table!`] is a table of keys; [`choice!`] is a table in which one key determines the
//! others; [`words!`] is a closed list of words; [`steps!`] is a word, or a table with one key, such as `"trim"` and
//! `{ scale = "1/60" }`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::read::{Node, Reader};

/// A description in both languages.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Text in English.
    pub en: &'static str,
    /// Text in Chinese.
    pub zh: &'static str,
}

/// The values that a place of a manifest allows.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text; the description says of what kind.
    Text(Words),
    /// A whole number within bounds.
    Number {
        /// Minimum, inclusive.
        least: u64,
        /// Maximum, inclusive.
        most: u64,
    },
    /// true or false.
    Flag,
    /// A day, YYYY-MM-DD.
    Day,
    /// One of these words.
    OneOf(&'static WordList),
    /// A table with these keys.
    Table(&'static Table),
    /// A table in which one key determines the others.
    Choice(&'static Choice),
    /// A word, or a table with one key.
    Steps(&'static StepList),
    /// A list of items of one shape.
    List(&'static Shape),
    /// A table with free names, each with a value of one shape.
    Names(&'static Shape),
    /// A table with known names, each with a value of one shape.
    Known(&'static Fields),
    /// A whole table, or a text that stands for one of its keys.
    Short {
        /// The key that the text stands for.
        key: &'static str,
        /// The table's definition.
        table: &'static Table,
    },
}

impl Shape {
    /// Returns its name, if it is a named part of the language. A named part is described once and then referred to.
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
    /// Name of its Rust type.
    pub name: &'static str,
    /// What the list is for.
    pub words: Words,
    /// The words, in order of definition.
    pub all: &'static [Word],
}

/// A word of a list.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// The word, as written in a manifest.
    pub word: &'static str,
    /// What the word means.
    pub words: Words,
}

/// A table in which one key determines the others.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Name of its Rust type.
    pub name: &'static str,
    /// What the table is for.
    pub words: Words,
    /// The key whose value determines the others.
    pub key: &'static str,
    /// The values of that key, each with its other keys.
    pub cases: &'static [Case],
}

/// A case of a choice.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The value of the determining key.
    pub word: &'static str,
    /// What the case means.
    pub words: Words,
    /// The other keys of the case.
    pub keys: &'static [Key],
}

/// A closed list of steps.
#[derive(Debug, Clone, Copy)]
pub struct StepList {
    /// Name of its Rust type.
    pub name: &'static str,
    /// What the steps are for.
    pub words: Words,
    /// The steps, in order of definition.
    pub all: &'static [StepWord],
}

/// A step of a list.
#[derive(Debug, Clone, Copy)]
pub struct StepWord {
    /// The step, as written in a manifest: alone, or as the key of a table.
    pub word: &'static str,
    /// What the step does.
    pub words: Words,
    /// The shape of the value at the key; `None` if the step is a word alone.
    pub needs: Option<&'static Shape>,
}

/// A table whose keys are the words of a list, each with a value of one shape.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// Name of the Rust type.
    pub name: &'static str,
    /// What the table is for.
    pub words: Words,
    /// The list of its keys.
    pub of: &'static WordList,
    /// The values that each key allows.
    pub value: &'static Shape,
}

/// A table of the language.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Name of its Rust type.
    pub name: &'static str,
    /// What the table is for.
    pub words: Words,
    /// Its keys, in order of definition.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key, as written in a manifest.
    pub name: &'static str,
    /// What the key means.
    pub words: Words,
    /// The values it allows.
    pub shape: &'static Shape,
    /// What applies if it is absent.
    pub absent: Absent,
}

/// What applies if a key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The key is required.
    Refused,
    /// The value is absent, too.
    Nothing,
    /// This value, as written in a manifest.
    Default(&'static str),
}

/// A type of the language.
pub trait Part: Sized {
    /// The values that are allowed where this type is read.
    const SHAPE: &'static Shape;
    /// What applies if its key is absent and no default is given.
    const ABSENT: Absent = Absent::Refused;

    /// Reads a value of this type. Faults are added to the reader, and then the result is `None`.
    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// Returns the value of an absent key, or `None` if the key is required.
    #[must_use]
    fn absent_value() -> Option<Self> {
        None
    }

    /// Returns a replacement for a value that could not be read, so that checking can continue. The manifest is
    /// refused anyway.
    #[must_use]
    fn stand_in() -> Option<Self>;
}

impl Part for String {
    const SHAPE: &'static Shape = &Shape::Text(Words { en: "text", zh: "文本" });

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.read_text(node).map(str::to_owned)
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}

impl Part for bool {
    const SHAPE: &'static Shape = &Shape::Flag;

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.read_flag(node)
    }

    fn stand_in() -> Option<Self> {
        Some(false)
    }
}

impl Part for chrono::NaiveDate {
    const SHAPE: &'static Shape = &Shape::Day;

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.read_day(node)
    }

    fn stand_in() -> Option<Self> {
        Some(Self::default())
    }
}

/// A whole number from `MIN` to `MAX`, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Within<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Within<MIN, MAX> {
    /// Returns it as a count of items in memory.
    #[must_use]
    pub fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> Part for Within<MIN, MAX> {
    const SHAPE: &'static Shape = &Shape::Number { least: MIN, most: MAX };

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.read_number(node, MIN, MAX).map(Self)
    }

    fn stand_in() -> Option<Self> {
        Some(Self(MIN))
    }
}

impl<T: Part> Part for Option<T> {
    const SHAPE: &'static Shape = T::SHAPE;
    const ABSENT: Absent = Absent::Nothing;

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read_node(node, reader).map(Some)
    }

    fn absent_value() -> Option<Self> {
        Some(None)
    }

    fn stand_in() -> Option<Self> {
        Some(None)
    }
}

impl<T: Part> Part for Box<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read_node(node, reader).map(Box::new)
    }

    fn stand_in() -> Option<Self> {
        T::stand_in().map(Box::new)
    }
}

impl<T: Part + 'static> Part for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let items = reader.read_list(node)?;
        Some(items.into_iter().filter_map(|(at, item)| reader.with_step(&at, |r| T::read_node(item, r))).collect())
    }

    fn stand_in() -> Option<Self> {
        Some(vec![])
    }
}

impl<T: Part + 'static> Part for BTreeMap<String, T> {
    const SHAPE: &'static Shape = &Shape::Names(T::SHAPE);

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.read_entries(node)?;
        let entry =
            |(name, value): (String, _)| reader.with_step(&name, |r| T::read_node(value, r)).map(|value| (name, value));
        Some(entries.into_iter().filter_map(entry).collect())
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}

pub use crate::{choice, steps, table, words};
