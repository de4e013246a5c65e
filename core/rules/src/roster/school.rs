//! School codes (学校标识码): two digits of category, two of province, six of serial number. There is no check digit, so
//! only the form can be checked (domain notes §3.3). A school that changes its category gets a new code, and old
//! codes are never reused.

use huiliu_messages::said_in_english;
use serde::Serialize;

use huiliu_values::text::{all_digits, fold_text};

/// Categories: the first two digits, and the kind of school as stored in tables.
const KINDS: [(&str, &str); 16] = [
    ("11", "kindergarten"),
    ("21", "primary"),
    ("22", "adult_primary"),
    ("31", "junior_middle"),
    ("32", "vocational_junior_middle"),
    ("33", "adult_junior_middle"),
    ("34", "senior_middle"),
    ("35", "adult_senior_middle"),
    ("36", "secondary_vocational"),
    ("37", "correctional"),
    ("41", "higher"),
    ("42", "adult_higher"),
    ("51", "special"),
    ("91", "other"),
    ("92", "other"),
    ("93", "other"),
];

/// Why a text is not a school code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SchoolCodeError {
    /// The text is empty.
    #[serde(rename = "school_code.missing")]
    Missing,
    /// The text is not ten digits.
    #[serde(rename = "school_code.form")]
    Form,
    /// Ten digits with an unknown category.
    #[serde(rename = "school_code.category")]
    Category,
}

said_in_english!(SchoolCodeError);

impl SchoolCodeError {
    /// Returns the last part of the stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Form => "form",
            Self::Category => "category",
        }
    }
}

/// Normalises a school code to half-width digits without spaces.
///
/// # Errors
/// [`SchoolCodeError`] if the text is empty, not ten digits, or has an unknown category.
pub fn parse_code(text: &str) -> Result<String, SchoolCodeError> {
    let code: String = fold_text(text).chars().filter(|c| !c.is_whitespace()).collect();
    if code.is_empty() {
        return Err(SchoolCodeError::Missing);
    }
    if code.len() != 10 || !all_digits(&code) {
        return Err(SchoolCodeError::Form);
    }
    kind_of(&code).map(|_| code.clone()).ok_or(SchoolCodeError::Category)
}

/// Returns the kind of school that a code's category stands for.
#[must_use]
pub fn kind_of(code: &str) -> Option<&'static str> {
    let category = code.get(..2)?;
    KINDS.iter().find(|(digits, _)| *digits == category).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_codes_by_form() {
        for (text, read) in [
            ("2122000001", Ok("2122000001")),
            ("１１２２０００００１", Ok("1122000001")),
            (" 3122 000001", Ok("3122000001")),
            ("", Err(SchoolCodeError::Missing)),
            ("212200001", Err(SchoolCodeError::Form)),
            ("21220000A1", Err(SchoolCodeError::Form)),
            ("0022000001", Err(SchoolCodeError::Category)),
        ] {
            assert_eq!(parse_code(text).as_deref().map_err(|e| *e), read, "{text}");
        }
        assert_eq!(kind_of("2122000001"), Some("primary"));
    }
}
