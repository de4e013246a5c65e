//! Texts for evidence and verdicts of matching.

use huiliu_matching::{Doubt, Evidence, Field, Level, Role, Verdict};

use super::label;

/// Renders one piece of evidence with its weight in bits: `name equal +11.3`.
pub fn evidence_text(line: &Evidence) -> String {
    let weight = format_bits(line.weight);
    match line.level {
        Some(level) => format!("{} {} {weight}", field_label(line.field), level_label(level)),
        None => format!("{} {weight}", field_label(line.field)),
    }
}

/// Formats thousandths of a bit as bits with a sign and one decimal, truncated.
pub fn format_bits(weight: i64) -> String {
    let sign = if weight < 0 { '-' } else { '+' };
    let tenths = weight.unsigned_abs() / 100;
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// Returns the label of a verdict.
pub fn verdict_label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Definite => label("cli-words-matching-definite"),
        Verdict::Potential => label("cli-words-matching-potential"),
        Verdict::None => label("cli-words-matching-none"),
    }
}

/// Explains what kept a claim from the verdict *definite*, or from the verdict *none*.
pub fn doubt_label(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Rivals => label("cli-words-matching-two-candidates-too-near-each"),
        Doubt::BetterName => label("cli-words-matching-another-candidate-very-name"),
        Doubt::Crowded => label("cli-words-matching-too-many-share-what-known"),
    }
}

/// Returns the label for what a text says about a person.
pub fn role_label(role: Role) -> &'static str {
    match role {
        Role::Name => field_label(Field::Name),
        Role::FormerName => label("cli-words-matching-former-name"),
        Role::GivenName => field_label(Field::GivenName),
        Role::FamilyName => field_label(Field::FamilyName),
        Role::IdNumber => field_label(Field::IdNumber),
        Role::TeacherNumber => field_label(Field::TeacherNumber),
        Role::BirthDate => field_label(Field::BirthDate),
        Role::Sex => field_label(Field::Sex),
        Role::Phone => field_label(Field::Phone),
        Role::SchoolCode => label("cli-words-matching-school-code"),
        Role::School => field_label(Field::School),
        Role::Region => label("cli-words-matching-region"),
        Role::Address => field_label(Field::Address),
        Role::Postcode => field_label(Field::Postcode),
        Role::Text => field_label(Field::Text),
    }
}

fn field_label(field: Field) -> &'static str {
    match field {
        Field::Name => label("cli-words-matching-name"),
        Field::GivenName => label("cli-words-matching-given-name"),
        Field::FamilyName => label("cli-words-matching-family-name"),
        Field::IdNumber => label("cli-words-matching-id-number"),
        Field::TeacherNumber => label("cli-words-matching-teacher-number"),
        Field::BirthDate => label("cli-words-matching-birth-date"),
        Field::Sex => label("cli-words-matching-sex"),
        Field::Phone => label("cli-words-matching-phone"),
        Field::School => label("cli-words-matching-school"),
        Field::Address => label("cli-words-matching-address"),
        Field::Postcode => label("cli-words-matching-postcode"),
        Field::Text => label("cli-words-matching-text"),
        Field::Prior => label("cli-words-matching-prior"),
    }
}

fn level_label(level: Level) -> &'static str {
    match level {
        Level::Equal => label("cli-words-matching-equal"),
        Level::Variant => label("cli-words-matching-variant-characters"),
        Level::Former => label("cli-words-matching-former-name-2"),
        Level::Part => label("cli-words-matching-part-other"),
        Level::Homophone => label("cli-words-matching-same-sound"),
        Level::HomophoneToneless => label("cli-words-matching-same-sound-but-tone"),
        Level::NearHomophone => label("cli-words-matching-nearly-same-sound"),
        Level::Sound => label("cli-words-matching-same-sound-shape"),
        Level::LookAlike => label("cli-words-matching-look-alike"),
        Level::OneCharacter => label("cli-words-matching-one-character-apart"),
        Level::OneOfTwo => label("cli-words-matching-one-two-characters"),
        Level::Swapped => label("cli-words-matching-another-order"),
        Level::Initial => label("cli-words-matching-initial"),
        Level::Close => label("cli-words-matching-close"),
        Level::Fair => label("cli-words-matching-somewhat-alike"),
        Level::Family => label("cli-words-matching-family-name-only"),
        Level::Masked64 => label("cli-words-matching-masked-6-4-agree"),
        Level::Masked44 => label("cli-words-matching-masked-4-4-agree"),
        Level::Masked34 => label("cli-words-matching-masked-3-4-agree"),
        Level::Masked => label("cli-words-matching-masked-what-shown-agrees"),
        Level::EqualUnchecked => label("cli-words-matching-equal-valid-number"),
        Level::OneDigit => label("cli-words-matching-one-digit-apart"),
        Level::TwoDigits => label("cli-words-matching-two-digits-apart"),
        Level::Transposed => label("cli-words-matching-two-digits-exchanged"),
        Level::Rounded => label("cli-words-matching-last-digits-lost-spreadsheet"),
        Level::SameBirth => label("cli-words-matching-differs-same-area-birth-date"),
        Level::Year => label("cli-words-matching-same-year-only"),
        Level::Named => label("cli-words-matching-same-name"),
        Level::Region => label("cli-words-matching-same-region-only"),
        Level::DiffersDamaged => label("cli-words-matching-differs-damaged"),
        Level::Differs => label("cli-words-matching-differs"),
    }
}
