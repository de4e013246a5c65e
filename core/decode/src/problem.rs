//! Why a raw record cannot be used, as data.

use std::fmt;

use huiliu_manifest::quality::RowRule;
use huiliu_messages::Message;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::draft::redact_text;

/// The reason code of sound records that a person has parked until a replay.
const AWAITS_REPLAY: &str = "record.awaits_replay";

/// One reason why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "StoredProblem")]
#[schemars(!from)]
pub struct Problem {
    /// Stable code: field, dot, fault.
    pub code: String,
    /// The raw field it came from.
    pub source_field: String,
    /// The value found, cut to 60 characters; digits that may be an ID or phone number are masked.
    pub seen: String,
    /// What is allowed.
    pub expected: Message,
    /// The cell of the workbook that has the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

impl Problem {
    /// Creates a reason. `seen` is redacted only here; `expected` is an [`Expected`] or an error of `huiliu_values`.
    #[must_use]
    pub fn new(code: String, source_field: &str, seen: &str, expected: &impl Serialize) -> Self {
        let expected = Message::new(expected);
        Self { code, source_field: source_field.to_owned(), seen: redact_text(seen), expected, cell: None }
    }

    /// Creates the reason of a record that a row rule of the manifest parks.
    pub(super) fn by_rule(rule: &RowRule) -> Self {
        let paths: Vec<&str> = rule.when.iter().map(|condition| condition.path.as_str()).collect();
        let expected = match rule.because.as_str() {
            "" => Expected::NotParkedByRule,
            because => Expected::RowRule { because: because.to_owned() },
        };
        Self::new("row.parked".into(), &paths.join(", "), "", &expected)
    }

    /// Creates the reason of a sound record that a person has parked until a replay of its payload.
    #[must_use]
    pub fn awaits_replay(payload: i64) -> Self {
        Self::new(AWAITS_REPLAY.into(), "", "", &Expected::Replay { payload })
    }

    /// Returns whether it is the reason of a sound record that awaits a replay.
    #[must_use]
    pub fn says_awaiting(&self) -> bool {
        self.code == AWAITS_REPLAY
    }

    /// Returns problems as stored in the database: without their English sentences, which come from the catalogues.
    #[must_use]
    pub fn to_stored(all: &[Self]) -> String {
        let mut value = serde_json::to_value(all).unwrap_or_default();
        for expected in value.as_array_mut().into_iter().flatten().filter_map(|problem| problem.get_mut("expected")) {
            if let Some(fields) = expected.as_object_mut() {
                fields.remove("message");
            }
        }
        value.to_string()
    }

