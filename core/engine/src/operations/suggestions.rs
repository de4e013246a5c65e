//! Suggestions: what an open dead letter's raw record probably means. A person accepts one, which makes a correction of it.

use huiliu_messages::{Message, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::Act;
use super::corrections;
use super::error::{NotFound, OperationError};
use crate::database::OpenDatabase;
use crate::raw_record;
use crate::runtime::Runtime;
use huiliu_decode::Problem;
use huiliu_decode::subject::Subject;
use huiliu_store::StoreError;
use huiliu_store::delivery::{corrections as stored, offerings};
use huiliu_store::identity::identifiers;
use huiliu_values::DeadLetterState;
use huiliu_values::id_slips::{IdSlip, find_slips};

/// The most suggestions of a kind.
const MAX_SUGGESTIONS: usize = 5;

/// Reasons for which an ID number may have been mistyped.
const OF_ID_NUMBER: [&str; 5] =
    ["id_number.area", "id_number.character", "id_number.check_digit", "id_number.date", "id_number.length"];

/// Reasons for which a record has no course code that can be used.
const OF_COURSE_CODE: [&str; 4] =
    ["course_code.ditto", "course_code.length", "course_code.missing", "course_code.placeholder"];

/// Why no suggestion is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum SuggestionRefused {
    /// No teacher is suggested for the letter.
    #[serde(rename = "suggestion.no_teachers")]
    NoTeachers { dead_letter: i64 },
    /// Other teachers are suggested for the letter.
    #[serde(rename = "suggestion.other_teachers")]
    OtherTeachers { dead_letter: i64, teacher: i64, suggested: Vec<String> },
    /// No course is suggested for the letter.
    #[serde(rename = "suggestion.no_courses")]
    NoCourses { dead_letter: i64 },
    /// Other courses are suggested for the letter.
    #[serde(rename = "suggestion.other_courses")]
    OtherCourses { dead_letter: i64, course: String, suggested: Vec<String> },
}

said_in_english!(SuggestionRefused);

impl SuggestionRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoTeachers { .. } | Self::NoCourses { .. } => "suggestion.none",
            Self::OtherTeachers { .. } | Self::OtherCourses { .. } => "suggestion.other",
        }
    }
}

/// Why something is suggested.
#[derive(Serialize)]
#[serde(tag = "code")]
enum Grounds {
    /// The ID number differs by a slip of a typist, and the name is the same.
    #[serde(rename = "suggestion.slip")]
    Slip { slip: IdSlip },
    /// The source has given this code to the same title.
    #[serde(rename = "suggestion.title")]
    Title,
}

/// A value that may be what a raw record means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Suggestion {
    /// The ID number of a teacher with the same name, from which the one received differs by a slip of a typist.
    Teacher {
        /// The raw field that gets the value.
        field: String,
        /// The ID number, masked.
        value: String,
        /// The teacher's number.
        teacher: i64,
        /// The teacher's name.
        name: String,
        /// Why it is suggested.
        why: Message,
    },
    /// The code under which the source has sent a course with the same title.
    Course {
        /// The raw field that gets the value.
        field: String,
        /// The course's code.
        value: String,
        /// The course's title.
        title: String,
        /// Why it is suggested.
        why: Message,
    },
}

/// A suggestion, and the raw field and value of its correction in the clear.
pub(super) struct FoundSuggestion {
    /// The suggestion, for people.
    pub shown: Suggestion,
    correction: (String, String),
}

/// Finds suggestions for a raw record that cannot be used for these reasons, at most five of a kind: teachers by number, courses
/// with the newest code first.
pub(super) async fn find(
    opened: &OpenDatabase,
    reasons: &[Problem],
    subject: &Subject,
) -> Result<Vec<FoundSuggestion>, StoreError> {
    let is_parked_for = |codes: &[&str]| reasons.iter().any(|why| codes.contains(&why.code.as_str()));
    let mut found = vec![];
    if is_parked_for(&OF_ID_NUMBER) {
        found.extend(find_teachers(opened, subject).await?);
    }
    if is_parked_for(&OF_COURSE_CODE) {
        found.extend(find_courses(opened, subject).await?);
    }
    Ok(found)
}

async fn find_teachers(opened: &OpenDatabase, subject: &Subject) -> Result<Vec<FoundSuggestion>, StoreError> {
    let (Some((field, received)), Some(name)) = (&subject.id_number, &subject.name) else { return Ok(vec![]) };
    let slips = find_slips(received);
    let numbers = slips.iter().map(|(number, _)| number);
    let namesakes = identifiers::find_namesakes(&opened.db, &opened.keys, numbers, name).await?;
    let suggestion = |of: identifiers::Namesake| {
        let (number, slip) = slips.get(of.nth)?;
        let why = Message::new(&Grounds::Slip { slip: *slip });
        let (teacher, name, value) = (of.teacher, of.name, number.to_string());
        let shown = Suggestion::Teacher { field: field.clone(), value, teacher, name, why };
        Some(FoundSuggestion { shown, correction: (field.clone(), number.reveal().to_owned()) })
    };
    Ok(namesakes.into_iter().filter_map(suggestion).take(MAX_SUGGESTIONS).collect())
}

