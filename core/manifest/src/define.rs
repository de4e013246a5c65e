//! The macros that define the language; see [`crate::shape`].

/// Defines a table of the language. Each key has a description in English (its doc comment) and in Chinese (`zh`).
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
            /// The table's definition: its keys, with descriptions.
            pub const TABLE: $crate::shape::Table = $crate::shape::Table {
                name: stringify!($name),
                words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
                keys: &[$($crate::key!($key, $type, [$($ken),+], $kzh $(, $told)?)),*],
            };

            pub(crate) fn read_table(
                fields: &mut $crate::read::Fields<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                $(let $key = fields.take_field::<$type>(
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

/// Implements reading a table, or a text that stands for one of its keys.
#[doc(hidden)]
#[macro_export]
macro_rules! part {
    ($name:ident) => {
        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::Table(&Self::TABLE);

            fn read_node(node: $crate::read::Node<'_>, reader: &mut $crate::read::Reader<'_>) -> Option<Self> {
                reader.read_table(node, &Self::TABLE, Self::read_table)
            }

            fn stand_in() -> Option<Self> {
                Self::stand_in_table()
            }
        }
    };
    ($name:ident, $short:ident) => {
        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape =
                &$crate::shape::Shape::Short { key: stringify!($short), table: &Self::TABLE };

            fn read_node(node: $crate::read::Node<'_>, reader: &mut $crate::read::Reader<'_>) -> Option<Self> {
                reader.read_short_table(node, stringify!($short), &Self::TABLE, Self::read_table)
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
        <$type as $crate::shape::Part>::absent_value()
    };
    ($type:ty, $default:expr) => {
        Some($default)
    };
}

/// Defines a table in which the value of one key determines the other keys.
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
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::Choice(&$crate::shape::Choice {
                name: stringify!($name),
                words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
                key: stringify!($tag),
                cases: &[$($crate::shape::Case {
                    word: stringify!($word),
                    words: $crate::shape::Words { en: concat!($($ven),+), zh: $vzh },
                    keys: &[$($crate::key!($key, $type, [$($ken),+], $kzh $(, $told)?)),*],
                }),+],
            });

            fn read_node(
                node: $crate::read::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                reader.read_choice(node, Self::SHAPE, |word, fields, reader| match word {
                    $(stringify!($word) => {
                        $(let $key = fields.take_field::<$type>(
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
        $(#[doc = $en:literal])+ #[zh = $zh:literal]
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
            /// The list's definition: its words, with descriptions.
            pub const LIST: $crate::shape::WordList = $crate::shape::WordList {
                name: stringify!($name),
                words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
                all: &[$($crate::shape::Word {
                    word: $word,
                    words: $crate::shape::Words { en: concat!($($ven),+), zh: $vzh },
                }),+],
            };

            /// All of them, in order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word used in manifests and tables.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Returns the variant of a word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::shape::Part for $name {
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::OneOf(&Self::LIST);

            fn read_node(
                node: $crate::read::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                reader.read_word(node, &[$($word),+]).and_then(Self::from_word)
            }

            fn stand_in() -> Option<Self> {
                Self::ALL.first().copied()
            }
        }
    };
}

/// Defines steps: a word, or a table with one key whose value the step needs.
#[macro_export]
macro_rules! steps {
    (
        $(#[doc = $en:literal])+ #[zh = $zh:literal]
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
            const SHAPE: &'static $crate::shape::Shape = &$crate::shape::Shape::Steps(&$crate::shape::StepList {
                name: stringify!($name),
                words: $crate::shape::Words { en: concat!($($en),+), zh: $zh },
                all: &[$($crate::shape::StepWord {
                    word: $word,
                    words: $crate::shape::Words { en: concat!($($ven),+), zh: $vzh },
                    needs: $crate::step_shape!($($type)?),
                }),+],
            });

            fn read_node(
                node: $crate::read::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                let (word, value) = reader.read_step(node, Self::SHAPE)?;
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
        $reader
            .with_step($word, |r| $value.and_then(|v| <$type as $crate::shape::Part>::read_node(v, r)))
            .map($name::$variant)
    };
}