    /// Parses a text written by [`Problem::to_stored`] or by an earlier version. Any other text gives no problems.
    #[must_use]
    pub fn from_stored(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// A problem as JSON. Earlier versions stored `expected` as an English sentence.
#[derive(Deserialize)]
struct StoredProblem {
    code: String,
    source_field: String,
    seen: String,
    expected: Value,
    cell: Option<String>,
}

impl From<StoredProblem> for Problem {
    fn from(stored: StoredProblem) -> Self {
        let StoredProblem { code, source_field, seen, expected, cell } = stored;
        let expected = match expected {
            // The values' own errors have the same codes, so both languages have sentences for them.
            Value::String(sentence) => Message::with_code(&code)
                .or_else(|| Expected::from_code(&code).map(|expected| Message::new(&expected)))
                .unwrap_or_else(|| Message::parse_stored(&sentence)),
            message => Message::parse_stored(&message.to_string()),
        };
        Self { code, source_field, seen, expected, cell }
    }
}

/// What is required of a record, a cell or a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Expected {
    /// A value instead of a formula error.
    #[serde(rename = "expected.cell_value")]
    CellValue,
    /// A value instead of a formula without a saved value.
    #[serde(rename = "expected.calculated_formula")]
    CalculatedFormula,
    /// A cell for each row instead of one that is merged over several.
    #[serde(rename = "expected.cell_of_its_own")]
    CellOfItsOwn,
    /// A value instead of a cell that contradicts the rest of the workbook.
    #[serde(rename = "expected.readable_cell")]
    ReadableCell,
    /// A text cell, because a spreadsheet keeps only 15 digits of a number.
    #[serde(rename = "expected.text_cell")]
    TextCell,
    /// A number that a step of the mapping can scale.
    #[serde(rename = "expected.scalable_number")]
    ScalableNumber,
    /// One of the values in a table of the mapping.
    #[serde(rename = "expected.one_of")]
    OneOf { values: Vec<String> },
    /// A word for a grade.
    #[serde(rename = "expected.grade_word")]
    GradeWord,
    /// A word for passed or failed.
    #[serde(rename = "expected.pass_word")]
    PassWord,
    /// A day in one of the mapping's formats (`strftime`).
    #[serde(rename = "expected.day_format")]
    DayFormat { formats: Vec<String> },
    /// A version: an integer or an instant.
    #[serde(rename = "expected.version")]
    Version,
    /// A version in the name of the file.
    #[serde(rename = "expected.file_date")]
    FileDate,
    /// A unit with a conversion in the rule pack.
    #[serde(rename = "expected.unit")]
    Unit,
    /// A number with its unit, or alone.
    #[serde(rename = "expected.stated_amount")]
    StatedAmount,
    /// A last day not before the first.
    #[serde(rename = "expected.days_in_order")]
    DaysInOrder,
    /// `excellent`, `pass` or `fail`.
    #[serde(rename = "expected.result")]
    Result,
    /// Required or elective.
    #[serde(rename = "expected.required")]
    Required,
    /// Elementary, intermediate or advanced.
    #[serde(rename = "expected.tier")]
    Tier,
    /// A text that is not too long.
    #[serde(rename = "expected.max_characters")]
    MaxCharacters { max: u64 },
    /// A text without control characters.
    #[serde(rename = "expected.no_control_characters")]
    NoControlCharacters,
    /// A value of the row's own instead of a ditto mark.
    #[serde(rename = "expected.own_value")]
    OwnValue,
    /// A value instead of a text that stands for none.
    #[serde(rename = "expected.real_value")]
    RealValue,
    /// A row about a person instead of an example.
    #[serde(rename = "expected.real_row")]
    RealRow,
    /// A row about one training instead of a sum.
    #[serde(rename = "expected.one_training")]
    OneTraining,
    /// A value in every field of the record key.
    #[serde(rename = "expected.record_key")]
    RecordKey,
    /// A record that can be read.
    #[serde(rename = "expected.readable")]
    Readable { why: BrokenRecord },
    /// The source's code of the course.
    #[serde(rename = "expected.course_code")]
    CourseCode,
    /// 男 or 女.
    #[serde(rename = "expected.sex")]
    Sex,
    /// The sex given by the ID number.
    #[serde(rename = "expected.sex_of_id_number")]
    SexOfIdNumber,
    /// The birth date given by the ID number.
    #[serde(rename = "expected.birth_date_of_id_number")]
    BirthDateOfIdNumber,
    #[serde(rename = "expected.school_of_teacher")]
    SchoolOfTeacher,
    /// `true` or `false`.
    #[serde(rename = "expected.true_or_false")]
    TrueOrFalse,
    /// A division code of six digits.
    #[serde(rename = "expected.division_code")]
    DivisionCode,
    #[serde(rename = "expected.school_name")]
    SchoolName,
    /// The source's own id of a person.
    #[serde(rename = "expected.person_id")]
    PersonId,
    /// A person whom the source has sent.
    #[serde(rename = "expected.known_person")]
    KnownPerson,
    /// A school that the roster has.
    #[serde(rename = "expected.known_school")]
    KnownSchool,
    /// An ID number that belongs to one person only.
    #[serde(rename = "expected.unshared_id_number")]
    UnsharedIdNumber,
    /// The ID number of the teacher that the row belonged to.
    #[serde(rename = "expected.id_number_of_same_teacher")]
    IdNumberOfSameTeacher,
    /// A former ID number of the same teacher.
    #[serde(rename = "expected.former_id_number_of_same_teacher")]
    FormerIdNumberOfSameTeacher,
    /// The person whom the record was about.
    #[serde(rename = "expected.same_person")]
    SamePerson,
    /// A row that no rule of the manifest parks.
    #[serde(rename = "expected.not_parked_by_rule")]
    NotParkedByRule,
    /// A replay that a person plans and applies; nothing is wrong with the record.
    #[serde(rename = "expected.replay")]
    Replay { payload: i64 },
    /// The text of the manifest's row rule.
    #[serde(rename = "expected.row_rule")]
    RowRule { because: String },
}

/// Why a raw record cannot be read. Such a record has incomplete texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum BrokenRecord {
    /// A quote that is not closed, so that the lines after it became part of a cell.
    #[serde(rename = "broken_record.open_quote")]
    OpenQuote { line: u64 },
    /// More cells than the header has.
    #[serde(rename = "broken_record.surplus_cells")]
    SurplusCells { cells: usize, header: usize },
    /// The file ends within the record.
    #[serde(rename = "broken_record.cut")]
    Cut,
    /// A row below the end of the table that looks like a record.
    #[serde(rename = "broken_record.below_end")]
    BelowEnd { marker: String },
    /// A row that begins with a marker and has an ID number.
    #[serde(rename = "broken_record.marked")]
    Marked { marker: String },
    /// A row below a second header that does not have all columns.
    #[serde(rename = "broken_record.below_other_header")]
    BelowOtherHeader { found: Vec<String> },
    /// A row below a second header that names a column twice.
    #[serde(rename = "broken_record.doubled_header")]
    DoubledHeader { column: String },
    /// A path that appears twice, so that its value is ambiguous.
    #[serde(rename = "broken_record.twice")]
    Twice { path: String },
    /// A word that JSON does not have, such as `NaN`.
    #[serde(rename = "broken_record.not_json")]
    NotJson { path: String, word: String },
    /// A control character in a text of JSON, which must be escaped there.
    #[serde(rename = "broken_record.control_character")]
    ControlCharacter { path: String, character: String },
    /// The message of a parser.
    #[serde(rename = "broken_record.parser")]
    Parser { why: String },
}

huiliu_messages::said_in_english!(Expected, BrokenRecord);

impl Expected {
    /// Returns what a reason code stands for, of those without arguments: for reasons that earlier versions stored as
    /// sentences.
    fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "course_code.missing" => Self::CourseCode,
            "period.order" | "member_to.order" | "valid_to.order" => Self::DaysInOrder,
            "hours.unit" => Self::Unit,
            "record_key.missing" => Self::RecordKey,
            "record_key.other_person" => Self::SamePerson,
            "result.missing" | "result.value" => Self::Result,
            "required.value" => Self::Required,
            "tier.value" => Self::Tier,
            "sex.value" => Self::Sex,
            "sex.differs" => Self::SexOfIdNumber,
            "birth_date.differs" => Self::BirthDateOfIdNumber,
            "active.value" => Self::TrueOrFalse,
            "region_code.area" => Self::DivisionCode,
            "school_name.missing" => Self::SchoolName,
            "school_code.missing" | "school_ref.missing" => Self::SchoolOfTeacher,
            "school_code.unknown" | "school_ref.unknown" => Self::KnownSchool,
            "teacher_ref.missing" => Self::PersonId,
            "teacher_ref.unknown" => Self::KnownPerson,
            "id_number.shared" => Self::UnsharedIdNumber,
            "id_number.other_teacher" => Self::IdNumberOfSameTeacher,
            "former_id_number.other_teacher" => Self::FormerIdNumberOfSameTeacher,
            _ => match code.rsplit_once('.')?.1 {
                "stored_as_number" => Self::TextCell,
                "formula_error" => Self::CellValue,
                "scale" => Self::ScalableNumber,
                "character" => Self::NoControlCharacters,
                "ditto" => Self::OwnValue,
                "placeholder" => Self::RealValue,
                _ => return None,
            },
        })
    }
}

