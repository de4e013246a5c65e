//! What two sides can agree or differ in, and how far: the words of evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// A whole name, former names among them.
    Name,
    /// A given name by itself.
    GivenName,
    /// A family name by itself.
    FamilyName,
    /// A citizen ID number, or another number that tells people apart.
    IdNumber,
    /// The number a province or platform gives a teacher.
    TeacherNumber,
    /// Birth date.
    BirthDate,
    /// Sex.
    Sex,
    /// Telephone number.
    Phone,
    /// School: code, name, region.
    School,
    /// Address.
    Address,
    /// Postcode.
    Postcode,
    /// Any other text.
    Text,
    /// How unlikely two sides taken at random are one person; not compared, counted.
    Prior,
}

/// How far two sides agree. One word means the same in every field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The same after folding; an ID number is valid, too.
    Equal,
    /// The same but for traditional or variant characters.
    Variant,
    /// The same as a former name of the other side.
    Former,
    /// One is a whole part of the other.
    Part,
    /// The same sounds and tones in other characters.
    Homophone,
    /// The same sounds in other tones.
    HomophoneToneless,
    /// Sounds that many people do not tell apart (zh/z, n/l, ng/n).
    NearHomophone,
    /// Of a given or family name: the same sounds, or characters that look alike.
    Sound,
    /// One character is another that looks like it.
    LookAlike,
    /// One character of several is another, missing or too many.
    OneCharacter,
    /// One character of two is another.
    OneOfTwo,
    /// The parts, characters or numbers stand in another order.
    Swapped,
    /// Initials instead of a name.
    Initial,
    /// Few edits apart.
    Close,
    /// Some edits apart.
    Fair,
    /// Only the family name is the same.
    Family,
    /// Hidden in part; ten characters or more agree (6+4).
    #[serde(rename = "masked_6_4")]
    Masked64,
    /// Hidden in part; eight or nine characters agree (4+4).
    #[serde(rename = "masked_4_4")]
    Masked44,
    /// Hidden in part; seven characters agree (3+4).
    #[serde(rename = "masked_3_4")]
    Masked34,
    /// Hidden in part; what is shown agrees.
    Masked,
    /// The same text, which is no valid number.
    EqualUnchecked,
    /// One digit is another, missing or too many.
    OneDigit,
    /// Two digits are others.
    TwoDigits,
    /// Two neighbours have changed places.
    Transposed,
    /// The last digits were replaced by zeros in a spreadsheet.
    Rounded,
    /// Other numbers of the same area and birth date, as of twins.
    SameBirth,
    /// The same year only.
    Year,
    /// The same name under another code, or without one.
    Named,
    /// The same region only.
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

    /// Every level a comparison of this field can give; each needs a weight.
    #[must_use]
    pub fn levels(self) -> &'static [Level] {
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

    /// The word used in files and tables.
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
    /// The word used in files and tables.
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

/// One line of an explained score. It holds no value of either side, so it can be shown and logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What was compared.
    pub field: Field,
    /// How far it agrees; none for the prior.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<Level>,
    /// Thousandths of a bit: positive for one person, negative for two.
    pub weight: i64,
}
