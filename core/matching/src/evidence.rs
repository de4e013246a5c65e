//! The vocabulary of evidence: which fields are compared, and how far they agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field that two profiles are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The whole name; former names are included.
    Name,
    /// The given name alone.
    GivenName,
    /// The family name alone.
    FamilyName,
    /// A citizen ID number, or another number that identifies one person.
    IdNumber,
    /// The number that a province or platform assigns to a teacher.
    TeacherNumber,
    /// Birth date, eight digits.
    BirthDate,
    /// Male or female.
    Sex,
    /// Telephone number.
    Phone,
    /// School, by code, name and region.
    School,
    /// Postal address, compared by its words.
    Address,
    /// Postcode, compared digit by digit.
    Postcode,
    /// Any other text.
    Text,
    /// How unlikely it is that two random profiles are one person; it is counted, not compared.
    Prior,
}

/// How far two values agree. A level means the same in every field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Identical after folding; for ID numbers, also valid.
    Equal,
    /// Identical except for traditional or variant characters.
    Variant,
    /// Identical to a former name of the other side.
    Former,
    /// One is a complete part of the other.
    Part,
    /// Same sounds and tones, other characters.
    Homophone,
    /// Same sounds, other tones.
    HomophoneToneless,
    /// Sounds that many speakers do not distinguish (zh/z, n/l, ng/n).
    NearHomophone,
    /// For a given or family name: same sounds, or characters that look alike.
    Sound,
    /// One character is replaced by one that looks like it.
    LookAlike,
    /// One character of three or more is different, missing or added.
    OneCharacter,
    /// One character of two is different.
    OneOfTwo,
    /// Parts, characters or numbers are in another order.
    Swapped,
    /// Initials instead of a name.
    Initial,
    /// Few edits apart.
    Close,
    /// Some edits apart.
    Fair,
    /// Only the family name is the same.
    Family,
    /// Partly masked; ten or more characters agree (6+4).
    #[serde(rename = "masked_6_4")]
    Masked64,
    /// Partly masked; eight or nine characters agree (4+4).
    #[serde(rename = "masked_4_4")]
    Masked44,
    /// Partly masked; seven characters agree (3+4).
    #[serde(rename = "masked_3_4")]
    Masked34,
    /// Partly masked; the visible characters agree.
    Masked,
    /// Identical, but not a valid number.
    EqualUnchecked,
    /// One digit is different, missing or added.
    OneDigit,
    /// Two digits are different.
    TwoDigits,
    /// Two adjacent digits are transposed.
    Transposed,
    /// The last digits were replaced by zeros in a spreadsheet.
    Rounded,
    /// Different numbers with the same area and birth date, as twins have.
    SameBirth,
    /// Only the year is the same.
    Year,
    /// Same name under another code, or without a code.
    Named,
    /// Only the region is the same.
    Region,
    /// They differ, and one of them is damaged.
    DiffersDamaged,
    /// They differ.
    Differs,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 13] = [
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::IdNumber,
        Self::TeacherNumber,
        Self::BirthDate,
        Self::Sex,
        Self::Phone,
        Self::School,
        Self::Address,
        Self::Postcode,
        Self::Text,
        Self::Prior,
    ];

    /// Returns every level that comparing this field can give; each needs a weight.
    #[must_use]
    pub fn possible_levels(self) -> &'static [Level] {
        use Level as L;
        match self {
            Self::Name => &[
                L::Equal,
                L::Variant,
                L::Former,
                L::Part,
                L::Homophone,
                L::HomophoneToneless,
                L::NearHomophone,
                L::LookAlike,
                L::OneCharacter,
                L::OneOfTwo,
                L::Swapped,
                L::Initial,
                L::Close,
                L::Fair,
                L::Family,
                L::Differs,
            ],
            Self::GivenName | Self::FamilyName => {
                &[L::Equal, L::Sound, L::Part, L::OneCharacter, L::Swapped, L::Initial, L::Close, L::Fair, L::Differs]
            }
            Self::IdNumber => &[
                L::Equal,
                L::EqualUnchecked,
                L::Masked64,
                L::Masked44,
                L::Masked34,
                L::Masked,
                L::OneDigit,
                L::TwoDigits,
                L::Transposed,
                L::Rounded,
                L::SameBirth,
                L::DiffersDamaged,
                L::Differs,
            ],
            Self::TeacherNumber => &[L::Equal, L::OneDigit, L::Differs],
            Self::BirthDate => &[L::Equal, L::Swapped, L::OneDigit, L::Transposed, L::Year, L::Differs],
            Self::Sex => &[L::Equal, L::Differs],
            Self::Phone => &[L::Equal, L::Masked, L::OneDigit, L::Differs],
            Self::School => &[L::Equal, L::Named, L::Close, L::Region, L::Differs],
            Self::Address | Self::Text => &[L::Equal, L::Close, L::Fair, L::Differs],
            Self::Postcode => &[L::Equal, L::OneDigit, L::Transposed, L::Differs],
            Self::Prior => &[],
        }
    }

    /// Returns the word that files and tables use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::IdNumber => "id_number",
            Self::TeacherNumber => "teacher_number",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
            Self::Phone => "phone",
            Self::School => "school",
            Self::Address => "address",
            Self::Postcode => "postcode",
            Self::Text => "text",
            Self::Prior => "prior",
        }
    }
}

impl Level {
    /// Returns the word that files and tables use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Variant => "variant",
            Self::Former => "former",
            Self::Part => "part",
            Self::Homophone => "homophone",
            Self::HomophoneToneless => "homophone_toneless",
            Self::NearHomophone => "near_homophone",
            Self::Sound => "sound",
            Self::LookAlike => "look_alike",
            Self::OneCharacter => "one_character",
            Self::OneOfTwo => "one_of_two",
            Self::Swapped => "swapped",
            Self::Initial => "initial",
            Self::Close => "close",
            Self::Fair => "fair",
            Self::Family => "family",
            Self::Masked64 => "masked_6_4",
            Self::Masked44 => "masked_4_4",
            Self::Masked34 => "masked_3_4",
            Self::Masked => "masked",
            Self::EqualUnchecked => "equal_unchecked",
            Self::OneDigit => "one_digit",
            Self::TwoDigits => "two_digits",
            Self::Transposed => "transposed",
            Self::Rounded => "rounded",
            Self::SameBirth => "same_birth",
            Self::Year => "year",
            Self::Named => "named",
            Self::Region => "region",
            Self::DiffersDamaged => "differs_damaged",
            Self::Differs => "differs",
        }
    }
}

/// One line of an explained score. It contains no value of either side, so it can be shown and logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The field that was compared.
    pub field: Field,
    /// How far the two sides agree; `None` for the prior.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<Level>,
    /// Thousandths of a bit; positive weights favour one person, negative ones two.
    pub weight: i64,
}