impl BrokenRecord {
    /// Returns the reason code of a record that cannot be read for this.
    #[must_use]
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::BelowEnd { .. } => "layout.below_end",
            Self::Marked { .. } => "layout.marked",
            Self::BelowOtherHeader { .. } | Self::DoubledHeader { .. } => "layout.other_header",
            _ => "record.form",
        }
    }

    /// Creates the reason from the message of a parser that could not read the record.
    pub(crate) fn parser(why: &impl fmt::Display) -> Self {
        Self::Parser { why: why.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_come_back_as_stored_and_sentences_of_earlier_versions_are_said_by_their_codes() {
        let problem = Problem::new("role.length".into(), "角色", "x", &Expected::MaxCharacters { max: 50 });
        let stored = Problem::to_stored(std::slice::from_ref(&problem));
        assert!(!stored.contains("message"), "{stored}");
        assert_eq!(Problem::from_stored(&stored), std::slice::from_ref(&problem));
        let shown = serde_json::to_string(std::slice::from_ref(&problem)).unwrap();
        assert_eq!(Problem::from_stored(&shown), [problem]);
        let earlier =
            |code: &str| format!(r#"[{{"code":"{code}","source_field":"f","seen":"s","expected":"as it was said"}}]"#);
        let read = |code: &str| Problem::from_stored(&earlier(code)).remove(0).expected;
        assert_eq!(read("id_number.length").code(), "id_number.length");
        assert_eq!(read("course_code.missing").code(), "expected.course_code");
        assert_eq!(read("role.length").to_string(), "as it was said");
    }
}
