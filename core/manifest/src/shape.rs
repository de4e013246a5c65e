//! The one definition of the manifest language: Rust types with words in two languages, from which the parser, the JSON
//! Schema, the reference page and `connectors explain` are made.
//!
//! Three macros define it. [`table!`] is a table of keys; [`choice!`] is a table of which one key tells what the others
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
    OneOf(&'static [(&'static str, Words)]),
    /// A table of these keys.
    Table(&'static Table),
    /// A table of which one key tells what the others are.
    Choice {
        /// The telling key.
        key: &'static str,
        /// What it may tell, and the keys that come with it.
        cases: &'static [(&'static str, &'static Table)],
    },
    /// A word, or a table of one key.
    Steps(&'static [(&'static str, Words, Option<&'static Shape>)]),
    /// Several of a kind.
    List(&'static Shape),
    /// Names of one's own, each with a value of a kind.
    Names(&'static Shape),
    /// Known names, each with a value of a kind.
    Known(&'static Shape, &'static Shape),
    /// A text as shorthand, or the whole.
    Short(&'static str, &'static Shape),
}

/// A table of the language.
#[derive(Debug, Clone, Copy)]
pub struct Table {
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

/// A whole number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Within<const LEAST: u64, const MOST: u64>(pub u64);

impl<const LEAST: u64, const MOST: u64> Within<LEAST, MOST> {
    /// As a count of things in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const LEAST: u64, const MOST: u64> Part for Within<LEAST, MOST> {
    const SHAPE: &'static Shape = &Shape::Number { least: LEAST, most: MOST };

    fn read(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.number(node, LEAST, MOST).map(Self)
    }

    fn stand_in() -> Option<Self> {
        Some(Self(LEAST))
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

/// Defines a table of the language: see [`self`]. A key has words in English (its doc comment) and in Chinese (`zh`).
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $en:literal])+ #[zh = $zh:literal]
        $(#[derive($($derived:ident),+)])?
        pub struct $name:ident $(, short for $short:ident)? {
            $(
                $(#[doc = $ken:literal])+ #[zh = $kzh:literal]
                $key:ident : $type:ty $(= $default:expr, $told:literal)?
            ;)*
        }
    ) => {
        $(#[doc = $en])+
        #[derive(Debug, Clone $($(, $derived)+)?)]
        pub struct $name {
            $($(#[doc = $ken])+ pub $key: $type,)*
        }

        impl $name {
            /// What its definition says.
            pub const TABLE: $crate::shape::Table = $crate::shape::Table {
                words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
                keys: &[$($crate::key!($key, $type, [$($ken),+], $kzh $(, $told)?)),*],
            };

            pub(crate) fn read_table(
                fields: &mut $crate::read::Fields<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                $(let $key = fields.take::<$type>(
                    stringify!($key), || $crate::default!($type $(, $default)?), reader,
                );)*
                Some(Self { $($key: $key?),* })
            }

            fn stand_in_table() -> Option<Self> {
                $(let $key = $crate::stand_in!($type $(, $default)?);)*
                Some(Self { $($key: $key?),* })
            }
        }

        $crate::part!($name $(, $short)?);
    };
}

/// How a table is read: as it is, or from a text that stands for one of its keys.
#[doc(hidden)]
#[macro_export]
macro_rules! part {
    ($name:ident) => {
        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::Table(&Self::TABLE);

            fn read(node: $crate::read::Node<'_>, reader: &mut $crate::read::Reader<'_>) -> Option<Self> {
                reader.table(node, &Self::TABLE, Self::read_table)
            }

            fn stand_in() -> Option<Self> {
                Self::stand_in_table()
            }
        }
    };
    ($name:ident, $short:ident) => {
        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape =
                &$crate::shape::Shape::Short(stringify!($short), &$crate::shape::Shape::Table(&Self::TABLE));

            fn read(node: $crate::read::Node<'_>, reader: &mut $crate::read::Reader<'_>) -> Option<Self> {
                reader.short(node, stringify!($short), &Self::TABLE, Self::read_table)
            }

            fn stand_in() -> Option<Self> {
                Self::stand_in_table()
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! key {
    ($key:ident, $type:ty, [$($en:literal),+], $zh:literal) => {
        $crate::shape::Key {
            name: stringify!($key),
            words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
            shape: <$type as $crate::shape::Part>::SHAPE,
            absent: <$type as $crate::shape::Part>::ABSENT,
        }
    };
    ($key:ident, $type:ty, [$($en:literal),+], $zh:literal, $told:literal) => {
        $crate::shape::Key {
            name: stringify!($key),
            words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
            shape: <$type as $crate::shape::Part>::SHAPE,
            absent: $crate::shape::Absent::Default($told),
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! stand_in {
    ($type:ty) => {
        <$type as $crate::shape::Part>::stand_in()
    };
    ($type:ty, $default:expr) => {
        Some($default)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! default {
    ($type:ty) => {
        <$type as $crate::shape::Part>::absent()
    };
    ($type:ty, $default:expr) => {
        Some($default)
    };
}

/// Defines a table of which one key tells what the others are.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $en:literal])+ #[zh = $zh:literal]
        pub enum $name:ident by $tag:ident {
            $(
                $(#[doc = $ven:literal])+ #[zh = $vzh:literal]
                $word:ident => $variant:ident {
                    $(
                        $(#[doc = $ken:literal])+ #[zh = $kzh:literal]
                        $key:ident : $type:ty $(= $default:expr, $told:literal)?
                    ;)*
                }
            )+
        }
    ) => {
        $(#[doc = $en])+
        #[derive(Debug, Clone)]
        #[allow(missing_docs, reason = "a choice without keys of its own has no words for them")]
        #[allow(clippy::large_enum_variant, reason = "a manifest has few of them, and is read once")]
        pub enum $name {
            $($(#[doc = $ven])+ $variant { $($(#[doc = $ken])+ $key: $type,)* },)+
        }

        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::Choice {
                key: stringify!($tag),
                cases: &[$((stringify!($word), &$crate::shape::Table {
                    words: $crate::shape::Words { en: concat!($($ven),+), zh: $vzh },
                    keys: &[$($crate::key!($key, $type, [$($ken),+], $kzh $(, $told)?)),*],
                })),+],
            };

            fn read(
                node: $crate::read::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                reader.choice(node, Self::SHAPE, |word, fields, reader| match word {
                    $(stringify!($word) => {
                        $(let $key = fields.take::<$type>(
                            stringify!($key), || $crate::default!($type $(, $default)?), reader,
                        );)*
                        let _ = (&fields, &reader);
                        Some(Self::$variant { $($key: $key?),* })
                    })+
                    _ => None,
                })
            }

            #[allow(unreachable_code, reason = "the first of them will do")]
            fn stand_in() -> Option<Self> {
                $(
                    $(let $key = $crate::stand_in!($type $(, $default)?);)*
                    return Some(Self::$variant { $($key: $key?),* });
                )+
            }
        }
    };
}

/// Defines a closed list of words.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $en:literal])+
        pub enum $name:ident {
            $($(#[doc = $ven:literal])+ #[zh = $vzh:literal] $word:literal => $variant:ident,)+
        }
    ) => {
        $(#[doc = $en])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $ven])+ $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in manifests and tables.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one of that word.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::OneOf(&[$((
                $word, $crate::shape::Words { en: concat!($($ven),+), zh: $vzh },
            )),+]);

            fn read(
                node: $crate::read::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                reader.word(node, &[$($word),+]).and_then(Self::of)
            }

            fn stand_in() -> Option<Self> {
                Self::ALL.first().copied()
            }
        }
    };
}

/// Defines steps: a word, or a table of one key with what the step needs.
#[macro_export]
macro_rules! steps {
    (
        $(#[doc = $en:literal])+
        pub enum $name:ident {
            $(
                $(#[doc = $ven:literal])+ #[zh = $vzh:literal]
                $word:literal => $variant:ident $(($type:ty))?,
            )+
        }
    ) => {
        $(#[doc = $en])+
        #[derive(Debug, Clone)]
        pub enum $name {
            $($(#[doc = $ven])+ $variant $(($type))?,)+
        }

        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::Steps(&[$((
                $word,
                $crate::shape::Words { en: concat!($($ven),+), zh: $vzh },
                $crate::step_shape!($($type)?),
            )),+]);

            fn read(
                node: $crate::read::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                let (word, value) = reader.step(node, Self::SHAPE)?;
                match word {
                    $($word => $crate::step_read!($name, $variant, word, value, reader $(, $type)?),)+
                    _ => None,
                }
            }

            fn stand_in() -> Option<Self> {
                None
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! step_shape {
    () => {
        None
    };
    ($type:ty) => {
        Some(<$type as $crate::shape::Part>::SHAPE)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! step_read {
    ($name:ident, $variant:ident, $word:ident, $value:ident, $reader:ident) => {
        $value.is_none().then_some($name::$variant)
    };
    ($name:ident, $variant:ident, $word:ident, $value:ident, $reader:ident, $type:ty) => {
        $reader.within($word, |r| $value.and_then(|v| <$type as $crate::shape::Part>::read(v, r))).map($name::$variant)
    };
}

pub use {choice, steps, table, words};