async fn find_courses(opened: &OpenDatabase, subject: &Subject) -> Result<Vec<FoundSuggestion>, StoreError> {
    let (Some(field), Some(title)) = (&subject.course_field, &subject.course_title) else { return Ok(vec![]) };
    let limit = i64::try_from(MAX_SUGGESTIONS).unwrap_or(i64::MAX);
    let codes = offerings::list_codes_of_title(&opened.db, subject.source, subject.kind, title, limit).await?;
    let suggestion = |code: String| {
        let why = Message::new(&Grounds::Title);
        let shown = Suggestion::Course { field: field.clone(), value: code.clone(), title: title.clone(), why };
        FoundSuggestion { shown, correction: (field.clone(), code) }
    };
    Ok(codes.into_iter().map(suggestion).collect())
}

/// The suggestion that a person accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedSuggestion<'w> {
    /// The ID number of the teacher of this number.
    Teacher(i64),
    /// This course code.
    Course(&'w str),
}

/// A suggestion that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuggestionAccepted {
    /// The dead letter that was corrected.
    pub dead_letter: i64,
    /// The suggestion.
    pub accepted: Suggestion,
}

/// Corrects an open dead letter by one of its suggestions, which are found again. It is a correction like any other: the letter
/// stays open until it is replayed.
///
/// # Errors
/// [`NotFound::DeadLetter`]; [`OperationError::DeadLetterNotOpen`], also if the letter has changed meanwhile;
/// [`SuggestionRefused`]; [`OperationError::Store`] if the payload cannot be read.
pub async fn accept(
    runtime: &Runtime,
    act: Act<'_>,
    dead_letter: i64,
    wanted: WantedSuggestion<'_>,
) -> Result<SuggestionAccepted, OperationError> {
    let opened = runtime.database_handle();
    let letter = stored::find_for_sheet(&opened.db, &[dead_letter]).await?.pop();
    let letter = letter.ok_or(NotFound::DeadLetter { dead_letter })?;
    if letter.state != DeadLetterState::Open {
        return Err(OperationError::DeadLetterNotOpen { dead_letter });
    }
    let read = match letter.digests() {
        Some((digest, _)) => raw_record::preview(&runtime.delivery, letter.batch, letter.index, digest).await?,
        None => None,
    };
    let found = match read {
        Some((_, subject)) => find(&opened, &letter.reasons, &subject).await?,
        None => vec![],
    };
    let FoundSuggestion { shown, correction } = choose(found, dead_letter, wanted)?;
    let suggestion = match wanted {
        WantedSuggestion::Teacher(teacher) => json!({ "teacher": teacher }),
        WantedSuggestion::Course(course) => json!({ "course": course }),
    };
    corrections::add_suggested(&opened, act, &letter.letter, correction, &suggestion).await?;
    Ok(SuggestionAccepted { dead_letter, accepted: shown })
}

/// Chooses the wanted one of a letter's suggestions.
fn choose(
    found: Vec<FoundSuggestion>,
    dead_letter: i64,
    wanted: WantedSuggestion<'_>,
) -> Result<FoundSuggestion, SuggestionRefused> {
    let mut suggested = vec![];
    for of in found {
        match (&of.shown, wanted) {
            (Suggestion::Teacher { teacher, .. }, WantedSuggestion::Teacher(wanted)) if *teacher == wanted => {
                return Ok(of);
            }
            (Suggestion::Course { value, .. }, WantedSuggestion::Course(wanted)) if value == wanted => return Ok(of),
            (Suggestion::Teacher { teacher, .. }, WantedSuggestion::Teacher(_)) => suggested.push(teacher.to_string()),
            (Suggestion::Course { value, .. }, WantedSuggestion::Course(_)) => suggested.push(value.clone()),
            _ => {}
        }
    }
    Err(match (wanted, suggested.is_empty()) {
        (WantedSuggestion::Teacher(_), true) => SuggestionRefused::NoTeachers { dead_letter },
        (WantedSuggestion::Teacher(teacher), false) => {
            SuggestionRefused::OtherTeachers { dead_letter, teacher, suggested }
        }
        (WantedSuggestion::Course(_), true) => SuggestionRefused::NoCourses { dead_letter },
        (WantedSuggestion::Course(course), false) => {
            SuggestionRefused::OtherCourses { dead_letter, course: course.to_owned(), suggested }
        }
    })
}
